//! Each verdict in words: one sentence, one reason, one next step, and the button for it where the bot can act.
//!
//! `docs/verdicts.md` is written from them; a test below keeps it so.

use chrono::{DateTime, Utc};

use super::{KEYS, at, escape, list, pin::CALLBACK, wait};
use crate::domain::{
    credentials::Field,
    verdict::{Permission, Unenrolled, Verdict},
};

/// A verdict in words. HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VerdictText {
    /// Shows at a glance how it is.
    pub(super) sign: &'static str,
    /// Follows the name: "main" + " is connected …", or "main" + ": X does not …".
    pub(super) sentence: String,
    /// Why.
    pub(super) reason: String,
    /// What to do now; empty where nothing is to do.
    pub(super) next_step: String,
}

/// How a token that may write is made. The order matters: X fixes what a token may do when it is issued.
const WRITE_TOKEN: &str = "In X: your app → User authentication settings → <i>Read and write</i> → Save, <b>then</b> Keys &amp; \
     Tokens → Access Token → Regenerate. Send me the new pair with the button below (or /rotate).";

/// How a key pair is given again. A new one ends the token, so that one has to follow.
fn key_pair_again() -> String {
    format!(
        "Copy both again and send them with the button below. If X no longer shows them: {KEYS} → Consumer Key → Regenerate. \
         That ends the Access Token too: set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the token as \
         well, and use /rotate → All four."
    )
}

/// How the secret of a token is given again.
const SECRET_AGAIN: &str = "Copy the Access Secret again and send it with the button below. If X no longer shows it: set the app \
     to <i>Read and write</i>, Save, <b>then</b> regenerate the Access Token, and use /rotate → Token pair.";

/// Where X cannot be asked with good reason, no value is at fault.
const SAYS_NOTHING: &str = "That says nothing about the values.";

