//! What the proxy answers itself, instead of X.

use axum::{
    Json,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde_json::json;

const ENOUGH: &str = "This client has as many requests under way, or in this second, as it may; ask again in a second.";

/// Why X is not asked, or gave no answer.
#[derive(Debug)]
pub(super) enum ProxyError {
    /// No token, a wrong one, or one that was revoked: all the same, so that nobody learns which.
    Unauthorized,
    /// No account of this id that the program may use.
    UnknownAccount,
    /// The program may not ask X for this.
    NotAllowed,
    /// The query has a parameter that belongs into a signature.
    BadQuery,
    /// A form is part of a signature, and its text is not known before it has passed.
    FormBody,
    /// The body is longer than the limit.
    TooLarge,
    /// The body ended before its end.
    HalfBody,
    /// The body did not come in time.
    SlowBody,
    /// The account's values cannot be used; a verdict's code.
    NotConnected(&'static str),
    /// The account's owner may not use the bot.
    OwnerShutOut,
    /// The program has as many requests as it may.
    ClientLimit,
    /// X wants no request of this kind before this time; its own headers say so.
    RateLimited(DateTime<Utc>, Box<HeaderMap>),
    /// X could not be reached.
    NotSent,
    /// X did not answer.
    Unknown,
    /// The bot is stopping, or its database failed.
    Failed,
}

impl ProxyError {
    fn parts(&self) -> (StatusCode, &'static str, String) {
        let (status, code, message) = match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Send Authorization: Bearer and a client's token.",
            ),
            Self::UnknownAccount => (
                StatusCode::NOT_FOUND,
                "unknown_account",
                "This client has no access to an account with this ID.",
            ),
            Self::NotAllowed => (
                StatusCode::FORBIDDEN,
                "not_allowed",
                "This client may not ask X for this method and path.",
            ),
            Self::BadQuery => (
                StatusCode::BAD_REQUEST,
                "bad_query",
                "The query may not hold parameters whose names begin with oauth_.",
            ),
            Self::FormBody => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "form_body",
                "Send the body as JSON or as multipart/form-data.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "The body is longer than 8 MiB.",
            ),
            Self::HalfBody => (
                StatusCode::BAD_REQUEST,
                "half_body",
                "The body ended before its end; X was not given the whole of it.",
            ),
            Self::SlowBody => (
                StatusCode::REQUEST_TIMEOUT,
                "slow_body",
                "The body did not come in time; X was not given the whole of it.",
            ),
            Self::NotConnected(code) => (
                StatusCode::CONFLICT,
                *code,
                "The account cannot be used as it is; its owner sees why in Telegram.",
            ),
            Self::OwnerShutOut => (
                StatusCode::CONFLICT,
                "no_access",
                "The account's owner may not use this bot any more; its operator knows why.",
            ),
            Self::ClientLimit => (StatusCode::TOO_MANY_REQUESTS, "client_limit", ENOUGH),
            Self::RateLimited(until, _) => {
                let message = format!(
                    "X takes requests of this kind again at {}.",
                    until.format("%H:%M:%S UTC")
                );
                return (StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
            }
            Self::NotSent => (
                StatusCode::BAD_GATEWAY,
                "x_unavailable",
                "X could not be reached; nothing was sent.",
            ),
            Self::Unknown => (
                StatusCode::BAD_GATEWAY,
                "x_unavailable",
                "X did not answer; it may have done what was asked. Look before you ask again.",
            ),
            Self::Failed => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "This request could not be handled; nothing was sent to X.",
            ),
        };
        (status, code, message.to_owned())
    }

    /// The code, for the log and the metrics.
    pub(super) fn code(&self) -> &'static str {
        self.parts().1
    }

    /// The status, for the log.
    pub(super) fn status(&self) -> u16 {
        self.parts().0.as_u16()
    }
}

impl IntoResponse for ProxyError {
    fn into_response(self) -> Response {
        let (status, code, message) = self.parts();
        let mut headers = HeaderMap::new();
        match self {
            Self::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                // Whoever has no token keeps no place either.
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Self::ClientLimit => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::RateLimited(_, of_x) => headers = *of_x,
            _ => {}
        }
        let error = json!({ "error": { "code": code, "message": message } });
        (status, headers, Json(error)).into_response()
    }
}
