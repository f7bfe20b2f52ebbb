//! One update's unit of work: dialogue, accounts and promised messages in one transaction, together with the note that the
//! update was handled. A second delivery of the same update finds that note and changes nothing. Handlers neither begin nor
//! finish it. What leaves the database (wakes, the answer to a tap) is data that is released after the commit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use teloxide::{
    dispatching::dialogue::{self, Storage},
    types::{self, ChatId, Update},
};

use super::{
    FLOW_LIFETIME, Telegram,
    access::{Admission, person},
    reply::CallError,
    whole,
};
use crate::{
    domain::linking::{Closed, Ending, LinkingState, Remark},
    messages::{self, Form, Language, Message, Text, action::StepTag},
    store::{
        StoreError, Tx, accounts,
        deletions::{self, OWN, SECRET},
        dialogues::{self, Dialogue},
        inbox, languages, outbox,
    },
    support::failpoint,
};

/// Telegram deletes no message older than this.
pub(super) const DELETABLE: chrono::TimeDelta = chrono::TimeDelta::hours(48);

/// What became of a message that had to go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removal {
    message: i32,
    give_up_at: DateTime<Utc>,
    outcome: Result<(), CallError>,
}

impl Removal {
    /// Notes the outcome of deleting `message`.
    pub(super) fn new(message: &types::Message, outcome: Result<(), CallError>) -> Self {
        Self {
            message: message.id.0,
            give_up_at: message.date + DELETABLE,
            outcome,
        }
    }

    /// A message of which nobody knows whether it is gone: handling it failed before it was deleted.
    pub(super) fn unknown(message: &types::Message) -> Self {
        Self::new(message, Err(CallError::Unanswered))
    }

    /// Whether the message is gone.
    pub(super) fn is_done(self) -> bool {
        self.outcome.is_ok()
    }
}

/// What handlers get. `dptree` hands out clones, so the unit is shared; one handler at a time runs, and it takes the lock
/// once.
pub(super) type Unit = Arc<tokio::sync::Mutex<UnitOfWork>>;

/// The dialogue as teloxide knows it.
pub(super) type LinkingDialogue = dialogue::Dialogue<LinkingState, UnitDialogue>;

/// A chat's dialogue within a unit of work: read by its beginning, written once by its end. In between it is in memory, so
/// nothing here can fail. It is the only chat's: what teloxide says of the chat is not looked at.
pub(super) struct UnitDialogue {
    now: DateTime<Utc>,
    kept: Mutex<Kept>,
}

struct Kept {
    dialogue: Dialogue,
    change: Change,
}

/// What is to be written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Nothing,
    Card,
    State,
    Removed,
}

impl UnitDialogue {
    fn new(dialogue: Dialogue, change: Change, now: DateTime<Utc>) -> Arc<Self> {
        let kept = Mutex::new(Kept { dialogue, change });
        Arc::new(Self { now, kept })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> LinkingState {
        self.kept().dialogue.state.clone()
    }

    fn go(&self, state: LinkingState) {
        let expires_at = state.flow_id().map(|_| self.now + FLOW_LIFETIME);
        let mut kept = self.kept();
        kept.dialogue.go(state, expires_at, self.now);
        kept.change = Change::State;
    }

    fn change_card<T>(&self, change: impl FnOnce(&mut Dialogue) -> T) -> T {
        let mut kept = self.kept();
        kept.change = kept.change.max(Change::Card);
        change(&mut kept.dialogue)
    }

    /// Writes what has changed.
    async fn save(&self, telegram: &Telegram, tx: &mut Tx, chat: i64) -> Result<(), StoreError> {
        let (dialogue, change) = {
            let kept = self.kept();
            (kept.dialogue.clone(), kept.change)
        };
        match change {
            Change::Nothing => Ok(()),
            Change::Card => dialogues::save_card(&mut **tx, chat, &dialogue).await,
            Change::State => dialogues::save(&mut **tx, &telegram.vault, chat, &dialogue).await,
            Change::Removed => dialogues::remove(&mut **tx, chat).await,
        }
    }
}

impl Storage<LinkingState> for UnitDialogue {
    // teloxide would only log a failure, and not call the handler.
    type Error = std::convert::Infallible;

    fn remove_dialogue(
        self: Arc<Self>,
        _chat: ChatId,
    ) -> BoxFuture<'static, Result<(), Self::Error>> {
        let mut kept = self.kept();
        kept.dialogue = Dialogue::default();
        kept.change = Change::Removed;
        futures::future::ready(Ok(())).boxed()
    }

