//! Fetches updates, and confirms them only when they were handled or are on disk: Telegram delivers again whatever was not
//! confirmed.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{
    FutureExt as _, StreamExt as _,
    stream::{self, FuturesUnordered},
};
use serde::Serialize;
use serde_json::{Value, json};
use teloxide::{
    ApiError, RequestError,
    prelude::Request as _,
    requests::{JsonRequest, Payload},
    types::{Update, UpdateKind},
};
use tokio::sync::oneshot;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Telegram, inbox::Fresh, unit::Removal, whole};
use crate::{
    store::{StoreError, Tx, inbox},
    support::{
        failpoint, incident,
        metrics::{self, UpdateOutcome},
    },
    vault::Place,
};

/// How long Telegram may hold a request open, in seconds. Below the client's own limit.
const POLL_SECONDS: u32 = 10;
const BATCH: u8 = 100;
/// The longest pause after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// The same while the database is away.
const LONGEST_PAUSE_OF_DATABASE: Duration = Duration::from_secs(8);
const DELETIONS_AT_A_TIME: usize = 8;
/// A batch may be under way for so long before what is left of it is written down.
const BATCH_LIMIT: Duration = Duration::from_millis(20);
/// After a batch that took longer so many are written down at once: on a slow network waiting does not pay.
const WRITTEN_AT_ONCE: u32 = 50;
/// The kinds of updates the bot has a use for.
const KINDS: [&str; 4] = [
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
];

/// `getUpdates` with its answer as plain JSON: an update that cannot be parsed must not hold up the others, nor end in an
/// error that carries everybody's messages.
#[derive(Clone, Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u32,
    allowed_updates: [&'static str; 4],
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;
    const NAME: &'static str = "GetUpdates";
}

/// An update as it came, and parsed.
pub(super) struct Incoming {
    pub(super) chat: i64,
    pub(super) id: i64,
    json: Zeroizing<Vec<u8>>,
    pub(super) update: Update,
}

/// How batches are taken over.
#[derive(Default)]
struct TakingOver {
    /// Whether the first batch was. An earlier run may have died of what is in it.
    begun: bool,
    /// So many more are written down at once.
    at_once: u32,
    /// Updates that wait for the database and whose messages are gone already.
    gone: HashSet<i64>,
}

impl Telegram {
    /// Fetches updates until the bot stops.
    pub(super) async fn poll(&self) {
        let mut offset = None;
        let mut pause = Duration::from_secs(1);
        // What waits already comes at once, and so does the news that Telegram answers.
        let mut hold = 0;
        let mut taking_over = TakingOver::default();
        loop {
            let fetched = tokio::select! {
                () = self.stop.cancelled() => break,
                fetched = self.fetch(offset, BATCH, hold) => fetched,
            };
            match fetched {
                Ok(updates) => {
                    hold = POLL_SECONDS;
                    if offset.is_some() {
                        failpoint::hit("poll.confirmed");
                    }
                    let Some(last) = updates.iter().filter_map(update_id).max() else {
                        self.heartbeat.beat();
                        // Updates without a number cannot be confirmed; asking at once would only bring them again.
                        if !updates.is_empty() && !self.rest(pause).await {
                            break;
                        }
                        continue;
                    };
                    // What is not taken over is not confirmed: it comes again, with what was sent meanwhile.
                    match incident::guard(self.take_over(updates, &mut taking_over)).await {
                        Ok(Ok(())) => {
                            self.heartbeat.beat();
                            offset = Some(last.saturating_add(1));
                            pause = Duration::from_secs(1);
                            taking_over.gone.clear();
                            continue;
                        }
                        Ok(Err(error)) => {
                            tracing::error!(error = %error, "updates could not be stored and are not confirmed; trying again");
                        }
                        Err(panicked) => {
                            incident::log(
                                &self.random,
                                "updates could not be taken over",
                                &panicked,
                            );
                        }
                    }
                    if !self.rest(pause).await {
                        break;
                    }
                    // Short all the same: messages are looked at, and deleted, while the database is away.
                    pause = (pause * 2).min(LONGEST_PAUSE_OF_DATABASE);
                }
                Err(error) => {
                    let wait = say_why(&error).unwrap_or(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    if !self.rest(wait).await {
                        break;
                    }
                }
            }
        }
        if offset.is_some() {
            // Confirms what was taken over, so that Telegram does not deliver it again. If this fails, it does, in vain.
            let confirming = self.fetch(offset, 1, 0);
            let _ = tokio::time::timeout(Duration::from_secs(2), confirming).await;
        }
    }

    /// Waits; `false` if the bot stops meanwhile.
    pub(super) async fn rest(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = self.clock.sleep_until(self.clock.now() + pause) => true,
        }
    }

