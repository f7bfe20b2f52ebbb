//! What is said about programs and posts.

use teloxide::types::InlineKeyboardButton;

use super::{Words, at, button, escape, notices::plain, reply, verdicts, wait};
use crate::{
    domain::{
        account::{AccountId, AccountName, XUsername},
        client::ClientName,
        notice::{AccountChoice, AccountSummary, Errand, PostResult, PostSaid, Program},
        post::{MAX_WEIGHT, PostRejection, PostText},
        verdict::Verdict,
    },
    telegram::{
        action::{AccountAction, Action, Doubtful, DraftAction},
        reply::Reply,
    },
};

/// The part of an account's line in `/accounts` that names its programs.
pub(super) fn used_by(programs: &[ClientName]) -> String {
    if programs.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = programs.iter().map(ClientName::as_str).collect();
    format!("\nused by {}", escape(&super::list(names)))
}

/// A button for each account that programs may use.
pub(super) fn program_buttons(accounts: &[AccountSummary]) -> Vec<Vec<InlineKeyboardButton>> {
    let used = accounts
        .iter()
        .filter(|account| !account.programs.is_empty());
    used.map(|account| {
        vec![button(
            format!("Programs · {}", account.name),
            Action::Account(AccountAction::Programs, account.id),
        )]
    })
    .collect()
}

pub(super) fn program_added(account: &AccountChoice, program: &ClientName) -> Reply {
    reply(
        format!(
            "🔌 The operator of this bot lets the program <b>{}</b> publish with <b>{}</b>. It never sees a key. If you do not \
             want that, take it back.",
            escape(program.as_str()),
            escape(account.name.as_str())
        ),
        vec![vec![button(
            "Programs",
            Action::Account(AccountAction::Programs, account.id),
        )]],
    )
}

pub(super) fn programs(account: &AccountChoice, programs: &[Program]) -> Reply {
    let name = escape(account.name.as_str());
    if programs.is_empty() {
        return plain(format!("No program may use <b>{name}</b>."));
    }
    let lines: Vec<String> = programs
        .iter()
        .map(|program| format!("• {}", escape(program.name.as_str())))
        .collect();
    let rows = programs
        .iter()
        .map(|program| {
            vec![button(
                format!("Take back from {}", program.name),
                Action::TakeBack(program.id, account.id),
            )]
        })
        .collect();
    reply(
        format!(
            "Programs that may use <b>{name}</b>:\n\n{}\n\nNone of them holds a key. /history shows what they did.",
            lines.join("\n")
        ),
        rows,
    )
}

pub(super) fn program_removed(account: &AccountChoice, program: &ClientName) -> Reply {
    plain(format!(
        "✓ <b>{}</b> may no longer use <b>{}</b>. Only the operator can give it back.",
        escape(program.as_str()),
        escape(account.name.as_str())
    ))
}

/// What X charges, as its price list says (docs.x.com/x-api/getting-started/pricing).
const PRICE: &str = "about $0.015";
/// What it charges for reading five posts: $0.005 each, or $0.001 each of one's own.
const PRICE_TO_LOOK: &str = "at most $0.025 more";
/// The same for a post with a link.
const PRICE_WITH_LINK: &str = "about $0.20, since it has a link";

pub(super) fn ask_test(draft: i64, account: &AccountChoice, text: &PostText) -> Reply {
    reply(
        format!(
            "Shall I post this with <b>{}</b> and delete it at once?\n\n<blockquote>{}</blockquote>\n\nOnly a real post shows that \
             publishing works. X charges {PRICE} for it, and for a moment people can see it. If X's answer gets lost, I look \
             for the post among your last five to delete it, which costs {PRICE_TO_LOOK}.",
            escape(account.name.as_str()),
            escape(text.as_str())
        ),
        vec![vec![
            button(
                "Post and delete",
                Action::Draft(DraftAction::Publish, draft),
            ),
            button("Leave it", Action::Draft(DraftAction::Drop, draft)),
        ]],
    )
}

pub(super) fn choose_account(draft: i64, accounts: &[AccountChoice]) -> Reply {
    let rows = accounts
        .iter()
        .map(|account| {
            vec![button(
                account.name.as_str(),
                Action::DraftWith(draft, account.id),
            )]
        })
        .collect();
    reply("Which account shall publish it?".to_owned(), rows)
}

pub(super) fn ask_post(
    draft: i64,
    account: &AccountChoice,
    x_username: Option<&XUsername>,
    text: &PostText,
) -> Reply {
    let whose = x_username
        .map(|username| format!(" ({})", escape(&username.to_string())))
        .unwrap_or_default();
    let price = if text.has_link() {
        PRICE_WITH_LINK
    } else {
        PRICE
    };
    reply(
        format!(
            "Publish this with <b>{}</b>{whose}?\n\n<blockquote>{}</blockquote>\n\n{} of {MAX_WEIGHT} characters, as X counts \
             them. X charges {price}.",
            escape(account.name.as_str()),
            escape(text.as_str()),
            text.weight()
        ),
        vec![vec![
            button("Publish", Action::Draft(DraftAction::Publish, draft)),
            button("Discard", Action::Draft(DraftAction::Drop, draft)),
        ]],
    )
}

