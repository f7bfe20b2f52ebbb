//! Which update goes to which handler, on one screen.

use std::{ops::ControlFlow, sync::Arc};

use teloxide::{
    dispatching::{HandlerExt as _, UpdateFilterExt as _, UpdateHandler, dialogue},
    dptree::{self, case, deps},
    types::{CallbackQuery, Message, Update},
};
use tokio::sync::Mutex;

use super::{
    Command, Telegram,
    access::Admission,
    handlers::{
        access as owner, accounts, basics, callbacks, fallback, link, pin, programs, publish,
        records, rotate,
    },
    inbox,
    unit::{Unit, UnitDialogue, UnitOfWork},
};
use crate::{domain::linking::LinkingState, messages::action::Action, store::StoreError};

/// Why an update could not be handled: a failure of ours, to be tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandlerError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It took too long.
    #[error("the handler took too long")]
    TooSlow,
    /// It has left something running that holds its unit of work.
    #[error("the handler ended before its work did")]
    StillHeld,
}

pub(super) type HandlerResult = Result<(), StoreError>;

/// The routing tree, ready to use.
pub(super) struct Schema(UpdateHandler<StoreError>);

impl Schema {
    /// Sends an update to its handler, which works in `unit`.
    pub(super) async fn handle(
        &self,
        telegram: &Telegram,
        update: &Update,
        unit: UnitOfWork,
    ) -> Result<UnitOfWork, HandlerError> {
        let (me, storage, admission) = (telegram.me.clone(), unit.storage(), unit.admission);
        let unit: Unit = Arc::new(Mutex::new(unit));
        let input = deps![
            telegram.clone(),
            update.clone(),
            Arc::clone(&unit),
            storage,
            me,
            admission
        ];
        // The last branch takes everything, but for an update of no chat.
        if let ControlFlow::Break(result) = self.0.dispatch(input).await {
            result?;
        }
        let unit = Arc::into_inner(unit).ok_or(HandlerError::StillHeld)?;
        Ok(unit.into_inner())
    }
}

/// The routing tree. The first branch that fits takes the update.
pub(super) fn schema() -> Schema {
    let commands_for_everybody = dptree::entry()
        .branch(case![Command::Unlink(name)].endpoint(accounts::unlink))
        .branch(case![Command::Privacy].endpoint(basics::privacy))
        .branch(case![Command::Mydata].endpoint(records::my_data))
        .branch(case![Command::Cancel].endpoint(link::cancel));

    let commands = dptree::entry()
        .branch(case![Command::Addx(name)].endpoint(link::addx))
        .branch(case![Command::Accounts].endpoint(accounts::list))
        .branch(case![Command::Verify(name)].endpoint(accounts::verify))
        .branch(case![Command::Rotate(name)].endpoint(rotate::ask))
        .branch(case![Command::Diagnose(name)].endpoint(accounts::diagnose))
        .branch(case![Command::Testpost(name)].endpoint(publish::test))
        .branch(case![Command::Post(name)].endpoint(publish::post))
        .branch(case![Command::History].endpoint(records::history))
        .branch(case![Command::Users].endpoint(owner::users))
        .branch(case![Command::Block(user)].endpoint(owner::block))
        .branch(case![Command::Guide].endpoint(basics::guide))
        .branch(case![Command::Help].endpoint(basics::help))
        .branch(case![Command::Start(payload)].endpoint(basics::start));

    let messages = Update::filter_message()
        .branch(
            dptree::filter(|message: Message| !inbox::is_written(&message))
                .endpoint(fallback::ignored),
        )
        .branch(
            dptree::entry()
                .filter_command::<Command>()
                .branch(
                    dptree::filter(|command: Command| command.is_for_everybody())
                        .chain(commands_for_everybody),
                )
                .branch(dptree::filter(Admission::is_granted).chain(commands)),
        )
        .branch(
            dptree::filter(|admission: Admission| !admission.is_granted())
                .endpoint(fallback::not_allowed),
        )
        .branch(case![LinkingState::AwaitingName(state)].endpoint(link::name))
        .branch(case![LinkingState::AwaitingValue(state)].endpoint(link::value))
        .branch(case![LinkingState::ConfirmingValue(state)].endpoint(link::message_instead_of_tap))
        .branch(
            dptree::filter(|state: LinkingState| matches!(state, LinkingState::AwaitingPin(_)))
                .endpoint(pin::message),
        )
        .endpoint(fallback::message);

    let callbacks = Update::filter_callback_query()
        .branch(
            dptree::filter_map(|query: CallbackQuery| {
                query.data.and_then(|data| data.parse::<Action>().ok())
            })
            .branch(
                dptree::filter(|admission: Admission, action: Action| {
                    !action.is_for_everybody() && !admission.is_granted()
                })
                .endpoint(callbacks::not_allowed),
            )
            .branch(case![Action::Flow(action, tag)].endpoint(callbacks::flow))
            .branch(case![Action::Account(action, account)].endpoint(callbacks::account))
            .branch(case![Action::Access(decision, user)].endpoint(owner::decide))
            .branch(case![Action::Draft(action, draft)].endpoint(publish::decide))
            .branch(case![Action::DraftWith(draft, account)].endpoint(publish::choose))
            .branch(case![Action::TakeBack(client, account)].endpoint(programs::take_back))
            .branch(case![Action::Guide].endpoint(callbacks::guide))
            .branch(case![Action::Reminders].endpoint(callbacks::reminders))
            .branch(case![Action::Rechecks].endpoint(callbacks::rechecks))
            .branch(case![Action::Accounts].endpoint(callbacks::accounts))
            .branch(case![Action::Add].endpoint(callbacks::add)),
        )
        .endpoint(callbacks::unknown);

    Schema(
        dialogue::enter::<Update, UnitDialogue, LinkingState, _>()
            .branch(Update::filter_my_chat_member().endpoint(basics::membership))
            .branch(
                dptree::filter(is_in_private)
                    .branch(messages)
                    .branch(Update::filter_edited_message().endpoint(fallback::edited))
                    .branch(callbacks),
            )
            .branch(Update::filter_message().endpoint(fallback::in_group))
            .branch(Update::filter_edited_message().endpoint(fallback::edited_in_group))
            .endpoint(fallback::ignored),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "dptree hands its dependencies over"
)]
fn is_in_private(update: Update) -> bool {
    update.chat().is_some_and(teloxide::types::Chat::is_private)
}

#[cfg(test)]
mod tests {
    use teloxide::{dptree::Type, types::Me};

    use super::*;

    #[test]
    fn every_handler_gets_what_it_asks_for() {
        let given = [
            Type::of::<Telegram>(),
            Type::of::<Update>(),
            Type::of::<Unit>(),
            Type::of::<Arc<UnitDialogue>>(),
            Type::of::<Me>(),
            Type::of::<Admission>(),
        ];
        dptree::type_check(schema().0.sig(), &deps![], &given);
    }
}
