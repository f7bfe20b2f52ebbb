//! What X says of the four values: one enum, each with a stable code and the values it puts in doubt.
//!
//! The sentences for each stand in `messages/verdicts.rs`, the list for readers in `docs/verdicts.md`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{
    credentials::Field,
    x_account::{XAccount, XUserId},
};

/// Checks a user may cause in an hour.
pub(crate) const MAX_CHECKS_AN_HOUR: usize = 10;

/// What the token may do, from the response header `x-access-level`. It was fixed when the token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// `read-write`
    ReadWrite,
    /// `read-write-directmessages`
    ReadWriteDirectMessages,
}

/// X's own words from an error body, cut to a readable length, control characters removed. Escape before showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct XWords(String);

impl XWords {
    /// At most this many characters are kept.
    pub const MAX_CHARS: usize = 200;

    /// Cuts and cleans what X wrote.
    pub fn new(text: &str) -> Self {
        let mut clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
        clean.retain(|c| !c.is_control());
        if clean.chars().count() <= Self::MAX_CHARS {
            return Self(clean);
        }
        let mut cut: String = clean.chars().take(Self::MAX_CHARS - 1).collect();
        cut.push('…');
        Self(cut)
    }

    /// The words, unescaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The result of asking X about an account's four values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Verdict {
    /// X accepts the values and the token may write.
    Connected {
        /// Whose token it is.
        account: XAccount,
        /// What it may do.
        permission: Permission,
    },
    /// X accepts the values and did not say what the token may do.
    ConnectedPermissionUnknown {
        /// Whose token it is.
        account: XAccount,
    },
    /// X accepts the values; the token was issued while the app could only read.
    ReadOnly {
        /// Whose token it is.
        account: XAccount,
    },
    /// The API Key and Secret alone do not authenticate.
    ApiKeyPairRejected,
    /// The key pair is good; X does not know the Access Token.
    AccessTokenRejected,
    /// The key pair is good and the Access Token is known; its secret does not fit.
    AccessSecretRejected,
    /// The key pair is good, the token pair is not, and X does not say which half.
    TokenPairRejected,
    /// The token belongs to another X account than the one that is linked.
    TokenOfOtherAccount {
        /// The account that is linked.
        expected: XAccount,
        /// The account of the new token.
        found: XUserId,
    },
    /// A PIN was fetched while logged in to X as another account than the one that is linked.
    PinOfOtherAccount {
        /// The account that is linked.
        expected: XAccount,
        /// The account that authorised.
        found: XAccount,
    },
    /// The key pair is good; X gives out no PIN, because the app has no callback address.
    CallbackNotSet,
    /// X does not take the PIN: mistyped, used, or too old.
    PinRejected,
    /// X does not take the PIN, which it may have taken just before: that answer was lost.
    PinSpent,
    /// The new values are the ones that are stored already.
    SameValuesAgain {
        /// Which were sent, in the order in which they are asked for.
        fields: Vec<Field>,
    },
    /// X suspended the app.
    AppSuspended,
    /// X suspended the user.
    UserSuspended,
    /// X locked the user's account until they log in.
    UserLocked,
    /// The app is in no package or environment that may call the v2 API, or its user has no account that pays.
    NotEnrolled {
        /// Who has to enrol.
        who: Unenrolled,
    },
    /// The values are good, the prepaid credits are used up.
    NoCredits,
    /// The values are good, the spending limit of the billing cycle is reached.
    SpendCapReached {
        /// The day on which the next cycle begins, if X named it.
        reset_date: Option<NaiveDate>,
    },
    /// Too many requests.
    RateLimited {
        /// When X takes requests again, if it said so.
        until: Option<DateTime<Utc>>,
    },
    /// This server's clock is so far off that X refuses the signature.
    ClockSkew {
        /// Seconds by which this server is ahead of X (negative: behind); `None` if X did not show its time.
        seconds: Option<i64>,
    },
    /// X refuses to publish this, and does not say why.
    NotPermitted,
    /// The same text was published before.
    Duplicate,
    /// X is down, too slow, or could not be reached.
    XUnavailable,
    /// Anything else.
    Unexpected {
        /// HTTP status.
        status: u16,
        /// X's own words.
        words: XWords,
    },
}

