//! Taps on buttons. Each is answered at once; one on an old or forged button does nothing but say so.

use teloxide::types::CallbackQuery;

use crate::{
    domain::{
        account::AccountId,
        linking::{AwaitingName, Doubt, Ending, LinkName, LinkingState},
        notice::{Errand, Notice},
    },
    linker::{Unlinked, VerifyRequest},
    store::{StoreError, accounts as store},
    telegram::{
        Telegram,
        action::{AccountAction, FlowAction, StepTag},
        handlers::{accounts, link, pin, programs, rotate, strays},
        reply,
        schema::HandlerResult,
        texts::toast,
        turn::{Turn, Visit},
    },
};

/// A button of the card.
pub(in crate::telegram) async fn flow(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
    (action, tag): (FlowAction, StepTag),
) -> HandlerResult {
    if StepTag::of(&state) != Some(tag) {
        reply::answer(&telegram.bot, query.id, Some(toast::old_button())).await;
        return strays::ignored(telegram, visit, state).await;
    }
    reply::answer(&telegram.bot, query.id, None).await;
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    // X may have answered since the tap came in.
    let newest = turn.newest(state).await?;
    let leaves = matches!(action, FlowAction::Cancel | FlowAction::StartOver);
    let fits = StepTag::of(&newest) == Some(tag);
    if fits || (leaves && newest.flow_id().is_some()) {
        act(&telegram, &mut turn, newest, action).await?;
    }
    Ok(turn.finish().await?)
}

