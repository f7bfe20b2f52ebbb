//! What an answer of X's means: pure decisions on answers that have been read.
//!
//! They go by status and by `type`, `title`, `reason` and `code`. X counts a change of an error's text as non-breaking
//! (docs.x.com/x-api/fundamentals/versioning), so text decides only where X sends no number, and never alone.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    headers::Access,
    problem::Problem,
    response::{Answer, Reply, Shape},
};
use crate::domain::{
    account::XAccount,
    post::PostOutcome,
    revocation::Revocation,
    verdict::{Unenrolled, Verdict},
};

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// It is gone.
    Done,
    /// It may be tried again, not before this time if X named one.
    Later(Option<DateTime<Utc>>),
    /// X refuses it; the HTTP status.
    Refused(u16),
}

/// Beyond this, X takes a timestamp for a replay; our clock is asked before any value is blamed.
const TOLERATED_CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);

/// The numbers of X's older errors that decide something (docs.x.com, response codes, revision of June 2025).
mod code {
    pub(super) const SIGNATURE: u64 = 32;
    pub(super) const USER_SUSPENDED: u64 = 64;
    pub(super) const RATE_LIMIT: u64 = 88;
    pub(super) const TOKEN: u64 = 89;
    pub(super) const UNVERIFIED: u64 = 99;
    pub(super) const TIMESTAMP: u64 = 135;
    pub(super) const DUPLICATE: u64 = 187;
    pub(super) const NO_WRITES: u64 = 261;
    pub(super) const USER_LOCKED: u64 = 326;
    pub(super) const CALLBACK: u64 = 415;
    pub(super) const APP_SUSPENDED: u64 = 416;
    pub(super) const DESKTOP_CALLBACK: u64 = 417;
}

/// What X says of the key pair alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pair {
    /// X knows it.
    Accepted,
    /// X does not.
    Rejected,
}

/// What `POST /oauth2/token` says of the key pair.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    /// X knows it.
    Accepted,
    /// X said no, in words it also uses for a question asked too often.
    Refused,
    /// Another failure; `POST /oauth/request_token` may be clearer.
    Unclear,
}

/// Judges `GET /2/users/me`. None for a 401: one of the values is wrong, and nothing in the answer tells which.
pub(super) fn users_me(reply: &Reply) -> Option<Verdict> {
    match reply {
        Ok(answer) if answer.status == 200 => Some(accepted(answer)),
        Ok(answer) => match problem(answer) {
            Err(verdict) => Some(verdict),
            Ok(_) => (answer.status != 401).then(|| unexpected(answer)),
        },
        Err(_) => Some(Verdict::XUnavailable),
    }
}

/// Judges `POST /oauth2/token`; an `Err` is the verdict on everything.
pub(super) fn bearer(reply: &Reply) -> Result<Bearer, Verdict> {
    let answer = answered(reply)?;
    if answer.status == 200 {
        return granted(answer, answer.grants_bearer()).map(|()| Bearer::Accepted);
    }
    let problem = problem(answer)?;
    let refused = problem.has(code::UNVERIFIED) || problem.has(code::SIGNATURE);
    match answer.status {
        400..=499 if refused => Ok(Bearer::Refused),
        401 if answer.shape() != Shape::Html => Ok(Bearer::Refused),
        400..=499 => Ok(Bearer::Unclear),
        _ => Err(unexpected(answer)),
    }
}

/// Judges `POST /oauth/request_token`, asked because `POST /oauth2/token` failed; `refused` if that was a plain no. An `Err`
/// is the verdict on everything.
pub(super) fn request_token(reply: &Reply, refused: bool) -> Result<Pair, Verdict> {
    let answer = answered(reply)?;
    if answer.status == 200 {
        return granted(answer, answer.grants_request_token()).map(|()| Pair::Accepted);
    }
    let problem = problem(answer)?;
    // A complaint about the callback comes after X has recognised the pair.
    match answer.status {
        401 | 403 if about_callback(&problem) => Ok(Pair::Accepted),
        400..=499 if problem.has(code::SIGNATURE) => Ok(Pair::Rejected),
        401 if refused && answer.shape() != Shape::Html => Ok(Pair::Rejected),
        _ => Err(unexpected(answer)),
    }
}

