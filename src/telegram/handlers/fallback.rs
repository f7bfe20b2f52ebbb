//! Messages that nobody asked for: outside a flow, edited, in groups, from people who may not use the bot.

use chrono::TimeDelta;
use teloxide::types::Message;

use crate::{
    domain::{
        account::NameRejection,
        linking::{ConfirmingValue, LinkingState, Remark},
        pin::PinRemark,
    },
    messages,
    store::{StoreError, reply_throttle},
    telegram::{
        Telegram,
        handlers::access,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

/// A group, or a person who may not use the bot, gets one answer in this time.
pub(in crate::telegram) const COURTESY: TimeDelta = TimeDelta::hours(24);

/// A message while nothing is asked for.
pub(in crate::telegram) async fn message(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
    message: Message,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let answered = telegram.is_rest_of_album(&message);
    match unit.deletion {
        // The user was told that the flow is over; that says enough.
        Some(_) if state.expects_secret() => {}
        Some(removal) => unit.say_stray_secret(removal, false).await?,
        None if answered => {}
        None if message.text().is_some_and(|text| text.starts_with('/')) => {
            unit.say(messages::pages::unknown_command).await?;
        }
        None => unit.say(messages::pages::nothing_asked).await?,
    }
    Ok(())
}

/// An edit is never an answer. If it may show a secret, it was deleted.
pub(in crate::telegram) async fn edited(unit: Unit, state: LinkingState) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    match (unit.deletion, state.clone()) {
        (Some(_), LinkingState::AwaitingValue(awaiting)) => {
            let state = LinkingState::AwaitingValue(awaiting.remark(Remark::Edited));
            unit.dialogue.update(state).await?;
        }
        (Some(_), LinkingState::AwaitingName(awaiting)) => {
            let state = LinkingState::AwaitingName(awaiting.reject(NameRejection::Edited));
            unit.dialogue.update(state).await?;
        }
        (Some(_), LinkingState::ConfirmingValue(confirming)) => {
            let reminded = ConfirmingValue {
                reminded: true,
                ..confirming
            };
            unit.dialogue
                .update(LinkingState::ConfirmingValue(reminded))
                .await?;
        }
        (Some(_), LinkingState::AwaitingPin(awaiting)) => {
            let edited = awaiting.remark(PinRemark::Edited);
            let state = LinkingState::AwaitingPin(Box::new(edited));
            unit.dialogue.update(state).await?;
        }
        // The user was told that the flow is over; that says enough.
        (Some(_), LinkingState::Closed(_)) if state.expects_secret() => {}
        (Some(removal), LinkingState::Idle | LinkingState::Closed(_)) => {
            unit.say_stray_secret(removal, false).await?;
        }
        (None, _) => {}
    }
    Ok(())
}

/// A message from somebody who may not use the bot: one polite answer.
pub(in crate::telegram) async fn not_allowed(
    telegram: Telegram,
    unit: Unit,
    message: Message,
) -> HandlerResult {
    let first_name = message.from.map(|user| user.first_name);
    turn_away(&telegram, &unit, first_name.unwrap_or_default()).await
}

/// One polite answer, and where the bot has an owner, a request to them.
pub(super) async fn turn_away(
    telegram: &Telegram,
    unit: &Unit,
    first_name: String,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if let Some(removal) = unit.deletion {
        unit.say_stray_secret(removal, false).await?;
    }
    let asked = access::ask(telegram, unit, &first_name).await?;
    if reply_is_due(telegram, unit).await? {
        let user = unit.chat;
        unit.say(|| asked.unwrap_or_else(|| messages::access::not_allowed(user)))
            .await?;
    }
    Ok(())
}

/// A message in a group: one answer that leads to the private chat, and never a question.
pub(in crate::telegram) async fn in_group(
    telegram: Telegram,
    unit: Unit,
    message: Message,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if let Some(removal) = unit.deletion {
        unit.say_stray_secret(removal, true).await?;
    }
    let is_command = message.text().is_some_and(|text| text.starts_with('/'));
    if is_command && reply_is_due(&telegram, unit).await? {
        unit.say(|| messages::pages::private_chats_only(telegram.me.username()))
            .await?;
    }
    Ok(())
}

/// An edit in a group. If it shows a secret, it was deleted.
pub(in crate::telegram) async fn edited_in_group(unit: Unit) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if let Some(removal) = unit.deletion {
        unit.say_stray_secret(removal, true).await?;
    }
    Ok(())
}

/// An update that means nothing here.
pub(in crate::telegram) async fn ignored() -> HandlerResult {
    Ok(())
}

async fn reply_is_due(telegram: &Telegram, unit: &mut UnitOfWork) -> Result<bool, StoreError> {
    let now = telegram.clock.now();
    let chat = unit.chat;
    reply_throttle::claim(&mut *unit.tx, chat, now - COURTESY, now).await
}
