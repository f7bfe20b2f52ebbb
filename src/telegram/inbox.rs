//! Handles updates, one after the other in a chat: the message is deleted first, then the update is handled in one turn.
//! What fails is tried again, then given up without its text. Nothing here stops the bot.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use teloxide::{
    dispatching::dialogue::Storage as _,
    types::{ChatId, Message, MessageKind, Update, UpdateKind},
    utils::command::BotCommands as _,
};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{
    Command, Telegram, reply,
    schema::HandlerError,
    turn::{self, Removal, Visit},
};
use crate::{
    domain::{
        linking::{Closed, Ending, LinkingState},
        notice::Notice,
        paste,
    },
    incident,
    store::{StoreError, agenda, inbox, outbox},
    vault::{Place, Sealed},
};

/// A handler that takes longer is broken off and tried again.
const HANDLER_LIMIT: Duration = Duration::from_secs(15);
/// After so many failures an update is given up.
const MAX_ATTEMPTS: u32 = 3;

/// An update that was just handed over: handled from memory, while it is written down at the same time.
pub(super) struct Fresh {
    pub(super) update: Update,
    /// True once the update is on disk.
    pub(super) durable: watch::Receiver<bool>,
}

impl Telegram {
    /// Lets a chat's updates be handled; `fresh` at once, if none of them is being handled now.
    pub(super) fn wake_reading(&self, chat: i64, fresh: Option<Fresh>) {
        let telegram = self.clone();
        self.reading.wake(chat, fresh, move |chat, fresh| {
            let telegram = telegram.clone();
            async move { telegram.read(chat, fresh).await }
        });
    }

    /// Takes up what an earlier run left: updates, messages, cards.
    pub(super) async fn resume(&self) {
        let chats = async {
            let reading = inbox::waiting_chats(self.store.reader()).await?;
            let now = self.clock.now();
            let writing = agenda::chats_to_write_to(self.store.reader(), now).await?;
            Ok::<_, StoreError>((reading, writing))
        };
        match chats.await {
            Ok((reading, writing)) => {
                reading
                    .into_iter()
                    .for_each(|chat| self.wake_reading(chat, None));
                writing.into_iter().for_each(|chat| self.wake_writing(chat));
            }
            Err(error) => tracing::error!(error = %error, "what was left could not be read"),
        }
    }

