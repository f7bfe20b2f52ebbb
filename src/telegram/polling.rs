//! Fetches updates, and confirms them only when they are on disk: Telegram delivers again whatever was not confirmed.

use std::time::Duration;

use serde::Serialize;
use teloxide::{
    ApiError, RequestError,
    prelude::Request as _,
    requests::{JsonRequest, Payload},
    types::{Update, UpdateKind},
};
use tokio::sync::watch;
use zeroize::Zeroizing;

use super::{Telegram, inbox::Fresh};
use crate::{
    store::{StoreError, inbox},
    vault::Place,
};

/// How long Telegram may hold a request open, in seconds. Below the client's own limit.
const POLL_SECONDS: u32 = 10;
const BATCH: u8 = 100;
/// The longest pause after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
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
    type Output = Vec<serde_json::Value>;
    const NAME: &'static str = "GetUpdates";
}

/// An update as it came, and parsed.
struct Incoming {
    chat: i64,
    id: i64,
    json: Zeroizing<Vec<u8>>,
    update: Update,
}

impl Telegram {
    /// Fetches updates until the bot stops.
    pub(super) async fn poll(&self) {
        let mut offset = None;
        let mut pause = Duration::from_secs(1);
        loop {
            let fetched = tokio::select! {
                () = self.stop.cancelled() => break,
                fetched = self.fetch(offset, BATCH, POLL_SECONDS) => fetched,
            };
            match fetched {
                Ok(updates) => {
                    self.heartbeat.beat();
                    pause = Duration::from_secs(1);
                    let Some(last) = updates.iter().filter_map(update_id).max() else {
                        continue;
                    };
                    if !self.take_over(updates).await {
                        break;
                    }
                    offset = Some(last + 1);
                }
                Err(error) => {
                    let wait = say_why(&error).unwrap_or(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    tokio::select! {
                        () = self.stop.cancelled() => break,
                        () = self.clock.sleep_until(self.clock.now() + wait) => {}
                    }
                }
            }
        }
        if offset.is_some() {
            // Confirms what is on disk, so that Telegram does not deliver it again. If this fails, it does, in vain.
            let confirming = self.fetch(offset, 1, 0);
            let _ = tokio::time::timeout(Duration::from_secs(2), confirming).await;
        }
    }

    async fn fetch(
        &self,
        offset: Option<i64>,
        limit: u8,
        timeout: u32,
    ) -> Result<Vec<serde_json::Value>, RequestError> {
        let payload = GetUpdates {
            offset,
            limit,
            timeout,
            allowed_updates: KINDS,
        };
        JsonRequest::new(self.bot.clone(), payload).send().await
    }

    /// Hands the updates over to their chats and writes them down at the same time, until that succeeds.
    /// `false`: the bot stops first.
    async fn take_over(&self, updates: Vec<serde_json::Value>) -> bool {
        let incoming: Vec<Incoming> = updates.into_iter().filter_map(parse).collect();
        let (on_disk, durable) = watch::channel(false);
        for Incoming { chat, update, .. } in &incoming {
            let fresh = Fresh {
                update: update.clone(),
                durable: durable.clone(),
            };
            self.wake_reading(*chat, Some(fresh));
        }
        let mut pause = Duration::from_secs(1);
        loop {
            match self.write_down(&incoming).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(error = %error, "updates could not be stored and are not confirmed; trying again");
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = self.clock.sleep_until(self.clock.now() + pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        on_disk.send_replace(true);
        // A lane that was busy dropped its fresh update: it reads it from the inbox.
        for Incoming { chat, .. } in &incoming {
            self.wake_reading(*chat, None);
        }
        true
    }

    async fn write_down(&self, incoming: &[Incoming]) -> Result<(), StoreError> {
        if incoming.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        for update in incoming {
            let place = Place::update(update.chat, update.id);
            let (key_id, sealed) = self.vault.seal(&place, &update.json)?;
            inbox::insert(&mut tx, update.id, update.chat, key_id, &sealed, now).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn update_id(update: &serde_json::Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// An update the bot can use. Others are dropped; only their number is logged.
fn parse(raw: serde_json::Value) -> Option<Incoming> {
    let id = update_id(&raw)?;
    let json = Zeroizing::new(serde_json::to_vec(&raw).ok()?);
    drop(raw);
    // From text: teloxide's types borrow their keys, which a parsed value does not lend.
    let parsed = serde_json::from_slice::<Update>(&json).ok();
    let update = parsed.filter(|update| !matches!(update.kind, UpdateKind::Error(_)));
    let Some((chat, update)) = update.and_then(|update| Some((update.chat()?.id.0, update))) else {
        tracing::info!(update.id = id, "an update of no use was dropped");
        return None;
    };
    Some(Incoming {
        chat,
        id,
        json,
        update,
    })
}

/// Logs why updates do not come, never with what came. The pause that Telegram asks for, if it does.
fn say_why(error: &RequestError) -> Option<Duration> {
    match error {
        RequestError::RetryAfter(seconds) => {
            tracing::warn!("Telegram asks for a pause");
            Some(seconds.duration())
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