    fn update_dialogue(
        self: Arc<Self>,
        _chat: ChatId,
        state: LinkingState,
    ) -> BoxFuture<'static, Result<(), Self::Error>> {
        self.go(state);
        futures::future::ready(Ok(())).boxed()
    }

    // A chat without a dialogue is idle: for `None` teloxide would write a default.
    fn get_dialogue(
        self: Arc<Self>,
        _chat: ChatId,
    ) -> BoxFuture<'static, Result<Option<LinkingState>, Self::Error>> {
        futures::future::ready(Ok(Some(self.state()))).boxed()
    }
}

/// An open transaction for one update.
pub(super) struct UnitOfWork {
    telegram: Telegram,
    /// The chat the update came from; in a private chat also the user's id, and so the owner of accounts.
    pub(super) chat: i64,
    /// The language of the person.
    pub(super) language: Language,
    /// It was guessed, and is kept once they begin a flow.
    guessed: bool,
    /// What became of the message, if it had to go.
    pub(super) deletion: Option<Removal>,
    /// Whether the person may use the bot.
    pub(super) admission: Admission,
    pub(super) tx: Tx,
    /// Where the chat stands.
    pub(super) dialogue: LinkingDialogue,
    storage: Arc<UnitDialogue>,
    /// The user has to delete a message by hand, and that is not said otherwise.
    by_hand: bool,
    effects: Effects,
}

/// What came of opening a unit of work.
pub(super) enum Opened {
    /// It is open.
    Unit(Box<UnitOfWork>),
    /// The update was handled already.
    Handled,
    /// An earlier update of the chat waits.
    Early,
}

/// What follows a commit.
#[derive(Default)]
pub(super) struct Effects {
    /// Other chats that were promised something.
    others: Vec<i64>,
    /// What a tap is answered, besides that it was seen.
    pub(super) toast: Option<String>,
}

impl UnitOfWork {
    /// Begins, and reads what handlers start from.
    pub(super) async fn open(
        telegram: &Telegram,
        update: &Update,
        chat: i64,
        deletion: Option<Removal>,
    ) -> Result<Opened, StoreError> {
        let mut tx = telegram.store.begin().await?;
        let (now, user) = (telegram.clock.now(), person(update));
        let id = i64::from(update.id.0);
        let begun = inbox::begin(&mut *tx, &telegram.vault, id, chat, user, now).await?;
        if !begun.is_new || begun.is_early {
            drop(tx);
            return Ok(if begun.is_new {
                Opened::Early
            } else {
                Opened::Handled
            });
        }
        let mut dialogue = begun.dialogue;
        let expired = telegram.end_expired(&mut tx, chat, &mut dialogue).await?;
        let change = if expired {
            Change::State
        } else {
            Change::Nothing
        };
        let storage = UnitDialogue::new(dialogue, change, now);
        let guessed = match begun.language {
            Some(_) => None,
            None => guess(&mut tx, update, chat).await?,
        };
        let mut unit = Self {
            telegram: telegram.clone(),
            chat,
            language: begun.language.or(guessed).unwrap_or_default(),
            guessed: guessed.is_some(),
            deletion,
            admission: telegram.admission(user, begun.standing),
            tx,
            dialogue: LinkingDialogue::new(Arc::clone(&storage), ChatId(chat)),
            storage,
            by_hand: false,
            effects: Effects::default(),
        };
        if let Some(removal) = deletion {
            unit.by_hand = record(telegram, &mut unit.tx, chat, removal).await?;
        }
        if let LinkingState::Closed(closed) = unit.storage.state()
            && closed.is_untold()
        {
            let deleted = deletion.is_some_and(Removal::is_done);
            unit.say(|| messages::flow::expired(closed.purpose.as_ref(), deleted))
                .await?;
        }
        failpoint::hit("unit.begun");
        Ok(Opened::Unit(Box::new(unit)))
    }

    /// What teloxide reads and writes the dialogue through.
    pub(super) fn storage(&self) -> Arc<UnitDialogue> {
        Arc::clone(&self.storage)
    }

    /// Promises a message to another chat.
    pub(super) async fn say_to(
        &mut self,
        chat: i64,
        word: impl FnOnce() -> Message,
    ) -> Result<(), StoreError> {
        self.effects.others.push(chat);
        let Self { telegram, tx, .. } = self;
        outbox::push(tx, &telegram.vault, chat, word, telegram.clock.now()).await
    }