/// The words for a verdict.
#[expect(clippy::too_many_lines, reason = "one place for every verdict's words")]
pub(super) fn text(verdict: &Verdict, now: DateTime<Utc>) -> VerdictText {
    match verdict {
        Verdict::Connected {
            account,
            permission,
        } => VerdictText {
            sign: "✅",
            sentence: format!(" is connected as {}", escape(&account.username.to_string())),
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
            sign: "☑️",
            sentence: format!(
                " is connected as {}, but may be unable to post",
                escape(&account.username.to_string())
            ),
            reason: "X did not say which permission the token has.".to_owned(),
            next_step: "If a post fails later: set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access \
                        Token, and use /rotate → Token pair."
                .to_owned(),
        },
        Verdict::ReadOnly { account } => VerdictText {
            sign: "⚠️",
            sentence: format!(
                " is connected as {}, but can only read",
                escape(&account.username.to_string())
            ),
            reason: "The Access Token was generated while the app was set to Read. Changing the app does not change a token \
                     that exists."
                .to_owned(),
            next_step: format!("{WRITE_TOKEN} There you can also get it from X with a PIN."),
        },
        Verdict::ApiKeyPairRejected => VerdictText {
            sign: "⛔",
            sentence: ": X does not accept the API Key and Secret".to_owned(),
            reason: "One of the two is mistyped, cut off, or older than the last Regenerate. The Access Token was not judged."
                .to_owned(),
            next_step: key_pair_again(),
        },
        Verdict::AccessTokenRejected => VerdictText {
            sign: "⛔",
            sentence: ": X does not accept the Access Token".to_owned(),
            reason: "API Key and Secret are fine. The token is mistyped, regenerated, revoked, or made by another app."
                .to_owned(),
            next_step: WRITE_TOKEN.to_owned(),
        },
        Verdict::AccessSecretRejected => VerdictText {
            sign: "⛔",
            sentence: ": the Access Secret does not fit the Access Token".to_owned(),
            reason: "API Key, API Secret and Access Token are known to X. The Access Secret is mistyped, cut off, or of an \
                     older token."
                .to_owned(),
            next_step: SECRET_AGAIN.to_owned(),
        },
        Verdict::TokenPairRejected => VerdictText {
            sign: "⛔",
            sentence: ": X does not accept the Access Token and Secret".to_owned(),
            reason: "API Key and Secret are fine. X does not say which of the other two is wrong: they may be mistyped, \
                     regenerated, revoked, or of another app."
                .to_owned(),
            next_step: WRITE_TOKEN.to_owned(),
        },
        Verdict::TokenOfOtherAccount { expected, found } => {
            let handle = escape(&expected.username.to_string());
            VerdictText {
                sign: "⛔",
                sentence: ": the new token belongs to another X account".to_owned(),
                reason: format!(
                    "This link is for {handle} (X user {}), the new token is of X user {found}: X's console gives out tokens \
                     of the app's owner. The other account gets a link of its own with /addx.",
                    expected.id
                ),
                next_step: format!(
                    "Log in to X as {handle}, set the app to <i>Read and write</i>, Save, <b>then</b> regenerate the Access \
                     Token. Send me the new pair with the button below (or /rotate)."
                ),
            }
        }
        Verdict::PinOfOtherAccount { expected, found } => {
            let (expected, found) = (
                escape(&expected.username.to_string()),
                escape(&found.username.to_string()),
            );
            VerdictText {
                sign: "⛔",
                sentence: format!(": that was {found}; expected {expected}"),
                reason: format!(
                    "X was open as {found} when you authorised the app. I did not keep that token. {found} gets a link of its \
                     own with /addx."
                ),
                next_step: format!(
                    "Get a new link, open it in a private window of your browser, and log in to X as {expected}."
                ),
            }
        }
        Verdict::CallbackNotSet => VerdictText {
            sign: "⚠️",
            sentence: ": X wants a Callback URI in the app's settings first".to_owned(),
            reason: "X knows the API key pair. It gives out PINs only for apps that have a Callback URI; any address will do, \
                     it is never opened."
                .to_owned(),
            next_step: format!(
                "In X: console.x.com → your app → User authentication settings → Set up (or Edit) → App permissions <i>Read and \
                 write</i>, Callback URI <code>{CALLBACK}</code>, Website URL <code>https://example.com</code> → Save. Then try \
                 again."
            ),
        },
        Verdict::PinRejected => VerdictText {
            sign: "⛔",
            sentence: ": X does not take this PIN".to_owned(),
            reason: "It is mistyped, used already, too old, or of another link.".to_owned(),
            next_step: "Send it again if it was mistyped. Otherwise get a new link, and send the PIN that X shows then.".to_owned(),
        },
        Verdict::PinSpent => VerdictText {
            sign: "⛔",
            sentence: ": X does not take this PIN any more".to_owned(),
            reason: "A PIN is good for one time. X may have taken it just before, when its answer did not reach me.".to_owned(),
            next_step: "Get a new link, and send the PIN that X shows then.".to_owned(),
        },
        Verdict::SameValuesAgain { fields } => VerdictText {
            sign: "⚠️",
            sentence: ": you sent the values that it has already".to_owned(),
            reason: format!(
                "{} {} the same as before, so I did not ask X.",
                list(fields.iter().map(|field| field.label())),
                if fields.len() == 1 { "is" } else { "are" }
            ),
            next_step: match verdict.doubtful_fields() {
                [Field::AccessSecret] => SECRET_AGAIN.to_owned(),
                [Field::ApiKey, ..] => key_pair_again(),
                _ => WRITE_TOKEN.to_owned(),
            },
        },
        Verdict::AppSuspended => VerdictText {
            sign: "⛔",
            sentence: ": X has suspended the app".to_owned(),
            reason: "The values are not the problem; X lets nobody in with this app.".to_owned(),
            next_step: "Look at console.x.com for X's notice, or give me the values of another app: /rotate → All four."
                .to_owned(),
        },
        Verdict::UserSuspended => VerdictText {
            sign: "⛔",
            sentence: ": X has suspended this X account".to_owned(),
            reason: "The values are not the problem; the account itself is suspended.".to_owned(),
            next_step: "Log in to x.com and follow X's notice. Then check again.".to_owned(),
        },
        Verdict::UserLocked => VerdictText {
            sign: "⛔",
            sentence: ": X has locked this X account for now".to_owned(),
            reason: "The values are not the problem; X wants the user to log in.".to_owned(),
            next_step: "Log in to x.com and unlock the account there. Then check again.".to_owned(),
        },
        Verdict::NotEnrolled {
            who: Unenrolled::App,
        } => VerdictText {
            sign: "⚠️",
            sentence: ": the app is in no package of X's API yet".to_owned(),
            reason: "The values are not the problem; X answers only apps that are in a package.".to_owned(),
            next_step: "In X: console.x.com → Apps → Manage apps → your app → Move to package → Pay-per-use → Production. Then \
                        check again."
                .to_owned(),
        },
        Verdict::NotEnrolled {
            who: Unenrolled::User,
        } => VerdictText {
            sign: "⚠️",
            sentence: ": its X user has no paid developer account yet".to_owned(),
            reason: "The values are not the problem; X bills this app's requests to the user whose token it is.".to_owned(),
            next_step: "In X: console.x.com → log in as that user, create a developer account, and enrol it in Pay-per-use. \
                        Then check again."
                .to_owned(),
        },
        Verdict::NoCredits => VerdictText {
            sign: "⚠️",
            sentence: ": the keys are good, the wallet is empty".to_owned(),
            reason: "X answers that the prepaid credits are used up. The values are fine.".to_owned(),
            next_step: "In X: console.x.com → Billing → Credits. Then check again.".to_owned(),
        },
        Verdict::SpendCapReached { reset_date } => VerdictText {
            sign: "⚠️",
            sentence: ": the keys are good, the spending limit is reached".to_owned(),
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
            sentence: " could not be checked: X asks for a pause".to_owned(),
            reason: match until {
                Some(_) => format!("Too many requests were made with this app or account. {SAYS_NOTHING}"),
                None => format!(
                    "Too many requests were made with this app or account, and X did not say for how long. {SAYS_NOTHING}"
                ),
            },
            next_step: match until {
                Some(until) if *until <= now => "Check again now.".to_owned(),
                Some(until) => format!("Check again at {} ({}).", at(*until, now), wait(*until, now)),
                None => "Check again in 15 minutes; a monthly cap lasts longer.".to_owned(),
            },
        },
        Verdict::ClockSkew { seconds } => VerdictText {
            sign: "⏳",
            sentence: match seconds {
                Some(seconds) if is_tolerated(*seconds) => " could not be checked: X refuses this bot's time",
                Some(_) | None => " could not be checked: this bot's clock is wrong",
            }
            .to_owned(),
            reason: format!("{} {SAYS_NOTHING}", clock(*seconds)),
            next_step: "Please tell the operator of this bot to set the clock. Then check again.".to_owned(),
        },
        Verdict::NotPermitted => VerdictText {
            sign: "⛔",
            sentence: ": X does not permit this post, and does not say why".to_owned(),
            reason: "X answers so to replies that nobody asked for, to some mentions and cashtags, to what it moderates, and to \
                     tokens that may only read."
                .to_owned(),
            next_step: "Try a plain text with /testpost. If that is refused too: set the app to <i>Read and write</i>, Save, \
                        <b>then</b> regenerate the Access Token, and use /rotate → Token pair."
                .to_owned(),
        },
        Verdict::Duplicate => VerdictText {
            sign: "⛔",
            sentence: ": X has this post already".to_owned(),
            reason: "X does not publish the same text twice.".to_owned(),
            next_step: "Change the text, and send it again.".to_owned(),
        },
        Verdict::XUnavailable => VerdictText {
            sign: "⏳",
            sentence: " could not be checked: X does not answer".to_owned(),
            reason: "X is down, too slow, or out of reach. That says nothing about the values; they are kept.".to_owned(),
            next_step: "Check again in a few minutes.".to_owned(),
        },
        Verdict::Unexpected { status, words } => VerdictText {
            sign: "❓",
            sentence: ": X gave an answer that I do not know".to_owned(),
            reason: if words.as_str().is_empty() {
                format!("X answered {status}, without words. Nothing is decided about the values.")
            } else {
                format!(
                    "X answered {status}: “{}”. Nothing is decided about the values.",
                    escape(words.as_str())
                )
            },
            next_step: "Check again later. If it stays so, /diagnose makes a report that you can show to the operator."
                .to_owned(),
        },
    }
}

