//! `/addx`: the name, the four values, and leaving the flow.

use teloxide::types::Message;

use crate::{
    domain::{
        account::{AccountName, NameRejection},
        linking::{
            AwaitingName, AwaitingValue, ConfirmingValue, Ending, LinkName, LinkingState, Purpose,
            Remark,
        },
    },
    linking::{Answer, Begun, Source, Submitted},
    messages,
    store::{StoreError, accounts},
    telegram::{
        Telegram,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

pub(in crate::telegram) async fn addx(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let name = match name.trim() {
        "" => None,
        text => match AccountName::parse(text) {
            Ok(name) => Some(name),
            Err(reason) => {
                unit.say(|| messages::accounts::name_rejected(reason))
                    .await?;
                return Ok(());
            }
        },
    };
    match state {
        LinkingState::Idle | LinkingState::Closed(_) => begin(&telegram, unit, name).await?,
        // The name is what the flow waits for.
        LinkingState::AwaitingName(awaiting) => match name {
            Some(name) => {
                let answered = telegram
                    .linker
                    .answer_name(&mut unit.tx, unit.chat, awaiting, name.as_str())
                    .await?;
                unit.dialogue.update(answered).await?;
                unit.renew_card().await?;
            }
            None => unit.renew_card().await?,
        },
        LinkingState::AwaitingValue(_)
        | LinkingState::ConfirmingValue(_)
        | LinkingState::AwaitingPin(_) => {
            let taken = match &name {
                Some(name) => accounts::by_name(&mut *unit.tx, unit.chat, name).await?,
                None => None,
            };
            if taken.is_some() {
                let reason = NameRejection::Taken;
                unit.say(|| messages::accounts::name_rejected(reason))
                    .await?;
            } else {
                let state = state.restart_as(name);
                unit.dialogue.update(state.clone()).await?;
                unit.ask_about_open_flow(&state, true).await?;
            }
        }
    }
    Ok(())
}

/// Begins a new link, and its card.
pub(super) async fn begin(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    name: Option<AccountName>,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    match telegram
        .linker
        .begin_link(&mut unit.tx, owner, name)
        .await?
    {
        Begun::Flow(state) => {
            unit.open_flow(*state);
            Ok(())
        }
        Begun::NameRejected(reason) => unit.say(|| messages::accounts::name_rejected(reason)).await,
        Begun::TooManyAccounts => unit.say(messages::accounts::too_many).await,
    }
}

pub(in crate::telegram) async fn name(
    telegram: Telegram,
    unit: Unit,
    awaiting: AwaitingName,
    message: Message,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let refused = |reason| LinkingState::AwaitingName(awaiting.clone().reject(reason));
    let state = match message.text() {
        // An album is one message per picture: the card that says so already stays as it is.
        None if awaiting.rejection == Some(NameRejection::NotText) => {
            return Ok(());
        }
        Some(text) if text.starts_with('/') => refused(NameRejection::UnknownCommand),
        Some(text) => {
            telegram
                .linker
                .answer_name(&mut unit.tx, unit.chat, awaiting, text)
                .await?
        }
        None => refused(NameRejection::NotText),
    };
    unit.dialogue.update(state).await?;
    Ok(())
}

pub(in crate::telegram) async fn value(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
    awaiting: AwaitingValue,
    message: Message,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let answer = match message.text() {
        Some(text) if text.starts_with('/') => remark(awaiting.clone(), Remark::UnknownCommand),
        Some(text) => {
            telegram
                .linker
                .answer_value(&mut unit.tx, unit.chat, awaiting.clone(), text)
                .await?
        }
        // An album is one message per picture: the card that says so already stays as it is.
        None if awaiting.remark == Some(Remark::NotText) => return Ok(()),
        None => remark(awaiting.clone(), Remark::NotText),
    };
    let answer = match answer {
        Answer::State(LinkingState::AwaitingValue(next)) => {
            Answer::State(LinkingState::AwaitingValue(next.after(&awaiting)))
        }
        answer => answer,
    };
    take(&telegram, unit, &state, answer).await?;
    Ok(())
}

fn remark(awaiting: AwaitingValue, remark: Remark) -> Answer {
    Answer::State(LinkingState::AwaitingValue(awaiting.remark(remark)))
}

/// Moves on with what came of an answer; hands the values over when all are in.
pub(super) async fn take(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    before: &LinkingState,
    answer: Answer,
) -> Result<(), StoreError> {
    let (flow, remark) = match answer {
        Answer::State(state) => return Ok(unit.dialogue.update(state).await?),
        Answer::Complete(flow, remark) => (flow, remark),
    };
    let owner = unit.chat;
    let source = match before {
        LinkingState::AwaitingPin(pin) if pin.token_of().is_some() => Source::X,
        _ => Source::User,
    };
    let linker = &telegram.linker;
    let submitted = linker.submit(&mut unit.tx, owner, &flow, source).await?;
    unit.close_flow(before, Ending::Submitted, remark);
    match submitted {
        Submitted::Checking => Ok(()),
        Submitted::Said(message) => unit.say(|| message).await,
    }
}

/// A message came while a button is to be tapped.
pub(in crate::telegram) async fn message_instead_of_tap(
    unit: Unit,
    confirming: ConfirmingValue,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if !confirming.reminded {
        let reminded = ConfirmingValue {
            reminded: true,
            ..confirming
        };
        unit.dialogue
            .update(LinkingState::ConfirmingValue(reminded))
            .await?;
    }
    Ok(())
}

pub(in crate::telegram) async fn cancel(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    leave(&telegram, unit, &state).await?;
    Ok(())
}

/// Leaves the open flow, wipes what was entered, and says how much that was.
pub(super) async fn leave(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: &LinkingState,
) -> Result<(), StoreError> {
    if state.flow_id().is_none() {
        return unit.say(messages::flow::nothing_to_cancel).await;
    }
    let owner = unit.chat;
    let values = telegram.linker.wipe(&mut unit.tx, owner, state).await?;
    unit.close_flow(state, Ending::Cancelled, None);
    unit.say(|| messages::flow::cancelled(values)).await
}

/// Leaves the open flow for a new one of the same or the asked-for name.
pub(super) async fn start_over(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: LinkingState,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    telegram.linker.wipe(&mut unit.tx, owner, &state).await?;
    unit.close_flow(&state, Ending::Abandoned, None);
    let name = state.flow().and_then(|flow| {
        flow.restart_as.clone().or_else(|| match &flow.purpose {
            Purpose::Link(LinkName::Given(name)) => Some(name.clone()),
            Purpose::Link(LinkName::XHandle) | Purpose::Rotate(_) => None,
        })
    });
    match telegram
        .linker
        .begin_link(&mut unit.tx, owner, name)
        .await?
    {
        // In the message that asked.
        Begun::Flow(state) => Ok(unit.dialogue.update(*state).await?),
        Begun::NameRejected(reason) => unit.say(|| messages::accounts::name_rejected(reason)).await,
        Begun::TooManyAccounts => unit.say(messages::accounts::too_many).await,
    }
}
