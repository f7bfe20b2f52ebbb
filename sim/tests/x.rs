//! The simulated X over real HTTP, with an OAuth crate that shares nothing with it as the second opinion.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use addx_sim::x::{
    AccessLevel, Answer, AnswerBody, App, AppPermission, AppState, AuthorizeError, Call,
    CallbackSetting, DateHeader, Fault, FourValues, Outcome, ProblemHost, RateLimitForm,
    ReadOnlyAnswer, Refusal, UnexpectedReason, UserState, XSim, XUser, answers,
};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue},
    redirect,
};
use reqwest_oauth1::{OAuthParameters, Secrets};
use serde_json::{Value, json};

type Tested = Result<(), Box<dyn Error>>;

const ME: &str = "/2/users/me";
const TWEETS: &str = "/2/tweets";
const VERIFY: &str = "/1.1/account/verify_credentials.json";
const INVALIDATE: &str = "/1.1/oauth/invalidate_token.json";
const REQUEST_TOKEN: &str = "/oauth/request_token";
const ACCESS_TOKEN: &str = "/oauth/access_token";
const KEY_PAIR: &str = "/oauth2/token";

/// One user with one app, and a client that signs for them.
struct Scene {
    sim: XSim,
    http: reqwest::Client,
    user: XUser,
    app: App,
    values: FourValues,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Got {
    async fn read(response: reqwest::Response) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Status and body are those of this answer.
    fn is(&self, answer: &Answer) -> bool {
        let body = AnswerBody::from(self.text.clone());
        self.status == answer.status && body == answer.body
    }
}

fn client() -> Result<reqwest::Client, Box<dyn Error>> {
    Ok(reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()?)
}

impl Scene {
    async fn new() -> Result<Self, Box<dyn Error>> {
        Self::with(AppPermission::ReadWrite).await
    }

    async fn with(permission: AppPermission) -> Result<Self, Box<dyn Error>> {
        let sim = XSim::start().await?;
        let user = sim.new_user("seedling");
        let app = sim.new_app(&user, permission);
        let values = app.four_values(&user);
        Ok(Self {
            sim,
            http: client()?,
            user,
            app,
            values,
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sim.url())
    }

    fn signing(&self, method: Method, path: &str) -> reqwest_oauth1::RequestBuilder<()> {
        reqwest_oauth1::Client::new_with_client(self.http.clone()).request(method, self.url(path))
    }

    async fn call(&self, method: Method, path: &str) -> Result<Got, Box<dyn Error>> {
        self.call_with(method, path, &self.values).await
    }

    async fn call_with(
        &self,
        method: Method,
        path: &str,
        values: &FourValues,
    ) -> Result<Got, Box<dyn Error>> {
        let request = self.signing(method, path).sign(secrets(values));
        Got::read(request.send().await?).await
    }

    async fn me(&self) -> Result<Got, Box<dyn Error>> {
        self.call(Method::GET, ME).await
    }

    async fn post(&self, text: &str) -> Result<Got, Box<dyn Error>> {
        self.post_json(&json!({ "text": text })).await
    }

    async fn post_json(&self, body: &Value) -> Result<Got, Box<dyn Error>> {
        let request = self
            .signing(Method::POST, TWEETS)
            .header("content-type", "application/json")
            .body(body.to_string())
            .sign(secrets(&self.values));
        Got::read(request.send().await?).await
    }

    async fn at(&self, timestamp: i64, nonce: &str, path: &str) -> Result<Got, Box<dyn Error>> {
        let parameters = OAuthParameters::new()
            .timestamp(u64::try_from(timestamp)?)
            .nonce(nonce.to_owned());
        let request = self
            .signing(Method::GET, path)
            .sign_with_params(secrets(&self.values), parameters);
        Got::read(request.send().await?).await
    }

    async fn key_pair(&self, key: &str, secret: &str, body: &str) -> Result<Got, Box<dyn Error>> {
        let request = self
            .http
            .post(self.url(KEY_PAIR))
            .basic_auth(key, Some(secret))
            .header(
                "content-type",
                "application/x-www-form-urlencoded;charset=UTF-8",
            )
            .body(body.to_owned());
        Got::read(request.send().await?).await
    }

    async fn request_token(&self, callback: Option<&str>) -> Result<Got, Box<dyn Error>> {
        let mut parameters = OAuthParameters::new();
        if let Some(callback) = callback {
            parameters = parameters.callback(callback.to_owned());
        }
        let keys = Secrets::new(
            self.values.consumer_key.clone(),
            self.values.consumer_secret.clone(),
        );
        let request = self
            .signing(Method::POST, REQUEST_TOKEN)
            .sign_with_params(keys, parameters);
        Got::read(request.send().await?).await
    }

    async fn exchange(&self, token: &str, secret: &str, pin: &str) -> Result<Got, Box<dyn Error>> {
        let keys = Secrets::new(
            self.values.consumer_key.clone(),
            self.values.consumer_secret.clone(),
        )
        .token(token.to_owned(), secret.to_owned());
        let parameters = OAuthParameters::new().verifier(pin.to_owned());
        let request = self
            .signing(Method::POST, ACCESS_TOKEN)
            .sign_with_params(keys, parameters);
        Got::read(request.send().await?).await
    }
}

fn secrets(values: &FourValues) -> Secrets<'static> {
    Secrets::new(values.consumer_key.clone(), values.consumer_secret.clone()).token(
        values.access_token.clone(),
        values.access_token_secret.clone(),
    )
}

/// A field of an `application/x-www-form-urlencoded` answer.
fn field(text: &str, name: &str) -> String {
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
        .unwrap_or_default()
}

fn spoil(value: &str) -> String {
    let (kept, last) = value.split_at(value.len() - 1);
    format!("{kept}{}", if last == "x" { "y" } else { "x" })
}

#[tokio::test]
async fn users_me_names_the_user_and_what_the_token_may_do() -> Tested {
    let scene = Scene::new().await?;
    let got = scene.me().await?;
    assert_eq!(got.status, 200);
    assert_eq!(
        got.text,
        format!(
            r#"{{"data":{{"id":"{}","name":"seedling","username":"seedling"}}}}"#,
            scene.user.id
        )
    );
    assert!(scene.user.id > 1 << 53);
    assert_eq!(got.header("x-access-level"), Some("read-write"));
    assert_eq!(got.header("x-rate-limit-limit"), Some("75"));
    assert_eq!(got.header("x-rate-limit-remaining"), Some("74"));
    let reset: i64 = got.header("x-rate-limit-reset").unwrap_or("0").parse()?;
    assert!((890..=900).contains(&(reset - scene.sim.now())));
    assert!(
        got.header("date")
            .is_some_and(|date| date.ends_with(" GMT"))
    );
    assert_eq!(got.header("api-version"), Some("2.168"));
    let cookies: Vec<_> = got.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 2);
    assert!(cookies[0].to_str()?.starts_with("guest_id="));
    assert!(cookies[1].to_str()?.starts_with("__cf_bm="));
    assert_eq!(scene.sim.take_unexpected(), []);
    Ok(())
}