/// Each verdict's stable code, and what it says of the values.
macro_rules! verdicts {
    ($($verdict:ident => $code:literal, $outcome:ident;)+) => {
        impl Verdict {
            /// Every code, in the order of the enum.
            pub const CODES: [&'static str; [$($code),+].len()] = [$($code),+];

            /// The stable code that the user sees and programs may rely on.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$verdict { .. } => $code),+
                }
            }

            /// What became of the values: accepted, refused, or X did not get as far as judging them.
            pub fn outcome(&self) -> Outcome {
                match self {
                    $(Self::$verdict { .. } => Outcome::$outcome),+
                }
            }
        }
    };
}

verdicts! {
    Connected => "connected", Accepted;
    ConnectedPermissionUnknown => "connected_permission_unknown", Accepted;
    ReadOnly => "read_only", Accepted;
    ApiKeyPairRejected => "api_key_pair_rejected", Refused;
    AccessTokenRejected => "access_token_rejected", Refused;
    AccessSecretRejected => "access_secret_rejected", Refused;
    TokenPairRejected => "token_pair_rejected", Refused;
    TokenOfOtherAccount => "token_of_other_account", Refused;
    PinOfOtherAccount => "pin_of_other_account", Refused;
    CallbackNotSet => "callback_not_set", Refused;
    PinRejected => "pin_rejected", Refused;
    PinSpent => "pin_spent", Refused;
    SameValuesAgain => "same_values_again", Refused;
    AppSuspended => "app_suspended", Refused;
    UserSuspended => "user_suspended", Refused;
    UserLocked => "user_locked", Refused;
    NotEnrolled => "not_enrolled", Refused;
    NoCredits => "no_credits", Undecided;
    SpendCapReached => "spend_cap_reached", Undecided;
    RateLimited => "rate_limited", Undecided;
    ClockSkew => "clock_skew", Undecided;
    NotPermitted => "not_permitted", Undecided;
    Duplicate => "duplicate", Undecided;
    XUnavailable => "x_unavailable", Undecided;
    Unexpected => "unexpected", Undecided;
}

impl Verdict {
    /// The X account, where X named it: then the four values authenticate together.
    pub fn account(&self) -> Option<&XAccount> {
        match self {
            Self::Connected { account, .. }
            | Self::ConnectedPermissionUnknown { account }
            | Self::ReadOnly { account } => Some(account),
            _ => None,
        }
    }

    /// The values that a repair asks for again; empty where new values would not help.
    pub fn doubtful_fields(&self) -> &'static [Field] {
        match self {
            Self::ApiKeyPairRejected => &Field::KEY_PAIR,
            Self::AccessSecretRejected => &[Field::AccessSecret],
            Self::SameValuesAgain { fields } => match fields.as_slice() {
                [Field::ApiKey, Field::ApiSecret] => &Field::KEY_PAIR,
                [Field::AccessSecret] => &[Field::AccessSecret],
                _ => &Field::TOKEN_PAIR,
            },
            Self::ReadOnly { .. }
            | Self::AccessTokenRejected
            | Self::TokenPairRejected
            | Self::TokenOfOtherAccount { .. } => &Field::TOKEN_PAIR,
            _ => &[],
        }
    }
}

/// Who has to enrol before X answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unenrolled {
    /// `client-not-enrolled`: the app.
    App,
    /// `user-not-enrolled`: the X user whose token it is.
    User,
}

/// How far X's answer decides about the values themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// X authenticated them.
    Accepted,
    /// X refused them, the app or the user for good.
    Refused,
    /// X did not decide; the same values may be accepted later.
    Undecided,
}

names! {
    /// What X says of the API Key and Secret alone.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum KeyPairOutcome {
        /// X knows the pair.
        Accepted = "accepted",
        /// X does not accept the pair.
        Rejected = "rejected",
        /// X suspended the app that the pair belongs to.
        AppSuspended = "app_suspended",
        /// X did not say: down, too many requests, or an answer that decides nothing.
        Unknown = "unknown",
    }
}
