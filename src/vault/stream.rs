//! A sealed stream: a file of any length of which nothing shows but its first line, and in which nothing can be changed, put
//! in or cut off. STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over XChaCha20-Poly1305, the first line bound to each part.

use std::io::{self, BufRead, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{XChaCha20Poly1305, aead::Payload};
use chrono::{DateTime, Utc};

use super::{Fingerprint, KeyId, Keyring, seal};
use crate::support::random::Random;

/// Bytes that are sealed together; each such part is longer by its tag.
const PART: usize = 64 * 1024;
const TAG: usize = 16;
/// What each part is sealed with besides its number, and whether it is the last.
const NONCE: usize = 24 - 5;
/// No first line is longer.
const LONGEST_LABEL: u64 = 512;

/// The first line: what may be known of a copy without a key. Changing it shuts the copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// The key that the copy wants.
    pub key_id: KeyId,
    /// That key's name.
    pub fingerprint: Fingerprint,
    /// Which database it is of.
    pub database: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// Why a stream does not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// It could not be read.
    #[error("cannot read it: {0}")]
    Read(io::Error),
    /// What it holds could not be written.
    #[error("cannot write what it holds: {0}")]
    Write(io::Error),
    /// It does not begin as one.
    #[error("it is no sealed copy")]
    NotOne,
    /// The key that it wants is not there.
    #[error("the keyring has no usable key {0}")]
    UnknownKey(KeyId),
    /// A part of it was changed or is missing, or another key sealed it.
    #[error("it was changed or cut off, or sealed by another key")]
    Refused,
}

impl Label {
    fn parse(line: &str) -> Option<(Self, [u8; NONCE])> {
        let words: Vec<&str> = line.strip_suffix('\n')?.split(' ').collect();
        let [
            "addx",
            "backup",
            "1:",
            "key",
            key_id,
            fingerprint,
            "database",
            database,
            "made",
            made_at,
            "nonce",
            nonce,
        ] = words[..]
        else {
            return None;
        };
        let label = Self {
            key_id: KeyId(key_id.parse().ok()?),
            fingerprint: Fingerprint(fingerprint.to_owned()),
            database: database.to_owned(),
            made_at: DateTime::parse_from_rfc3339(made_at).ok()?.to_utc(),
        };
        let nonce = u128::from_str_radix(nonce, 16).ok()?;
        Some((label, widened(nonce)))
    }

    fn line(&self, nonce: u128) -> String {
        let Self {
            key_id,
            fingerprint,
            database,
            made_at,
        } = self;
        let made_at = made_at.format("%FT%TZ");
        format!(
            "addx backup 1: key {key_id} {fingerprint} database {database} made {made_at} nonce {nonce:032x}\n"
        )
    }
}

/// 128 random bits, as many as a line shows, at the place of the stream's nonce.
fn widened(nonce: u128) -> [u8; NONCE] {
    let mut wide = [0; NONCE];
    wide[..16].copy_from_slice(&nonce.to_be_bytes());
    wide
}

impl Keyring {
    /// Seals everything of `source` with the primary key, for whoever has the keyring. The label as it is written.
    pub(crate) fn seal_stream(
        &self,
        database: String,
        made_at: DateTime<Utc>,
        random: &Random,
        mut source: impl Read,
        mut target: impl Write,
    ) -> io::Result<Label> {
        let (key_id, key) = self.primary_key();
        let label = Label {
            key_id,
            fingerprint: key.fingerprint(),
            database,
            made_at,
        };
        let nonce = u128::from_be_bytes(random.bytes().map_err(io::Error::other)?);
        let line = label.line(nonce);
        target.write_all(line.as_bytes())?;
        let key = seal::stream_key(key.bytes());
        let mut sealing =
            EncryptorBE32::<XChaCha20Poly1305>::new((&*key).into(), &widened(nonce).into());
        let too_long = |_| io::Error::other("it is too long to be sealed");
        loop {
            let part = next_part(&mut source, PART)?;
            let payload = Payload {
                msg: &part,
                aad: line.as_bytes(),
            };
            if part.len() < PART {
                let last = sealing.encrypt_last(payload).map_err(too_long)?;
                target.write_all(&last)?;
                return Ok(label);
            }
            target.write_all(&sealing.encrypt_next(payload).map_err(too_long)?)?;
        }
    }
}

