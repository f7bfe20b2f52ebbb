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
pub(crate) struct Dialogues {
    store: Store,
    vault: Vault,
    clock: Clock,
}

/// A chat's dialogue and its card.
#[derive(Clone, Debug)]
pub(crate) struct Dialogue {
    /// Where it stands.
    pub state: LinkingState,
    /// Counts changes.
    pub revision: i64,
    /// The message that shows it.
    pub card_message: Option<i32>,
    /// Tells what that message shows; `None` when that is not known.
    pub card_digest: Option<i64>,
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
    card_digest: Option<i64>,
    card_due_at: Option<i64>,
    card_attempts: u32,
    expires_at: Option<i64>,
}

impl Dialogues {
    /// The dialogues kept in `store`, sealed by `vault`.
    pub(crate) fn new(store: Store, vault: Vault, clock: Clock) -> Self {
        Self {
            store,
            vault,
            clock,
        }
    }

    /// A chat's dialogue. One that this program cannot read, of an older version say, counts as none: the user starts
    /// again instead of being stuck.
    pub(crate) async fn get(
        &self,
        db: impl SqliteExecutor<'_>,
        chat: i64,
    ) -> Result<Option<Dialogue>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT revision, sealed, card_message_id, card_digest, card_due_at, card_attempts, expires_at
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
            card_digest: row.card_digest,
            card_due_at: row.card_due_at.map(time),
            card_attempts: row.card_attempts,
            expires_at: row.expires_at.map(time),
        }))
    }

    /// Keeps a new state and asks for its card to be drawn: into the message that is there, or a new one.
    pub(crate) async fn put(
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
    pub(crate) async fn remove(
        &self,
        db: impl SqliteExecutor<'_>,
        chat: i64,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM dialogues WHERE chat_id = ?")
            .bind(chat)
            .execute(db)
            .await?;
        Ok(())
    }
}

/// Asks for a chat's card to be drawn again, if it has one.
pub(crate) async fn redraw(
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

/// The same for the card of an open flow, unless a question stands in its place.
pub(crate) async fn redraw_shown(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE dialogues SET card_due_at = max(?, ifnull(card_due_at, 0)), revision = revision + 1
         WHERE chat_id = ? AND expires_at IS NOT NULL
             AND (card_digest IS NOT NULL OR card_due_at IS NOT NULL)",
    )
    .bind(now.timestamp())
    .bind(chat)
    .execute(db)
    .await?;
    Ok(())
}

/// Lets the card be drawn as a new message next time.
pub(crate) async fn detach_card(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE dialogues SET card_message_id = NULL, card_digest = NULL, card_attempts = 0
         WHERE chat_id = ?",
    )
    .bind(chat)
    .execute(db)
    .await?;
    Ok(())
}

