//! The card while the token pair comes from X with a PIN.

use chrono::{DateTime, Utc};

use super::{
    Button, Press,
    action::{AccountAction, Action, FlowAction},
    again, at, button,
    card::Surroundings,
    escape, link, receipt, verdicts, wait,
};
use crate::domain::{
    account::XAccount,
    linking::{Flow, Purpose},
    pin::{AwaitingPin, MAX_PINS_AN_HOUR, PinProblem, PinRemark, PinStage},
    verdict::Verdict,
};

/// A callback address that X takes: it is never opened.
pub(super) const CALLBACK: &str = "https://example.com/callback";

type Rows = Vec<Vec<Button>>;

/// What the card says below its title, and its buttons above "Back" and "Cancel".
pub(super) fn stage(
    state: &AwaitingPin,
    around: &Surroundings,
    now: DateTime<Utc>,
    flow_button: impl Fn(&str, FlowAction) -> Option<Button>,
) -> (String, Rows) {
    let row = |label, action| flow_button(label, action).into_iter().collect::<Vec<_>>();
    let (text, rows) = match &state.stage {
        PinStage::Requesting => ("⏳ I ask X for a link …".to_owned(), Vec::new()),
        PinStage::Open => {
            let address = around.authorize.as_ref();
            let link = address.map(|address| link("Open X", address.as_str()));
            (
                open(&state.flow),
                vec![
                    link.into_iter().collect(),
                    row("Get a new link", FlowAction::NewLink),
                ],
            )
        }
        PinStage::Exchanging { .. } => (
            "⏳ I give X the PIN. Your message is deleted …".to_owned(),
            Vec::new(),
        ),
        PinStage::Confirming { found, in_use } => {
            let mut rows = vec![
                row("Yes, this one", FlowAction::ThisAccount),
                row("No, another account", FlowAction::OtherAccount),
            ];
            if !in_use {
                rows.push(row("No, and revoke it at X", FlowAction::RevokeOther));
            }
            (confirming(found, &state.flow), rows)
        }
        PinStage::Revoking { found } => (
            format!(
                "⏳ I revoke the token of <b>{}</b> at X …",
                escape(&found.username.to_string())
            ),
            Vec::new(),
        ),
        PinStage::Failed { problem, pin_kept } => failed(problem, *pin_kept, now, row),
    };
    let remark = match state.remark {
        Some(PinRemark::Revoked) => {
            "✓ That token is revoked at X. Open the new link in a private window of your browser, and log in as the account \
             you want.\n\n"
                .to_owned()
        }
        Some(about_last) => format!("⚠️ {}{}\n\n", again(state.again), remark(about_last)),
        None => String::new(),
    };
    (format!("{remark}{text}"), rows)
}

fn open(flow: &Flow) -> String {
    let whose = match &flow.purpose {
        Purpose::Link(_) => "the X account that you want to link",
        Purpose::Rotate(_) => "the X account of this link",
    };
    format!(
        "<b>Get the token from X with a PIN</b>\n1. Tap <b>Open X</b>. X asks you to log in: take {whose}.\n2. X shows your app's \
         name and what it may do. Tap <i>Authorize app</i>.\n3. X shows a PIN of about 7 digits. Send it here.\n\nIs somebody \
         else logged in to X there? Press and hold the button, copy the link, and open it in a private window.\n\nI delete your \
         message at once. The link is good for 30 minutes, the PIN for one time. No Access Secret passes through this chat."
    )
}

fn confirming(found: &XAccount, flow: &Flow) -> String {
    let question = match &flow.purpose {
        Purpose::Link(_) => "Is this the account that you want to link?",
        Purpose::Rotate(_) => "Shall I use the new token?",
    };
    format!(
        "X gave out a token for <b>{}</b> (X user <code>{}</code>). {question}",
        escape(&found.username.to_string()),
        found.id
    )
}

