//! The table `dialogues`: where each chat stands, sealed, and the message that shows it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::StoreError;
use crate::{
    domain::linking::LinkingState,
    vault::{Place, Sealed, Vault},
};

/// A chat's dialogue and its card.
#[derive(Clone, Debug, Default)]
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

impl Dialogue {
    /// Moves to a new state. Its card follows: into the message that is there, or a new one; if drawing it has failed, not
    /// before its next try.
    pub(crate) fn go(
        &mut self,
        state: LinkingState,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) {
        let next_try = self.card_due_at.filter(|_| self.card_attempts > 0);
        self.card_due_at = next_try.max(Some(now));
        self.state = state;
        self.expires_at = expires_at;
    }

    /// Whether its flow has rested too long.
    pub(crate) fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Asks for the card to be drawn again.
    pub(crate) fn redraw(&mut self, now: DateTime<Utc>) {
        self.card_due_at = Some(now);
    }

    /// Lets the card be drawn as a new message next time. One that is just being sent, and not noted yet, is told by another
    /// digest.
    pub(crate) fn detach_card(&mut self) {
        self.card_digest = match self.card_message {
            Some(_) => None,
            None => Some(self.card_digest.map_or(0, |digest| digest.wrapping_add(1))),
        };
        (self.card_message, self.card_attempts) = (None, 0);
    }

    /// Does not draw the card until the state changes or it is asked for again: a question takes its place.
    pub(crate) fn hold_card(&mut self) {
        self.card_due_at = None;
    }

    /// Makes this message the card's: the next one is drawn into it.
    pub(crate) fn adopt_card(&mut self, message: i32) {
        (self.card_message, self.card_digest) = (Some(message), None);
    }
}

/// A chat's dialogue as it stands, or as an outer join finds none.
#[derive(FromRow)]
pub(super) struct Row {
    revision: Option<i64>,
    state: Option<Sealed>,
    card_message_id: Option<i32>,
    card_digest: Option<i64>,
    card_due_at: Option<DateTime<Utc>>,
    card_attempts: Option<u32>,
    expires_at: Option<DateTime<Utc>>,
}

impl Row {
    /// The dialogue. One that this program cannot read, of an older version say, counts as none: the user starts again
    /// instead of being stuck.
    pub(super) fn read(self, vault: &Vault, chat: i64) -> Option<Dialogue> {
        let opened = vault.open(&Place::dialogue(chat), &self.state?);
        let state = opened
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        let state = state.unwrap_or_else(|| {
            tracing::warn!("a dialogue could not be read and is forgotten; its user starts again");
            LinkingState::Idle
        });
        Some(Dialogue {
            state,
            revision: self.revision.unwrap_or(0),
            card_message: self.card_message_id,
            card_digest: self.card_digest,
            card_due_at: self.card_due_at,
            card_attempts: self.card_attempts.unwrap_or(0),
            expires_at: self.expires_at,
        })
    }
}

/// A chat's dialogue.
pub(crate) async fn get(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    chat: i64,
) -> Result<Option<Dialogue>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT revision, sealed AS state, card_message_id, card_digest, card_due_at, card_attempts, expires_at
         FROM dialogues WHERE chat_id = ?",
    )
    .bind(chat)
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| row.read(vault, chat)))
}