    /// Promises a message to the chat.
    pub(super) async fn say(&mut self, word: impl FnOnce() -> Message) -> Result<(), StoreError> {
        let Self {
            telegram, tx, chat, ..
        } = self;
        let (vault, now) = (&telegram.vault, telegram.clock.now());
        outbox::push_in(self.language, tx, vault, *chat, word, now).await
    }

    /// Writes to the person in this language from now on.
    pub(super) async fn speak(&mut self, language: Language) -> Result<(), StoreError> {
        self.language = language;
        self.guessed = false;
        languages::set(&mut *self.tx, self.chat, language).await?;
        if self.storage.state().flow_id().is_some() {
            self.redraw_card();
        }
        Ok(())
    }

    /// What the tap is answered.
    pub(super) fn toast(&mut self, toast: &Text) {
        self.effects.toast = Some(toast.word(self.language, Form::Plain));
    }

    /// Opens a flow, with a card of its own.
    pub(super) fn open_flow(&mut self, state: LinkingState) {
        self.storage.go(state);
        self.storage.change_card(Dialogue::detach_card);
    }

    /// Ends the dialogue; its card says how, and what is to say about the last message.
    pub(super) fn close_flow(
        &mut self,
        before: &LinkingState,
        ending: Ending,
        remark: Option<Remark>,
    ) {
        self.storage.go(LinkingState::Closed(Closed {
            purpose: before.flow().map(|flow| flow.purpose.clone()),
            ending,
            told: ending != Ending::Expired,
            remark,
        }));
    }

    /// Says that a secret came unasked, and what became of it.
    pub(super) async fn say_stray_secret(
        &mut self,
        removal: Removal,
        in_group: bool,
    ) -> Result<(), StoreError> {
        self.by_hand = false;
        let telegram = self.telegram.clone();
        let group = in_group.then(|| telegram.me.username());
        self.say(|| messages::deletions::stray_secret(removal.is_done(), group))
            .await
    }

    /// Asks whether to go on with the open flow, in the place of its card.
    pub(super) async fn ask_about_open_flow(
        &mut self,
        state: &LinkingState,
        may_start_over: bool,
    ) -> Result<(), StoreError> {
        let Some(tag) = StepTag::of(state) else {
            return Ok(());
        };
        self.drop_card().await?;
        self.storage.change_card(Dialogue::hold_card);
        let purpose = state.flow().map(|flow| &flow.purpose);
        self.say(|| messages::flow::open(tag, purpose, may_start_over))
            .await
    }

    /// Draws the card again, in the place of the question that stands there.
    pub(super) fn redraw_card(&mut self) {
        let now = self.telegram.clock.now();
        self.storage.change_card(|dialogue| dialogue.redraw(now));
    }

    /// A button of the flow's card, or of the question in its place, was tapped there: it is known to stand there, though the note
    /// that it was sent may still be on its way.
    pub(super) fn find_card(&mut self, message: i32) {
        if self.storage.kept().dialogue.card_message.is_none() {
            self.storage
                .change_card(|dialogue| dialogue.adopt_card(message));
        }
    }

    /// Lets the next card be a new message, below all others; the old one is deleted.
    pub(super) async fn renew_card(&mut self) -> Result<(), StoreError> {
        self.drop_card().await?;
        self.redraw_card();
        Ok(())
    }

    /// Deletes the card's message.
    async fn drop_card(&mut self) -> Result<(), StoreError> {
        let card = self.storage.change_card(|dialogue| {
            let card = dialogue.card_message;
            dialogue.detach_card();
            card
        });
        match card {
            Some(card) => self.delete_own(card).await,
            None => Ok(()),
        }
    }

    /// Ends what is under way in a chat that cannot be reached any more.
    pub(super) async fn forget_chat(&mut self) -> Result<(), StoreError> {
        self.dialogue.exit().await?;
        self.telegram.forget_chat(&mut self.tx, self.chat).await
    }

    /// Deletes one of the bot's own messages, soon.
    pub(super) async fn delete_own(&mut self, message: i32) -> Result<(), StoreError> {
        let give_up_at = self.telegram.clock.now() + DELETABLE;
        deletions::insert(&mut self.tx, OWN, self.chat, message, None, give_up_at).await
    }

