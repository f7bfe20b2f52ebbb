//! What is said about programs and posts.

use chrono::{DateTime, Utc};

use super::{
    Asked, Button, Message, Role,
    action::{AccountAction, Action, Doubtful, DraftAction},
    at, button, escape, link, message, plain, verdicts, wait,
};
use crate::domain::{
    account::{AccountId, AccountName, XUsername},
    client::ClientName,
    facts::{AccountChoice, AccountCommand, AccountSummary, PostResult, PostSaid, Program},
    post::{MAX_WEIGHT, PostRejection, PostText},
    verdict::Verdict,
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
pub(super) fn program_buttons(accounts: &[AccountSummary]) -> Vec<Vec<Button>> {
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

/// The operator lets a program use an account.
pub(crate) fn program_added(account: &AccountChoice, program: &ClientName) -> Message {
    message(
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

/// Which programs may use an account, by name.
pub(crate) fn programs(account: &AccountChoice, programs: &[Program]) -> Message {
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
    message(
        format!(
            "Programs that may use <b>{name}</b>:\n\n{}\n\nNone of them holds a key. /history shows what they did.",
            lines.join("\n")
        ),
        rows,
    )
}

/// The user took an account back from a program.
pub(crate) fn program_removed(account: &AccountChoice, program: &ClientName) -> Message {
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

/// `/testpost`: really?
pub(crate) fn ask_test(draft: i64, account: &AccountChoice, text: &PostText) -> Message {
    message(
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

/// `/post`: with which account?
pub(crate) fn choose_account(draft: i64, accounts: &[AccountChoice]) -> Message {
    let rows = accounts
        .iter()
        .map(|account| {
            vec![button(
                account.name.as_str(),
                Action::DraftWith(draft, account.id),
            )]
        })
        .collect();
    message("Which account shall publish it?", rows)
}

/// `/post`: what it will look like. Really?
pub(crate) fn ask_post(
    draft: i64,
    account: &AccountChoice,
    x_username: Option<&XUsername>,
    text: &PostText,
) -> Message {
    let whose = x_username
        .map(|username| format!(" ({})", escape(&username.to_string())))
        .unwrap_or_default();
    let price = if text.has_link() {
        PRICE_WITH_LINK
    } else {
        PRICE
    };
    message(
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

/// This cannot be published.
pub(crate) fn rejected(reason: PostRejection) -> Message {
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

/// The account cannot publish as it is. `code` is a verdict's, or `not_checked`.
pub(crate) fn cannot_post(account: &AccountChoice, code: &str) -> Message {
    message(
        format!(
            "<b>{}</b> cannot publish as it is. Check it again, and do what the answer says.\n\n<code>{}</code>",
            escape(account.name.as_str()),
            escape(code)
        ),
        vec![vec![check_again(account.id)]],
    )
}

/// A post was confirmed.
pub(crate) fn posting(name: &AccountName) -> Message {
    plain(format!("Posting with <b>{}</b> …", escape(name.as_str())))
        .with_role(Role::Progress(Asked::Post))
}

/// A draft was thrown away.
pub(crate) fn dropped() -> Message {
    plain("Nothing is published.")
}

/// What became of a post.
pub(crate) fn result(result: &PostResult, now: DateTime<Utc>) -> Message {
    came_of(result, now).with_role(Role::Answer(Asked::Post))
}

fn came_of(result: &PostResult, now: DateTime<Utc>) -> Message {
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
        PostSaid::Refused { verdict } => refused(account, verdict, now),
        PostSaid::ValuesRefused => plain(format!(
            "⛔ <b>{name}</b>: X refused the post, because it does not accept the values. Nothing is published. I ask X which \
             of them it is, and tell you."
        )),
        PostSaid::Unknown { text, whose, test } => unknown(&name, text, whose.as_ref(), *test),
    }
}

fn unknown(name: &str, text: &PostText, whose: Option<&XUsername>, is_test: bool) -> Message {
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
    let rows = profile.as_deref().map(|url| vec![link("Open X", url)]);
    message(
        format!(
            "❓ <b>{name}</b>: I do not know whether this is published, because X's answer did not reach me. {tried}I do not try \
             again by myself, so that it does not appear twice. Look here: {}\n\n<blockquote>{text}</blockquote>\n\n{next_step}",
            escape(place)
        ),
        rows.into_iter().collect(),
    )
}

fn refused(account: &AccountChoice, verdict: &Verdict, now: DateTime<Utc>) -> Message {
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
                    at(*until, now),
                    wait(*until, now)
                ),
                None => "Send it again in 15 minutes; a cap for a day or a month lasts longer."
                    .to_owned(),
            },
        ),
        verdict => {
            let said = verdicts::text(verdict, now);
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
    message(text, vec![row])
}

fn check_again(account: AccountId) -> Button {
    button(
        "Check again",
        Action::Account(
            AccountAction::AccountCommand(AccountCommand::Verify),
            account,
        ),
    )
}
