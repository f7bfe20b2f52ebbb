//! Backups: a sealed copy beside a running bot, a proof that it opens, and putting it back.
//!
//! A sealed copy is genuine to its last byte, or it does not open. A plain SQLite file proves nothing: it is taken only as far
//! as its schema is ours and its audit trail vouches for it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::SqlitePool;
use tokio_util::sync::CancellationToken;

use crate::{
    admin::unlock::{self, UnlockError},
    audit::{self, AuditError},
    domain::{
        audit::{Act, Event},
        facts::Standing,
        post::PostId,
    },
    store::{
        self, Store, StoreError, access, audit as trail, copies, counts, key_check, keys, posts,
        values::{self, Slot},
    },
    support::{
        clock::Clock,
        files::{Draft, beside, make_private},
        instance::Instance,
        random::Random,
    },
    vault::{
        Fingerprint, KeyId, Keyring, KeyringError, OpenError, SealedStream, StreamError, Vault,
    },
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
    /// It is one that anybody can have changed.
    #[error(
        "{path} is a plain SQLite file, which proves nothing about who wrote it; if you know where it comes from: addx restore --plain {path}",
        path = .0.display()
    )]
    Plain(PathBuf),
    /// It is none of those that `--plain` takes.
    #[error("{path} is a sealed copy; leave out --plain", path = .0.display())]
    Sealed(PathBuf),
    /// The bot runs.
    #[error("the bot runs on {path}; stop it first", path = .0.display())]
    Busy(PathBuf),
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
    /// The audit trail of a plain copy does not hold.
    #[error(transparent)]
    Trail(#[from] AuditError),
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
    /// That key's fingerprint.
    pub fingerprint: Fingerprint,
    /// Which database it is of.
    pub database: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Size of the copy.
    pub bytes: u64,
}

/// The file that grows while a copy is made. It is plain, so it stands beside the database.
pub(crate) fn partial_of(database: &Path) -> PathBuf {
    Draft::name_for(database)
}

/// Copies `database` to `file`, sealed, while the bot runs or not.
pub(crate) async fn backup(
    database: &Path,
    file: &Path,
    key_file: &Path,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
) -> Result<Backup, BackupError> {
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    if !database.exists() {
        return Err(BackupError::Missing(database.to_owned()));
    }
    let keyring = Keyring::read(key_file)?;
    let plain = Draft::of(database);
    let partial = plain.path();
    let target = partial.to_str().ok_or(BackupError::Path)?;
    // SQLite writes into an empty file as it is, with the mode it has.
    make_private(partial).map_err(io("make", partial))?;
    match copies::copy(database, target, stop).await {
        _ if stop.is_cancelled() => return Err(BackupError::Stopped),
        Err(source) => {
            let path = partial.to_owned();
            return Err(BackupError::Copy { path, source });
        }
        Ok(()) => {}
    }
    let pool = copies::look_into_copy(partial).await?;
    let wanted = key_check::get(&pool).await;
    let identity = key_check::database(&pool).await;
    pool.close().await;
    let wanted = wanted?.ok_or_else(|| BackupError::Nothing(database.to_owned()))?;
    unlock::compare(&keyring, &wanted)?;
    let draft = Draft::of(file);
    let (identity, made_at, random) = (identity?, clock.now(), random.clone());
    let source = open(partial, stop)?;
    let target = make_private(draft.path()).map_err(io("make", file))?;
    let sealing = tokio::task::spawn_blocking(move || {
        let label = keyring.seal_stream(identity, made_at, &random, source, &target)?;
        target.sync_all()?;
        Ok((label, target.metadata()?.len()))
    });
    let sealed: io::Result<_> = sealing.await.map_err(io::Error::other).flatten();
    if stop.is_cancelled() {
        return Err(BackupError::Stopped);
    }
    let (label, bytes) = sealed.map_err(io("write", file))?;
    draft.keep_as(file).map_err(io("make", file))?;
    Ok(Backup {
        file: file.to_owned(),
        key_id: label.key_id,
        fingerprint: label.fingerprint,
        database: label.database,
        made_at,
        bytes,
    })
}

/// A file that reads no further once it was asked to stop.
struct Stoppable(File, CancellationToken);

impl Read for Stoppable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        self.0.read(buffer)
    }
}

fn open(file: &Path, stop: &CancellationToken) -> Result<Stoppable, BackupError> {
    let opened = File::open(file).map_err(io("read", file))?;
    Ok(Stoppable(opened, stop.clone()))
}