/// What a failed `POST /oauth/request_token` says to somebody who wants a PIN.
pub(super) fn no_request_token(reply: &Reply) -> Verdict {
    failed(reply, |answer, problem| match answer.status {
        401 | 403 if about_callback(problem) => Some(Verdict::CallbackNotSet),
        401 if answer.shape() != Shape::Html => {
            Some(clock(answer.clock_difference).unwrap_or(Verdict::ApiKeyPairRejected))
        }
        400..=499 if problem.has(code::SIGNATURE) => Some(Verdict::ApiKeyPairRejected),
        _ => None,
    })
}

/// What a failed `POST /oauth/access_token` says. X documents no number for a PIN that it does not take.
pub(super) fn no_access_token(reply: &Reply) -> Verdict {
    failed(reply, |answer, _| match answer.status {
        400 | 401 | 403 if answer.shape() != Shape::Html => {
            Some(clock(answer.clock_difference).unwrap_or(Verdict::PinRejected))
        }
        _ => None,
    })
}

/// Judges a failed `POST /1.1/oauth/invalidate_token.json`.
pub(super) fn not_revoked(reply: &Reply) -> Revocation {
    let Ok(answer) = reply else {
        return Revocation::Unanswered;
    };
    match (problem(answer), answer.status) {
        (Ok(problem), _) if problem.has(code::TOKEN) => Revocation::AlreadyEnded,
        (_, 429) => Revocation::Limited {
            until: limited_until(answer),
        },
        (_, 500..) => Revocation::Unanswered,
        _ => Revocation::Refused,
    }
}

fn about_callback(problem: &Problem) -> bool {
    problem.has(code::CALLBACK) || problem.has(code::DESKTOP_CALLBACK) || problem.about_callback
}

/// Judges `GET /1.1/account/verify_credentials.json`, asked because `refusal` was a 401 though the key pair is good.
///
/// That a number tells secret from token is common knowledge and not documented, hence a hint:
/// where it does not help, the pair is named.
pub(super) fn verify_credentials(reply: &Reply, refusal: &Reply) -> Verdict {
    let Ok(answer) = reply else {
        return Verdict::TokenPairRejected;
    };
    if answer.status == 200 && answer.shape() == Shape::Json {
        return answered(refusal).map_or_else(|verdict| verdict, unexpected);
    }
    match (problem(answer), answer.status) {
        (
            Err(
                verdict @ (Verdict::ClockSkew { .. }
                | Verdict::AppSuspended
                | Verdict::UserSuspended
                | Verdict::UserLocked),
            ),
            _,
        ) => verdict,
        // X's table has 89 under 403, its answers have it under 401.
        (Ok(problem), 401 | 403) if problem.has(code::TOKEN) => Verdict::AccessTokenRejected,
        (Ok(problem), 401) if problem.has(code::SIGNATURE) => Verdict::AccessSecretRejected,
        _ => Verdict::TokenPairRejected,
    }
}

/// Judges `POST /2/tweets`. What is not a clear no may have been published.
pub(super) fn published(reply: &Reply, whose: Option<&XAccount>) -> PostOutcome {
    let answer = match reply {
        Ok(answer) => answer,
        Err(why) if why.is_before_sending() => return PostOutcome::Refused(Verdict::XUnavailable),
        Err(_) => return PostOutcome::Unknown,
    };
    match (answer.status, answer.post()) {
        (200..=299, Some(post)) => return PostOutcome::Published(post),
        (200..=299 | 500..=599, _) => return PostOutcome::Unknown,
        _ => {}
    }
    if let Some(verdict) = clock(answer.clock_difference).filter(|_| answer.status == 401) {
        return PostOutcome::Refused(verdict);
    }
    let problem = match problem(answer) {
        Ok(problem) => problem,
        Err(verdict) => return PostOutcome::Refused(verdict),
    };
    let only_reads =
        problem.kind.as_deref() == Some("oauth1-permissions") || problem.has(code::NO_WRITES);
    PostOutcome::Refused(match (answer.status, whose) {
        (401, _) => return PostOutcome::ValuesRefused,
        (403, Some(account)) if only_reads => Verdict::ReadOnly {
            account: account.clone(),
        },
        (403, _) if is_duplicate(&problem) => Verdict::Duplicate,
        (403, _) if problem.says("not permitted to perform this action") => Verdict::NotPermitted,
        _ => unexpected(answer),
    })
}

