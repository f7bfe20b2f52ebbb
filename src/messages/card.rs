//! The card: the one message of a flow. It is drawn from the state alone, so it can be drawn again at any time.

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    Join, Key, Message, Text,
    accounts::name_rejection,
    action::{Action, FlowAction, StepTag},
    button, id_of, labelled, message, name_of, paste, pin, remark,
};
use crate::domain::{
    credentials::Field,
    facts::AccountChoice,
    linking::{
        AwaitingValue, Closed, ConfirmingValue, Doubt, Ending, Flow, LinkName, LinkingState,
        Purpose, Remark,
    },
    paste::Warning,
    pin::AwaitingPin,
    verdict::KeyPairOutcome,
};

/// What a card shows besides the state.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// What X said of the newest key pair alone.
    pub key_pair: Option<KeyPairOutcome>,
    /// Where the user authorises the app.
    pub authorize: Option<Url>,
    /// Accounts whose app a new link may use: one for each app.
    pub apps: Vec<AccountChoice>,
}

/// The card of a state; `None` where there is nothing to show. `around` is what is known besides.
pub(crate) fn card(
    state: &LinkingState,
    around: &Surroundings,
    now: DateTime<Utc>,
) -> Option<Message> {
    let tag = StepTag::of(state);
    let press = |action| tag.map(|tag| button(Action::Flow(action, tag)));
    let row = |actions: &[FlowAction]| actions.iter().copied().filter_map(press).collect();
    let (parts, rows): (_, Vec<Vec<Key>>) = match state {
        LinkingState::Idle => return None,
        LinkingState::Closed(closed) => (ended(closed), Vec::new()),
        LinkingState::AwaitingName(state) => {
            let rejected = state.rejection.map(name_rejection);
            let rejected = rejected.map(|reason| remark(reason, state.again));
            let parts = [Some(title(None)), rejected, Some(text!("ask-name"))];
            let rows = vec![row(&[FlowAction::UseHandle]), row(&[FlowAction::Cancel])];
            (parts.into_iter().flatten().collect(), rows)
        }
        LinkingState::AwaitingValue(state) => {
            let refused = key_pair_refused(&state.flow, around.key_pair);
            let mut rows = Vec::new();
            if refused {
                rows.push(row(&[FlowAction::ReenterKeyPair]));
            }
            rows.extend(pin::apps(around));
            if state.flow.may_use_pin() && !refused {
                rows.push(row(&[FlowAction::Pin]));
            }
            let mut last = vec![button(Action::Guide)];
            // To a value before, or to the name.
            if !state.flow.received.is_empty() {
                last.extend(press(FlowAction::Back));
            }
            last.extend(press(FlowAction::Cancel));
            rows.push(last);
            (asking_for_value(state, around.key_pair), rows)
        }
        LinkingState::ConfirmingValue(state) => {
            let special = |label, action| tag.map(|tag| labelled(label, Action::Flow(action, tag)));
            let mut rows = Vec::new();
            match state.doubt {
                Doubt::Unusual(_) => rows.push(row(&[FlowAction::UseAnyway])),
                Doubt::OtherField { field, firm } => {
                    if state.flow.asked.contains(&field) {
                        let label = text!("button-other", field = field);
                        rows.push(special(label, FlowAction::UseAsOther).into_iter().collect());
                    }
                    if !firm {
                        let label = text!("button-as-asked", field = state.field);
                        rows.push(special(label, FlowAction::UseAnyway).into_iter().collect());
                    }
                }
            }
            rows.push(row(&[FlowAction::SendAgain, FlowAction::Cancel]));
            (doubting(state, around.key_pair), rows)
        }
        LinkingState::AwaitingPin(state) => {
            let (said, mut rows) = pin::stage(state, around, now, press);
            rows.push(row(&[FlowAction::Back, FlowAction::Cancel]));
            let mut parts = heading(&state.flow, pin_steps(state), around.key_pair);
            parts.extend(said);
            (parts, rows)
        }
    };
    Some(message(Text::joined(parts, Join::Paragraphs), rows))
}

fn key_pair_refused(flow: &Flow, key_pair: Option<KeyPairOutcome>) -> bool {
    flow.has_key_pair()
        && matches!(
            key_pair,
            Some(KeyPairOutcome::Rejected | KeyPairOutcome::AppSuspended)
        )
}

fn title(purpose: Option<&Purpose>) -> Text {
    match purpose {
        Some(Purpose::Link(LinkName::Given(name))) => text!("title-link", name = name),
        Some(Purpose::Link(LinkName::XHandle)) | None => text!("title-new"),
        Some(Purpose::Rotate(name)) => text!("title-rotate", name = name),
    }
}

/// With a PIN the token pair is one step, the last one.
fn pin_steps(state: &AwaitingPin) -> (usize, usize) {
    let pasted = |field: &&Field| !Field::TOKEN_PAIR.contains(field);
    let total = 1 + state.flow.asked.iter().filter(pasted).count();
    (total, total)
}

fn value_steps(flow: &Flow) -> (usize, usize) {
    let total = flow.asked.len();
    ((flow.received.len() + 1).min(total), total)
}