/// A copy, and how far it is believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy<'a> {
    /// Where it is.
    pub file: &'a Path,
    /// Whether it is a SQLite file that anybody can have written.
    pub plain: bool,
}

/// What a copy holds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checked {
    /// When it was made; not known of a plain one.
    pub made_at: Option<DateTime<Utc>>,
    /// Of which database it is.
    pub database: String,
    /// How many values were opened.
    pub values: u64,
    /// Accounts by the code of their verdict.
    pub accounts: BTreeMap<String, i64>,
    /// Whom the owner had let in when the copy was made.
    pub let_in: Vec<LetIn>,
    /// Test posts in a plain copy: nothing there proves that they are the user's, so they are left to the operator.
    pub standing_posts: Vec<String>,
    /// What the audit trail of a plain copy says about who may use the bot.
    #[serde(skip)]
    standings: BTreeMap<i64, Standing>,
}

/// Somebody whom the owner let in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LetIn {
    /// Their Telegram user id.
    pub user: i64,
    /// What Telegram called them when they asked.
    pub first_name: String,
}

/// Proves that a copy is whole, and that every value in it opens with the keyring. Its plain text stands beside `database`
/// meanwhile.
pub(crate) async fn check(
    copy: Copy<'_>,
    database: &Path,
    key_file: &Path,
    random: &Random,
    stop: &CancellationToken,
) -> Result<Checked, BackupError> {
    let (_draft, checked) = stage(copy, database, key_file, random, stop).await?;
    Ok(checked)
}

/// Writes what a copy holds to a place where nobody else changes it, and looks through it there.
async fn stage(
    copy: Copy<'_>,
    database: &Path,
    key_file: &Path,
    random: &Random,
    stop: &CancellationToken,
) -> Result<(Draft, Checked), BackupError> {
    let Copy { file, plain } = copy;
    if !file.exists() {
        return Err(BackupError::Missing(file.to_owned()));
    }
    let log = beside(file, "-wal");
    if plain && holds_something(&log) {
        return Err(BackupError::InUse(log));
    }
    let keyring = Keyring::read(key_file)?;
    let vault = Vault::new(keyring, key_file.to_owned(), random.clone());
    let draft = Draft::of(database);
    // Makes the folder too, and a file that is private from the beginning.
    Store::create_file(draft.path())?;
    let made_at = unpack(copy, &draft, &vault, stop).await?;
    let pool = copies::look_into_copy(draft.path()).await?;
    let checked = check_all(copy, &pool, &vault).await;
    pool.close().await;
    match checked {
        Err(BackupError::Store(error)) if error.is_damage() => Err(BackupError::Damaged {
            path: file.to_owned(),
            found: "a part of it is missing".to_owned(),
        }),
        checked => {
            let mut checked = checked?;
            checked.made_at = made_at;
            Ok((draft, checked))
        }
    }
}

/// Writes what a copy holds. When it was made, if that is known.
async fn unpack(
    copy: Copy<'_>,
    draft: &Draft,
    vault: &Vault,
    stop: &CancellationToken,
) -> Result<Option<DateTime<Utc>>, BackupError> {
    let (file, partial) = (copy.file.to_owned(), draft.path().to_owned());
    let mut source = BufReader::new(open(&file, stop)?);
    let begins = source.fill_buf().map_err(io("read", &file))?;
    let is_plain = begins.starts_with(b"SQLite format 3\0");
    let is_sealed = begins.starts_with(b"addx backup ");
    if is_plain && !copy.plain {
        return Err(BackupError::Plain(file));
    }
    if is_sealed && copy.plain {
        return Err(BackupError::Sealed(file));
    }
    let keyring = vault.keyring();
    let unpacking = tokio::task::spawn_blocking(move || {
        let target = File::options().write(true).open(&partial);
        let mut target = target.map_err(io("write", &partial))?;
        let mut made_at = None;
        if is_plain {
            io::copy(&mut source, &mut target).map_err(io("write", &partial))?;
        } else {
            let unopened = |error| match error {
                StreamError::Read(source) => io("read", &file)(source),
                StreamError::Write(source) => io("write", &partial)(source),
                StreamError::NotOne => BackupError::Nothing(file.clone()),
                error @ (StreamError::UnknownKey(_) | StreamError::Refused) => {
                    let (path, found) = (file.clone(), error.to_string());
                    BackupError::Damaged { path, found }
                }
            };
            let stream = SealedStream::begin(source).map_err(unopened)?;
            unlock::fits(&keyring, stream.label.key_id, &stream.label.fingerprint)?;
            made_at = Some(
                stream
                    .open(&keyring, &mut target)
                    .map_err(unopened)?
                    .made_at,
            );
        }
        target.sync_all().map_err(io("write", &partial))?;
        Ok(made_at)
    });
    let unpacked = unpacking.await;
    if stop.is_cancelled() {
        return Err(BackupError::Stopped);
    }
    unpacked.map_err(|panicked| io("read", copy.file)(io::Error::other(panicked)))?
}

