//! The card: the one message of a flow. It is drawn from the state alone, so it can be drawn again at any time.

use chrono::{DateTime, Utc};
use url::Url;

use super::{
    Button, KEYS, Message,
    accounts::name_rejection,
    action::{Action, FlowAction, StepTag},
    again, button, escape, list, message, paste, pin,
};
use crate::domain::{
    credentials::Field,
    facts::AccountChoice,
    linking::{
        AwaitingName, AwaitingValue, Closed, ConfirmingValue, Doubt, Ending, Flow, LinkName,
        LinkingState, Purpose, Remark,
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
    let key_pair = around.key_pair;
    let tag = StepTag::of(state);
    let flow_button = |label: &str, action| tag.map(|tag| button(label, Action::Flow(action, tag)));
    let buttons = |actions: &[(&str, FlowAction)]| -> Vec<Button> {
        actions
            .iter()
            .filter_map(|(label, action)| flow_button(label, *action))
            .collect()
    };
    match state {
        LinkingState::Idle => None,
        LinkingState::AwaitingName(state) => Some(message(
            asking_for_name(state),
            vec![
                buttons(&[("Use my X handle", FlowAction::UseHandle)]),
                buttons(&[("Cancel", FlowAction::Cancel)]),
            ],
        )),
        LinkingState::AwaitingValue(state) => {
            let refused = key_pair_refused(&state.flow, key_pair);
            let repair = if refused {
                buttons(&[("Enter the API key pair again", FlowAction::ReenterKeyPair)])
            } else {
                Vec::new()
            };
            let mut last = vec![button("Guide", Action::Guide)];
            if has_a_step_before(&state.flow) {
                last.extend(buttons(&[("Back", FlowAction::Back)]));
            }
            last.extend(buttons(&[("Cancel", FlowAction::Cancel)]));
            let mut rows = vec![repair];
            rows.extend(pin::apps(around));
            if state.flow.may_use_pin() && !refused {
                rows.push(buttons(&[("Get it from X with a PIN", FlowAction::Pin)]));
            }
            rows.push(last);
            Some(message(asking_for_value(state, key_pair), rows))
        }
        LinkingState::ConfirmingValue(state) => {
            let mut rows = Vec::new();
            match state.doubt {
                Doubt::Unusual(_) => {
                    rows.push(buttons(&[("Use it anyway", FlowAction::UseAnyway)]));
                }
                Doubt::OtherField { field, firm } => {
                    if state.flow.asked.contains(&field) {
                        let label = format!("Use it as {}", field.label());
                        rows.push(buttons(&[(&label, FlowAction::UseAsOther)]));
                    }
                    if !firm {
                        let label = format!("It is the {}", state.field.label());
                        rows.push(buttons(&[(&label, FlowAction::UseAnyway)]));
                    }
                }
            }
            rows.push(buttons(&[
                ("Send it again", FlowAction::SendAgain),
                ("Cancel", FlowAction::Cancel),
            ]));
            Some(message(doubting(state, key_pair), rows))
        }
        LinkingState::AwaitingPin(state) => {
            let (text, mut rows) = pin::stage(state, around, now, flow_button);
            rows.push(buttons(&[
                ("Back", FlowAction::Back),
                ("Cancel", FlowAction::Cancel),
            ]));
            Some(message(
                format!(
                    "{}\n{text}",
                    progress(&state.flow, pin_progress(state), key_pair)
                ),
                rows,
            ))
        }
        LinkingState::Closed(closed) => Some(message(ended(closed), Vec::new())),
    }
}

/// Whether "Back" leads anywhere: to a value before, or to the name.
fn has_a_step_before(flow: &Flow) -> bool {
    !flow.received.is_empty()
}

fn key_pair_refused(flow: &Flow, key_pair: Option<KeyPairOutcome>) -> bool {
    flow.has_key_pair()
        && matches!(
            key_pair,
            Some(KeyPairOutcome::Rejected | KeyPairOutcome::AppSuspended)
        )
}

fn asking_for_name(state: &AwaitingName) -> String {
    let rejection = match state.rejection {
        Some(reason) => format!("⚠️ {}{}\n\n", again(state.again), name_rejection(reason)),
        None => String::new(),
    };
    format!(
        "🔑 <b>New X account</b>\n\n{rejection}How do you want to call it? Send a short name, like <code>main</code> or \
         <code>shop</code>. You will see it in /accounts; nobody on X does."
    )
}

fn title(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Link(LinkName::Given(name)) => format!("🔑 <b>{}</b>", escape(name.as_str())),
        Purpose::Link(LinkName::XHandle) => "🔑 <b>New X account</b>".to_owned(),
        Purpose::Rotate(name) => format!("🔄 <b>{}</b> · new values", escape(name.as_str())),
    }
}