    async fn fetch(
        &self,
        offset: Option<i64>,
        limit: u8,
        timeout: u32,
    ) -> Result<Vec<Value>, RequestError> {
        let payload = GetUpdates {
            offset,
            limit,
            timeout,
            allowed_updates: KINDS,
        };
        JsonRequest::new(self.bot.clone(), payload).send().await
    }

    /// Sees to it that the updates are handled, or on disk. If that fails, their messages are deleted all the same.
    async fn take_over(
        &self,
        updates: Vec<Value>,
        taking_over: &mut TakingOver,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let received = updates.len();
        let incoming: Vec<Arc<Incoming>> = updates
            .into_iter()
            .filter_map(|update| parse(update, now).map(Arc::new))
            .collect();
        for _ in incoming.len()..received {
            self.metrics
                .update(metrics::UpdateKind::Other, UpdateOutcome::Dropped);
        }
        failpoint::hit("poll.received");
        let done = if taking_over.begun {
            self.hand_out(&incoming, &mut taking_over.at_once).await
        } else {
            self.queue(&incoming).await
        };
        match done {
            Ok(()) => taking_over.begun = true,
            Err(_) => {
                self.delete_meanwhile(&incoming, &mut taking_over.gone)
                    .await;
            }
        }
        done
    }

    /// Hands updates to their chats, and waits a moment for them to be handled: the commit of what they come to is the note
    /// of that, too. What is left then is written down.
    async fn hand_out(
        &self,
        incoming: &[Arc<Incoming>],
        at_once: &mut u32,
    ) -> Result<(), StoreError> {
        let mut left = BTreeMap::new();
        let mut open = FuturesUnordered::new();
        let mut behind = Vec::new();
        for update in incoming {
            self.expect(update);
            let (settled, hears) = oneshot::channel();
            let fresh = Fresh {
                incoming: Arc::clone(update),
                settled,
            };
            if self.wake_reading(update.chat, Some(fresh)) {
                left.insert(update.id, Arc::clone(update));
                let (id, chat) = (update.id, update.chat);
                open.push(hears.map(move |settled| (id, chat, settled.is_ok())));
            } else {
                self.delete_ahead(update);
                behind.push(Arc::clone(update));
            }
        }
        failpoint::hit("poll.handed_over");
        let mut ended = HashSet::new();
        if *at_once > 0 {
            *at_once -= 1;
        } else if behind.is_empty() {
            let waiting = async {
                while let Some((id, chat, settled)) = open.next().await {
                    if settled {
                        left.remove(&id);
                    } else {
                        ended.insert(chat);
                    }
                }
            };
            if tokio::time::timeout(BATCH_LIMIT, waiting).await.is_err() {
                *at_once = WRITTEN_AT_ONCE;
            }
        }
        // What waits behind others has to be written anyway, and what is under way then costs no commit of its own.
        let left: Vec<_> = left.into_values().chain(behind.iter().cloned()).collect();
        self.write_down(&left).await?;
        ended.extend(behind.iter().map(|update| update.chat));
        // Whoever ended without a word left it to be read from the inbox.
        while let Some(Some((_, chat, settled))) = open.next().now_or_never() {
            if !settled {
                ended.insert(chat);
            }
        }
        for chat in ended {
            self.wake_reading(chat, None);
        }
        Ok(())
    }

    /// Writes updates down, and lets their chats read them from there.
    async fn queue(&self, incoming: &[Arc<Incoming>]) -> Result<(), StoreError> {
        self.write_down(incoming).await?;
        for update in incoming {
            self.wake_reading(update.chat, None);
        }
        Ok(())
    }

