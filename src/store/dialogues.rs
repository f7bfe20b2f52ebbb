//! The table `dialogues`: where each chat stands, sealed. This is the bot's own teloxide [`Storage`].

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{FutureExt as _, future::BoxFuture};
use sqlx::{FromRow, SqliteExecutor};
use teloxide::{dispatching::dialogue::Storage, types::ChatId};

use super::{Store, StoreError, time};
use crate::{
    clock::Clock,
    domain::linking::LinkingState,
    vault::{Place, Sealed, Vault},
};

/// The dialogues of all chats. Reads and writes go through the application's own connections and transactions.
#[derive(Clone)]
pub struct Dialogues {
    store: Store,
    vault: Vault,
    clock: Clock,
}

/// A chat's dialogue and its card.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// Where it stands.
    pub state: LinkingState,
    /// Counts changes.
    pub revision: i64,
    /// The message that shows it.
    pub card_message: Option<i32>,
    /// When the card must be drawn; `None` when it shows the state.
    pub card_due_at: Option<DateTime<Utc>>,
    /// How often drawing it failed.
    pub card_attempts: u32,
    /// When the flow's values are wiped.
    pub expires_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Row {
    revision: i64,
    sealed: Vec<u8>,
    card_message_id: Option<i32>,
    card_due_at: Option<i64>,
    card_attempts: u32,
    expires_at: Option<i64>,
}

impl Dialogues {
    /// The dialogues kept in `store`, sealed by `vault`.
    #[must_use]
    pub fn new(store: Store, vault: Vault, clock: Clock) -> Self {
        Self {
            store,
            vault,
            clock,
        }
    }

    /// A chat's dialogue. One that this program cannot read, of an older version say, counts as none: the user starts
    /// again instead of being stuck.
    ///
    /// # Errors
    /// The database failed.
    pub async fn get(
        &self,
        db: impl SqliteExecutor<'_>,
        chat: i64,
    ) -> Result<Option<Dialogue>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, sealed, card_message_id, card_due_at, card_attempts, expires_at
             FROM dialogues WHERE chat_id = ?",
        )
        .bind(chat)
        .fetch_optional(db)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let opened = self
            .vault
            .open(&Place::dialogue(chat), &Sealed::from_bytes(row.sealed));
        let state = opened
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        let state = state.unwrap_or_else(|| {
            tracing::warn!("a dialogue could not be read and is forgotten; its user starts again");
            LinkingState::Idle
        });
        Ok(Some(Dialogue {
            state,
            revision: row.revision,
            card_message: row.card_message_id,
            card_due_at: row.card_due_at.map(time),
            card_attempts: row.card_attempts,
            expires_at: row.expires_at.map(time),
        }))
    }

    /// Keeps a new state and asks for its card to be drawn: into the message that is there, or a new one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put(
        &self,
        db: impl SqliteExecutor<'_>,
        chat: i64,
        state: &LinkingState,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_vec(state).map_err(|_| StoreError::Corrupt {
            table: "dialogues",
            reason: "the state has no JSON form",
        })?;
        let (key_id, sealed) = self.vault.seal(&Place::dialogue(chat), &json)?;
        sqlx::query(
            "INSERT INTO dialogues (chat_id, revision, key_id, sealed, card_due_at, expires_at)
             VALUES (?1, 1, ?2, ?3, ?4, ?5)
             ON CONFLICT (chat_id) DO UPDATE SET revision = revision + 1, key_id = ?2, sealed = ?3,
                 card_due_at = max(?4, iif(card_attempts > 0, ifnull(card_due_at, 0), 0)), expires_at = ?5",
        )
        .bind(chat)
        .bind(key_id.0)
        .bind(sealed.as_bytes())
        .bind(self.clock.now().timestamp())
        .bind(expires_at.map(|at| at.timestamp()))
        .execute(db)
        .await?;
        Ok(())
    }

    /// Forgets a chat's dialogue. Forgetting what is not there is no error.
    ///
    /// # Errors
    /// The database failed.
    pub async fn remove(&self, db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM dialogues WHERE chat_id = ?")
            .bind(chat)
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Asks for a chat's card to be drawn again, if it has one.
///
/// # Errors
/// The database failed.
pub async fn redraw(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE dialogues SET card_due_at = ?, revision = revision + 1 WHERE chat_id = ?")
        .bind(now.timestamp())
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Lets the card be drawn as a new message next time.
///
/// # Errors
/// The database failed.
pub async fn detach_card(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE dialogues SET card_message_id = NULL, card_attempts = 0 WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes which message shows the card, and that it shows `revision`: a newer one is still to be drawn.
///
/// # Errors
/// The database failed.
pub async fn card_drawn(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    revision: i64,
    message: i32,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE dialogues SET card_message_id = ?1, card_attempts = 0,
             card_due_at = iif(revision = ?2, NULL, card_due_at)
         WHERE chat_id = ?3",
    )
    .bind(message)
    .bind(revision)
    .bind(chat)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that the card could not be drawn.
///
/// # Errors
/// The database failed.
pub async fn postpone_card(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE dialogues SET card_due_at = ?, card_attempts = card_attempts + 1 WHERE chat_id = ?",
    )
    .bind(due_at.timestamp())
    .bind(chat)
    .execute(db)
    .await?;
    Ok(())
}

/// Handlers that change more than the state use [`Dialogues::put`] inside their transaction instead.
impl Storage<LinkingState> for Dialogues {
    type Error = StoreError;

    fn remove_dialogue(
        self: Arc<Self>,
        ChatId(chat): ChatId,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        async move {
            let mut tx = self.store.begin().await?;
            self.remove(&mut *tx, chat).await?;
            Ok(tx.commit().await?)
        }
        .boxed()
    }

    fn update_dialogue(
        self: Arc<Self>,
        ChatId(chat): ChatId,
        state: LinkingState,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        async move {
            let mut tx = self.store.begin().await?;
            let before = self.get(&mut *tx, chat).await?;
            let expires_at = before.and_then(|dialogue| dialogue.expires_at);
            self.put(&mut *tx, chat, &state, expires_at).await?;
            Ok(tx.commit().await?)
        }
        .boxed()
    }

    fn get_dialogue(
        self: Arc<Self>,
        ChatId(chat): ChatId,
    ) -> BoxFuture<'static, Result<Option<LinkingState>, StoreError>> {
        async move {
            let dialogue = self.get(self.store.reader(), chat).await?;
            Ok(dialogue.map(|dialogue| dialogue.state))
        }
        .boxed()
    }
}
