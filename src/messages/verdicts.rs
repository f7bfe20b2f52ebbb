//! Each verdict in words: one sentence, one reason, one next step. They stand in `verdicts.ftl` under the verdict's code.
//!
//! `docs/verdicts.md` is written from them; a test below keeps it so.

use chrono::{DateTime, Utc};

use super::{
    Join, Text,
    action::{AccountAction, Doubtful},
    at, date, name_of, words,
};
use crate::domain::verdict::Verdict;

/// What X was asked for when it said so, as the entries name it.
pub(super) const CHECK: &str = "check";
pub(super) const PIN: &str = "pin";
pub(super) const POST: &str = "post";

/// Shows at a glance how it is.
pub(super) fn sign(verdict: &Verdict) -> Text {
    Text::entry(id(verdict))
}

/// A verdict in words, about `account` as it is called.
pub(super) struct VerdictText {
    /// The sign, and what X did.
    pub(super) title: Text,
    /// What X did.
    pub(super) what: Text,
    /// Why.
    pub(super) reason: Text,
    /// What to do now, if there is anything to do.
    pub(super) next_step: Option<Text>,
}

/// The words for a verdict.
pub(super) fn text(
    verdict: &Verdict,
    account: Text,
    asked: &'static str,
    now: DateTime<Utc>,
) -> VerdictText {
    let part = |part| {
        about(
            Text::entry(format!("{}.{part}", id(verdict))),
            verdict,
            asked,
            now,
        )
    };
    let what = part("title").with("account", account);
    VerdictText {
        title: Text::joined([sign(verdict), what.clone()], Join::Sentences),
        what,
        reason: part("reason"),
        next_step: (!matches!(verdict, Verdict::Connected { .. })).then(|| part("next")),
    }
}

/// The last line, which stays the same whatever the words become.
pub(super) fn code(code: &str) -> Text {
    text!("code", code = code)
}

fn id(verdict: &Verdict) -> String {
    format!("verdict-{}", verdict.code().replace('_', "-"))
}

/// What the entries of the verdicts put in.
fn about(entry: Text, verdict: &Verdict, asked: &'static str, now: DateTime<Utc>) -> Text {
    let entry = entry.with("asked", asked);
    match verdict {
        Verdict::Connected {
            account,
            permission,
        } => entry
            .with("handle", &account.username)
            .with("permission", name_of(permission)),
        Verdict::ConnectedPermissionUnknown { account } | Verdict::ReadOnly { account } => {
            entry.with("handle", &account.username)
        }
        Verdict::TokenOfOtherAccount { expected, found } => entry
            .with("handle", &expected.username)
            .with("id", words(expected.id))
            .with("found", words(found)),
        Verdict::PinOfOtherAccount { expected, found } => entry
            .with("handle", &expected.username)
            .with("found", &found.username),
        Verdict::SameValuesAgain { fields } => entry
            .with(
                "fields",
                Text::joined(fields.iter().map(|field| Text::from(*field)), Join::And),
            )
            .with("count", fields.len())
            .with(
                "repair",
                Doubtful::of(verdict.doubtful_fields())
                    .map(|doubtful| AccountAction::Repair(doubtful).word()),
            ),
        Verdict::NotEnrolled { who } => entry.with("who", name_of(who)),
        Verdict::SpendCapReached { reset_date } => {
            entry.with("date", reset_date.as_ref().map(date))
        }
        Verdict::RateLimited { until: Some(until) } if *until <= now => entry.with("until", "past"),
        Verdict::RateLimited { until } => entry.with("until", until.map(|until| at(until, now))),
        Verdict::ClockSkew { seconds } => entry
            .with("clock", clock(*seconds))
            .with("seconds", seconds.map(i64::unsigned_abs)),
        Verdict::Unexpected { status, words } => entry
            .with("status", *status)
            .with(
                "silent",
                if words.as_str().is_empty() {
                    "yes"
                } else {
                    "no"
                },
            )
            .with("words", words.as_str()),
        _ => entry,
    }
}