pub(super) fn rejected(reason: PostRejection) -> Reply {
    plain(match reason {
        PostRejection::NotAReply => {
            "Write the text as a message, then reply to that message with /post.".to_owned()
        }
        PostRejection::NotYours => {
            "I publish only your own messages. Reply with /post to one that you wrote.".to_owned()
        }
        PostRejection::NotText => {
            "I can only publish text. Reply with /post to a message without pictures or files."
                .to_owned()
        }
        PostRejection::Blank => "There is nothing in it to publish.".to_owned(),
        PostRejection::LooksSecret => {
            "That looks like a key or token, so I do not publish it.".to_owned()
        }
        PostRejection::TooLong { weight } => format!(
            "That is too long: X counts {weight} characters and takes {MAX_WEIGHT}. Send a shorter text, then reply to it with /post."
        ),
    })
}

pub(super) fn cannot_post(account: &AccountChoice, code: &str) -> Reply {
    reply(
        format!(
            "<b>{}</b> cannot publish as it is. Check it again, and do what the answer says.\n\n<code>{}</code>",
            escape(account.name.as_str()),
            escape(code)
        ),
        vec![vec![check_again(account.id)]],
    )
}

pub(super) fn posting(name: &AccountName) -> Reply {
    plain(format!("Posting with <b>{}</b> …", escape(name.as_str())))
}

pub(super) fn result(result: &PostResult, words: &Words<'_>) -> Reply {
    let PostResult { account, said } = result;
    let name = escape(account.name.as_str());
    match said {
        PostSaid::Published { post } => plain(format!(
            "✅ Published with <b>{name}</b>:\n{}",
            escape(&post.link())
        )),
        PostSaid::Tested => plain(format!(
            "✅ <b>{name}</b> can publish: X took the test post, and it is deleted."
        )),
        PostSaid::NotDeleted { post } => plain(format!(
            "⚠️ <b>{name}</b> can publish: X took the test post. I could not delete it; please delete it there:\n{}",
            escape(&post.link())
        )),
        PostSaid::Stands { post } => plain(format!(
            "⚠️ A test post of <b>{name}</b> may still stand at X, and I no longer have the values to delete it. Please delete \
             it there:\n{}",
            escape(&post.link())
        )),
        PostSaid::Refused { verdict } => refused(account, verdict, words),
        PostSaid::ValuesRefused => plain(format!(
            "⛔ <b>{name}</b>: X refused the post, because it does not accept the values. Nothing is published. I ask X which \
             of them it is, and tell you."
        )),
        PostSaid::Unknown { text, whose, test } => unknown(&name, text, whose.as_ref(), *test),
    }
}

fn unknown(name: &str, text: &PostText, whose: Option<&XUsername>, is_test: bool) -> Reply {
    let profile = whose.map(|username| format!("https://x.com/{}", username.0));
    let place = profile.as_deref().unwrap_or("your profile on x.com");
    let text = escape(text.as_str());
    let (tried, next_step) = if is_test {
        (
            "I could not find it among your last posts. ",
            "If it is there, delete it.",
        )
    } else {
        ("", "If it is not there, send it again.")
    };
    let rows = profile
        .as_ref()
        .and_then(|url| url.parse().ok())
        .map(|url| vec![InlineKeyboardButton::url("Open X", url)]);
    reply(
        format!(
            "❓ <b>{name}</b>: I do not know whether this is published, because X's answer did not reach me. {tried}I do not try \
             again by myself, so that it does not appear twice. Look here: {}\n\n<blockquote>{text}</blockquote>\n\n{next_step}",
            escape(place)
        ),
        rows.into_iter().collect(),
    )
}

fn refused(account: &AccountChoice, verdict: &Verdict, words: &Words<'_>) -> Reply {
    let name = escape(account.name.as_str());
    let (sentence, reason, next_step) = match verdict {
        // Their own words are about a question, not about a post.
        Verdict::XUnavailable => (
            ": X does not answer".to_owned(),
            "X is out of reach.".to_owned(),
            "Send it again in a few minutes.".to_owned(),
        ),
        Verdict::RateLimited { until } => (
            ": X asks for a pause".to_owned(),
            "Too many requests were made with this app or account.".to_owned(),
            match until {
                Some(until) => format!(
                    "Send it again at {} ({}).",
                    at(*until, words.now),
                    wait(*until, words.now)
                ),
                None => "Send it again in 15 minutes; a cap for a day or a month lasts longer."
                    .to_owned(),
            },
        ),
        verdict => {
            let said = verdicts::text(verdict, words.now);
            (said.sentence, said.reason, said.next_step)
        }
    };
    let mut text = format!("⛔ <b>{name}</b>{sentence}. Nothing is published.\n{reason}");
    if !next_step.is_empty() {
        text.push_str(&format!("\n\n{next_step}"));
    }
    text.push_str(&format!("\n\n<code>{}</code>", verdict.code()));
    let mut row = Vec::new();
    if let Some(doubtful @ Doubtful::TokenPair) = Doubtful::of(verdict.doubtful_fields()) {
        row.push(button(
            "Send new token pair",
            Action::Account(AccountAction::Repair(doubtful), account.id),
        ));
    }
    row.push(check_again(account.id));
    reply(text, vec![row])
}

fn check_again(account: AccountId) -> InlineKeyboardButton {
    button(
        "Check again",
        Action::Account(AccountAction::Errand(Errand::Verify), account),
    )
}