async fn act(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: LinkingState,
    action: FlowAction,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    match (action, state) {
        (FlowAction::Cancel, state) => link::leave(telegram, turn, &state).await,
        (FlowAction::Continue, _) => turn.redraw_card().await,
        (FlowAction::StartOver, state) => link::start_over(telegram, turn, state).await,
        (FlowAction::UseHandle, LinkingState::AwaitingName(awaiting)) => {
            let state = LinkingState::AwaitingValue(awaiting.named(LinkName::XHandle));
            turn.go(&state).await
        }
        (FlowAction::Back, state) => back(telegram, turn, state).await,
        (FlowAction::UseAnyway, LinkingState::ConfirmingValue(confirming)) => {
            let field = confirming.field;
            let before = LinkingState::ConfirmingValue(confirming.clone());
            let answer = telegram
                .linker
                .use_held(&mut turn.tx, owner, confirming, field)
                .await?;
            link::take(telegram, turn, &before, answer).await
        }
        (FlowAction::UseAsOther, LinkingState::ConfirmingValue(confirming)) => {
            let Doubt::OtherField { field, .. } = confirming.doubt else {
                return Ok(());
            };
            let before = LinkingState::ConfirmingValue(confirming.clone());
            let answer = telegram
                .linker
                .use_held(&mut turn.tx, owner, confirming, field)
                .await?;
            link::take(telegram, turn, &before, answer).await
        }
        (FlowAction::SendAgain, LinkingState::ConfirmingValue(confirming)) => {
            let state = telegram.linker.drop_held(&mut turn.tx, confirming).await?;
            turn.go(&state).await
        }
        (
            FlowAction::Pin
            | FlowAction::NewLink
            | FlowAction::PinAgain
            | FlowAction::ThisAccount
            | FlowAction::OtherAccount
            | FlowAction::RevokeOther,
            state,
        ) => pin::act(telegram, turn, state, action).await,
        (FlowAction::ReenterKeyPair, state) => match state.into_flow() {
            Some(flow) => {
                let state = telegram.linker.reenter_key_pair(&mut turn.tx, flow).await?;
                turn.go(&state).await
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
    turn: &mut Turn<'_>,
    state: LinkingState,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    if let LinkingState::AwaitingPin(pin) = state {
        let state = telegram
            .linker
            .paste_instead(&mut turn.tx, owner, *pin)
            .await?;
        return turn.go(&state).await;
    }
    let Some(flow) = state.clone().into_flow() else {
        return link::leave(telegram, turn, &state).await;
    };
    let (id, account, is_link) = (flow.id, flow.account, flow.is_link());
    match telegram.linker.back(&mut turn.tx, flow).await? {
        Some(state) => turn.go(&state).await,
        None if is_link => {
            let awaiting = AwaitingName {
                id,
                account,
                rejection: None,
                again: 0,
            };
            turn.go(&LinkingState::AwaitingName(awaiting)).await
        }
        None => link::leave(telegram, turn, &state).await,
    }
}

/// A button of an account.
pub(in crate::telegram) async fn account(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
    (action, account): (AccountAction, AccountId),
) -> HandlerResult {
    let known = store::by_id(telegram.store.reader(), visit.chat, account).await?;
    if known.is_none() {
        reply::answer(&telegram.bot, query.id, Some(toast::no_such_account())).await;
        return strays::ignored(telegram, visit, state).await;
    }
    let message = query.message.as_ref().map(|message| message.id().0);
    reply::answer(&telegram.bot, query.id, None).await;
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let owner = turn.chat();
    // X may have answered since the tap came in.
    let state = turn.newest(state).await?;
    match action {
        AccountAction::Errand(errand) => {
            accounts::run(&telegram, &mut turn, errand, account).await?;
        }
        AccountAction::CheckCandidate => {
            let asked = telegram
                .linker
                .verify_candidate(&mut turn.tx, owner, account)
                .await?;
            let notice = match asked {
                VerifyRequest::Said(notice) => notice,
                VerifyRequest::NoSuchAccount => Notice::NoSuchAccount,
            };
            turn.say(&notice).await?;
        }
        AccountAction::Repair(doubtful) => {
            let fields = doubtful.fields();
            rotate::begin(&telegram, &mut turn, &state, account, fields, true).await?;
        }
        AccountAction::Rotate(regenerated) => {
            let fields = regenerated.fields();
            rotate::begin(&telegram, &mut turn, &state, account, fields, false).await?;
        }
        AccountAction::UseApp => {
            pin::use_app(&telegram, &mut turn, state, account).await?;
        }
        AccountAction::Revoke => revoke(&telegram, &mut turn, &state, account).await?,
        AccountAction::Erase => erase(&telegram, &mut turn, &state, account).await?,
        AccountAction::Keep => {
            if let Some(question) = message {
                turn.delete_own(question).await?;
            }
        }
        AccountAction::Remind(days) => {
            let notice = telegram
                .linker
                .remind(&mut turn.tx, owner, account, days)
                .await?;
            turn.say(&notice).await?;
        }
        AccountAction::Programs => programs::say(&mut turn, account).await?,
        AccountAction::UpdateTwin => {
            // A flow about either of the two has nothing left to do.
            if state.account() == Some(account) {
                link::leave(&telegram, &mut turn, &state).await?;
            }
            let kept = telegram
                .linker
                .update_twin(&mut turn.tx, owner, account)
                .await?;
            if let Some(kept) = &kept
                && state.account() == Some(kept.id)
            {
                link::leave(&telegram, &mut turn, &state).await?;
            }
            let notice = kept.map_or(Notice::NoSuchAccount, |kept| Notice::TwinUpdated {
                name: kept.name,
            });
            turn.say(&notice).await?;
        }
    }
    Ok(turn.finish().await?)
}

/// "Revoke at X and erase".
async fn revoke(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: &LinkingState,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    let open = (state.account() == Some(account)).then_some(state);
    let flow = open.and_then(LinkingState::flow);
    let linker = &telegram.linker;
    let revoked = linker.revoke_and_unlink(&mut turn.tx, owner, account, flow);
    let Some(gone) = revoked.await? else {
        return Ok(());
    };
    if let Some(open) = open {
        // What it has taken is revoked too, and then erased with the account.
        turn.close_flow(open, Ending::Cancelled, None).await?;
    }
    turn.say(&Notice::Revoking { name: gone.name }).await
}

/// "Erase".
async fn erase(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: &LinkingState,
    account: AccountId,
) -> Result<(), StoreError> {
    let owner = turn.chat();
    if state.account() == Some(account) {
        link::leave(telegram, turn, state).await?;
    }
    let linker = &telegram.linker;
    match linker.unlink(&mut turn.tx, owner, account).await? {
        Some(Unlinked::Erased(gone)) => {
            let backups_until = linker.backups_until();
            let name = gone.name;
            turn.say(&Notice::Unlinked {
                name,
                backups_until,
            })
            .await
        }
        Some(Unlinked::AfterPosts(gone)) => {
            turn.say(&Notice::ErasingAfterPost { name: gone.name })
                .await
        }
        None => Ok(()),
    }
}

pub(in crate::telegram) async fn guide(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, None).await;
    super::basics::say(&telegram, &visit, &state, &Notice::Guide).await
}

pub(in crate::telegram) async fn reminders(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, None).await;
    accounts::command(&telegram, &visit, &state, Errand::Remind, "").await
}

pub(in crate::telegram) async fn rechecks(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, None).await;
    super::basics::say(&telegram, &visit, &state, &Notice::WhatAreRechecks).await
}

pub(in crate::telegram) async fn accounts(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, None).await;
    accounts::list(telegram, visit, state).await
}

pub(in crate::telegram) async fn add(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, None).await;
    link::addx(telegram, visit, state, String::new()).await
}

/// A tap of somebody who may not use the bot (any more).
pub(in crate::telegram) async fn not_allowed(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, None).await;
    strays::turn_away(&telegram, &visit, &state, query.from.first_name).await
}

/// A button of another version, or no button of ours.
pub(in crate::telegram) async fn unknown(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
) -> HandlerResult {
    reply::answer(&telegram.bot, query.id, Some(toast::old_button())).await;
    strays::ignored(telegram, visit, state).await
}