/// Judges `DELETE /2/tweets/:id`. It may be repeated: what is gone stays gone.
pub(super) fn deleted(reply: &Reply) -> Deletion {
    match reply {
        Err(_) => Deletion::Later(None),
        Ok(answer) => match answer.status {
            200..=299 | 404 => Deletion::Done,
            429 => Deletion::Later(limited_until(answer)),
            500..=599 => Deletion::Later(None),
            status => Deletion::Refused(status),
        },
    }
}

/// Whether a refusal of a program's request may be about the account: a 401, and a 403 unless it is about this one post.
pub(super) fn makes_doubtful(answer: &Answer) -> bool {
    match answer.status {
        401 => true,
        403 => {
            let problem = answer.problem();
            !is_duplicate(&problem) && !is_foreign_post(&problem)
        }
        _ => false,
    }
}

/// Until when X wants no request of this kind, if it said so.
pub(super) fn limited_until(answer: &Answer) -> Option<DateTime<Utc>> {
    let problem = answer.problem();
    match rate_limited(answer, problem.kind.as_deref()) {
        Verdict::RateLimited { until } if answer.status == 429 => until,
        _ => None,
    }
}

/// X says only in words that a post was there already; v1.1 has a number for it.
fn is_duplicate(problem: &Problem) -> bool {
    problem.has(code::DUPLICATE) || problem.says("duplicate content")
}

/// A post of somebody else cannot be deleted.
fn is_foreign_post(problem: &Problem) -> bool {
    problem.says("not authorized to delete this")
}

/// The verdict on a clock that is `difference` seconds ahead of X's, if that is too much.
pub(super) fn clock(difference: Option<i64>) -> Option<Verdict> {
    let seconds = difference?;
    let tolerated = TOLERATED_CLOCK_DIFFERENCE.num_seconds().unsigned_abs();
    (seconds.unsigned_abs() > tolerated).then_some(Verdict::ClockSkew {
        seconds: Some(seconds),
    })
}

/// A 200 on users/me: who it is, and what the token may do.
fn accepted(answer: &Answer) -> Verdict {
    let Some(account) = answer.account() else {
        return unreadable(answer);
    };
    match answer.access {
        Access::Write(permission) => Verdict::Connected {
            account,
            permission,
        },
        Access::Read => Verdict::ReadOnly { account },
        Access::Unsaid => Verdict::ConnectedPermissionUnknown { account },
    }
}

/// A 200 that should carry a token.
fn granted(answer: &Answer, grants: bool) -> Result<(), Verdict> {
    if grants {
        Ok(())
    } else {
        Err(unreadable(answer))
    }
}

/// A call that failed: what holds whatever the question was, else what `of_question` makes of it.
fn failed(
    reply: &Reply,
    of_question: impl FnOnce(&Answer, &Problem) -> Option<Verdict>,
) -> Verdict {
    let judged = answered(reply).and_then(|answer| {
        let verdict = of_question(answer, &problem(answer)?);
        Ok(verdict.unwrap_or_else(|| unreadable(answer)))
    });
    judged.unwrap_or_else(|verdict| verdict)
}

fn answered(reply: &Reply) -> Result<&Answer, Verdict> {
    reply.as_ref().map_err(|_| Verdict::XUnavailable)
}

/// What a failed call says is wrong, or else the verdict that holds whatever the question was.
fn problem(answer: &Answer) -> Result<Problem, Verdict> {
    let problem = answer.problem();
    standing(answer, &problem).map_or(Ok(problem), Err)
}

