//! The order of the questions that find out which of the four values is wrong: at most four calls, none repeated.
//!
//! 1. `GET /2/users/me`; everything but a 401 decides.
//! 2. Our clock against X's: a wrong time makes good values fail.
//! 3. The key pair alone: `POST /oauth2/token`, and if that fails, once `POST /oauth/request_token` for a clearer word.
//! 4. With a good key pair, `GET /1.1/account/verify_credentials.json` for a hint which half of the token pair it is.

use std::time::Instant;

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use super::{
    client::XClient,
    judge::{self, Bearer, Pair},
    oauth1::Signatory,
    response::Reply,
};
use crate::domain::{
    credentials::{ClientCredentials, TokenCredentials},
    verdict::{KeyPairOutcome, Verdict},
};

/// What was found out about an account's four values, and on which grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    /// The result.
    pub verdict: Verdict,
    /// What X said of the key pair in this run; `None` where it was not asked.
    ///
    /// Values that X accepts together say so of the pair too.
    pub key_pair: Option<KeyPairOutcome>,
    /// Seconds by which this server's clock is ahead of X's (negative: behind), from the first answer that shows X's time.
    pub clock_difference: Option<i64>,
    /// Calls made.
    pub calls: u8,
    /// HTTP status of `GET /2/users/me`; `None` if X did not answer.
    pub status: Option<u16>,
}

/// What one question says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// X decided, or said why it does not.
    Judged(Verdict),
    /// X refuses the values; which of them, and why, was not asked.
    Refused,
}

/// What one question has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuickCheck {
    /// The result.
    pub look: Look,
    /// As [`Diagnosis::clock_difference`].
    pub clock_difference: Option<i64>,
    /// Until then X refuses further questions with these values.
    pub pause_until: Option<DateTime<Utc>>,
}

/// What the answers so far have shown besides the answer to their question.
#[derive(Default)]
struct Run {
    calls: u8,
    clock_difference: Option<i64>,
    key_pair: Option<KeyPairOutcome>,
    status: Option<u16>,
}

impl Run {
    fn noted(&mut self, reply: Reply) -> Reply {
        self.calls += 1;
        if let Ok(answer) = &reply {
            self.clock_difference = self.clock_difference.or(answer.clock_difference);
        }
        reply
    }
}

impl XClient {
    /// Asks X about the four values, and if it refuses them, which of them it refuses.
    ///
    /// At most four calls, each within [`super::client::Limits::total`]. With `known_good_pair` the key pair is not asked about
    /// again: say so only of a pair that X has accepted a short while ago.
    /// X's failures are verdicts; this does not fail. If this server has no randomness for a signature, nothing is
    /// sent and the verdict is [`Verdict::XUnavailable`].
    pub(crate) async fn diagnose(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
        known_good_pair: bool,
    ) -> Diagnosis {
        let started = Instant::now();
        let mut run = Run::default();
        let user = Signatory::user(client, token);
        let asked_pair = (!known_good_pair).then_some(client);
        let verdict = self.verdict(&mut run, user, asked_pair).await;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(
            target: "addx::x",
            {
                x.verdict = verdict.code(),
                x.calls = run.calls,
                x.clock_difference_s = run.clock_difference,
                http.status = run.status,
                elapsed_ms,
            },
            "X was asked about the four values"
        );
        self.clock_difference().note(run.clock_difference);
        if let Verdict::Unexpected { status, .. } = &verdict {
            // Nothing a user can mend: if it comes with every account, it is this program's fault.
            warn!(target: "addx::x", { http.status = status }, "X gave an answer that is not understood");
        }
        Diagnosis {
            verdict,
            key_pair: run.key_pair,
            clock_difference: run.clock_difference,
            calls: run.calls,
            status: run.status,
        }
    }

    /// Asks X with one call whether it still accepts the four values. X charges for an acceptance, and for nothing else.
    pub(crate) async fn quick_check(
        &self,
        client: &ClientCredentials,
        token: &TokenCredentials,
    ) -> QuickCheck {
        let mut run = Run::default();
        let user = Signatory::user(client, token);
        let reply = run.noted(self.users_me(user).await);
        let judged = judge::users_me(&reply).or_else(|| judge::clock(run.clock_difference));
        let look = judged.map_or(Look::Refused, Look::Judged);
        let pause_until = match &look {
            Look::Judged(Verdict::RateLimited { until }) => *until,
            Look::Judged(_) | Look::Refused => {
                reply.ok().and_then(|answer| answer.wait.empty_until)
            }
        };
        self.clock_difference().note(run.clock_difference);
        QuickCheck {
            look,
            clock_difference: run.clock_difference,
            pause_until,
        }
    }