#[tokio::test]
async fn every_spoilt_value_is_the_same_401_on_v2() -> Tested {
    let scene = Scene::new().await?;
    let good = &scene.values;
    let other_app = scene.sim.new_app(&scene.user, AppPermission::ReadWrite);
    let foreign = other_app.four_values(&scene.user);
    for (values, refusal) in [
        (
            FourValues {
                consumer_key: spoil(&good.consumer_key),
                ..good.clone()
            },
            Refusal::UnknownKey,
        ),
        (
            FourValues {
                consumer_secret: spoil(&good.consumer_secret),
                ..good.clone()
            },
            Refusal::BadSignature,
        ),
        (
            FourValues {
                access_token: spoil(&good.access_token),
                ..good.clone()
            },
            Refusal::UnknownToken,
        ),
        (
            FourValues {
                access_token_secret: spoil(&good.access_token_secret),
                ..good.clone()
            },
            Refusal::BadSignature,
        ),
        (
            FourValues {
                access_token: foreign.access_token.clone(),
                access_token_secret: foreign.access_token_secret.clone(),
                ..good.clone()
            },
            Refusal::TokenOfAnotherApp,
        ),
    ] {
        let got = scene.call_with(Method::GET, ME, &values).await?;
        assert!(got.is(&answers::unauthorized()), "{got:?}");
        let last = scene.sim.calls().pop();
        assert!(last.is_some_and(|call| call.refusal == Some(refusal) && !call.verified));
    }
    Ok(())
}

#[tokio::test]
async fn v1_tells_a_wrong_secret_from_a_wrong_token() -> Tested {
    let scene = Scene::new().await?;
    let good = &scene.values;
    let got = scene.call(Method::GET, VERIFY).await?;
    assert_eq!(got.status, 200);
    assert_eq!(got.json()["id_str"], scene.user.id.to_string());
    assert_eq!(got.json()["id"], scene.user.id);
    for (values, code) in [
        (
            FourValues {
                consumer_secret: spoil(&good.consumer_secret),
                ..good.clone()
            },
            32,
        ),
        (
            FourValues {
                access_token_secret: spoil(&good.access_token_secret),
                ..good.clone()
            },
            32,
        ),
        (
            FourValues {
                access_token: spoil(&good.access_token),
                ..good.clone()
            },
            89,
        ),
    ] {
        let got = scene.call_with(Method::GET, VERIFY, &values).await?;
        assert!(got.is(&answers::code(code)), "{got:?}");
        assert_eq!(got.status, 401);
    }
    Ok(())
}

#[tokio::test]
async fn an_unsigned_or_mangled_request_is_told_so_and_complained_about() -> Tested {
    let scene = Scene::new().await?;
    for header in [None, Some("OAuth oauth_nonce=1"), Some("Basic YTpi")] {
        for (method, path, expected) in [
            (Method::GET, ME, answers::unsupported_authentication()),
            (Method::POST, TWEETS, answers::unsupported_authentication()),
            (Method::GET, VERIFY, answers::code(215)),
            (Method::POST, REQUEST_TOKEN, answers::code(215)),
            (Method::POST, ACCESS_TOKEN, answers::code(215)),
            (Method::POST, INVALIDATE, answers::code(215)),
        ] {
            let mut request = scene.http.request(method, scene.url(path));
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            let got = Got::read(request.send().await?).await?;
            assert!(got.is(&expected), "{path} {header:?}: {got:?}");
            let unexpected = scene.sim.take_unexpected();
            assert_eq!(unexpected.len(), 1);
            assert_eq!(unexpected[0].reason, UnexpectedReason::Unsigned);
        }
    }
    assert_eq!(answers::code(215).status, 400);
    Ok(())
}

