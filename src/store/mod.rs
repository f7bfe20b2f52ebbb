//! SQLite through sqlx: how the file is opened, and transactions. One file per table holds that table's SQL.
//!
//! One connection writes and a few read: writers queue for it, in order, instead of retrying on a locked file.
//! Queries are checked by `tests/queries.rs`, which prepares every statement against the migrated schema.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod agenda;
pub(crate) mod audit;
pub(crate) mod checks;
pub(crate) mod clients;
pub(crate) mod connections;
pub(crate) mod copies;
pub(crate) mod counts;
pub(crate) mod deletions;
pub(crate) mod dialogues;
mod group;
pub(crate) mod health_checks;
pub(crate) mod inbox;
pub(crate) mod jobs;
pub(crate) mod key_check;
pub(crate) mod keys;
pub(crate) mod languages;
pub(crate) mod outbox;
pub(crate) mod posts;
pub(crate) mod progress;
pub(crate) mod reminders;
pub(crate) mod reply_throttle;
pub(crate) mod spending;
pub(crate) mod temporary;
pub(crate) mod trouble;
mod types;
pub(crate) mod unreachable;
pub(crate) mod values;

use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sqlx::{
    SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio_util::sync::CancellationToken;

pub use self::group::Tx;
use self::{connections::Connections, group::Writers, jobs::Bell};
use crate::{
    domain::account::AccountId,
    support::{
        failpoint,
        files::{beside, folder_of},
        random::NoRandomness,
    },
    vault::{KeyId, OpenError},
};

/// How long a connection waits for a lock that another process holds (a backup, a person with a shell).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: usize = 2;
/// What was erased stays in the log no longer than about this,
const SHORTEST_PAUSE: Duration = Duration::from_millis(900);
/// and while a reader is in the way no less often than this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The schema that this program knows: the number of its newest migration.
pub(crate) fn known_schema() -> i64 {
    MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    reader: Connections,
    writer: Connections,
    /// Those who want to write through it.
    units: Writers,
    /// Writes too, in the writer's turn, and does not wait for the disk.
    light: Connections,
    light_units: Writers,
    keyring: KeyringInUse,
    /// Wakes the runner of jobs.
    bell: Bell,
}

type KeyringInUse = Arc<OnceLock<Box<dyn KeyringWatch>>>;

/// The keyring in use, as far as the store has to know it.
pub(crate) trait KeyringWatch: Send + Sync {
    /// The key that seals now.
    fn primary(&self) -> KeyId;

    /// Takes up the key file as it is now, if it is the one that the database behind `db` wants. `db` is inside a write
    /// transaction, so that nothing changes meanwhile.
    fn take_up<'a>(&'a self, db: &'a mut SqliteConnection) -> BoxFuture<'a, ()>;
}

/// What went wrong with the database. Never names a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not do as asked.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database did not keep what several wrote at once. Nobody's in particular: each may try again.
    #[error("the database failed for several who wrote at once: {0}")]
    Shared(Arc<sqlx::Error>),
    /// Others waited, so it was undone.
    #[error("a unit of work held up others for too long")]
    TooLong,
    /// The schema is not the one that this program knows, and it is not this program that changes it.
    #[error(
        "the database has schema version {found}, and this program knows {known}; use the version of addx that the bot runs, and start a newer bot to bring it up to date"
    )]
    Other {
        /// Its version.
        found: i64,
        /// The one that is known.
        known: i64,
    },
    /// A newer program has changed the schema.
    #[error(
        "the database has schema version {found}, and this program knows {known}; use a newer addx, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// The file or its folder cannot be made.
    #[error("cannot make {path}: {source}", path = .path.display())]
    Create {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Sealed bytes did not open.
    #[error("a sealed row of {table} did not open: {source}")]
    Open {
        /// Where it is.
        table: &'static str,
        /// Why.
        source: OpenError,
    },
    /// A stored text is not what this program writes.
    #[error("a row of {table} cannot be read: {reason}")]
    Corrupt {
        /// Where it is.
        table: &'static str,
        /// Why, without the text.
        reason: &'static str,
    },
    /// The database has seen a newer primary key than the key file has.
    #[error(
        "the database has seen key {0}, which the key file does not have as its primary key; put the newer file back"
    )]
    OldKeyring(KeyId),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

