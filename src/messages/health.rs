//! What the bot says when nobody has asked: a link no longer works, works again, everything fails at once, or it is time to
//! rotate. And what `/accounts` shows of that.

use chrono::{DateTime, Utc};

use super::{
    Button, Message, Role,
    action::{AccountAction, Action, Doubtful},
    at, button, day_at, escape, message, plain, verdicts,
};
use crate::{
    domain::{
        account::{AccountId, AccountName},
        facts::{AccountChoice, AccountCommand, AccountSummary, HealthChange},
        health::{Change, TroubleKind, TroubleNews},
        verdict::{Outcome, Permission, Verdict},
    },
    support::plural::count,
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
    let said = verdicts::text(verdict, now);
    let mut text = format!(
        "{} <b>{}</b>{}",
        said.sign,
        escape(account.name.as_str()),
        said.sentence
    );
    text.push('\n');
    match change {
        Change::Died => {
            if let Some(at) = worked_until {
                text.push_str(&format!("It worked until {}. ", day_at(*at, now)));
            }
            text.push_str(&match program {
                Some(program) => format!(
                    "X refused it to {} first, and to me when I asked.",
                    escape(program.as_str())
                ),
                None => "I asked X twice before I tell you.".to_owned(),
            });
        }
        Change::Recovered { refused_since } => text.push_str(&match refused_since {
            Some(since) => format!(
                "It works again; X had refused it since {}.",
                day_at(*since, now)
            ),
            None => "It works again.".to_owned(),
        }),
        Change::OnlyReads => text.push_str("X says so now; it did not before."),
    }
    let is_good_news = matches!(change, Change::Recovered { .. });
    if !is_good_news && !said.next_step.is_empty() {
        text.push_str(&format!("\n\n{}", said.next_step));
    }
    text.push_str(&format!("\n\n<code>{}</code>", verdict.code()));
    message(text, vec![vec![the_button(verdict, *change, account.id)]])
        .with_role(Role::News(account.id, *change))
}

fn the_button(verdict: &Verdict, change: Change, account: AccountId) -> Button {
    if matches!(change, Change::Recovered { .. }) {
        return button("What is this?", Action::Rechecks);
    }
    match Doubtful::of(verdict.doubtful_fields()) {
        Some(doubtful) => button(
            "Rotate",
            Action::Account(AccountAction::Repair(doubtful), account),
        ),
        None if verdict.outcome() == Outcome::Refused => button(
            "Check again",
            Action::Account(
                AccountAction::AccountCommand(AccountCommand::Verify),
                account,
            ),
        ),
        None => button("What is this?", Action::Rechecks),
    }
}

/// To the owner.
pub(crate) fn trouble(news: TroubleNews, now: DateTime<Utc>) -> Message {
    plain(match news {
        TroubleNews::Began { kind, since } => {
            let (what, step) = match kind {
                TroubleKind::Refused => (
                    "X refuses links of several apps at once that worked a short while ago",
                    "That is rarely the fault of so many people. Look at X's status page, and at what has changed here \
                     (addx doctor).",
                ),
                TroubleKind::Away => (
                    "X does not answer about links of several apps, or not in a way that I understand",
                    "Look at X's status page and at this server's network (addx doctor).",
                ),
                TroubleKind::Clock => (
                    "X refuses this server's time",
                    "Set the clock of this server; addx doctor shows by how much it is off.",
                ),
            };
            format!(
                "🚧 To the owner of this bot: {what}, since {}. I tell their users nothing, and ask again until it is over.\
                 \n\n{step}",
                day_at(since, now)
            )
        }
        TroubleNews::Over { since } => format!(
            "✅ To the owner of this bot: X accepts links again. It did not since {}.",
            day_at(since, now)
        ),
    })
}

