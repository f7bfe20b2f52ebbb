//! What is said about programs and posts.

use chrono::{DateTime, Utc};

use super::{
    Asked, Join, Key, Message, Press, Role, Text,
    action::{AccountAction, Action, Doubtful, DraftAction},
    button, id_of, labelled, message, plain, row, verdicts, yes,
};
use crate::domain::{
    account::{AccountName, XUsername},
    client::ClientName,
    facts::{AccountChoice, AccountCommand, AccountSummary, PostResult, PostSaid, Program},
    post::{MAX_WEIGHT, PostRejection, PostText},
    verdict::Verdict,
};

/// The part of an account's line in `/accounts` that names its programs.
pub(super) fn used_by(programs: &[ClientName]) -> Option<Text> {
    let names = Text::joined(programs.iter().map(Text::from), Join::And);
    (!programs.is_empty()).then(|| text!("used-by", programs = names))
}

/// A button for each account that programs may use.
pub(super) fn program_buttons(accounts: &[AccountSummary]) -> Vec<Vec<Key>> {
    let used = accounts
        .iter()
        .filter(|account| !account.programs.is_empty());
    used.map(|account| {
        let action = Action::Account(AccountAction::Programs, account.id);
        vec![labelled(
            text!("button-programs-of", name = &account.name),
            action,
        )]
    })
    .collect()
}

/// The operator lets a program use an account.
pub(crate) fn program_added(account: &AccountChoice, program: &ClientName) -> Message {
    let programs = Action::Account(AccountAction::Programs, account.id);
    message(
        text!("program-added", program = program, name = &account.name),
        vec![row(programs)],
    )
}

/// Which programs may use an account, by name.
pub(crate) fn programs(account: &AccountChoice, programs: &[Program]) -> Message {
    if programs.is_empty() {
        return plain(text!("no-programs", name = &account.name));
    }
    let lines = programs
        .iter()
        .map(|program| text!("program", program = &program.name));
    let rows = programs.iter().map(|program| {
        let label = text!("button-take", program = &program.name);
        vec![labelled(label, Action::TakeBack(program.id, account.id))]
    });
    let lines = Text::joined(lines, Join::Lines);
    message(
        text!("programs", name = &account.name, programs = lines),
        rows.collect(),
    )
}

/// The user took an account back from a program.
pub(crate) fn program_removed(account: &AccountChoice, program: &ClientName) -> Message {
    plain(text!(
        "program-removed",
        program = program,
        name = &account.name
    ))
}

/// `/testpost`: really?
pub(crate) fn ask_test(draft: i64, account: &AccountChoice, text: &PostText) -> Message {
    message(
        text!("ask-test", name = &account.name, post = text.as_str()),
        vec![vec![
            labelled(
                text!("button-post-and-delete"),
                Action::Draft(DraftAction::Publish, draft),
            ),
            labelled(
                text!("button-leave-it"),
                Action::Draft(DraftAction::Drop, draft),
            ),
        ]],
    )
}

/// `/post`: with which account?
pub(crate) fn choose_account(draft: i64, accounts: &[AccountChoice]) -> Message {
    let action = |account| Action::DraftWith(draft, account);
    let rows = accounts
        .iter()
        .map(|account| vec![labelled(&account.name, action(account.id))]);
    message(text!("choose-for-post"), rows.collect())
}

/// `/post`: what it will look like. Really?
pub(crate) fn ask_post(
    draft: i64,
    account: &AccountChoice,
    x_username: Option<&XUsername>,
    text: &PostText,
) -> Message {
    message(
        text!(
            "ask-post",
            account = text!("account-on-x", name = &account.name, handle = x_username),
            post = text.as_str(),
            weight = text.weight(),
            limit = MAX_WEIGHT,
            link = yes(text.has_link())
        ),
        vec![vec![
            button(Action::Draft(DraftAction::Publish, draft)),
            button(Action::Draft(DraftAction::Drop, draft)),
        ]],
    )
}

/// This cannot be published.
pub(crate) fn rejected(reason: PostRejection) -> Message {
    let weight = match reason {
        PostRejection::TooLong { weight } => weight,
        _ => 0,
    };
    let text = Text::entry(id_of("post", reason));
    plain(text.with("weight", weight).with("limit", MAX_WEIGHT))
}

/// The account cannot publish as it is. `code` is a verdict's, or `not_checked`.
pub(crate) fn cannot_post(account: &AccountChoice, code: &str) -> Message {
    let parts = [
        text!("cannot-post", name = &account.name),
        verdicts::code(code),
    ];
    message(
        Text::joined(parts, Join::Paragraphs),
        vec![row(check_again(account))],
    )
}

/// A post was confirmed.
pub(crate) fn posting(name: &AccountName) -> Message {
    plain(text!("posting", name = name)).with_role(Role::Progress(Asked::Post))
}

/// A draft was thrown away.
pub(crate) fn dropped() -> Message {
    plain(text!("post-dropped"))
}

/// What became of a post.
pub(crate) fn result(result: &PostResult, now: DateTime<Utc>) -> Message {
    came_of(result, now).with_role(Role::Answer(Asked::Post))
}

fn came_of(result: &PostResult, now: DateTime<Utc>) -> Message {
    let PostResult { account, said } = result;
    let name = &account.name;
    match said {
        PostSaid::Published { post } => {
            plain(text!("post-published", name = name, link = post.link()))
        }
        PostSaid::Tested => plain(text!("post-tested", name = name)),
        PostSaid::NotDeleted { post } => {
            plain(text!("post-not-deleted", name = name, link = post.link()))
        }
        PostSaid::Stands { post } => plain(text!("post-stands", name = name, link = post.link())),
        PostSaid::Refused { verdict } => refused(account, verdict, now),
        PostSaid::ValuesRefused => plain(text!("post-values-refused", name = name)),
        PostSaid::Unknown { text, whose, test } => unknown(name, text, whose.as_ref(), *test),
    }
}

fn unknown(
    name: &AccountName,
    text: &PostText,
    whose: Option<&XUsername>,
    is_test: bool,
) -> Message {
    let profile = whose.map(|username| format!("https://x.com/{}", username.0));
    let open = profile.iter();
    let open = open.map(|url| (text!("button-open-x"), Press::Open(url.clone())));
    let row = open.collect();
    let said = text!(
        "post-unknown",
        name = name,
        test = yes(is_test),
        profile = profile.map_or_else(|| text!("your-profile"), Text::from),
        post = text.as_str()
    );
    message(said, vec![row])
}

fn refused(account: &AccountChoice, verdict: &Verdict, now: DateTime<Utc>) -> Message {
    let name = text!("account", name = &account.name);
    let said = verdicts::text(verdict, name, verdicts::POST, now);
    let title = text!("post-refused", what = said.what);
    let parts = [Text::joined([title, said.reason], Join::Lines)]
        .into_iter()
        .chain(said.next_step)
        .chain([verdicts::code(verdict.code())]);
    let repair = Doubtful::of(verdict.doubtful_fields()).map(AccountAction::Repair);
    let repair = repair.map(|repair| button(Action::Account(repair, account.id)));
    let row = repair
        .into_iter()
        .chain([button(check_again(account))])
        .collect();
    message(Text::joined(parts, Join::Paragraphs), vec![row])
}

fn check_again(account: &AccountChoice) -> Action {
    Action::Account(
        AccountAction::AccountCommand(AccountCommand::Verify),
        account.id,
    )
}
