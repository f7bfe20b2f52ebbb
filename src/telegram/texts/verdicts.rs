//! Each verdict in words: one sentence, one reason, one next step, and the button for it where the bot can act.

use chrono::{DateTime, Utc};

use super::{KEYS, at, escape, wait};
use crate::domain::verdict::{Permission, Verdict};

/// A verdict in words. HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerdictText {
    /// Shows at a glance how it is.
    pub(crate) sign: &'static str,
    /// Completes "main …".
    pub(crate) sentence: String,
    /// Why.
    pub(crate) reason: String,
    /// What to do now; empty where nothing is to do.
    pub(crate) next_step: String,
}

/// How a token that may write is made. The order matters: X fixes what a token may do when it is issued.
const WRITE_TOKEN: &str = "In X: your app → User authentication settings → <i>Read and write</i> → Save, <b>then</b> Keys &amp; \
     Tokens → Access Token → Regenerate. Send me the new pair with the button below (or /rotate).";

/// The words for a verdict.
#[must_use]
pub(crate) fn text(verdict: &Verdict, now: DateTime<Utc>) -> VerdictText {
    match verdict {
        Verdict::Connected {
            account,
            permission,
        } => VerdictText {
            sign: "✅",
            sentence: format!("is connected as {}", escape(&account.username.to_string())),
            reason: match permission {
                Permission::ReadWrite => "It may read and write, so it can publish.",
                Permission::ReadWriteDirectMessages => {
                    "It may read, write and send direct messages, so it can publish."
                }
            }
            .to_owned(),
            next_step: String::new(),
        },
        Verdict::ConnectedPermissionUnknown { account } => VerdictText {
            sign: "✅",
            sentence: format!("is connected as {}", escape(&account.username.to_string())),
            reason: "X did not say which permission the token has, so I cannot tell whether it may publish.".to_owned(),
            next_step: "If a post fails later, set the app to <i>Read and write</i>, save, <b>then</b> regenerate the Access \
                        Token and use /rotate."
                .to_owned(),
        },
        Verdict::ReadOnly { account } => VerdictText {
            sign: "⚠️",
            sentence: format!(
                "is connected as {}, but can only read",
                escape(&account.username.to_string())
            ),
            reason: "The Access Token was generated while the app was set to Read. Changing the app does not change a token \
                     that exists."
                .to_owned(),
            next_step: WRITE_TOKEN.to_owned(),
        },
        Verdict::ApiKeyPairRejected => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: X does not accept the API Key and Secret".to_owned(),
            reason: "One of the two is mistyped, cut off, or older than the last Regenerate. The Access Token was not judged."
                .to_owned(),
            next_step: format!(
                "In X: {KEYS} → Consumer Key → Regenerate, and send me both values. That ends the old Access Token too: \
                 regenerate it afterwards."
            ),
        },
        Verdict::AccessTokenRejected => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: X does not accept the Access Token".to_owned(),
            reason: "API Key and Secret are fine. The token was regenerated, revoked, or made by another app.".to_owned(),
            next_step: format!(
                "In X: check that the app is set to <i>Read and write</i> and save, <b>then</b> {KEYS} → Access Token → \
                 Regenerate. Send me the new pair with the button below (or /rotate)."
            ),
        },
        Verdict::AccessSecretRejected => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: the Access Secret does not fit the Access Token".to_owned(),
            reason: "API Key, API Secret and Access Token are known to X. The Access Secret is mistyped, cut off, or of an \
                     older token."
                .to_owned(),
            next_step: "Send me the Access Secret again. If you no longer have it: set the app to <i>Read and write</i>, save, \
                        <b>then</b> regenerate the Access Token and use /rotate for both."
                .to_owned(),
        },
        Verdict::TokenPairRejected => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: X does not accept the Access Token and Secret".to_owned(),
            reason: "API Key and Secret are fine. X does not say which of the other two is wrong: they may be mistyped, \
                     regenerated, revoked, or of another app."
                .to_owned(),
            next_step: WRITE_TOKEN.to_owned(),
        },
        Verdict::TokenOfOtherAccount { expected, found } => VerdictText {
            sign: "⛔",
            sentence: "got a token of another X account".to_owned(),
            reason: format!(
                "This account is X user {expected}; the new token belongs to X user {found}. X's console gives out tokens of \
                 the app's owner."
            ),
            next_step: "Log in to X as the right user, set the app to <i>Read and write</i>, save, <b>then</b> regenerate the \
                        Access Token and send me the pair. To link the other account as well, use /addx."
                .to_owned(),
        },
        Verdict::SameValuesAgain => VerdictText {
            sign: "⚠️",
            sentence: "got the values that it has already".to_owned(),
            reason: "Nothing changed: these are the same ones as before, so I did not ask X.".to_owned(),
            next_step: WRITE_TOKEN.to_owned(),
        },
        Verdict::AppSuspended => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: X suspended the app".to_owned(),
            reason: "The values are not the problem; X does not let this app in.".to_owned(),
            next_step: "Look at console.x.com for X's notice, or link the account with the keys of another app (/rotate → All \
                        four)."
                .to_owned(),
        },
        Verdict::UserSuspended => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: X suspended the user".to_owned(),
            reason: "The values are not the problem; the X account itself is suspended.".to_owned(),
            next_step: "Log in to x.com and follow X's notice, then check again.".to_owned(),
        },
        Verdict::UserLocked => VerdictText {
            sign: "⛔",
            sentence: "cannot be used: X locked the user's account for now".to_owned(),
            reason: "The values are not the problem; X wants the user to log in.".to_owned(),
            next_step: "Log in to x.com, unlock the account there, then check again.".to_owned(),
        },
        Verdict::NotEnrolled => VerdictText {
            sign: "⚠️",
            sentence: "cannot be used yet: the app is in no package of X's API".to_owned(),
            reason: "X knows the values; the app, or its owner, is not enrolled.".to_owned(),
            next_step: "In X: console.x.com → Apps → Manage apps → your app → Move to package → Pay-per-use → Production. Then \
                        check again."
                .to_owned(),
        },
        Verdict::NoCredits => VerdictText {
            sign: "⚠️",
            sentence: "has good keys and an empty wallet".to_owned(),
            reason: "X answers that the prepaid credits are used up. The values are fine.".to_owned(),
            next_step: "In X: console.x.com → Billing → Credits. Then check again.".to_owned(),
        },
        Verdict::SpendCapReached { reset_date } => VerdictText {
            sign: "⚠️",
            sentence: "has good keys, and its spending limit at X is reached".to_owned(),
            reason: match reset_date {
                Some(date) => format!(
                    "X takes no requests until the next billing cycle begins on {}. The values are fine.",
                    date.format("%-d %B %Y")
                ),
                None => "X takes no requests until the next billing cycle begins. The values are fine.".to_owned(),
            },
            next_step: "Raise the limit at console.x.com → Billing, or wait. Then check again.".to_owned(),
        },
        Verdict::RateLimited { until } => VerdictText {
            sign: "⏳",
            sentence: "could not be checked: X asks for a pause".to_owned(),
            reason: "Too many requests were made with this app. That says nothing about the values.".to_owned(),
            next_step: match until {
                Some(until) => format!("Check again at {} ({}).", at(*until, now), wait(*until, now)),
                None => "Check again in 15 minutes.".to_owned(),
            },
        },
        Verdict::ClockSkew { seconds } => VerdictText {
            sign: "⏳",
            sentence: "could not be checked: this bot's clock is wrong".to_owned(),
            reason: match seconds {
                Some(seconds) if *seconds < 0 => format!(
                    "My server is {} s behind X, so X refuses the signature. That says nothing about the values.",
                    -seconds
                ),
                Some(seconds) if *seconds > 0 => format!(
                    "My server is {seconds} s ahead of X, so X refuses the signature. That says nothing about the values."
                ),
                Some(_) | None => {
                    "X says that my server's time is out of bounds. That says nothing about the values.".to_owned()
                }
            },
            next_step: "Please tell the operator of this bot to set the clock, then check again.".to_owned(),
        },
        Verdict::XUnavailable => VerdictText {
            sign: "⏳",
            sentence: "could not be checked: X does not answer".to_owned(),
            reason: "X is down, too slow, or out of reach. That says nothing about the values; they are kept.".to_owned(),
            next_step: "Check again in a few minutes.".to_owned(),
        },
        Verdict::Unexpected { status, words } => VerdictText {
            sign: "❓",
            sentence: "got an answer from X that I do not know".to_owned(),
            reason: if words.as_str().is_empty() {
                format!("X answered {status}, without words.")
            } else {
                format!("X answered {status}: “{}”.", escape(words.as_str()))
            },
            next_step: "Check again later. If it stays, /diagnose makes a report to ask for help with.".to_owned(),
        },
    }
}
