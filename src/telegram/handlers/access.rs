//! Who may use the bot: people ask, its owner decides, and may take it back.

use crate::{
    audit,
    domain::{
        audit::{Act, Actor, Event},
        facts::Standing,
    },
    messages::{self, Message, action::Decision, toast},
    store::{StoreError, access},
    telegram::{
        Telegram,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
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
    unit: &mut UnitOfWork,
    first_name: &str,
) -> Result<Option<Message>, StoreError> {
    let Some(owner) = telegram.linker.people.owner else {
        return Ok(None);
    };
    let (user, now) = (unit.chat, telegram.clock.now());
    let first_name: String = first_name.chars().take(NAME_CHARS).collect();
    if access::ask(&mut *unit.tx, user, &first_name, now).await? {
        note(telegram, unit, user, Actor::User, Event::AccessRequest).await?;
        let request = || messages::access::request(user, &first_name);
        unit.say_to(owner, request).await?;
    }
    let standing = access::standing(&mut *unit.tx, user).await?;
    Ok(Some(match standing {
        Some(standing @ (Standing::Refused | Standing::Blocked)) => {
            messages::access::decided(standing)
        }
        Some(Standing::Asked | Standing::Granted) | None => messages::access::asked(),
    }))
}

/// The owner's answer to a request.
pub(in crate::telegram) async fn decide(
    telegram: Telegram,
    unit: Unit,
    (decision, user): (Decision, i64),
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if telegram.linker.people.owner != Some(unit.chat) {
        unit.toast(toast::old_button());
        return Ok(());
    }
    set(&telegram, unit, user, decision).await?;
    Ok(())
}

async fn set(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    user: i64,
    decision: Decision,
) -> Result<(), StoreError> {
    let (standing, event) = match decision {
        Decision::Approve => (Standing::Granted, Event::AccessGrant),
        Decision::Refuse => (Standing::Refused, Event::AccessRefuse),
        Decision::Block => (Standing::Blocked, Event::AccessBlock),
    };
    let now = telegram.clock.now();
    if access::decide(&mut *unit.tx, user, standing, now).await? {
        note(telegram, unit, user, Actor::Owner, event).await?;
        if standing != Standing::Blocked {
            unit.say_to(user, || messages::access::decided(standing))
                .await?;
        }
    }
    unit.say(|| messages::access::set(user, standing)).await
}

/// `/users`, for the owner alone.
pub(in crate::telegram) async fn users(telegram: Telegram, unit: Unit) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if telegram.linker.people.owner == Some(unit.chat) {
        let guests = access::list(&mut *unit.tx, LISTED).await?;
        let now = telegram.clock.now();
        unit.say(|| messages::access::guests(&guests, now)).await?;
    } else {
        unit.say(messages::pages::unknown_command).await?;
    }
    Ok(())
}

/// `/block ID`, for the owner alone.
pub(in crate::telegram) async fn block(
    telegram: Telegram,
    unit: Unit,
    user: String,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    match (
        telegram.linker.people.owner == Some(unit.chat),
        user.trim().parse(),
    ) {
        (true, Ok(user)) => set(&telegram, unit, user, Decision::Block).await?,
        (true, Err(_)) => unit.say(messages::access::block_whom).await?,
        (false, _) => unit.say(messages::pages::unknown_command).await?,
    }
    Ok(())
}

async fn note(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
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
    audit::note(&mut unit.tx, &telegram.audit, act, telegram.clock.now()).await
}