/// What any failed call can say, whatever the question was: how the app, the user, the wallet, the clock or X itself are.
fn standing(answer: &Answer, problem: &Problem) -> Option<Verdict> {
    let seconds = answer.clock_difference;
    let kind = problem.kind.as_deref();
    let reason = problem.reason.as_deref();
    let title = problem.title.as_deref();
    match (answer.status, kind) {
        (500..=599, _) => Some(Verdict::XUnavailable),
        (429, _) => Some(rate_limited(answer, kind)),
        _ if problem.has(code::RATE_LIMIT) => Some(rate_limited(answer, kind)),
        _ if problem.has(code::TIMESTAMP) => Some(Verdict::ClockSkew { seconds }),
        _ if problem.has(code::APP_SUSPENDED) => Some(Verdict::AppSuspended),
        _ if problem.has(code::USER_SUSPENDED) => Some(Verdict::UserSuspended),
        _ if problem.has(code::USER_LOCKED) => Some(Verdict::UserLocked),
        (402 | 403, Some("credits")) => match (title, problem.reset_date) {
            (Some("SpendCapReached"), reset_date) | (_, reset_date @ Some(_)) => {
                Some(Verdict::SpendCapReached { reset_date })
            }
            (Some("CreditsDepleted"), None) => Some(Verdict::NoCredits),
            _ => (answer.status == 402).then_some(Verdict::NoCredits),
        },
        (403, Some("client-forbidden")) => match reason {
            Some("client-not-enrolled") => Some(Verdict::NotEnrolled {
                who: Unenrolled::App,
            }),
            Some("user-not-enrolled") => Some(Verdict::NotEnrolled {
                who: Unenrolled::User,
            }),
            _ => None,
        },
        (403, Some("user-suspended")) => Some(Verdict::UserSuspended),
        (403, Some("app-suspended")) => Some(Verdict::AppSuspended),
        // A status other than 401 says too little without its body.
        (400 | 402..=499, _) if answer.shape() == Shape::Cut => Some(Verdict::XUnavailable),
        _ => None,
    }
}

fn rate_limited(answer: &Answer, kind: Option<&str>) -> Verdict {
    // The cap of a month does not end when the window of a quarter of an hour does.
    let reset = if kind == Some("usage-capped") {
        None
    } else {
        answer.wait.reset
    };
    Verdict::RateLimited {
        until: reset.max(answer.wait.retry_after),
    }
}

/// An answer without what it should have.
fn unreadable(answer: &Answer) -> Verdict {
    if answer.is_unreadable() {
        Verdict::XUnavailable
    } else {
        unexpected(answer)
    }
}

