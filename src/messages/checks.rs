//! What is said about questions to X: that it is being asked, that it is not asked yet, and what it answered.

use chrono::{DateTime, Utc};

use super::{
    Asked, Button, Message, Role,
    action::{AccountAction, Action, Doubtful},
    at, button, escape, message, plain, verdicts, wait,
};
use crate::domain::{
    account::{AccountId, AccountName},
    facts::{AccountChoice, AccountCommand, CheckResult, Occasion},
    verdict::{MAX_CHECKS_AN_HOUR, Outcome, Verdict},
};

/// A check was asked for; `due` is set when it has to wait a moment.
pub(crate) fn checking(
    name: &AccountName,
    due: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Message {
    let name = escape(name.as_str());
    plain(match due {
        None => format!("Checking <b>{name}</b> with X …"),
        Some(due) => format!(
            "I asked X a moment ago. I check <b>{name}</b> {} and tell you.",
            wait(due, now)
        ),
    })
    .with_role(Role::Progress(Asked::Check))
}

/// The user caused as many checks as one may in an hour, and the next one is possible at `until`. `candidate`: it is the new values
/// of a rotation that stay unchecked.
pub(crate) fn limit(
    account: &AccountChoice,
    candidate: bool,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Message {
    let action = if candidate {
        AccountAction::CheckCandidate
    } else {
        AccountAction::AccountCommand(AccountCommand::Verify)
    };
    message(
        format!(
            "<b>{}</b> is kept, and not checked yet: I ask X at most {MAX_CHECKS_AN_HOUR} times an hour for you. The \
             next check is possible at {} ({}).",
            escape(account.name.as_str()),
            at(until, now),
            wait(until, now)
        ),
        vec![vec![button(
            "Check again",
            Action::Account(action, account.id),
        )]],
    )
}

/// "Check again" for new values that no longer wait.
pub(crate) fn no_candidate(name: &AccountName) -> Message {
    plain(format!(
        "No new values of <b>{}</b> are waiting any more. /rotate takes new ones.",
        escape(name.as_str())
    ))
}

/// X's answer.
pub(crate) fn result(result: &CheckResult, now: DateTime<Utc>) -> Message {
    let CheckResult {
        account,
        verdict,
        occasion,
        twin,
    } = result;
    let said = verdicts::text(verdict, now);
    let name = escape(account.name.as_str());
    // The old values may well be good: then it is not the account that cannot be used.
    let tried = if judges_new_values_alone(occasion, verdict) {
        " with the new values"
    } else {
        ""
    };
    let mut text = format!("{} <b>{name}</b>{tried}{}", said.sign, said.sentence);
    text.push_str(&format!("\n{}", said.reason));
    match occasion {
        Occasion::Link => {}
        Occasion::Verify {
            before,
            renamed_from,
        } => {
            if let Some((code, since)) = before {
                let since = at(*since, now);
                if code != verdict.code() {
                    text.push_str(&format!(
                        "\nBefore: <code>{}</code>, since {since}.",
                        escape(code)
                    ));
                } else if renamed_from.is_none() {
                    text.push_str(&format!("\nUnchanged since {since}."));
                }
            }
            if let Some(username) = renamed_from {
                text.push_str(&format!(
                    "\nIt was {} before.",
                    escape(&username.to_string())
                ));
            }
        }
        Occasion::Swapped => text.push_str("\nThe new values are in use; the old ones are erased."),
        Occasion::OldStay if matches!(verdict, Verdict::SameValuesAgain { .. }) => {}
        Occasion::OldStay => text.push_str("\nThe old values stay in use."),
        Occasion::Waiting { until } => text.push_str(&format!(
            "\nThe new values are kept until {}; the old ones stay in use.",
            at(*until, now)
        )),
    }
    if let Some(twin) = twin {
        text.push_str(&format!(
            "\nIt is the same X account as <b>{}</b>. Keep both, or give these values to that one.",
            escape(twin.as_str())
        ));
    }
    if !said.next_step.is_empty() {
        text.push_str(&format!("\n\n{}", said.next_step));
    }
    text.push_str(&format!("\n\n<code>{}</code>", verdict.code()));
    let mut rows = Vec::new();
    if let Some(twin) = twin {
        rows.push(vec![button(
            format!("Update {twin}"),
            Action::Account(AccountAction::UpdateTwin, account.id),
        )]);
    }
    rows.push(result_buttons(account.id, verdict, occasion));
    let may_publish = matches!(
        verdict,
        Verdict::Connected { .. } | Verdict::ConnectedPermissionUnknown { .. }
    );
    if may_publish {
        let command = AccountAction::AccountCommand(AccountCommand::TestPost);
        rows.push(vec![button(
            "Test post",
            Action::Account(command, account.id),
        )]);
    }
    message(text, rows).with_role(Role::Answer(Asked::Check))
}

fn result_buttons(account: AccountId, verdict: &Verdict, occasion: &Occasion) -> Vec<Button> {
    let mut row = Vec::new();
    if let Some(doubtful) = Doubtful::of(verdict.doubtful_fields()) {
        let label = match doubtful {
            Doubtful::KeyPair => "Send new API key pair",
            Doubtful::TokenPair => "Send new token pair",
            Doubtful::AccessSecret => "Send Access Secret again",
        };
        row.push(button(
            label,
            Action::Account(AccountAction::Repair(doubtful), account),
        ));
    }
    let again = if judges_new_values_alone(occasion, verdict) {
        AccountAction::CheckCandidate
    } else {
        AccountAction::AccountCommand(AccountCommand::Verify)
    };
    row.push(button("Check again", Action::Account(again, account)));
    if verdict.outcome() == Outcome::Accepted {
        row.push(button("Accounts", Action::Accounts));
    }
    row
}

/// Whether the verdict is about new values that wait, beside old ones that stay in use.
fn judges_new_values_alone(occasion: &Occasion, verdict: &Verdict) -> bool {
    match occasion {
        Occasion::Waiting { .. } => true,
        Occasion::OldStay => !matches!(
            verdict,
            Verdict::SameValuesAgain { .. } | Verdict::TokenOfOtherAccount { .. }
        ),
        Occasion::Link | Occasion::Verify { .. } | Occasion::Swapped => false,
    }
}
