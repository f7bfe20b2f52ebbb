//! The card while the token pair comes from X with a PIN.

use chrono::{DateTime, Utc};

use super::{
    Join, Key, Press, Text,
    action::{AccountAction, Action, FlowAction},
    at, button,
    card::Surroundings,
    id_of, labelled, name_of, remark, verdicts, wait, words,
};
use crate::domain::{
    pin::{AwaitingPin, MAX_PINS_AN_HOUR, PinProblem, PinRemark, PinStage},
    verdict::Verdict,
};

/// A callback address that X takes: it is never opened.
pub(super) const CALLBACK: &str = "https://example.com/callback";

/// What the card says below its title, and its buttons above "Back" and "Cancel".
pub(super) fn stage(
    state: &AwaitingPin,
    around: &Surroundings,
    now: DateTime<Utc>,
    press: impl Fn(FlowAction) -> Option<Key>,
) -> (Vec<Text>, Vec<Vec<Key>>) {
    let row = |action| press(action).into_iter().collect::<Vec<_>>();
    let purpose = || name_of(&state.flow.purpose);
    let (text, rows) = match &state.stage {
        PinStage::Requesting => (text!("pin-requesting"), Vec::new()),
        PinStage::Open => {
            let parts = [
                text!("pin-open", purpose = purpose()),
                text!("pin-other-login"),
                text!("pin-promise"),
            ];
            let address = around.authorize.iter();
            let open = address.map(|url| (text!("button-open-x"), Press::Open(url.to_string())));
            let rows = vec![open.collect(), row(FlowAction::NewLink)];
            (Text::joined(parts, Join::Paragraphs), rows)
        }
        PinStage::Exchanging { .. } => (text!("pin-exchanging"), Vec::new()),
        PinStage::Confirming { found, in_use } => {
            let mut rows = vec![row(FlowAction::ThisAccount), row(FlowAction::OtherAccount)];
            if !in_use {
                rows.push(row(FlowAction::RevokeOther));
            }
            let question = text!(
                "pin-confirming",
                purpose = purpose(),
                handle = &found.username,
                id = words(found.id)
            );
            (question, rows)
        }
        PinStage::Revoking { found } => {
            (text!("pin-revoking", handle = &found.username), Vec::new())
        }
        PinStage::Failed { problem, pin_kept } => failed(problem, *pin_kept, now, row),
    };
    let remark = state.remark.map(|about_last| {
        let said = Text::entry(id_of("pin", about_last));
        match about_last {
            PinRemark::Revoked => said,
            _ => remark(said, state.again),
        }
    });
    (remark.into_iter().chain([text]).collect(), rows)
}

fn failed(
    problem: &PinProblem,
    pin_kept: bool,
    now: DateTime<Utc>,
    row: impl Fn(FlowAction) -> Vec<Key>,
) -> (Text, Vec<Vec<Key>>) {
    let again = || row(FlowAction::PinAgain);
    let new_link = || row(FlowAction::NewLink);
    let verdict = match problem {
        PinProblem::Limit { until } => {
            let text = text!(
                "pin-limit",
                limit = MAX_PINS_AN_HOUR,
                until = at(*until, now),
                wait = wait(*until, now)
            );
            return (text, vec![new_link()]);
        }
        PinProblem::Incident { id } => {
            return (text!("pin-incident", id = id.as_str()), vec![again()]);
        }
        PinProblem::Verdict(verdict) => verdict,
    };
    let said = verdicts::text(verdict, text!("pin-title"), verdicts::PIN, now);
    let mut lines = vec![said.title, said.reason];
    if pin_kept {
        lines.push(text!("pin-kept"));
    } else if matches!(verdict, Verdict::PinOfOtherAccount { .. }) {
        lines.push(text!("pin-token-stands"));
    }
    let parts = [Text::joined(lines, Join::Lines)]
        .into_iter()
        .chain(said.next_step)
        .chain([verdicts::code(verdict.code())]);
    let rows = match verdict {
        Verdict::CallbackNotSet => {
            let copy = (
                text!("button-copy-address"),
                Press::Copy(CALLBACK.to_owned()),
            );
            let saved = again().into_iter();
            let saved = saved.map(|(_, press)| (text!("button-saved"), press));
            vec![vec![copy], saved.collect()]
        }
        Verdict::ApiKeyPairRejected => vec![row(FlowAction::ReenterKeyPair)],
        Verdict::PinRejected | Verdict::PinSpent | Verdict::PinOfOtherAccount { .. } => {
            vec![new_link()]
        }
        _ if pin_kept => vec![again(), new_link()],
        _ => vec![again()],
    };
    (Text::joined(parts, Join::Paragraphs), rows)
}

/// The buttons of the first card that use an app there is.
pub(super) fn apps(around: &Surroundings) -> Vec<Vec<Key>> {
    const SHOWN: usize = 4;
    let action = |account| Action::Account(AccountAction::UseApp, account);
    match around.apps.as_slice() {
        [only] => vec![vec![button(action(only.id))]],
        several => several
            .iter()
            .take(SHOWN)
            .map(|account| {
                let label = text!("button-use-app-of", name = &account.name);
                vec![labelled(label, action(account.id))]
            })
            .collect(),
    }
}
