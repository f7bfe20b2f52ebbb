//! Handles updates, one after the other in a chat: the message is deleted first, then the update is handled in one unit of
//! work. What fails is tried again, then given up without its text. Nothing here stops the bot.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use teloxide::types::{Message, Update, UpdateKind};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{
    Telegram,
    polling::Incoming,
    reply,
    schema::HandlerError,
    secrets::message_of,
    unit::{self, Effects, Opened, Removal, UnitOfWork},
};
use crate::{
    messages,
    store::{StoreError, agenda, dialogues, inbox, outbox},
    support::{
        failpoint, incident,
        metrics::{self, UpdateOutcome},
    },
    vault::{Place, Sealed},
};

/// A handler that takes longer is broken off and tried again.
const HANDLER_LIMIT: Duration = Duration::from_secs(15);
/// After so many failures an update is given up.
const MAX_ATTEMPTS: u32 = 3;

/// So often the process may die while an update is handled, before it counts as what kills it.
const MAX_DEATHS: u32 = 10;

/// An update that was just handed over: handled from memory.
pub(super) struct Fresh {
    pub(super) incoming: Arc<Incoming>,
    /// Told once it was handled, or is on disk.
    pub(super) settled: oneshot::Sender<()>,
}

impl Telegram {
    /// Lets a chat's updates be handled; `fresh` at once, if none of them is being handled now. Whether that is so.
    pub(super) fn wake_reading(&self, chat: i64, fresh: Option<Fresh>) -> bool {
        let telegram = self.clone();
        self.reading.wake(chat, fresh, move |chat, fresh| {
            let telegram = telegram.clone();
            async move {
                if let Err(panicked) = incident::guard(Box::pin(telegram.read(chat, fresh))).await {
                    // What waits stays in the inbox, and the timers come back to it.
                    incident::log(&telegram.random, "a chat could not be read", &panicked);
                }
            }
        })
    }

    /// Takes up what an earlier run left: updates, messages, cards.
    pub(super) async fn resume(&self) {
        let mut pause = Pause::default();
        loop {
            let chats = async {
                let reading = inbox::waiting_chats(self.store.reader()).await?;
                let now = self.clock.now();
                let writing = agenda::chats_to_write_to(self.store.reader(), now).await?;
                Ok::<_, StoreError>((reading, writing))
            };
            match chats.await {
                Ok((reading, writing)) => {
                    for chat in reading {
                        self.wake_reading(chat, None);
                    }
                    for chat in writing {
                        self.wake_writing(chat);
                    }
                    return;
                }
                Err(error) => {
                    tracing::error!(error = %error, "what an earlier run left could not be read; trying again");
                }
            }
            if !pause.wait(self).await {
                return;
            }
        }
    }

    /// Handles what waits for a chat.
    async fn read(&self, chat: i64, fresh: Option<Fresh>) {
        if let Some(Fresh { incoming, settled }) = fresh {
            let handling = self.handle_until_done(chat, &incoming.update, Some(&incoming));
            let done = handling.await;
            self.ahead.forget(chat, i64::from(incoming.update.id.0));
            // What came later may be in the inbox already, and must not overtake it.
            if done == Done::NotYet
                && self
                    .insist(|| self.write_down(std::slice::from_ref(&incoming)))
                    .await
                    .is_none()
            {
                return;
            }
            // Whoever fetched it may have gone on.
            let _ = settled.send(());
            // Nothing else waits then: what came meanwhile lets this run once more, and so does a timer.
            if done == Done::Handled {
                return;
            }
        }
        let mut pause = Pause::default();
        loop {
            match self.next_update(chat).await {
                Ok(Some(update)) => {
                    pause = Pause::default();
                    self.handle_until_done(chat, &update, None).await;
                    self.ahead.forget(chat, i64::from(update.id.0));
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(error = %error, "the inbox could not be read; trying again");
                    if !pause.wait(self).await {
                        return;
                    }
                }
            }
            if self.stop.is_cancelled() {
                return;
            }
        }
        if let Err(error) = self.expire(chat).await {
            tracing::error!(error = %error, "a flow could not be ended; trying again");
        }
    }

    /// The chat's next update, opened. One that cannot be read is given up.
    async fn next_update(&self, chat: i64) -> Result<Option<Update>, StoreError> {
        loop {
            let Some((id, sealed)) = inbox::next(self.store.reader(), chat).await? else {
                return Ok(None);
            };
            if let Some(update) = self.open_update(chat, id, &sealed) {
                return Ok(Some(update));
            }
            let incident = incident::log(&self.random, "a stored update is unreadable", &"");
            let mut tx = self.store.begin().await?;
            inbox::give_up(&mut *tx, id, &incident).await?;
            tx.commit().await?;
        }
    }

