//! The keyring: numbered keys with their states, read from a small text that a person can read and comment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::support::random::NoRandomness;

/// The number of a key in the keyring, 1 and up. Part of what is sealed, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Sixteen hexadecimal digits that name a key without giving it away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key-wrapping key.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::new()
            .chain_update(b"addx key fingerprint v1")
            .chain_update(*self.0)
            .finalize();
        let hex = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
        Fingerprint(hex.collect())
    }
}

/// What the key file has of a key.
pub(super) enum Kept {
    /// The key.
    Key(Key),
    /// Its name alone, since it is retired.
    Name(Fingerprint),
}

impl Kept {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Key(key) => key.fingerprint(),
            Self::Name(name) => name.clone(),
        }
    }
}

/// What may be done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// Seals and opens. Exactly one.
    Primary,
    /// Opens only.
    Enabled,
    /// Neither: its name is kept for the record.
    Retired,
}

impl KeyState {
    /// The word in the key file.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Enabled => "enabled",
            Self::Retired => "retired",
        }
    }
}

/// A key as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KeyInfo {
    /// Its number.
    pub id: KeyId,
    /// What may be done with it.
    pub state: KeyState,
    /// Its name.
    pub fingerprint: Fingerprint,
}

/// The keys that open what is stored, one of which seals.
pub struct Keyring {
    keys: BTreeMap<KeyId, (KeyState, Kept)>,
    primary: KeyId,
    minimum: KeyId,
    /// Keys that the operator has given up.
    lost: BTreeSet<KeyId>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

/// Its keys as they may be shown.
impl fmt::Display for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, key) in self.list().iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let (id, state) = (key.id, key.state.as_str());
            write!(f, "{comma}{id} {state} {}", key.fingerprint)?;
        }
        Ok(())
    }
}

/// Why a key file cannot be used. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Missing, unreadable, or a folder that cannot be written.
    #[error("{action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("{path} may be read by others (mode {mode:03o}); run: chmod 600 {path}", path = .path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line that cannot be understood; never quoted, since it may hold a key.
    #[error("{path}, line {line}: {problem}; mend the line, or put the file back from its copy", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No primary key, or two.
    #[error("{path} must have exactly one primary key, it has {count}; put the file back from its copy", path = .path.display())]
    Primary {
        /// The file.
        path: PathBuf,
        /// How many it has.
        count: usize,
    },
    /// Another command changes the file.
    #[error("another command is changing {path}; try again when it is done", path = .path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A key that cannot be retired.
    #[error("key {id} cannot be retired: {reason}")]
    NotRetirable {
        /// Its number.
        id: KeyId,
        /// Why not.
        reason: &'static str,
    },
    /// The operating system gave no randomness for a new key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl Keyring {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        Self::parse(&read_private(path)?, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        let mut minimum = None;
        let mut lost = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            let problem = |problem| KeyringError::Line {
                path: path.to_owned(),
                line: index + 1,
                problem,
            };
            match parse_line(line).map_err(problem)? {
                Line::Empty => {}
                Line::Minimum(id) => {
                    if minimum.replace(id).is_some() {
                        return Err(problem("there are two lines with a minimum"));
                    }
                }
                Line::Lost(id) => {
                    lost.insert(id);
                }
                Line::Key(id, state, key) => {
                    if keys.insert(id, (state, key)).is_some() {
                        return Err(problem("this number stands there twice"));
                    }
                }
            }
        }
        let primaries: Vec<KeyId> = keys
            .iter()
            .filter(|(_, (state, _))| *state == KeyState::Primary)
            .map(|(id, _)| *id)
            .collect();
        match primaries[..] {
            [primary] => Ok(Self {
                keys,
                primary,
                minimum: minimum.unwrap_or(KeyId(1)),
                lost,
            }),
            _ => Err(KeyringError::Primary {
                path: path.to_owned(),
                count: primaries.len(),
            }),
        }
    }

    pub(super) fn primary_key(&self) -> (KeyId, &Key) {
        let Some(key) = self.key(self.primary) else {
            unreachable!("a keyring is made with its primary key")
        };
        (self.primary, key)
    }

    /// The key with this number, unless it is retired.
    pub(super) fn key(&self, id: KeyId) -> Option<&Key> {
        match self.keys.get(&id) {
            Some((KeyState::Primary | KeyState::Enabled, Kept::Key(key))) => Some(key),
            Some(_) | None => None,
        }
    }

    /// The number of the key that seals.
    pub(crate) fn primary(&self) -> KeyId {
        self.primary
    }

    /// The oldest key that a database may have as its newest: an older database is an old copy.
    pub(crate) fn minimum(&self) -> KeyId {
        self.minimum
    }

    /// Whether the key opens what it sealed: it is there, and not retired.
    pub(crate) fn opens(&self, id: KeyId) -> bool {
        self.key(id).is_some()
    }

    /// Whether the operator has given this key up: what it sealed stays shut, and the bot runs without.
    pub(crate) fn has_given_up(&self, id: KeyId) -> bool {
        self.lost.contains(&id)
    }

    /// The highest number there is.
    pub(crate) fn newest(&self) -> KeyId {
        self.keys.keys().next_back().copied().unwrap_or(KeyId(0))
    }

    /// The key with this number, retired or not, as it may be shown.
    pub(crate) fn info(&self, id: KeyId) -> Option<KeyInfo> {
        self.keys.get(&id).map(|(state, key)| KeyInfo {
            id,
            state: *state,
            fingerprint: key.fingerprint(),
        })
    }

    /// A retired key of which the file still has more than its name.
    pub(crate) fn not_scrubbed(&self) -> Option<KeyId> {
        let whole = |(state, kept): &(KeyState, Kept)| {
            *state == KeyState::Retired && matches!(kept, Kept::Key(_))
        };
        let mut keys = self.keys.iter();
        keys.find(|(_, key)| whole(key)).map(|(id, _)| *id)
    }

    /// Every key as it may be shown, by number.
    pub(crate) fn list(&self) -> Vec<KeyInfo> {
        self.keys.keys().filter_map(|id| self.info(*id)).collect()
    }
}

