use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use chrono::DateTime;

use super::*;
use crate::domain::{
    credentials::{Field, Secret},
    pin::TemporaryField,
};
use crate::support::random::Random;

const OWNER: i64 = 7;
const ACCOUNT: AccountId = AccountId::from_bytes([1; 16]);
const OTHER: AccountId = AccountId::from_bytes([2; 16]);

/// A key file and what was sealed with it on the day the format was fixed. Both must open for ever.
const OLD_KEY_FILE: &str =
    "1 primary 2026-11-24 KCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCg= # made up\n";
const OLD_WRAPPED: &str = "AQAAAAFUdD3F4k0qQTsVlYTBIm327M/EyqjNe2MF3yjPJBRdHc/n1nRRL/hjCYTfRCtNw3h4b1UL/xQFiYIFwvBlxYxAbYLu7Ro1HjU=";
const OLD_VALUE: &str =
    "AQAAAADHy1b/Zs1gtaazsxwcPzWF6ojlJ6gZsGIWiKrwYf6I1dqshuTJmiJu0Emkd1+oYX8R83pJ";

fn keyring(text: &str) -> Result<Keyring, KeyringError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("addx.key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Keyring::read(&path)
}

fn vault() -> Vault {
    Vault::new(
        keyring(OLD_KEY_FILE).unwrap(),
        PathBuf::new(),
        Random::seeded(1),
    )
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn what_was_sealed_opens_again() {
    let (key, _, wrapped) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let sealed = key
        .seal(OWNER, ACCOUNT, Field::ApiKey, &secret("value"))
        .unwrap();
    let key = vault().data_key(OWNER, ACCOUNT, &wrapped).unwrap();
    let opened = key.open(OWNER, ACCOUNT, Field::ApiKey, &sealed).unwrap();
    assert_eq!(opened.expose(), "value");
}

#[test]
fn two_seals_of_one_value_differ() {
    let (key, _, _) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let seal = || {
        key.seal(OWNER, ACCOUNT, Field::ApiKey, &secret("value"))
            .unwrap()
    };
    assert_ne!(seal(), seal());
}

#[test]
fn a_seal_that_is_cut_or_altered_does_not_open() {
    let (key, _, _) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let sealed = key
        .seal(OWNER, ACCOUNT, Field::ApiKey, &secret("value"))
        .unwrap();
    for length in 0..sealed.as_bytes().len() {
        let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
        assert!(key.open(OWNER, ACCOUNT, Field::ApiKey, &cut).is_err());
    }
    for index in 0..sealed.as_bytes().len() {
        // The key id of a data key's seal is not read: nothing depends on it.
        if (1..5).contains(&index) {
            continue;
        }
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[index] ^= 1;
        let altered = Sealed::from_bytes(bytes);
        assert!(key.open(OWNER, ACCOUNT, Field::ApiKey, &altered).is_err());
    }
}

#[test]
fn a_value_opens_in_its_own_place_only() {
    let (key, _, wrapped) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let sealed = key
        .seal(OWNER, ACCOUNT, Field::ApiKey, &secret("value"))
        .unwrap();
    let refused = Some(OpenError::Refused);
    assert_eq!(
        key.open(OWNER + 1, ACCOUNT, Field::ApiKey, &sealed).err(),
        refused
    );
    assert_eq!(
        key.open(OWNER, OTHER, Field::ApiKey, &sealed).err(),
        refused
    );
    assert_eq!(
        key.open(OWNER, ACCOUNT, Field::ApiSecret, &sealed).err(),
        refused
    );
    assert_eq!(
        vault().data_key(OWNER + 1, ACCOUNT, &wrapped).err(),
        refused
    );
    assert_eq!(vault().data_key(OWNER, OTHER, &wrapped).err(), refused);
}

#[test]
fn what_a_pin_is_exchanged_for_opens_in_its_own_place_only() {
    let (key, _, _) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let place = Place::temporary(OWNER, ACCOUNT, TemporaryField::Secret);
    let sealed = key.seal_at(&place, &secret("value")).unwrap();
    assert_eq!(key.open_at(&place, &sealed).unwrap().expose(), "value");
    for other in [
        Place::temporary(OWNER, ACCOUNT, TemporaryField::Token),
        Place::temporary(OWNER, ACCOUNT, TemporaryField::Verifier),
        Place::temporary(OWNER, OTHER, TemporaryField::Secret),
        Place::temporary(OWNER + 1, ACCOUNT, TemporaryField::Secret),
        Place::value(OWNER, ACCOUNT, Field::ApiSecret),
    ] {
        let opened = key.open_at(&other, &sealed);
        assert_eq!(opened.err(), Some(OpenError::Refused), "{other:?}");
    }
}

#[test]
fn another_key_does_not_open_it() {
    let (_, _, wrapped) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let same_number =
        keyring("1 primary 2026-11-24 KSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk=").unwrap();
    let other = Vault::new(same_number, PathBuf::new(), Random::seeded(1));
    assert_eq!(
        other.data_key(OWNER, ACCOUNT, &wrapped).err(),
        Some(OpenError::Refused)
    );
    let other_number =
        keyring("2 primary 2026-11-24 KCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCg=").unwrap();
    let other = Vault::new(other_number, PathBuf::new(), Random::seeded(1));
    assert_eq!(
        other.data_key(OWNER, ACCOUNT, &wrapped).err(),
        Some(OpenError::UnknownKey(KeyId(1)))
    );
}

#[test]
fn yesterdays_bytes_still_open() {
    let sealed = |text: &str| {
        Sealed::from_bytes(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap())
    };
    let key = vault()
        .data_key(OWNER, ACCOUNT, &sealed(OLD_WRAPPED))
        .unwrap();
    let value = key
        .open(OWNER, ACCOUNT, Field::AccessSecret, &sealed(OLD_VALUE))
        .unwrap();
    assert_eq!(value.expose(), "an old value");
}

#[test]
fn a_fingerprint_is_the_same_for_the_same_value_of_the_same_field_and_account() {
    let (key, _, _) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    let print = key.fingerprint(Field::ApiKey, &secret("value"));
    assert_eq!(print, key.fingerprint(Field::ApiKey, &secret("value")));
    assert_ne!(print, key.fingerprint(Field::ApiSecret, &secret("value")));
    assert_ne!(print, key.fingerprint(Field::ApiKey, &secret("other")));
    let other = Vault::new(
        keyring(OLD_KEY_FILE).unwrap(),
        PathBuf::new(),
        Random::seeded(2),
    );
    let (other_key, _, _) = other.new_data_key(OWNER, OTHER).unwrap();
    assert_ne!(
        print,
        other_key.fingerprint(Field::ApiKey, &secret("value"))
    );
}

#[test]
fn debug_of_keys_and_secrets_names_the_type_only() {
    let (key, _, _) = vault().new_data_key(OWNER, ACCOUNT).unwrap();
    assert_eq!(format!("{key:?}"), "DataKey");
    assert_eq!(format!("{:?}", secret("value")), "Secret");
    assert_eq!(format!("{:?}", keyring(OLD_KEY_FILE).unwrap()), "Keyring");
}

#[test]
fn a_made_key_file_is_private_and_reads_back_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/addx.key");
    let created = Keyring::create(&path, &Random::seeded(3), DateTime::default()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let read = Keyring::read(&path).unwrap();
    assert_eq!(read.list(), created.list());
    assert!(Keyring::create(&path, &Random::seeded(4), DateTime::default()).is_err());
}

#[test]
fn a_bad_key_file_is_refused_with_its_line_and_without_its_text() {
    let key = "KCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCg=";
    let cases = [
        (String::new(), "exactly one primary key, it has 0"),
        (format!("1 primary d {key}\n2 primary d {key}"), "it has 2"),
        (
            format!("1 primary d {key}\n1 enabled d {key}"),
            "line 2: this number stands there twice",
        ),
        (
            format!("# note\n1 best d {key}"),
            "line 2: the state must be",
        ),
        (format!("0 primary d {key}"), "must be 1 or more"),
        ("1 primary d KCgoKCgo".to_owned(), "32 bytes in base64"),
        (format!("1 primary {key}"), "four words"),
    ];
    for (text, expected) in cases {
        let error = keyring(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("KCgoKCgo"), "{error}");
    }
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("addx.key");
    fs::write(&path, OLD_KEY_FILE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keyring::read(&path).unwrap_err().to_string();
    assert!(
        error.contains("mode 640") && error.contains("chmod 600"),
        "{error}"
    );
}

#[test]
fn keys_are_added_and_retired_line_by_line_and_comments_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("addx.key");
    fs::write(&path, OLD_KEY_FILE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let random = Random::seeded(5);
    {
        let mut file = KeyFile::open(&path).unwrap();
        assert_eq!(file.add(&random, DateTime::default()).unwrap(), KeyId(2));
        assert_eq!(file.add(&random, DateTime::default()).unwrap(), KeyId(3));
        file.retire(KeyId(1)).unwrap();
        assert!(file.retire(KeyId(1)).is_err());
        assert!(file.retire(KeyId(3)).is_err());
        assert!(file.retire(KeyId(9)).is_err());
        file.retire(KeyId(2)).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("# made up"), "{text}");
    assert_eq!(text.matches("minimum").count(), 1);
    let read = Keyring::read(&path).unwrap();
    let states: Vec<_> = read.list().iter().map(|key| key.state).collect();
    let (retired, primary) = (KeyState::Retired, KeyState::Primary);
    assert_eq!(states, [retired, retired, primary]);
    assert_eq!((read.primary(), read.minimum()), (KeyId(3), KeyId(3)));
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn two_commands_do_not_change_a_key_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("addx.key");
    Keyring::create(&path, &Random::seeded(3), DateTime::default()).unwrap();
    let first = KeyFile::open(&path).unwrap();
    assert!(matches!(
        KeyFile::open(&path),
        Err(KeyringError::Busy { .. })
    ));
    drop(first);
    assert!(KeyFile::open(&path).is_ok());
}

#[test]
fn a_vault_finds_a_key_that_was_added_behind_its_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("addx.key");
    let random = Random::seeded(6);
    let keyring = Keyring::create(&path, &random, DateTime::default()).unwrap();
    let running = Vault::new(keyring, path.clone(), random.clone());
    KeyFile::open(&path)
        .unwrap()
        .add(&random, DateTime::default())
        .unwrap();
    let other = Vault::new(Keyring::read(&path).unwrap(), path, random);
    let (id, sealed) = other.seal(&Place::key_check(), b"x").unwrap();
    assert_eq!(id, KeyId(2));
    assert_eq!(&**running.open(&Place::key_check(), &sealed).unwrap(), b"x");
}