    /// Deletes the messages of updates that wait for the database. Their workers do so too, but each is held up by its first.
    async fn delete_meanwhile(&self, incoming: &[Arc<Incoming>], gone: &mut HashSet<i64>) {
        let waiting: Vec<Arc<Incoming>> = incoming
            .iter()
            .filter(|update| !gone.contains(&update.id))
            .map(Arc::clone)
            .collect();
        let deleted = stream::iter(waiting)
            .map(|incoming| async move {
                let (removal, _) = self.delete_if_secret(&incoming.update, true).await;
                removal.is_none_or(Removal::is_done).then_some(incoming.id)
            })
            .buffer_unordered(DELETIONS_AT_A_TIME)
            .collect::<Vec<_>>()
            .await;
        gone.extend(deleted.into_iter().flatten());
    }

    /// Puts updates into the inbox.
    pub(super) async fn write_down(&self, incoming: &[Arc<Incoming>]) -> Result<(), StoreError> {
        if incoming.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        for update in incoming {
            self.keep(&mut tx, update).await?;
        }
        failpoint::hit("inbox.before_commit");
        tx.commit().await?;
        failpoint::hit("inbox.committed");
        Ok(())
    }

    /// Puts one into the inbox, unless it is known there.
    pub(super) async fn keep(&self, tx: &mut Tx, update: &Incoming) -> Result<(), StoreError> {
        let place = Place::update(update.chat, update.id);
        let (key_id, sealed) = self.vault.seal(&place, &update.json)?;
        let now = self.clock.now();
        inbox::insert(tx, update.id, update.chat, key_id, &sealed, now).await
    }
}