async fn check_all(
    copy: Copy<'_>,
    pool: &SqlitePool,
    vault: &Vault,
) -> Result<Checked, BackupError> {
    let file = copy.file;
    let damaged = |found| BackupError::Damaged {
        path: file.to_owned(),
        found,
    };
    let known = store::known_schema();
    match counts::schema_version(pool).await {
        Ok(found) if found > known => {
            return Err(BackupError::Newer {
                path: file.to_owned(),
                found,
                known,
            });
        }
        // Before anything of it is used: what it is made of decides what reading and changing it do.
        Ok(found) if copy.plain => {
            if let Some(foreign) = copies::foreign(pool, found).await? {
                return Err(damaged(foreign));
            }
        }
        Ok(_) => {}
        Err(error) if error.is_damage() => return Err(error.into()),
        Err(_) => return Err(BackupError::Nothing(file.to_owned())),
    }
    if let Some(found) = copies::damage(pool).await? {
        return Err(damaged(found));
    }
    if key_check::get(pool).await?.is_none() {
        return Err(BackupError::Nothing(file.to_owned()));
    }
    let mut db = pool.acquire().await.map_err(StoreError::from)?;
    unlock::examine(&mut db, &vault.keyring()).await?;
    drop(db);
    let audit_key = match trail::key(pool).await? {
        Some((_, wrapped)) => Some(vault.audit_key(&wrapped).map_err(shut("audit_key"))?),
        None => None,
    };
    let values = open_values(pool, vault).await?;
    let mut granted = access::granted(pool).await?;
    let (mut standings, mut standing_posts) = (BTreeMap::new(), Vec::new());
    if copy.plain {
        let key = audit_key.ok_or_else(|| damaged("its audit trail has no key".to_owned()))?;
        audit::verify(pool, &key, None, |entry| {
            if let Some(standing) = entry.event.parse().ok().and_then(Event::standing) {
                standings.insert(entry.owner, standing);
            }
        })
        .await?;
        granted.retain(|guest| standings.get(&guest.user) == Some(&Standing::Granted));
        let standing = posts::all_standing(pool).await?;
        standing_posts = standing.iter().map(PostId::link).collect();
    }
    let let_in = granted.into_iter().map(|guest| LetIn {
        user: guest.user,
        first_name: guest.first_name,
    });
    Ok(Checked {
        made_at: None,
        database: key_check::database(pool).await?,
        values,
        accounts: copies::accounts_by_verdict(pool).await?,
        let_in: let_in.collect(),
        standing_posts,
        standings,
    })
}

fn shut(table: &'static str) -> impl Fn(OpenError) -> StoreError {
    move |source| StoreError::Open { table, source }
}

/// Opens every value. How many there are.
async fn open_values(pool: &SqlitePool, vault: &Vault) -> Result<u64, StoreError> {
    let mut values = 0;
    let mut after = None;
    loop {
        let batch = keys::data_keys_after(pool, after, BATCH).await?;
        let Some(last) = batch.last() else {
            return Ok(values);
        };
        after = Some(last.account);
        for stored in &batch {
            let key = vault
                .data_key(stored.owner, stored.account, &stored.wrapped)
                .map_err(shut("data_keys"))?;
            for value in values::list(pool, stored.account, Slot::Current).await? {
                key.open(stored.owner, stored.account, value.field, &value.sealed)
                    .map_err(shut("sealed_values"))?;
                values += 1;
            }
        }
    }
}

/// Puts a copy in place of a database that is not there. Its accounts start unchecked and silent.
pub(crate) async fn restore(
    copy: Copy<'_>,
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
    let (draft, checked) = stage(copy, database, key_file, random, stop).await?;
    let lock = Instance::claim(database).map_err(io("lock", database))?;
    let _lock = lock.ok_or_else(|| BackupError::Busy(database.to_owned()))?;
    let store = Store::open(draft.path()).await?;
    let vault = unlock::unlock(&store, key_file, clock, random).await?;
    let audit_key = audit::open_key(&store, &vault).await?;
    let mut tx = store.begin().await?;
    if copy.plain {
        copies::distrust(&mut tx, &checked.standings, clock.now()).await?;
    }
    // Last of all, so that nothing that went before undoes it.
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
