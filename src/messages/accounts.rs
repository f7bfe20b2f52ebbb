//! What is said about accounts: the list, which one is meant, and what may be done with it.

use chrono::{DateTime, Utc};

use super::{
    Message,
    action::{AccountAction, Action, Regenerated},
    at, button, escape, health, message, plain, publishing, verdicts,
};
use crate::domain::{
    account::{AccountName, MAX_ACCOUNTS, NameRejection, XAccount},
    facts::{AccountChoice, AccountCommand, AccountSummary},
};

/// How to make the first link.
pub(crate) fn none_yet() -> Message {
    message(
        "You have not linked an X account yet.",
        vec![vec![button("Link an X account", Action::Add)]],
    )
}

/// `/accounts`, in the order of their names.
pub(crate) fn list(accounts: &[AccountSummary], now: DateTime<Utc>) -> Message {
    if accounts.is_empty() {
        return none_yet();
    }
    let mut text = "<b>Your accounts</b>\n".to_owned();
    for account in accounts {
        let whose = match &account.x_account {
            Some(x_account) => escape(&x_account.username.to_string()),
            None => "not confirmed by X yet".to_owned(),
        };
        let (sign, code) = match &account.verdict {
            Some(verdict) => (verdicts::text(verdict, now).sign, verdict.code()),
            None => ("⏳", "not checked yet"),
        };
        text.push_str(&format!(
            "\n{sign} <b>{}</b> · {whose}\n<code>{code}</code>",
            escape(account.name.as_str())
        ));
        if let Some(since) = account.since {
            text.push_str(&format!(" since {}", at(since, now)));
        }
        if let Some(checked) = account.checked_at {
            text.push_str(&format!(", checked {}", at(checked, now)));
        }
        if account.candidate {
            text.push_str(", new values waiting");
        }
        text.push_str(&health::details(account, now));
        text.push_str(&publishing::used_by(&account.programs));
        text.push('\n');
    }
    let mut rows = publishing::program_buttons(accounts);
    rows.push(vec![
        button("Link another", Action::Add),
        button("Remind me to rotate", Action::Reminders),
    ]);
    message(text, rows)
}

/// A command needs an account and no name was given.
pub(crate) fn choose(command: AccountCommand, accounts: &[AccountChoice]) -> Message {
    let question = match command {
        AccountCommand::Verify => "Which account shall I check?",
        AccountCommand::Rotate => "Which account gets new values?",
        AccountCommand::Unlink => "Which account shall I erase?",
        AccountCommand::Diagnose => "Which account is the report about?",
        AccountCommand::Remind => "Of which account shall I remind you to rotate?",
        AccountCommand::TestPost => "Which account shall I try?",
    };
    let rows = accounts
        .iter()
        .map(|account| {
            let action = Action::Account(AccountAction::AccountCommand(command), account.id);
            vec![button(account.name.as_str(), action)]
        })
        .collect();
    message(question, rows)
}

/// No account has the name that was given.
pub(crate) fn no_such() -> Message {
    message(
        "You have no account of that name.",
        vec![vec![button("Accounts", Action::Accounts)]],
    )
}

/// What came after `/addx` cannot be a name.
pub(crate) fn name_rejected(reason: NameRejection) -> Message {
    plain(format!(
        "{} Send /addx with another name, like <code>/addx main</code>.",
        name_rejection(reason)
    ))
}

/// Why a name cannot be taken.
pub(super) fn name_rejection(reason: NameRejection) -> &'static str {
    match reason {
        NameRejection::Blank => "A name needs at least one character.",
        NameRejection::TooLong => "A name may have at most 32 characters.",
        NameRejection::Unprintable => "A name must be one line of visible characters.",
        NameRejection::LooksSecret => {
            "That looks like a key, not like a name, so I did not keep it. If others could see it, regenerate it in X."
        }
        NameRejection::Taken => "You have an account of that name already.",
        NameRejection::UnknownCommand => "I do not know that command, so I deleted it.",
        NameRejection::NotText => "I can only take text here, so I deleted that.",
        NameRejection::Edited => "I do not take edited messages as answers, so I deleted it.",
    }
}

/// The user has as many accounts as one may have.
pub(crate) fn too_many() -> Message {
    message(
        format!(
            "You have {MAX_ACCOUNTS} accounts, and that is the most one may have. Erase one with /unlink first."
        ),
        vec![vec![button("Accounts", Action::Accounts)]],
    )
}

/// `/rotate`: what was regenerated?
pub(crate) fn ask_rotate(account: &AccountChoice) -> Message {
    let choice = |label, what| {
        vec![button(
            label,
            Action::Account(AccountAction::Rotate(what), account.id),
        )]
    };
    message(
        format!(
            "What did you regenerate in X for <b>{}</b>? The old values stay in use until X accepts the new ones.",
            escape(account.name.as_str())
        ),
        vec![
            choice("Token pair", Regenerated::TokenPair),
            choice("API key pair", Regenerated::KeyPair),
            choice("All four", Regenerated::All),
        ],
    )
}

/// `/unlink`: really? Whose it is on X is told if it is known.
pub(crate) fn ask_unlink(account: &AccountChoice, x_account: Option<&XAccount>) -> Message {
    let whose = x_account
        .map(|x_account| format!(" ({})", escape(&x_account.username.to_string())))
        .unwrap_or_default();
    message(
        format!(
            "Erase <b>{}</b>{whose} with its four values? This cannot be undone.\n\n<b>Revoke at X and erase</b> ends the \
             token at X too: nothing that uses it, here or elsewhere, works any more. With <b>Erase</b> the token stays \
             valid at X until you revoke or regenerate it there.",
            escape(account.name.as_str())
        ),
        vec![
            vec![button(
                "Revoke at X and erase",
                Action::Account(AccountAction::Revoke, account.id),
            )],
            vec![
                button("Erase", Action::Account(AccountAction::Erase, account.id)),
                button("Keep", Action::Account(AccountAction::Keep, account.id)),
            ],
        ],
    )
}

/// The account's values went over to the account that was there before, which is called this.
pub(crate) fn twin_updated(name: &AccountName) -> Message {
    message(
        format!(
            "✅ <b>{}</b> has the new values now; the second entry is erased.",
            escape(name.as_str())
        ),
        vec![vec![button("Accounts", Action::Accounts)]],
    )
}
