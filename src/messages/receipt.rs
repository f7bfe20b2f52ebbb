//! What is said of an account that is gone: what was erased, what X said, what remains.

use chrono::{DateTime, Utc};

use super::{Asked, Join, Message, Role, Text, date, plain};
use crate::domain::{
    account::AccountName,
    post::PostId,
    revocation::{Gone, Revocation},
};

/// What remains of an erased account, and until when, as far as the bot knows.
fn backups(until: Option<DateTime<Utc>>) -> Text {
    text!("backups", until = until.as_ref().map(date))
}

/// The account's tokens are being revoked at X.
pub(crate) fn revoking(name: &AccountName) -> Message {
    plain(text!("revoking", name = name)).with_role(Role::Progress(Asked::Revocation))
}

/// The account is erased once its test post is deleted at X.
pub(crate) fn erasing_after_post(name: &AccountName) -> Message {
    plain(text!("erasing-after-post", name = name))
}

/// The account was erased. `backups_until`: when the last copy of the database that holds it is gone, if the operator has said so.
pub(crate) fn unlinked(name: &AccountName, backups_until: Option<DateTime<Utc>>) -> Message {
    let parts = [text!("unlinked", name = name), backups(backups_until)];
    plain(Text::joined(parts, Join::Paragraphs))
}

/// The account was erased after X was asked to end its tokens; `None`: it was not asked.
pub(crate) fn receipt(
    gone: &Gone,
    revocation: Option<Revocation>,
    backups_until: Option<DateTime<Utc>>,
) -> Message {
    let parts = [
        text!("receipt-title", account = account(gone)),
        text!("receipt-here"),
        text!(
            "receipt-at-x",
            revocation = revocation.map(Revocation::code)
        ),
        backups(backups_until),
    ];
    plain(Text::joined(parts, Join::Paragraphs)).with_role(Role::Answer(Asked::Revocation))
}

/// The operator revoked and erased everything: the user's accounts with what became of the tokens of each, and test posts that may
/// still stand.
pub(crate) fn panic(
    accounts: &[(Gone, Option<Revocation>)],
    posts: &[PostId],
    backups_until: Option<DateTime<Utc>>,
) -> Message {
    let lines = accounts.iter().map(|(gone, revocation)| {
        text!(
            "panic-account",
            account = account(gone),
            revocation = revocation.map(Revocation::code)
        )
    });
    let mut parts = vec![text!("panic"), Text::joined(lines, Join::Lines)];
    if accounts
        .iter()
        .any(|(_, revocation)| !has_ended(*revocation))
    {
        parts.push(text!("panic-by-hand"));
    }
    if !posts.is_empty() {
        let addresses = posts.iter().map(|post| post.link().into());
        parts.push(text!(
            "panic-posts",
            posts = Text::joined(addresses, Join::Lines)
        ));
    }
    parts.extend([text!("panic-key-pair"), backups(backups_until)]);
    plain(Text::joined(parts, Join::Paragraphs)).lasting()
}

fn account(gone: &Gone) -> Text {
    let on_x = gone.x_account.as_ref();
    text!(
        "account-on-x",
        name = &gone.name,
        handle = on_x.map(|on_x| &on_x.username)
    )
}

fn has_ended(revocation: Option<Revocation>) -> bool {
    matches!(
        revocation,
        None | Some(Revocation::Proven | Revocation::AlreadyEnded)
    )
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Form, Language},
        *,
    };

    #[test]
    fn what_remains_in_copies_has_a_date_where_the_operator_named_one() {
        let word = |until| backups(until).word(Language::English, Form::Html);
        let until = DateTime::from_timestamp(1_780_131_630, 0);
        assert!(word(until).contains("encrypted, until 30 May 2026 at the latest. The API"));
        let unknown = word(None);
        assert!(
            unknown.contains("Ask the operator when backups are deleted"),
            "{unknown}"
        );
    }
}