/// X tolerates five minutes; it may refuse the time of a request all the same.
fn is_tolerated(seconds: i64) -> bool {
    seconds.unsigned_abs() <= 300
}

/// What is known about our clock.
fn clock(seconds: Option<i64>) -> String {
    match seconds {
        Some(0) => "X says that the time of my requests is out of bounds, though our clocks agree."
            .to_owned(),
        Some(seconds) if is_tolerated(seconds) => format!(
            "X says that the time of my requests is out of bounds, though our clocks differ by only {} s.",
            seconds.unsigned_abs()
        ),
        Some(seconds) => format!(
            "My server is {} s {} X, so X refuses what I sign.",
            seconds.unsigned_abs(),
            if seconds < 0 { "behind" } else { "ahead of" }
        ),
        None => "X says that the time of my requests is out of bounds.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use chrono::{NaiveDate, TimeDelta};

    use super::*;
    use crate::{
        domain::{
            account::{AccountId, AccountName, XAccount, XUserId, XUsername},
            facts::{AccountChoice, CheckResult, Occasion},
            verdict::{Outcome, XWords},
        },
        messages::{Message, checks},
    };

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_521_600, 0).unwrap()
    }

    fn seedling() -> XAccount {
        XAccount {
            id: XUserId(2_244_994_945),
            username: XUsername("seedling".to_owned()),
        }
    }

    /// Every verdict, in each form that reads differently.
    fn samples() -> Vec<Verdict> {
        let account = seedling;
        let connected = |permission| Verdict::Connected {
            account: account(),
            permission,
        };
        let same = |fields: &[Field]| Verdict::SameValuesAgain {
            fields: fields.to_vec(),
        };
        let skew = |seconds| Verdict::ClockSkew { seconds };
        let said = |status, words| Verdict::Unexpected {
            status,
            words: XWords::new(words),
        };
        vec![
            connected(Permission::ReadWrite),
            connected(Permission::ReadWriteDirectMessages),
            Verdict::ConnectedPermissionUnknown { account: account() },
            Verdict::ReadOnly { account: account() },
            Verdict::ApiKeyPairRejected,
            Verdict::AccessTokenRejected,
            Verdict::AccessSecretRejected,
            Verdict::TokenPairRejected,
            Verdict::TokenOfOtherAccount {
                expected: account(),
                found: XUserId(6_253_282),
            },
            Verdict::PinOfOtherAccount {
                expected: account(),
                found: XAccount {
                    id: XUserId(6_253_282),
                    username: XUsername("other".to_owned()),
                },
            },
            Verdict::CallbackNotSet,
            Verdict::PinRejected,
            Verdict::PinSpent,
            same(&Field::KEY_PAIR),
            same(&Field::TOKEN_PAIR),
            same(&[Field::AccessSecret]),
            same(&Field::ALL),
            Verdict::AppSuspended,
            Verdict::UserSuspended,
            Verdict::UserLocked,
            Verdict::NotEnrolled {
                who: Unenrolled::App,
            },
            Verdict::NotEnrolled {
                who: Unenrolled::User,
            },
            Verdict::NoCredits,
            Verdict::SpendCapReached {
                reset_date: NaiveDate::from_ymd_opt(2026, 12, 10),
            },
            Verdict::SpendCapReached { reset_date: None },
            Verdict::RateLimited {
                until: Some(now() + TimeDelta::minutes(10)),
            },
            Verdict::RateLimited { until: None },
            skew(Some(412)),
            skew(Some(-412)),
            skew(Some(12)),
            skew(Some(0)),
            skew(None),
            Verdict::NotPermitted,
            Verdict::Duplicate,
            Verdict::XUnavailable,
            said(418, "I'm a <teapot> & more"),
            said(404, ""),
        ]
    }

    /// What X answers when it comes to this. A new verdict does not compile until it is told here.
    fn answered(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Connected { .. } => {
                "`GET /2/users/me`: 200 with `x-access-level` `read-write`, `write` or `read-write-directmessages`."
            }
            Verdict::ConnectedPermissionUnknown { .. } => {
                "`GET /2/users/me`: 200 without `x-access-level`, or with a level that nobody knows."
            }
            Verdict::ReadOnly { .. } => "`GET /2/users/me`: 200 with `x-access-level: read`.",
            Verdict::ApiKeyPairRejected => {
                "`GET /2/users/me`: 401. `POST /oauth2/token`: 403 with code 99, or 401. Then `POST /oauth/request_token`: \
                 code 32, or 401 without a number."
            }
            Verdict::AccessTokenRejected => {
                "`GET /2/users/me`: 401. The key pair alone is accepted. \
                 `GET /1.1/account/verify_credentials.json`: code 89."
            }
            Verdict::AccessSecretRejected => {
                "`GET /2/users/me`: 401. The key pair alone is accepted. \
                 `GET /1.1/account/verify_credentials.json`: 401 with code 32."
            }
            Verdict::TokenPairRejected => {
                "`GET /2/users/me`: 401. The key pair alone is accepted. \
                 `GET /1.1/account/verify_credentials.json` does not help: code 453, 429, 5xx, no answer, or no number."
            }
            Verdict::TokenOfOtherAccount { .. } => {
                "Nothing: the digits before the dash of the Access Token are not the linked user's id. Or \
                 `GET /2/users/me`: 200 for another user."
            }
            Verdict::PinOfOtherAccount { .. } => {
                "`POST /oauth/access_token`: 200 with the `user_id` of another account."
            }
            Verdict::CallbackNotSet => {
                "`POST /oauth/request_token`: 403 with code 415, or 401 with code 417, as JSON or XML."
            }
            Verdict::PinRejected => {
                "`POST /oauth/access_token`: 401 without a number that says more. Or nothing: the link was 30 minutes old."
            }
            Verdict::PinSpent => {
                "The same, after an exchange whose answer was lost: the process died, or X did not answer in time."
            }
            Verdict::SameValuesAgain { .. } => {
                "Nothing: a keyed fingerprint tells that the values are stored already."
            }
            Verdict::AppSuspended => "403 `app-suspended`, or code 416.",
            Verdict::UserSuspended => "403 `user-suspended`, or code 64.",
            Verdict::UserLocked => "403 with code 326.",
            Verdict::NotEnrolled {
                who: Unenrolled::App,
            } => "403 `client-forbidden`, reason `client-not-enrolled`.",
            Verdict::NotEnrolled {
                who: Unenrolled::User,
            } => "403 `client-forbidden`, reason `user-not-enrolled`.",
            Verdict::NotPermitted => {
                "`POST /2/tweets`: 403, “You are not permitted to perform this action.”"
            }
            Verdict::Duplicate => "`POST /2/tweets`: 403, “duplicate content”, or code 187.",
            Verdict::NoCredits => "402 `CreditsDepleted`.",
            Verdict::SpendCapReached { .. } => {
                "403 `SpendCapReached`, with the `reset_date` that X names."
            }
            Verdict::RateLimited { .. } => {
                "429, or code 88, with `x-rate-limit-reset` or `retry-after` if X sends them; `UsageCapExceeded` too."
            }
            Verdict::ClockSkew { .. } => {
                "401 while the `Date` header is more than 300 s away from this server's clock, or code 135."
            }
            Verdict::XUnavailable => {
                "5xx, a page instead of an answer, half an answer, or none in time."
            }
            Verdict::Unexpected { .. } => {
                "Anything else. 403 `unsupported-authentication` and code 215 mean that the request was malformed, which is \
                 the bot's fault."
            }
        }
    }

    /// What becomes of the values.
    fn values(verdict: &Verdict) -> &'static str {
        match (verdict, verdict.outcome()) {
            (Verdict::TokenOfOtherAccount { .. }, _) => {
                "The new token pair is erased; the old values stay in use. A new API key pair waits for the right token, 24 \
                 hours at most."
            }
            (
                Verdict::PinOfOtherAccount { .. }
                | Verdict::CallbackNotSet
                | Verdict::PinRejected
                | Verdict::PinSpent,
                _,
            ) => {
                "There is no token. The API key pair stays, and the flow goes on. In a rotation the old values stay in use."
            }
            (Verdict::SameValuesAgain { .. }, _) => "The second copy is erased; nothing changes.",
            (_, Outcome::Accepted) => {
                "Kept. New values of a rotation take the place of the old ones."
            }
            (_, Outcome::Refused) => {
                "A link that X never accepted keeps them, to be repaired. In a rotation the old ones stay in use, and the \
                 new ones wait for a repair, 24 hours at most."
            }
            (_, Outcome::Undecided) => {
                "Kept. In a rotation the old ones stay in use, and the new ones wait for the next check, 24 hours at most."
            }
        }
    }

    fn result(verdict: &Verdict, occasion: Occasion) -> Message {
        let result = CheckResult {
            account: AccountChoice {
                id: AccountId::from_bytes([0; 16]),
                name: AccountName::parse("main").unwrap(),
            },
            verdict: verdict.clone(),
            occasion,
            twin: None,
        };
        checks::result(&result, now())
    }

    fn buttons(verdict: &Verdict) -> Vec<String> {
        let rows = result(verdict, Occasion::Link).buttons;
        rows.into_iter()
            .flatten()
            .map(|button| button.label)
            .collect()
    }

    fn markdown(html: &str) -> String {
        html.replace("<b>", "**")
            .replace("</b>", "**")
            .replace("<i>", "*")
            .replace("</i>", "*")
            .replace("<a href=\"https://console.x.com\">", "")
            .replace("</a>", "")
            .replace("&amp;", "&")
    }

    fn page() -> String {
        let mut page = "# Verdicts\n\n\
            What the bot says when X has been asked about an account, here called **main**. Each verdict ends with its code, \
            which stays the same whatever the words become. Written from the program's own texts: change them there.\n"
            .to_owned();
        let samples = samples();
        let about = |verdict: &Verdict| {
            format!(
                "\n- Buttons: {}\n- X answered: {}\n- The values: {}\n",
                match verdict {
                    Verdict::CallbackNotSet =>
                        "Copy the address, It is saved, try again".to_owned(),
                    Verdict::PinOfOtherAccount { .. }
                    | Verdict::PinRejected
                    | Verdict::PinSpent => "Get a new link".to_owned(),
                    _ => buttons(verdict).join(", "),
                },
                answered(verdict),
                values(verdict)
            )
        };
        for (index, verdict) in samples.iter().enumerate() {
            let code = verdict.code();
            if index == 0 || samples[index - 1].code() != code {
                write!(page, "\n## `{code}`\n").unwrap();
            }
            let text = text(verdict, now());
            write!(
                page,
                "\n> {} **main**{}\n> {}\n",
                text.sign,
                markdown(&text.sentence),
                markdown(&text.reason)
            )
            .unwrap();
            if !text.next_step.is_empty() {
                write!(page, ">\n> {}\n", markdown(&text.next_step)).unwrap();
            }
            let next = samples.get(index + 1).filter(|next| next.code() == code);
            match next {
                Some(next) if about(next) == about(verdict) => page.push_str("\nOr:\n"),
                Some(_) | None => page.push_str(&about(verdict)),
            }
        }
        page
    }

    #[test]
    fn the_page_for_readers_says_what_the_bot_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verdicts.md");
        let page = page();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let stored = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            stored == page,
            "docs/verdicts.md is not what the bot says. Write it again with\n    UPDATE_DOCS=1 cargo test --lib the_page_for_readers"
        );
    }

    #[test]
    fn there_is_a_sample_of_every_code_in_the_order_of_the_enum() {
        let mut codes: Vec<&str> = samples().iter().map(Verdict::code).collect();
        codes.dedup();
        assert_eq!(codes, Verdict::CODES);
    }

    #[test]
    fn every_verdict_is_one_sentence_one_reason_and_one_next_step() {
        for verdict in samples() {
            let VerdictText {
                sentence,
                reason,
                next_step,
                ..
            } = text(&verdict, now());
            let code = verdict.code();
            assert!(
                sentence.starts_with(": ") || sentence.starts_with(' '),
                "{code}: {sentence}"
            );
            assert!(
                !sentence.contains(". ") && !sentence.ends_with('.'),
                "{code}: {sentence}"
            );
            for text in [&sentence, &reason, &next_step] {
                assert!(
                    !text.contains('\n') && !text.contains("  "),
                    "{code}: {text}"
                );
            }
            assert!(reason.ends_with('.'), "{code}: {reason}");
            assert_eq!(next_step.is_empty(), code == "connected", "{code}");
            assert!(
                next_step.is_empty() || next_step.ends_with(['.', ')']),
                "{code}: {next_step}"
            );
            let wants_button = next_step.contains("with the button below");
            let repairs = buttons(&verdict)
                .iter()
                .any(|label| label.starts_with("Send "));
            assert_eq!(wants_button, repairs, "{code}: {next_step}");
            assert!(
                buttons(&verdict).contains(&"Check again".to_owned()),
                "{code}"
            );
        }
    }

    #[test]
    fn the_state_of_the_wallet_the_clock_or_x_never_blames_a_value() {
        let blameless = [
            "no_credits",
            "spend_cap_reached",
            "rate_limited",
            "clock_skew",
            "x_unavailable",
            "unexpected",
        ];
        for verdict in samples() {
            let until = now() + TimeDelta::hours(24);
            let html = result(&verdict, Occasion::Waiting { until }).html;
            if !blameless.contains(&verdict.code()) {
                continue;
            }
            let cleared = [
                "The values are fine.",
                "nothing about the values",
                "Nothing is decided about the values",
            ];
            assert!(cleared.iter().any(|words| html.contains(words)), "{html}");
            for word in [
                "not accept",
                "istyped",
                "egenerate",
                "revoked",
                "cut off",
                "rejected",
                "/rotate",
            ] {
                assert!(!html.contains(word), "{word}: {html}");
            }
        }
    }

    #[test]
    fn whoever_needs_a_new_token_is_told_the_order() {
        for verdict in samples() {
            if !verdict.doubtful_fields().is_empty()
                || verdict.code() == "connected_permission_unknown"
            {
                let step = text(&verdict, now()).next_step;
                let order = [
                    "Read and write",
                    "Save",
                    "<b>then</b>",
                    "egenerate",
                    "/rotate",
                ];
                // A word may stand earlier too; what counts is that each follows the one before.
                let mut rest = step.as_str();
                for words in order {
                    let Some((_, after)) = rest.split_once(words) else {
                        panic!("{words} is not where it belongs: {step}");
                    };
                    rest = after;
                }
            }
        }
    }

    #[test]
    fn an_unknown_permission_is_neither_fine_nor_a_failure() {
        let verdict = Verdict::ConnectedPermissionUnknown {
            account: seedling(),
        };
        let VerdictText { sign, reason, .. } = text(&verdict, now());
        assert!(sign != "✅" && sign != "⛔");
        assert!(reason.starts_with("X did not say"));
    }

    #[test]
    fn no_number_of_seconds_and_no_time_is_too_odd_to_be_told() {
        for seconds in [i64::MIN, -301, -300, -1, 0, 1, 300, 301, i64::MAX] {
            let reason = text(
                &Verdict::ClockSkew {
                    seconds: Some(seconds),
                },
                now(),
            )
            .reason;
            assert!(
                !reason.contains("is 0 s") && !reason.contains('-'),
                "{reason}"
            );
        }
        for until in [
            now() - TimeDelta::days(1),
            now(),
            now() + TimeDelta::days(400),
        ] {
            let step = text(&Verdict::RateLimited { until: Some(until) }, now()).next_step;
            assert!(step.starts_with("Check again"), "{step}");
        }
        let now_ago = text(&Verdict::RateLimited { until: Some(now()) }, now());
        assert_eq!(now_ago.next_step, "Check again now.");
    }

    #[test]
    fn xs_words_are_escaped() {
        let verdict = Verdict::Unexpected {
            status: 418,
            words: XWords::new("<b>Tea</b> & more"),
        };
        let reason = text(&verdict, now()).reason;
        assert!(
            reason.contains("“&lt;b&gt;Tea&lt;/b&gt; &amp; more”"),
            "{reason}"
        );
    }

    #[test]
    fn new_values_that_are_not_taken_do_not_make_the_account_sound_dead() {
        for verdict in samples() {
            let html = result(&verdict, Occasion::OldStay).html;
            // Of the same values again there are no old ones.
            let again = matches!(verdict, Verdict::SameValuesAgain { .. });
            assert_eq!(
                html.contains("The old values stay in use."),
                !again,
                "{html}"
            );
            assert!(!html.contains("cannot be used"), "{html}");
        }
    }
}
