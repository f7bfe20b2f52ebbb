//! How the domain's types stand in columns. A time is whole seconds since 1970: sqlx reads it as it is, and it is written
//! with `timestamp()`; every table is STRICT, so that one written otherwise fails at once.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{
    Decode, Encode, Sqlite, Type,
    encode::IsNull,
    error::BoxDynError,
    sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef},
};

use crate::{
    domain::{
        account::{AccountId, AccountName, XUserId, XUsername},
        client::{ClientName, TokenHash},
        facts::Standing,
        health::AppMark,
        verdict::KeyPairOutcome,
    },
    vault::{Fingerprint, KeyId, Mac, MessageFingerprint, Sealed},
};

/// What a column holds that this program never writes. Says nothing of what stands there.
#[derive(Debug, thiserror::Error)]
#[error("not a stored {0}")]
struct Unreadable(&'static str);

/// A column type in terms of a simpler one: how it is written, and how it is read.
macro_rules! column {
    ($($type:ty as $column:ty: $write:expr, $read:expr;)+) => {$(
        impl Type<Sqlite> for $type {
            fn type_info() -> SqliteTypeInfo {
                <$column as Type<Sqlite>>::type_info()
            }

            fn compatible(found: &SqliteTypeInfo) -> bool {
                <$column as Type<Sqlite>>::compatible(found)
            }
        }

        impl Encode<'_, Sqlite> for $type {
            fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
                let write: fn(&Self) -> $column = $write;
                <$column as Encode<'_, Sqlite>>::encode(write(self), buffer)
            }
        }

        impl<'r> Decode<'r, Sqlite> for $type {
            fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
                let read: fn($column) -> Option<Self> = $read;
                let stored = <$column as Decode<'r, Sqlite>>::decode(value)?;
                read(stored).ok_or_else(|| Unreadable(stringify!($type)).into())
            }
        }
    )+};
}

column! {
    AccountId as Vec<u8>: |id| id.bytes().to_vec(), |bytes| bytes.try_into().ok().map(Self::from_bytes);
    AccountName as String: |name| name.as_str().to_owned(), |text| Some(Self::trusted(text));
    XUserId as String: ToString::to_string, |text| text.parse().ok().map(Self);
    XUsername as String: |name| name.0.clone(), |text| Some(Self(text));
    ClientName as String: |name| name.as_str().to_owned(), |text| Some(Self::trusted(text));
    TokenHash as Vec<u8>: |hash| hash.0.to_vec(), |bytes| bytes.try_into().ok().map(Self);
    AppMark as Vec<u8>: |mark| mark.0.to_vec(), |bytes| bytes.try_into().ok().map(Self);
    MessageFingerprint as Vec<u8>: |print| print.0.to_vec(), |bytes| bytes.try_into().ok().map(Self);
    Mac as Vec<u8>: |mac| mac.0.to_vec(), |bytes| bytes.try_into().ok().map(Self);
    KeyId as u32: |id| id.0, |id| Some(Self(id));
    Fingerprint as String: |fingerprint| fingerprint.0.clone(), |text| Some(Self(text));
    Sealed as Vec<u8>: |sealed| sealed.as_bytes().to_vec(), |bytes| Some(Self::from_bytes(bytes));
    Standing as String: |standing| standing.as_str().to_owned(), |name| name.parse().ok();
    KeyPairOutcome as String: |outcome| outcome.as_str().to_owned(), |name| name.parse().ok();
}

/// A value that stands as JSON in a text column. What serde says of an unreadable one may quote it, so that is not told.
pub(super) struct Json<T>(pub(super) T);

impl<T> Type<Sqlite> for Json<T> {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }

    fn compatible(found: &SqliteTypeInfo) -> bool {
        <String as Type<Sqlite>>::compatible(found)
    }
}

impl<T: Serialize> Encode<'_, Sqlite> for Json<T> {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        let json = serde_json::to_string(&self.0).map_err(|_| Unreadable("value"))?;
        <String as Encode<'_, Sqlite>>::encode(json, buffer)
    }
}

impl<'r, T: DeserializeOwned> Decode<'r, Sqlite> for Json<T> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let json = <&str as Decode<'r, Sqlite>>::decode(value)?;
        let read = serde_json::from_str(json).map_err(|_| Unreadable("JSON value"))?;
        Ok(Self(read))
    }
}
