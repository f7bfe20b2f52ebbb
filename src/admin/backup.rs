//! Backups: a consistent copy beside a running bot, a proof that it opens, and putting it back.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde::Serialize;
use sqlx::SqlitePool;
use tokio_util::sync::CancellationToken;

use crate::{
    admin::unlock::{self, UnlockError},
    audit,
    domain::audit::{Act, Event},
    store::{
        self, Store, StoreError, access, audit as trail, copies, counts, key_check, keys,
        values::{self, Slot},
    },
    support::{
        clock::Clock,
        files::{Draft, beside, make_private},
        random::Random,
    },
    vault::{Fingerprint, KeyId, Keyring, KeyringError, OpenError, Vault},
};

/// Accounts that are looked at together.
const BATCH: u32 = 500;

/// Why a backup or a restore did not come about. Nothing half is left behind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// There is a file already.
    #[error("{path} exists already, and nothing was changed; choose another name, or move it away", path = .0.display())]
    Exists(PathBuf),
    /// There is none.
    #[error("there is no file {path}; look at the path", path = .0.display())]
    Missing(PathBuf),
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
    /// SQLite could not write the copy.
    #[error("cannot write the copy {path} ({source}), and nothing of it was left; free some space there, or choose another place", path = .path.display())]
    Copy {
        /// Where it was to be.
        path: PathBuf,
        /// What SQLite said.
        source: StoreError,
    },
    /// It was asked to stop.
    #[error("stopped; nothing was left behind")]
    Stopped,
    /// The path cannot be given to SQLite.
    #[error("the path of the copy must be valid UTF-8; choose another name")]
    Path,
    /// It is something else, or nothing was ever sealed in it.
    #[error("{path} holds no data of addx; look at the path", path = .0.display())]
    Nothing(PathBuf),
    /// It is one, but some of it is missing or was altered.
    #[error("{path} is damaged ({found}); use another copy", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        found: String,
    },
    /// A newer program made it.
    #[error("{path} has schema version {found}, and this program knows {known}; use a newer addx", path = .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The file beside it shows that it is a database in use, or was copied while it was.
    #[error("{path} shows that this is a database in use, of which a part is in that file; make the copy with: addx backup", path = .0.display())]
    InUse(PathBuf),
    /// A file of the database that was here before, which SQLite would mix with the copy.
    #[error("{path} belongs to the database that was here before and would be mixed with the copy; move it away", path = .0.display())]
    Leftover(PathBuf),
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
pub(crate) struct Backup {
    /// The copy.
    pub file: PathBuf,
    /// The number of the key it wants.
    pub key_id: KeyId,
    /// That key's fingerprint; it stands beside the copy too.
    pub fingerprint: Fingerprint,
    /// Size of the copy.
    pub bytes: u64,
}

/// The file that a copy is written to before it is put in place; it grows while that goes on.
pub(crate) fn partial_of(file: &Path) -> PathBuf {
    Draft::name_for(file)
}

/// Copies `database` to `file`, while the bot runs or not, and writes the fingerprint of the wanted key beside it.
pub(crate) async fn backup(
    database: &Path,
    file: &Path,
    stop: &CancellationToken,
) -> Result<Backup, BackupError> {
    let note_file = beside(file, ".fingerprint");
    for target in [file, &note_file] {
        if target.exists() {
            return Err(BackupError::Exists(target.to_owned()));
        }
    }
    if !database.exists() {
        return Err(BackupError::Missing(database.to_owned()));
    }
    let draft = Draft::of(file);
    let partial = draft.path();
    let target = partial.to_str().ok_or(BackupError::Path)?;
    // SQLite writes into an empty file as it is, with the mode it has.
    make_private(partial).map_err(io("make", partial))?;
    match copies::copy(database, target, stop).await {
        _ if stop.is_cancelled() => return Err(BackupError::Stopped),
        Err(source) => {
            let path = file.to_owned();
            return Err(BackupError::Copy { path, source });
        }
        Ok(()) => {}
    }
    let pool = copies::look_into_copy(partial).await?;
    let wanted = key_check::get(&pool).await;
    pool.close().await;
    let wanted = wanted?.ok_or_else(|| BackupError::Nothing(database.to_owned()))?;
    let copy = File::open(partial).map_err(io("read", partial))?;
    copy.sync_all().map_err(io("sync", partial))?;
    let bytes = copy.metadata().map_err(io("read", partial))?.len();
    let note = Draft::of(&note_file);
    let text = format!("key {} {}\n", wanted.key_id, wanted.fingerprint);
    make_private(note.path())
        .and_then(|mut note| {
            note.write_all(text.as_bytes())?;
            note.sync_all()
        })
        .map_err(io("write", &note_file))?;
    draft.keep_as(file).map_err(io("make", file))?;
    note.keep_as(&note_file).map_err(io("make", &note_file))?;
    Ok(Backup {
        file: file.to_owned(),
        key_id: wanted.key_id,
        fingerprint: wanted.fingerprint,
        bytes,
    })
}

