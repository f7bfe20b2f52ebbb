//! The PIN that X shows, and the buttons around it.

use teloxide::types::Message;

use crate::{
    domain::{
        account::AccountId,
        linking::LinkingState,
        notice::Notice,
        pin::{AwaitingPin, PinRemark, PinStage},
    },
    linker::Answer,
    store::StoreError,
    telegram::{
        Telegram,
        action::FlowAction,
        handlers::link,
        schema::HandlerResult,
        turn::{Turn, Visit},
    },
};

pub(in crate::telegram) async fn message(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    message: Message,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    // X may have answered since the update came in.
    let before = turn.newest(state).await?;
    if let LinkingState::AwaitingPin(awaiting) = before.clone() {
        let owner = turn.chat();
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
                    .answer_pin(&mut turn.tx, owner, *awaiting, text)
                    .await?
            }
            None => remark(PinRemark::NotText),
        };
        // An album is one message per picture: the card that says so already stays as it is.
        let says_so = message.text().is_none() && awaiting_remark == Some(PinRemark::NotText);
        if !says_so {
            link::take(&telegram, &mut turn, &before, answer).await?;
        }
    }
    Ok(turn.finish().await?)
}

/// A button of the card that is about the PIN.
pub(super) async fn act(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: LinkingState,
    action: FlowAction,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    let linker = &telegram.linker;
    let before = state.clone();
    let next = match (action, state) {
        (FlowAction::Pin, LinkingState::AwaitingValue(value)) if value.flow.may_use_pin() => {
            linker.begin_pin(&mut turn.tx, owner, value.flow).await?
        }
        (FlowAction::NewLink, LinkingState::AwaitingPin(pin)) => {
            linker.renew_pin(&mut turn.tx, owner, *pin).await?
        }
        (FlowAction::PinAgain, LinkingState::AwaitingPin(pin)) => {
            linker.retry_pin(&mut turn.tx, owner, *pin).await?
        }
        (FlowAction::ThisAccount, LinkingState::AwaitingPin(pin)) if is_confirming(&pin) => {
            let answer = linker.confirm_account(&mut turn.tx, owner, *pin).await?;
            return link::take(telegram, turn, &before, answer).await;
        }
        (FlowAction::OtherAccount, LinkingState::AwaitingPin(pin)) if is_confirming(&pin) => {
            linker.refuse_account(&mut turn.tx, owner, *pin).await?
        }
        (FlowAction::RevokeOther, LinkingState::AwaitingPin(pin)) => {
            match linker.revoke_account(&mut turn.tx, *pin).await? {
                Some(state) => state,
                None => return Ok(()),
            }
        }
        // The button belongs to another state: nothing fits.
        _ => return Ok(()),
    };
    turn.go(&next).await
}

fn is_confirming(state: &AwaitingPin) -> bool {
    matches!(state.stage, PinStage::Confirming { .. })
}

/// "Use the same app": fits while a new link asks for its first value.
pub(super) async fn use_app(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: LinkingState,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    let value = match state {
        LinkingState::AwaitingValue(value)
            if value.flow.is_link() && value.flow.received.is_empty() =>
        {
            value
        }
        state if state.flow_id().is_some() => {
            return turn.ask_about_open_flow(&state, false).await;
        }
        _ => return turn.say(&Notice::NothingAsked).await,
    };
    let next = telegram
        .linker
        .use_app(&mut turn.tx, owner, value, account)
        .await?;
    match next {
        Some(state) => turn.go(&state).await,
        None => turn.say(&Notice::NoSuchAccount).await,
    }
}
