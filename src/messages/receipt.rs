//! What is said of an account that is gone: what was erased, what X said, what remains.

use chrono::{DateTime, Utc};

use super::{Asked, Message, Role, escape, plain};
use crate::domain::{
    account::AccountName,
    post::PostId,
    revocation::{Gone, Revocation},
};

/// What remains of an erased account, and until when, as far as the bot knows.
fn backups(until: Option<DateTime<Utc>>) -> String {
    let kept = match until {
        Some(until) => format!("until {} at the latest", until.format("%-d %B %Y")),
        None => "until the operator deletes them; only the operator of this bot knows when that is"
            .to_owned(),
    };
    format!(
        "Copies of the database that this bot's operator made before may still hold the values, encrypted, {kept}. The API key \
         pair in such a copy works until you regenerate it in X."
    )
}

/// How a user ends what an app may do with an X account, without a link here.
pub(super) const END_ALL_TOKENS: &str = "As that X account: x.com → Settings → Security and account access → Apps and sessions → \
     Connected apps → the app → Revoke app permissions. This ends every token that the app has for the account.";

/// How a user ends a token without the bot.
const BY_HAND: &str = "Please end the token by hand: console.x.com → your app → Keys &amp; Tokens → Access Token → Revoke. Or, as \
     the X account itself: x.com → Settings → Security and account access → Apps and sessions → Connected apps → the app → \
     Revoke app permissions.";

/// The account's tokens are being revoked at X.
pub(crate) fn revoking(name: &AccountName) -> Message {
    plain(format!(
        "I revoke the token of <b>{}</b> at X, then I erase it here. A receipt follows.",
        escape(name.as_str())
    ))
    .with_role(Role::Progress(Asked::Revocation))
}

/// The account is erased once its test post is deleted at X.
pub(crate) fn erasing_after_post(name: &AccountName) -> Message {
    plain(format!(
        "A test post of <b>{}</b> still stands at X. I delete it there first, then I erase the account here, and tell you.",
        escape(name.as_str())
    ))
}

/// The account was erased. `backups_until`: when the last copy of the database that holds it is gone, if the operator has said so.
pub(crate) fn unlinked(name: &AccountName, backups_until: Option<DateTime<Utc>>) -> Message {
    plain(format!(
        "🗑 <b>{}</b> and its values are erased. To end the token at X too: console.x.com → your app → Keys &amp; Tokens → \
         Access Token → Revoke.\n\n{}",
        escape(name.as_str()),
        backups(backups_until)
    ))
}

/// The account was erased after X was asked to end its tokens; `None`: it was not asked.
pub(crate) fn receipt(
    gone: &Gone,
    revocation: Option<Revocation>,
    backups_until: Option<DateTime<Utc>>,
) -> Message {
    plain(format!(
        "🧾 <b>{}</b> is gone\n\nErased here: API Key, API Secret, Access Token, Access Secret, the key that sealed them, and the \
         link itself. /history keeps that there was one.\n\nAt X: {}\n\n{}",
        title(gone),
        at_x(revocation),
        backups(backups_until)
    ))
    .with_role(Role::Answer(Asked::Revocation))
}

/// The operator revoked and erased everything: the user's accounts with what became of the tokens of each, and test posts that may
/// still stand.
pub(crate) fn panic(
    accounts: &[(Gone, Option<Revocation>)],
    posts: &[PostId],
    backups_until: Option<DateTime<Utc>>,
) -> Message {
    let lines: Vec<String> = accounts
        .iter()
        .map(|(gone, revocation)| {
            format!("• <b>{}</b>: {}", title(gone), at_x_in_short(*revocation))
        })
        .collect();
    let by_hand = if accounts
        .iter()
        .any(|(_, revocation)| !has_ended(*revocation))
    {
        format!("\n\nNot every token has ended for certain. {BY_HAND}")
    } else {
        String::new()
    };
    let posts = if posts.is_empty() {
        String::new()
    } else {
        let addresses: Vec<String> = posts.iter().map(|post| escape(&post.link())).collect();
        format!(
            "\n\nTest posts that may still stand at X; please delete them there:\n{}",
            addresses.join("\n")
        )
    };
    plain(format!(
        "🚨 This bot's operator has erased every account here and revoked the tokens at X, because of a danger to them. Your \
         values are no longer held here.\n\n{}{by_hand}{posts}\n\nPlease regenerate the API key pair of your app too: console.x.com → \
         your app → Keys &amp; Tokens → Consumer Key → Regenerate.\n\n{}",
        lines.join("\n"),
        backups(backups_until)
    ))
    .lasting()
}

fn title(gone: &Gone) -> String {
    let name = escape(gone.name.as_str());
    match &gone.x_account {
        Some(x_account) => format!("{name} ({})", escape(&x_account.username.to_string())),
        None => name,
    }
}

fn has_ended(revocation: Option<Revocation>) -> bool {
    matches!(
        revocation,
        None | Some(Revocation::Proven | Revocation::AlreadyEnded)
    )
}

fn at_x(revocation: Option<Revocation>) -> String {
    match revocation {
        Some(Revocation::Proven) => {
            "the token is revoked. I tried it afterwards, and X refuses it.".to_owned()
        }
        Some(Revocation::AlreadyEnded) => "the token had ended before; X refuses it.".to_owned(),
        Some(Revocation::Unproven) => format!(
            "X says that the token is revoked, but I could not see that X refuses it. To be sure: {BY_HAND}"
        ),
        Some(Revocation::Refused) => {
            format!("X refused my request, and did not say that the token has ended. {BY_HAND}")
        }
        Some(Revocation::NotAsked) => format!(
            "a new token came without the API key pair of its app, so I could not end it. {BY_HAND}"
        ),
        Some(Revocation::Limited { .. }) => {
            format!("X took no more such requests for now, so the token may still work. {BY_HAND}")
        }
        Some(Revocation::Unanswered) => {
            format!("X did not answer, so the token may still work. {BY_HAND}")
        }
        None => format!("I could not ask X, so the token may still work. {BY_HAND}"),
    }
}

fn at_x_in_short(revocation: Option<Revocation>) -> &'static str {
    match revocation {
        Some(Revocation::Proven) => "revoked",
        Some(Revocation::AlreadyEnded) => "had ended before",
        Some(Revocation::Unproven) => "revoked, not proven",
        Some(Revocation::Refused) => "X refused",
        Some(Revocation::NotAsked) => "the app's key pair is missing",
        Some(Revocation::Limited { .. }) => "X took no more requests",
        Some(Revocation::Unanswered) => "X did not answer",
        None => "had no token",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_remains_in_copies_has_a_date_where_the_operator_named_one() {
        let until = DateTime::from_timestamp(1_780_131_630, 0);
        assert!(backups(until).contains("encrypted, until 30 May 2026 at the latest. The API"));
        let unknown = backups(None);
        assert!(
            unknown.contains("only the operator of this bot knows when"),
            "{unknown}"
        );
    }
}