fn failed(
    problem: &PinProblem,
    pin_kept: bool,
    now: DateTime<Utc>,
    row: impl Fn(&'static str, FlowAction) -> Vec<Button>,
) -> (String, Rows) {
    let again = || row("Try again", FlowAction::PinAgain);
    let new_link = || row("Get a new link", FlowAction::NewLink);
    match problem {
        PinProblem::Limit { until } => (
            format!(
                "⏳ I ask X for at most {MAX_PINS_AN_HOUR} links an hour for you. The next one is possible at {} ({}).",
                at(*until, now),
                wait(*until, now)
            ),
            vec![new_link()],
        ),
        PinProblem::Incident { id } => (
            format!(
                "❌ Something went wrong on my side. Please try again. If it stays, tell the operator this number: \
                 <code>{}</code>",
                escape(id)
            ),
            vec![again()],
        ),
        PinProblem::Verdict(verdict) => {
            let said = verdicts::text(verdict, now);
            let kept = match verdict {
                _ if pin_kept => "\nI keep your PIN, encrypted, to try it again.".to_owned(),
                Verdict::PinOfOtherAccount { .. } => format!(
                    "\nAt X it stays valid until you end it. {}",
                    receipt::END_ALL_TOKENS
                ),
                _ => String::new(),
            };
            let text = format!(
                "{} <b>PIN</b>{}\n{}{kept}\n\n{}\n\n<code>{}</code>",
                said.sign,
                said.sentence,
                said.reason,
                next_step(verdict, &said.next_step),
                verdict.code()
            );
            let rows = match verdict {
                Verdict::CallbackNotSet => vec![
                    vec![Button {
                        label: "Copy the address".to_owned(),
                        press: Press::Copy(CALLBACK.to_owned()),
                    }],
                    row("It is saved, try again", FlowAction::PinAgain),
                ],
                Verdict::ApiKeyPairRejected => vec![row(
                    "Enter the API key pair again",
                    FlowAction::ReenterKeyPair,
                )],
                Verdict::PinRejected | Verdict::PinSpent | Verdict::PinOfOtherAccount { .. } => {
                    vec![new_link()]
                }
                _ if pin_kept => vec![again(), new_link()],
                _ => vec![again()],
            };
            (text, rows)
        }
    }
}

/// What to do now, where the words for a check of all values do not fit.
fn next_step(verdict: &Verdict, usual: &str) -> String {
    match verdict {
        Verdict::ApiKeyPairRejected => format!(
            "Copy both again and send them: tap the button below. If X no longer shows them: {} → Consumer Key → Regenerate.",
            super::KEYS
        ),
        Verdict::AppSuspended => {
            "Look at console.x.com for X's notice. Then try again, or cancel and use another app."
                .to_owned()
        }
        Verdict::ClockSkew { .. } => {
            "Please tell the operator of this bot to set the clock. Then try again.".to_owned()
        }
        Verdict::XUnavailable => "Try again in a few minutes.".to_owned(),
        Verdict::Unexpected { .. } => {
            "Try again later, or tap Back and paste the Access Token and Secret instead.".to_owned()
        }
        _ => usual
            .replace("Check again", "Try again")
            .replace("Then check again", "Then try again"),
    }
}

fn remark(about_last: PinRemark) -> String {
    let text = match about_last {
        PinRemark::NotAPin => {
            "That is no PIN: X shows about 7 digits. I deleted it. Please send the PIN, or tap Back to paste the token pair."
        }
        PinRemark::NotAsked => {
            "That is a value that stays as it is, so I deleted it. Please send the PIN."
        }
        PinRemark::TapFirst => "I deleted your message. Please tap a button first.",
        PinRemark::Wait => "I deleted your message, since I am still asking X.",
        PinRemark::NotText => "I can only take text here, so I deleted that. Please type the PIN.",
        PinRemark::Edited => {
            "I do not take edited messages as answers, so I deleted it. Please send the PIN as a new message."
        }
        PinRemark::UnknownCommand => {
            "I do not know that command, so I deleted it. Please send the PIN, or tap Cancel."
        }
        PinRemark::WrongAccount => {
            return format!(
                "I did not keep that token. At X it stays valid until you end it. {}\n\nOpen the new link in a private window of \
                 your browser, and log in as the account you want.",
                receipt::END_ALL_TOKENS
            );
        }
        PinRemark::NotRevoked | PinRemark::Revoked => {
            return format!(
                "I could not see that X has ended that token, and I did not keep it. To be sure: {}\n\nOpen the new link in a \
                 private window of your browser, and log in as the account you want.",
                receipt::END_ALL_TOKENS
            );
        }
    };
    text.to_owned()
}

/// The buttons of the first card that use an app there is.
pub(super) fn apps(around: &Surroundings) -> Rows {
    const SHOWN: usize = 4;
    let tap = |label: String, account| {
        vec![button(
            label,
            Action::Account(AccountAction::UseApp, account),
        )]
    };
    match around.apps.as_slice() {
        [only] => vec![tap("Use the same app".to_owned(), only.id)],
        several => several
            .iter()
            .take(SHOWN)
            .map(|account| {
                let label = format!("Use the same app as {}", account.name.as_str());
                tap(label, account.id)
            })
            .collect(),
    }
}