    /// Asks X about the API Key and Secret alone, with one call, or two if the first is refused.
    ///
    /// X answers a pair that is asked about too often like a wrong one: ask once per new pair.
    pub(crate) async fn check_key_pair(&self, client: &ClientCredentials) -> KeyPairOutcome {
        let mut run = Run::default();
        _ = self.key_pair(&mut run, client).await;
        let outcome = run.key_pair.unwrap_or(KeyPairOutcome::Unknown);
        info!(
            target: "addx::x",
            { x.key_pair = ?outcome, x.calls = run.calls },
            "X was asked about the key pair"
        );
        outcome
    }

    /// `asked_pair` is asked about alone if the values together are refused.
    async fn verdict(
        &self,
        run: &mut Run,
        user: Signatory<'_>,
        asked_pair: Option<&ClientCredentials>,
    ) -> Verdict {
        let refusal = run.noted(self.users_me(user).await);
        run.status = refusal.as_ref().ok().map(|answer| answer.status);
        if let Some(verdict) = judge::users_me(&refusal) {
            if verdict.account().is_some() {
                run.key_pair = Some(KeyPairOutcome::Accepted);
            }
            return verdict;
        }
        if let Some(skew) = judge::clock(run.clock_difference) {
            return skew;
        }
        if let Some(client) = asked_pair {
            let pair = self.key_pair(run, client).await;
            match (pair, judge::clock(run.clock_difference)) {
                (Err(verdict), _) => return verdict,
                (Ok(_), Some(skew)) => return skew,
                (Ok(Pair::Rejected), None) => return Verdict::ApiKeyPairRejected,
                (Ok(Pair::Accepted), None) => {}
            }
        }
        let reply = run.noted(self.verify_credentials(user).await);
        judge::clock(run.clock_difference)
            .unwrap_or_else(|| judge::verify_credentials(&reply, &refusal))
    }

    async fn key_pair(&self, run: &mut Run, client: &ClientCredentials) -> Result<Pair, Verdict> {
        let reply = run.noted(self.bearer(client).await);
        let pair = match judge::bearer(&reply) {
            Ok(Bearer::Accepted) => Ok(Pair::Accepted),
            Ok(unsettled) => {
                let reply = run.noted(self.request_token(client).await);
                judge::request_token(&reply, unsettled == Bearer::Refused)
            }
            Err(verdict) => Err(verdict),
        };
        run.key_pair = Some(match &pair {
            Ok(Pair::Accepted) => KeyPairOutcome::Accepted,
            Ok(Pair::Rejected) => KeyPairOutcome::Rejected,
            Err(Verdict::AppSuspended) => KeyPairOutcome::AppSuspended,
            Err(_) => KeyPairOutcome::Unknown,
        });
        pair
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, io::Write, time::Duration};

    use super::*;
    use crate::{
        domain::verdict::XWords,
        support::{clock::Clock, random::Random},
        x::fake::{
            Act, CODE_32, CODE_89, CODE_135, CODE_416, DATE, GRANT, ME, Server, UNAUTHORIZED,
            UNVERIFIED, client_credentials, now, say, token_credentials,
        },
    };

    const ME_PATH: &str = "/2/users/me";
    const BEARER: &str = "/oauth2/token";
    const REQUEST_TOKEN: &str = "/oauth/request_token";
    const VERIFY: &str = "/1.1/account/verify_credentials.json";

    fn client(server: &Server, clock: Clock) -> XClient {
        XClient::new(server.url.clone(), clock, Random::seeded(7)).unwrap()
    }

    async fn ask(server: &Server, known_good_pair: bool) -> Diagnosis {
        ask_at(server, known_good_pair, Clock::manual(now())).await
    }

    async fn ask_at(server: &Server, known_good_pair: bool, clock: Clock) -> Diagnosis {
        let (key, token) = (client_credentials(), token_credentials());
        client(server, clock)
            .diagnose(&key, &token, known_good_pair)
            .await
    }

    fn refused() -> (&'static str, Act) {
        (ME_PATH, say(401, &[DATE], UNAUTHORIZED))
    }