/// Reads a file that only its owner may read.
pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyringError> {
    let io = |source| KeyringError::Io {
        action: "cannot read the key file",
        path: path.to_owned(),
        source,
    };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyringError::Mode {
            path: path.to_owned(),
            mode,
        });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(io)
}

/// What a line of the key file says.
pub(super) enum Line {
    Empty,
    Minimum(KeyId),
    Lost(KeyId),
    Key(KeyId, KeyState, Kept),
}

/// What stands in the place of a retired key.
pub(super) const NAME: &str = "fingerprint:";

pub(super) fn parse_line(line: &str) -> Result<Line, &'static str> {
    let content = line.split('#').next().unwrap_or_default();
    let words: Vec<&str> = content.split_whitespace().collect();
    let (number, state, key) = match words[..] {
        [] => return Ok(Line::Empty),
        ["minimum", number] => return parse_id(number).map(Line::Minimum),
        ["lost", number] => return parse_id(number).map(Line::Lost),
        [number, state, _made_on, key] => (number, state, key),
        _ => return Err("a key line has four words: number, state, date, key"),
    };
    let state = match state {
        "primary" => KeyState::Primary,
        "enabled" => KeyState::Enabled,
        "retired" => KeyState::Retired,
        _ => return Err("the state must be primary, enabled or retired"),
    };
    let id = parse_id(number)?;
    if state == KeyState::Retired
        && let Some(name) = key.strip_prefix(NAME)
    {
        let name = Fingerprint(name.to_owned());
        return Ok(Line::Key(id, state, Kept::Name(name)));
    }
    let mut bytes = Zeroizing::new([0; 33]);
    match BASE64_STANDARD.decode_slice(key, &mut *bytes) {
        Ok(32) => {}
        _ => return Err("the key must be 32 bytes in base64"),
    }
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&bytes[..32]);
    Ok(Line::Key(id, state, Kept::Key(Key::new(key))))
}

fn parse_id(number: &str) -> Result<KeyId, &'static str> {
    match number.parse() {
        Ok(number) if number > 0 => Ok(KeyId(number)),
        _ => Err("the number of a key must be 1 or more"),
    }
}
