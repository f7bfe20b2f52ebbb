//! Backups: a consistent copy beside a running bot, a proof that it opens, and putting it back.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    random::Random,
    store::{
        Store, StoreError, canary, copies, keys,
        values::{self, Slot},
    },
    unlock::{self, UnlockError},
    vault::{Fingerprint, KeyId, Keyring, KeyringError, OpenError, Vault},
};

/// Accounts that are looked at together.
const BATCH: u32 = 500;

/// Why a backup or a restore did not come about. Nothing half is left behind.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("{path} exists already; nothing was changed", path = .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path cannot be given to SQLite.
    #[error("the path of the copy must be valid UTF-8")]
    Path,
    /// There is no database, or it is empty.
    #[error("there is nothing to copy: {path} holds no database of addx", path = .0.display())]
    Nothing(PathBuf),
    /// The database or the copy failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The key file is not the one that the copy wants.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
}

/// A copy that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Backup {
    /// The copy.
    pub file: PathBuf,
    /// The number of the key it wants.
    pub key_id: KeyId,
    /// That key's fingerprint; it stands beside the copy too.
    pub fingerprint: Fingerprint,
    /// Size of the copy.
    pub bytes: u64,
}

/// Copies `database` to `file`, while the bot runs or not, and writes the fingerprint of the wanted key beside it.
///
/// # Errors
/// There is a file already, or the copy fails; then nothing is left behind.
pub async fn backup(database: &Path, file: &Path) -> Result<Backup, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    if !database.exists() {
        return Err(BackupError::Nothing(database.to_owned()));
    }
    let partial = beside(file, ".partial");
    // Left behind by a copy that was killed: it was never in place.
    let _ = fs::remove_file(&partial);
    let made = write_copy(database, file, &partial).await;
    if made.is_err() {
        let _ = fs::remove_file(&partial);
        let _ = fs::remove_file(beside(file, ".fingerprint"));
    }
    made
}

async fn write_copy(database: &Path, file: &Path, partial: &Path) -> Result<Backup, BackupError> {
    let target = partial.to_str().ok_or(BackupError::Path)?;
    // SQLite writes into an empty file as it is, with the mode it has.
    private_file(partial).map_err(io("make", partial))?;
    copies::copy(database, target).await?;
    let pool = copies::look_into(partial).await?;
    let wanted = canary::get(&pool).await;
    pool.close().await;
    let wanted = wanted?.ok_or_else(|| BackupError::Nothing(database.to_owned()))?;
    let note = beside(file, ".fingerprint");
    let text = format!("key {} {}\n", wanted.key_id, wanted.fingerprint);
    private_file(&note)
        .and_then(|mut note| {
            note.write_all(text.as_bytes())?;
            note.sync_all()
        })
        .map_err(io("write", &note))?;
    let copy = File::open(partial).map_err(io("read", partial))?;
    copy.sync_all().map_err(io("sync", partial))?;
    let bytes = copy.metadata().map_err(io("read", partial))?.len();
    fs::rename(partial, file).map_err(io("rename", partial))?;
    Ok(Backup {
        file: file.to_owned(),
        key_id: wanted.key_id,
        fingerprint: wanted.fingerprint,
        bytes,
    })
}

/// What a copy holds.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// How many values were opened.
    pub values: u64,
    /// Accounts by the code of their verdict.
    pub accounts: BTreeMap<String, i64>,
}

/// Proves that every value in `file` opens with the keyring.
///
/// # Errors
/// One does not, or the keyring is not the one that the copy wants.
pub async fn check(file: &Path, key_file: &Path, random: &Random) -> Result<Checked, BackupError> {
    if !file.exists() {
        return Err(BackupError::Nothing(file.to_owned()));
    }
    let vault = Vault::new(
        Keyring::read(key_file)?,
        key_file.to_owned(),
        random.clone(),
    );
    let pool = copies::look_into(file).await?;
    let wanted = canary::get(&pool).await?;
    let wanted = wanted.ok_or_else(|| BackupError::Nothing(file.to_owned()))?;
    unlock::compare(&vault, &wanted)?;
    let mut values = 0;
    let mut after = None;
    loop {
        let batch = keys::data_keys_after(&pool, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = Some(last.account);
        for stored in &batch {
            let failed = |table| move |source: OpenError| StoreError::Open { table, source };
            let key = vault
                .data_key(stored.owner, stored.account, &stored.wrapped)
                .map_err(failed("data_keys"))?;
            for value in values::list(&pool, stored.account, Slot::Current).await? {
                key.open(stored.owner, stored.account, value.field, &value.sealed)
                    .map_err(failed("sealed_values"))?;
                values += 1;
            }
        }
    }
    let accounts = copies::accounts_by_verdict(&pool).await?;
    pool.close().await;
    Ok(Checked { values, accounts })
}

/// Puts a copy in place of a database that is not there. Its accounts start unchecked and silent.
///
/// # Errors
/// There is a database already, or the copy does not open with the keyring; then nothing is left behind.
pub async fn restore(
    file: &Path,
    database: &Path,
    key_file: &Path,
    random: &Random,
) -> Result<Checked, BackupError> {
    if database.exists() {
        return Err(BackupError::Exists(database.to_owned()));
    }
    let checked = check(file, key_file, random).await?;
    let partial = beside(database, ".restoring");
    let restored = put_back(file, database, &partial).await;
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(&partial, suffix));
    }
    restored.map(|()| checked)
}

async fn put_back(file: &Path, database: &Path, partial: &Path) -> Result<(), BackupError> {
    let _ = fs::remove_file(partial);
    // Opening makes the folder, and a file that is private from the beginning.
    Store::create_file(partial)?;
    fs::copy(file, partial).map_err(io("write", partial))?;
    let store = Store::open(partial).await?;
    let mut tx = store.begin().await?;
    copies::quieten(&mut tx).await?;
    tx.commit().await.map_err(StoreError::from)?;
    store.close().await?;
    fs::rename(partial, database).map_err(io("rename", partial))?;
    Ok(())
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io {
        action,
        path,
        source,
    }
}
