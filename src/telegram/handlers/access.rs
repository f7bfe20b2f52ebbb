//! Who may use the bot: people ask, its owner decides, and may take it back.

use teloxide::types::CallbackQuery;

use crate::{
    audit,
    domain::{
        audit::{Act, Actor, Event},
        linking::LinkingState,
        notice::{Notice, Standing},
    },
    store::{StoreError, access},
    telegram::{
        Telegram,
        action::Decision,
        handlers::strays,
        reply,
        schema::HandlerResult,
        texts::toast,
        turn::{Turn, Visit},
    },
};

/// People that `/users` lists.
const LISTED: u32 = 50;
/// The longest name that is kept; Telegram allows 64 characters.
const NAME_CHARS: usize = 64;

/// Somebody who may not use the bot wrote: their request goes to the owner, once. What they are to be told; `None`: the bot
/// has no owner.
pub(super) async fn ask(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    first_name: &str,
) -> Result<Option<Notice>, StoreError> {
    let Some(owner) = telegram.owner else {
        return Ok(None);
    };
    let (user, now) = (turn.chat(), telegram.clock.now());
    let first_name: String = first_name.chars().take(NAME_CHARS).collect();
    if access::ask(&mut *turn.tx, user, &first_name, now).await? {
        note(telegram, turn, user, Actor::User, Event::AccessRequest).await?;
        let request = Notice::AccessRequest { user, first_name };
        turn.say_to(owner, &request).await?;
    }
    let standing = access::standing(&mut *turn.tx, user).await?;
    Ok(Some(match standing {
        Some(standing @ (Standing::Refused | Standing::Blocked)) => {
            Notice::AccessDecided { standing }
        }
        Some(Standing::Asked | Standing::Granted) | None => Notice::AccessAsked,
    }))
}

/// The owner's answer to a request.
pub(in crate::telegram) async fn decide(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
    (decision, user): (Decision, i64),
) -> HandlerResult {
    if telegram.owner != Some(visit.chat) {
        reply::answer(&telegram.bot, query.id, Some(toast::old_button())).await;
        return strays::ignored(telegram, visit, state).await;
    }
    reply::answer(&telegram.bot, query.id, None).await;
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    set(&telegram, &mut turn, user, decision).await?;
    Ok(turn.finish().await?)
}

async fn set(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    user: i64,
    decision: Decision,
) -> Result<(), StoreError> {
    let (standing, event) = match decision {
        Decision::Approve => (Standing::Granted, Event::AccessGrant),
        Decision::Refuse => (Standing::Refused, Event::AccessRefuse),
        Decision::Block => (Standing::Blocked, Event::AccessBlock),
    };
    let now = telegram.clock.now();
    if access::decide(&mut *turn.tx, user, standing, now).await? {
        note(telegram, turn, user, Actor::Owner, event).await?;
        if standing != Standing::Blocked {
            turn.say_to(user, &Notice::AccessDecided { standing })
                .await?;
        }
    }
    turn.say(&Notice::AccessSet { user, standing }).await
}

/// `/users`, for the owner alone.
pub(in crate::telegram) async fn users(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    if telegram.owner == Some(visit.chat) {
        let guests = access::list(&mut *turn.tx, LISTED).await?;
        turn.say(&Notice::Guests { guests }).await?;
    } else {
        turn.say(&Notice::UnknownCommand).await?;
    }
    Ok(turn.finish().await?)
}

/// `/block ID`, for the owner alone.
pub(in crate::telegram) async fn block(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    user: String,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    match (telegram.owner == Some(visit.chat), user.trim().parse()) {
        (true, Ok(user)) => set(&telegram, &mut turn, user, Decision::Block).await?,
        (true, Err(_)) => turn.say(&Notice::BlockWhom).await?,
        (false, _) => turn.say(&Notice::UnknownCommand).await?,
    }
    Ok(turn.finish().await?)
}

async fn note(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    user: i64,
    actor: Actor,
    event: Event,
) -> Result<(), StoreError> {
    let act = Act {
        owner: user,
        actor,
        event,
        account: None,
        detail: String::new(),
    };
    audit::note(&mut turn.tx, &telegram.audit, act, telegram.clock.now()).await
}
