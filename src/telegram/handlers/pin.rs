//! The PIN that X shows, and the buttons around it.

use teloxide::types::Message;

use crate::{
    domain::{
        account::AccountId,
        linking::LinkingState,
        pin::{AwaitingPin, PinRemark, PinStage},
    },
    linking::Answer,
    messages::{self, action::FlowAction},
    store::StoreError,
    telegram::{
        Telegram,
        handlers::link,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

pub(in crate::telegram) async fn message(
    telegram: Telegram,
    unit: Unit,
    before: LinkingState,
    message: Message,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if let LinkingState::AwaitingPin(awaiting) = before.clone() {
        let owner = unit.chat;
        let awaiting_remark = awaiting.remark;
        let remark = |remark| {
            let state = awaiting.clone().remark(remark);
            Answer::State(LinkingState::AwaitingPin(Box::new(state)))
        };
        let answer = match message.text() {
            Some(text) if text.starts_with('/') => remark(PinRemark::UnknownCommand),
            Some(text) => {
                telegram
                    .linker
                    .answer_pin(&mut unit.tx, owner, *awaiting, text)
                    .await?
            }
            None => remark(PinRemark::NotText),
        };
        // An album is one message per picture: the card that says so already stays as it is.
        let says_so = message.text().is_none() && awaiting_remark == Some(PinRemark::NotText);
        if !says_so {
            link::take(&telegram, unit, &before, answer).await?;
        }
    }
    Ok(())
}

/// A button of the card that is about the PIN.
pub(super) async fn act(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: LinkingState,
    action: FlowAction,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    let linker = &telegram.linker;
    let before = state.clone();
    let next = match (action, state) {
        (FlowAction::Pin, LinkingState::AwaitingValue(value)) if value.flow.may_use_pin() => {
            linker.begin_pin(&mut unit.tx, owner, value.flow).await?
        }
        (FlowAction::NewLink, LinkingState::AwaitingPin(pin)) => {
            linker.renew_pin(&mut unit.tx, owner, *pin).await?
        }
        (FlowAction::PinAgain, LinkingState::AwaitingPin(pin)) => {
            linker.retry_pin(&mut unit.tx, owner, *pin).await?
        }
        (FlowAction::ThisAccount, LinkingState::AwaitingPin(pin)) if is_confirming(&pin) => {
            let answer = linker.confirm_account(&mut unit.tx, owner, *pin).await?;
            return link::take(telegram, unit, &before, answer).await;
        }
        (FlowAction::OtherAccount, LinkingState::AwaitingPin(pin)) if is_confirming(&pin) => {
            linker.refuse_account(&mut unit.tx, owner, *pin).await?
        }
        (FlowAction::RevokeOther, LinkingState::AwaitingPin(pin)) => {
            match linker.revoke_account(&mut unit.tx, *pin).await? {
                Some(state) => state,
                None => return Ok(()),
            }
        }
        // The button belongs to another state: nothing fits.
        _ => return Ok(()),
    };
    Ok(unit.dialogue.update(next).await?)
}

fn is_confirming(state: &AwaitingPin) -> bool {
    matches!(state.stage, PinStage::Confirming { .. })
}

/// "Use the same app": fits while a new link asks for its first value.
pub(super) async fn use_app(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: LinkingState,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    let value = match state {
        LinkingState::AwaitingValue(value)
            if value.flow.is_link() && value.flow.received.is_empty() =>
        {
            value
        }
        state if state.flow_id().is_some() => {
            return unit.ask_about_open_flow(&state, false).await;
        }
        _ => return unit.say(messages::pages::nothing_asked).await,
    };
    let next = telegram
        .linker
        .use_app(&mut unit.tx, owner, value, account)
        .await?;
    match next {
        Some(state) => Ok(unit.dialogue.update(state).await?),
        None => unit.say(messages::accounts::no_such).await,
    }
}
