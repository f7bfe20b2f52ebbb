//! What is said about programs and posts.

use teloxide::types::InlineKeyboardButton;

use super::{button, escape, notices::plain, reply};
use crate::{
    domain::{
        account::AccountName,
        client::ClientName,
        notice::{AccountChoice, AccountSummary, Program},
    },
    telegram::{
        action::{AccountAction, Action},
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

pub(super) fn doubted(name: &AccountName, program: &ClientName, status: u16) -> Reply {
    plain(format!(
        "<b>{}</b> wanted something of X with <b>{}</b>, and X refused it ({status}). I ask X whether the account is all \
         right, and tell you.",
        escape(program.as_str()),
        escape(name.as_str())
    ))
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