    fn open_update(&self, chat: i64, id: i64, sealed: &Sealed) -> Option<Update> {
        let json: Zeroizing<Vec<u8>> = self.vault.open(&Place::update(chat, id), sealed).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Handles one update; tries again what fails, and gives up after a few times. While the database does not answer
    /// nothing is given up. `fresh`: it is on no disk yet.
    #[tracing::instrument(
        name = "update",
        skip_all,
        fields(update.id = update.id.0, update.kind = kind_of(update).as_str(), chat = %self.aliases.of(chat))
    )]
    async fn handle_until_done(
        &self,
        chat: i64,
        update: &Update,
        mut fresh: Option<&Incoming>,
    ) -> Done {
        let mut pause = Pause::default();
        let mut claimed = false;
        loop {
            let mut removal = None;
            let handling = async {
                self.delete_first(update, &mut removal).await?;
                if fresh.is_none() && !claimed {
                    self.claim(update).await?;
                    claimed = true;
                }
                self.handle(chat, update, removal).await
            };
            let (error, is_deadly) = match incident::guard(handling).await {
                Ok(Ok(done)) => return done,
                Ok(Err(HandlerError::Store(error))) if error.is_passing() => {
                    tracing::warn!(error = %error, "an update waits for the database");
                    if fresh.is_none() && pause.wait(self).await {
                        continue;
                    }
                    return Done::NotYet;
                }
                Ok(Err(error)) => (error.to_string(), matches!(error, HandlerError::Deadly)),
                Err(panicked) => (panicked.to_string(), false),
            };
            let noting = self.note_failure(chat, update, fresh, &error, is_deadly, removal);
            match noting.await {
                Ok(Next::GivenUp) => {
                    self.answer_callback(update, None).await;
                    return Done::NotYet;
                }
                Ok(Next::Again) => (fresh, claimed) = (None, false),
                Err(error) => {
                    tracing::warn!(error = %error, "a failed update waits for the database");
                    if fresh.is_some() {
                        return Done::NotYet;
                    }
                }
            }
            if !pause.wait(self).await {
                return Done::NotYet;
            }
        }
    }

    /// Notes that handling an update from the inbox begins: one that ends the process must not come back for ever.
    async fn claim(&self, update: &Update) -> Result<(), HandlerError> {
        let deaths = inbox::claim(self.store.light(), i64::from(update.id.0)).await?;
        failpoint::hit("inbox.claimed");
        if deaths > MAX_DEATHS {
            return Err(HandlerError::Deadly);
        }
        Ok(())
    }

    /// Handles an update whose message was deleted if it had to be.
    async fn handle(
        &self,
        chat: i64,
        update: &Update,
        removal: Option<Removal>,
    ) -> Result<Done, HandlerError> {
        failpoint::hit("handle.ready");
        failpoint::spill("handle.spill", || {
            let text = message_of(update).and_then(Message::text);
            text.unwrap_or_default().to_owned()
        });
        let Ok(permit) = self.permits.acquire().await else {
            return Ok(Done::NotYet);
        };
        let begun = Instant::now();
        let effects = match UnitOfWork::open(self, update, chat, removal).await? {
            Opened::Unit(unit) => {
                let handling = self.schema.handle(self, update, *unit);
                let unit = tokio::time::timeout(HANDLER_LIMIT, handling)
                    .await
                    .map_err(|_| HandlerError::TooSlow)??;
                unit.commit().await?
            }
            Opened::Handled => Effects::default(),
            // It follows from the inbox.
            Opened::Early => return Ok(Done::NotYet),
        };
        drop(permit);
        self.release(chat, &effects);
        let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(elapsed_ms, "an update was handled");
        self.count(update, UpdateOutcome::Handled);
        self.answer_callback(update, effects.toast).await;
        Ok(Done::Handled)
    }

    /// Lets the button stop waiting, if the update is a tap.
    async fn answer_callback(&self, update: &Update, toast: Option<String>) {
        if let UpdateKind::CallbackQuery(query) = &update.kind {
            reply::answer(&self.bot, query.id.clone(), toast).await;
        }
    }

    fn count(&self, update: &Update, outcome: UpdateOutcome) {
        self.metrics.update(kind_of(update), outcome);
    }

    /// Counts a failure; an update that is not on disk yet is written down with it. After a few the update is given up without
    /// its text: its message is deleted if it still stands, and the user is told.
    async fn note_failure(
        &self,
        chat: i64,
        update: &Update,
        fresh: Option<&Incoming>,
        error: &str,
        is_deadly: bool,
        removal: Option<Removal>,
    ) -> Result<Next, StoreError> {
        let id = i64::from(update.id.0);
        let mut tx = self.store.begin().await?;
        if let Some(fresh) = fresh {
            self.keep(&mut tx, fresh).await?;
        }
        if !inbox::waits(&mut *tx, id).await? {
            drop(tx);
            // It was handled, and what failed is what comes after that: waking those who have something to do now.
            incident::log(
                &self.random,
                "something failed after an update was handled",
                &error,
            );
            self.wake_all(chat);
            return Ok(Next::GivenUp);
        }
        let attempts = inbox::fail(&mut *tx, id).await?;
        if attempts < MAX_ATTEMPTS && !is_deadly {
            tx.commit().await?;
            tracing::warn!(error = %error, attempts, "an update could not be handled; trying again");
            self.count(update, UpdateOutcome::Failed);
            return Ok(Next::Again);
        }
        let incident = incident::id(&self.random);
        inbox::give_up(&mut *tx, id, &incident).await?;
        let removal = removal.or_else(|| match message_of(update) {
            Some(message) if message.chat.is_private() => Some(Removal::unknown(message)),
            Some(_) | None => None,
        });
        if let Some(removal) = removal
            && unit::record(self, &mut tx, chat, removal).await?
        {
            let by_hand = || messages::deletions::not_deleted(false);
            outbox::push(&mut tx, &self.vault, chat, by_hand, self.clock.now()).await?;
        }
        let failed = || messages::pages::incident(&incident);
        outbox::push(&mut tx, &self.vault, chat, failed, self.clock.now()).await?;
        tx.commit().await?;
        incident::report(&incident, "an update could not be handled", &error);
        self.count(update, UpdateOutcome::GivenUp);
        self.wake_writing(chat);
        self.agenda_changed.notify_one();
        Ok(Next::GivenUp)
    }

    /// Writes down what was done until the database takes it, since it would be done again otherwise. `None`: the bot
    /// stops first.
    pub(super) async fn insist<T, F>(&self, write: impl Fn() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = Pause::default();
        loop {
            match write().await {
                Ok(done) => return Some(done),
                Err(error) => {
                    tracing::error!(error = %error, "what was done could not be written down; trying again");
                }
            }
            if !pause.wait(self).await {
                return None;
            }
        }
    }

    /// Ends the chat's flow if it has rested too long, and nothing has come since.
    async fn expire(&self, chat: i64) -> Result<(), StoreError> {
        let now = self.clock.now();
        let dialogue = dialogues::get(self.store.reader(), &self.vault, chat).await?;
        if !dialogue.is_some_and(|dialogue| dialogue.has_expired(now)) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        if let Some(mut dialogue) = dialogues::get(&mut *tx, &self.vault, chat).await?
            && self.end_expired(&mut tx, chat, &mut dialogue).await?
        {
            dialogues::save(&mut *tx, &self.vault, chat, &dialogue).await?;
        }
        tx.commit().await?;
        failpoint::hit("expire.committed");
        self.wake_writing(chat);
        Ok(())
    }
}

/// What came of an update.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    /// It was handled.
    Handled,
    /// It waits, or was given up: there may be more to do for its chat.
    NotYet,
}

/// What follows a failure.
enum Next {
    Again,
    GivenUp,
}

/// Growing pauses between tries.
#[derive(Default)]
pub(super) struct Pause(u32);

impl Pause {
    /// Waits; `false` if the bot stops meanwhile.
    pub(super) async fn wait(&mut self, telegram: &Telegram) -> bool {
        let seconds = 1_u64 << self.0.min(5);
        self.0 += 1;
        telegram.rest(Duration::from_secs(seconds)).await
    }
}

fn kind_of(update: &Update) -> metrics::UpdateKind {
    match &update.kind {
        UpdateKind::Message(_) => metrics::UpdateKind::Message,
        UpdateKind::EditedMessage(_) => metrics::UpdateKind::EditedMessage,
        UpdateKind::CallbackQuery(_) => metrics::UpdateKind::Tap,
        UpdateKind::MyChatMember(_) => metrics::UpdateKind::Membership,
        _ => metrics::UpdateKind::Other,
    }
}
