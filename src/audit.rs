//! The audit trail: appended in the transaction of what it tells, and checked from its first entry to its last.
//!
//! Each entry's mac covers the mac before it, so an entry that was altered, left out or put in breaks the chain at its number.
//! A tail that was cut off shows against a head (number and mac) that was exported before. Old entries can be pruned: a
//! checkpoint under the same key stands in their place, and the chain goes on from there.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{SqliteConnection, SqliteExecutor};

use crate::{
    domain::audit::{Act, Entry, Event},
    store::{
        Store, StoreError, Tx,
        audit::{self, Checkpoint},
    },
    vault::{AuditKey, Mac, Vault},
};

/// Entries that are read together.
const BATCH: u32 = 1000;

/// The newest entry, as it can be kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Head {
    /// Its number; 0: there is none.
    pub number: i64,
    /// Its mac in hexadecimal digits.
    pub mac: String,
}

/// What is wrong with the trail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    /// An entry is not what was written, or one before it is missing.
    #[error("audit entry {0} was altered, or the one before it is missing or was altered")]
    Broken(i64),
    /// The end is missing.
    #[error("the audit trail ends at entry {found}; it had {wanted} when the head was exported")]
    Cut {
        /// The last one there is.
        found: i64,
        /// The one that was there.
        wanted: i64,
    },
    /// The entry of the head is another one now.
    #[error("audit entry {0} is not the one whose head was exported")]
    OtherHead(i64),
    /// What was pruned is not what is noted.
    #[error("the note of what was pruned from the audit trail was altered")]
    Checkpoint,
    /// A head that cannot be read.
    #[error("a head looks like 12:0123abcd…, as printed by: addx audit head")]
    NotAHead,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key of the macs: the one of this database, made if it has none.
pub async fn open_key(store: &Store, vault: &Vault) -> Result<AuditKey, StoreError> {
    let open = |wrapped| {
        vault
            .audit_key(&wrapped)
            .map_err(|source| StoreError::Open {
                table: "audit_key",
                source,
            })
    };
    if let Some((_, wrapped)) = audit::key(store.reader()).await? {
        return open(wrapped);
    }
    let mut tx = store.begin().await?;
    if let Some((_, wrapped)) = audit::key(&mut *tx).await? {
        return open(wrapped);
    }
    let (key, id, wrapped) = vault.new_audit_key()?;
    audit::put_key(&mut *tx, id, &wrapped).await?;
    tx.commit().await?;
    Ok(key)
}

/// Appends what was done, in the transaction that does it.
pub async fn note(
    tx: &mut Tx,
    key: &AuditKey,
    act: Act,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    note_all(tx, key, [act], now).await
}

/// Appends several things at once, in order.
pub async fn note_all(
    tx: &mut SqliteConnection,
    key: &AuditKey,
    acts: impl IntoIterator<Item = Act>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (mut number, mut before) = audit::head(&mut *tx).await?;
    for act in acts {
        number += 1;
        let entry = Entry {
            number,
            at: now,
            owner: act.owner,
            actor: act.actor.as_str().to_owned(),
            event: act.event.as_str().to_owned(),
            account: act.account,
            detail: act.detail,
        };
        before = key.mac(&before, &entry.bytes());
        audit::append(&mut *tx, &entry, &before).await?;
    }
    Ok(())
}

/// The newest entry.
pub(crate) async fn head(store: &Store) -> Result<Head, StoreError> {
    let (number, mac) = audit::head(store.reader()).await?;
    Ok(Head {
        number,
        mac: mac.to_string(),
    })
}

/// What a chain came to.
#[derive(Debug)]
pub(crate) struct Verified {
    /// Its newest entry.
    pub head: Head,
    /// What was pruned before its first.
    pub pruned: Option<Checkpoint>,
    /// Whether the head that was exported is of an entry that was pruned since.
    pub head_is_pruned: bool,
}

impl Verified {
    /// How many entries there are.
    pub(crate) fn entries(&self) -> i64 {
        self.head.number - self.pruned.as_ref().map_or(0, |pruned| pruned.number)
    }
}