fn update_id(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// An update the bot can use. Others are dropped; only their number is logged.
fn parse(mut raw: Value, now: DateTime<Utc>) -> Option<Incoming> {
    let incoming = read(&raw).or_else(|| {
        let mut plain = plain(&raw, now)?;
        let incoming = read(&plain);
        wipe(&mut plain);
        incoming
    });
    if incoming.is_none() {
        tracing::info!(
            update.id = update_id(&raw),
            "an update of no use was dropped"
        );
    }
    wipe(&mut raw);
    incoming
}

fn read(raw: &Value) -> Option<Incoming> {
    let id = update_id(raw)?;
    let json = Zeroizing::new(serde_json::to_vec(raw).ok()?);
    // From text: teloxide's types borrow their keys, which a parsed value does not lend.
    let update = serde_json::from_slice::<Update>(&json)
        .ok()
        .filter(|update| !matches!(update.kind, UpdateKind::Error(_)) && !lost_text(update, raw))?;
    Some(Incoming {
        chat: update.chat()?.id.0,
        id,
        json,
        update,
    })
}

/// Whether the message has a text that did not come along: what cannot be read as any kind is read as an empty one, and some
/// kinds are read without their caption.
fn lost_text(update: &Update, raw: &Value) -> bool {
    let (kind, message) = match &update.kind {
        UpdateKind::Message(message) => ("message", message),
        UpdateKind::EditedMessage(message) => ("edited_message", message),
        _ => return false,
    };
    let raw = &raw[kind];
    (raw["text"].is_string() && message.text().is_none())
        || (raw["caption"].is_string() && message.caption().is_none())
}

/// A message that cannot be read, of a newer Bot API say, as a plain text: it may hold a secret, so it is deleted like any
/// other. `None`: it is no message, or one that cannot be deleted.
fn plain(raw: &Value, now: DateTime<Utc>) -> Option<Value> {
    let kind = ["message", "edited_message"]
        .into_iter()
        .find(|kind| raw.get(kind).is_some())?;
    let message = &raw[kind];
    let chat = message["chat"]["id"].as_i64()?;
    let user = message["from"]["id"].as_u64();
    let text = message["text"]
        .as_str()
        .or_else(|| message["caption"].as_str());
    let chat = if message["chat"]["type"] == "private" {
        json!({ "id": chat, "type": "private", "first_name": "" })
    } else {
        json!({ "id": chat, "type": "group", "title": "" })
    };
    Some(json!({
        "update_id": raw["update_id"],
        kind: {
            "message_id": message["message_id"].as_i64()?,
            "date": message["date"].as_i64().unwrap_or_else(|| now.timestamp()),
            "chat": chat,
            "from": user.map(|id| json!({ "id": id, "is_bot": false, "first_name": "" })),
            "text": text.unwrap_or_default(),
        },
    }))
}

/// Wipes the texts of an update that was read: they may hold secrets.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Logs why updates do not come, never with what came. The pause that Telegram asks for, if it does.
fn say_why(error: &RequestError) -> Option<Duration> {
    match error {
        RequestError::RetryAfter(seconds) => {
            tracing::warn!("Telegram asks for a pause");
            Some(whole(seconds.duration()))
        }
        RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => {
            tracing::error!("another program fetches this bot's updates: stop the other instance");
            None
        }
        RequestError::Api(ApiError::InvalidToken) => {
            tracing::error!("Telegram no longer knows this bot token");
            None
        }
        RequestError::Api(ApiError::Unknown(text)) if text.contains("webhook is active") => {
            tracing::error!(
                "a webhook is set for this bot: delete it (Bot API method deleteWebhook)"
            );
            None
        }
        RequestError::Api(_) | RequestError::MigrateToChatId(_) => {
            tracing::warn!("Telegram refuses to hand over updates; trying again");
            None
        }
        RequestError::Network(_) | RequestError::Io(_) => {
            tracing::warn!("Telegram cannot be reached; trying again");
            None
        }
        RequestError::InvalidJson { .. } => {
            tracing::warn!("Telegram's answer cannot be read; trying again");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_at_noon(update: Value) -> Option<Incoming> {
        parse(update, DateTime::from_timestamp(1_800_000_000, 0).unwrap())
    }

    fn message(extra: &Value) -> Value {
        let mut message = json!({
            "message_id": 7,
            "date": 1_800_000_000,
            "chat": { "id": 5, "type": "private", "first_name": "Ada" },
            "from": { "id": 5, "is_bot": false, "first_name": "Ada" },
            "text": "a secret",
        });
        let fields = message.as_object_mut().unwrap();
        fields.extend(extra.as_object().unwrap().clone());
        json!({ "update_id": 1, "message": message })
    }

    fn text_of(incoming: &Incoming) -> Option<&str> {
        match &incoming.update.kind {
            UpdateKind::Message(message) => message.text(),
            _ => None,
        }
    }

    #[test]
    fn a_message_of_a_newer_bot_api_is_read_as_a_plain_text() {
        let newer = json!({ "entities": [{ "type": "date_time", "offset": 0, "length": 1 }], "poll_v2": 1 });
        let broken = json!({ "entities": 5, "from": { "id": 5 } });
        for extra in [newer, broken] {
            let incoming = read_at_noon(message(&extra)).unwrap();
            assert_eq!((incoming.chat, incoming.id), (5, 1));
            assert_eq!(text_of(&incoming), Some("a secret"));
            let stored: Update = serde_json::from_slice(&incoming.json).unwrap();
            assert_eq!(stored.id.0, 1);
        }
    }

    #[test]
    fn an_unreadable_caption_counts_as_the_text() {
        let extra = json!({ "text": null, "caption": "a secret", "photo": "none" });
        let incoming = read_at_noon(message(&extra)).unwrap();
        assert_eq!(text_of(&incoming), Some("a secret"));
    }

    #[test]
    fn a_caption_that_would_be_lost_counts_as_the_text() {
        let paid = json!({ "star_count": 1, "paid_media": [{ "type": "preview" }] });
        let extra = json!({ "text": null, "caption": "a secret", "paid_media": paid });
        let incoming = read_at_noon(message(&extra)).unwrap();
        assert_eq!(text_of(&incoming), Some("a secret"));
    }

    #[test]
    fn what_names_no_message_is_dropped() {
        for update in [
            json!({}),
            json!({ "update_id": 1 }),
            json!({ "update_id": "1", "message": {} }),
            json!({ "update_id": 1, "message": { "message_id": 1 } }),
            json!({ "update_id": 1, "message": { "chat": { "id": 5 } } }),
            json!({ "update_id": -1, "message": { "chat": { "id": 5 }, "message_id": 1 } }),
            json!({ "update_id": 1, "callback_query": { "id": "1" } }),
            json!({ "update_id": 1, "poll": [] }),
        ] {
            assert!(read_at_noon(update.clone()).is_none(), "{update}");
        }
    }
}