/// With a PIN the token pair is one step.
fn pin_progress(state: &AwaitingPin) -> (usize, usize) {
    let asked = state.flow.asked.iter();
    let total = 1 + asked
        .filter(|field| !Field::TOKEN_PAIR.contains(field))
        .count();
    (total, total)
}

fn value_progress(flow: &Flow) -> (usize, usize) {
    let total = flow.asked.len();
    ((flow.received.len() + 1).min(total), total)
}

fn progress(
    flow: &Flow,
    (step, total): (usize, usize),
    key_pair: Option<KeyPairOutcome>,
) -> String {
    let mut text = format!("{} · Step {step} of {total}\n", title(&flow.purpose));
    for field in flow
        .asked
        .iter()
        .filter(|field| flow.received.contains(field))
    {
        text.push_str(&format!("\n✓ {}", field.label()));
    }
    if flow.has_key_pair() {
        text.push_str(match key_pair {
            Some(KeyPairOutcome::Accepted) => "\n✅ X accepts this API key pair.",
            Some(KeyPairOutcome::Rejected) => {
                "\n⛔ X does not accept this API key pair. Enter it again with the button below, or go on and fix it later."
            }
            Some(KeyPairOutcome::AppSuspended) => {
                "\n⛔ X says that the app of this key pair is suspended. Use the keys of another app, or see console.x.com."
            }
            Some(KeyPairOutcome::Unknown) | None => "",
        });
    }
    if !flow.received.is_empty() {
        text.push('\n');
    }
    text
}

fn asking_for_value(state: &AwaitingValue, key_pair: Option<KeyPairOutcome>) -> String {
    let AwaitingValue {
        flow,
        field,
        remark: about_last,
        again: times,
    } = state;
    let remark = match about_last {
        Some(about_last) => {
            let mark = format!("⚠️ {}", again(*times));
            remark(about_last, *field).replacen("⚠️ ", &mark, 1)
        }
        None => String::new(),
    };
    let remark = if remark.is_empty() {
        remark
    } else {
        format!("\n{remark}\n")
    };
    let promise = if flow.received.is_empty() {
        "Send it here. I delete your message at once and keep the value encrypted. Telegram itself can read what is sent to \
         a bot; by sending a value you agree that I keep it until you /unlink the account."
    } else {
        "Send it here. I delete your message at once and keep the value encrypted."
    };
    format!(
        "{}{remark}\n{}\n\n{promise}",
        progress(flow, value_progress(flow), key_pair),
        where_to_find(*field, flow)
    )
}

/// What a value is called in X, and where to click.
fn where_to_find(field: Field, flow: &Flow) -> String {
    match field {
        Field::ApiKey => {
            let all = if flow.received.is_empty() && flow.asked.len() == Field::ALL.len() {
                "\nHave all four? Paste them in one message, I sort them."
            } else {
                ""
            };
            let first_time = if flow.is_link() {
                "\nFirst time? Open the Guide: the app must be set to <i>Read and write</i> before you generate the Access \
                 Token."
            } else {
                ""
            };
            format!(
                "<b>API Key</b>  (X also calls it Consumer Key)\n{KEYS} → Consumer Key{all}{first_time}"
            )
        }
        Field::ApiSecret => format!(
            "<b>API Secret</b>  (API Key Secret, Consumer Secret, Secret Key)\n{KEYS}, beside the Consumer Key. X shows it \
             once; Regenerate makes a new pair."
        ),
        Field::AccessToken => {
            let with_pin = if flow.may_use_pin() {
                "\nAnother X account than the app owner's, or no token yet? Get it from X with a PIN."
            } else {
                ""
            };
            format!(
            "<b>Access Token</b>\n{KEYS} → Access Token → Generate\nIt begins with digits and a dash. Set the app to \
             <i>Read and write</i> <b>before</b> you press Generate, or the token can only read.{with_pin}"
            )
        }
        Field::AccessSecret => {
            "<b>Access Secret</b>  (Access Token Secret)\nIt stands below the Access Token, in the same window. Not the API \
             Secret from before."
                .to_owned()
        }
    }
}

