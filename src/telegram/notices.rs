//! For now: a notice as data, worded.

use chrono::{DateTime, Utc};

use crate::{
    domain::notice::Notice,
    messages::{
        Message, access, accounts, action::StepTag, checks, deletions, flow, pages, publishing,
        receipt, records, watch,
    },
    telegram::Command,
};
use teloxide::utils::command::BotCommands as _;

#[expect(clippy::too_many_lines, reason = "goes with the enum")]
pub(super) fn word(notice: &Notice, bot: &str, now: DateTime<Utc>) -> Message {
    match notice {
        Notice::Unreadable => pages::incident("none"),
        Notice::Welcome => pages::welcome(),
        Notice::Help => {
            let commands: Vec<_> = Command::bot_commands()
                .into_iter()
                .map(|c| (c.command, c.description))
                .collect();
            pages::help(&commands)
        }
        Notice::Guide => pages::guide(),
        Notice::Privacy => pages::privacy(),
        Notice::WhatAreRechecks => pages::rechecks(),
        Notice::Accounts { accounts } => accounts::list(accounts, now),
        Notice::ChooseAccount { errand, accounts } => accounts::choose(*errand, accounts),
        Notice::NoSuchAccount => accounts::no_such(),
        Notice::NameRejected { reason } => accounts::name_rejected(*reason),
        Notice::TooManyAccounts => accounts::too_many(),
        Notice::FlowOpen {
            flow,
            step,
            purpose,
            may_start_over,
        } => flow::open(
            StepTag::new(*flow, *step),
            purpose.as_ref(),
            *may_start_over,
        ),
        Notice::NothingToCancel => flow::nothing_to_cancel(),
        Notice::Cancelled { values } => flow::cancelled(*values),
        Notice::TokenStands { x_account } => flow::token_stands(x_account),
        Notice::Expired { purpose, deleted } => flow::expired(purpose.as_ref(), *deleted),
        Notice::Checking { name, at } => checks::checking(name, *at, now),
        Notice::CheckLimit {
            account,
            candidate,
            until,
        } => checks::limit(account, *candidate, *until, now),
        Notice::Result(result) => checks::result(result, now),
        Notice::Watch(change) => watch::changed(change, now),
        Notice::Trouble { news } => watch::trouble(*news, now),
        Notice::AskRotate { account } => accounts::ask_rotate(account),
        Notice::NoCandidate { name } => checks::no_candidate(name),
        Notice::AskReminder {
            account,
            values_since,
            days,
        } => watch::ask_reminder(account, *values_since, *days, now),
        Notice::ReminderSet { name, due_at } => watch::reminder_set(name, *due_at, now),
        Notice::RotateDue {
            account,
            values_since,
        } => watch::rotate_due(account, *values_since, now),
        Notice::AskUnlink { account, x_account } => {
            accounts::ask_unlink(account, x_account.as_ref())
        }
        Notice::Unlinked {
            name,
            backups_until,
        } => receipt::unlinked(name, *backups_until),
        Notice::ErasingAfterPost { name } => receipt::erasing_after_post(name),
        Notice::Revoking { name } => receipt::revoking(name),
        Notice::Receipt {
            gone,
            revocation,
            backups_until,
        } => receipt::receipt(gone, *revocation, *backups_until),
        Notice::Panic {
            accounts,
            posts,
            backups_until,
        } => receipt::panic(accounts, posts, *backups_until),
        Notice::TwinUpdated { name } => accounts::twin_updated(name),
        Notice::NotDeleted { trying } => deletions::not_deleted(*trying),
        Notice::DeletedAtLast => deletions::deleted_at_last(),
        Notice::StraySecret { deleted, in_group } => {
            deletions::stray_secret(*deleted, in_group.then_some(bot))
        }
        Notice::PrivateChatsOnly => pages::private_chats_only(bot),
        Notice::NotAllowed { user } => access::not_allowed(*user),
        Notice::AccessAsked => access::asked(),
        Notice::AccessRequest { user, first_name } => access::request(*user, first_name),
        Notice::AccessDecided { standing } => access::decided(*standing),
        Notice::AccessSet { user, standing } => access::set(*user, *standing),
        Notice::Guests { guests } => access::guests(guests, now),
        Notice::BlockWhom => access::block_whom(),
        Notice::History { entries } => records::history(entries, now),
        Notice::MyData { part, of, json } => records::my_data(*part, *of, json),
        Notice::UnknownCommand => pages::unknown_command(),
        Notice::NothingAsked => pages::nothing_asked(),
        Notice::Incident { id } => pages::incident(id),
        Notice::Report(report) => records::report(report, now),
        Notice::AskTestPost {
            draft,
            account,
            text,
        } => publishing::ask_test(*draft, account, text),
        Notice::ChoosePostAccount { draft, accounts } => {
            publishing::choose_account(*draft, accounts)
        }
        Notice::AskPost {
            draft,
            account,
            x_username,
            text,
        } => publishing::ask_post(*draft, account, x_username.as_ref(), text),
        Notice::PostRejected { reason } => publishing::rejected(*reason),
        Notice::CannotPost { account, code } => publishing::cannot_post(account, code),
        Notice::Posting { name } => publishing::posting(name),
        Notice::PostDropped => publishing::dropped(),
        Notice::PostResult(result) => publishing::result(result, now),
        Notice::ProgramAdded { account, program } => publishing::program_added(account, program),
        Notice::Programs { account, programs } => publishing::programs(account, programs),
        Notice::ProgramRemoved { account, program } => {
            publishing::program_removed(account, program)
        }
    }
}
