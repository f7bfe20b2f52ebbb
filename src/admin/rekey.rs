//! Changing keys: rewrapping everything to the primary key, and retiring a key that nothing needs any more.
//!
//! Works beside a running bot, in small transactions, and can be broken off and begun again at any point.

use std::{collections::BTreeSet, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{SqliteConnection, SqliteExecutor};
use tokio::time::Instant;

use crate::{
    admin::unlock,
    audit as audit_trail,
    domain::{
        account::AccountId,
        audit::{Act, Event},
    },
    store::{
        Store, StoreError, Tx, audit,
        keys::{self, Rows},
    },
    support::plural::{are, count},
    vault::{
        AuditKey, Fingerprint, KeyFile, KeyId, KeyState, Keyring, KeyringError, MessageFingerprint,
        Place, Sealed, Vault,
    },
};

/// Rows a transaction: the bot waits for the write lock no longer than these take.
const BATCH: u32 = 200;
/// After a transaction the lock is left alone as long as it was held, and at least this long: who waits for it looks
/// from time to time only.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Rows that one line of text names.
const NAMED: usize = 5;

/// Why keys could not be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RekeyError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file cannot be used or changed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Something is sealed by a key that cannot open it any more.
    #[error(
        "{} sealed by key {id}, which the key file does not have or has as retired; put a key file back in which it is enabled. If \
         there is no copy of it any more, write a line into the key file: lost {id}", are(*rows, "row")
    )]
    Lost {
        /// Its number.
        id: KeyId,
        /// How many.
        rows: i64,
    },
    /// The key still seals something.
    #[error("key {id} cannot be retired: it still seals {}; run: addx key rewrap", count(*rows, "row"))]
    InUse {
        /// Its number.
        id: KeyId,
        /// How many.
        rows: i64,
    },
    /// The key seals rows that do not open.
    #[error(
        "key {id} cannot be retired: it still seals {}, of which some do not open and stay: {}; bring them back with a copy, or let \
         their users erase them with /unlink and /cancel",
        count(*rows, "row"),
        name_rows(unopened)
    )]
    Shut {
        /// Its number.
        id: KeyId,
        /// How many it seals.
        rows: i64,
        /// The first of those that do not open.
        unopened: Vec<Unopened>,
    },
}

/// A key and what it seals.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct KeyStatus {
    /// Its number.
    pub id: KeyId,
    /// What the key file says of it; `None`: it is not there.
    pub state: Option<KeyState>,
    /// Its name, if the key file has it.
    pub fingerprint: Option<Fingerprint>,
    /// Whether the operator has given it up.
    pub given_up: bool,
    /// What it seals.
    pub rows: Rows,
}

impl KeyStatus {
    /// Whether rows wait for a key that cannot open them.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.state, None | Some(KeyState::Retired)) && self.rows.total() > 0
    }
}

/// Every key of the keyring, and every other that rows name, with the rows it seals.
pub(crate) async fn status<'db>(
    db: impl SqliteExecutor<'db> + Copy,
    keyring: &Keyring,
) -> Result<Vec<KeyStatus>, StoreError> {
    let listed = keyring.list().into_iter().map(|key| key.id);
    let ids: BTreeSet<KeyId> = keys::in_use(db).await?.into_iter().chain(listed).collect();
    let mut all = Vec::new();
    for id in ids {
        let key = keyring.info(id);
        all.push(KeyStatus {
            id,
            state: key.as_ref().map(|key| key.state),
            fingerprint: key.map(|key| key.fingerprint),
            given_up: keyring.has_given_up(id),
            rows: keys::rows_of(db, id).await?,
        });
    }
    Ok(all)
}

/// A row whose sealed bytes do not open: altered, or of another row or user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Unopened {
    /// Where it is.
    pub table: &'static str,
    /// Which row: the account, the chat, or the number of the update or the message.
    pub row: String,
    /// Whose it is, as a Telegram user id; `None`: nobody's in particular.
    pub owner: Option<i64>,
    /// The key that is said to have sealed it.
    pub key: KeyId,
}

/// Rows that wait for a key which the key file does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Lost {
    /// The key's number.
    pub key: KeyId,
    /// How many.
    pub rows: i64,
}

/// What a rewrap came to.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Rewrapped {
    /// How many rows were put under the primary key.
    pub rows: u64,
    /// What was left as it is, since it does not open.
    pub unopened: BTreeSet<Unopened>,
    /// What was left, since its key is not there.
    pub lost: Vec<Lost>,
}