/// The lines of `/accounts` about one link that are not about X's last word.
pub(super) fn details(account: &AccountSummary, now: DateTime<Utc>) -> String {
    let mut text = String::new();
    if let Some(since) = account.suspected_since {
        text.push_str(&format!(
            "\nX refused it at {}; I ask again before I believe it",
            at(since, now)
        ));
    } else if let Some(code) = &account.asked_in_vain {
        text.push_str(&format!(
            "\nX did not decide when I asked last (<code>{}</code>); I ask again",
            escape(code)
        ));
    }
    if let Some(pair) = account
        .pair_checked_at
        .filter(|_| account.suspected_since.is_none())
        && account.checked_at.is_none_or(|checked| pair > checked)
    {
        text.push_str(&format!(
            "\nsince then only API Key and Secret, {}",
            at(pair, now)
        ));
    }
    let permission = account.verdict.as_ref().and_then(|verdict| match verdict {
        Verdict::Connected {
            permission: Permission::ReadWrite,
            ..
        } => Some("may read and write"),
        Verdict::Connected {
            permission: Permission::ReadWriteDirectMessages,
            ..
        } => Some("may read, write and send direct messages"),
        Verdict::ReadOnly { .. } => Some("may only read"),
        Verdict::ConnectedPermissionUnknown { .. } => Some("X did not say what it may do"),
        _ => None,
    });
    let age = account.values_since.map(|since| age(since, now));
    let reminder = account
        .remind_after_days
        .map(|days| format!("reminder after {days} days"));
    let facts = permission
        .map(str::to_owned)
        .into_iter()
        .chain(age)
        .chain(reminder);
    let facts: Vec<String> = facts.collect();
    if !facts.is_empty() {
        text.push_str(&format!("\n{}", facts.join(" · ")));
    }
    text
}

fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - since).num_days() {
        ..=0 => "values from today".to_owned(),
        days => format!("values {} old", count(days, "day")),
    }
}

/// When shall the user be reminded to rotate?
pub(crate) fn ask_reminder(
    account: &AccountChoice,
    values_since: Option<DateTime<Utc>>,
    days: Option<u32>,
    now: DateTime<Utc>,
) -> Message {
    let choice = |label: &str, days| {
        let action = Action::Account(AccountAction::Remind(days), account.id);
        button(label, action)
    };
    let set = match days {
        Some(days) => format!("I remind you after {days} days now."),
        None => "I do not remind you now.".to_owned(),
    };
    let age = values_since.map_or_else(String::new, |since| format!(" ({})", age(since, now)));
    message(
        format!(
            "When shall I remind you to give <b>{}</b>{age} new values? {set}",
            escape(account.name.as_str())
        ),
        vec![
            vec![
                choice("After 30 days", Some(30)),
                choice("90 days", Some(90)),
            ],
            vec![choice("180 days", Some(180)), choice("365 days", Some(365))],
            vec![choice("Never", None)],
        ],
    )
}

/// The reminder is set, or off.
pub(crate) fn reminder_set(
    name: &AccountName,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Message {
    let name = escape(name.as_str());
    plain(match due_at {
        Some(due) if due <= now => {
            format!("I remind you of <b>{name}</b> now, since its values are that old already.")
        }
        Some(due) => format!(
            "I remind you on {} to give <b>{name}</b> new values.",
            due.format("%-d %B %Y")
        ),
        None => format!("I do not remind you of <b>{name}</b>."),
    })
}

/// The reminder.
pub(crate) fn rotate_due(
    account: &AccountChoice,
    values_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Message {
    let age = values_since.map_or_else(String::new, |since| format!(": {}", age(since, now)));
    message(
        format!(
            "⏰ You wanted to be reminded to rotate <b>{}</b>{age}. Regenerate them in X, then give me the new ones; the old \
             ones stay in use until X accepts the new.",
            escape(account.name.as_str())
        ),
        vec![vec![button(
            "Rotate",
            Action::Account(
                AccountAction::AccountCommand(AccountCommand::Rotate),
                account.id,
            ),
        )]],
    )
}