// The dialogue of a unit of work cannot fail, and shares its callers' `?`.
impl From<std::convert::Infallible> for StoreError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl StoreError {
    /// Whether the file is not what SQLite wrote.
    pub fn is_damage(&self) -> bool {
        let error = match self {
            Self::Database(error) => error,
            Self::Shared(error) => error,
            _ => return false,
        };
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        // SQLite's primary result code CORRUPT.
        code.and_then(|code| code.parse::<u32>().ok())
            .is_some_and(|code| code & 0xff == 11)
    }

    /// Whether it may be gone in a moment: the file is locked, the disk is full or does not answer, or the machine is out
    /// of memory or file handles.
    pub fn is_passing(&self) -> bool {
        // SQLite's primary result codes BUSY, LOCKED, NOMEM, IOERR, FULL, CANTOPEN and PROTOCOL; the extended ones carry
        // more in their upper bits.
        let passing = |error: &sqlx::Error| {
            error
                .as_database_error()
                .and_then(|error| error.code()?.parse::<u32>().ok())
                .is_some_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 10 | 13 | 14 | 15))
        };
        match self {
            Self::Database(error) => passing(error) || matches!(error, sqlx::Error::PoolTimedOut),
            Self::Migrate(MigrateError::Execute(error)) => passing(error),
            Self::Shared(_) | Self::TooLong => true,
            _ => false,
        }
    }
}

impl Store {
    /// Opens the database file, makes it if need be (and its folder, for the owner's eyes only), and migrates it.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::create_file(path)?;
        Self::open_with(path, true).await
    }

    /// Opens a database that is there, and leaves its schema as it is.
    pub(crate) async fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let look = copies::look_into(path).await?;
        let found = counts::schema_version(&look).await;
        look.close().await;
        let found = match found {
            // Nothing was ever migrated.
            Err(error) if !error.is_passing() && !error.is_damage() => 0,
            found => found?,
        };
        let known = known_schema();
        if found != known {
            return Err(StoreError::Other { found, known });
        }
        Self::open_with(path, false).await
    }

    async fn open_with(path: &Path, migrate: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .auto_vacuum(SqliteAutoVacuum::None)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .pragma("trusted_schema", "OFF")
            .pragma("cache_size", "-512")
            .pragma("temp_store", "MEMORY")
            .pragma("journal_size_limit", "4194304");
        let writer = Connections::new(options.clone(), 1);
        if migrate {
            migrate_to_known(&writer).await?;
        }
        let lightly = options.clone().synchronous(SqliteSynchronous::Normal);
        let light = Connections::beside(&writer, lightly);
        let reader = Connections::new(options.pragma("query_only", "ON"), READERS);
        let (keyring, bell) = (KeyringInUse::default(), Bell::default());
        let store = Self {
            units: Writers::new(writer.clone(), Arc::clone(&keyring), bell.clone()),
            light_units: Writers::new(light.clone(), Arc::clone(&keyring), bell.clone()),
            reader,
            writer,
            light,
            keyring,
            bell,
        };
        // What an earlier run erased may still stand in its log.
        if !store.truncate_log().await? {
            store.writer.used.notify_one();
        }
        Ok(store)
    }

    /// Makes an empty database file that only its owner may read, and its folder, where they are missing.
    pub(crate) fn create_file(path: &Path) -> Result<(), StoreError> {
        create_private(path).map_err(|source| StoreError::Create {
            path: path.to_owned(),
            source,
        })
    }

    /// Begins a write transaction. It takes the write lock at once, so that what it reads stays true.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.units.begin().await
    }

    /// The same for what need not be forced to disk by itself: what is committed outlives the process at once, and a machine
    /// that loses its power with the next thing that is forced to disk.
    pub(crate) async fn begin_light(&self) -> Result<Tx, StoreError> {
        self.light_units.begin().await
    }

    /// From now on a write transaction that finds a newer primary key than the one in use lets `watch` take up the key file,
    /// and nothing is written with an older one.
    pub(crate) fn watch_keyring(&self, watch: impl KeyringWatch + 'static) {
        // A second watch would watch the same.
        let _ = self.keyring.set(Box::new(watch));
    }

    /// The connection that writes, for a single statement that seals nothing: SQLite makes that a transaction of its own.
    pub fn writer(&self) -> &Connections {
        &self.writer
    }

    /// The same for what need not be forced to disk by itself.
    pub(crate) fn light(&self) -> &Connections {
        &self.light
    }

    /// Wakes the runner of jobs; a transaction that asks for a job rings by itself.
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Connections that only read. They see what was committed when a query begins.
    pub fn reader(&self) -> &Connections {
        &self.reader
    }

    /// Moves the write-ahead log into the database and empties it, so that nothing erased stays in it.
    /// `false`: a reader was in the way; try again.
    pub async fn truncate_log(&self) -> Result<bool, StoreError> {
        failpoint::hit("log.before_truncate");
        let mut writer = self.writer.lend().await?;
        // Whoever wants to write waits no longer than this for a reader that is in the way.
        let rows = sqlx::query_scalar::<_, i64>(
            "PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000",
        )
        .fetch_all(&mut *writer)
        .await;
        if rows.is_err() {
            sqlx::query("PRAGMA busy_timeout = 5000")
                .execute(&mut *writer)
                .await?;
        }
        failpoint::hit("log.truncated");
        // The first column of the second row tells whether somebody was in the way.
        Ok(rows?.get(1) == Some(&0))
    }

    /// Empties the log within a second after anything was written, and again and again until no reader is in the way: what
    /// was erased or deleted stands in it no longer. Not after each erasure, since that holds up those who write. Runs until
    /// `stop`; [`Store::close`] empties it a last time.
    pub(crate) async fn keep_log_clean(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.writer.used.notified() => {}
            }
            // A moment later, since whoever wrote goes on writing first.
            let mut pause = SHORTEST_PAUSE;
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                match self.truncate_log().await {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(error = %error, "the database's log could not be emptied; trying again");
                    }
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Closes every connection after a last [`Store::truncate_log`].
    pub async fn close(&self) -> Result<(), StoreError> {
        self.reader.close().await?;
        self.light.close().await?;
        self.truncate_log().await?;
        self.writer.close().await?;
        Ok(())
    }
}