#[tokio::test]
async fn a_bearer_token_is_no_user() -> Tested {
    let scene = Scene::new().await?;
    let bearer = scene.app.bearer_token();
    for (token, path, expected) in [
        (bearer.as_str(), ME, answers::app_only_forbidden()),
        ("AAAA", ME, answers::unauthorized()),
        (bearer.as_str(), VERIFY, answers::code(220)),
        ("AAAA", VERIFY, answers::code(89)),
    ] {
        let request = scene.http.get(scene.url(path)).bearer_auth(token);
        let got = Got::read(request.send().await?).await?;
        assert!(got.is(&expected), "{path}: {got:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_timestamp_may_be_five_minutes_off_and_no_more() -> Tested {
    let scene = Scene::new().await?;
    let clock = Arc::new(AtomicI64::new(1_788_000_000));
    let hand = Arc::clone(&clock);
    scene.sim.follow_clock(move || hand.load(Ordering::Relaxed));
    let now = scene.sim.now();
    assert_eq!(scene.at(now - 300, "a", ME).await?.status, 200);
    assert_eq!(scene.at(now + 300, "b", ME).await?.status, 200);
    let late = scene.at(now - 301, "c", ME).await?;
    assert!(late.is(&answers::unauthorized()));
    let early = scene.at(now + 301, "d", VERIFY).await?;
    assert!(early.is(&answers::code(135)));
    let refusals: Vec<_> = scene.sim.calls().iter().map(|call| call.refusal).collect();
    assert_eq!(refusals[2], Some(Refusal::ClockOff(-301)));
    assert_eq!(refusals[3], Some(Refusal::ClockOff(301)));
    scene.sim.set_clock_offset(412);
    let behind = scene.at(now, "e", ME).await?;
    assert_eq!(behind.status, 401);
    assert_eq!(
        behind.header("date"),
        Some("Sat, 29 Aug 2026 10:46:52 GMT"),
        "the date is that of X's clock"
    );
    Ok(())
}

#[tokio::test]
async fn a_nonce_is_good_once_per_timestamp_and_token() -> Tested {
    let scene = Scene::new().await?;
    let now = scene.sim.now();
    assert_eq!(scene.at(now, "once", ME).await?.status, 200);
    let again = scene.at(now, "once", ME).await?;
    assert!(again.is(&answers::unauthorized()));
    let on_v1 = scene.at(now, "once", VERIFY).await?;
    assert!(on_v1.is(&answers::code(32)));
    assert_eq!(scene.at(now - 1, "once", ME).await?.status, 200);
    let values = scene.app.four_values(&scene.user);
    let other_token = Scene { values, ..scene };
    assert_eq!(other_token.at(now, "once", ME).await?.status, 200);
    let scene = other_token;
    let reasons: Vec<_> = scene.sim.take_unexpected();
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons
            .iter()
            .all(|unexpected| unexpected.reason == UnexpectedReason::NonceReused)
    );
    Ok(())
}

#[tokio::test]
async fn query_parameters_are_signed_and_are_not_expected_on_users_me() -> Tested {
    let scene = Scene::new().await?;
    let got = scene
        .call(Method::GET, "/2/users/me?user.fields=id%2Cname&b=a%20b")
        .await?;
    assert_eq!(got.status, 200);
    let unexpected = scene.sim.take_unexpected();
    assert_eq!(
        unexpected[0].reason,
        UnexpectedReason::ExtraParameters(vec!["user.fields".to_owned(), "b".to_owned()])
    );
    assert_eq!(scene.sim.take_unexpected(), []);
    Ok(())
}

#[tokio::test]
async fn unknown_paths_and_methods_are_404_and_unexpected() -> Tested {
    let scene = Scene::new().await?;
    for (method, path) in [(Method::GET, "/2/usage/credits"), (Method::GET, TWEETS)] {
        let got = scene.call(method, path).await?;
        assert_eq!((got.status, got.text.as_str()), (404, ""));
        let unexpected = scene.sim.take_unexpected();
        assert_eq!(unexpected[0].reason, UnexpectedReason::UnknownPath);
        assert_eq!(unexpected[0].path, path);
    }
    Ok(())
}

#[tokio::test]
async fn each_state_of_app_and_user_has_its_answer_on_v2() -> Tested {
    let scene = Scene::new().await?;
    let account = scene.app.account_id();
    let until = scene.sim.now() + 600;
    for (state, expected) in [
        (
            AppState::NotEnrolled,
            answers::client_not_enrolled(scene.app.app_id()),
        ),
        (AppState::UserNotEnrolled, answers::user_not_enrolled()),
        (AppState::NoCredits, answers::credits_depleted(account)),
        (
            AppState::SpendCap {
                reset_date: "2026-07-10".to_owned(),
            },
            answers::spend_cap_reached(account, "2026-07-10"),
        ),
        (
            AppState::RateLimited {
                until,
                form: RateLimitForm::Problem,
            },
            answers::too_many_requests(),
        ),
        (
            AppState::RateLimited {
                until,
                form: RateLimitForm::Code88,
            },
            answers::rate_limit_exceeded(),
        ),
        (
            AppState::UsageCapped {
                period: "Monthly".to_owned(),
                scope: "Product".to_owned(),
            },
            answers::usage_capped(account, "Monthly", "Product"),
        ),
    ] {
        let limited = matches!(state, AppState::RateLimited { .. });
        scene.app.set_state(state.clone());
        let read = scene.me().await?;
        assert!(read.is(&expected), "{state:?}: {read:?}");
        if limited {
            let reset = until.to_string();
            assert_eq!(read.header("x-rate-limit-remaining"), Some("0"));
            assert_eq!(read.header("x-rate-limit-reset"), Some(reset.as_str()));
        }
        scene.app.set_state(AppState::Enrolled);
        scene.app.set_write_state(state);
        assert_eq!(scene.me().await?.status, 200);
        assert!(scene.post("Hello").await?.is(&expected));
        scene.app.set_write_state(AppState::Enrolled);
    }
    scene.user.set_state(UserState::Suspended);
    assert!(scene.me().await?.is(&answers::user_suspended()));
    scene.user.set_state(UserState::Locked);
    assert!(scene.me().await?.is(&answers::account_locked()));
    scene.user.set_state(UserState::Active);
    scene.app.suspend();
    assert!(scene.me().await?.is(&answers::app_suspended()));
    scene.app.set_suspended(false);
    assert_eq!(scene.me().await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn bodies_are_verbatim_and_large_ids_are_bare_numbers() -> Tested {
    let text = |answer: Answer| match answer.body {
        AnswerBody::Bytes(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        AnswerBody::Huge(_) | AnswerBody::Cut(_) => String::new(),
    };
    assert_eq!(
        text(answers::credits_depleted(2_036_532_529_868_496_897)),
        r#"{"account_id":2036532529868496897,"title":"CreditsDepleted","detail":"Your enrolled account [2036532529868496897] does not have any credits to fulfill this request.","type":"https://api.twitter.com/2/problems/credits"}"#
    );
    assert_eq!(
        text(answers::client_not_enrolled(26_924_600)),
        r#"{"client_id":"26924600","detail":"When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter developer App that is attached to a Project. You can create a project via the developer portal.","registration_url":"https://developer.twitter.com/en/docs/projects/overview","title":"Client Forbidden","required_enrollment":"Appropriate Level of API Access","reason":"client-not-enrolled","type":"https://api.twitter.com/2/problems/client-forbidden"}"#
    );
    assert_eq!(
        text(answers::code(89)),
        r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#
    );
    let all = [
        answers::app_only_forbidden(),
        answers::app_suspended(),
        answers::client_not_enrolled(1),
        answers::invalid_request("a \"quoted\" name"),
        answers::key_pair_refused(),
        answers::missing_grant_type(),
        answers::spend_cap_reached(1 << 60, "2026-07-10"),
        answers::text_too_long(),
        answers::usage_capped(1 << 60, "Daily", "Account"),
        answers::user_not_enrolled(),
    ];
    for answer in all {
        let text = text(answer);
        let parsed: Value = serde_json::from_str(&text)?;
        assert!(parsed.is_object(), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_rate_limit_ends_when_the_clock_reaches_it() -> Tested {
    let scene = Scene::new().await?;
    let clock = Arc::new(AtomicI64::new(scene.sim.now()));
    let hand = Arc::clone(&clock);
    scene.sim.follow_clock(move || hand.load(Ordering::Relaxed));
    scene.app.set_state(AppState::RateLimited {
        until: scene.sim.now() + 60,
        form: RateLimitForm::Problem,
    });
    assert_eq!(scene.me().await?.status, 429);
    clock.fetch_add(60, Ordering::Relaxed);
    assert_eq!(scene.me().await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_documented_limit_is_kept_when_asked_for() -> Tested {
    let scene = Scene::new().await?;
    scene.sim.enforce_rate_limits(true);
    for _ in 0..75 {
        assert_eq!(scene.me().await?.status, 200);
    }
    let over = scene.me().await?;
    assert!(over.is(&answers::too_many_requests()));
    assert_eq!(over.header("x-rate-limit-remaining"), Some("0"));
    scene.sim.enforce_rate_limits(false);
    assert_eq!(scene.me().await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn v1_states_have_their_codes() -> Tested {
    let scene = Scene::new().await?;
    scene.user.set_state(UserState::Suspended);
    let suspended = scene.call(Method::GET, VERIFY).await?;
    assert!(suspended.is(&answers::code(64)));
    scene.user.set_state(UserState::Locked);
    let locked = scene.call(Method::GET, VERIFY).await?;
    assert!(locked.is(&answers::code(326)));
    assert_eq!(locked.json()["errors"][0]["code"], 326);
    scene.user.set_state(UserState::Active);
    scene.app.set_v1_access(false);
    let closed = scene.call(Method::GET, VERIFY).await?;
    assert!(closed.is(&answers::code(453)));
    assert_eq!(closed.status, 403);
    scene.app.suspend();
    let app_suspended = scene.call(Method::GET, VERIFY).await?;
    assert!(app_suspended.is(&answers::code(416)));
    Ok(())
}

#[tokio::test]
async fn the_access_level_is_that_of_the_token_not_of_the_app() -> Tested {
    let scene = Scene::with(AppPermission::Read).await?;
    assert_eq!(scene.me().await?.header("x-access-level"), Some("read"));
    scene.app.set_permission(AppPermission::ReadWriteDm);
    assert_eq!(scene.me().await?.header("x-access-level"), Some("read"));
    let upgraded = scene.app.four_values(&scene.user);
    let got = scene.call_with(Method::GET, ME, &upgraded).await?;
    assert_eq!(
        got.header("x-access-level"),
        Some("read-write-directmessages")
    );
    scene
        .sim
        .set_access_level(AccessLevel::Text("write".to_owned()));
    assert_eq!(scene.me().await?.header("x-access-level"), Some("write"));
    scene.sim.set_access_level(AccessLevel::Off);
    assert_eq!(scene.me().await?.header("x-access-level"), None);
    Ok(())
}

#[tokio::test]
async fn the_date_can_be_written_in_four_ways() -> Tested {
    let scene = Scene::new().await?;
    let real = scene.sim.now();
    scene.sim.follow_clock(move || real);
    scene.sim.set_date(DateHeader::Utc);
    let utc = scene.me().await?;
    assert!(
        utc.header("date")
            .is_some_and(|date| date.ends_with(" UTC"))
    );
    scene.sim.set_date(DateHeader::Missing);
    assert_eq!(scene.me().await?.header("date"), None);
    scene.sim.set_date(DateHeader::Gmt);
    let right = scene.me().await?;
    scene.sim.set_date(DateHeader::Skewed(412));
    let skewed = scene.me().await?;
    assert_eq!(skewed.status, 200, "timestamps are judged by the real one");
    assert_ne!(skewed.header("date"), right.header("date"));
    Ok(())
}

#[tokio::test]
async fn regenerating_and_revoking_end_what_they_end_at_x() -> Tested {
    let scene = Scene::new().await?;
    let old = scene.values.clone();
    let fresh = scene.app.regenerate_token(&scene.user);
    assert!(!scene.sim.is_valid_token(&old.access_token));
    assert_eq!(scene.me().await?.status, 401);
    let new = FourValues {
        access_token: fresh.token.clone(),
        access_token_secret: fresh.secret,
        ..old
    };
    assert_eq!(scene.call_with(Method::GET, ME, &new).await?.status, 200);
    scene.app.revoke(&scene.user);
    assert_eq!(scene.call_with(Method::GET, ME, &new).await?.status, 401);

    let new = scene.app.four_values(&scene.user);
    let pair = scene.app.regenerate_key_pair();
    assert_ne!(pair.key, new.consumer_key);
    assert!(!scene.sim.is_valid_token(&new.access_token));
    assert_eq!(scene.call_with(Method::GET, ME, &new).await?.status, 401);
    let newest = scene.app.four_values(&scene.user);
    assert_eq!(newest.consumer_secret, pair.secret);
    let got = scene.call_with(Method::GET, ME, &newest).await?;
    assert_eq!(got.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_key_pair_can_be_tested_alone() -> Tested {
    let scene = Scene::new().await?;
    let FourValues {
        consumer_key: key,
        consumer_secret: secret,
        ..
    } = &scene.values;
    let grant = "grant_type=client_credentials";
    let got = scene.key_pair(key, secret, grant).await?;
    assert_eq!(got.status, 200);
    assert_eq!(
        got.text,
        format!(
            r#"{{"token_type":"bearer","access_token":"{}"}}"#,
            scene.app.bearer_token()
        )
    );
    let refused = answers::key_pair_refused();
    let spoilt = spoil(secret);
    let client = (scene.app.client_id(), scene.app.client_secret());
    for (key, secret) in [
        (key.as_str(), spoilt.as_str()),
        (spoilt.as_str(), secret.as_str()),
        (client.0.as_str(), client.1.as_str()),
    ] {
        assert!(scene.key_pair(key, secret, grant).await?.is(&refused));
    }
    let missing = scene.key_pair(key, secret, "").await?;
    assert!(missing.is(&answers::missing_grant_type()));
    let other = scene.key_pair(key, secret, "grant_type=password").await?;
    assert!(other.is(&refused));
    let unsigned = scene.http.post(scene.url(KEY_PAIR)).send().await?;
    assert!(Got::read(unsigned).await?.is(&refused));

    scene.app.set_key_pair_calls_left(Some(1));
    assert_eq!(scene.key_pair(key, secret, grant).await?.status, 200);
    assert!(scene.key_pair(key, secret, grant).await?.is(&refused));
    scene.app.set_key_pair_calls_left(None);
    scene.app.suspend();
    assert!(scene.key_pair(key, secret, grant).await?.is(&refused));
    Ok(())
}

#[tokio::test]
async fn the_pin_flow_gives_a_token_with_the_present_permission() -> Tested {
    let scene = Scene::with(AppPermission::Read).await?;
    scene.app.set_permission(AppPermission::ReadWrite);
    let visitor = scene.sim.new_user_with_id(6_253_282, "visitor");
    let asked = scene.request_token(Some("oob")).await?;
    assert_eq!(asked.status, 200);
    assert_eq!(field(&asked.text, "oauth_callback_confirmed"), "true");
    let (token, secret) = (
        field(&asked.text, "oauth_token"),
        field(&asked.text, "oauth_token_secret"),
    );
    let early = scene.exchange(&token, &secret, "1234567").await?;
    assert_eq!(early.status, 401, "nobody has authorised it yet");

    let pin = scene.sim.authorize(&token, &visitor)?;
    assert_eq!(pin.len(), 7);
    assert!(pin.bytes().all(|byte| byte.is_ascii_digit()));
    let wrong = scene.exchange(&token, &secret, "not it").await?;
    assert_eq!(wrong.status, 401);
    let spoilt = scene.exchange(&token, &spoil(&secret), &pin).await?;
    assert!(spoilt.is(&answers::code(32)));
    let got = scene.exchange(&token, &secret, &pin).await?;
    assert_eq!(got.status, 200);
    assert_eq!(field(&got.text, "user_id"), "6253282");
    assert_eq!(field(&got.text, "screen_name"), "visitor");
    assert!(field(&got.text, "oauth_token").starts_with("6253282-"));
    let values = FourValues {
        access_token: field(&got.text, "oauth_token"),
        access_token_secret: field(&got.text, "oauth_token_secret"),
        ..scene.values.clone()
    };
    let me = scene.call_with(Method::GET, ME, &values).await?;
    assert_eq!(me.json()["data"]["username"], "visitor");
    assert_eq!(me.header("x-access-level"), Some("read-write"));

    let again = scene.exchange(&token, &secret, &pin).await?;
    assert_eq!(again.status, 401, "a PIN is good once");
    assert_eq!(
        scene.sim.authorize(&token, &visitor),
        Err(AuthorizeError::UnknownToken)
    );
    assert_eq!(scene.sim.take_unexpected(), []);
    Ok(())
}

#[tokio::test]
async fn a_request_token_can_ask_for_less_in_a_signed_form() -> Tested {
    let scene = Scene::new().await?;
    let keys = Secrets::new(
        scene.values.consumer_key.clone(),
        scene.values.consumer_secret.clone(),
    );
    let request = scene
        .signing(Method::POST, REQUEST_TOKEN)
        .form(&[("x_auth_access_type", "read"), ("note", "a b+c!*'()")])
        .sign_with_params(keys, OAuthParameters::new().callback("oob"));
    let asked = Got::read(request.send().await?).await?;
    assert_eq!(asked.status, 200);
    let (token, secret) = (
        field(&asked.text, "oauth_token"),
        field(&asked.text, "oauth_token_secret"),
    );
    let pin = scene.sim.authorize(&token, &scene.user)?;
    let got = scene.exchange(&token, &secret, &pin).await?;
    let values = FourValues {
        access_token: field(&got.text, "oauth_token"),
        access_token_secret: field(&got.text, "oauth_token_secret"),
        ..scene.values.clone()
    };
    let me = scene.call_with(Method::GET, ME, &values).await?;
    assert_eq!(me.header("x-access-level"), Some("read"));
    Ok(())
}

#[tokio::test]
async fn request_token_tells_pair_callback_and_suspension_apart() -> Tested {
    let mut scene = Scene::new().await?;
    let elsewhere = scene.request_token(Some("https://example.com/")).await?;
    assert!(elsewhere.is(&answers::code(415)));
    let left_out = scene.request_token(None).await?;
    assert_eq!(left_out.status, 200);
    let token = field(&left_out.text, "oauth_token");
    assert_eq!(
        scene.sim.authorize(&token, &scene.user),
        Err(AuthorizeError::NotOutOfBand)
    );
    scene.app.set_callback_saved(false);
    let missing = scene.request_token(Some("oob")).await?;
    assert!(missing.is(&answers::callback_missing_xml()));
    assert_eq!(missing.status, 401);
    scene.app.set_callback(CallbackSetting::NotApproved);
    let refused = scene.request_token(Some("oob")).await?;
    assert!(refused.is(&answers::code(415)));
    scene.app.set_callback(CallbackSetting::NotApprovedXml);
    let refused = scene.request_token(Some("oob")).await?;
    assert!(refused.is(&answers::callback_not_approved_xml()));
    scene.app.set_callback_saved(true);
    scene.app.suspend();
    let suspended = scene.request_token(Some("oob")).await?;
    assert!(suspended.is(&answers::code(416)));
    scene.values.consumer_secret = spoil(&scene.values.consumer_secret);
    let wrong = scene.request_token(Some("oob")).await?;
    assert!(wrong.is(&answers::code(32)));
    Ok(())
}

#[tokio::test]
async fn a_browser_can_choose_a_user_and_is_shown_the_pin() -> Tested {
    let scene = Scene::new().await?;
    let asked = scene.request_token(Some("oob")).await?;
    let token = field(&asked.text, "oauth_token");
    let page = scene.url(&format!("/oauth/authorize?oauth_token={token}"));
    let page = scene.http.get(page).send().await?.text().await?;
    assert!(page.contains("Authorise as @seedling"), "{page}");
    let form = format!("oauth_token={token}&user={}", scene.user.id);
    let shown = scene
        .http
        .post(scene.url("/oauth/authorize"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await?
        .text()
        .await?;
    let pin = shown
        .split_once("<code>")
        .and_then(|(_, rest)| rest.split_once("</code>"))
        .map(|(pin, _)| pin.to_owned())
        .unwrap_or_default();
    let secret = field(&asked.text, "oauth_token_secret");
    assert_eq!(scene.exchange(&token, &secret, &pin).await?.status, 200);
    let gone = scene.url(&format!("/oauth/authorize?oauth_token={token}"));
    assert_eq!(
        scene.http.get(gone).send().await?.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(scene.sim.take_unexpected(), []);
    Ok(())
}

#[tokio::test]
async fn an_invalidated_token_is_89_on_v1_and_a_bare_401_on_v2() -> Tested {
    let scene = Scene::new().await?;
    let got = scene.call(Method::POST, INVALIDATE).await?;
    assert_eq!(got.status, 200);
    assert_eq!(
        got.text,
        format!(r#"{{"access_token":"{}"}}"#, scene.values.access_token)
    );
    let again = scene.call(Method::POST, INVALIDATE).await?;
    assert!(again.is(&answers::code(89)));
    assert!(scene.me().await?.is(&answers::unauthorized()));
    Ok(())
}

#[tokio::test]
async fn posting_and_deleting_work_and_refuse_as_x_does() -> Tested {
    let scene = Scene::new().await?;
    let got = scene.post("Hello, \"X\" ☀️").await?;
    assert_eq!(got.status, 201, "a JSON body is not part of the signature");
    let id = got.json()["data"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(got.json()["data"]["text"], "Hello, \"X\" ☀️");
    let location = format!("https://api.x.com/2/tweets/{id}");
    assert_eq!(got.header("location"), Some(location.as_str()));
    assert_eq!(got.header("x-access-level"), Some("read-write"));
    assert_eq!(scene.user.posts().len(), 1);

    let duplicate = scene.post("Hello, \"X\" ☀️").await?;
    assert!(duplicate.is(&answers::duplicate_content()));
    assert_eq!(scene.post(&"a".repeat(280)).await?.status, 201);
    let long = scene.post(&"a".repeat(281)).await?;
    assert!(long.is(&answers::text_too_long()));
    let extra = scene.post_json(&json!({"text": "a", "b": 1})).await?;
    assert_eq!(extra.status, 400);
    assert_eq!(scene.post_json(&json!([])).await?.status, 400);
    assert_eq!(scene.post_json(&json!({})).await?.status, 400);
    scene.user.refuse_posts(true);
    let refused = scene.post("Hello again").await?;
    assert!(refused.is(&answers::not_permitted()));

    let path = format!("{TWEETS}/{id}");
    let stranger = scene.sim.new_user("stranger");
    let foreign = scene.app.four_values(&stranger);
    let not_mine = scene.call_with(Method::DELETE, &path, &foreign).await?;
    assert!(not_mine.is(&answers::not_your_post()));
    let deleted = scene.call(Method::DELETE, &path).await?;
    assert_eq!(deleted.status, 200);
    assert_eq!(deleted.text, r#"{"data":{"deleted":true}}"#);
    assert_eq!(scene.call(Method::DELETE, &path).await?.status, 404);
    assert_eq!(scene.sim.count("/2/tweets/{id}"), 3);
    assert_eq!(scene.sim.count(&path), 3);
    assert_eq!(scene.sim.posts().len(), 1);
    assert_eq!(scene.sim.take_unexpected(), []);
    Ok(())
}

#[tokio::test]
async fn a_read_only_token_cannot_write() -> Tested {
    let scene = Scene::with(AppPermission::Read).await?;
    let got = scene.post("Hello").await?;
    assert!(got.is(&answers::oauth1_permissions()));
    assert_eq!(got.header("x-access-level"), Some("read"));
    scene.sim.set_read_only_answer(ReadOnlyAnswer::NotPermitted);
    let got = scene.post("Hello").await?;
    assert!(got.is(&answers::not_permitted()));
    Ok(())
}

#[tokio::test]
async fn problem_types_can_be_given_under_either_host() -> Tested {
    let scene = Scene::with(AppPermission::Read).await?;
    scene.sim.set_problem_host(ProblemHost::Twitter);
    let got = scene.post("Hello").await?;
    assert_eq!(
        got.json()["type"],
        "https://api.twitter.com/2/problems/oauth1-permissions"
    );
    scene.sim.set_problem_host(ProblemHost::X);
    scene.user.set_state(UserState::Suspended);
    let got = scene.me().await?;
    assert_eq!(
        got.json()["type"],
        "https://api.x.com/2/problems/user-suspended"
    );
    Ok(())
}

#[tokio::test]
async fn forced_answers_come_queued_first_then_standing_until_cleared() -> Tested {
    let scene = Scene::new().await?;
    scene.sim.force(ME, answers::unavailable());
    scene.sim.answer_times(ME, 2, Answer::empty(500));
    scene.sim.answer_next(
        ME,
        Answer {
            status: 418,
            headers: vec![("x-own".to_owned(), "1".to_owned())],
            body: "<short/>".into(),
        },
    );
    assert_eq!(scene.sim.faults_left(ME), 3);
    assert_eq!(scene.me().await?.text, "");
    assert_eq!(scene.me().await?.status, 500);
    let own = scene.me().await?;
    assert_eq!((own.status, own.header("x-own")), (418, Some("1")));
    assert!(own.header("date").is_some());
    for _ in 0..2 {
        let got = scene.me().await?;
        assert_eq!(got.status, 503);
        assert_eq!(got.header("content-type"), Some("text/html; charset=utf-8"));
    }
    assert_eq!(scene.sim.faults_met(ME), 5);
    scene.sim.clear(ME);
    assert_eq!(scene.me().await?.status, 200);
    assert!(
        scene.sim.calls().iter().all(|call| call.verified),
        "a fault does not keep a signature from being judged"
    );
    Ok(())
}

#[tokio::test]
async fn a_forced_answer_for_deletions_names_the_pattern() -> Tested {
    let scene = Scene::new().await?;
    scene
        .sim
        .answer_next("/2/tweets/{id}", answers::not_your_post());
    let got = scene.call(Method::DELETE, "/2/tweets/1").await?;
    assert!(got.is(&answers::not_your_post()));
    assert_eq!(scene.sim.faults_left("/2/tweets/{id}"), 0);
    Ok(())
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer_and_a_cut_body_no_body() -> Tested {
    let scene = Scene::new().await?;
    scene.sim.answer_next(ME, Fault::DropConnection);
    assert!(scene.me().await.is_err());
    scene.sim.wait_calls(ME, 1).await?;
    assert_eq!(scene.sim.calls()[0].outcome, Outcome::Dropped);
    assert_eq!(scene.sim.calls()[0].status(), None);

    scene.sim.answer_next(ME, Answer::cut_body());
    let request = scene.signing(Method::GET, ME).sign(secrets(&scene.values));
    let response = request.send().await?;
    assert_eq!(response.status(), StatusCode::OK, "the head arrives");
    assert!(response.text().await.is_err(), "the body does not");

    scene.sim.answer_next(ME, Answer::truncated_json());
    let got = scene.me().await?;
    assert_eq!(got.status, 200);
    assert!(serde_json::from_str::<Value>(&got.text).is_err());
    Ok(())
}

#[tokio::test]
async fn a_huge_body_is_streamed_without_a_length() -> Tested {
    let scene = Scene::new().await?;
    scene.sim.answer_next(ME, Answer::huge(5 * 1024 * 1024 + 1));
    let request = scene.signing(Method::GET, ME).sign(secrets(&scene.values));
    let mut response = request.send().await?;
    assert_eq!(response.content_length(), None);
    let mut length = 0;
    while let Some(chunk) = response.chunk().await? {
        length += chunk.len();
    }
    assert_eq!(length, 5 * 1024 * 1024 + 1);
    Ok(())
}

#[tokio::test]
async fn a_redirect_points_elsewhere() -> Tested {
    let scene = Scene::new().await?;
    let elsewhere = XSim::start_seeded(2).await?;
    scene
        .sim
        .answer_next(ME, Answer::redirect(&format!("{}{ME}", elsewhere.url())));
    let got = scene.me().await?;
    assert_eq!(got.status, 302);
    assert!(got.header("location").is_some_and(|url| url.ends_with(ME)));
    assert_eq!(elsewhere.count(ME), 0, "the client did not follow");
    Ok(())
}

#[tokio::test]
async fn a_delay_answers_later_and_a_client_that_gives_up_is_noticed() -> Tested {
    let scene = Arc::new(Scene::new().await?);
    scene
        .sim
        .answer_next(ME, Fault::Delay(Duration::from_millis(1)));
    assert_eq!(scene.me().await?.status, 200);
    scene
        .sim
        .answer_next(ME, Fault::Delay(Duration::from_hours(1)));
    let asking = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { scene.me().await.is_ok() }
    });
    scene.sim.wait_arrivals(ME, 2).await?;
    assert_eq!(scene.sim.calls()[1].outcome, Outcome::Pending);
    asking.abort();
    scene.sim.wait_calls(ME, 2).await?;
    assert_eq!(scene.sim.calls()[1].outcome, Outcome::Abandoned);
    Ok(())
}

#[tokio::test]
async fn held_requests_wait_until_released_and_leave_when_their_client_dies() -> Tested {
    let scene = Arc::new(Scene::new().await?);
    let hold = scene.sim.hold(ME);
    let asking = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { scene.me().await.map(|got| got.status).unwrap_or_default() }
    });
    let dying = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { scene.me().await.map(|got| got.status).unwrap_or_default() }
    });
    hold.wait_arrived(2).await?;
    assert_eq!(hold.waiting(), 2);
    assert_eq!(scene.sim.count(ME), 2);
    assert!(
        scene
            .sim
            .calls()
            .iter()
            .all(|call| call.outcome == Outcome::Pending)
    );
    dying.abort();
    scene.sim.wait_calls(ME, 1).await?;
    assert_eq!(hold.waiting(), 1);
    hold.release();
    assert_eq!(asking.await?, 200);
    scene.sim.wait_calls(ME, 2).await?;
    let mut outcomes: Vec<_> = scene.sim.calls().iter().map(Call::status).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [None, Some(200)]);

    let hold = scene.sim.hold(ME);
    let dying = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { scene.me().await.is_ok() }
    });
    hold.wait_arrived(1).await?;
    dying.abort();
    hold.wait_gone().await?;
    assert_eq!(hold.waiting(), 0);
    Ok(())
}

#[tokio::test]
async fn a_call_is_recorded_with_names_but_no_values() -> Tested {
    let scene = Scene::new().await?;
    let request = scene
        .signing(Method::GET, ME)
        .headers(HeaderMap::from_iter([(
            reqwest::header::USER_AGENT,
            HeaderValue::from_static("addx/test"),
        )]))
        .sign(secrets(&scene.values));
    request.send().await?;
    let calls = scene.sim.calls_to(ME);
    let call = &calls[0];
    assert_eq!((call.method.as_str(), call.number), ("GET", 1));
    assert_eq!(call.status(), Some(200));
    assert!(call.verified);
    assert_eq!(call.user_id, Some(scene.user.id));
    assert_eq!(call.app_id, Some(scene.app.app_id()));
    assert_eq!(call.user_agent.as_deref(), Some("addx/test"));
    assert!(call.nonce.is_some() && call.timestamp.is_some());
    let mut names = call.oauth_names.clone();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "oauth_consumer_key",
            "oauth_nonce",
            "oauth_signature",
            "oauth_signature_method",
            "oauth_timestamp",
            "oauth_token",
        ]
    );
    let printed = format!("{calls:?}");
    for value in [
        &scene.values.consumer_key,
        &scene.values.consumer_secret,
        &scene.values.access_token,
        &scene.values.access_token_secret,
    ] {
        assert!(!printed.contains(value.as_str()));
    }
    scene.sim.record(false);
    scene.me().await?;
    assert_eq!(scene.sim.calls().len(), 1);
    assert_eq!(scene.sim.count(ME), 2);
    scene.sim.wait_calls(ME, 2).await?;
    scene.sim.forget_calls();
    assert_eq!((scene.sim.calls().len(), scene.sim.count(ME)), (0, 0));
    Ok(())
}

#[tokio::test]
async fn the_same_seed_makes_the_same_world_and_another_seed_another() -> Tested {
    let make = async |seed| -> Result<_, Box<dyn Error>> {
        let sim = XSim::start_seeded(seed).await?;
        let user = sim.new_user("seedling");
        let app = sim.new_app(&user, AppPermission::Read);
        let values = app.four_values(&user);
        Ok((user.id, values, app.client_id(), app.bearer_token()))
    };
    assert_eq!(make(7).await?, make(7).await?);
    assert_ne!(make(7).await?, make(8).await?);
    Ok(())
}

#[tokio::test]
async fn it_stops_with_its_last_handle() -> Tested {
    let sim = XSim::start().await?;
    let address = sim.address();
    let clone = sim.clone();
    let user = sim.new_user("seedling");
    drop(sim);
    let http = client()?;
    let answered = http.get(format!("http://{address}{ME}")).send().await?;
    assert_eq!(answered.status(), StatusCode::FORBIDDEN);
    drop(clone);
    // A handle to a user does not keep the server running; its port can be bound again.
    user.rename("sapling");
    let again = async {
        loop {
            match XSim::start_on(address).await {
                Ok(sim) => return sim,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(10), again).await?;
    assert_eq!(again.address(), address);
    again.stop();
    Ok(())
}
