//! The table `outbox`: messages that were promised to a chat, in order, sealed until they are sent.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, Row as _, SqliteConnection, SqliteExecutor};

use super::{
    Store, StoreError,
    dialogues::{self, Dialogue},
    progress,
};
use crate::{
    domain::{account::AccountId, health::Change},
    messages::{self, Asked, Message, Role},
    support::incident,
    vault::{MessageFingerprint, OpenError, Place, Sealed, Vault},
};

/// A promised message.
#[derive(Debug)]
pub(crate) struct Promised {
    /// Grows with time: the order within a chat.
    pub id: i64,
    /// What to say, if it opens.
    pub message: Result<Message, OpenError>,
    /// What hangs on it besides its words.
    pub role: Role,
    /// When it may be said.
    pub due_at: DateTime<Utc>,
    /// When it was promised.
    pub since: DateTime<Utc>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Sending it was begun, and what came of that is not known: it may have been said already.
    pub begun: bool,
}

/// Promises a message, as `word` words it; a panic there becomes the words for a failure of ours. The same message is not promised
/// twice while it waits, and news of an account take the place of those that wait.
pub(crate) async fn push(
    tx: &mut SqliteConnection,
    vault: &Vault,
    chat: i64,
    word: impl FnOnce() -> Message,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let message = incident::catch(word).unwrap_or_else(|panicked| {
        let id = incident::log(vault.random(), "a message could not be worded", &panicked);
        messages::pages::incident(&id)
    });
    let json = serde_json::to_vec(&message).map_err(|_| StoreError::Corrupt {
        table: "outbox",
        reason: "the message has no JSON form",
    })?;
    let fingerprint = vault.message_fingerprint(chat, &json);
    let (key, sealed) = vault.seal(&Place::message(chat, fingerprint), &json)?;
    let (role, account) = stored(message.role);
    if let Some(account) = account {
        drop_news(&mut *tx, account).await?;
    }
    // The first of a chat may be under way to it already, if it is due: whoever is answered now gets an answer of their own.
    sqlx::query(
        "INSERT INTO outbox (chat_id, key_id, sealed, fingerprint, role, account_id, due_at, promised_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7
         WHERE NOT EXISTS (
             SELECT 1 FROM outbox WHERE chat_id = ?1 AND fingerprint = ?4
             AND (due_at > ?7 OR id > (SELECT min(id) FROM outbox WHERE chat_id = ?1)))",
    )
    .bind(chat)
    .bind(key)
    .bind(sealed)
    .bind(fingerprint)
    .bind(role)
    .bind(account)
    .bind(now.timestamp())
    .execute(tx)
    .await?;
    Ok(())
}

fn stored(role: Role) -> (&'static str, Option<AccountId>) {
    match role {
        Role::Plain => ("plain", None),
        Role::Lasting => ("lasting", None),
        Role::Progress(Asked::Check) => ("checking", None),
        Role::Progress(Asked::Revocation) => ("revoking", None),
        Role::Progress(Asked::Post) => ("posting", None),
        Role::Answer(Asked::Check) => ("checked", None),
        Role::Answer(Asked::Revocation) => ("revoked", None),
        Role::Answer(Asked::Post) => ("posted", None),
        Role::News(account, Change::Died) => ("died", Some(account)),
        Role::News(account, Change::Recovered { .. }) => ("recovered", Some(account)),
        Role::News(account, Change::OnlyReads) => ("only_reads", Some(account)),
    }
}

fn read(name: &str, account: Option<AccountId>) -> Role {
    let recovered = Change::Recovered {
        refused_since: None,
    };
    let asked = [Asked::Check, Asked::Revocation, Asked::Post]
        .into_iter()
        .flat_map(|asked| [Role::Progress(asked), Role::Answer(asked)]);
    let news = account.into_iter().flat_map(|account| {
        [Change::Died, recovered, Change::OnlyReads].map(|change| Role::News(account, change))
    });
    [Role::Lasting]
        .into_iter()
        .chain(asked)
        .chain(news)
        .find(|role| stored(*role).0 == name)
        .unwrap_or_default()
}

#[derive(FromRow)]
struct Row {
    sealed: Sealed,
    fingerprint: MessageFingerprint,
    role: String,
    account_id: Option<AccountId>,
    due_at: DateTime<Utc>,
    promised_at: DateTime<Utc>,
    attempts: u32,
    begun: bool,
}

impl Row {
    /// One that does not open is returned as that: an `Err` without its id would wedge the chat.
    fn read(self, id: i64, vault: &Vault, chat: i64) -> Promised {
        let opened = vault.open(&Place::message(chat, self.fingerprint), &self.sealed);
        Promised {
            id,
            message: opened
                .and_then(|json| serde_json::from_slice(&json).map_err(|_| OpenError::Malformed)),
            role: read(&self.role, self.account_id),
            due_at: self.due_at,
            since: self.promised_at,
            attempts: self.attempts,
            begun: self.begun,
        }
    }
}

