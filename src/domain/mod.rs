//! The pure core: values, states and judgements. No I/O, no clock, no tokio, sqlx, reqwest or teloxide.

/// An enum whose variants have stable names, which stand in the database, in exports and in logs. Never change one.
macro_rules! names {
    ($(#[$attribute:meta])* $visibility:vis enum $type:ident {
        $($(#[$about:meta])* $variant:ident = $name:literal),+ $(,)?
    }) => {
        $(#[$attribute])*
        $visibility enum $type {
            $($(#[$about])* $variant),+
        }

        impl $type {
            /// All of them, in their order.
            $visibility const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];
        }

        // Not all are listed anywhere.
        const _: &[$type] = &$type::ALL;

        names!($type { $($variant => $name),+ });
    };
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// The stable name.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::domain::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(crate::domain::UnknownName),
                }
            }
        }
    };
}

/// Makes a type stand in JSON as the text that it displays and is read from.
macro_rules! as_text {
    ($type:ident) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A text that names no variant.
#[derive(Debug)]
pub struct UnknownName;

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod client;
pub(crate) mod credentials;
pub(crate) mod facts;
pub(crate) mod flow;
pub(crate) mod health;
pub(crate) mod linking;
pub(crate) mod pace;
pub(crate) mod paste;
pub(crate) mod pin;
pub(crate) mod post;
pub(crate) mod report;
pub(crate) mod revocation;
pub(crate) mod verdict;
pub(crate) mod x_account;
