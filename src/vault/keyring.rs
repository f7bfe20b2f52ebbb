//! The key file: a small text of numbered keys that a person can read, made once, never over existing data.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::random::{NoRandomness, Random};

/// The number of a key in the keyring, 1 and up. Part of what is sealed, so it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Sixteen hexadecimal digits that name a key without giving it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key-wrapping key.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
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

/// What may be done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyState {
    /// Seals and opens. Exactly one.
    Primary,
    /// Opens only.
    Enabled,
    /// Neither: kept for the record.
    Retired,
}

/// The keys that open what is stored, one of which seals.
pub struct Keyring {
    keys: BTreeMap<KeyId, (KeyState, Key)>,
    primary: KeyId,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
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
    #[error("{path}, line {line}: {problem}", path = .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No primary key, or two.
    #[error("{path} must have exactly one primary key, it has {count}", path = .path.display())]
    Primary {
        /// The file.
        path: PathBuf,
        /// How many it has.
        count: usize,
    },
    /// The operating system gave no randomness for a new key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

const HEADER: &str = "\
# The keyring of addx. Whoever has this file and the database can open every stored value;
# without this file nobody can. Back it up, and keep the copy apart from copies of the database.
#
# number  state  made on  key (base64)
";

impl Keyring {
    /// Reads a key file.
    ///
    /// # Errors
    /// It is missing, others may read it, or it is not a keyring.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
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
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        Self::parse(&text, path)
    }

    /// Makes a key file with one fresh key: exclusively, for the owner's eyes, and on disk before this returns.
    ///
    /// # Errors
    /// There is a file already, or it cannot be written.
    pub fn create(path: &Path, random: &Random, now: DateTime<Utc>) -> Result<Self, KeyringError> {
        let io = |action| {
            move |source| KeyringError::Io {
                action,
                path: path.to_owned(),
                source,
            }
        };
        let key = Key(Zeroizing::new(random.bytes()?));
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(key.bytes()));
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io("cannot make the folder of the key file"))?;
        // Written apart and moved into place, so that a crash leaves no file without its key.
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .map_err(io("cannot make the key file"))?;
        let text = Zeroizing::new(format!(
            "{HEADER}1 primary {} {}\n",
            now.format("%F"),
            *encoded
        ));
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(io("cannot write the key file"))?;
        move_into_place(Path::new(&draft), path).map_err(io("cannot make the key file"))?;
        // The name must survive a power cut too, or the data sealed next could never be opened.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io("cannot sync the folder of the key file"))?;
        let primary = KeyId(1);
        Ok(Self {
            keys: BTreeMap::from([(primary, (KeyState::Primary, key))]),
            primary,
        })
    }

    fn parse(text: &str, path: &Path) -> Result<Self, KeyringError> {
        let mut keys = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let content = line.split('#').next().unwrap_or_default().trim();
            if content.is_empty() {
                continue;
            }
            let (id, state, key) = parse_line(content).map_err(|problem| KeyringError::Line {
                path: path.to_owned(),
                line: index + 1,
                problem,
            })?;
            if keys.insert(id, (state, key)).is_some() {
                return Err(KeyringError::Line {
                    path: path.to_owned(),
                    line: index + 1,
                    problem: "this number stands there twice",
                });
            }
        }
        let primaries: Vec<KeyId> = keys
            .iter()
            .filter(|(_, (state, _))| *state == KeyState::Primary)
            .map(|(id, _)| *id)
            .collect();
        match primaries[..] {
            [primary] => Ok(Self { keys, primary }),
            _ => Err(KeyringError::Primary {
                path: path.to_owned(),
                count: primaries.len(),
            }),
        }
    }

    pub(super) fn primary(&self) -> (KeyId, &Key) {
        let Some((_, key)) = self.keys.get(&self.primary) else {
            unreachable!("a keyring is made with its primary key")
        };
        (self.primary, key)
    }

    /// The key with this number, unless it is retired.
    pub(super) fn get(&self, id: KeyId) -> Option<&Key> {
        match self.keys.get(&id) {
            Some((KeyState::Primary | KeyState::Enabled, key)) => Some(key),
            Some((KeyState::Retired, _)) | None => None,
        }
    }

    /// The fingerprint of the key with this number, if the keyring has it.
    #[must_use]
    pub fn fingerprint(&self, id: KeyId) -> Option<Fingerprint> {
        self.keys.get(&id).map(|(_, key)| key.fingerprint())
    }
}

/// Renames `draft` to `path`, unless there is such a file already.
fn move_into_place(draft: &Path, path: &Path) -> io::Result<()> {
    let renamed = renameat_with(CWD, draft, CWD, path, RenameFlags::NOREPLACE);
    match renamed {
        // Not every file system can do that; a second name for the file is as exclusive.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(draft, path)?;
            fs::remove_file(draft)
        }
        renamed => Ok(renamed?),
    }
}

fn parse_line(line: &str) -> Result<(KeyId, KeyState, Key), &'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [number, state, _made_on, key] = words[..] else {
        return Err("a key line has four words: number, state, date, key");
    };
    let id = match number.parse() {
        Ok(number) if number > 0 => KeyId(number),
        _ => return Err("the first word must be a number from 1"),
    };
    let state = match state {
        "primary" => KeyState::Primary,
        "enabled" => KeyState::Enabled,
        "retired" => KeyState::Retired,
        _ => return Err("the state must be primary, enabled or retired"),
    };
    let mut bytes = Zeroizing::new([0; 33]);
    match BASE64_STANDARD.decode_slice(key, &mut *bytes) {
        Ok(32) => {}
        _ => return Err("the key must be 32 bytes in base64"),
    }
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&bytes[..32]);
    Ok((id, state, Key(key)))
}
