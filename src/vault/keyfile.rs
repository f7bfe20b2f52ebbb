//! The key file on disk: made once, never over existing data, and changed line by line, so that comments stay.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::keyring::{
    Key, KeyId, KeyState, Keyring, KeyringError, Line, NAME, parse_line, read_private,
};
use crate::support::{
    files::{Draft, folder_of},
    instance::Instance,
    random::Random,
};

const HEADER: &str = "\
# The keyring of addx. Whoever has this file and the database can open every stored value;
# without this file nobody can. Back it up, and keep the copy apart from copies of the database.
#
# number  state  made on  key (base64)
";

impl Keyring {
    /// Makes a key file with one fresh key: exclusively, for the owner's eyes, and on disk before this returns.
    pub(crate) fn create(
        path: &Path,
        random: &Random,
        now: DateTime<Utc>,
    ) -> Result<Self, KeyringError> {
        let io = |action| error(action, path);
        let folder = folder_of(path);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io("cannot make the folder of the key file"))?;
        let line = key_line(KeyId(1), random, now)?;
        let text = Zeroizing::new(format!("{HEADER}{}", *line));
        // Written apart and moved into place, so that a crash leaves no file without its key.
        let draft = Draft::of(path);
        let written = draft.write(text.as_bytes());
        written.map_err(io("cannot write the key file"))?;
        draft
            .keep_as(path)
            .map_err(io("cannot make the key file"))?;
        Self::parse(&text, path)
    }
}

/// A key file that is about to change. Locked until dropped.
pub struct KeyFile {
    path: PathBuf,
    text: Zeroizing<String>,
    keyring: Keyring,
    _lock: Instance,
}

impl KeyFile {
    /// Opens a key file for a change.
    pub fn open(path: &Path) -> Result<Self, KeyringError> {
        // The file itself, where a link leads to it.
        let path = &fs::canonicalize(path).map_err(error("cannot read the key file", path))?;
        let lock = Instance::claim(path).map_err(error("cannot lock the key file", path))?;
        let lock = lock.ok_or_else(|| KeyringError::Busy { path: path.clone() })?;
        let text = read_private(path)?;
        let keyring = Keyring::parse(&text, path)?;
        Ok(Self {
            path: path.clone(),
            text,
            keyring,
            _lock: lock,
        })
    }

    /// Adds a fresh primary key; the one before stays enabled. On disk before this returns.
    pub fn add(&mut self, random: &Random, now: DateTime<Utc>) -> Result<KeyId, KeyringError> {
        let id = KeyId(self.keyring.newest().0 + 1);
        let mut text = self.with_state(self.keyring.primary(), KeyState::Enabled);
        text.push_str(&key_line(id, random, now)?);
        self.replace(text)?;
        Ok(id)
    }

    /// Whether a key may be retired, as far as the file knows.
    pub(crate) fn may_retire(&self, id: KeyId) -> Result<(), KeyringError> {
        let reason = match self.keyring.info(id).map(|key| key.state) {
            Some(KeyState::Enabled) => return Ok(()),
            Some(KeyState::Primary) => {
                "it is the primary key; run first: addx key add, then addx key rewrap"
            }
            Some(KeyState::Retired) if self.keyring.not_scrubbed() == Some(id) => return Ok(()),
            Some(KeyState::Retired) => "it is retired already",
            None => "there is no such key; addx key status shows which there are",
        };
        Err(KeyringError::NotRetirable { id, reason })
    }

    /// Retires a key, of which only its name stays, and raises the minimum to the oldest one that is left. On disk before this returns.
    pub(crate) fn retire(&mut self, id: KeyId) -> Result<(), KeyringError> {
        self.may_retire(id)?;
        let left = self.keyring.list();
        let oldest = left
            .iter()
            .filter(|key| key.state != KeyState::Retired && key.id != id)
            .map(|key| key.id)
            .min()
            .unwrap_or(id);
        let text = self.with_state(id, KeyState::Retired);
        let mut changed = Zeroizing::new(String::with_capacity(text.len() + 16));
        for line in text.lines() {
            if !matches!(parse_line(line), Ok(Line::Minimum(_))) {
                changed.push_str(line);
                changed.push('\n');
            }
        }
        changed.push_str(&format!("minimum {oldest}\n"));
        self.replace(changed)
    }

    /// The text with another state for one key.
    fn with_state(&self, id: KeyId, state: KeyState) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.text.len() + 256));
        for line in self.text.lines() {
            match parse_line(line) {
                Ok(Line::Key(found, old, kept)) if found == id => {
                    let changed = line.replacen(old.as_str(), state.as_str(), 1);
                    let changed = Zeroizing::new(changed);
                    let key = changed.split_whitespace().nth(3).unwrap_or_default();
                    let name = Zeroizing::new(if state == KeyState::Retired {
                        format!("{NAME}{}", kept.fingerprint())
                    } else {
                        key.to_owned()
                    });
                    text.push_str(&Zeroizing::new(changed.replacen(key, &name, 1)));
                }
                Ok(_) | Err(_) => text.push_str(line),
            }
            text.push('\n');
        }
        text
    }

    /// Puts a new text in place of the file's, all at once: whoever reads it sees the old one or the new one.
    fn replace(&mut self, text: Zeroizing<String>) -> Result<(), KeyringError> {
        let keyring = Keyring::parse(&text, &self.path)?;
        let io = |action| error(action, &self.path);
        let draft = Draft::of(&self.path);
        let written = draft.write(text.as_bytes());
        written.map_err(io("cannot write beside the key file"))?;
        let replaced = draft.replace(&self.path);
        replaced.map_err(io("cannot replace the key file"))?;
        self.text = text;
        self.keyring = keyring;
        Ok(())
    }
}

fn key_line(
    id: KeyId,
    random: &Random,
    now: DateTime<Utc>,
) -> Result<Zeroizing<String>, KeyringError> {
    let key = Key::new(Zeroizing::new(random.bytes()?));
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(key.bytes()));
    Ok(Zeroizing::new(format!(
        "{id} primary {} {}\n",
        now.format("%F"),
        *encoded
    )))
}

fn error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> KeyringError {
    let path = path.to_owned();
    move |source| KeyringError::Io {
        action,
        path: path.clone(),
        source,
    }
}
