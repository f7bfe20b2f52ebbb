//! The commands about accounts: list, verify, unlink, diagnose. Finding the one that is meant is shared.

use crate::{
    domain::{
        account::{AccountId, AccountName},
        facts::{AccountChoice, AccountCommand},
    },
    messages,
    store::{StoreError, accounts},
    telegram::{
        Telegram,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

pub(in crate::telegram) async fn list(telegram: Telegram, unit: Unit) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    say_list(&telegram, unit).await?;
    Ok(())
}

pub(super) async fn say_list(telegram: &Telegram, unit: &mut UnitOfWork) -> Result<(), StoreError> {
    let owner = unit.chat;
    let accounts = telegram.linker.summaries(&mut unit.tx, owner).await?;
    let now = telegram.clock.now();
    unit.say(|| messages::accounts::list(&accounts, now)).await
}

pub(in crate::telegram) async fn verify(
    telegram: Telegram,
    unit: Unit,
    name: String,
) -> HandlerResult {
    command(&telegram, &unit, AccountCommand::Verify, &name).await
}

pub(in crate::telegram) async fn unlink(
    telegram: Telegram,
    unit: Unit,
    name: String,
) -> HandlerResult {
    command(&telegram, &unit, AccountCommand::Unlink, &name).await
}

pub(in crate::telegram) async fn diagnose(
    telegram: Telegram,
    unit: Unit,
    name: String,
) -> HandlerResult {
    command(&telegram, &unit, AccountCommand::Diagnose, &name).await
}

/// Runs a command about the account that `name` means: by name, the only one there is, or the one that is chosen next.
pub(super) async fn command(
    telegram: &Telegram,
    unit: &Unit,
    command: AccountCommand,
    name: &str,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    match meant(unit, name).await? {
        Meant::One(account) => run(telegram, unit, command, account).await?,
        Meant::Unknown => match unit.deletion {
            Some(removal) => unit.say_stray_secret(removal, false).await?,
            None => unit.say(messages::accounts::no_such).await?,
        },
        Meant::NoneYet => {
            unit.say(messages::accounts::none_yet).await?;
        }
        Meant::OneOf(accounts) => {
            unit.say(|| messages::accounts::choose(command, &accounts))
                .await?;
        }
    }
    Ok(())
}

/// Which account a command means.
pub(super) enum Meant {
    One(AccountId),
    OneOf(Vec<AccountChoice>),
    Unknown,
    NoneYet,
}

pub(super) async fn meant(unit: &mut UnitOfWork, name: &str) -> Result<Meant, StoreError> {
    let owner = unit.chat;
    if !name.trim().is_empty() {
        let Ok(name) = AccountName::parse(name) else {
            return Ok(Meant::Unknown);
        };
        let found = accounts::by_name(&mut *unit.tx, owner, &name).await?;
        return Ok(found.map_or(Meant::Unknown, |account| Meant::One(account.id)));
    }
    let all = accounts::list(&mut *unit.tx, owner).await?;
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

/// Runs a command about an account, if it is the user's.
pub(super) async fn run(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    command: AccountCommand,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    let said = match command {
        AccountCommand::Verify => telegram.linker.verify(&mut unit.tx, owner, account).await?,
        AccountCommand::Diagnose => telegram
            .linker
            .report(&mut unit.tx, owner, account)
            .await?
            .map(|report| messages::records::report(&report, telegram.clock.now())),
        AccountCommand::Remind => {
            telegram
                .linker
                .ask_reminder(&mut unit.tx, owner, account)
                .await?
        }
        AccountCommand::TestPost => return super::publish::ask_test(telegram, unit, account).await,
        AccountCommand::Rotate | AccountCommand::Unlink => {
            let linked = accounts::by_id(&mut *unit.tx, owner, account).await?;
            linked.map(|linked| {
                let account = AccountChoice {
                    id: linked.id,
                    name: linked.name,
                };
                if command == AccountCommand::Rotate {
                    messages::accounts::ask_rotate(&account)
                } else {
                    messages::accounts::ask_unlink(&account, linked.x_account.as_ref())
                }
            })
        }
    };
    unit.say(|| said.unwrap_or_else(messages::accounts::no_such))
        .await
}