async fn migrate_to_known(writer: &Connections) -> Result<(), StoreError> {
    // `run`, around this one, takes a pool; the compiler does not let a future with a lent connection in it be spawned.
    let mut lent = writer.lend().await?;
    let migrated = MIGRATIONS.run_direct(None, &mut *lent, false).await;
    drop(lent);
    match migrated {
        Err(MigrateError::VersionMissing(_)) => {
            let found = counts::schema_version(writer).await?;
            writer.close().await?;
            let known = known_schema();
            Err(StoreError::Newer { found, known })
        }
        migrated => Ok(migrated?),
    }
}

/// Makes the file and its folder before SQLite does, since SQLite's log files take over the mode of the file.
fn create_private(path: &Path) -> io::Result<()> {
    let folder = folder_of(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    if folder.metadata()?.permissions().mode() & 0o077 != 0 {
        // It may be a shared one, so its mode is not ours to change.
        tracing::warn!(folder = %folder.display(), "others may look into the database's folder; run: chmod 700 on it");
    }
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)?;
    for suffix in ["", "-wal", "-shm"] {
        let name = beside(path, suffix);
        match std::fs::metadata(&name) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                tracing::warn!(
                    file = %name.display(),
                    "a database file could be read by others; its mode is now 600"
                );
                std::fs::set_permissions(&name, Permissions::from_mode(0o600))?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// An account's id as the database keeps it.
fn account_id(table: &'static str, bytes: Vec<u8>) -> Result<AccountId, StoreError> {
    let reason = "id of a wrong length";
    bytes
        .try_into()
        .map(AccountId::from_bytes)
        .map_err(|_| StoreError::Corrupt { table, reason })
}

/// A time as the database keeps it.
pub(crate) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn emptying_the_log_does_not_hold_up_writers_behind_a_reader() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let mut lent = store.reader().lend().await.unwrap();
        let mut reading = lent.snapshot().await.unwrap();
        counts::schema_version(&mut *reading).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let now = time(1_800_000_000);
        reply_throttle::claim(&mut *tx, 1, now, now).await.unwrap();
        tx.commit().await.unwrap();

        let started = std::time::Instant::now();
        assert!(!store.truncate_log().await.unwrap());
        assert!(started.elapsed() < BUSY_TIMEOUT / 2);
        let timeout: i64 = sqlx::query_scalar("PRAGMA busy_timeout")
            .fetch_one(store.writer())
            .await
            .unwrap();
        assert_eq!(u128::try_from(timeout).unwrap(), BUSY_TIMEOUT.as_millis());

        reading.rollback().await.unwrap();
        drop(lent);
        assert!(store.truncate_log().await.unwrap());
    }
}