/// Puts everything that older keys seal under the primary key. A row that does not open is left as it is and reported, and
/// does not hold up the others. `progress` gets the number of rows done so far.
///
/// Two of these at once do each row once.
pub(crate) async fn rewrap(
    store: &Store,
    vault: &Vault,
    mut progress: impl FnMut(u64),
) -> Result<Rewrapped, RekeyError> {
    unlock::note_primary(store, vault).await?;
    let mut done = Rewrapped::default();
    loop {
        let left = status(store.reader(), &vault.keyring()).await?;
        let left: Vec<KeyStatus> = left
            .into_iter()
            .filter(|key| key.state != Some(KeyState::Primary) && key.rows.total() > 0)
            .collect();
        done.lost = left
            .iter()
            .filter(|key| key.is_lost())
            .map(|key| Lost {
                key: key.id,
                rows: key.rows.total(),
            })
            .collect();
        let before = (done.rows, done.unopened.len());
        for key in left.iter().filter(|key| !key.is_lost()) {
            rewrap_key(store, vault, key.id, &mut done, &mut progress).await?;
        }
        // The last round met nothing new.
        if (done.rows, done.unopened.len()) == before {
            return Ok(done);
        }
    }
}

async fn rewrap_key(
    store: &Store,
    vault: &Vault,
    old: KeyId,
    done: &mut Rewrapped,
    progress: &mut impl FnMut(u64),
) -> Result<(), StoreError> {
    let mut reached = Some(Reached::START);
    while let Some(from) = reached {
        let begun = Instant::now();
        let mut tx = store.begin().await?;
        let (rows, next) = read_batch(&mut tx, old, from).await?;
        for row in rows {
            let Ok(plain) = vault.open(&row.place(), &row.sealed) else {
                done.unopened.insert(row.unopened(old));
                continue;
            };
            let (id, sealed) = vault.seal(&row.place(), &plain)?;
            row.put_back(&mut tx, id, &sealed).await?;
            done.rows += 1;
        }
        tx.commit().await?;
        reached = next;
        progress(done.rows);
        tokio::time::sleep(begun.elapsed().max(SHORTEST_PAUSE)).await;
    }
    Ok(())
}

/// Of each table, the row up to which it was gone through.
#[derive(Clone, Copy)]
struct Reached {
    data_keys: i64,
    dialogues: i64,
    updates: i64,
    jobs: i64,
    messages: i64,
}

impl Reached {
    const START: Self = Self {
        data_keys: i64::MIN,
        dialogues: i64::MIN,
        updates: i64::MIN,
        jobs: i64::MIN,
        messages: i64::MIN,
    };
}

/// A row that a key of the keyring has sealed.
struct SealedRow {
    which: Which,
    sealed: Sealed,
}

enum Which {
    DataKey {
        owner: i64,
        account: AccountId,
    },
    Dialogue {
        chat: i64,
    },
    Update {
        chat: i64,
        update: i64,
    },
    Job {
        owner: i64,
        account: AccountId,
        job: i64,
    },
    Message {
        chat: i64,
        message: i64,
        fingerprint: MessageFingerprint,
    },
    AuditKey,
}

impl SealedRow {
    fn place(&self) -> Place {
        match self.which {
            Which::DataKey { owner, account } => Place::data_key(owner, account),
            Which::Dialogue { chat } => Place::dialogue(chat),
            Which::Update { chat, update } => Place::update(chat, update),
            Which::Job { owner, account, .. } => Place::job(owner, account),
            Which::Message {
                chat, fingerprint, ..
            } => Place::message(chat, fingerprint),
            Which::AuditKey => Place::audit_key(),
        }
    }

    fn unopened(&self, key: KeyId) -> Unopened {
        let (table, row, owner) = match self.which {
            Which::DataKey { owner, account } => ("data_keys", account.to_string(), Some(owner)),
            Which::Dialogue { chat } => ("dialogues", chat.to_string(), Some(chat)),
            Which::Update { chat, update } => ("inbox", update.to_string(), Some(chat)),
            Which::Job { owner, job, .. } => ("jobs", job.to_string(), Some(owner)),
            Which::Message { chat, message, .. } => ("outbox", message.to_string(), Some(chat)),
            Which::AuditKey => ("audit_key", "1".to_owned(), None),
        };
        Unopened {
            table,
            row,
            owner,
            key,
        }
    }

    async fn put_back(&self, tx: &mut Tx, id: KeyId, sealed: &Sealed) -> Result<(), StoreError> {
        match self.which {
            Which::DataKey { account, .. } => keys::set_data_key(tx, account, id, sealed).await,
            Which::Dialogue { chat } => keys::set_dialogue(tx, chat, id, sealed).await,
            Which::Update { update, .. } => keys::set_update(tx, update, id, sealed).await,
            Which::Job { job, .. } => keys::set_job(tx, job, id, sealed).await,
            Which::Message { message, .. } => keys::set_message(tx, message, id, sealed).await,
            Which::AuditKey => audit::put_key(&mut **tx, id, sealed).await,
        }
    }
}

