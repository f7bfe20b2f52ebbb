//! Handles updates, one after the other in a chat: the message is deleted first, then the update is handled in one unit of
//! work. What fails is tried again, then given up without its text. Nothing here stops the bot.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use teloxide::{
    types::{
        MediaChecklist, MediaContact, MediaKind, MediaPoll, MediaVenue, Message, MessageEntityKind,
        MessageKind, Update, UpdateKind,
    },
    utils::command::BotCommands as _,
};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{
    Command, Telegram, reply,
    schema::HandlerError,
    unit::{self, Effects, Opened, Removal, UnitOfWork},
};
use crate::{
    domain::paste,
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

/// An update that was just handed over: handled from memory, while it is written down at the same time.
pub(super) struct Fresh {
    pub(super) update: Arc<Update>,
    /// True once the update is on disk.
    pub(super) durable: watch::Receiver<bool>,
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
        if let Some(mut fresh) = fresh {
            let durable = Some(&mut fresh.durable);
            // Nothing else waits then: what came meanwhile lets this run once more, and so does a timer.
            if self.handle_until_done(chat, &fresh.update, durable).await == Done::Handled {
                return;
            }
        }
        let mut pause = Pause::default();
        loop {
            match self.next_update(chat).await {
                Ok(Some(update)) => {
                    pause = Pause::default();
                    self.handle_until_done(chat, &update, None).await;
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
    /// nothing is given up.
    #[tracing::instrument(
        name = "update",
        skip_all,
        fields(update.id = update.id.0, update.kind = kind_of(update).as_str(), chat = %self.aliases.of(chat))
    )]
    async fn handle_until_done(
        &self,
        chat: i64,
        update: &Update,
        mut durable: Option<&mut watch::Receiver<bool>>,
    ) -> Done {
        let mut pause = Pause::default();
        loop {
            let mut removal = None;
            let handling = self.handle(chat, update, durable.as_deref_mut(), &mut removal);
            let error = match incident::guard(handling).await {
                Ok(Ok(done)) => return done,
                Ok(Err(HandlerError::Store(error))) if error.is_passing() => {
                    tracing::warn!(error = %error, "an update waits for the database");
                    if pause.wait(self).await {
                        continue;
                    }
                    return Done::NotYet;
                }
                Ok(Err(error)) => error.to_string(),
                Err(panicked) => panicked.to_string(),
            };
            if let Some(durable) = durable.as_deref_mut()
                && durable.wait_for(|on_disk| *on_disk).await.is_err()
            {
                return Done::NotYet;
            }
            match self.note_failure(chat, update, &error, removal).await {
                Ok(Failure::GivenUp) => {
                    self.answer_callback(update, None).await;
                    return Done::NotYet;
                }
                Ok(Failure::Again) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a failed update waits for the database");
                }
            }
            if !pause.wait(self).await {
                return Done::NotYet;
            }
        }
    }

    /// Deletes the message if it may hold a secret, waits until the update is on disk, and handles it.
    async fn handle(
        &self,
        chat: i64,
        update: &Update,
        durable: Option<&mut watch::Receiver<bool>>,
        removal: &mut Option<Removal>,
    ) -> Result<Done, HandlerError> {
        self.delete_first(chat, update, removal).await?;
        if let Some(durable) = durable {
            // The sender is gone without success when the database is away or the bot stops; the update comes again.
            if durable.wait_for(|on_disk| *on_disk).await.is_err() {
                return Ok(Done::NotYet);
            }
        }
        failpoint::hit("handle.durable");
        failpoint::spill("handle.spill", || {
            let text = message_of(update).and_then(Message::text);
            text.unwrap_or_default().to_owned()
        });
        let Ok(permit) = self.permits.acquire().await else {
            return Ok(Done::NotYet);
        };
        let begun = Instant::now();
        let effects = match UnitOfWork::open(self, update, chat, *removal).await? {
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

    /// Deletes the message, before anything else, if it may hold a secret. Where the dialogue stands is what tells for a
    /// text that does not look like one, so that is read at the same time.
    async fn delete_first(
        &self,
        chat: i64,
        update: &Update,
        removal: &mut Option<Removal>,
    ) -> Result<(), StoreError> {
        let Some(message) = message_of(update) else {
            return Ok(());
        };
        if looks_secret(message) {
            let deleted = self.delete(chat, message.id.0).await;
            *removal = Some(Removal::new(message, deleted));
            return Ok(());
        }
        // While the database does not answer nobody knows what was asked for: then a message counts as an answer.
        let expects_secret = self.expects_secret(chat).await;
        if *expects_secret.as_ref().unwrap_or(&true) && may_be_answer(message, self.me.username()) {
            let deleted = self.delete(chat, message.id.0).await;
            *removal = Some(Removal::new(message, deleted));
        }
        expects_secret.map(|_| ())
    }

    /// Deletes the message of an update that cannot be handled yet, if it may hold a secret. `false` if it still stands.
    pub(super) async fn delete_if_secret(&self, update: &Update) -> bool {
        let Some(message) = message_of(update) else {
            return true;
        };
        let chat = message.chat.id.0;
        if !looks_secret(message) {
            let expects_secret = self.expects_secret(chat).await.unwrap_or(true);
            if !expects_secret || !may_be_answer(message, self.me.username()) {
                return true;
            }
        }
        self.delete(chat, message.id.0).await.is_ok()
    }

    /// Whether the chat's next message may be a secret, as far as its dialogue tells.
    async fn expects_secret(&self, chat: i64) -> Result<bool, StoreError> {
        let dialogue = dialogues::get(self.store.reader(), &self.vault, chat).await?;
        let now = self.clock.now();
        Ok(dialogue
            .is_some_and(|dialogue| dialogue.state.expects_secret() || dialogue.has_expired(now)))
    }

    /// Counts a failure. After a few the update is given up without its text: its message is deleted if it still stands,
    /// and the user is told.
    async fn note_failure(
        &self,
        chat: i64,
        update: &Update,
        error: &str,
        removal: Option<Removal>,
    ) -> Result<Failure, StoreError> {
        let id = i64::from(update.id.0);
        let mut tx = self.store.begin().await?;
        if !inbox::waits(&mut *tx, id).await? {
            drop(tx);
            // It was handled, and what failed is what comes after that: waking those who have something to do now.
            incident::log(
                &self.random,
                "something failed after an update was handled",
                &error,
            );
            self.wake_all(chat);
            return Ok(Failure::GivenUp);
        }
        let attempts = inbox::fail(&mut *tx, id).await?;
        if attempts < MAX_ATTEMPTS {
            tx.commit().await?;
            tracing::warn!(error = %error, attempts, "an update could not be handled; trying again");
            self.count(update, UpdateOutcome::Failed);
            return Ok(Failure::Again);
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
        Ok(Failure::GivenUp)
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

enum Failure {
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

/// Whether a message in a flow may be meant as an answer: anything a person sends that is no command of ours.
pub(super) fn may_be_answer(message: &Message, username: &str) -> bool {
    let command = message
        .text()
        .is_some_and(|text| Command::parse(text, username).is_ok());
    message.chat.is_private() && is_written(message) && !command
}

pub(super) fn message_of(update: &Update) -> Option<&Message> {
    match &update.kind {
        UpdateKind::Message(message) | UpdateKind::EditedMessage(message) => Some(message),
        _ => None,
    }
}

/// Whether a person sent it; else it is Telegram's own note of something that happened in the chat.
pub(super) fn is_written(message: &Message) -> bool {
    matches!(
        message.kind,
        MessageKind::Common(_) | MessageKind::Dice(_) | MessageKind::Empty {}
    )
}

pub(super) fn looks_secret(message: &Message) -> bool {
    texts(message).into_iter().any(paste::looks_secret)
}

/// Everything in a message that a person wrote, or that its file brought along.
fn texts(message: &Message) -> Vec<&str> {
    let mut texts: Vec<&str> = [
        message.text(),
        message.caption(),
        message.quote().map(|quote| quote.text.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let entities = [message.entities(), message.caption_entities()];
    for entity in entities.into_iter().flatten().flatten() {
        if let MessageEntityKind::TextLink { url } = &entity.kind {
            texts.push(url.as_str());
        }
    }
    let MessageKind::Common(common) = &message.kind else {
        return texts;
    };
    match &common.media_kind {
        MediaKind::Poll(MediaPoll { poll }) => {
            texts.push(&poll.question);
            texts.extend(poll.options.iter().map(|option| option.text.as_str()));
            texts.extend(poll.explanation.as_deref());
        }
        MediaKind::Checklist(MediaChecklist { checklist }) => {
            texts.push(&checklist.title);
            texts.extend(checklist.tasks.iter().map(|task| task.text.as_str()));
        }
        MediaKind::Contact(MediaContact { contact }) => {
            texts.push(&contact.first_name);
            texts.extend(contact.last_name.as_deref());
            texts.extend(contact.vcard.as_deref());
        }
        MediaKind::Venue(MediaVenue { venue }) => {
            texts.extend([venue.title.as_str(), venue.address.as_str()]);
        }
        MediaKind::Document(media) => texts.extend(media.document.file_name.as_deref()),
        MediaKind::Animation(media) => texts.extend(media.animation.file_name.as_deref()),
        MediaKind::Video(media) => texts.extend(media.video.file_name.as_deref()),
        MediaKind::Audio(media) => {
            let audio = &media.audio;
            let written = [&audio.title, &audio.performer, &audio.file_name];
            texts.extend(written.into_iter().filter_map(Option::as_deref));
        }
        _ => {}
    }
    texts
}