/// A sealed stream whose first line was read. Nothing proves that line before all of it opens.
pub(crate) struct SealedStream<R> {
    /// The first line.
    pub label: Label,
    line: String,
    nonce: [u8; NONCE],
    source: R,
}

impl<R: BufRead> SealedStream<R> {
    pub(crate) fn begin(mut source: R) -> Result<Self, StreamError> {
        let mut line = Vec::new();
        (&mut source)
            .take(LONGEST_LABEL)
            .read_until(b'\n', &mut line)
            .map_err(StreamError::Read)?;
        let line = String::from_utf8(line).map_err(|_| StreamError::NotOne)?;
        let (label, nonce) = Label::parse(&line).ok_or(StreamError::NotOne)?;
        Ok(Self {
            label,
            line,
            nonce,
            source,
        })
    }

    /// Opens it to its end. Until that has succeeded nothing of `target` may be believed.
    pub(crate) fn open(
        mut self,
        keyring: &Keyring,
        target: &mut impl Write,
    ) -> Result<Label, StreamError> {
        let id = self.label.key_id;
        let key = keyring.key(id).ok_or(StreamError::UnknownKey(id))?;
        let key = seal::stream_key(key.bytes());
        let mut opening =
            DecryptorBE32::<XChaCha20Poly1305>::new((&*key).into(), &self.nonce.into());
        let refused = |_| StreamError::Refused;
        loop {
            let part = next_part(&mut self.source, PART + TAG).map_err(StreamError::Read)?;
            let payload = Payload {
                msg: &part,
                aad: self.line.as_bytes(),
            };
            if part.len() < PART + TAG {
                let last = opening.decrypt_last(payload).map_err(refused)?;
                target.write_all(&last).map_err(StreamError::Write)?;
                return Ok(self.label);
            }
            let plain = opening.decrypt_next(payload).map_err(refused)?;
            target.write_all(&plain).map_err(StreamError::Write)?;
        }
    }
}

/// The next bytes, this many or as many as there are.
fn next_part(source: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(length);
    source.take(length as u64).read_to_end(&mut part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn keyring() -> Keyring {
        let text = "1 primary 2026-11-24 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";
        Keyring::parse(text, Path::new("addx.key")).unwrap()
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        let made_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        keyring()
            .seal_stream(
                "0a".repeat(16),
                made_at,
                &Random::seeded(1),
                plain,
                &mut sealed,
            )
            .unwrap();
        sealed
    }

    fn open(sealed: &[u8]) -> Result<Vec<u8>, StreamError> {
        let mut plain = Vec::new();
        SealedStream::begin(sealed)?.open(&keyring(), &mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_was_sealed_opens_whatever_its_length() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART] {
            let plain = vec![7; length];
            assert_eq!(open(&sealed(&plain)).unwrap(), plain, "{length}");
        }
    }

    #[test]
    fn nothing_can_be_changed_cut_off_put_in_or_put_in_another_order() {
        let whole = sealed(&vec![7; 2 * PART + 9]);
        let line = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let text = String::from_utf8(whole[..line].to_vec()).unwrap();
        assert!(text.starts_with("addx backup 1: key 1 "), "{text}");
        assert!(text.contains(" made 2027-01-15T08:00:00Z nonce "), "{text}");
        for at in [
            0,
            16,
            20,
            line - 40,
            line - 2,
            line,
            line + PART,
            whole.len() - 1,
        ] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(open(&changed).is_err(), "{at}");
        }
        let later = text.replace("2027", "2028") + "x";
        let later = [&later.as_bytes()[..line], &whole[line..]].concat();
        assert!(matches!(open(&later), Err(StreamError::Refused)));
        let part = PART + TAG;
        for length in [
            0,
            line,
            line + 1,
            line + part,
            line + 2 * part,
            whole.len() - 1,
        ] {
            assert!(open(&whole[..length]).is_err(), "{length}");
        }
        let longer = [&whole[..], b"more"].concat();
        let first = &whole[line..line + part];
        let second = &whole[line + part..line + 2 * part];
        let turned = [&whole[..line], second, first, &whole[line + 2 * part..]].concat();
        let twice = [&whole[..line], first, &whole[line..]].concat();
        for changed in [longer, turned, twice] {
            assert!(matches!(open(&changed), Err(StreamError::Refused)));
        }
    }
}