/// The next rows of this key behind `from`, and how far they go; `None`: these are the last.
async fn read_batch(
    db: &mut SqliteConnection,
    key: KeyId,
    from: Reached,
) -> Result<(Vec<SealedRow>, Option<Reached>), StoreError> {
    let mut rows = Vec::new();
    let mut reached = from;
    if from.data_keys == i64::MIN
        && let Some((id, sealed)) = audit::key(&mut *db).await?
        && id == key
    {
        let which = Which::AuditKey;
        rows.push(SealedRow { which, sealed });
    }
    let data_keys = keys::data_keys_of(&mut *db, key, from.data_keys, BATCH).await?;
    let dialogues = keys::dialogues_of(&mut *db, key, from.dialogues, BATCH).await?;
    let updates = keys::updates_of(&mut *db, key, from.updates, BATCH).await?;
    let jobs = keys::jobs_of(&mut *db, key, from.jobs, BATCH).await?;
    let messages = keys::messages_of(&mut *db, key, from.messages, BATCH).await?;
    let lengths = [
        data_keys.len(),
        dialogues.len(),
        updates.len(),
        jobs.len(),
        messages.len(),
    ];
    for stored in data_keys {
        reached.data_keys = stored.row;
        let (owner, account) = (stored.owner, stored.account);
        let which = Which::DataKey { owner, account };
        let sealed = stored.wrapped;
        rows.push(SealedRow { which, sealed });
    }
    for (chat, sealed) in dialogues {
        reached.dialogues = chat;
        let which = Which::Dialogue { chat };
        rows.push(SealedRow { which, sealed });
    }
    for (update, chat, sealed) in updates {
        reached.updates = update;
        let which = Which::Update { chat, update };
        rows.push(SealedRow { which, sealed });
    }
    for stored in jobs {
        let (owner, account, job) = (stored.owner, stored.account, stored.row);
        reached.jobs = job;
        let which = Which::Job {
            owner,
            account,
            job,
        };
        let sealed = stored.wrapped;
        rows.push(SealedRow { which, sealed });
    }
    for (message, chat, fingerprint, sealed) in messages {
        reached.messages = message;
        let which = Which::Message {
            chat,
            message,
            fingerprint,
        };
        rows.push(SealedRow { which, sealed });
    }
    let more = lengths.contains(&(BATCH as usize));
    Ok((rows, more.then_some(reached)))
}

/// The rows of this key that do not open, as far as they are told: the first few.
async fn unopened_of(
    store: &Store,
    vault: &Vault,
    key: KeyId,
) -> Result<Vec<Unopened>, StoreError> {
    let mut found = Vec::new();
    let mut reached = Some(Reached::START);
    while let Some(from) = reached {
        let mut db = store.reader().lend().await?;
        let (rows, next) = read_batch(&mut db, key, from).await?;
        let shut = rows
            .iter()
            .filter(|row| vault.open(&row.place(), &row.sealed).is_err());
        found.extend(shut.map(|row| row.unopened(key)));
        if found.len() > NAMED {
            break;
        }
        reached = next;
    }
    Ok(found)
}

/// Rows as an operator looks for them.
pub(crate) fn name_rows<'r>(rows: impl IntoIterator<Item = &'r Unopened>) -> String {
    let mut named = Vec::new();
    let mut rows = rows.into_iter();
    for row in rows.by_ref().take(NAMED) {
        let Unopened { table, row, .. } = row;
        named.push(format!("{table} {row}"));
    }
    let more = if rows.next().is_some() { ", …" } else { "" };
    named.join(", ") + more
}

/// Retires a key that seals nothing any more. While its rows are counted and the file is changed nobody writes to the
/// database, and a bot that runs reads the file again before it seals.
pub(crate) async fn retire(
    store: &Store,
    vault: &Vault,
    key_file: &Path,
    id: KeyId,
    audit_key: &AuditKey,
    now: DateTime<Utc>,
) -> Result<(), RekeyError> {
    let mut file = KeyFile::open(key_file)?;
    file.may_retire(id)?;
    unlock::note_primary(store, vault).await?;
    let mut tx = store.begin().await?;
    let rows = keys::rows_of(&mut *tx, id).await?.total();
    if rows > 0 {
        drop(tx);
        let unopened = unopened_of(store, vault, id).await?;
        return Err(if unopened.is_empty() {
            RekeyError::InUse { id, rows }
        } else {
            RekeyError::Shut { id, rows, unopened }
        });
    }
    file.retire(id)?;
    let act = Act::of_operator(Event::KeyRetire, id.to_string());
    audit_trail::note(&mut tx, audit_key, act, now).await?;
    Ok(tx.commit().await?)
}