/// The message that a chat is to get next, due or not, and where its dialogue stands.
pub(crate) async fn next(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    chat: i64,
) -> Result<(Option<Promised>, Option<Dialogue>), StoreError> {
    let row = sqlx::query(
        "SELECT outbox.*, revision, dialogues.sealed AS state, card_message_id, card_digest, card_due_at,
             card_attempts, expires_at
         FROM (SELECT 1) LEFT JOIN dialogues ON dialogues.chat_id = ?1
             LEFT JOIN outbox ON outbox.id = (SELECT min(id) FROM outbox WHERE chat_id = ?1)",
    )
    .bind(chat)
    .fetch_one(db)
    .await?;
    let promised = match row.try_get("id")? {
        Some(id) => Some(Row::from_row(&row)?.read(id, vault, chat)),
        None => None,
    };
    Ok((promised, dialogues::Row::from_row(&row)?.read(vault, chat)))
}

/// The news that a chat is to get: of which accounts, and what has changed.
pub(crate) async fn news(
    db: impl SqliteExecutor<'_>,
    chat: i64,
) -> Result<Vec<(AccountId, Change)>, StoreError> {
    let rows: Vec<(String, Option<AccountId>)> = sqlx::query_as(
        "SELECT role, account_id FROM outbox WHERE chat_id = ? AND account_id IS NOT NULL ORDER BY id",
    )
    .bind(chat)
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(role, account)| match read(&role, account) {
            Role::News(account, change) => Some((account, change)),
            _ => None,
        })
        .collect())
}

/// Drops the news of an account that wait: there are newer ones.
pub(crate) async fn drop_news(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE account_id = ?")
        .bind(account)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that sending a message begins, so that a run after a crash knows that it may have been said.
pub(crate) async fn begin(db: impl SqliteExecutor<'_>, id: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET begun = 1 WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Notes that a message was sent, or will not be: of an answer, that it was given too. `reached`: something reaches the chat.
/// Where its dialogue stands.
pub(crate) async fn finish(
    db: impl SqliteExecutor<'_>,
    vault: &Vault,
    chat: i64,
    promised: &Promised,
    reached: bool,
) -> Result<Option<Dialogue>, StoreError> {
    let answered = match promised.role {
        Role::Answer(asked) => Some(progress::name(asked)),
        _ => None,
    };
    let row: Option<dialogues::Row> = sqlx::query_as(
        "DELETE FROM outbox WHERE id = ?1;
         DELETE FROM progress_messages WHERE chat_id = ?2 AND asked = ?3;
         DELETE FROM unreachable WHERE chat_id = ?2 AND ?4;
         SELECT revision, sealed AS state, card_message_id, card_digest, card_due_at, card_attempts, expires_at
         FROM dialogues WHERE chat_id = ?2",
    )
    .bind(promised.id)
    .bind(chat)
    .bind(answered)
    .bind(reached)
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| row.read(vault, chat)))
}

/// Notes a try in vain; `begun`: it may have been said all the same. The rest of the chat waits behind it.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    id: i64,
    due_at: DateTime<Utc>,
    begun: bool,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET due_at = ?, begun = ?, attempts = attempts + 1 WHERE id = ?")
        .bind(due_at.timestamp())
        .bind(begun)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Drops what every chat was promised before the accounts were erased, but for what only the user can do something about.
