//! Taps on buttons. Each is answered after the commit; one on an old or forged button does nothing but say so.

use teloxide::types::CallbackQuery;

use crate::{
    domain::{
        account::AccountId,
        facts::AccountCommand,
        linking::{AwaitingName, Doubt, Ending, LinkName, LinkingState},
    },
    linking::Unlinked,
    messages::{
        self,
        action::{AccountAction, FlowAction, StepTag},
        toast,
    },
    store::{StoreError, accounts as store},
    telegram::{
        Telegram,
        handlers::{accounts, fallback, link, pin, programs, rotate},
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

/// A button of the card.
pub(in crate::telegram) async fn flow(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
    (action, tag): (FlowAction, StepTag),
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if StepTag::of(&state) != Some(tag) {
        unit.toast(toast::old_button());
        return Ok(());
    }
    act(&telegram, unit, state, action).await
}

async fn act(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: LinkingState,
    action: FlowAction,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    match (action, state) {
        (FlowAction::Cancel, state) => link::leave(telegram, unit, &state).await,
        (FlowAction::Continue, _) => {
            unit.redraw_card();
            Ok(())
        }
        (FlowAction::StartOver, state) => link::start_over(telegram, unit, state).await,
        (FlowAction::UseHandle, LinkingState::AwaitingName(awaiting)) => {
            let state = LinkingState::AwaitingValue(awaiting.named(LinkName::XHandle));
            Ok(unit.dialogue.update(state).await?)
        }
        (FlowAction::Back, state) => back(telegram, unit, state).await,
        (FlowAction::UseAnyway, LinkingState::ConfirmingValue(confirming)) => {
            let field = confirming.field;
            let before = LinkingState::ConfirmingValue(confirming.clone());
            let answer = telegram
                .linker
                .use_held(&mut unit.tx, owner, confirming, field)
                .await?;
            link::take(telegram, unit, &before, answer).await
        }
        (FlowAction::UseAsOther, LinkingState::ConfirmingValue(confirming)) => {
            let Doubt::OtherField { field, .. } = confirming.doubt else {
                return Ok(());
            };
            let before = LinkingState::ConfirmingValue(confirming.clone());
            let answer = telegram
                .linker
                .use_held(&mut unit.tx, owner, confirming, field)
                .await?;
            link::take(telegram, unit, &before, answer).await
        }
        (FlowAction::SendAgain, LinkingState::ConfirmingValue(confirming)) => {
            let state = telegram.linker.drop_held(&mut unit.tx, confirming).await?;
            Ok(unit.dialogue.update(state).await?)
        }
        (
            FlowAction::Pin
            | FlowAction::NewLink
            | FlowAction::PinAgain
            | FlowAction::ThisAccount
            | FlowAction::OtherAccount
            | FlowAction::RevokeOther,
            state,
        ) => pin::act(telegram, unit, state, action).await,
        (FlowAction::ReenterKeyPair, state) => match state.into_flow() {
            Some(flow) => {
                let state = telegram.linker.reenter_key_pair(&mut unit.tx, flow).await?;
                Ok(unit.dialogue.update(state).await?)
            }
            None => Ok(()),
        },
        // The button belongs to another state of the same step: nothing fits.
        (
            FlowAction::UseHandle
            | FlowAction::UseAnyway
            | FlowAction::UseAsOther
            | FlowAction::SendAgain,
            _,
        ) => Ok(()),
    }
}

/// Back to the value before; from the first one to the name, or out.
async fn back(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: LinkingState,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    if let LinkingState::AwaitingPin(pin) = state {
        let state = telegram
            .linker
            .paste_instead(&mut unit.tx, owner, *pin)
            .await?;
        return Ok(unit.dialogue.update(state).await?);
    }
    let Some(flow) = state.clone().into_flow() else {
        return link::leave(telegram, unit, &state).await;
    };
    let (id, account, is_link) = (flow.id, flow.account, flow.is_link());
    match telegram.linker.back(&mut unit.tx, flow).await? {
        Some(state) => Ok(unit.dialogue.update(state).await?),
        None if is_link => {
            let awaiting = AwaitingName {
                id,
                account,
                rejection: None,
                again: 0,
            };
            Ok(unit
                .dialogue
                .update(LinkingState::AwaitingName(awaiting))
                .await?)
        }
        None => link::leave(telegram, unit, &state).await,
    }
}

/// A button of an account.
pub(in crate::telegram) async fn account(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
    query: CallbackQuery,
    (action, account): (AccountAction, AccountId),
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let owner = unit.chat;
    let known = store::by_id(&mut *unit.tx, owner, account).await?;
    if known.is_none() {
        unit.toast(toast::no_such_account());
        return Ok(());
    }
    let message = query.message.as_ref().map(|message| message.id().0);
    match action {
        AccountAction::AccountCommand(command) => {
            accounts::run(&telegram, unit, command, account).await?;
        }
        AccountAction::CheckCandidate => {
            let asked = telegram
                .linker
                .verify_candidate(&mut unit.tx, owner, account)
                .await?;
            unit.say(|| asked.unwrap_or_else(messages::accounts::no_such))
                .await?;
        }
        AccountAction::Repair(doubtful) => {
            let fields = doubtful.fields();
            rotate::begin(&telegram, unit, &state, account, fields, true).await?;
        }
        AccountAction::Rotate(regenerated) => {
            let fields = regenerated.fields();
            rotate::begin(&telegram, unit, &state, account, fields, false).await?;
        }
        AccountAction::UseApp => {
            pin::use_app(&telegram, unit, state, account).await?;
        }
        AccountAction::Revoke => revoke(&telegram, unit, &state, account).await?,
        AccountAction::Erase => erase(&telegram, unit, &state, account).await?,
        AccountAction::Keep => {
            if let Some(question) = message {
                unit.delete_own(question).await?;
            }
        }
        AccountAction::Remind(days) => {
            let message = telegram
                .linker
                .remind(&mut unit.tx, owner, account, days)
                .await?;
            unit.say(|| message).await?;
        }
        AccountAction::Programs => programs::say(unit, account).await?,
        AccountAction::UpdateTwin => {
            // A flow about either of the two has nothing left to do.
            if state.account() == Some(account) {
                link::leave(&telegram, unit, &state).await?;
            }
            let kept = telegram
                .linker
                .update_twin(&mut unit.tx, owner, account)
                .await?;
            if let Some(kept) = &kept
                && state.account() == Some(kept.id)
            {
                link::leave(&telegram, unit, &state).await?;
            }
            unit.say(|| match &kept {
                Some(kept) => messages::accounts::twin_updated(&kept.name),
                None => messages::accounts::no_such(),
            })
            .await?;
        }
    }
    Ok(())
}

/// "Revoke at X and erase".
async fn revoke(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: &LinkingState,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    let open = (state.account() == Some(account)).then_some(state);
    let flow = open.and_then(LinkingState::flow);
    let linker = &telegram.linker;
    let revoked = linker.revoke_and_unlink(&mut unit.tx, owner, account, flow);
    let Some(gone) = revoked.await? else {
        return Ok(());
    };
    if let Some(open) = open {
        // What it has taken is revoked too, and then erased with the account.
        unit.close_flow(open, Ending::Cancelled, None);
    }
    unit.say(|| messages::receipt::revoking(&gone.name)).await
}

/// "Erase".
async fn erase(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: &LinkingState,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = unit.chat;
    if state.account() == Some(account) {
        link::leave(telegram, unit, state).await?;
    }
    let linker = &telegram.linker;
    match linker.unlink(&mut unit.tx, owner, account).await? {
        Some(Unlinked::Erased(gone)) => {
            let backups_until = linker.backups_until();
            unit.say(|| messages::receipt::unlinked(&gone.name, backups_until))
                .await
        }
        Some(Unlinked::AfterPosts(gone)) => {
            unit.say(|| messages::receipt::erasing_after_post(&gone.name))
                .await
        }
        None => Ok(()),
    }
}

pub(in crate::telegram) async fn guide(unit: Unit) -> HandlerResult {
    super::basics::say(&unit, messages::pages::guide).await
}

pub(in crate::telegram) async fn reminders(telegram: Telegram, unit: Unit) -> HandlerResult {
    accounts::command(&telegram, &unit, AccountCommand::Remind, "").await
}

pub(in crate::telegram) async fn rechecks(unit: Unit) -> HandlerResult {
    super::basics::say(&unit, messages::pages::rechecks).await
}

pub(in crate::telegram) async fn accounts(telegram: Telegram, unit: Unit) -> HandlerResult {
    accounts::list(telegram, unit).await
}

pub(in crate::telegram) async fn add(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
) -> HandlerResult {
    link::addx(telegram, unit, state, String::new()).await
}

/// A tap of somebody who may not use the bot (any more).
pub(in crate::telegram) async fn not_allowed(
    telegram: Telegram,
    unit: Unit,
    query: CallbackQuery,
) -> HandlerResult {
    fallback::turn_away(&telegram, &unit, query.from.first_name).await
}

/// A button of another version, or no button of ours.
pub(in crate::telegram) async fn unknown(unit: Unit) -> HandlerResult {
    unit.lock().await.toast(toast::old_button());
    Ok(())
}
