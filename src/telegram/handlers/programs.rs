//! Which programs may use an account, and taking it back from one.

use crate::{
    audit,
    domain::{
        account::AccountId,
        audit::{Act, Actor, Event},
        facts::{AccountChoice, Program},
    },
    messages::{self, toast},
    store::{StoreError, accounts, clients},
    telegram::{
        Telegram,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

/// Says which programs may use an account of the user's.
pub(super) async fn say(unit: &mut UnitOfWork, account: AccountId) -> Result<(), StoreError> {
    let owner = unit.chat;
    let Some(linked) = accounts::by_id(&mut *unit.tx, owner, account).await? else {
        return unit.say(messages::accounts::no_such).await;
    };
    let programs = programs_of(unit, account).await?;
    let account = AccountChoice {
        id: linked.id,
        name: linked.name,
    };
    unit.say(|| messages::publishing::programs(&account, &programs))
        .await
}

async fn programs_of(
    unit: &mut UnitOfWork,
    account: AccountId,
) -> Result<Vec<Program>, StoreError> {
    let owner = unit.chat;
    let uses = clients::uses_of(&mut *unit.tx, owner).await?;
    let of_it = uses.into_iter().filter(|each| each.account == account);
    Ok(of_it
        .map(|each| Program {
            id: each.client,
            name: each.name,
        })
        .collect())
}

/// A tap on "Take back".
pub(in crate::telegram) async fn take_back(
    telegram: Telegram,
    unit: Unit,
    (client, account): (i64, AccountId),
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let owner = unit.chat;
    let known = accounts::by_id(&mut *unit.tx, owner, account).await?;
    if known.is_none() {
        unit.toast(toast::no_such_account());
    }
    let programs = programs_of(unit, account).await?;
    let program = programs.into_iter().find(|program| program.id == client);
    if let (Some(linked), Some(program)) = (known, program)
        && clients::take_back(&mut *unit.tx, owner, account, client).await?
    {
        let act = Act {
            owner,
            actor: Actor::User,
            event: Event::ClientTakeBack,
            account: Some(account),
            detail: program.name.to_string(),
        };
        audit::note(&mut unit.tx, &telegram.audit, act, telegram.clock.now()).await?;
        let account = AccountChoice {
            id: linked.id,
            name: linked.name,
        };
        unit.say(|| messages::publishing::program_removed(&account, &program.name))
            .await?;
    }
    Ok(())
}
