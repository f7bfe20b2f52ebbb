//! The pure core: values, states and judgements. No I/O, no clock, no tokio, sqlx, reqwest or teloxide.

/// Gives an enum's variants stable names, which stand in the database, in exports and in logs. Never change one.
macro_rules! names {
    ($(#[$about:meta])* $visible:vis enum $type:ident {
        $($(#[$meaning:meta])* $variant:ident = $name:literal,)+
    }) => {
        $(#[$about])*
        $visible enum $type {
            $($(#[$meaning])* $variant,)+
        }

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

/// A text that names no variant.
#[derive(Debug)]
pub struct UnknownName;

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod client;
pub(crate) mod credentials;
pub(crate) mod linking;
pub(crate) mod notice;
pub(crate) mod pace;
pub(crate) mod paste;
pub(crate) mod pin;
pub(crate) mod post;
pub(crate) mod report;
pub(crate) mod revocation;
pub(crate) mod verdict;
pub(crate) mod watch;