/// What is known about our clock. X tolerates five minutes; it may refuse the time of a request all the same.
fn clock(seconds: Option<i64>) -> &'static str {
    match seconds {
        None => "unknown",
        Some(0) => "agrees",
        Some(-300..=300) => "tolerated",
        Some(..0) => "behind",
        Some(_) => "ahead",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fmt::Write as _;

    use chrono::{NaiveDate, TimeDelta};

    use super::*;
    use crate::{
        domain::{
            account::{AccountId, AccountName, XAccount, XUserId, XUsername},
            credentials::Field,
            facts::{AccountChoice, CheckResult, Occasion},
            verdict::{Outcome, Permission, Unenrolled, XWords},
        },
        messages::{Form, Language, Worded, checks},
    };

    /// A verdict about "main" in English words.
    struct Words {
        sign: String,
        sentence: String,
        reason: String,
        next_step: String,
    }

    fn said(verdict: &Verdict) -> Words {
        let english = |text: Text| text.word(Language::English, Form::Html);
        let said = text(verdict, text!("account", name = "main"), CHECK, now());
        let what = english(said.what);
        Words {
            sign: english(sign(verdict)),
            sentence: what.strip_prefix("<b>main</b>").unwrap().to_owned(),
            reason: english(said.reason),
            next_step: said.next_step.map(english).unwrap_or_default(),
        }
    }

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
    pub(in crate::messages) fn samples() -> Vec<Verdict> {
        let account = seedling;
        let connected = |permission| Verdict::Connected {
            account: account(),
            permission,
        };
        let same = |fields: &[Field]| Verdict::SameValuesAgain {
            fields: fields.to_vec(),
        };
        let skew = |seconds| Verdict::ClockSkew { seconds };
        let answer = |status, words| Verdict::Unexpected {
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
            answer(418, "I'm a <teapot> & more"),
            answer(404, ""),
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

    fn result(verdict: &Verdict, occasion: Occasion) -> Worded {
        let result = CheckResult {
            account: AccountChoice {
                id: AccountId::from_bytes([0; 16]),
                name: AccountName::parse("main").unwrap(),
            },
            verdict: verdict.clone(),
            occasion,
            twin: None,
        };
        checks::result(&result, now()).word(Language::English)
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
            let text = said(verdict);
            write!(
                page,
                "\n> {} **main**{}\n> {}\n",
                text.sign,
                markdown(&text.sentence),
                markdown(&text.reason)
            )
            .unwrap();
            if !text.next_step.is_empty() {
                let lines = markdown(&text.next_step).replace('\n', "\n> ");
                write!(page, ">\n> {lines}\n").unwrap();
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
            let Words {
                sentence,
                reason,
                next_step,
                ..
            } = said(&verdict);
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
                assert!(!text.contains("  "), "{code}: {text}");
            }
            assert!(!sentence.contains('\n') && !reason.contains('\n'), "{code}");
            assert!(reason.ends_with('.'), "{code}: {reason}");
            assert_eq!(next_step.is_empty(), code == "connected", "{code}");
            assert!(
                next_step.is_empty() || next_step.ends_with(['.', ')']),
                "{code}: {next_step}"
            );
            // The text names each button that repairs, and no other.
            let repairs: Vec<String> = buttons(&verdict)
                .into_iter()
                .filter(|label| label.starts_with("Send "))
                .collect();
            let named = next_step.matches("<b>Send ").count();
            assert_eq!(named, repairs.len(), "{code}: {next_step}");
            for label in repairs {
                assert!(next_step.contains(&label), "{code}: {next_step}");
            }
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
                "Your credentials are fine.",
                "This does not mean that your credentials are wrong.",
            ];
            assert!(cleared.iter().any(|words| html.contains(words)), "{html}");
            for word in [
                "not accept",
                "istyped",
                "egenerate",
                "revoked",
                "incomplete",
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
                let step = said(&verdict).next_step.to_lowercase();
                let order = [
                    "read and write",
                    "save",
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
        let Words { sign, reason, .. } = said(&verdict);
        assert!(sign != "✅" && sign != "⛔");
        assert!(reason.starts_with("X did not say"));
    }

    #[test]
    fn no_number_of_seconds_and_no_time_is_too_odd_to_be_told() {
        for seconds in [i64::MIN, -301, -300, -1, 0, 1, 300, 301, i64::MAX] {
            let reason = said(&Verdict::ClockSkew {
                seconds: Some(seconds),
            })
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
            let step = said(&Verdict::RateLimited { until: Some(until) }).next_step;
            assert!(step.starts_with("Check again"), "{step}");
        }
        let now_ago = said(&Verdict::RateLimited { until: Some(now()) });
        assert_eq!(now_ago.next_step, "Check again now.");
    }

    #[test]
    fn xs_words_are_escaped() {
        let verdict = Verdict::Unexpected {
            status: 418,
            words: XWords::new("<b>Tea</b> & more"),
        };
        let reason = said(&verdict).reason;
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
                html.contains("The old credentials stay in use."),
                !again,
                "{html}"
            );
            assert!(!html.contains("cannot be used"), "{html}");
        }
    }
}