/// Keeps a dialogue as it is now. It was read in the same transaction.
pub(crate) async fn save(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    chat: i64,
    dialogue: &Dialogue,
) -> Result<(), StoreError> {
    let json = serde_json::to_vec(&dialogue.state).map_err(|_| StoreError::Corrupt {
        table: "dialogues",
        reason: "the state has no JSON form",
    })?;
    let (key_id, sealed) = vault.seal(&Place::dialogue(chat), &json)?;
    sqlx::query(
        "INSERT OR REPLACE INTO dialogues (chat_id, revision, key_id, sealed, card_message_id, card_digest,
             card_due_at, card_attempts, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(chat)
    .bind(dialogue.revision + 1)
    .bind(key_id.0)
    .bind(sealed.as_bytes())
    .bind(dialogue.card_message)
    .bind(dialogue.card_digest)
    .bind(dialogue.card_due_at.map(|at| at.timestamp()))
    .bind(dialogue.card_attempts)
    .bind(dialogue.expires_at.map(|at| at.timestamp()))
    .execute(db)
    .await?;
    Ok(())
}

/// The same where nothing but the card has changed.
pub(crate) async fn save_card(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    dialogue: &Dialogue,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE dialogues SET revision = ?, card_message_id = ?, card_digest = ?, card_due_at = ?,
             card_attempts = ? WHERE chat_id = ?",
    )
    .bind(dialogue.revision + 1)
    .bind(dialogue.card_message)
    .bind(dialogue.card_digest)
    .bind(dialogue.card_due_at.map(|at| at.timestamp()))
    .bind(dialogue.card_attempts)
    .bind(chat)
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets a chat's dialogue. Forgetting what is not there is no error.
pub(crate) async fn remove(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM dialogues WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes which message shows the card, and that it shows what `dialogue` was: a newer state is still to be drawn. If the
/// card was detached meanwhile, the message is none any more, and nothing is noted. `false`: that is so.
pub(crate) async fn card_drawn(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    dialogue: &Dialogue,
    message: i32,
    digest: Option<i64>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE dialogues SET card_message_id = ?1, card_digest = ?2, card_attempts = 0,
             card_due_at = iif(revision = ?3, NULL, card_due_at)
         WHERE chat_id = ?4 AND (card_message_id = ?1 OR card_message_id IS ?5 AND card_digest IS ?6)",
    )
    .bind(message)
    .bind(digest)
    .bind(dialogue.revision)
    .bind(chat)
    .bind(dialogue.card_message)
    .bind(dialogue.card_digest)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The same for a dialogue that is over: if nothing has changed since, it is forgotten. `asking`: the card says that X is being
/// asked, and X's answer may be put there. In this order each can be done alone, and is then done again.
pub(crate) async fn last_card_drawn(
    db: impl SqliteExecutor<'_>,
    chat: i64,
    dialogue: &Dialogue,
    message: Option<i32>,
    digest: Option<i64>,
    asking: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO progress_messages (chat_id, asked, message_id)
         SELECT ?1, 'check', ?2 WHERE ?3 AND ?2 IS NOT NULL;
         UPDATE dialogues SET card_message_id = ?2, card_digest = ?4, card_attempts = 0,
             card_due_at = iif(revision = ?5, NULL, card_due_at)
         WHERE chat_id = ?1 AND card_message_id IS ?6 AND card_digest IS ?7 AND ?2 IS NOT NULL;
         DELETE FROM dialogues WHERE chat_id = ?1 AND revision = ?5",
    )
    .bind(chat)
    .bind(message)
    .bind(asking)
    .bind(digest)
    .bind(dialogue.revision)
    .bind(dialogue.card_message)
    .bind(dialogue.card_digest)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            account::{AccountId, AccountName},
            linking::{Flow, FlowId, LinkName},
        },
        store::Store,
        support::{clock::Clock, random::Random},
        vault::Keyring,
    };

    const ADA: i64 = 71;
    const EVE: i64 = 72;

    struct Fixture {
        folder: tempfile::TempDir,
        store: Store,
        vault: Vault,
        now: DateTime<Utc>,
    }

    impl Fixture {
        async fn go(&self, chat: i64, state: LinkingState) {
            let mut tx = self.store.begin().await.unwrap();
            let dialogue = get(&mut *tx, &self.vault, chat).await.unwrap();
            let mut dialogue = dialogue.unwrap_or_default();
            dialogue.go(state, None, self.now);
            save(&mut *tx, &self.vault, chat, &dialogue).await.unwrap();
            tx.commit().await.unwrap();
        }

        async fn state(&self, chat: i64) -> Option<LinkingState> {
            let dialogue = get(self.store.reader(), &self.vault, chat).await.unwrap();
            dialogue.map(|dialogue| dialogue.state)
        }
    }

    async fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let (now, random) = (clock.now(), Random::seeded(7));
        let key_file = folder.path().join("addx.key");
        let keyring = Keyring::create(&key_file, &random, now).unwrap();
        Fixture {
            store: Store::open(&folder.path().join("addx.db")).await.unwrap(),
            vault: Vault::new(keyring, key_file, random),
            folder,
            now,
        }
    }

    fn state(name: &str) -> LinkingState {
        let name = LinkName::Given(AccountName::parse(name).unwrap());
        let flow = Flow::link(FlowId(5), AccountId::from_bytes([5; 16]), name);
        LinkingState::AwaitingValue(flow.ask(None))
    }

    #[tokio::test]
    async fn a_state_comes_back_as_it_was_saved() {
        let fixture = fixture().await;
        assert_eq!(fixture.state(ADA).await, None);
        for name in ["first", "second"] {
            fixture.go(ADA, state(name)).await;
            assert_eq!(fixture.state(ADA).await, Some(state(name)));
        }
        assert_eq!(fixture.state(EVE).await, None);
    }

    #[tokio::test]
    async fn forgetting_a_state_twice_is_no_error() {
        let fixture = fixture().await;
        fixture.go(ADA, state("main")).await;
        for _ in 0..2 {
            remove(fixture.store.writer(), ADA).await.unwrap();
            assert_eq!(fixture.state(ADA).await, None);
        }
    }

    #[tokio::test]
    async fn the_file_shows_nothing_of_a_state() {
        let fixture = fixture().await;
        let name = "a-name-to-look-for";
        fixture.go(ADA, state(name)).await;
        fixture.store.close().await.unwrap();
        let file = std::fs::read(fixture.folder.path().join("addx.db")).unwrap();
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
        let fixture = fixture().await;
        for (chat, name) in [(ADA, "ada"), (EVE, "eve")] {
            fixture.go(chat, state(name)).await;
        }
        let mut tx = fixture.store.begin().await.unwrap();
        // One is put aside, so that the other can take its place.
        for (from, to) in [(ADA, 0), (EVE, ADA), (0, EVE)] {
            sqlx::query("UPDATE dialogues SET chat_id = ? WHERE chat_id = ?")
                .bind(to)
                .bind(from)
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        for chat in [ADA, EVE] {
            let kept = fixture.state(chat).await;
            let none = Some(LinkingState::Idle);
            assert_eq!(kept, none, "an unreadable state counts as none");
        }
        // The user begins again.
        fixture.go(ADA, state("again")).await;
        assert_eq!(fixture.state(ADA).await, Some(state("again")));
    }

    #[tokio::test]
    async fn a_card_that_was_detached_while_it_was_drawn_stays_detached() {
        let fixture = fixture().await;
        fixture.go(ADA, state("main")).await;
        let mut tx = fixture.store.begin().await.unwrap();
        let read = async |tx: &mut crate::store::Tx| {
            let dialogue = get(&mut **tx, &fixture.vault, ADA).await.unwrap();
            dialogue.unwrap()
        };
        let mut dialogue = read(&mut tx).await;
        dialogue.adopt_card(9);
        save_card(&mut *tx, ADA, &dialogue).await.unwrap();
        let drawn = read(&mut tx).await;
        let mut dialogue = drawn.clone();
        dialogue.detach_card();
        save_card(&mut *tx, ADA, &dialogue).await.unwrap();
        card_drawn(&mut *tx, ADA, &drawn, 9, Some(1)).await.unwrap();
        let detached = read(&mut tx).await;
        assert_eq!((detached.card_message, detached.card_digest), (None, None));
        card_drawn(&mut *tx, ADA, &detached, 10, Some(2))
            .await
            .unwrap();
        let redrawn = read(&mut tx).await;
        assert_eq!(
            (redrawn.card_message, redrawn.card_due_at),
            (Some(10), None)
        );
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_card_that_was_not_known_yet_when_it_was_detached_is_none_either() {
        let fixture = fixture().await;
        fixture.go(ADA, state("main")).await;
        let db = fixture.store.writer();
        let read = async || get(db, &fixture.vault, ADA).await.unwrap().unwrap();
        for message in [9, 10] {
            let drawn = read().await;
            let mut dialogue = drawn.clone();
            dialogue.detach_card();
            save_card(db, ADA, &dialogue).await.unwrap();
            assert!(!card_drawn(db, ADA, &drawn, message, Some(1)).await.unwrap());
            assert_eq!(read().await.card_message, None);
        }
        let newest = read().await;
        assert!(card_drawn(db, ADA, &newest, 11, Some(1)).await.unwrap());
        assert_eq!(read().await.card_message, Some(11));
    }

    #[tokio::test]
    async fn a_card_that_could_not_be_drawn_waits_for_its_next_try() {
        let fixture = fixture().await;
        fixture.go(ADA, state("main")).await;
        let later = fixture.now + chrono::TimeDelta::seconds(60);
        postpone_card(fixture.store.writer(), ADA, later)
            .await
            .unwrap();
        fixture.go(ADA, state("other")).await;
        let dialogue = get(fixture.store.reader(), &fixture.vault, ADA)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(dialogue.card_due_at, Some(later));
        assert_eq!(dialogue.revision, 2);
    }
}
