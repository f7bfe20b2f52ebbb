//! What the bot says when nobody has asked: a link no longer works, works again, or everything fails at once.

use super::{Words, button, day_at, escape, notices::plain, reply, verdicts};
use crate::{
    domain::{
        account::AccountId,
        notice::{Errand, WatchNotice},
        verdict::{Outcome, Verdict},
        watch::{Change, TroubleKind, TroubleNews},
    },
    telegram::{
        action::{AccountAction, Action, Doubtful},
        reply::Reply,
    },
};

/// A link no longer works, or works again. One button: what the user can do about it.
pub(super) fn changed(notice: &WatchNotice, words: &Words<'_>) -> Reply {
    let WatchNotice {
        account,
        verdict,
        change,
        worked_until,
    } = notice;
    let said = verdicts::text(verdict, words.now);
    let mut text = format!(
        "{} <b>{}</b>{}",
        said.sign,
        escape(account.name.as_str()),
        said.sentence
    );
    text.push('\n');
    text.push_str(&match (change, worked_until) {
        (Change::Died, Some(at)) => format!(
            "It worked until {}. I asked X twice before I tell you.",
            day_at(*at, words.now)
        ),
        (Change::Died, None) => "I asked X twice before I tell you.".to_owned(),
        (Change::Recovered { refused_since }, _) => match refused_since {
            Some(since) => format!(
                "It works again; X had refused it since {}.",
                day_at(*since, words.now)
            ),
            None => "It works again.".to_owned(),
        },
    });
    if *change == Change::Died && !said.next_step.is_empty() {
        text.push_str(&format!("\n\n{}", said.next_step));
    }
    text.push_str(&format!("\n\n<code>{}</code>", verdict.code()));
    reply(text, vec![vec![the_button(verdict, *change, account.id)]])
}

fn the_button(
    verdict: &Verdict,
    change: Change,
    account: AccountId,
) -> teloxide::types::InlineKeyboardButton {
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
            Action::Account(AccountAction::Errand(Errand::Verify), account),
        ),
        None => button("What is this?", Action::Rechecks),
    }
}

/// To the owner.
pub(super) fn trouble(news: TroubleNews, words: &Words<'_>) -> Reply {
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
                day_at(since, words.now)
            )
        }
        TroubleNews::Over { since } => format!(
            "✅ To the owner of this bot: X accepts links again. It did not since {}.",
            day_at(since, words.now)
        ),
    })
}

/// What re-checks are.
pub(super) const WHAT_IS_THIS: &str = "I ask X about your accounts by myself, usually once a day, whether it still accepts \
     their values. If X refuses one, I ask again after a while, and compare with other accounts, before I tell you; when it \
     works again, I tell you too. /accounts shows when each was checked last. Nothing is posted, and your values are not shown to \
     anybody.";
