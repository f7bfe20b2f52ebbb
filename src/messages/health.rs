//! What the bot says when nobody has asked: a link no longer works, works again, everything fails at once, or it is time to
//! rotate. And what `/accounts` shows of that.

use chrono::{DateTime, Utc};

use super::{
    Join, Key, Message, Role, Text,
    action::{AccountAction, Action, Doubtful},
    at, button, date, day_at, message, name_of, plain, row, verdicts,
};
use crate::domain::{
    account::{AccountId, AccountName},
    facts::{AccountChoice, AccountCommand, AccountSummary, HealthChange},
    health::{Change, TroubleNews},
    verdict::{Outcome, Permission, Verdict},
};

/// A link no longer works, or works again. One button: what the user can do about it.
pub(crate) fn changed(notice: &HealthChange, now: DateTime<Utc>) -> Message {
    let HealthChange {
        account,
        verdict,
        change,
        worked_until,
        program,
    } = notice;
    let said = verdicts::text(
        verdict,
        text!("account", name = &account.name),
        verdicts::CHECK,
        now,
    );
    let happened = match change {
        Change::Died => text!(
            "news-died",
            worked_until = worked_until.map(|time| day_at(time, now)),
            how = if program.is_some() {
                "program"
            } else {
                "check"
            },
            program = program.as_ref()
        ),
        Change::Recovered { refused_since } => text!(
            "news-recovered",
            since = refused_since.map(|time| day_at(time, now))
        ),
        Change::OnlyReads => text!("news-only-reads"),
    };
    let is_good_news = matches!(change, Change::Recovered { .. });
    let parts = [Text::joined([said.title, happened], Join::Lines)]
        .into_iter()
        .chain(said.next_step.filter(|_| !is_good_news))
        .chain([verdicts::code(verdict.code())]);
    let rows = vec![vec![the_button(verdict, *change, account.id)]];
    message(Text::joined(parts, Join::Paragraphs), rows).with_role(Role::News(account.id, *change))
}

fn the_button(verdict: &Verdict, change: Change, account: AccountId) -> Key {
    if matches!(change, Change::Recovered { .. }) {
        return button(Action::Rechecks);
    }
    match Doubtful::of(verdict.doubtful_fields()) {
        Some(doubtful) => button(Action::Account(AccountAction::Repair(doubtful), account)),
        None if verdict.outcome() == Outcome::Refused => button(Action::Account(
            AccountAction::AccountCommand(AccountCommand::Verify),
            account,
        )),
        None => button(Action::Rechecks),
    }
}

/// To the owner.
pub(crate) fn trouble(news: TroubleNews, now: DateTime<Utc>) -> Message {
    plain(match news {
        TroubleNews::Began { kind, since } => {
            text!(
                "trouble-began",
                kind = name_of(kind),
                since = day_at(since, now)
            )
        }
        TroubleNews::Over { since } => text!("trouble-over", since = day_at(since, now)),
    })
}

/// The lines of `/accounts` about one link that are not about X's last word.
pub(super) fn details(account: &AccountSummary, now: DateTime<Utc>) -> Vec<Text> {
    let mut lines = Vec::new();
    if let Some(since) = account.suspected_since {
        lines.push(text!("account-doubted", since = at(since, now)));
    } else if let Some(code) = &account.asked_in_vain {
        lines.push(text!("account-undecided", code = code.as_str()));
    }
    if let Some(pair) = account
        .pair_checked_at
        .filter(|_| account.suspected_since.is_none())
        && account.checked_at.is_none_or(|checked| pair > checked)
    {
        lines.push(text!("account-pair-checked", checked = at(pair, now)));
    }
    let permission = account.verdict.as_ref().and_then(permission);
    let permission = permission.map(|permission| text!("permission", permission = permission));
    let age = account.values_since.map(|since| age(since, now));
    let reminder = account.remind_after_days;
    let reminder = reminder.map(|days| text!("reminder-after", days = days));
    let facts: Vec<Text> = permission.into_iter().chain(age).chain(reminder).collect();
    if !facts.is_empty() {
        lines.push(Text::joined(facts, Join::Facts));
    }
    lines
}

fn permission(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Connected {
            permission: Permission::ReadWrite,
            ..
        } => Some("write"),
        Verdict::Connected {
            permission: Permission::ReadWriteDirectMessages,
            ..
        } => Some("messages"),
        Verdict::ReadOnly { .. } => Some("read"),
        Verdict::ConnectedPermissionUnknown { .. } => Some("unknown"),
        _ => None,
    }
}

fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> Text {
    text!("age", days = days(since, now))
}

fn days(since: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (now - since).num_days().max(0)
}

/// When shall the user be reminded to rotate?
pub(crate) fn ask_reminder(
    account: &AccountChoice,
    values_since: Option<DateTime<Utc>>,
    remind_after: Option<u32>,
    now: DateTime<Utc>,
) -> Message {
    let choice = |days| button(Action::Account(AccountAction::Remind(days), account.id));
    message(
        text!(
            "ask-reminder",
            name = &account.name,
            age = values_since.map(|since| age(since, now)),
            days = remind_after
        ),
        vec![
            vec![choice(Some(30)), choice(Some(90))],
            vec![choice(Some(180)), choice(Some(365))],
            vec![choice(None)],
        ],
    )
}

/// The reminder is set, or off.
pub(crate) fn reminder_set(
    name: &AccountName,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Message {
    plain(match due_at {
        Some(due) if due <= now => text!("reminder-now", name = name),
        Some(due) => text!("reminder-set", name = name, date = date(&due)),
        None => text!("reminder-off", name = name),
    })
}

/// The reminder.
pub(crate) fn rotate_due(
    account: &AccountChoice,
    values_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Message {
    message(
        text!(
            "rotate-due",
            name = &account.name,
            age = values_since.map(|since| age(since, now))
        ),
        vec![row(Action::Account(
            AccountAction::AccountCommand(AccountCommand::Rotate),
            account.id,
        ))],
    )
}
