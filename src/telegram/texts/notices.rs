//! Every message besides the card.

use teloxide::{
    types::{InlineKeyboardButton, InlineKeyboardMarkup},
    utils::command::BotCommands as _,
};

use super::{Words, at, button, escape, pages, publishing, receipt, reply, verdicts, wait, watch};
use crate::{
    domain::{
        account::{AccountId, NameRejection},
        audit::Event,
        linking::{LinkName, Purpose},
        notice::{
            AccountChoice, AccountSummary, CheckResult, Errand, Guest, Notice, Occasion, Past,
            Standing, Uses,
        },
        paste::Warning,
        report::{Report, ValueReport},
        verdict::{KeyPairOutcome, Outcome, Verdict},
    },
    linker::{MAX_ACCOUNTS, MAX_CHECKS_AN_HOUR},
    plural::count,
    telegram::{
        Command,
        action::{AccountAction, Action, Decision, Doubtful, FlowAction, Regenerated, StepTag},
        reply::Reply,
    },
};

/// The message for a notice; `None` where there is nothing to say.
#[expect(clippy::too_many_lines, reason = "one arm per notice")]
pub(in crate::telegram) fn notice(notice: &Notice, words: &Words<'_>) -> Option<Reply> {
    let now = words.now;
    Some(match notice {
        Notice::Unreadable => return None,
        Notice::Welcome => reply(
            "👋 I link your X account, so that programs can publish for you. It takes about five minutes: you create an app in \
             X's console, copy four values, and I check each step and tell you what is wrong.\n\nYour messages with values are \
             deleted at once, and the values are kept encrypted. /privacy says more."
                .to_owned(),
            vec![vec![
                button("Link an X account", Action::Add),
                button("Guide", Action::Guide),
            ]],
        ),
        Notice::Help => plain(help()),
        Notice::Guide => plain(pages::GUIDE.to_owned()),
        Notice::Privacy => plain(pages::PRIVACY.to_owned()),
        Notice::WhatAreRechecks => plain(watch::WHAT_IS_THIS.to_owned()),
        Notice::Accounts { accounts } if accounts.is_empty() => reply(
            "You have not linked an X account yet.".to_owned(),
            vec![vec![button("Link an X account", Action::Add)]],
        ),
        Notice::Accounts { accounts } => accounts_list(accounts, words),
        Notice::ChooseAccount { errand, accounts } => choose(*errand, accounts),
        Notice::NoSuchAccount => reply(
            "You have no account of that name.".to_owned(),
            vec![vec![button("Accounts", Action::Accounts)]],
        ),
        Notice::NameRejected { reason } => plain(format!(
            "{} Send /addx with another name, like <code>/addx main</code>.",
            name_rejection(*reason)
        )),
        Notice::TooManyAccounts => reply(
            format!("You have {MAX_ACCOUNTS} accounts, and that is the most one may have. Erase one with /unlink first."),
            vec![vec![button("Accounts", Action::Accounts)]],
        ),
        Notice::FlowOpen {
            flow,
            step,
            purpose,
            may_start_over,
        } => {
            let tag = StepTag::new(*flow, *step);
            let other = if *may_start_over {
                button("Start over", Action::Flow(FlowAction::StartOver, tag))
            } else {
                button("Cancel it", Action::Flow(FlowAction::Cancel, tag))
            };
            reply(
                format!(
                    "You are in the middle of {}. Go on with it?",
                    what_for(purpose.as_ref())
                ),
                vec![vec![
                    button("Continue", Action::Flow(FlowAction::Continue, tag)),
                    other,
                ]],
            )
        }
        Notice::NothingToCancel => plain("There is nothing to cancel.".to_owned()),
        Notice::Cancelled { values } => plain(match values {
            0 => "Cancelled. You had not entered a value yet.".to_owned(),
            1 => "Cancelled. The value you had entered is wiped.".to_owned(),
            values => format!("Cancelled. The {values} values you had entered are wiped."),
        }),
        Notice::TokenStands { x_account } => plain(format!(
            "ℹ️ X gave out a token for <b>{}</b>, and I have not kept it. At X it stays valid until you end it. {}",
            escape(&x_account.username.to_string()),
            receipt::END_ALL_TOKENS
        )),
        Notice::Expired { purpose, deleted } => reply(
            format!(
                "⏳ I had stopped {}, because nothing came for 30 minutes; what you had entered is wiped.{}",
                what_for(purpose.as_ref()),
                if *deleted {
                    " I deleted your message, in case it was a value."
                } else {
                    ""
                }
            ),
            vec![vec![button("Link an X account", Action::Add)]],
        ),
        Notice::Checking { name, at: None } => {
            plain(format!("Checking <b>{}</b> with X …", escape(name.as_str())))
        }
        Notice::Checking { name, at: Some(due) } => plain(format!(
            "I asked X a moment ago. I check <b>{}</b> {} and tell you.",
            escape(name.as_str()),
            wait(*due, now)
        )),
        Notice::CheckLimit {
            account,
            candidate,
            until,
        } => {
            let action = if *candidate {
                AccountAction::CheckCandidate
            } else {
                AccountAction::Errand(Errand::Verify)
            };
            reply(
                format!(
                    "<b>{}</b> is kept, and not checked yet: I ask X at most {MAX_CHECKS_AN_HOUR} times an hour for you. The \
                     next check is possible at {} ({}).",
                    escape(account.name.as_str()),
                    at(*until, now),
                    wait(*until, now)
                ),
                vec![vec![button("Check again", Action::Account(action, account.id))]],
            )
        }
        Notice::Result(result) => result_of_check(result, words),
        Notice::Watch(change) => watch::changed(change, words),
        Notice::Trouble { news } => watch::trouble(*news, words),
        Notice::AskRotate { account } => {
            let choice = |label, what| {
                vec![button(
                    label,
                    Action::Account(AccountAction::Rotate(what), account.id),
                )]
            };
            reply(
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
        Notice::NoCandidate { name } => plain(format!(
            "No new values of <b>{}</b> are waiting any more. /rotate takes new ones.",
            escape(name.as_str())
        )),
        Notice::AskReminder {
            account,
            values_since,
            days,
        } => watch::ask_reminder(account, *values_since, *days, words),
        Notice::ReminderSet { name, due_at } => watch::reminder_set(name, *due_at, words),
        Notice::RotateDue {
            account,
            values_since,
        } => watch::rotate_due(account, *values_since, words),
        Notice::AskUnlink { account, x_account } => {
            let whose = x_account
                .as_ref()
                .map(|x_account| format!(" ({})", escape(&x_account.username.to_string())))
                .unwrap_or_default();
            reply(
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
        Notice::Unlinked {
            name,
            backups_until,
        } => plain(format!(
            "🗑 <b>{}</b> and its values are erased. To end the token at X too: console.x.com → your app → Keys &amp; Tokens → \
             Access Token → Revoke.\n\n{}",
            escape(name.as_str()),
            receipt::backups(*backups_until)
        )),
        Notice::ErasingAfterPost { name } => plain(receipt::erasing_after_post(name.as_str())),
        Notice::Revoking { name } => plain(receipt::revoking(name.as_str())),
        Notice::Receipt {
            gone,
            revocation,
            backups_until,
        } => plain(receipt::receipt(gone, *revocation, *backups_until)),
        Notice::Panic {
            accounts,
            posts,
            backups_until,
        } => plain(receipt::panic(accounts, posts, *backups_until)),
        Notice::TwinUpdated { name } => reply(
            format!(
                "✅ <b>{}</b> has the new values now; the second entry is erased.",
                escape(name.as_str())
            ),
            vec![vec![button("Accounts", Action::Accounts)]],
        ),
        Notice::NotDeleted { trying: true } => plain(
            "⚠️ Telegram does not let me delete your message yet; I keep trying. To be safe, delete it yourself: press and hold \
             it → Delete, and tick “also delete for” if asked. Look on your other devices too."
                .to_owned(),
        ),
        Notice::NotDeleted { trying: false } => plain(
            "⚠️ I could not delete your message. Please delete it yourself: press and hold it → Delete, and tick “also delete \
             for” if asked. Look on your other devices too."
                .to_owned(),
        ),
        Notice::DeletedAtLast => plain("✓ Your message is deleted now.".to_owned()),
        Notice::StraySecret { deleted, in_group } => stray_secret(*deleted, *in_group, words),
        Notice::PrivateChatsOnly => Reply {
            html: "I work in private chats only, because keys do not belong in a group.".to_owned(),
            keyboard: private_chat(words),
        },
        Notice::NotAllowed { user } => plain(format!(
            "This bot serves a fixed list of people, and you are not on it. If you should be, give its operator your Telegram \
             id: <code>{user}</code>. /privacy, /mydata, /cancel and /unlink work for everybody."
        )),
        Notice::AccessAsked => plain(
            "This bot's owner decides who may use it. I have asked, and tell you the answer here. /privacy, /mydata, \
             /cancel and /unlink work for everybody."
                .to_owned(),
        ),
        Notice::AccessRequest { user, first_name } => reply(
            format!(
                "🙋 <b>{}</b> (<code>{user}</code>) wants to use this bot.",
                escape(first_name)
            ),
            vec![vec![
                button("Approve", Action::Access(Decision::Approve, *user)),
                button("Refuse", Action::Access(Decision::Refuse, *user)),
            ]],
        ),
        Notice::AccessDecided { standing } => match standing {
            Standing::Granted => reply(
                "✅ The owner of this bot let you in.".to_owned(),
                vec![vec![button("Link an X account", Action::Add)]],
            ),
            Standing::Asked | Standing::Refused | Standing::Blocked => {
                plain(
                    "The owner of this bot did not let you in. /privacy, /mydata, /cancel and /unlink work for everybody."
                        .to_owned(),
                )
            }
        },
        Notice::AccessSet { user, standing } => {
            let (text, other) = match standing {
                Standing::Granted => ("may use this bot now", ("Block", Decision::Block)),
                Standing::Asked | Standing::Refused => {
                    ("may not use this bot", ("Approve", Decision::Approve))
                }
                Standing::Blocked => (
                    "may no longer use this bot, nor may programs use their accounts, which stay until they /unlink them",
                    ("Approve", Decision::Approve),
                ),
            };
            reply(
                format!("<code>{user}</code> {text}."),
                vec![vec![button(other.0, Action::Access(other.1, *user))]],
            )
        }
        Notice::Guests { guests } => guest_list(guests, words),
        Notice::BlockWhom => plain(
            "Whom? Send the Telegram user id, like <code>/block 123456789</code>. /users lists who asked."
                .to_owned(),
        ),
        Notice::History { entries } => history(entries, words),
        Notice::MyData { part, of, json } => plain(format!(
            "What I hold about you, less the secrets ({part} of {of}):\n\n<pre>{}</pre>",
            escape(json)
        )),
        Notice::UnknownCommand => plain("I do not know that command. /help lists what I can do.".to_owned()),
        Notice::NothingAsked => reply(
            "I was not asking for anything. /help lists what I can do.".to_owned(),
            vec![vec![
                button("Link an X account", Action::Add),
                button("Accounts", Action::Accounts),
            ]],
        ),
        Notice::Incident { id } => plain(format!(
            "❌ Something went wrong on my side, and I could not finish that. Please try again. If it stays, tell the operator \
             this number: <code>{}</code>",
            escape(id)
        )),
        Notice::Report(report) => plain(report_text(report, words)),
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
        Notice::PostDropped => plain("Nothing is published.".to_owned()),
        Notice::PostResult(result) => publishing::result(result, words),
        Notice::ProgramAdded { account, program } => publishing::program_added(account, program),
        Notice::Programs { account, programs } => publishing::programs(account, programs),
        Notice::ProgramRemoved { account, program } => {
            publishing::program_removed(account, program)
        }
    })
}

pub(super) fn plain(html: String) -> Reply {
    reply(html, Vec::new())
}

fn help() -> String {
    let commands = Command::bot_commands()
        .into_iter()
        .map(|command| format!("{} – {}", command.command, escape(&command.description)))
        .collect::<Vec<_>>()
        .join("\n");
    format!("I link X accounts by their four API values and watch over them.\n\n{commands}")
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

fn what_for(purpose: Option<&Purpose>) -> String {
    match purpose {
        Some(Purpose::Link(LinkName::Given(name))) => {
            format!("linking <b>{}</b>", escape(name.as_str()))
        }
        Some(Purpose::Link(LinkName::XHandle)) | None => "linking an account".to_owned(),
        Some(Purpose::Rotate(name)) => {
            format!("giving <b>{}</b> new values", escape(name.as_str()))
        }
    }
}

fn accounts_list(accounts: &[AccountSummary], words: &Words<'_>) -> Reply {
    let mut text = "<b>Your accounts</b>\n".to_owned();
    for account in accounts {
        let whose = match &account.x_account {
            Some(x_account) => escape(&x_account.username.to_string()),
            None => "not confirmed by X yet".to_owned(),
        };
        let (sign, code) = match &account.verdict {
            Some(verdict) => (verdicts::text(verdict, words.now).sign, verdict.code()),
            None => ("⏳", "not checked yet"),
        };
        text.push_str(&format!(
            "\n{sign} <b>{}</b> · {whose}\n<code>{code}</code>",
            escape(account.name.as_str())
        ));
        if let Some(since) = account.since {
            text.push_str(&format!(" since {}", at(since, words.now)));
        }
        if let Some(checked) = account.checked_at {
            text.push_str(&format!(", checked {}", at(checked, words.now)));
        }
        if account.candidate {
            text.push_str(", new values waiting");
        }
        text.push_str(&watch::details(account, words));
        text.push_str(&publishing::used_by(&account.programs));
        text.push('\n');
    }
    let mut rows = publishing::program_buttons(accounts);
    rows.push(vec![
        button("Link another", Action::Add),
        button("Remind me to rotate", Action::Reminders),
    ]);
    reply(text, rows)
}

fn guest_list(guests: &[Guest], words: &Words<'_>) -> Reply {
    if guests.is_empty() {
        return plain("Nobody has asked to use this bot yet.".to_owned());
    }
    let lines: Vec<String> = guests
        .iter()
        .map(|guest| {
            let standing = match guest.standing {
                Standing::Asked => "asks",
                Standing::Granted => "may use it",
                Standing::Refused => "refused",
                Standing::Blocked => "blocked",
            };
            format!(
                "<code>{}</code> {}: {standing}, since {}",
                guest.user,
                escape(&guest.first_name),
                at(guest.since, words.now)
            )
        })
        .collect();
    let waiting = guests
        .iter()
        .filter(|guest| guest.standing == Standing::Asked);
    let rows = waiting
        .take(10)
        .map(|guest| {
            vec![
                button(
                    format!("Approve {}", guest.first_name),
                    Action::Access(Decision::Approve, guest.user),
                ),
                button("Refuse", Action::Access(Decision::Refuse, guest.user)),
            ]
        })
        .collect();
    reply(
        format!(
            "<b>People</b>\n\n{}\n\n/block takes it back.",
            lines.join("\n")
        ),
        rows,
    )
}

fn history(entries: &[Past], words: &Words<'_>) -> Reply {
    if entries.is_empty() {
        return plain("Nothing has happened yet.".to_owned());
    }
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| {
            let account = match &entry.account {
                Some(name) => format!(" <b>{}</b>", escape(name.as_str())),
                None => String::new(),
            };
            let detail = if entry.detail.is_empty() {
                String::new()
            } else {
                format!(" <code>{}</code>", escape(&entry.detail))
            };
            let happened = happened(&entry.event);
            let until = at(entry.at, words.now);
            match &entry.uses {
                None => format!("{until}{account}: {happened}{detail}"),
                Some(Uses { times, since }) => format!(
                    "{} to {until}{account}: {happened}{detail}, {}",
                    at(*since, words.now),
                    count(*times, "time")
                ),
            }
        })
        .collect();
    plain(format!(
        "<b>What happened</b>, newest first\n\n{}",
        lines.join("\n")
    ))
}

/// An event of the audit trail in words.
fn happened(event: &str) -> &'static str {
    match event.parse() {
        Ok(Event::Link) => "linked",
        Ok(Event::Check) => "checked with X",
        Ok(Event::Swap) => "new values in use",
        Ok(Event::Refuse) => "new values not taken",
        Ok(Event::Authorize) => "X gave out a token for a PIN",
        Ok(Event::Unlink) => "erased",
        Ok(Event::Revoke) => "revoked at X",
        Ok(Event::Panic) => "revoked and erased by the operator",
        Ok(Event::Merge) => "got the values of a second entry",
        Ok(Event::Expire) => "new values erased, since nobody decided",
        Ok(Event::AccessRequest) => "you asked to use this bot",
        Ok(Event::AccessGrant) => "the owner let you in",
        Ok(Event::AccessRefuse) => "the owner did not let you in",
        Ok(Event::AccessBlock) => "the owner blocked you",
        Ok(Event::ClientAdd) => "may be used by",
        Ok(Event::ClientRevoke) => "may no longer be used by",
        Ok(Event::ClientTakeBack) => "you took it back from",
        Ok(Event::Use) => "used by",
        Ok(Event::Post) => "your message",
        Ok(Event::TestPost) => "test post",
        Ok(Event::TestPostDelete) => "the test post",
        Ok(Event::KeyAdd | Event::KeyRetire | Event::Restore) | Err(_) => "something else",
    }
}

fn choose(errand: Errand, accounts: &[AccountChoice]) -> Reply {
    let question = match errand {
        Errand::Verify => "Which account shall I check?",
        Errand::Rotate => "Which account gets new values?",
        Errand::Unlink => "Which account shall I erase?",
        Errand::Diagnose => "Which account is the report about?",
        Errand::Remind => "Of which account shall I remind you to rotate?",
        Errand::TestPost => "Which account shall I try?",
    };
    let rows = accounts
        .iter()
        .map(|account| {
            let action = Action::Account(AccountAction::Errand(errand), account.id);
            vec![button(account.name.as_str(), action)]
        })
        .collect();
    reply(question.to_owned(), rows)
}

fn result_of_check(result: &CheckResult, words: &Words<'_>) -> Reply {
    let CheckResult {
        account,
        verdict,
        occasion,
        twin,
    } = result;
    let said = verdicts::text(verdict, words.now);
    let name = escape(account.name.as_str());
    // The old values may well be good: then it is not the account that cannot be used.
    let tried = if judges_new_values_alone(occasion, verdict) {
        " with the new values"
    } else {
        ""
    };
    let mut text = format!("{} <b>{name}</b>{tried}{}", said.sign, said.sentence);
    text.push_str(&format!("\n{}", said.reason));
    match occasion {
        Occasion::Link => {}
        Occasion::Verify {
            before,
            renamed_from,
        } => {
            if let Some((code, since)) = before {
                let since = at(*since, words.now);
                if code != verdict.code() {
                    text.push_str(&format!(
                        "\nBefore: <code>{}</code>, since {since}.",
                        escape(code)
                    ));
                } else if renamed_from.is_none() {
                    text.push_str(&format!("\nUnchanged since {since}."));
                }
            }
            if let Some(username) = renamed_from {
                text.push_str(&format!(
                    "\nIt was {} before.",
                    escape(&username.to_string())
                ));
            }
        }
        Occasion::Swapped => text.push_str("\nThe new values are in use; the old ones are erased."),
        Occasion::OldStay if matches!(verdict, Verdict::SameValuesAgain { .. }) => {}
        Occasion::OldStay => text.push_str("\nThe old values stay in use."),
        Occasion::Waiting { until } => text.push_str(&format!(
            "\nThe new values are kept until {}; the old ones stay in use.",
            at(*until, words.now)
        )),
    }
    if let Some(twin) = twin {
        text.push_str(&format!(
            "\nIt is the same X account as <b>{}</b>. Keep both, or give these values to that one.",
            escape(twin.as_str())
        ));
    }
    if !said.next_step.is_empty() {
        text.push_str(&format!("\n\n{}", said.next_step));
    }
    text.push_str(&format!("\n\n<code>{}</code>", verdict.code()));
    let mut rows = Vec::new();
    if let Some(twin) = twin {
        rows.push(vec![button(
            format!("Update {twin}"),
            Action::Account(AccountAction::UpdateTwin, account.id),
        )]);
    }
    rows.push(result_buttons(account.id, verdict, occasion));
    let may_publish = matches!(
        verdict,
        Verdict::Connected { .. } | Verdict::ConnectedPermissionUnknown { .. }
    );
    if may_publish {
        let errand = AccountAction::Errand(Errand::TestPost);
        rows.push(vec![button(
            "Test post",
            Action::Account(errand, account.id),
        )]);
    }
    reply(text, rows)
}

fn result_buttons(
    account: AccountId,
    verdict: &Verdict,
    occasion: &Occasion,
) -> Vec<InlineKeyboardButton> {
    let mut row = Vec::new();
    if let Some(doubtful) = Doubtful::of(verdict.doubtful_fields()) {
        let label = match doubtful {
            Doubtful::KeyPair => "Send new API key pair",
            Doubtful::TokenPair => "Send new token pair",
            Doubtful::AccessSecret => "Send Access Secret again",
        };
        row.push(button(
            label,
            Action::Account(AccountAction::Repair(doubtful), account),
        ));
    }
    let again = if judges_new_values_alone(occasion, verdict) {
        AccountAction::CheckCandidate
    } else {
        AccountAction::Errand(Errand::Verify)
    };
    row.push(button("Check again", Action::Account(again, account)));
    if verdict.outcome() == Outcome::Accepted {
        row.push(button("Accounts", Action::Accounts));
    }
    row
}

/// Whether the verdict is about new values that wait, beside old ones that stay in use.
fn judges_new_values_alone(occasion: &Occasion, verdict: &Verdict) -> bool {
    match occasion {
        Occasion::Waiting { .. } => true,
        Occasion::OldStay => !matches!(
            verdict,
            Verdict::SameValuesAgain { .. } | Verdict::TokenOfOtherAccount { .. }
        ),
        Occasion::Link | Occasion::Verify { .. } | Occasion::Swapped => false,
    }
}

fn stray_secret(deleted: bool, in_group: bool, words: &Words<'_>) -> Reply {
    let done = if deleted {
        "🔒 That looked like a key or token, so I deleted it."
    } else {
        "🔒 That looks like a key or token, and I could not delete it. Please delete it yourself: press and hold it → Delete."
    };
    if in_group {
        return Reply {
            html: format!(
                "{done} Others could see it here: please regenerate this one in X. Keys belong in the private chat."
            ),
            keyboard: private_chat(words),
        };
    }
    reply(
        format!("{done} I was not asking for one. To link an account, begin with /addx."),
        vec![vec![button("Link an X account", Action::Add)]],
    )
}

fn private_chat(words: &Words<'_>) -> InlineKeyboardMarkup {
    let link = format!("https://t.me/{}?start=group", words.bot_username);
    match link.parse() {
        Ok(url) => {
            InlineKeyboardMarkup::new([[InlineKeyboardButton::url("Open the private chat", url)]])
        }
        Err(_) => InlineKeyboardMarkup::default(),
    }
}

fn report_text(report: &Report, words: &Words<'_>) -> String {
    let mut lines = vec![
        format!("addx {}", report.version),
        format!("made {}", report.made_at.format("%F %H:%M UTC")),
        format!(
            "verdict {}{}",
            report.verdict.as_deref().unwrap_or("none yet"),
            report
                .status
                .map_or_else(String::new, |status| format!(" (HTTP {status})"))
        ),
    ];
    let times = [
        ("since", report.since),
        ("checked", report.checked_at),
        ("accepted", report.accepted_at),
    ];
    for (what, time) in times {
        let time = time.map_or_else(|| "never".to_owned(), |time| at(time, words.now));
        lines.push(format!("{what} {time}"));
    }
    lines.push(format!(
        "confirmed by X: {}",
        if report.confirmed { "yes" } else { "no" }
    ));
    lines.push(match report.key_pair {
        Some((outcome, time)) => format!(
            "key pair alone: {} ({})",
            key_pair(outcome),
            at(time, words.now)
        ),
        None => "key pair alone: not asked".to_owned(),
    });
    lines.extend(
        report
            .values
            .iter()
            .map(|value| value_line("", value, words)),
    );
    lines.extend(
        report
            .candidate
            .iter()
            .map(|value| value_line("new ", value, words)),
    );
    lines.push(match report.clock_difference {
        Some(seconds) => format!("clock: {seconds:+} s against X"),
        None => "clock: not compared yet".to_owned(),
    });
    lines.push(format!(
        "messages still to delete: {}",
        report.pending_deletions
    ));
    format!(
        "This report holds no value and no part of one, so you can show it to whoever helps you.\n\n<pre>{}</pre>",
        escape(&lines.join("\n"))
    )
}

fn key_pair(outcome: KeyPairOutcome) -> &'static str {
    match outcome {
        KeyPairOutcome::Accepted => "accepted",
        KeyPairOutcome::Rejected => "rejected",
        KeyPairOutcome::AppSuspended => "app suspended",
        KeyPairOutcome::Unknown => "X did not say",
    }
}

fn value_line(prefix: &str, value: &ValueReport, words: &Words<'_>) -> String {
    let unusual = match &value.shape.unusual {
        None => "usual".to_owned(),
        Some(Warning::UnusualLength { usual, .. }) => format!("usual length is {usual}"),
        Some(Warning::UnusualCharacters) => "unusual characters".to_owned(),
        Some(Warning::LooksLike(kind)) => format!("looks like {}", kind.label()),
        Some(Warning::LabelledAs(kind)) => format!("was labelled {}", kind.label()),
        Some(Warning::ToldByOrder) => "told by order".to_owned(),
    };
    format!(
        "{prefix}{}: {} characters, {unusual}, since {}",
        value.field.label(),
        value.shape.chars,
        at(value.received_at, words.now)
    )
}