    fn good_pair() -> (&'static str, Act) {
        (BEARER, say(200, &[], GRANT))
    }

    fn bad_pair() -> (&'static str, Act) {
        (BEARER, say(403, &[], UNVERIFIED))
    }

    #[tokio::test]
    async fn good_values_take_one_call_and_vouch_for_their_key_pair() {
        let headers = [DATE, ("x-access-level", "read-write")];
        let server = Server::play(&[(ME_PATH, say(200, &headers, ME))]);
        let diagnosis = ask(&server, false).await;
        assert_eq!(diagnosis.verdict.code(), "connected");
        assert_eq!(diagnosis.key_pair, Some(KeyPairOutcome::Accepted));
        assert_eq!(diagnosis.clock_difference, Some(0));
        assert_eq!((diagnosis.calls, diagnosis.status), (1, Some(200)));
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn a_glance_is_one_call_whatever_comes_of_it() {
        let quick_check = async |script: &[(&'static str, Act)], ahead| {
            let server = Server::play(script);
            let clock = Clock::manual(now());
            clock.advance(Duration::from_secs(ahead));
            let (key, token) = (client_credentials(), token_credentials());
            let quick_check = client(&server, clock).quick_check(&key, &token).await;
            assert_eq!(server.calls(), ["GET /2/users/me"]);
            quick_check
        };
        assert_eq!(quick_check(&[refused()], 0).await.look, Look::Refused);
        let skew = Verdict::ClockSkew { seconds: Some(412) };
        assert_eq!(
            quick_check(&[refused()], 412).await.look,
            Look::Judged(skew)
        );
        let reset = (now().timestamp() + 600).to_string();
        let empty = [
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", reset.as_str()),
        ];
        let until = DateTime::from_timestamp(now().timestamp() + 600, 0);
        let good = quick_check(&[(ME_PATH, say(200, &empty, ME))], 0).await;
        assert!(matches!(&good.look, Look::Judged(verdict) if verdict.account().is_some()));
        assert_eq!(good.pause_until, until);
        let limited = quick_check(&[(ME_PATH, say(429, &empty, "{}"))], 0).await;
        assert_eq!(limited.look, Look::Judged(Verdict::RateLimited { until }));
        assert_eq!(limited.pause_until, until);
        let away = quick_check(&[(ME_PATH, say(503, &[], ""))], 0).await;
        assert_eq!(away.look, Look::Judged(Verdict::XUnavailable));
    }

    #[tokio::test]
    async fn whatever_is_no_401_takes_one_call() {
        for status in [302, 402, 403, 404, 429, 503] {
            let server = Server::play(&[(ME_PATH, say(status, &[], "{}"))]);
            let diagnosis = ask(&server, false).await;
            assert_eq!(diagnosis.calls, 1, "{status}");
            assert_eq!(diagnosis.key_pair, None);
            assert_eq!(diagnosis.status, Some(status));
            assert_eq!(server.calls().len(), 1);
        }
    }

    type Row = (Vec<(&'static str, Act)>, &'static str, KeyPairOutcome, u8);

    /// After a 401: the other answers, the verdict, what it says of the key pair, and the calls it takes.
    fn rows() -> Vec<Row> {
        use KeyPairOutcome::{Accepted, AppSuspended, Rejected, Unknown};
        let token = |status, body| (REQUEST_TOKEN, say(status, &[], body));
        let verify = |status, body| (VERIFY, say(status, &[], body));
        let bearer = |status, body| (BEARER, say(status, &[], body));
        let granted = "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true";
        let callback = r#"{"errors":[{"code":415,"message":"Callback URL not approved"}]}"#;
        vec![
            (
                vec![good_pair(), verify(401, CODE_89)],
                "access_token_rejected",
                Accepted,
                3,
            ),
            (
                vec![good_pair(), verify(401, CODE_32)],
                "access_secret_rejected",
                Accepted,
                3,
            ),
            (
                vec![good_pair(), verify(503, "")],
                "token_pair_rejected",
                Accepted,
                3,
            ),
            (
                vec![good_pair(), verify(200, r#"{"id":1}"#)],
                "unexpected",
                Accepted,
                3,
            ),
            (
                vec![good_pair(), verify(401, CODE_135)],
                "clock_skew",
                Accepted,
                3,
            ),
            (
                vec![bad_pair(), token(401, CODE_32)],
                "api_key_pair_rejected",
                Rejected,
                3,
            ),
            (
                vec![bad_pair(), token(401, "")],
                "api_key_pair_rejected",
                Rejected,
                3,
            ),
            (
                vec![bad_pair(), token(401, CODE_416)],
                "app_suspended",
                AppSuspended,
                3,
            ),
            (
                vec![bad_pair(), token(401, CODE_135)],
                "clock_skew",
                Unknown,
                3,
            ),
            (
                vec![bad_pair(), token(503, "")],
                "x_unavailable",
                Unknown,
                3,
            ),
            (
                vec![bad_pair(), token(429, "{}")],
                "rate_limited",
                Unknown,
                3,
            ),
            (vec![bad_pair(), token(404, "{}")], "unexpected", Unknown, 3),
            (
                vec![bad_pair(), token(403, callback), verify(401, CODE_89)],
                "access_token_rejected",
                Accepted,
                4,
            ),
            (
                vec![bad_pair(), token(200, granted), verify(401, UNAUTHORIZED)],
                "token_pair_rejected",
                Accepted,
                4,
            ),
            (vec![bearer(503, "")], "x_unavailable", Unknown, 2),
            (vec![bearer(200, "<html>")], "x_unavailable", Unknown, 2),
            (vec![bearer(429, "{}")], "rate_limited", Unknown, 2),
            (
                vec![bearer(401, CODE_416)],
                "app_suspended",
                AppSuspended,
                2,
            ),
        ]
    }

    #[tokio::test]
    async fn after_a_401_the_answers_together_name_the_value() {
        for (mut script, code, key_pair, calls) in rows() {
            script.push(refused());
            let server = Server::play(&script);
            let diagnosis = ask(&server, false).await;
            let seen = server.calls();
            assert_eq!(diagnosis.verdict.code(), code, "{seen:?}");
            assert_eq!(diagnosis.key_pair, Some(key_pair), "{code} {seen:?}");
            assert_eq!(diagnosis.calls, calls, "{code} {seen:?}");
            assert_eq!(diagnosis.status, Some(401));
            assert_eq!(diagnosis.clock_difference, Some(0));
            assert_eq!(seen.len(), usize::from(calls), "{code} {seen:?}");
        }
    }

    #[tokio::test]
    async fn the_longest_way_is_four_calls_in_this_order() {
        let callback = r#"{"errors":[{"code":415}]}"#;
        let server = Server::play(&[
            refused(),
            bad_pair(),
            (REQUEST_TOKEN, say(403, &[], callback)),
            (VERIFY, say(500, &[], "")),
        ]);
        let diagnosis = ask(&server, false).await;
        assert_eq!(diagnosis.verdict, Verdict::TokenPairRejected);
        let order = [
            "GET /2/users/me",
            "POST /oauth2/token",
            "POST /oauth/request_token",
            "GET /1.1/account/verify_credentials.json",
        ];
        assert_eq!(server.calls(), order);
    }

    #[tokio::test]
    async fn a_pair_known_to_be_good_is_not_asked_about_again() {
        let server = Server::play(&[refused(), bad_pair(), (VERIFY, say(401, &[], CODE_89))]);
        let diagnosis = ask(&server, true).await;
        assert_eq!(diagnosis.verdict, Verdict::AccessTokenRejected);
        assert_eq!(diagnosis.key_pair, None);
        let order = [
            "GET /2/users/me",
            "GET /1.1/account/verify_credentials.json",
        ];
        assert_eq!(server.calls(), order);
    }

    #[tokio::test]
    async fn a_wrong_clock_is_told_before_any_value_is_blamed() {
        let server = Server::play(&[refused(), good_pair(), (VERIFY, say(401, &[], CODE_89))]);
        let clock = Clock::manual(now());
        clock.advance(Duration::from_secs(412));
        let diagnosis = ask_at(&server, false, clock).await;
        let skew = Verdict::ClockSkew { seconds: Some(412) };
        assert_eq!(diagnosis.verdict, skew);
        assert_eq!(diagnosis.clock_difference, Some(412));
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn a_wrong_clock_that_only_a_later_answer_shows_is_told_too() {
        let bare = (ME_PATH, say(401, &[], UNAUTHORIZED));
        let bad = |path| (path, say(401, &[DATE], CODE_32));
        let good = (BEARER, say(200, &[DATE], GRANT));
        let scripts = [
            (vec![bare.clone(), good], 2),
            (vec![bare.clone(), bad(BEARER), bad(REQUEST_TOKEN)], 3),
            (vec![bare, good_pair(), bad(VERIFY)], 3),
        ];
        for (script, calls) in scripts {
            let server = Server::play(&script);
            let clock = Clock::manual(now());
            clock.advance(Duration::from_secs(301));
            let diagnosis = ask_at(&server, false, clock).await;
            let skew = Verdict::ClockSkew { seconds: Some(301) };
            assert_eq!((diagnosis.verdict, diagnosis.calls), (skew, calls));
        }
    }

    #[tokio::test]
    async fn a_wrong_clock_does_not_matter_where_x_accepts_the_values() {
        let server = Server::play(&[(ME_PATH, say(200, &[DATE], ME))]);
        let clock = Clock::manual(now());
        clock.advance(Duration::from_hours(1));
        let diagnosis = ask_at(&server, false, clock).await;
        assert!(diagnosis.verdict.account().is_some());
        assert_eq!(diagnosis.clock_difference, Some(3600));
    }

    #[tokio::test]
    async fn a_dropped_connection_is_x_being_unavailable_and_is_not_tried_again() {
        let server = Server::play(&[(ME_PATH, Act::Say(String::new()))]);
        let diagnosis = ask(&server, false).await;
        assert_eq!(diagnosis.verdict, Verdict::XUnavailable);
        assert_eq!((diagnosis.calls, diagnosis.status), (1, None));
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn the_key_pair_alone_takes_one_call_or_two() {
        let token = |status, body| (REQUEST_TOKEN, say(status, &[], body));
        let rows = [
            (vec![good_pair()], KeyPairOutcome::Accepted, 1),
            (
                vec![bad_pair(), token(401, CODE_32)],
                KeyPairOutcome::Rejected,
                2,
            ),
            (
                vec![bad_pair(), token(401, CODE_416)],
                KeyPairOutcome::AppSuspended,
                2,
            ),
            (vec![bad_pair(), token(503, "")], KeyPairOutcome::Unknown, 2),
            (
                vec![(BEARER, say(503, &[], ""))],
                KeyPairOutcome::Unknown,
                1,
            ),
        ];
        for (script, expected, calls) in rows {
            let server = Server::play(&script);
            let client = client(&server, Clock::manual(now()));
            let outcome = client.check_key_pair(&client_credentials()).await;
            assert_eq!(outcome, expected);
            assert_eq!(server.calls().len(), calls);
        }
    }

    thread_local! {
        /// What this thread logged. The subscriber is one for all threads: one per test would race with the others for
        /// tracing's cache of which events are wanted.
        static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    struct ThisThreadsLog;

    impl Write for ThisThreadsLog {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_most_talkative_log_tells_paths_and_statuses_and_not_one_value() {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| ThisThreadsLog)
            .init();
        let server = Server::play(&[refused(), good_pair(), (VERIFY, Act::Say(String::new()))]);
        let diagnosis = ask(&server, false).await;
        assert_eq!(diagnosis.verdict, Verdict::TokenPairRejected);
        let text = String::from_utf8(LOG.take()).unwrap();
        for told in [
            r#"x.path="/2/users/me" http.status=401 elapsed_ms="#,
            r#"x.path="/1.1/account/verify_credentials.json" x.failure="broken""#,
            r#"x.verdict="token_pair_rejected" x.calls=3"#,
            "addx::x: ",
        ] {
            assert!(text.contains(told), "{told} is not in\n{text}");
        }
        let (key, token) = (client_credentials(), token_credentials());
        for secret in [&key.key, &key.secret, &token.token, &token.secret] {
            assert!(!text.contains(secret.expose()), "{text}");
        }
        for part in [
            "MadeUp",
            "oauth_",
            "OAuth ",
            "Basic ",
            "AAAA",
            "Unauthorized",
        ] {
            assert!(!text.contains(part), "{part} is in\n{text}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_makes_no_sense_is_told_in_xs_words() {
        let server = Server::play(&[
            refused(),
            good_pair(),
            (VERIFY, say(200, &[], r#"{"id":1}"#)),
        ]);
        let expected = Verdict::Unexpected {
            status: 401,
            words: XWords::new("Unauthorized"),
        };
        assert_eq!(ask(&server, false).await.verdict, expected);
    }
}
