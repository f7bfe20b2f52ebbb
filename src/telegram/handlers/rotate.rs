//! `/rotate`: new values for an account, and the repair that asks only for those in doubt.

use crate::{
    domain::{
        account::AccountId, credentials::Field, facts::AccountCommand, linking::LinkingState,
    },
    messages,
    store::StoreError,
    telegram::{
        Telegram,
        handlers::accounts,
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

pub(in crate::telegram) async fn ask(
    telegram: Telegram,
    unit: Unit,
    name: String,
) -> HandlerResult {
    accounts::command(&telegram, &unit, AccountCommand::Rotate, &name).await
}

/// Begins to take new values, unless another flow is open.
pub(super) async fn begin(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    state: &LinkingState,
    account: AccountId,
    fields: &[Field],
    repair: bool,
) -> Result<(), StoreError> {
    if state.flow_id().is_some() {
        return unit.ask_about_open_flow(state, false).await;
    }
    let owner = unit.chat;
    let begun = telegram
        .linker
        .begin_rotation(&mut unit.tx, owner, account, fields, repair)
        .await?;
    match begun {
        Some(state) => {
            unit.open_flow(state);
            Ok(())
        }
        None => unit.say(messages::accounts::no_such).await,
    }
}
