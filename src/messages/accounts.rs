//! What is said about accounts: the list, which one is meant, and what may be done with it.

use chrono::{DateTime, Utc};

use super::{
    Join, Message, Text,
    action::{AccountAction, Action, Regenerated},
    at, button, health, id_of, labelled, message, plain, publishing, row, verdicts, yes,
};
use crate::domain::{
    account::{AccountName, MAX_ACCOUNTS, NameRejection, XAccount},
    facts::{AccountChoice, AccountCommand, AccountSummary},
};

/// How to make the first link.
pub(crate) fn none_yet() -> Message {
    message(text!("no-accounts-yet"), vec![row(Action::Add)])
}

/// `/accounts`, in the order of their names.
pub(crate) fn list(accounts: &[AccountSummary], now: DateTime<Utc>) -> Message {
    if accounts.is_empty() {
        return none_yet();
    }
    let accounts_in_words = accounts.iter().map(|account| {
        let verdict = account.verdict.as_ref();
        let handle = account.x_account.as_ref().map(|on_x| &on_x.username);
        let lines = [
            text!(
                "account-title",
                sign = verdict.map_or_else(|| text!("sign-unchecked"), verdicts::sign),
                name = &account.name,
                handle = handle
            ),
            text!(
                "account-status",
                code = verdict
                    .map_or_else(|| text!("not-checked-yet"), |verdict| verdict.code().into()),
                since = account.since.map(|since| at(since, now)),
                checked = account.checked_at.map(|checked| at(checked, now)),
                candidate = yes(account.candidate)
            ),
        ];
        let used_by = publishing::used_by(&account.programs);
        let lines = lines.into_iter().chain(health::details(account, now));
        Text::joined(lines.chain(used_by), Join::Lines)
    });
    let parts = [text!("accounts-title")]
        .into_iter()
        .chain(accounts_in_words);
    let mut rows = publishing::program_buttons(accounts);
    rows.push(vec![
        labelled(text!("button-add-another"), Action::Add),
        button(Action::Reminders),
    ]);
    message(Text::joined(parts, Join::Paragraphs), rows)
}

/// A command needs an account and no name was given.
pub(crate) fn choose(command: AccountCommand, accounts: &[AccountChoice]) -> Message {
    let question = AccountAction::AccountCommand(command).word();
    let question = Text::entry(format!("choose-{question}"));
    let action = |account| Action::Account(AccountAction::AccountCommand(command), account);
    let rows = accounts
        .iter()
        .map(|account| vec![labelled(&account.name, action(account.id))]);
    message(question, rows.collect())
}

/// No account has the name that was given.
pub(crate) fn no_such() -> Message {
    message(text!("no-such-account"), vec![row(Action::Accounts)])
}

/// What came after `/addx` cannot be a name.
pub(crate) fn name_rejected(reason: NameRejection) -> Message {
    let parts = [name_rejection(reason), text!("another-name")];
    plain(Text::joined(parts, Join::Sentences))
}

/// Why a name cannot be taken.
pub(super) fn name_rejection(reason: NameRejection) -> Text {
    Text::entry(id_of("name", reason))
}

/// The user has as many accounts as one may have.
pub(crate) fn too_many() -> Message {
    let text = text!("too-many-accounts", limit = MAX_ACCOUNTS);
    message(text, vec![row(Action::Accounts)])
}

/// `/rotate`: what was regenerated?
pub(crate) fn ask_rotate(account: &AccountChoice) -> Message {
    let all = [
        Regenerated::TokenPair,
        Regenerated::KeyPair,
        Regenerated::All,
    ];
    let choice = |what| row(Action::Account(AccountAction::Rotate(what), account.id));
    message(
        text!("ask-rotate", name = &account.name),
        all.map(choice).to_vec(),
    )
}

/// `/unlink`: really? Whose it is on X is told if it is known.
pub(crate) fn ask_unlink(account: &AccountChoice, x_account: Option<&XAccount>) -> Message {
    let handle = x_account.map(|on_x| &on_x.username);
    let press = |action| button(Action::Account(action, account.id));
    message(
        text!("ask-unlink", name = &account.name, handle = handle),
        vec![
            vec![press(AccountAction::Revoke)],
            vec![press(AccountAction::Erase), press(AccountAction::Keep)],
        ],
    )
}

/// The account's values went over to the account that was there before, which is called this.
pub(crate) fn twin_updated(name: &AccountName) -> Message {
    message(
        text!("twin-updated", name = name),
        vec![row(Action::Accounts)],
    )
}
