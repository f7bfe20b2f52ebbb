//! Messages that nobody asked for: outside a flow, edited, in groups, from people who may not use the bot.

use chrono::TimeDelta;
use teloxide::types::Message;

use crate::{
    domain::{
        account::NameRejection,
        linking::{ConfirmingValue, LinkingState, Remark},
        notice::Notice,
        pin::PinRemark,
    },
    store::{StoreError, courtesies},
    telegram::{
        Telegram,
        handlers::access,
        schema::HandlerResult,
        turn::{Turn, Visit},
    },
};

/// A group, or a person who may not use the bot, gets one answer in this time.
pub(in crate::telegram) const COURTESY: TimeDelta = TimeDelta::hours(24);

/// A message while nothing is asked for.
pub(in crate::telegram) async fn message(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    message: Message,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let answered = telegram.is_rest_of_album(&message);
    match visit.deletion {
        // The user was told that the flow is over; that says enough.
        Some(_) if state.expects_secret() => {}
        Some(removal) => turn.say_stray_secret(removal, false).await?,
        None if answered => {}
        None if message.text().is_some_and(|text| text.starts_with('/')) => {
            turn.say(&Notice::UnknownCommand).await?;
        }
        None => turn.say(&Notice::NothingAsked).await?,
    }
    Ok(turn.finish().await?)
}

/// An edit is never an answer. If it may show a secret, it was deleted.
pub(in crate::telegram) async fn edited(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    match (visit.deletion, state.clone()) {
        (Some(_), LinkingState::AwaitingValue(awaiting)) => {
            let state = LinkingState::AwaitingValue(awaiting.remark(Remark::Edited));
            turn.go(&state).await?;
        }
        (Some(_), LinkingState::AwaitingName(awaiting)) => {
            let state = LinkingState::AwaitingName(awaiting.reject(NameRejection::Edited));
            turn.go(&state).await?;
        }
        (Some(_), LinkingState::ConfirmingValue(confirming)) => {
            let reminded = ConfirmingValue {
                reminded: true,
                ..confirming
            };
            turn.go(&LinkingState::ConfirmingValue(reminded)).await?;
        }
        (Some(_), state @ LinkingState::AwaitingPin(_)) => {
            if let LinkingState::AwaitingPin(awaiting) = turn.newest(state).await? {
                let edited = awaiting.remark(PinRemark::Edited);
                turn.go(&LinkingState::AwaitingPin(Box::new(edited)))
                    .await?;
            }
        }
        // The user was told that the flow is over; that says enough.
        (Some(_), LinkingState::Closed(_)) if state.expects_secret() => {}
        (Some(removal), LinkingState::Idle | LinkingState::Closed(_)) => {
            turn.say_stray_secret(removal, false).await?;
        }
        (None, _) => {}
    }
    Ok(turn.finish().await?)
}

/// A message from somebody who may not use the bot: one polite answer.
pub(in crate::telegram) async fn not_allowed(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    message: Message,
) -> HandlerResult {
    let first_name = message.from.map(|user| user.first_name);
    turn_away(&telegram, &visit, &state, first_name.unwrap_or_default()).await
}

/// One polite answer, and where the bot has an owner, a request to them.
pub(super) async fn turn_away(
    telegram: &Telegram,
    visit: &Visit,
    state: &LinkingState,
    first_name: String,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(telegram, visit, state).await? else {
        return Ok(());
    };
    if let Some(removal) = visit.deletion {
        turn.say_stray_secret(removal, false).await?;
    }
    let asked = access::ask(telegram, &mut turn, &first_name).await?;
    if courtesy_is_due(telegram, &mut turn).await? {
        let notice = asked.unwrap_or(Notice::NotAllowed { user: visit.chat });
        turn.say(&notice).await?;
    }
    Ok(turn.finish().await?)
}

/// A message in a group: one answer that leads to the private chat, and never a question.
pub(in crate::telegram) async fn in_group(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    message: Message,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    if let Some(removal) = visit.deletion {
        turn.say_stray_secret(removal, true).await?;
    }
    let is_command = message.text().is_some_and(|text| text.starts_with('/'));
    if is_command && courtesy_is_due(&telegram, &mut turn).await? {
        turn.say(&Notice::PrivateChatsOnly).await?;
    }
    Ok(turn.finish().await?)
}

/// An edit in a group. If it shows a secret, it was deleted.
pub(in crate::telegram) async fn edited_in_group(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    if let Some(removal) = visit.deletion {
        turn.say_stray_secret(removal, true).await?;
    }
    Ok(turn.finish().await?)
}

/// An update that means nothing here.
pub(in crate::telegram) async fn ignored(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    match Turn::begin(&telegram, &visit, &state).await? {
        Some(turn) => Ok(turn.finish().await?),
        None => Ok(()),
    }
}

async fn courtesy_is_due(telegram: &Telegram, turn: &mut Turn<'_>) -> Result<bool, StoreError> {
    let now = telegram.clock.now();
    let chat = turn.chat();
    courtesies::claim(&mut *turn.tx, chat, now - COURTESY, now).await
}
