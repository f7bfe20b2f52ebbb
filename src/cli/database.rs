//! The database and its keys, opened for a command and closed after it.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use rustix::process::geteuid;

use crate::{
    admin::unlock::{UnlockError, Wanted, open},
    audit,
    config::{ConfigError, DATABASE, KEY_FILE},
    store::Store,
    support::{clock::Clock, random::Random},
    vault::{AuditKey, Vault},
};

/// The database and the key file that the commands work on.
pub(crate) struct Place {
    pub(crate) database: PathBuf,
    pub(crate) key_file: PathBuf,
}

/// What a command works with.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    pub(super) random: Random,
}

impl Place {
    /// As root, nothing is written where somebody else's bot would trip over files of root's.
    pub(super) fn refuse_root(&self) -> Result<(), ConfigError> {
        let mut folders = self.database.ancestors().skip(1);
        let folder = folders.find(|folder| folder.exists());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let owner = fs::metadata(folder).map_or(0, |folder| folder.uid());
        if !geteuid().is_root() || owner == 0 {
            return Ok(());
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let mut users = users.lines().map(|line| line.split(':'));
        let user = users.find_map(|mut user| {
            let name = user.next()?;
            (user.nth(1)? == owner.to_string()).then(|| name.to_owned())
        });
        let user = user.unwrap_or_else(|| owner.to_string());
        let arguments: Vec<String> = std::env::args().map(|word| quoted(&word)).collect();
        let problem = format!(
            "{} is of user {user}, whose bot could not use what root writes there; run: runuser -u {user} -- {}",
            folder.display(),
            arguments.join(" ")
        );
        Err(ConfigError::new(DATABASE, problem))
    }

    /// Opens the database for `work`, if the keyring has what is `wanted`, and closes it whatever came of that.
    pub(super) async fn with<T>(
        &self,
        wanted: Wanted,
        work: impl AsyncFnOnce(&Opened) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let (clock, random) = (Clock::system(), Random::system());
        let store = self.store().await?;
        let vault = open(&store, &self.key_file, &clock, &random, wanted).await;
        let opened = Opened {
            vault: vault.map_err(refused)?,
            store,
            clock,
            random,
        };
        let done = work(&opened).await;
        let closed = opened.store.close().await;
        let done = done?;
        closed.context("cannot close the database")?;
        Ok(done)
    }

    async fn store(&self) -> anyhow::Result<Store> {
        for (what, variable, file) in [
            ("key file", KEY_FILE, &self.key_file),
            ("database", DATABASE, &self.database),
        ] {
            if !file.exists() {
                let problem = format!("there is no {what} at {}", file.display());
                return Err(ConfigError::new(variable, problem).into());
            }
        }
        match Store::open_existing(&self.database).await {
            Err(error) if !error.is_passing() => Err(ConfigError::new(DATABASE, error).into()),
            store => Ok(store?),
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl Opened {
    /// The key of the audit trail.
    pub(super) async fn audit_key(&self) -> anyhow::Result<AuditKey> {
        audit::open_key(&self.store, &self.vault)
            .await
            .context("cannot open the key of the audit trail")
    }
}

/// An unusable key file is something for the operator to set right.
pub(super) fn refused(error: UnlockError) -> anyhow::Error {
    match error {
        UnlockError::Config(error) => error.into(),
        UnlockError::Store(error) => error.into(),
    }
}