/// How many messages.
pub(crate) async fn drop_outdated(store: &Store) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let done = sqlx::query("DELETE FROM outbox WHERE role NOT IN ('lasting', 'revoked', 'posted')")
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// Drops what a chat was promised: it can no longer be reached.
pub(crate) async fn drop_chat(db: impl SqliteExecutor<'_>, chat: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE chat_id = ?")
        .bind(chat)
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{messages::pages, support::random::Random, vault::Keyring};

    const CHAT: i64 = 71;

    struct Fixture {
        folder: tempfile::TempDir,
        store: Store,
        vault: Vault,
        now: DateTime<Utc>,
    }

    async fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let random = Random::seeded(7);
        let key_file = folder.path().join("addx.key");
        let keyring = Keyring::create(&key_file, &random, now).unwrap();
        Fixture {
            store: Store::open(&folder.path().join("addx.db")).await.unwrap(),
            vault: Vault::new(keyring, key_file, random),
            folder,
            now,
        }
    }

    impl Fixture {
        async fn promise(&self, word: impl FnOnce() -> Message) {
            let mut tx = self.store.begin().await.unwrap();
            push(&mut tx, &self.vault, CHAT, word, self.now)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }

        async fn next(&self) -> Promised {
            let next = next(self.store.reader(), &self.vault, CHAT).await;
            next.unwrap().0.unwrap()
        }

        async fn waiting(&self) -> i64 {
            let counted = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE chat_id = 71");
            counted.fetch_one(self.store.reader()).await.unwrap()
        }
    }

    /// News of an account, less the account.
    fn news(account: AccountId, change: Change, html: &str) -> Message {
        Message {
            html: html.to_owned(),
            document: None,
            buttons: Vec::new(),
            role: Role::News(account, change),
        }
    }

    #[tokio::test]
    async fn a_message_waits_sealed_and_comes_back_with_its_buttons() {
        let fixture = fixture().await;
        fixture.promise(pages::welcome).await;
        let promised = fixture.next().await;
        assert_eq!(promised.message.unwrap(), pages::welcome());
        assert_eq!(promised.role, Role::Plain);
        fixture.store.truncate_log().await.unwrap();
        let file = std::fs::read(fixture.folder.path().join("addx.db")).unwrap();
        for word in ["I link your X account", "v1:guide"] {
            let word = word.as_bytes();
            assert!(!file.windows(word.len()).any(|found| found == word));
        }
    }

    #[tokio::test]
    async fn the_same_message_waits_once_and_one_under_way_does_not_count() {
        let mut fixture = fixture().await;
        for _ in 0..3 {
            fixture.promise(pages::guide).await;
        }
        // The first may be under way, so the second is an answer of its own.
        assert_eq!(fixture.waiting().await, 2);
        let first = fixture.next().await;
        finish(fixture.store.writer(), &fixture.vault, CHAT, &first, true)
            .await
            .unwrap();
        let later = fixture.now + Duration::from_mins(1);
        let second = fixture.next().await.id;
        postpone(fixture.store.writer(), second, later, false)
            .await
            .unwrap();
        // It is not under way before its time.
        fixture.promise(pages::guide).await;
        assert_eq!(fixture.waiting().await, 1);
        fixture.now = later;
        fixture.promise(pages::guide).await;
        assert_eq!(fixture.waiting().await, 2);
    }

    #[tokio::test]
    async fn a_panic_in_wording_is_told_as_a_failure_of_ours() {
        let fixture = fixture().await;
        fixture.promise(|| panic!("no words")).await;
        let promised = fixture.next().await;
        let html = promised.message.unwrap().html;
        assert!(html.contains("Something went wrong on my side"), "{html}");
        assert_eq!(promised.role, Role::Lasting);
    }

    #[tokio::test]
    async fn a_message_of_another_chat_does_not_open() {
        let fixture = fixture().await;
        fixture.promise(pages::guide).await;
        sqlx::query("UPDATE outbox SET chat_id = 72 WHERE chat_id = 71")
            .execute(fixture.store.writer())
            .await
            .unwrap();
        let moved = next(fixture.store.reader(), &fixture.vault, 72).await;
        let moved = moved.unwrap().0.unwrap().message;
        assert_eq!(moved.unwrap_err(), OpenError::Refused);
    }

    #[tokio::test]
    async fn newer_news_of_an_account_take_the_place_of_those_that_wait_and_leave_with_it() {
        let fixture = fixture().await;
        let account = AccountId::from_bytes([5; 16]);
        sqlx::query(
            "INSERT INTO data_keys (account_id, owner, key_id, wrapped, created_at) VALUES (?, 71, 1, x'00', 0)",
        )
        .bind(account)
        .execute(fixture.store.writer())
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO accounts (account_id, owner, name, name_key, takes_x_handle, created_at)
             VALUES (?, 71, 'a', 'a', 0, 0)",
        )
        .bind(account)
        .execute(fixture.store.writer())
        .await
        .unwrap();
        fixture
            .promise(|| news(account, Change::Died, "dead"))
            .await;
        fixture
            .promise(|| news(account, Change::OnlyReads, "reads"))
            .await;
        assert_eq!(fixture.waiting().await, 1);
        let promised = fixture.next().await;
        assert_eq!(promised.message.unwrap().html, "reads");
        assert_eq!(promised.role, Role::News(account, Change::OnlyReads));
        sqlx::query("DELETE FROM data_keys WHERE owner = 71")
            .execute(fixture.store.writer())
            .await
            .unwrap();
        assert_eq!(fixture.waiting().await, 0);
    }

    #[test]
    fn every_role_comes_back_as_it_was_stored() {
        let account = AccountId::from_bytes([5; 16]);
        let recovered = Change::Recovered {
            refused_since: None,
        };
        let asked = [Asked::Check, Asked::Revocation, Asked::Post];
        let roles = asked
            .into_iter()
            .flat_map(|asked| [Role::Progress(asked), Role::Answer(asked)])
            .chain(
                [Change::Died, recovered, Change::OnlyReads]
                    .map(|change| Role::News(account, change)),
            )
            .chain([Role::Plain, Role::Lasting]);
        for role in roles {
            let (name, account) = stored(role);
            assert_eq!(read(name, account), role);
        }
    }
}