/// What a copy holds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checked {
    /// How many values were opened.
    pub values: u64,
    /// Accounts by the code of their verdict.
    pub accounts: BTreeMap<String, i64>,
    /// Whom the owner had let in when the copy was made.
    pub let_in: Vec<LetIn>,
}

/// Somebody whom the owner let in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetIn {
    /// Their Telegram user id.
    pub user: i64,
    /// What Telegram called them when they asked.
    pub first_name: String,
}

/// Proves that `file` is whole, and that every value in it opens with the keyring.
pub(crate) async fn check(
    file: &Path,
    key_file: &Path,
    random: &Random,
) -> Result<Checked, BackupError> {
    if !file.exists() {
        return Err(BackupError::Missing(file.to_owned()));
    }
    let log = beside(file, "-wal");
    if holds_something(&log) {
        return Err(BackupError::InUse(log));
    }
    let vault = Vault::new(
        Keyring::read(key_file)?,
        key_file.to_owned(),
        random.clone(),
    );
    let pool = copies::look_into_copy(file).await?;
    let checked = check_all(file, &pool, &vault).await;
    pool.close().await;
    match checked {
        Err(BackupError::Store(error)) if error.is_damage() => Err(BackupError::Damaged {
            path: file.to_owned(),
            found: "a part of it is missing".to_owned(),
        }),
        checked => checked,
    }
}

async fn check_all(file: &Path, pool: &SqlitePool, vault: &Vault) -> Result<Checked, BackupError> {
    let known = store::known_schema();
    match counts::schema_version(pool).await {
        Ok(found) if found > known => {
            return Err(BackupError::Newer {
                path: file.to_owned(),
                found,
                known,
            });
        }
        Ok(_) => {}
        Err(error) if error.is_damage() => return Err(error.into()),
        Err(_) => return Err(BackupError::Nothing(file.to_owned())),
    }
    if let Some(found) = copies::damage(pool).await? {
        let path = file.to_owned();
        return Err(BackupError::Damaged { path, found });
    }
    if key_check::get(pool).await?.is_none() {
        return Err(BackupError::Nothing(file.to_owned()));
    }
    let mut db = pool.acquire().await.map_err(StoreError::from)?;
    unlock::examine(&mut db, &vault.keyring()).await?;
    drop(db);
    let failed = |table| move |source: OpenError| StoreError::Open { table, source };
    if let Some((_, wrapped)) = trail::key(pool).await? {
        vault.audit_key(&wrapped).map_err(failed("audit_key"))?;
    }
    let mut values = 0;
    let mut after = None;
    loop {
        let batch = keys::data_keys_after(pool, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = Some(last.account);
        for stored in &batch {
            let key = vault
                .data_key(stored.owner, stored.account, &stored.wrapped)
                .map_err(failed("data_keys"))?;
            for value in values::list(pool, stored.account, Slot::Current).await? {
                key.open(stored.owner, stored.account, value.field, &value.sealed)
                    .map_err(failed("sealed_values"))?;
                values += 1;
            }
        }
    }
    let accounts = copies::accounts_by_verdict(pool).await?;
    let guests = access::granted(pool).await?.into_iter();
    let let_in = guests
        .map(|guest| LetIn {
            user: guest.user,
            first_name: guest.first_name,
        })
        .collect();
    Ok(Checked {
        values,
        accounts,
        let_in,
    })
}

/// Puts a copy in place of a database that is not there. Its accounts start unchecked and silent.
pub(crate) async fn restore(
    file: &Path,
    database: &Path,
    key_file: &Path,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
) -> Result<Checked, BackupError> {
    if database.exists() {
        return Err(BackupError::Exists(database.to_owned()));
    }
    for suffix in ["-wal", "-journal"] {
        let left = beside(database, suffix);
        if holds_something(&left) {
            return Err(BackupError::Leftover(left));
        }
    }
    let checked = check(file, key_file, random).await?;
    let draft = Draft::of(database);
    let partial = draft.path();
    // Makes the folder, and a file that is private from the beginning.
    Store::create_file(partial)?;
    File::open(file)
        .and_then(|mut copy| {
            let mut partial = File::options().write(true).open(partial)?;
            io::copy(&mut copy, &mut partial)?;
            partial.sync_all()
        })
        .map_err(io("write", partial))?;
    let store = Store::open(partial).await?;
    let vault = unlock::unlock(&store, key_file, clock, random).await?;
    let audit_key = audit::open_key(&store, &vault).await?;
    let mut tx = store.begin().await?;
    copies::quieten(&mut tx, clock.now()).await?;
    let act = Act::of_operator(Event::Restore, String::new());
    audit::note(&mut tx, &audit_key, act, clock.now()).await?;
    tx.commit().await?;
    store.close().await?;
    if stop.is_cancelled() {
        return Err(BackupError::Stopped);
    }
    draft.keep_as(database).map_err(io("make", database))?;
    Ok(checked)
}

fn holds_something(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.len() > 0)
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io {
        action,
        path,
        source,
    }
}