fn unexpected(answer: &Answer) -> Verdict {
    Verdict::Unexpected {
        status: answer.status,
        words: answer.problem().words(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::*;
    use crate::{
        domain::{
            account::{XAccount, XUserId, XUsername},
            verdict::{Outcome, Permission, XWords},
        },
        x::{
            fake::{
                CODE_32, CODE_89, CODE_135, CODE_416, DATE, GRANT, ME, UNAUTHORIZED, UNVERIFIED,
                answer, cut, now,
            },
            response::NoAnswer,
        },
    };

    const E2: &str = r#"{"title":"Unsupported Authentication","detail":"Authenticating with Unknown is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].","type":"https://api.x.com/2/problems/unsupported-authentication","status":403}"#;
    const E3: &str = r#"{"title":"Unsupported Authentication","detail":"Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].","type":"https://api.twitter.com/2/problems/unsupported-authentication","status":403}"#;
    const E4: &str = r#"{"detail":"Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.","status":403,"title":"Forbidden","type":"https://api.x.com/2/problems/oauth1-permissions"}"#;
    const E5: &str = r#"{"client_id":"26924600","detail":"When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter developer App that is attached to a Project. You can create a project via the developer portal.","registration_url":"https://developer.twitter.com/en/docs/projects/overview","title":"Client Forbidden","required_enrollment":"Appropriate Level of API Access","reason":"client-not-enrolled","type":"https://api.twitter.com/2/problems/client-forbidden"}"#;
    const E6: &str = r#"{"type":"https://api.x.com/2/problems/client-forbidden","title":"Client Forbidden","detail":"This request is billed to the authenticated user. Create a developer account at the Developer Console and enroll it in Pay-per-use.","reason":"user-not-enrolled","registration_url":"https://console.x.com","required_enrollment":"Pay-per-use"}"#;
    const E7: &str = r#"{"account_id":2036532529868496897,"title":"CreditsDepleted","detail":"Your enrolled account [2036532529868496897] does not have any credits to fulfill this request.","type":"https://api.twitter.com/2/problems/credits"}"#;
    const E8: &str = r#"{"account_id":2036532529868496897,"title":"SpendCapReached","detail":"Your enrolled account [2036532529868496897] has reached its billing cycle spend cap. API requests will be blocked until the next cycle begins on 2026-07-10.","reset_date":"2026-07-10","type":"https://api.twitter.com/2/problems/credits"}"#;
    const E9: &str = r#"{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}"#;
    const E10: &str = r#"{"account_id":2036532529868496897,"product_name":"standard-basic","title":"UsageCapExceeded","period":"Monthly","scope":"Product","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped"}"#;
    const E11: &str = r#"{"detail":"The user used for authentication is suspended","title":"Forbidden","status":403,"type":"https://api.twitter.com/2/problems/user-suspended"}"#;
    const E12: &str = r#"{"errors":[{"code":326,"message":"To protect our users from spam and other malicious activity, this account is temporarily locked. Please log in to https://twitter.com to unlock your account.","sub_error_code":0,"bounce_location":"https://twitter.com/account/access"}]}"#;
    const E14: &str = r#"{"detail":"You are not permitted to perform this action.","type":"about:blank","title":"Forbidden","status":403}"#;
    const CODE_88: &str = r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#;
    const CODE_64: &str = r#"{"errors":[{"code":64,"message":"Your account is suspended and is not permitted to access this feature."}]}"#;
    const CODE_215: &str = r#"{"errors":[{"code":215,"message":"Bad Authentication data."}]}"#;
    const CODE_220: &str = r#"{"errors":[{"code":220,"message":"Your credentials do not allow access to this resource."}]}"#;
    const CODE_415: &str = r#"{"errors":[{"code":415,"message":"Callback URL not approved for this client application. Approved callback URLs can be adjusted in your application settings."}]}"#;
    const CODE_415_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><errors><error code="415">Callback URL not approved for this client application. Approved callback URLs can be adjusted in your application settings.</error></errors>"#;
    const CODE_417: &str = r#"{"errors":[{"code":417,"message":"Desktop applications only support the oauth_callback value 'oob'"}]}"#;
    const CODE_417_XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hash>\n  <error>Desktop applications only support the oauth_callback value 'oob'</error>\n  <request>/oauth/request_token</request>\n</hash>";
    const CODE_453: &str = r#"{"errors":[{"message":"You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints (e.g. media post, oauth) only. If you need access to this endpoint, you may need a different access level. You can learn more here: https://developer.x.com/en/portal/product","code":453}]}"#;
    const PAGE: &str = "<!DOCTYPE html><html><head><title>Just a moment</title></head></html>";
    const REQUEST_TOKEN: &str =
        "oauth_token=aaa&oauth_token_secret=bbb&oauth_callback_confirmed=true";

    #[expect(clippy::unnecessary_wraps, reason = "what the judges take")]
    fn reply(status: u16, body: &str) -> Reply {
        Ok(answer(status, &[], body))
    }

    fn silence() -> Reply {
        Err(NoAnswer::Timeout)
    }

    fn said(status: u16, words: &str) -> Verdict {
        Verdict::Unexpected {
            status,
            words: XWords::new(words),
        }
    }

    fn limited(until: Option<i64>) -> Verdict {
        let until = until.map(|seconds| now() + TimeDelta::seconds(seconds));
        Verdict::RateLimited { until }
    }

    const SKEW_UNSAID: Verdict = Verdict::ClockSkew { seconds: None };

    fn spend_cap() -> Verdict {
        Verdict::SpendCapReached {
            reset_date: NaiveDate::from_ymd_opt(2026, 7, 10),
        }
    }

    /// The failures that mean the same whatever was asked.
    fn standings() -> Vec<(u16, &'static str, Verdict)> {
        vec![
            (
                403,
                E5,
                Verdict::NotEnrolled {
                    who: Unenrolled::App,
                },
            ),
            (
                403,
                E6,
                Verdict::NotEnrolled {
                    who: Unenrolled::User,
                },
            ),
            (402, E7, Verdict::NoCredits),
            (403, E8, spend_cap()),
            (429, E9, limited(None)),
            (429, CODE_88, limited(None)),
            (403, CODE_88, limited(None)),
            (429, E10, limited(None)),
            (429, PAGE, limited(None)),
            (429, "", limited(None)),
            (403, E11, Verdict::UserSuspended),
            (403, CODE_64, Verdict::UserSuspended),
            (403, E12, Verdict::UserLocked),
            (401, CODE_416, Verdict::AppSuspended),
            (401, CODE_135, SKEW_UNSAID),
            (500, E9, Verdict::XUnavailable),
            (503, PAGE, Verdict::XUnavailable),
            (599, "", Verdict::XUnavailable),
        ]
    }

    #[test]
    fn what_holds_for_every_question_is_told_by_users_me_and_by_both_about_the_key_pair() {
        for (status, body, expected) in standings() {
            let settled = Some(expected.clone());
            assert_eq!(users_me(&reply(status, body)), settled, "{status} {body}");
            let pair = Err(expected.clone());
            let token = request_token(&reply(status, body), true);
            assert_eq!(token, pair, "{status} {body}");
            let settled = Err(expected);
            assert_eq!(bearer(&reply(status, body)), settled, "{status} {body}");
        }
    }

    #[test]
    fn a_problem_is_known_on_the_other_host_and_without_its_text() {
        for (status, body, expected) in standings() {
            let other = body
                .replace("api.twitter.com", "api.x.com")
                .replace("enrolled account", "konto")
                .replace("is suspended", "ruht");
            let settled = Some(expected);
            assert_eq!(users_me(&reply(status, &other)), settled, "{other}");
        }
        let app = E11.replace("user-suspended", "app-suspended");
        let settled = Some(Verdict::AppSuspended);
        assert_eq!(users_me(&reply(403, &app)), settled);
    }

    #[test]
    fn a_401_from_users_me_decides_nothing_whatever_its_body() {
        for body in [
            UNAUTHORIZED,
            CODE_32,
            CODE_89,
            PAGE,
            "",
            r#"{"title":"Unau"#,
        ] {
            assert_eq!(users_me(&reply(401, body)), None, "{body}");
        }
    }

    #[test]
    fn what_users_me_is_not_known_to_answer_is_told_in_xs_own_words() {
        let rows = [
            (
                403,
                E2,
                "Authenticating with Unknown is forbidden for this endpoint. Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
            ),
            (
                403,
                E3,
                "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
            ),
            (
                403,
                E4,
                "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
            ),
            (403, E14, "You are not permitted to perform this action."),
            (400, CODE_215, "Bad Authentication data."),
            (403, PAGE, "Just a moment"),
            (404, "", ""),
            (404, "no such thing", "no such thing"),
            (418, r#"{"title":"Teapot"}"#, "Teapot"),
            (302, PAGE, "Just a moment"),
            (204, "", ""),
            (200, r#"{"errors":[{"detail":"No user."}]}"#, "No user."),
            (200, r#"{"data":{"id":"1"}}"#, ""),
            (200, "hello", ""),
            (402, r#"{"title":"Overdue"}"#, "Overdue"),
        ];
        for (status, body, words) in rows {
            let settled = Some(said(status, words));
            assert_eq!(users_me(&reply(status, body)), settled, "{status} {body}");
        }
        let official = E5.replace("client-not-enrolled", "official-client-forbidden");
        let Some(verdict) = users_me(&reply(403, &official)) else {
            panic!("a 403 decides");
        };
        assert_eq!(verdict.code(), "unexpected");
    }

    #[test]
    fn silence_a_page_and_half_of_something_mean_that_x_is_unavailable() {
        let down = || Some(Verdict::XUnavailable);
        for silence in [NoAnswer::Timeout, NoAnswer::Connect, NoAnswer::Broken] {
            assert_eq!(users_me(&Err(silence)), down());
        }
        for body in [PAGE, "", &ME[..40]] {
            assert_eq!(users_me(&reply(200, body)), down(), "{body}");
        }
        assert_eq!(users_me(&Ok(cut(200, ME))), down());
        assert_eq!(users_me(&Ok(cut(403, E5))), down());
        assert_eq!(users_me(&Ok(cut(401, ""))), None);
    }

    #[test]
    fn the_access_level_decides_what_a_good_token_may_do() {
        let account = || XAccount {
            id: XUserId(2_244_994_945),
            username: XUsername("XDevelopers".to_owned()),
        };
        let connected = |permission| Verdict::Connected {
            account: account(),
            permission,
        };
        let unknown = || Verdict::ConnectedPermissionUnknown { account: account() };
        let rows = [
            ("read", Verdict::ReadOnly { account: account() }),
            ("read-write", connected(Permission::ReadWrite)),
            ("write", connected(Permission::ReadWrite)),
            (
                "read-write-directmessages",
                connected(Permission::ReadWriteDirectMessages),
            ),
            ("admin", unknown()),
        ];
        for (level, expected) in rows {
            let reply = Ok(answer(200, &[("x-access-level", level)], ME));
            assert_eq!(users_me(&reply), Some(expected), "{level}");
        }
        assert_eq!(users_me(&reply(200, ME)), Some(unknown()));
    }

    #[test]
    fn a_rate_limit_says_until_when_unless_the_time_belongs_to_something_else() {
        let reset = (now().timestamp() + 600).to_string();
        let headers = [("x-rate-limit-reset", reset.as_str())];
        let judged = |headers: &[(&str, &str)], body| users_me(&Ok(answer(429, headers, body)));
        let until = |seconds| Some(limited(seconds));
        assert_eq!(judged(&headers, E9), until(Some(600)));
        assert_eq!(judged(&headers, E10), until(None));
        assert_eq!(judged(&[("retry-after", "30")], E10), until(Some(30)));
        let both = [headers[0], ("retry-after", "900")];
        assert_eq!(judged(&both, E9), until(Some(900)));
    }

    #[test]
    fn no_state_of_the_wallet_the_clock_or_x_itself_is_held_against_the_values() {
        for verdict in [
            Verdict::NoCredits,
            spend_cap(),
            limited(None),
            SKEW_UNSAID,
            Verdict::XUnavailable,
            said(418, ""),
        ] {
            assert_eq!(verdict.outcome(), Outcome::Undecided, "{verdict:?}");
            assert!(verdict.doubtful_fields().is_empty(), "{verdict:?}");
        }
    }

    #[test]
    fn credits_are_told_from_the_spending_limit_even_when_one_of_their_marks_is_missing() {
        let rows = [
            (
                402,
                E7.replace("CreditsDepleted", "Other"),
                Verdict::NoCredits,
            ),
            (403, E7.to_owned(), Verdict::NoCredits),
            (402, E8.to_owned(), spend_cap()),
            (403, E8.replace("SpendCapReached", "Other"), spend_cap()),
            (
                403,
                E8.replace("reset_date", "other"),
                Verdict::SpendCapReached { reset_date: None },
            ),
        ];
        for (status, body, expected) in rows {
            let settled = Some(expected);
            assert_eq!(users_me(&reply(status, &body)), settled, "{status} {body}");
        }
    }

    #[test]
    fn the_bearer_question_accepts_refuses_or_asks_for_a_clearer_word() {
        let down = || Err(Verdict::XUnavailable);
        let rows = [
            (200, GRANT, Ok(Bearer::Accepted)),
            (200, PAGE, down()),
            (200, "", down()),
            (200, &GRANT[..30], down()),
            (200, r#"{"token_type":"mac"}"#, Err(said(200, ""))),
            (302, "", Err(said(302, ""))),
            (403, UNVERIFIED, Ok(Bearer::Refused)),
            (401, CODE_32, Ok(Bearer::Refused)),
            (401, UNAUTHORIZED, Ok(Bearer::Refused)),
            (401, PAGE, Ok(Bearer::Unclear)),
            (403, E14, Ok(Bearer::Unclear)),
            (400, CODE_215, Ok(Bearer::Unclear)),
            (404, "", Ok(Bearer::Unclear)),
        ];
        for (status, body, expected) in rows {
            assert_eq!(bearer(&reply(status, body)), expected, "{status} {body}");
        }
        assert_eq!(bearer(&silence()), down());
    }

    #[test]
    fn the_request_token_question_tells_a_wrong_pair_from_a_missing_callback() {
        let rows = [
            (200, REQUEST_TOKEN, Ok(Pair::Accepted)),
            (401, CODE_32, Ok(Pair::Rejected)),
            (403, CODE_415, Ok(Pair::Accepted)),
            (403, CODE_415_XML, Ok(Pair::Accepted)),
            (401, CODE_417, Ok(Pair::Accepted)),
            (401, CODE_417_XML, Ok(Pair::Accepted)),
            (401, CODE_416, Err(Verdict::AppSuspended)),
            (200, PAGE, Err(Verdict::XUnavailable)),
            (200, "oauth_token=aaa", Err(said(200, ""))),
            (400, CODE_215, Err(said(400, "Bad Authentication data."))),
            (403, PAGE, Err(said(403, "Just a moment"))),
            (401, PAGE, Err(said(401, "Just a moment"))),
        ];
        for (status, body, expected) in rows {
            for refused in [true, false] {
                let pair = request_token(&reply(status, body), refused);
                assert_eq!(pair, expected, "{status} {body} {refused}");
            }
        }
        let down = Err(Verdict::XUnavailable);
        assert_eq!(request_token(&silence(), true), down);
    }

    #[test]
    fn a_401_without_a_number_rejects_the_pair_only_after_a_plain_no() {
        let text = "Failed to validate oauth signature and token";
        assert_eq!(request_token(&reply(401, text), true), Ok(Pair::Rejected));
        let settled = Err(said(401, text));
        assert_eq!(request_token(&reply(401, text), false), settled);
    }

    #[test]
    fn the_older_question_is_a_hint_and_where_it_does_not_help_the_pair_is_named() {
        let refusal = reply(401, UNAUTHORIZED);
        let rows = [
            (401, CODE_89, Verdict::AccessTokenRejected),
            (403, CODE_89, Verdict::AccessTokenRejected),
            (401, CODE_32, Verdict::AccessSecretRejected),
            (401, CODE_135, SKEW_UNSAID),
            (401, CODE_416, Verdict::AppSuspended),
            (403, CODE_64, Verdict::UserSuspended),
            (403, E12, Verdict::UserLocked),
            (
                200,
                r#"{"id":2244994945,"screen_name":"XDevelopers"}"#,
                said(401, "Unauthorized"),
            ),
            (200, PAGE, Verdict::TokenPairRejected),
            (200, "", Verdict::TokenPairRejected),
            (401, UNAUTHORIZED, Verdict::TokenPairRejected),
            (403, CODE_32, Verdict::TokenPairRejected),
            (403, CODE_453, Verdict::TokenPairRejected),
            (403, CODE_220, Verdict::TokenPairRejected),
            (400, CODE_215, Verdict::TokenPairRejected),
            (404, "", Verdict::TokenPairRejected),
            (429, CODE_88, Verdict::TokenPairRejected),
            (402, E7, Verdict::TokenPairRejected),
            (500, PAGE, Verdict::TokenPairRejected),
            (302, "", Verdict::TokenPairRejected),
        ];
        for (status, body, expected) in rows {
            let judged = verify_credentials(&reply(status, body), &refusal);
            assert_eq!(judged, expected, "{status} {body}");
        }
        let judged = verify_credentials(&silence(), &refusal);
        assert_eq!(judged, Verdict::TokenPairRejected);
    }

    #[test]
    fn a_clock_is_wrong_beyond_five_minutes_either_way() {
        for good in [None, Some(0), Some(300), Some(-300)] {
            assert_eq!(clock(good), None, "{good:?}");
        }
        for bad in [301, -301, 412, i64::MIN, i64::MAX] {
            let skew = Verdict::ClockSkew { seconds: Some(bad) };
            assert_eq!(clock(Some(bad)), Some(skew));
        }
    }

    #[test]
    fn code_135_is_a_clock_however_small_the_difference_with_the_seconds_if_x_shows_its_time() {
        let reply = Ok(answer(401, &[DATE], CODE_135));
        let skew = Verdict::ClockSkew { seconds: Some(0) };
        assert_eq!(users_me(&reply), Some(skew));
    }
}
