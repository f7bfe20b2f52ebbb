//! Which programs may use an account, and taking it back from one.

use teloxide::types::CallbackQuery;

use crate::{
    audit,
    domain::{
        account::AccountId,
        audit::{Act, Actor, Event},
        linking::LinkingState,
        notice::{AccountChoice, Notice, Program},
    },
    store::{StoreError, accounts, clients},
    telegram::{
        Telegram, reply,
        schema::HandlerResult,
        texts::toast,
        turn::{Turn, Visit},
    },
};

/// Says which programs may use an account of the user's.
pub(super) async fn say(turn: &mut Turn<'_>, account: AccountId) -> Result<(), StoreError> {
    let owner = turn.chat();
    let Some(linked) = accounts::by_id(&mut *turn.tx, owner, account).await? else {
        return turn.say(&Notice::NoSuchAccount).await;
    };
    let programs = programs_of(turn, account).await?;
    let account = AccountChoice {
        id: linked.id,
        name: linked.name,
    };
    turn.say(&Notice::Programs { account, programs }).await
}

async fn programs_of(turn: &mut Turn<'_>, account: AccountId) -> Result<Vec<Program>, StoreError> {
    let owner = turn.chat();
    let uses = clients::uses_of(&mut *turn.tx, owner).await?;
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
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
    (client, account): (i64, AccountId),
) -> HandlerResult {
    let known = accounts::by_id(telegram.store.reader(), visit.chat, account).await?;
    let toast = known.is_none().then(toast::no_such_account);
    reply::answer(&telegram.bot, query.id, toast).await;
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let owner = turn.chat();
    let programs = programs_of(&mut turn, account).await?;
    let program = programs.into_iter().find(|program| program.id == client);
    if let (Some(linked), Some(program)) = (known, program)
        && clients::take_back(&mut *turn.tx, owner, account, client).await?
    {
        let act = Act {
            owner,
            actor: Actor::User,
            event: Event::ClientTakeBack,
            account: Some(account),
            detail: program.name.to_string(),
        };
        audit::note(&mut turn.tx, &telegram.audit, act, telegram.clock.now()).await?;
        let notice = Notice::ProgramRemoved {
            account: AccountChoice {
                id: linked.id,
                name: linked.name,
            },
            program: program.name,
        };
        turn.say(&notice).await?;
    }
    Ok(turn.finish().await?)
}
