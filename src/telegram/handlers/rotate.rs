//! `/rotate`: new values for an account, and the repair that asks only for those in doubt.

use crate::{
    domain::{
        account::AccountId,
        credentials::Field,
        linking::LinkingState,
        notice::{Errand, Notice},
    },
    store::StoreError,
    telegram::{
        Telegram,
        handlers::accounts,
        schema::HandlerResult,
        turn::{Turn, Visit},
    },
};

pub(in crate::telegram) async fn ask(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    accounts::command(&telegram, &visit, &state, Errand::Rotate, &name).await
}

/// Begins to take new values, unless another flow is open.
pub(super) async fn begin(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    state: &LinkingState,
    account: AccountId,
    fields: &[Field],
    repair: bool,
) -> Result<(), StoreError> {
    if state.flow_id().is_some() {
        return turn.ask_about_open_flow(state, false).await;
    }
    let owner = turn.chat();
    let begun = telegram
        .linker
        .begin_rotation(&mut turn.tx, owner, account, fields, repair)
        .await?;
    match begun {
        Some(state) => turn.open_flow(&state).await,
        None => turn.say(&Notice::NoSuchAccount).await,
    }
}
