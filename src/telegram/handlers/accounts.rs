//! The commands about accounts: list, verify, unlink, diagnose. Finding the one that is meant is shared.

use crate::{
    domain::{
        account::{AccountId, AccountName},
        linking::LinkingState,
        notice::{AccountChoice, Errand, Notice},
    },
    linker::VerifyRequest,
    store::{StoreError, accounts},
    telegram::{
        Telegram,
        schema::HandlerResult,
        turn::{Turn, Visit},
    },
};

pub(in crate::telegram) async fn list(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    say_list(&telegram, &mut turn).await?;
    Ok(turn.finish().await?)
}

pub(super) async fn say_list(telegram: &Telegram, turn: &mut Turn<'_>) -> Result<(), StoreError> {
    let owner = turn.chat();
    let accounts = telegram.linker.summaries(&mut turn.tx, owner).await?;
    turn.say(&Notice::Accounts { accounts }).await
}

pub(in crate::telegram) async fn verify(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    command(&telegram, &visit, &state, Errand::Verify, &name).await
}

pub(in crate::telegram) async fn unlink(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    command(&telegram, &visit, &state, Errand::Unlink, &name).await
}

pub(in crate::telegram) async fn diagnose(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    command(&telegram, &visit, &state, Errand::Diagnose, &name).await
}

/// Runs an errand about the account that `name` means: by name, the only one there is, or the one that is chosen next.
pub(super) async fn command(
    telegram: &Telegram,
    visit: &Visit,
    state: &LinkingState,
    errand: Errand,
    name: &str,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(telegram, visit, state).await? else {
        return Ok(());
    };
    match meant(&mut turn, name).await? {
        Meant::One(account) => run(telegram, &mut turn, errand, account).await?,
        Meant::Unknown => match visit.deletion {
            Some(removal) => turn.say_stray_secret(removal, false).await?,
            None => turn.say(&Notice::NoSuchAccount).await?,
        },
        Meant::NoneYet => {
            turn.say(&Notice::Accounts {
                accounts: Vec::new(),
            })
            .await?;
        }
        Meant::OneOf(accounts) => {
            turn.say(&Notice::ChooseAccount { errand, accounts })
                .await?;
        }
    }
    Ok(turn.finish().await?)
}

/// Which account a command means.
pub(super) enum Meant {
    One(AccountId),
    OneOf(Vec<AccountChoice>),
    Unknown,
    NoneYet,
}

pub(super) async fn meant(turn: &mut Turn<'_>, name: &str) -> Result<Meant, StoreError> {
    let owner = turn.chat();
    if !name.trim().is_empty() {
        let Ok(name) = AccountName::parse(name) else {
            return Ok(Meant::Unknown);
        };
        let found = accounts::by_name(&mut *turn.tx, owner, &name).await?;
        return Ok(found.map_or(Meant::Unknown, |account| Meant::One(account.id)));
    }
    let all = accounts::list(&mut *turn.tx, owner).await?;
    Ok(match all.as_slice() {
        [] => Meant::NoneYet,
        [only] => Meant::One(only.id),
        _ => Meant::OneOf(
            all.into_iter()
                .map(|account| AccountChoice {
                    id: account.id,
                    name: account.name,
                })
                .collect(),
        ),
    })
}

/// Runs an errand about an account, if it is the user's.
pub(super) async fn run(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    errand: Errand,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    let notice = match errand {
        Errand::Verify => match telegram.linker.verify(&mut turn.tx, owner, account).await? {
            VerifyRequest::Said(notice) => notice,
            VerifyRequest::NoSuchAccount => Notice::NoSuchAccount,
        },
        Errand::Diagnose => telegram
            .linker
            .report(&mut turn.tx, owner, account)
            .await?
            .map_or(Notice::NoSuchAccount, Notice::Report),
        Errand::Remind => telegram
            .linker
            .ask_reminder(&mut turn.tx, owner, account)
            .await?
            .unwrap_or(Notice::NoSuchAccount),
        Errand::TestPost => return super::publish::ask_test(telegram, turn, account).await,
        Errand::Rotate | Errand::Unlink => {
            match accounts::by_id(&mut *turn.tx, owner, account).await? {
                None => Notice::NoSuchAccount,
                Some(linked) => {
                    let account = AccountChoice {
                        id: linked.id,
                        name: linked.name,
                    };
                    if errand == Errand::Rotate {
                        Notice::AskRotate { account }
                    } else {
                        Notice::AskUnlink {
                            account,
                            x_account: linked.x_account,
                        }
                    }
                }
            }
        }
    };
    turn.say(&notice).await
}