/// Does not draw the card until the state changes or it is asked for again: a question takes its place.
pub(crate) async fn hold_card(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE dialogues SET card_due_at = NULL WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Makes this message the card's: the next one is drawn into it.
pub(crate) async fn adopt_card(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    message: i32,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE dialogues SET card_message_id = ?, card_digest = NULL WHERE chat_id = ?")
        .bind(message)
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes which message shows the card, and that it shows what `dialogue` was: a newer state is still to be drawn. If the
/// card was detached meanwhile, the message is none any more, and nothing is noted.
pub(crate) async fn card_drawn(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    dialogue: &Dialogue,
    message: i32,
    digest: Option<i64>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE dialogues SET card_message_id = ?1, card_digest = ?2, card_attempts = 0,
             card_due_at = iif(revision = ?3, NULL, card_due_at)
         WHERE chat_id = ?4 AND card_message_id IS ?5",
    )
    .bind(message)
    .bind(digest)
    .bind(dialogue.revision)
    .bind(chat)
    .bind(dialogue.card_message)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that the card could not be drawn.
pub(crate) async fn postpone_card(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            account::{AccountId, AccountName},
            linking::{Flow, FlowId, LinkName},
        },
        random::Random,
        vault::Keyring,
    };

    const ADA: ChatId = ChatId(71);
    const EVE: ChatId = ChatId(72);

    struct Fixture {
        folder: tempfile::TempDir,
        store: Store,
        dialogues: Arc<Dialogues>,
    }

    async fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let random = Random::seeded(7);
        let key_file = folder.path().join("addx.key");
        let keyring = Keyring::create(&key_file, &random, clock.now()).unwrap();
        let vault = Vault::new(keyring, key_file, random);
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        Fixture {
            folder,
            store: store.clone(),
            dialogues: Arc::new(Dialogues::new(store, vault, clock)),
        }
    }

    fn state(name: &str) -> LinkingState {
        let name = LinkName::Given(AccountName::parse(name).unwrap());
        let flow = Flow::link(FlowId(5), AccountId::from_bytes([5; 16]), name);
        LinkingState::AwaitingValue(flow.ask(None))
    }

    #[tokio::test]
    async fn a_state_comes_back_as_it_was_put() {
        let Fixture {
            folder: _folder,
            dialogues,
            ..
        } = fixture().await;
        assert_eq!(dialogues.clone().get_dialogue(ADA).await.unwrap(), None);
        for name in ["first", "second"] {
            dialogues
                .clone()
                .update_dialogue(ADA, state(name))
                .await
                .unwrap();
            let kept = dialogues.clone().get_dialogue(ADA).await.unwrap();
            assert_eq!(kept, Some(state(name)));
        }
        assert_eq!(dialogues.clone().get_dialogue(EVE).await.unwrap(), None);
    }

    #[tokio::test]
    async fn forgetting_a_state_twice_is_no_error() {
        let Fixture {
            folder: _folder,
            dialogues,
            ..
        } = fixture().await;
        dialogues
            .clone()
            .update_dialogue(ADA, state("main"))
            .await
            .unwrap();
        for _ in 0..2 {
            dialogues.clone().remove_dialogue(ADA).await.unwrap();
            assert_eq!(dialogues.clone().get_dialogue(ADA).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn the_file_shows_nothing_of_a_state() {
        let Fixture {
            folder,
            store,
            dialogues,
        } = fixture().await;
        let name = "a-name-to-look-for";
        dialogues.update_dialogue(ADA, state(name)).await.unwrap();
        store.close().await.unwrap();
        let file = std::fs::read(folder.path().join("addx.db")).unwrap();
        for text in [name, "awaiting_value", "api_key"] {
            // The schema names its columns' values; the row must not.
            let times = file
                .windows(text.len())
                .filter(|window| *window == text.as_bytes())
                .count();
            let in_schema = include_str!("../../migrations/0001_initial.sql")
                .matches(text)
                .count();
            assert!(times <= in_schema, "{text}: {times}");
        }
    }

    #[tokio::test]
    async fn rows_that_were_swapped_between_chats_do_not_open() {
        let Fixture {
            folder: _folder,
            store,
            dialogues,
        } = fixture().await;
        for (chat, name) in [(ADA, "ada"), (EVE, "eve")] {
            dialogues
                .clone()
                .update_dialogue(chat, state(name))
                .await
                .unwrap();
        }
        let mut tx = store.begin().await.unwrap();
        sqlx::query("UPDATE dialogues SET chat_id = 0 WHERE chat_id = 71")
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query("UPDATE dialogues SET chat_id = 71 WHERE chat_id = 72")
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query("UPDATE dialogues SET chat_id = 72 WHERE chat_id = 0")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        for chat in [ADA, EVE] {
            let kept = dialogues.clone().get_dialogue(chat).await.unwrap();
            assert_eq!(
                kept,
                Some(LinkingState::Idle),
                "an unreadable state counts as none"
            );
        }
        // The user begins again.
        dialogues
            .clone()
            .update_dialogue(ADA, state("again"))
            .await
            .unwrap();
        let kept = dialogues.get_dialogue(ADA).await.unwrap();
        assert_eq!(kept, Some(state("again")));
    }

    #[tokio::test]
    async fn a_card_that_was_detached_while_it_was_drawn_stays_detached() {
        let Fixture {
            folder: _folder,
            store,
            dialogues,
        } = fixture().await;
        dialogues
            .clone()
            .update_dialogue(ADA, state("main"))
            .await
            .unwrap();
        let mut tx = store.begin().await.unwrap();
        adopt_card(&mut *tx, ADA.0, 9).await.unwrap();
        let drawn = dialogues.get(&mut *tx, ADA.0).await.unwrap().unwrap();
        detach_card(&mut *tx, ADA.0).await.unwrap();
        card_drawn(&mut *tx, ADA.0, &drawn, 9, Some(1))
            .await
            .unwrap();
        let detached = dialogues.get(&mut *tx, ADA.0).await.unwrap().unwrap();
        assert_eq!((detached.card_message, detached.card_digest), (None, None));
        card_drawn(&mut *tx, ADA.0, &detached, 10, Some(2))
            .await
            .unwrap();
        let redrawn = dialogues.get(&mut *tx, ADA.0).await.unwrap().unwrap();
        assert_eq!(
            (redrawn.card_message, redrawn.card_due_at),
            (Some(10), None)
        );
        tx.commit().await.unwrap();
    }
}