/// Follows the chain from its first entry to its last, and hands each entry to `seen`. With the text of a head that was
/// exported before, it must pass through that, unless it was pruned since.
pub(crate) async fn verify<'db>(
    db: impl SqliteExecutor<'db> + Copy,
    key: &AuditKey,
    exported: Option<&str>,
    mut seen: impl FnMut(&Entry),
) -> Result<Verified, AuditError> {
    let exported = exported.map(parse_head).transpose()?;
    let pruned = audit::checkpoint(db).await?;
    let (mut number, mut before) = (0, Mac::START);
    if let Some(pruned) = &pruned {
        if seal(key, pruned.number, pruned.at, &pruned.mac) != pruned.seal {
            return Err(AuditError::Checkpoint);
        }
        (number, before) = (pruned.number, pruned.mac);
        is_other_head(exported.as_ref(), number, &before)?;
    }
    let head_is_pruned = exported
        .as_ref()
        .is_some_and(|(wanted, _)| *wanted < number);
    loop {
        let entries = audit::after(db, number, BATCH).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let expected = number + 1;
            let (entry, mac) = entry.ok_or(AuditError::Broken(expected))?;
            if entry.number != expected || key.mac(&before, &entry.bytes()) != mac {
                return Err(AuditError::Broken(expected));
            }
            is_other_head(exported.as_ref(), entry.number, &mac)?;
            seen(&entry);
            (number, before) = (entry.number, mac);
        }
    }
    if let Some((wanted, _)) = exported
        && number < wanted
    {
        return Err(AuditError::Cut {
            found: number,
            wanted,
        });
    }
    let mac = before.to_string();
    Ok(Verified {
        head: Head { number, mac },
        pruned,
        head_is_pruned,
    })
}

fn is_other_head(
    exported: Option<&(i64, String)>,
    number: i64,
    mac: &Mac,
) -> Result<(), AuditError> {
    match exported {
        Some((wanted, head)) if *wanted == number && mac.to_string() != *head => {
            Err(AuditError::OtherHead(number))
        }
        _ => Ok(()),
    }
}

/// Entries that a transaction takes out at most.
const CUT: i64 = 5000;

/// Takes out the entries before this time, but for the newest, once the whole chain holds. That is an entry itself. The
/// number of the last one that is gone; `None`: there were none.
pub(crate) async fn prune(
    store: &Store,
    key: &AuditKey,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<i64>, AuditError> {
    let verified = verify(store.reader(), key, None, |_| {}).await?;
    let gone = verified.pruned.map_or(0, |pruned| pruned.number);
    let last = audit::last_before(store.reader(), before).await?;
    if last <= gone {
        return Ok(None);
    }
    let mut reached = gone;
    while reached < last {
        let first = reached == gone;
        reached = last.min(reached + CUT);
        let mut tx = store.begin().await?;
        let (entry, mac) =
            (audit::entry(&mut *tx, reached).await?).ok_or(AuditError::Broken(reached))?;
        let checkpoint = Checkpoint {
            number: reached,
            at: entry.at,
            mac,
            seal: seal(key, reached, entry.at, &mac),
        };
        audit::cut(&mut tx, &checkpoint).await?;
        if first {
            audit::forget_uses(&mut *tx, before).await?;
            let act = Act::of_operator(Event::Prune, last.to_string());
            note(&mut tx, key, act, now).await?;
        }
        tx.commit().await?;
    }
    Ok(Some(last))
}

/// The mac of a checkpoint. No entry has the same bytes, since an entry's begin with a number.
fn seal(key: &AuditKey, number: i64, at: DateTime<Utc>, mac: &Mac) -> Mac {
    let mut bytes = b"addx audit checkpoint v1".to_vec();
    for number in [number, at.timestamp()] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    key.mac(mac, &bytes)
}

fn parse_head(text: &str) -> Result<(i64, String), AuditError> {
    let (number, mac) = text.trim().split_once(':').ok_or(AuditError::NotAHead)?;
    let number = number.parse().map_err(|_| AuditError::NotAHead)?;
    let is_mac = mac.len() == 64 && mac.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_mac {
        Ok((number, mac.to_ascii_lowercase()))
    } else {
        Err(AuditError::NotAHead)
    }
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.number, self.mac)
    }
}