    /// Handles what waits for a chat.
    async fn read(&self, chat: i64, fresh: Option<Fresh>) {
        if let Some(mut fresh) = fresh {
            self.handle_until_done(chat, fresh.update, Some(&mut fresh.durable))
                .await;
        }
        let mut pause = Pause::default();
        loop {
            match self.next_update(chat).await {
                Ok(Some(update)) => {
                    pause = Pause::default();
                    self.handle_until_done(chat, update, None).await;
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

    /// Handles one update; tries again what fails, and gives up after a few times.
    async fn handle_until_done(
        &self,
        chat: i64,
        update: Update,
        mut durable: Option<&mut watch::Receiver<bool>>,
    ) {
        let id = i64::from(update.id.0);
        let mut pause = Pause::default();
        loop {
            let mut removal = None;
            let handled =
                AssertUnwindSafe(self.handle(chat, &update, durable.as_deref_mut(), &mut removal))
                    .catch_unwind()
                    .await;
            let error = match handled {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "a panic".to_owned(),
            };
            let incident = incident::log(&self.random, "an update could not be handled", &error);
            match self.note_failure(chat, id, &incident, removal).await {
                Ok(Failure::GivenUp) => return,
                Ok(Failure::Again) => {}
                Err(error) => {
                    tracing::error!(error = %error, "the database does not answer; trying again");
                }
            }
            if !pause.wait(self).await {
                return;
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
    ) -> Result<(), HandlerError> {
        let state = self.delete_first(chat, update, removal).await?;
        if let Some(durable) = durable {
            // The sender is gone without success only when the bot stops; Telegram delivers the update again.
            if durable.wait_for(|on_disk| *on_disk).await.is_err() {
                return Ok(());
            }
        }
        let visit = Visit {
            update: i64::from(update.id.0),
            chat,
            deletion: *removal,
        };
        let Ok(_permit) = self.permits.acquire().await else {
            return Ok(());
        };
        let handling = self.schema.handle(self, update, visit, state);
        tokio::time::timeout(HANDLER_LIMIT, handling)
            .await
            .map_err(|_| HandlerError::TooSlow)?
    }

    /// Deletes the message, before anything else, if it may hold a secret. Where the dialogue stands is what tells for a
    /// text that does not look like one, so that is read at the same time.
    async fn delete_first(
        &self,
        chat: i64,
        update: &Update,
        removal: &mut Option<Removal>,
    ) -> Result<LinkingState, StoreError> {
        let message = match &update.kind {
            UpdateKind::Message(message) | UpdateKind::EditedMessage(message) => Some(message),
            _ => None,
        };
        let reading = self.state(chat);
        let Some(message) = message else {
            return reading.await;
        };
        if looks_secret(message) {
            let (state, deleted) =
                tokio::join!(reading, reply::delete(&self.bot, chat, message.id.0));
            *removal = Some(Removal::new(message, deleted));
            return state;
        }
        let state = reading.await?;
        if state.expects_secret() && message.chat.is_private() && self.is_answer(message) {
            let deleted = reply::delete(&self.bot, chat, message.id.0).await;
            *removal = Some(Removal::new(message, deleted));
        }
        Ok(state)
    }

    /// Where a chat's dialogue stands now: a flow that has rested too long is ended first.
    async fn state(&self, chat: i64) -> Result<LinkingState, StoreError> {
        let state = self.dialogues.clone().get_dialogue(ChatId(chat)).await?;
        let Some(state) = state else {
            return Ok(LinkingState::Idle);
        };
        if state.flow_id().is_some() && self.expire(chat).await? {
            let expired = self.dialogues.clone().get_dialogue(ChatId(chat)).await?;
            return Ok(expired.unwrap_or_default());
        }
        Ok(state)
    }

    /// Whether a message in a flow is meant as an answer: anything a person sends that is no command of ours.
    fn is_answer(&self, message: &Message) -> bool {
        let sent_by_a_person = matches!(message.kind, MessageKind::Common(_));
        let command = message
            .text()
            .is_some_and(|text| Command::parse(text, self.me.username()).is_ok());
        sent_by_a_person && !command
    }

    /// Counts a failure. After a few the update is given up without its text, and the user is told.
    async fn note_failure(
        &self,
        chat: i64,
        update: i64,
        incident: &str,
        removal: Option<Removal>,
    ) -> Result<Failure, StoreError> {
        let mut tx = self.store.begin().await?;
        if !inbox::waits(&mut *tx, update).await? {
            return Ok(Failure::GivenUp);
        }
        let failure = if inbox::fail(&mut *tx, update).await? < MAX_ATTEMPTS {
            Failure::Again
        } else {
            inbox::give_up(&mut *tx, update, incident).await?;
            if let Some(removal) = removal {
                turn::record(self, &mut tx, chat, removal).await?;
            }
            let notice = Notice::Incident {
                id: incident.to_owned(),
            };
            outbox::push(&mut *tx, chat, &notice, self.clock.now()).await?;
            Failure::GivenUp
        };
        tx.commit().await?;
        self.wake_writing(chat);
        Ok(failure)
    }

    /// Ends the chat's flow if it has rested too long: its values are wiped, its card says so, and the user is told with
    /// the next message. `true` if it was ended.
    async fn expire(&self, chat: i64) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let dialogue = self.dialogues.get(self.store.reader(), chat).await?;
        let due = dialogue.and_then(|dialogue| dialogue.expires_at);
        if due.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        if let Some(dialogue) = self.dialogues.get(&mut *tx, chat).await? {
            self.linker.wipe(&mut tx, chat, &dialogue.state).await?;
            let closed = LinkingState::Closed(Closed {
                purpose: dialogue.state.flow().map(|flow| flow.purpose.clone()),
                ending: Ending::Expired,
                told: false,
                remark: None,
            });
            self.dialogues.put(&mut *tx, chat, &closed, None).await?;
        }
        tx.commit().await?;
        self.erased();
        self.wake_writing(chat);
        Ok(true)
    }
}

enum Failure {
    Again,
    GivenUp,
}

/// Growing pauses between tries.
#[derive(Default)]
struct Pause(u32);

impl Pause {
    /// Waits; `false` if the bot stops meanwhile.
    async fn wait(&mut self, telegram: &Telegram) -> bool {
        let seconds = 1_u64 << self.0.min(5);
        self.0 += 1;
        let until = telegram.clock.now() + Duration::from_secs(seconds);
        tokio::select! {
            () = telegram.stop.cancelled() => false,
            () = telegram.clock.sleep_until(until) => true,
        }
    }
}

fn looks_secret(message: &Message) -> bool {
    message
        .text()
        .or_else(|| message.caption())
        .is_some_and(paste::looks_secret)
}
