//! `/addx`: the name, the four values, and leaving the flow.

use teloxide::types::Message;

use crate::{
    domain::{
        account::{AccountName, NameRejection},
        linking::{
            AwaitingName, AwaitingValue, ConfirmingValue, Ending, LinkName, LinkingState, Purpose,
            Remark,
        },
        notice::Notice,
    },
    linker::{Answer, Begun, Source, Submitted},
    store::{StoreError, accounts},
    telegram::{
        Telegram,
        schema::HandlerResult,
        turn::{Turn, Visit},
    },
};

pub(in crate::telegram) async fn addx(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let name = match name.trim() {
        "" => None,
        text => match AccountName::parse(text) {
            Ok(name) => Some(name),
            Err(reason) => {
                turn.say(&Notice::NameRejected { reason }).await?;
                return Ok(turn.finish().await?);
            }
        },
    };
    match state {
        LinkingState::Idle | LinkingState::Closed(_) => begin(&telegram, &mut turn, name).await?,
        // The name is what the flow waits for.
        LinkingState::AwaitingName(awaiting) => match name {
            Some(name) => {
                let answered = telegram
                    .linker
                    .answer_name(&mut turn.tx, visit.chat, awaiting, name.as_str())
                    .await?;
                turn.go(&answered).await?;
                turn.renew_card().await?;
            }
            None => turn.renew_card().await?,
        },
        LinkingState::AwaitingValue(_)
        | LinkingState::ConfirmingValue(_)
        | LinkingState::AwaitingPin(_) => {
            let state = turn.newest(state).await?;
            let taken = match &name {
                Some(name) => accounts::by_name(&mut *turn.tx, visit.chat, name).await?,
                None => None,
            };
            if taken.is_some() {
                let reason = NameRejection::Taken;
                turn.say(&Notice::NameRejected { reason }).await?;
            } else {
                let state = state.restart_as(name);
                turn.go(&state).await?;
                turn.ask_about_open_flow(&state, true).await?;
            }
        }
    }
    Ok(turn.finish().await?)
}

/// Begins a new link, and its card.
pub(super) async fn begin(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    name: Option<AccountName>,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    match telegram
        .linker
        .begin_link(&mut turn.tx, owner, name)
        .await?
    {
        Begun::Flow(state) => turn.open_flow(&state).await,
        Begun::NameRejected(reason) => turn.say(&Notice::NameRejected { reason }).await,
        Begun::TooManyAccounts => turn.say(&Notice::TooManyAccounts).await,
    }
}

pub(in crate::telegram) async fn name(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    awaiting: AwaitingName,
    message: Message,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let refused = |reason| LinkingState::AwaitingName(awaiting.clone().reject(reason));
    let state = match message.text() {
        // An album is one message per picture: the card that says so already stays as it is.
        None if awaiting.rejection == Some(NameRejection::NotText) => {
            return Ok(turn.finish().await?);
        }
        Some(text) if text.starts_with('/') => refused(NameRejection::UnknownCommand),
        Some(text) => {
            telegram
                .linker
                .answer_name(&mut turn.tx, visit.chat, awaiting, text)
                .await?
        }
        None => refused(NameRejection::NotText),
    };
    turn.go(&state).await?;
    Ok(turn.finish().await?)
}

pub(in crate::telegram) async fn value(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    awaiting: AwaitingValue,
    message: Message,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let answer = match message.text() {
        Some(text) if text.starts_with('/') => remark(awaiting.clone(), Remark::UnknownCommand),
        Some(text) => {
            telegram
                .linker
                .answer_value(&mut turn.tx, visit.chat, awaiting.clone(), text)
                .await?
        }
        // An album is one message per picture: the card that says so already stays as it is.
        None if awaiting.remark == Some(Remark::NotText) => return Ok(turn.finish().await?),
        None => remark(awaiting.clone(), Remark::NotText),
    };
    let answer = match answer {
        Answer::State(LinkingState::AwaitingValue(next)) => {
            Answer::State(LinkingState::AwaitingValue(next.after(&awaiting)))
        }
        answer => answer,
    };
    take(&telegram, &mut turn, &state, answer).await?;
    Ok(turn.finish().await?)
}

fn remark(awaiting: AwaitingValue, remark: Remark) -> Answer {
    Answer::State(LinkingState::AwaitingValue(awaiting.remark(remark)))
}

/// Moves on with what came of an answer; hands the values over when all are in.
pub(super) async fn take(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    before: &LinkingState,
    answer: Answer,
) -> Result<(), StoreError> {
    let (flow, remark) = match answer {
        Answer::State(state) => return turn.go(&state).await,
        Answer::Complete(flow, remark) => (flow, remark),
    };
    let owner = turn.chat();
    let source = match before {
        LinkingState::AwaitingPin(pin) if pin.token_of().is_some() => Source::X,
        _ => Source::User,
    };
    let linker = &telegram.linker;
    let submitted = linker.submit(&mut turn.tx, owner, &flow, source).await?;
    turn.close_flow(before, Ending::Submitted, remark).await?;
    match submitted {
        Submitted::Checking => Ok(()),
        Submitted::Said(notice) => turn.say(&notice).await,
    }
}

/// A message came while a button is to be tapped.
pub(in crate::telegram) async fn message_instead_of_tap(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    confirming: ConfirmingValue,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    if !confirming.reminded {
        let reminded = ConfirmingValue {
            reminded: true,
            ..confirming
        };
        turn.go(&LinkingState::ConfirmingValue(reminded)).await?;
    }
    Ok(turn.finish().await?)
}

pub(in crate::telegram) async fn cancel(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    // X may have answered since the command came in.
    let state = turn.newest(state).await?;
    leave(&telegram, &mut turn, &state).await?;
    Ok(turn.finish().await?)
}

/// Leaves the open flow, wipes what was entered, and says how much that was.
pub(super) async fn leave(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: &LinkingState,
) -> Result<(), StoreError> {
    if state.flow_id().is_none() {
        return turn.say(&Notice::NothingToCancel).await;
    }
    let owner = turn.chat();
    let values = telegram.linker.wipe(&mut turn.tx, owner, state).await?;
    turn.close_flow(state, Ending::Cancelled, None).await?;
    turn.say(&Notice::Cancelled { values }).await
}

/// Leaves the open flow for a new one of the same or the asked-for name.
pub(super) async fn start_over(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: LinkingState,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    telegram.linker.wipe(&mut turn.tx, owner, &state).await?;
    turn.close_flow(&state, Ending::Abandoned, None).await?;
    let name = state.flow().and_then(|flow| {
        flow.restart_as.clone().or_else(|| match &flow.purpose {
            Purpose::Link(LinkName::Given(name)) => Some(name.clone()),
            Purpose::Link(LinkName::XHandle) | Purpose::Rotate(_) => None,
        })
    });
    match telegram
        .linker
        .begin_link(&mut turn.tx, owner, name)
        .await?
    {
        // In the message that asked.
        Begun::Flow(state) => turn.go(&state).await,
        Begun::NameRejected(reason) => turn.say(&Notice::NameRejected { reason }).await,
        Begun::TooManyAccounts => turn.say(&Notice::TooManyAccounts).await,
    }
}