/// The title with the step, and what is done.
fn heading(
    flow: &Flow,
    (step, total): (usize, usize),
    key_pair: Option<KeyPairOutcome>,
) -> Vec<Text> {
    let title = title(Some(&flow.purpose));
    let mut parts = vec![text!("step", title = title, step = step, total = total)];
    let asked = flow.asked.iter();
    let received = asked.filter(|field| flow.received.contains(field));
    let mut done: Vec<Text> = received
        .map(|field| text!("received", field = *field))
        .collect();
    let told =
        key_pair.filter(|outcome| flow.has_key_pair() && *outcome != KeyPairOutcome::Unknown);
    done.extend(told.map(|outcome| text!("key-pair", outcome = outcome.as_str())));
    if !done.is_empty() {
        parts.push(Text::joined(done, Join::Lines));
    }
    parts
}

fn asking_for_value(state: &AwaitingValue, key_pair: Option<KeyPairOutcome>) -> Vec<Text> {
    let AwaitingValue {
        flow,
        field,
        remark: about_last,
        again,
    } = state;
    let first = flow.received.is_empty();
    let mut parts = heading(flow, value_steps(flow), key_pair);
    parts.extend(
        about_last
            .as_ref()
            .and_then(|last| said_of(last, *field, *again)),
    );
    let is_key = *field == Field::ApiKey;
    let hints = [
        (is_key && first && flow.asked.len() == Field::ALL.len()).then(|| text!("hint-all-four")),
        (is_key && flow.is_link()).then(|| text!("hint-first-time")),
        (*field == Field::AccessToken && flow.may_use_pin()).then(|| text!("hint-pin")),
    ];
    let question = Text::entry(id_of("ask", field));
    parts.push(Text::joined(
        [question].into_iter().chain(hints.into_iter().flatten()),
        Join::Lines,
    ));
    parts.push(text!("promise", first = if first { "yes" } else { "no" }));
    parts
}

/// What is said about the last message; nothing if there is nothing to say.
fn said_of(about_last: &Remark, asked: Field, again: u32) -> Option<Text> {
    let what = match about_last {
        Remark::Taken {
            fields,
            repairs,
            warnings,
            dropped,
        } => {
            let fields =
                (fields.len() > 1).then(|| names(fields.iter().map(|field| (*field).into())));
            let unusual = warnings.iter().map(|(field, warning)| {
                text!("check-field", field = *field, why = paste::warning(warning))
            });
            let dropped =
                (!dropped.is_empty()).then(|| names(dropped.iter().copied().map(paste::kind)));
            let parts = fields
                .map(|fields| text!("got", fields = fields))
                .into_iter()
                .chain(paste::repairs(repairs))
                .chain(unusual)
                .chain(dropped.map(|dropped| text!("not-kept", what = dropped)));
            let parts: Vec<Text> = parts.collect();
            return (!parts.is_empty()).then(|| Text::joined(parts, Join::Sentences));
        }
        Remark::Forgotten(field) => return Some(text!("forgotten", field = *field)),
        Remark::Rejected(rejection) => paste::rejection(rejection, asked),
        Remark::SameAs(other) | Remark::NotAsked(other) => text!(
            "other-value",
            what = name_of(about_last),
            other = *other,
            field = asked
        ),
        Remark::Edited | Remark::NotText | Remark::UnknownCommand => {
            text!("no-value", what = name_of(about_last), field = asked)
        }
    };
    Some(remark(what, again))
}

fn names(names: impl Iterator<Item = Text>) -> Text {
    Text::joined(names, Join::And)
}

fn doubting(state: &ConfirmingValue, key_pair: Option<KeyPairOutcome>) -> Vec<Text> {
    let asked = state.field;
    let doubt = match &state.doubt {
        Doubt::Unusual(Warning::LooksLike(kind)) if kind.field().is_none() => {
            text!("doubt-kind", field = asked, label = paste::kind(*kind))
        }
        Doubt::Unusual(warning) => text!(
            "doubt-unusual",
            field = asked,
            why = paste::warning(warning)
        ),
        Doubt::OtherField { field, .. } => text!(
            "doubt-other",
            field = asked,
            other = *field,
            asked = if state.flow.asked.contains(field) {
                "yes"
            } else {
                "no"
            },
        ),
    };
    let said = [doubt].into_iter().chain(paste::repairs(&state.repairs));
    let mut parts = heading(&state.flow, value_steps(&state.flow), key_pair);
    parts.extend([Text::joined(said, Join::Sentences), text!("value-waits")]);
    if state.reminded {
        parts.push(text!("tap-first"));
    }
    parts
}

fn ended(closed: &Closed) -> Vec<Text> {
    let how = match (closed.ending, &closed.purpose) {
        (Ending::Submitted, Some(Purpose::Rotate(_))) => text!("submitted-new"),
        (Ending::Submitted, _) => text!("submitted"),
        (Ending::Cancelled, _) => text!("left"),
        (Ending::Expired, _) => text!("timed-out"),
        (Ending::Abandoned, _) => text!("replaced"),
    };
    let about_last = closed.remark.as_ref();
    let submitted = closed.ending == Ending::Submitted;
    let remark = about_last.filter(|_| submitted);
    let remark = remark.and_then(|remark| said_of(remark, Field::AccessSecret, 0));
    let parts = [title(closed.purpose.as_ref()), how];
    parts.into_iter().chain(remark).collect()
}