    /// Writes the dialogue, and makes all of it last. What is to follow.
    pub(super) async fn commit(mut self) -> Result<Effects, StoreError> {
        if self.by_hand {
            self.say(|| messages::deletions::not_deleted(false)).await?;
        }
        // A flow that had rested too long is mentioned once, as the unit began.
        if let LinkingState::Closed(closed) = self.storage.state()
            && closed.is_untold()
        {
            let told = Closed {
                told: true,
                ..closed
            };
            self.storage.go(LinkingState::Closed(told));
        }
        if self.guessed && self.storage.state().flow_id().is_some() {
            languages::set(&mut *self.tx, self.chat, self.language).await?;
        }
        self.storage
            .save(&self.telegram, &mut self.tx, self.chat)
            .await?;
        failpoint::hit("unit.before_commit");
        self.tx.commit().await?;
        failpoint::hit("unit.committed");
        Ok(self.effects)
    }
}

impl Telegram {
    /// Wakes those who have something to do after a commit.
    pub(super) fn release(&self, chat: i64, effects: &Effects) {
        self.wake_writing(chat);
        for other in &effects.others {
            self.wake_writing(*other);
        }
    }

    /// Ends a flow that has rested too long: its values are wiped, and its card says so; the user is told with the next
    /// message. Whether it was one.
    pub(super) async fn end_expired(
        &self,
        tx: &mut Tx,
        chat: i64,
        dialogue: &mut Dialogue,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if !dialogue.has_expired(now) {
            return Ok(false);
        }
        self.linker.wipe(tx, chat, &dialogue.state).await?;
        failpoint::hit("expire.wiped");
        let closed = Closed {
            purpose: dialogue.state.flow().map(|flow| flow.purpose.clone()),
            ending: Ending::Expired,
            told: false,
            remark: None,
        };
        dialogue.go(LinkingState::Closed(closed), None, now);
        Ok(true)
    }
}

/// The language in which somebody without accounts is probably best written to, where that is not the usual one. Telegram tells
/// that of an app, which is not always its user's.
async fn guess(tx: &mut Tx, update: &Update, chat: i64) -> Result<Option<Language>, StoreError> {
    let code = update.from().and_then(|user| user.language_code.as_deref());
    let guessed = code.and_then(Language::guess);
    let guessed = guessed.filter(|language| *language != Language::default());
    let is_new = guessed.is_some() && accounts::count(&mut **tx, chat, None).await?.0 == 0;
    Ok(guessed.filter(|_| is_new && update.chat().is_some_and(types::Chat::is_private)))
}

/// Writes down what is left to do about a message that had to go. Whether the user has to delete it by hand.
pub(super) async fn record(
    telegram: &Telegram,
    tx: &mut Tx,
    chat: i64,
    removal: Removal,
) -> Result<bool, StoreError> {
    let now = telegram.clock.now();
    let wait = match removal.outcome {
        Ok(()) => return Ok(false),
        Err(CallError::RetryAfter(wait)) => whole(wait),
        Err(CallError::Unreachable | CallError::Unanswered) => std::time::Duration::from_secs(1),
        Err(
            CallError::Blocked
            | CallError::Refused
            | CallError::NoSuchMessage
            | CallError::NotModified,
        ) => return Ok(true),
    };
    deletions::insert(
        tx,
        SECRET,
        chat,
        removal.message,
        Some(now + wait),
        removal.give_up_at,
    )
    .await?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage() -> Arc<UnitDialogue> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        UnitDialogue::new(Dialogue::default(), Change::Nothing, now)
    }

    #[tokio::test]
    async fn a_chat_without_a_dialogue_is_idle_and_gets_none() {
        let storage = storage();
        let dialogue = LinkingDialogue::new(Arc::clone(&storage), ChatId(71));
        let Ok(state) = dialogue.get_or_default().await;
        assert_eq!(state, LinkingState::Idle);
        assert!(storage.kept().change == Change::Nothing);
    }

    #[tokio::test]
    async fn the_last_change_of_a_dialogue_is_what_is_written() {
        let storage = storage();
        let dialogue = LinkingDialogue::new(Arc::clone(&storage), ChatId(71));
        let closed = LinkingState::Closed(Closed {
            purpose: None,
            ending: Ending::Cancelled,
            told: true,
            remark: None,
        });
        let Ok(()) = dialogue.update(closed.clone()).await;
        storage.change_card(Dialogue::hold_card);
        let Ok(state) = dialogue.get().await;
        assert_eq!(state, Some(closed.clone()));
        assert!(storage.kept().change == Change::State);
        let Ok(()) = dialogue.exit().await;
        storage.change_card(Dialogue::hold_card);
        let Ok(state) = dialogue.get().await;
        assert_eq!(state, Some(LinkingState::Idle));
        assert!(storage.kept().change == Change::Removed);
        let Ok(()) = dialogue.update(closed).await;
        assert!(storage.kept().change == Change::State);
    }
}
