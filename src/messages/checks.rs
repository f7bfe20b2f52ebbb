//! What is said about questions to X: that it is being asked, that it is not asked yet, and what it answered.

use chrono::{DateTime, Utc};

use super::{
    Asked, Join, Key, Message, Role, Text,
    action::{AccountAction, Action, Doubtful},
    at, button, labelled, message, plain, row, verdicts, yes,
};
use crate::domain::{
    account::{AccountId, AccountName},
    facts::{AccountChoice, AccountCommand, CheckResult, Occasion},
    verdict::{MAX_CHECKS_AN_HOUR, Outcome, Verdict},
};

/// A check was asked for; `due` is set when it has to wait a moment.
pub(crate) fn checking(name: &AccountName, due: Option<DateTime<Utc>>) -> Message {
    plain(match due {
        None => text!("checking", name = name),
        // In a few seconds, at most in a few minutes.
        Some(due) => {
            let clock = due.format("%H:%M:%S").to_string();
            text!(
                "checking-later",
                name = name,
                at = text!("at-time", time = clock)
            )
        }
    })
    .with_role(Role::Progress(Asked::Check))
}

/// What stays unchecked when a user has caused as many checks as one may in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unchecked {
    /// A new link.
    Link,
    /// The new credentials of a link that there is.
    Candidate,
    /// Nothing new.
    Nothing,
}

/// The user caused as many checks as one may in an hour, and the next one is possible at `until`.
pub(crate) fn limit(
    account: &AccountChoice,
    unchecked: Unchecked,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Message {
    let action = if unchecked == Unchecked::Candidate {
        AccountAction::CheckCandidate
    } else {
        AccountAction::AccountCommand(AccountCommand::Verify)
    };
    message(
        text!(
            "check-limit",
            unchecked = yes(unchecked != Unchecked::Nothing),
            name = &account.name,
            limit = MAX_CHECKS_AN_HOUR,
            until = at(until, now)
        ),
        vec![row(Action::Account(action, account.id))],
    )
}

/// "Check again" for new values that no longer wait.
pub(crate) fn no_candidate(name: &AccountName) -> Message {
    plain(text!("no-candidate", name = name))
}

/// X's answer.
pub(crate) fn result(result: &CheckResult, now: DateTime<Utc>) -> Message {
    let CheckResult {
        account,
        verdict,
        occasion,
        twin,
    } = result;
    // The old values may well be good: then it is not the account that cannot be used.
    let tried = if judges_new_values_alone(occasion, verdict) {
        text!("account-tried", name = &account.name)
    } else {
        text!("account", name = &account.name)
    };
    let said = verdicts::text(verdict, tried, verdicts::CHECK, now);
    let mut lines = vec![said.title, said.reason];
    lines.extend(what_follows(occasion, verdict, now));
    lines.extend(
        twin.as_ref()
            .map(|twin| text!("same-x-account", name = twin)),
    );
    let parts = [Text::joined(lines, Join::Lines)]
        .into_iter()
        .chain(said.next_step)
        .chain([verdicts::code(verdict.code())]);
    let mut rows = Vec::new();
    if let Some(twin) = twin {
        let action = Action::Account(AccountAction::UpdateTwin, account.id);
        rows.push(vec![labelled(text!("button-twin", name = twin), action)]);
    }
    rows.push(result_buttons(account.id, verdict, occasion));
    let may_publish = matches!(
        verdict,
        Verdict::Connected { .. } | Verdict::ConnectedPermissionUnknown { .. }
    );
    if may_publish {
        let command = AccountAction::AccountCommand(AccountCommand::TestPost);
        rows.push(row(Action::Account(command, account.id)));
    }
    message(Text::joined(parts, Join::Paragraphs), rows).with_role(Role::Answer(Asked::Check))
}

/// What the answer means for what is kept.
fn what_follows(occasion: &Occasion, verdict: &Verdict, now: DateTime<Utc>) -> Vec<Text> {
    match occasion {
        Occasion::Link => Vec::new(),
        Occasion::Verify {
            before,
            renamed_from,
        } => {
            let before = before.as_ref().and_then(|(code, since)| {
                let since = at(*since, now);
                if code != verdict.code() {
                    Some(text!("status-before", code = code.as_str(), since = since))
                } else if renamed_from.is_none() {
                    Some(text!("status-unchanged", since = since))
                } else {
                    None
                }
            });
            let renamed = renamed_from.as_ref();
            let renamed = renamed.map(|handle| text!("handle-before", handle = handle));
            before.into_iter().chain(renamed).collect()
        }
        Occasion::Swapped => vec![text!("new-in-use")],
        Occasion::OldStay if matches!(verdict, Verdict::SameValuesAgain { .. }) => Vec::new(),
        Occasion::OldStay => vec![text!("old-stay")],
        Occasion::Waiting { until } => vec![text!("new-wait", until = at(*until, now))],
    }
}

fn result_buttons(account: AccountId, verdict: &Verdict, occasion: &Occasion) -> Vec<Key> {
    let again = if judges_new_values_alone(occasion, verdict) {
        AccountAction::CheckCandidate
    } else {
        AccountAction::AccountCommand(AccountCommand::Verify)
    };
    let repair = Doubtful::of(verdict.doubtful_fields()).map(AccountAction::Repair);
    let of_account = repair.into_iter().chain([again]);
    let accounts = (verdict.outcome() == Outcome::Accepted).then_some(Action::Accounts);
    let actions = of_account.map(|action| Action::Account(action, account));
    actions.chain(accounts).map(button).collect()
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
