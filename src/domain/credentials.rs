//! The four OAuth 1.0a values as types: what they are called, which belong together, and how they are kept out of sight.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A value that must not be seen: wiped when dropped, named but never shown by `Debug`.
///
/// There is no `Clone`, `Display` or `Serialize`: whoever needs the text says so with [`Secret::expose`].
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The text itself. The one door to it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

names! {
    /// One of the four values a link is made of, in the order in which they are asked for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Field {
        /// `oauth_consumer_key`; X: API Key, Consumer Key.
        ApiKey = "api_key",
        /// The secret of the API Key; X: API Key Secret, Consumer Secret, Secret Key.
        ApiSecret = "api_secret",
        /// `oauth_token`; X: Access Token.
        AccessToken = "access_token",
        /// The secret of the Access Token; X: Access Token Secret.
        AccessSecret = "access_secret",
    }
}

impl Field {
    /// The client credentials (RFC 5849 §1.1).
    pub const KEY_PAIR: [Self; 2] = [Self::ApiKey, Self::ApiSecret];
    /// The token credentials (RFC 5849 §1.1).
    pub const TOKEN_PAIR: [Self; 2] = [Self::AccessToken, Self::AccessSecret];

    /// The name this program uses for it everywhere a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            Self::ApiKey => "API Key",
            Self::ApiSecret => "API Secret",
            Self::AccessToken => "Access Token",
            Self::AccessSecret => "Access Secret",
        }
    }
}

/// The app's API Key and Secret: "client credentials" in RFC 5849 §1.1.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    /// The API Key (`oauth_consumer_key`).
    pub key: Secret,
    /// Its secret.
    pub secret: Secret,
}

/// The Access Token and Secret: "token credentials" in RFC 5849 §1.1.
#[derive(Debug)]
pub(crate) struct TokenCredentials {
    /// The Access Token (`oauth_token`).
    pub token: Secret,
    /// Its secret.
    pub secret: Secret,
}
