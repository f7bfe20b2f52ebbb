//! The key file on disk: made once, never over existing data, and changed line by line, so that comments stay.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use rustix::fs::{FlockOperation, flock};
use zeroize::Zeroizing;

use super::keyring::{Key, KeyId, KeyState, Keyring, KeyringError, Line, parse_line, read_private};
use crate::support::{
    files::{beside, folder_of, make_private, move_into_place, sync},
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
        let draft = draft_of(path);
        let _ = fs::remove_file(&draft);
        write_new(&draft, &text).map_err(io("cannot write the key file"))?;
        move_into_place(&draft, path).map_err(io("cannot make the key file"))?;
        sync(folder).map_err(io("cannot sync the folder of the key file"))?;
        Self::parse(&text, path)
    }
}

/// A key file that is about to change. Locked until dropped.
pub struct KeyFile {
    path: PathBuf,
    text: Zeroizing<String>,
    keyring: Keyring,
    _lock: File,
}

impl KeyFile {
    /// Opens a key file for a change.
    pub fn open(path: &Path) -> Result<Self, KeyringError> {
        let lock = File::open(path).map_err(error("cannot read the key file", path))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| KeyringError::Busy {
            path: path.to_owned(),
        })?;
        let text = read_private(path)?;
        let keyring = Keyring::parse(&text, path)?;
        Ok(Self {
            path: path.to_owned(),
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
            Some(KeyState::Retired) => "it is retired already",
            None => "there is no such key; addx key status shows which there are",
        };
        Err(KeyringError::NotRetirable { id, reason })
    }

    /// Retires a key, and raises the minimum to the oldest one that is left. On disk before this returns.
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
                Ok(Line::Key(found, old, _)) if found == id => {
                    text.push_str(&line.replacen(old.as_str(), state.as_str(), 1));
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
        let draft = draft_of(&self.path);
        // Left behind by a command that died: it was never in place.
        let _ = fs::remove_file(&draft);
        write_new(&draft, &text).map_err(io("cannot write beside the key file"))?;
        fs::rename(&draft, &self.path).map_err(io("cannot replace the key file"))?;
        sync(folder_of(&self.path)).map_err(io("cannot sync the folder of the key file"))?;
        self.text = text;
        self.keyring = keyring;
        Ok(())
    }
}

/// Where a new text is written before it takes the place of the old one.
fn draft_of(path: &Path) -> PathBuf {
    beside(path, ".new")
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

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = make_private(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn error(action: &'static str, path: &Path) -> impl Fn(io::Error) -> KeyringError {
    let path = path.to_owned();
    move |source| KeyringError::Io {
        action,
        path: path.clone(),
        source,
    }
}