fn remark(remark: &Remark, asked: Field) -> String {
    match remark {
        Remark::Rejected(rejection) => format!("⚠️ {}", paste::rejection(rejection, asked)),
        Remark::Taken {
            fields,
            repairs,
            warnings,
            dropped,
        } => {
            let mut text = String::new();
            if fields.len() > 1 {
                text.push_str(&format!(
                    "Got {}.",
                    list(fields.iter().map(|field| field.label()))
                ));
            }
            text.push_str(&paste::repairs(repairs));
            for (field, warning) in warnings {
                text.push_str(&format!(
                    " Please check the {}: {}.",
                    field.label(),
                    paste::warning(warning, *field)
                ));
            }
            if !dropped.is_empty() {
                text.push_str(&format!(
                    " Not needed and not kept: {}.",
                    list(dropped.iter().map(|kind| kind.label()))
                ));
            }
            text.trim().to_owned()
        }
        Remark::SameAs(field) => format!(
            "⚠️ That is the same value as your {}. Please send the {}.",
            field.label(),
            asked.label()
        ),
        Remark::NotAsked(field) => format!(
            "⚠️ That is an {}, which stays as it is. Please send the {}.",
            field.label(),
            asked.label()
        ),
        Remark::Edited => format!(
            "⚠️ I do not take edited messages as answers, so I deleted it. Please send the {} as a new message.",
            asked.label()
        ),
        Remark::NotText => format!(
            "⚠️ I can only take text here, so I deleted that. Please copy the {} and paste it as text.",
            asked.label()
        ),
        Remark::UnknownCommand => format!(
            "⚠️ I do not know that command, so I deleted it. Please send the {}, or tap Cancel.",
            asked.label()
        ),
        Remark::Forgotten(field) => {
            format!("↩️ I forgot the {}. Please send it again.", field.label())
        }
    }
}

fn doubting(state: &ConfirmingValue, key_pair: Option<KeyPairOutcome>) -> String {
    let asked = state.field.label();
    let doubt = match &state.doubt {
        Doubt::Unusual(Warning::LooksLike(kind)) if kind.field().is_none() => format!(
            "🤔 I asked for the {asked}, and this looks like the {}, which is another thing. The {asked} stands under {KEYS}.",
            kind.label()
        ),
        Doubt::Unusual(warning) => format!(
            "🤔 I asked for the {asked}, and this is unusual: {}. Old apps differ, so it may be right.",
            paste::warning(warning, state.field)
        ),
        Doubt::OtherField { field, .. } if state.flow.asked.contains(field) => format!(
            "🤔 I asked for the {asked}, and this looks like your {}. Use it as that?",
            field.label()
        ),
        Doubt::OtherField { field, .. } => format!(
            "🤔 I asked for the {asked}, and this looks like your {}.",
            field.label()
        ),
    };
    let repairs = paste::repairs(&state.repairs);
    let reminder = if state.reminded {
        "\n\n⚠️ I deleted the message after it. Please tap a button first."
    } else {
        ""
    };
    format!(
        "{}\n{doubt}{repairs}\n\nYour message is deleted; the value waits, encrypted.{reminder}",
        progress(&state.flow, value_progress(&state.flow), key_pair)
    )
}

fn ended(closed: &Closed) -> String {
    let name = match &closed.purpose {
        Some(purpose) => title(purpose),
        None => "🔑 <b>New X account</b>".to_owned(),
    };
    match closed.ending {
        Ending::Submitted => {
            let values = match &closed.purpose {
                Some(Purpose::Rotate(_)) => "The new values are in",
                Some(Purpose::Link(_)) | None => "All four values are in",
            };
            let remark = match &closed.remark {
                Some(about_last) => remark(about_last, Field::AccessSecret),
                None => String::new(),
            };
            let remark = if remark.is_empty() {
                remark
            } else {
                format!("\n\n{remark}")
            };
            format!("{name}\n\n✓ {values}. The answer follows below.{remark}")
        }
        Ending::Cancelled => format!("{name}\n\nCancelled."),
        Ending::Expired => format!(
            "{name}\n\n⏳ Nothing came for 30 minutes, so I stopped and wiped what you had entered. /addx starts again."
        ),
        Ending::Abandoned => {
            format!("{name}\n\nReplaced by a new start. What you had entered is wiped.")
        }
    }
}
