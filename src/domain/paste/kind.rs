//! The kinds of text that get pasted, under the names X's console and Telegram give them.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::credentials::Field;

/// What a pasted text is, as far as its label or its shape tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// One of the four values of a link.
    Value(Field),
    /// The app-only token: begins with twenty or more `A` (docs.x.com, "OAuth 2.0 Bearer Token").
    BearerToken,
    /// The id under "OAuth 2.0 Keys": base64url of a text that ends in `:ci`.
    ClientId,
    /// The secret under "OAuth 2.0 Keys": like an API Secret, but with `-` and `_` among its characters.
    ClientSecret,
    /// A user's OAuth 2.0 access token: base64url of a text that ends in `:at:1`.
    UserToken,
    /// A user's OAuth 2.0 refresh token: base64url of a text that ends in `:rt:1`.
    RefreshToken,
    /// The one-time code of an OAuth 2.0 login: base64url of a text that ends in `:ac:1`.
    AuthorizationCode,
    /// The digits X shows at the end of its PIN login (about seven of them).
    Pin,
    /// The app's number, as the console and X's errors show it (about eight digits).
    AppId,
    /// The number of an X account.
    UserId,
    /// A Telegram bot's token: `digits:35 characters`.
    TelegramBotToken,
    /// An address on the web.
    Url,
    /// An e-mail address.
    Email,
    /// An `@handle`.
    Username,
    /// A value of which only dots, stars or crosses are shown.
    Masked,
}

impl Kind {
    /// The name people know it by. For the four values that is the name this program uses everywhere.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Value(field) => field.label(),
            Self::BearerToken => "Bearer Token",
            Self::ClientId => "OAuth 2.0 Client ID",
            Self::ClientSecret => "OAuth 2.0 Client Secret",
            Self::UserToken => "OAuth 2.0 Access Token",
            Self::RefreshToken => "OAuth 2.0 Refresh Token",
            Self::AuthorizationCode => "OAuth 2.0 authorization code",
            Self::Pin => "PIN",
            Self::AppId => "App ID",
            Self::UserId => "X user ID",
            Self::TelegramBotToken => "Telegram bot token",
            Self::Url => "web address",
            Self::Email => "e-mail address",
            Self::Username => "username",
            Self::Masked => "masked value",
        }
    }

    /// The field it is the value of, if it is one of the four.
    pub(crate) fn field(self) -> Option<Field> {
        match self {
            Self::Value(field) => Some(field),
            _ => None,
        }
    }

    /// Whether somebody who reads it could act with it.
    pub(super) fn is_secret(self) -> bool {
        !matches!(
            self,
            Self::Pin
                | Self::AppId
                | Self::UserId
                | Self::Url
                | Self::Email
                | Self::Username
                | Self::Masked
        )
    }
}

/// A value in the text.
pub(super) struct Found {
    /// What its label says.
    pub(super) label: Option<Kind>,
    pub(super) text: Zeroizing<String>,
    /// Where it stands.
    pub(super) at: Range<usize>,
    /// It was put together from several lines.
    pub(super) wrapped: bool,
    /// It was pasted twice without anything between.
    pub(super) doubled: bool,
}
