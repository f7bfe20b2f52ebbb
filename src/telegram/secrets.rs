//! Deletes messages that may hold a secret, before anything else; those whose update has to wait for its turn, too.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use teloxide::{
    types::{
        MediaChecklist, MediaContact, MediaKind, MediaPoll, MediaVenue, Message, MessageEntityKind,
        MessageKind, Update, UpdateKind,
    },
    utils::command::BotCommands as _,
};

use super::{Command, Telegram, polling::Incoming, unit::Removal};
use crate::{
    domain::paste,
    store::{StoreError, dialogues},
};

/// What is known of updates that wait for their turn.
#[derive(Default)]
pub(super) struct Ahead {
    /// By chat and number: those that may move a dialogue otherwise than an answer does. What comes behind one cannot be
    /// judged by where the dialogue stands.
    moving: Mutex<BTreeSet<(i64, i64)>>,
    /// By chat and message: deletions that did not wait.
    deletions: Mutex<HashMap<(i64, i32), Deletion>>,
    /// By chat, the last of these: one after the other, so that a chat that floods does not hold up the others.
    last: Mutex<HashMap<i64, Deletion>>,
}

type Deletion = Shared<BoxFuture<'static, Option<Removal>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ahead {
    /// An update had its turn.
    pub(super) fn forget(&self, chat: i64, update: i64) {
        lock(&self.moving).remove(&(chat, update));
    }
}

impl Telegram {
    /// Notes an update that was fetched.
    pub(super) fn expect(&self, incoming: &Incoming) {
        let is_answer =
            message_of(&incoming.update).is_some_and(|message| self.may_be_answer(message));
        if !is_answer {
            lock(&self.ahead.moving).insert((incoming.chat, incoming.id));
        }
    }

    /// Deletes the message of an update that has to wait for its turn, if it may hold a secret.
    pub(super) fn delete_ahead(&self, incoming: &Arc<Incoming>) {
        let Some(message) = message_of(&incoming.update) else {
            return;
        };
        let (chat, id) = (incoming.chat, incoming.id);
        let before = (chat, i64::MIN)..(chat, id);
        let by_state = lock(&self.ahead.moving).range(before).next().is_none();
        let place = (chat, message.id.0);
        let mut last = lock(&self.ahead.last);
        let before = last.remove(&chat);
        let (telegram, incoming) = (self.clone(), Arc::clone(incoming));
        let deleting = async move {
            if let Some(before) = before {
                before.await;
            }
            let (removal, _) = telegram.delete_if_secret(&incoming.update, by_state).await;
            removal
        };
        let deleting = deleting.boxed().shared();
        lock(&self.ahead.deletions).insert(place, deleting.clone());
        last.insert(chat, deleting.clone());
        drop(last);
        let telegram = self.clone();
        self.reading.run_beside(async move {
            deleting.clone().await;
            let mut last = lock(&telegram.ahead.last);
            if last.get(&chat).is_some_and(|it| it.ptr_eq(&deleting)) {
                last.remove(&chat);
            }
        });
    }

    /// Deletes the message, before anything else, if it may hold a secret and still stands.
    pub(super) async fn delete_first(
        &self,
        update: &Update,
        removal: &mut Option<Removal>,
    ) -> Result<(), StoreError> {
        let deleting = message_of(update).and_then(|message| {
            let place = (message.chat.id.0, message.id.0);
            lock(&self.ahead.deletions).remove(&place)
        });
        if let Some(deleting) = deleting {
            *removal = deleting.await;
        }
        if removal.is_some() {
            return Ok(());
        }
        let (deleted, judged) = self.delete_if_secret(update, true).await;
        *removal = deleted;
        judged
    }

    /// Deletes the message if it may hold a secret: by its looks, or because the dialogue waits for one. While the database does not
    /// answer nobody knows what was asked for: then a message counts as an answer.
    pub(super) async fn delete_if_secret(
        &self,
        update: &Update,
        by_state: bool,
    ) -> (Option<Removal>, Result<(), StoreError>) {
        let Some(message) = message_of(update) else {
            return (None, Ok(()));
        };
        let chat = message.chat.id.0;
        let mut judged = Ok(());
        if !looks_secret(message) {
            if !by_state {
                return (None, Ok(()));
            }
            let expects_secret = self.expects_secret(chat).await;
            if !*expects_secret.as_ref().unwrap_or(&true) || !self.may_be_answer(message) {
                return (None, expects_secret.map(|_| ()));
            }
            judged = expects_secret.map(|_| ());
        }
        let deleted = self.delete(chat, message.id.0).await;
        (Some(Removal::new(message, deleted)), judged)
    }

    /// Whether the chat's next message may be a secret, as far as its dialogue tells.
    async fn expects_secret(&self, chat: i64) -> Result<bool, StoreError> {
        let dialogue = dialogues::get(self.store.reader(), &self.vault, chat).await?;
        let now = self.clock.now();
        Ok(dialogue
            .is_some_and(|dialogue| dialogue.state.expects_secret() || dialogue.has_expired(now)))
    }

    fn may_be_answer(&self, message: &Message) -> bool {
        may_be_answer(message, self.me.username())
    }
}

/// Which message of a stored update may be a secret, for `addx panic`, by the same rules as when it comes: its number, and when
/// it was sent. `asked`: its chat's dialogue waits for one.
pub(crate) fn in_update(json: &[u8], asked: bool) -> Option<(i32, DateTime<Utc>)> {
    let update: Update = serde_json::from_slice(json).ok()?;
    let message = message_of(&update)?;
    // The bot's name is not known here: a command that is addressed to it counts as an answer.
    let may_be = looks_secret(message) || (asked && may_be_answer(message, ""));
    may_be.then_some((message.id.0, message.date))
}

/// Whether a message in a flow may be meant as an answer: anything a person sends that is no command of ours.
fn may_be_answer(message: &Message, username: &str) -> bool {
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

fn looks_secret(message: &Message) -> bool {
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
