//! Every error that X is known to give, and every mistake that people are known to make, through the whole bot: the code,
//! the sentence, the reason, the next step, the buttons, the calls it took, and the way back to `connected`.
//!
//! [`CATALOGUE`] names them all. Each is played by a case of [`verdict`], by a case of [`shape`], or stands in
//! [`NOT_HERE`] with the reason why a program that only reads cannot meet it.

use addx_sim::{
    telegram::{Person, SeenMessage},
    x::{
        AccessLevel, Answer, App, AppPermission, AppState, CallbackSetting, DateHeader, Fault,
        FourValues, RateLimitForm, UserState, XUser, answers,
    },
};

use crate::harness::{World, enter, in_order};

const ME: &str = "/2/users/me";
const BEARER: &str = "/oauth2/token";
const REQUEST: &str = "/oauth/request_token";
const OLD: &str = "/1.1/account/verify_credentials.json";

/// What X can answer (by endpoint of v2, then by number), what is worth telling apart, and what people get wrong, the
/// most frequent first.
const CATALOGUE: [&str; 65] = [
    "v2: any wrong value",
    "v2: authorization missing or mangled",
    "v2: app-only bearer",
    "v2: write with a read-only token",
    "v2: app not enrolled",
    "v2: user not enrolled",
    "v2: no credits",
    "v2: spending limit",
    "v2: rate limit",
    "v2: monthly cap",
    "v2: user suspended",
    "v2: user locked",
    "v2: duplicate post",
    "v2: post not permitted",
    "v2: post too long",
    "v2: not your post",
    "v2: down",
    "code 32",
    "code 64",
    "code 88",
    "code 89",
    "code 99",
    "code 135",
    "code 185",
    "code 186",
    "code 187",
    "code 215",
    "code 220",
    "code 226",
    "code 261",
    "code 326",
    "code 415",
    "code 416",
    "code 417",
    "code 453",
    "kind: bad key pair",
    "kind: bad token pair",
    "kind: read-only token",
    "kind: not enrolled",
    "kind: credits empty",
    "kind: spending limit",
    "kind: app suspended",
    "kind: user suspended",
    "kind: user locked",
    "kind: rate-limited",
    "kind: X down",
    "kind: our clock",
    "kind: our request malformed",
    "kind: unknown",
    "mistake 1: a value mistyped, cut or stale",
    "mistake 2: token made while the app could only read",
    "mistake 3: no credits",
    "mistake 4: app not enrolled",
    "mistake 5: a wrong kind of value",
    "mistake 6: values swapped, or with something around them",
    "mistake 7: it worked, then values were regenerated or revoked",
    "mistake 8: the wrong X account",
    "mistake 9: callback URL missing or different",
    "mistake 10: a v1.1 call",
    "mistake 11: own spending limit",
    "mistake 12: too many requests",
    "mistake 13: the same post again",
    "mistake 14: the state of the X account",
    "mistake 15: clock",
    "mistake 16: our signature is wrong for everybody",
];

type Made = fn() -> Answer;

/// What cannot be met by calls that only read and are signed, and why. Should X answer so nevertheless, its own words are
/// told, and no value is blamed.
const NOT_HERE: [(&str, &str, Option<Made>); 13] = [
    (
        "v2: app-only bearer",
        "the linker never sends a bearer token",
        Some(answers::app_only_forbidden),
    ),
    (
        "v2: write with a read-only token",
        "nothing is written; the token's permission is read from a header",
        Some(answers::oauth1_permissions),
    ),
    (
        "v2: duplicate post",
        "nothing is posted",
        Some(answers::duplicate_content),
    ),
    (
        "v2: post not permitted",
        "nothing is posted",
        Some(answers::not_permitted),
    ),
    (
        "v2: post too long",
        "nothing is posted",
        Some(answers::text_too_long),
    ),
    (
        "v2: not your post",
        "nothing is deleted",
        Some(answers::not_your_post),
    ),
    ("code 185", "nothing is posted", Some(|| answers::code(185))),
    ("code 186", "nothing is posted", Some(|| answers::code(186))),
    ("code 187", "nothing is posted", Some(|| answers::code(187))),
    (
        "code 220",
        "the linker never sends a bearer token",
        Some(|| answers::code(220)),
    ),
    ("code 226", "nothing is posted", Some(|| answers::code(226))),
    (
        "code 261",
        "nothing is written",
        Some(|| answers::code(261)),
    ),
    ("mistake 13: the same post again", "nothing is posted", None),
];

/// What cannot be told from a user's mistake by looking at X's answers, and what guards against it instead.
const NOT_TO_BE_TOLD: [(&str, &str); 1] = [(
    "mistake 16: our signature is wrong for everybody",
    "looks like one wrong secret; the published vectors hold the signer to the specification, and the simulator checks \
     every signature",
)];

/// The parts of the play.
struct Stage {
    world: World,
    person: Person,
    user: XUser,
    app: App,
    /// What X gave the person at first.
    right: FourValues,
    /// What the person sends.
    values: FourValues,
}

impl Stage {
    async fn set() -> Self {
        let world = World::start().await;
        let person = world.person();
        let (user, app, values) = world.working_values("seedling");
        Self {
            world,
            person,
            user,
            app,
            right: values.clone(),
            values,
        }
    }

    fn x(&self) -> &addx_sim::x::XSim {
        &self.world.x
    }

    /// The answer to the next press or message: the next message with a verdict below the last one there is.
    async fn result_after(&self, act: impl FnOnce(&Person)) -> SeenMessage {
        let last = self.last_id();
        act(&self.person);
        self.result(last).await
    }

    fn last_id(&self) -> i32 {
        let history = self.person.history();
        history.iter().map(|message| message.id).max().unwrap_or(0)
    }

    async fn result(&self, after: i32) -> SeenMessage {
        let is_result = |message: &&SeenMessage| {
            message.id > after && message.from_bot && message.button("Check again").is_some()
        };
        let chat = self
            .person
            .wait_for(|chat| chat.messages.iter().any(|message| is_result(&message)))
            .await
            .unwrap();
        let found = chat.messages.iter().find(is_result);
        found.unwrap().clone()
    }

    /// Sends all four in one message, so that the key pair is not checked apart.
    async fn link(&self) -> SeenMessage {
        self.person.say("/addx main");
        self.person.wait_text("Step 1 of 4").await.unwrap();
        self.result_after(|person| {
            person.say(&block(&self.values));
        })
        .await
    }

    async fn connect(&self) {
        let result = self.link().await;
        assert_eq!(Told::by(&result).code, "connected", "{}", result.text);
        self.x().forget_calls();
    }

    /// Presses a button that asks for values, and sends them.
    async fn repair(&self, button: &str, values: &[String]) -> SeenMessage {
        self.person.press(button).unwrap();
        let total = values.len();
        self.person
            .wait_text(&format!("Step 1 of {total}"))
            .await
            .unwrap();
        let last = self.last_id();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        enter(&self.person, &values, total).await;
        self.result(last).await
    }

    fn calls(&self) -> Vec<String> {
        let calls = self.x().calls();
        calls.into_iter().map(|call| call.path).collect()
    }
}

fn block(values: &FourValues) -> String {
    format!(
        "API Key: {}\nAPI Key Secret: {}\nAccess Token: {}\nAccess Token Secret: {}",
        values.consumer_key,
        values.consumer_secret,
        values.access_token,
        values.access_token_secret
    )
}

/// The same value with its last character mistyped.
fn mistyped(value: &str) -> String {
    let (rest, last) = value.split_at(value.len() - 1);
    format!("{rest}{}", if last == "a" { "b" } else { "a" })
}

/// A result, taken apart.
#[derive(Debug)]
struct Told<'a> {
    sentence: &'a str,
    reason: &'a str,
    more: Vec<&'a str>,
    step: Option<&'a str>,
    code: &'a str,
}

impl<'a> Told<'a> {
    fn by(message: &'a SeenMessage) -> Self {
        let parts: Vec<&str> = message.text.split("\n\n").collect();
        let (step, code) = match parts.as_slice() {
            [_, code] => (None, *code),
            [_, step, code] => (Some(*step), *code),
            _ => panic!("a result has a head, a step and a code:\n{message}"),
        };
        let mut head = parts[0].lines();
        Self {
            sentence: head.next().unwrap(),
            reason: head.next().unwrap(),
            more: head.collect(),
            step,
            code: code.strip_prefix("Code: ").unwrap_or_default(),
        }
    }
}

/// How the values come to be judged.
enum Way {
    /// As a new link.
    Link,
    /// By "Check again", after they were accepted.
    Verify,
    /// As a new token pair for an account that is connected.
    RotateToken,
    /// As a new API key pair for an account that is connected.
    RotateKeys,
}

/// How it ends well.
enum Cure {
    /// There is nothing to cure.
    NotNeeded,
    /// Something changes at X, and "Check again" finds it.
    AtX(fn(&Stage)),
    /// A button asks for these values.
    Send(&'static str, fn(&Stage) -> Vec<String>),
    /// Two buttons, one after the other: the first answer names what is wrong next.
    SendTwice(
        &'static str,
        fn(&Stage) -> Vec<String>,
        &'static str,
        fn(&Stage) -> Vec<String>,
    ),
}

struct Case {
    rows: &'static [&'static str],
    way: Way,
    arrange: fn(&mut Stage),
    code: &'static str,
    sentence: &'static str,
    reason: &'static str,
    step: &'static str,
    buttons: &'static [&'static str],
    calls: &'static [&'static str],
    cure: Cure,
}

/// What no verdict on the wallet, the clock or X itself may say.
const BLAME: [&str; 8] = [
    "rejected",
    "mistyped",
    "egenerate",
    "incomplete",
    "revoked",
    "new pair",
    "/rotate",
    "invalid",
];

async fn play(case: Case) {
    let mut stage = Stage::set().await;
    let result = match case.way {
        Way::Link => {
            (case.arrange)(&mut stage);
            stage.link().await
        }
        Way::Verify => {
            stage.connect().await;
            (case.arrange)(&mut stage);
            let press = |person: &Person| {
                person.press("Check again").unwrap();
            };
            stage.result_after(press).await
        }
        Way::RotateToken => {
            stage.connect().await;
            (case.arrange)(&mut stage);
            let [_, _, token, secret] = in_order(&stage.values).map(str::to_owned);
            stage.person.say("/rotate");
            stage
                .person
                .wait_text("What did you regenerate")
                .await
                .unwrap();
            stage.repair("Token pair", &[token, secret]).await
        }
        Way::RotateKeys => {
            stage.connect().await;
            (case.arrange)(&mut stage);
            let [key, secret, _, _] = in_order(&stage.values).map(str::to_owned);
            stage.person.say("/rotate");
            stage
                .person
                .wait_text("What did you regenerate")
                .await
                .unwrap();
            stage.repair("API key pair", &[key, secret]).await
        }
    };
    let told = Told::by(&result);
    assert_eq!(told.code, case.code, "{result}");
    assert_eq!(told.sentence, case.sentence, "{result}");
    assert!(told.reason.contains(case.reason), "{result}");
    assert!(
        told.step.unwrap_or_default().contains(case.step),
        "{result}"
    );
    assert_eq!(told.step.is_none(), case.step.is_empty(), "{result}");
    assert_eq!(result.labels(), case.buttons, "{result}");
    assert_eq!(stage.calls(), case.calls, "{result}");
    assert!(stage.calls().len() <= 4);
    hold_to_the_rules(&told, &result);
    match case.way {
        Way::Verify => {
            let before = told
                .more
                .iter()
                .any(|line| line.starts_with("Before: connected, since"));
            assert!(before, "{result}");
        }
        Way::RotateToken | Way::RotateKeys => {
            let stays = told
                .more
                .iter()
                .any(|line| line.contains("old credentials stay in use"));
            // Of the same values again there are no old ones.
            assert_eq!(stays, case.code != "same_values_again", "{result}");
        }
        Way::Link => assert!(told.more.is_empty(), "{result}"),
    }
    let cured = match case.cure {
        Cure::NotNeeded => return stage.world.finish().await,
        Cure::AtX(change) => {
            stage.x().clear_all();
            change(&stage);
            let press = |person: &Person| {
                person.press("Check again").unwrap();
            };
            stage.result_after(press).await
        }
        Cure::Send(button, values) => {
            let values = values(&stage);
            stage.repair(button, &values).await
        }
        Cure::SendTwice(first, values, second, more) => {
            let values = values(&stage);
            let between = stage.repair(first, &values).await;
            assert!(between.button(second).is_some(), "{between}");
            let more = more(&stage);
            stage.repair(second, &more).await
        }
    };
    let told = Told::by(&cured);
    assert_eq!(told.code, "connected", "{cured}");
    assert_eq!(told.sentence, "✅ main is connected as @seedling");
    assert_eq!(cured.labels(), DONE);
    assert_eq!(stage.x().take_unexpected(), []);
    stage.world.finish().await;
}

/// What holds for every verdict of a kind, whatever its words.
fn hold_to_the_rules(told: &Told<'_>, result: &SeenMessage) {
    let text = &result.text;
    match told.code {
        "no_credits" | "spend_cap_reached" | "rate_limited" | "x_unavailable" | "clock_skew" => {
            for word in BLAME {
                assert!(!text.contains(word), "“{word}” blames the values: {result}");
            }
            assert!(
                text.contains("credentials are fine")
                    || text.contains("does not mean that your credentials are wrong"),
                "{result}"
            );
        }
        "read_only"
        | "access_token_rejected"
        | "access_secret_rejected"
        | "token_pair_rejected"
        | "token_of_other_account"
        | "api_key_pair_rejected" => {
            let step = told.step.unwrap().to_lowercase();
            let at = |words: &str| {
                step.find(words)
                    .unwrap_or_else(|| panic!("{words}: {result}"))
            };
            let order = [
                at("read and write"),
                at("save"),
                at(" then "),
                at("/rotate"),
            ];
            assert!(order.is_sorted(), "{order:?} {result}");
            let after = step.get(at(" then ")..).unwrap();
            assert!(after.contains("egenerate"), "{result}");
        }
        "connected_permission_unknown" => {
            assert!(text.contains("X did not say"), "{result}");
            assert!(!text.contains("fine"), "{result}");
            assert!(!text.contains("✅"), "{result}");
        }
        _ => {}
    }
}

/// Makes a test of every case, and the list of them all.
macro_rules! cases {
    ($($name:ident: $case:expr;)+) => {
        pub(super) fn all() -> Vec<Case> {
            vec![$($case),+]
        }

        $(
            #[tokio::test]
            async fn $name() {
                play($case).await;
            }
        )+
    };
}

const NEW_KEYS: &[&str] = &["Send new API key pair", "Check again"];
const NEW_TOKEN: &[&str] = &["Send new token pair", "Check again"];
const NEW_SECRET: &[&str] = &["Send Access Secret again", "Check again"];
const AGAIN: &[&str] = &["Check again"];
const DONE: &[&str] = &["Check again", "Accounts", "Test post"];

const KEYS_REFUSED: &str = "⛔ main: X rejected the API Key and Secret";
const TOKEN_REFUSED: &str = "⛔ main: X rejected the Access Token";
const SECRET_REFUSED: &str = "⛔ main: the Access Secret does not match the Access Token";
const PAIR_REFUSED: &str = "⛔ main: X rejected the Access Token and Secret";
const NOT_CHECKED_DOWN: &str = "⏳ main was not checked: X does not answer";
const CLOCK: &str = "⏳ main was not checked: this bot's clock is wrong";
const UNKNOWN: &str = "❓ main: unexpected response from X";

fn right_keys(stage: &Stage) -> Vec<String> {
    let pair = stage.app.key_pair();
    vec![pair.key, pair.secret]
}

fn fresh_token(stage: &Stage) -> Vec<String> {
    let pair = stage.app.regenerate_token(&stage.user);
    vec![pair.token, pair.secret]
}

mod verdict {
    use super::*;

    cases! {
        good_values: Case {
            rows: &[],
            way: Way::Link,
            arrange: |_| {},
            code: "connected",
            sentence: "✅ main is connected as @seedling",
            reason: "read and write. It can publish",
            step: "",
            buttons: DONE,
            calls: &[ME],
            cure: Cure::NotNeeded,
        };
        good_values_that_may_send_direct_messages: Case {
            rows: &[],
            way: Way::Link,
            arrange: |stage| {
                stage.app.set_permission(AppPermission::ReadWriteDm);
                stage.values = stage.app.four_values(&stage.user);
            },
            code: "connected",
            sentence: "✅ main is connected as @seedling",
            reason: "read, write and direct messages",
            step: "",
            buttons: DONE,
            calls: &[ME],
            cure: Cure::NotNeeded,
        };
        no_access_level: Case {
            rows: &[],
            way: Way::Link,
            arrange: |stage| stage.x().set_access_level(AccessLevel::Off),
            code: "connected_permission_unknown",
            sentence: "☑️ main is connected as @seedling, but posting may fail",
            reason: "X did not say which permission the token has",
            step: "If a post fails later",
            buttons: DONE,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.x().set_access_level(AccessLevel::OfToken)),
        };
        an_access_level_nobody_knows: Case {
            rows: &[],
            way: Way::Link,
            arrange: |stage| stage.x().set_access_level(AccessLevel::Text("admin".to_owned())),
            code: "connected_permission_unknown",
            sentence: "☑️ main is connected as @seedling, but posting may fail",
            reason: "X did not say which permission the token has",
            step: "If a post fails later",
            buttons: DONE,
            calls: &[ME],
            cure: Cure::NotNeeded,
        };
        mistyped_api_key: Case {
            rows: &[
                "v2: any wrong value",
                "code 32",
                "code 99",
                "kind: bad key pair",
                "mistake 1: a value mistyped, cut or stale",
            ],
            way: Way::Link,
            arrange: |stage| stage.values.consumer_key = mistyped(&stage.values.consumer_key),
            code: "api_key_pair_rejected",
            sentence: KEYS_REFUSED,
            reason: "mistyped, incomplete, or replaced by a later Regenerate",
            step: "Copy the API Key and the API Secret again",
            buttons: NEW_KEYS,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::Send("Send new API key pair", right_keys),
        };
        mistyped_api_secret: Case {
            rows: &["mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| stage.values.consumer_secret = mistyped(&stage.values.consumer_secret),
            code: "api_key_pair_rejected",
            sentence: KEYS_REFUSED,
            reason: "mistyped, incomplete, or replaced by a later Regenerate",
            step: "Copy the API Key and the API Secret again",
            buttons: NEW_KEYS,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::Send("Send new API key pair", right_keys),
        };
        api_secret_cut_in_half: Case {
            rows: &["mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| stage.values.consumer_secret.truncate(30),
            code: "api_key_pair_rejected",
            sentence: KEYS_REFUSED,
            reason: "mistyped, incomplete, or replaced by a later Regenerate",
            step: "Copy the API Key and the API Secret again",
            buttons: NEW_KEYS,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::Send("Send new API key pair", right_keys),
        };
        key_and_secret_of_different_regenerations: Case {
            rows: &["mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| {
                let old = stage.app.key_pair();
                let _ = stage.app.regenerate_key_pair();
                stage.values = stage.app.four_values(&stage.user);
                stage.values.consumer_secret = old.secret;
            },
            code: "api_key_pair_rejected",
            sentence: KEYS_REFUSED,
            reason: "mistyped, incomplete, or replaced by a later Regenerate",
            step: "Copy the API Key and the API Secret again",
            buttons: NEW_KEYS,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::Send("Send new API key pair", right_keys),
        };
        a_stale_key_pair: Case {
            rows: &["mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| {
                let _ = stage.app.regenerate_key_pair();
            },
            code: "api_key_pair_rejected",
            sentence: KEYS_REFUSED,
            reason: "X has not checked the access token pair yet",
            step: "That also ends the Access Token",
            buttons: NEW_KEYS,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::SendTwice(
                "Send new API key pair",
                right_keys,
                "Send new token pair",
                fresh_token,
            ),
        };
        mistyped_access_token: Case {
            rows: &["code 89", "mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| stage.values.access_token = mistyped(&stage.values.access_token),
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "The API Key and Secret are fine",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        mistyped_access_secret: Case {
            rows: &["code 32", "mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| {
                stage.values.access_token_secret = mistyped(&stage.values.access_token_secret);
            },
            code: "access_secret_rejected",
            sentence: SECRET_REFUSED,
            reason: "mistyped, incomplete, or from an older token",
            step: "Copy the Access Secret again",
            buttons: NEW_SECRET,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send Access Secret again", |stage| {
                vec![stage.right.access_token_secret.clone()]
            }),
        };
        token_of_another_app: Case {
            rows: &["code 89", "mistake 1: a value mistyped, cut or stale"],
            way: Way::Link,
            arrange: |stage| {
                let other = stage.x().new_app(&stage.user, AppPermission::ReadWrite);
                let pair = other.generate_token(&stage.user);
                stage.values.access_token = pair.token;
                stage.values.access_token_secret = pair.secret;
            },
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "or from another app",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        the_older_call_is_not_open: Case {
            rows: &["code 453", "kind: bad token pair", "mistake 10: a v1.1 call"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.revoke(&stage.user);
                stage.x().force(OLD, answers::code(453));
            },
            code: "token_pair_rejected",
            sentence: PAIR_REFUSED,
            reason: "X does not say whether the Access Token or the Access Secret is wrong",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        the_older_call_is_over_its_limit: Case {
            rows: &["code 88", "kind: bad token pair"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.revoke(&stage.user);
                stage.x().force(OLD, answers::code(88));
            },
            code: "token_pair_rejected",
            sentence: PAIR_REFUSED,
            reason: "The API Key and Secret are fine",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        the_older_call_breaks_off: Case {
            rows: &["kind: bad token pair"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.revoke(&stage.user);
                stage.x().force(OLD, Fault::DropConnection);
            },
            code: "token_pair_rejected",
            sentence: PAIR_REFUSED,
            reason: "The API Key and Secret are fine",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        a_callback_that_is_not_approved: Case {
            rows: &["code 415", "mistake 9: callback URL missing or different"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.revoke(&stage.user);
                stage.app.set_key_pair_calls_left(Some(0));
                stage.app.set_callback(CallbackSetting::NotApproved);
            },
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "The API Key and Secret are fine",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, REQUEST, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        a_callback_that_is_not_approved_in_xml: Case {
            rows: &["code 415", "mistake 9: callback URL missing or different"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.revoke(&stage.user);
                stage.app.set_key_pair_calls_left(Some(0));
                stage.app.set_callback(CallbackSetting::NotApprovedXml);
            },
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "The API Key and Secret are fine",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, REQUEST, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        a_callback_that_was_never_saved: Case {
            rows: &["code 417", "mistake 9: callback URL missing or different"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.revoke(&stage.user);
                stage.app.set_key_pair_calls_left(Some(0));
                stage.app.set_callback_saved(false);
            },
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "The API Key and Secret are fine",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, REQUEST, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        a_read_only_token: Case {
            rows: &[
                "kind: read-only token",
                "mistake 2: token made while the app could only read",
            ],
            way: Way::Link,
            arrange: |stage| {
                stage.app.set_permission(AppPermission::Read);
                stage.values = stage.app.four_values(&stage.user);
            },
            code: "read_only",
            sentence: "⚠️ main is connected as @seedling, but can only read",
            reason: "Changing the app does not change an existing token",
            step: "send the new pair",
            buttons: &["Send new token pair", "Check again", "Accounts"],
            calls: &[ME],
            cure: Cure::Send("Send new token pair", |stage| {
                stage.app.set_permission(AppPermission::ReadWrite);
                fresh_token(stage)
            }),
        };
        an_app_that_is_not_enrolled: Case {
            rows: &[
                "v2: app not enrolled",
                "kind: not enrolled",
                "mistake 4: app not enrolled",
            ],
            way: Way::Link,
            arrange: |stage| stage.app.set_state(AppState::NotEnrolled),
            code: "not_enrolled",
            sentence: "⚠️ main: the app is not in an X API package yet",
            reason: "Your credentials are not the cause",
            step: "Move to package → Pay-per-use → Production",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.app.set_state(AppState::Enrolled)),
        };
        a_user_who_is_not_enrolled: Case {
            rows: &["v2: user not enrolled", "kind: not enrolled"],
            way: Way::Link,
            arrange: |stage| stage.app.set_state(AppState::UserNotEnrolled),
            code: "not_enrolled",
            sentence: "⚠️ main: the X account has no paid developer account yet",
            reason: "Your credentials are not the cause",
            step: "log in as that user, create a developer account, and enroll it in Pay-per-use",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.app.set_state(AppState::Enrolled)),
        };
        no_credits: Case {
            rows: &["v2: no credits", "kind: credits empty", "mistake 3: no credits"],
            way: Way::Link,
            arrange: |stage| stage.app.set_state(AppState::NoCredits),
            code: "no_credits",
            sentence: "⚠️ main: your X API credits are used up",
            reason: "the prepaid credits are used up. Your credentials are fine",
            step: "console.x.com → Billing → Credits",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.app.set_state(AppState::Enrolled)),
        };
        a_spending_limit: Case {
            rows: &[
                "v2: spending limit",
                "kind: spending limit",
                "mistake 11: own spending limit",
            ],
            way: Way::Link,
            arrange: |stage| {
                let reset_date = "2026-12-10".to_owned();
                stage.app.set_state(AppState::SpendCap { reset_date });
            },
            code: "spend_cap_reached",
            sentence: "⚠️ main: your X spending limit is reached",
            reason: "begins on 10 December 2026. Your credentials are fine",
            step: "Raise the limit at console.x.com → Billing, or wait",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.app.set_state(AppState::Enrolled)),
        };
        a_rate_limit: Case {
            rows: &["v2: rate limit", "kind: rate-limited", "mistake 12: too many requests"],
            way: Way::Link,
            arrange: |stage| {
                let until = stage.x().now() + 600;
                let form = RateLimitForm::Problem;
                stage.app.set_state(AppState::RateLimited { until, form });
            },
            code: "rate_limited",
            sentence: "⏳ main was not checked: X's request limit is reached",
            reason: "does not mean that your credentials are wrong",
            step: "Check again at 12:10 UTC",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.world.advance(std::time::Duration::from_mins(10))),
        };
        a_rate_limit_by_number: Case {
            rows: &["code 88", "v2: rate limit", "kind: rate-limited"],
            way: Way::Link,
            arrange: |stage| {
                let until = stage.x().now() + 60;
                let form = RateLimitForm::Code88;
                stage.app.set_state(AppState::RateLimited { until, form });
            },
            code: "rate_limited",
            sentence: "⏳ main was not checked: X's request limit is reached",
            reason: "does not mean that your credentials are wrong",
            step: "Check again at 12:01 UTC.",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.world.advance(std::time::Duration::from_mins(1))),
        };
        a_rate_limit_without_a_time: Case {
            rows: &["v2: rate limit", "kind: rate-limited"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, answers::too_many_requests()),
            code: "rate_limited",
            sentence: "⏳ main was not checked: X's request limit is reached",
            reason: "X did not say for how long",
            step: "Check again in 15 minutes",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        a_monthly_cap: Case {
            rows: &["v2: monthly cap", "kind: rate-limited"],
            way: Way::Link,
            arrange: |stage| {
                let (period, scope) = ("Monthly".to_owned(), "Product".to_owned());
                stage.app.set_state(AppState::UsageCapped { period, scope });
            },
            code: "rate_limited",
            sentence: "⏳ main was not checked: X's request limit is reached",
            reason: "X did not say for how long",
            step: "A monthly cap lasts longer",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.app.set_state(AppState::Enrolled)),
        };
        a_suspended_user: Case {
            rows: &[
                "v2: user suspended",
                "kind: user suspended",
                "mistake 14: the state of the X account",
            ],
            way: Way::Link,
            arrange: |stage| stage.user.set_state(UserState::Suspended),
            code: "user_suspended",
            sentence: "⛔ main: X has suspended this X account",
            reason: "Your credentials are not the cause",
            step: "Log in to x.com and follow X's notice",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.user.set_state(UserState::Active)),
        };
        a_suspended_user_told_by_the_older_call: Case {
            rows: &["code 64", "kind: user suspended", "mistake 14: the state of the X account"],
            way: Way::Link,
            arrange: |stage| {
                stage.user.set_state(UserState::Suspended);
                stage.x().answer_next(ME, answers::unauthorized());
            },
            code: "user_suspended",
            sentence: "⛔ main: X has suspended this X account",
            reason: "Your credentials are not the cause",
            step: "Log in to x.com and follow X's notice",
            buttons: AGAIN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::AtX(|stage| stage.user.set_state(UserState::Active)),
        };
        a_locked_user: Case {
            rows: &[
                "v2: user locked",
                "code 326",
                "kind: user locked",
                "mistake 14: the state of the X account",
            ],
            way: Way::Link,
            arrange: |stage| stage.user.set_state(UserState::Locked),
            code: "user_locked",
            sentence: "⛔ main: X has locked this X account for now",
            reason: "Your credentials are not the cause",
            step: "Log in to x.com and unlock the account there",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.user.set_state(UserState::Active)),
        };
        a_locked_user_told_by_the_older_call: Case {
            rows: &["code 326", "kind: user locked", "mistake 14: the state of the X account"],
            way: Way::Link,
            arrange: |stage| {
                stage.user.set_state(UserState::Locked);
                stage.x().answer_next(ME, answers::unauthorized());
            },
            code: "user_locked",
            sentence: "⛔ main: X has locked this X account for now",
            reason: "Your credentials are not the cause",
            step: "Log in to x.com and unlock the account there",
            buttons: AGAIN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::AtX(|stage| stage.user.set_state(UserState::Active)),
        };
        a_suspended_app: Case {
            rows: &["kind: app suspended"],
            way: Way::Link,
            arrange: |stage| stage.app.suspend(),
            code: "app_suspended",
            sentence: "⛔ main: X has suspended the app",
            reason: "Your credentials are not the cause",
            step: "Read X's notice at console.x.com",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.app.set_suspended(false)),
        };
        a_suspended_app_told_by_its_key_pair: Case {
            rows: &["code 416", "code 99", "kind: app suspended"],
            way: Way::Link,
            arrange: |stage| {
                stage.app.suspend();
                stage.x().answer_next(ME, answers::unauthorized());
            },
            code: "app_suspended",
            sentence: "⛔ main: X has suspended the app",
            reason: "Your credentials are not the cause",
            step: "Read X's notice at console.x.com",
            buttons: AGAIN,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::AtX(|stage| stage.app.set_suspended(false)),
        };
        x_is_down_with_a_page: Case {
            rows: &["v2: down", "kind: X down"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, answers::unavailable()),
            code: "x_unavailable",
            sentence: NOT_CHECKED_DOWN,
            reason: "does not mean that your credentials are wrong",
            step: "Check again in a few minutes",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        x_is_down_without_a_word: Case {
            rows: &["v2: down", "kind: X down"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, Answer::empty(500)),
            code: "x_unavailable",
            sentence: NOT_CHECKED_DOWN,
            reason: "does not mean that your credentials are wrong",
            step: "Check again in a few minutes",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        x_hangs_up: Case {
            rows: &["kind: X down"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, Fault::DropConnection),
            code: "x_unavailable",
            sentence: NOT_CHECKED_DOWN,
            reason: "does not mean that your credentials are wrong",
            step: "Check again in a few minutes",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        half_an_answer: Case {
            rows: &["kind: X down"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, Answer::cut_body()),
            code: "x_unavailable",
            sentence: NOT_CHECKED_DOWN,
            reason: "does not mean that your credentials are wrong",
            step: "Check again in a few minutes",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        x_is_down_in_the_middle: Case {
            rows: &["kind: X down"],
            way: Way::Link,
            arrange: |stage| {
                stage.x().force(ME, answers::unauthorized());
                stage.x().force(BEARER, answers::unavailable());
            },
            code: "x_unavailable",
            sentence: NOT_CHECKED_DOWN,
            reason: "does not mean that your credentials are wrong",
            step: "Check again in a few minutes",
            buttons: AGAIN,
            calls: &[ME, BEARER],
            cure: Cure::AtX(|_| {}),
        };
        our_clock_is_ahead: Case {
            rows: &["kind: our clock", "mistake 15: clock"],
            way: Way::Link,
            arrange: |stage| stage.x().set_clock_offset(-412),
            code: "clock_skew",
            sentence: CLOCK,
            reason: "412 s ahead of X",
            step: "sk the operator of this bot to set the clock",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.x().set_clock_offset(0)),
        };
        our_clock_is_behind: Case {
            rows: &["kind: our clock", "mistake 15: clock"],
            way: Way::Link,
            arrange: |stage| stage.x().set_clock_offset(3600),
            code: "clock_skew",
            sentence: CLOCK,
            reason: "3600 s behind X",
            step: "sk the operator of this bot to set the clock",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|stage| stage.x().set_clock_offset(0)),
        };
        our_clock_by_number: Case {
            rows: &["code 135", "kind: our clock", "mistake 15: clock"],
            way: Way::Link,
            arrange: |stage| {
                stage.x().set_clock_offset(-412);
                stage.x().set_date(DateHeader::Missing);
            },
            code: "clock_skew",
            sentence: CLOCK,
            reason: "X says that the time of the bot's requests is out of bounds",
            step: "sk the operator of this bot to set the clock",
            buttons: AGAIN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::AtX(|stage| stage.x().set_clock_offset(0)),
        };
        our_clock_by_number_though_it_is_right: Case {
            rows: &["code 135"],
            way: Way::Link,
            arrange: |stage| {
                stage.x().force(ME, answers::code(135));
                stage.x().set_date(DateHeader::Skewed(-12));
            },
            code: "clock_skew",
            sentence: "⏳ main was not checked: X finds this bot's time wrong",
            reason: "out of bounds, although the clocks differ by only 12 s",
            step: "sk the operator of this bot to set the clock",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        our_request_is_mangled: Case {
            rows: &["v2: authorization missing or mangled", "kind: our request malformed"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, answers::unsupported_authentication()),
            code: "unexpected",
            sentence: UNKNOWN,
            reason: "HTTP 403: “Authenticating with Unknown is forbidden for this endpoint. Supported",
            step: "/diagnose",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        our_request_is_mangled_by_number: Case {
            rows: &["code 215", "kind: our request malformed"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, answers::code(215)),
            code: "unexpected",
            sentence: UNKNOWN,
            reason: "HTTP 400: “Bad Authentication data.”",
            step: "/diagnose",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        something_new: Case {
            rows: &["kind: unknown"],
            way: Way::Link,
            arrange: |stage| {
                let body = r#"{"title":"<b>Tea</b> & \"biscuits\""}"#;
                stage.x().force(ME, Answer::json(418, body));
            },
            code: "unexpected",
            sentence: UNKNOWN,
            reason: r#"HTTP 418: “<b>Tea</b> & "biscuits"”."#,
            step: "/diagnose",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        something_new_without_words: Case {
            rows: &["kind: unknown"],
            way: Way::Link,
            arrange: |stage| stage.x().force(ME, Answer::empty(404)),
            code: "unexpected",
            sentence: UNKNOWN,
            reason: "HTTP 404 without a message.",
            step: "/diagnose",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        another_reason_of_a_forbidden_client: Case {
            rows: &["kind: unknown"],
            way: Way::Link,
            arrange: |stage| {
                let body = r#"{"reason":"official-client-forbidden","title":"Client Forbidden","type":"https://api.x.com/2/problems/client-forbidden"}"#;
                stage.x().force(ME, Answer::json(403, body));
            },
            code: "unexpected",
            sentence: UNKNOWN,
            reason: "HTTP 403: “Client Forbidden”",
            step: "/diagnose",
            buttons: AGAIN,
            calls: &[ME],
            cure: Cure::AtX(|_| {}),
        };
        it_worked_then_the_key_pair_was_regenerated: Case {
            rows: &["mistake 7: it worked, then values were regenerated or revoked"],
            way: Way::Verify,
            arrange: |stage| {
                let _ = stage.app.regenerate_key_pair();
            },
            code: "api_key_pair_rejected",
            sentence: KEYS_REFUSED,
            reason: "replaced by a later Regenerate",
            step: "That also ends the Access Token",
            buttons: NEW_KEYS,
            calls: &[ME, BEARER, REQUEST],
            cure: Cure::SendTwice(
                "Send new API key pair",
                right_keys,
                "Send new token pair",
                fresh_token,
            ),
        };
        it_worked_then_the_user_revoked_the_app: Case {
            rows: &["code 89", "mistake 7: it worked, then values were regenerated or revoked"],
            way: Way::Verify,
            arrange: |stage| stage.app.revoke(&stage.user),
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "regenerated, revoked, or from another app",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        it_worked_then_another_tool_regenerated_the_token: Case {
            rows: &["mistake 7: it worked, then values were regenerated or revoked"],
            way: Way::Verify,
            arrange: |stage| {
                let _ = stage.app.regenerate_token(&stage.user);
            },
            code: "access_token_rejected",
            sentence: TOKEN_REFUSED,
            reason: "regenerated, revoked, or from another app",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[ME, BEARER, OLD],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        a_token_of_another_account: Case {
            rows: &["mistake 8: the wrong X account"],
            way: Way::RotateToken,
            arrange: |stage| {
                let other = stage.x().new_user_with_id(6_253_282, "somebody_else");
                stage.values = stage.app.four_values(&other);
            },
            code: "token_of_other_account",
            sentence: "⛔ main: the new token belongs to another X account",
            reason: "The new token belongs to user ID 6253282",
            step: "Log in to X as @seedling",
            buttons: NEW_TOKEN,
            calls: &[],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        the_old_token_again: Case {
            rows: &[],
            way: Way::RotateToken,
            arrange: |_| {},
            code: "same_values_again",
            sentence: "⚠️ main: these credentials are already stored",
            reason: "Access Token and Access Secret are the same as before, so X was not asked",
            step: "send the new pair",
            buttons: NEW_TOKEN,
            calls: &[],
            cure: Cure::Send("Send new token pair", fresh_token),
        };
        the_old_keys_again: Case {
            rows: &[],
            way: Way::RotateKeys,
            arrange: |_| {},
            code: "same_values_again",
            sentence: "⚠️ main: these credentials are already stored",
            reason: "API Key and API Secret are the same as before, so X was not asked",
            step: "Consumer Key → Regenerate",
            buttons: NEW_KEYS,
            calls: &[],
            cure: Cure::SendTwice(
                "Send new API key pair",
                |stage| {
                    let pair = stage.app.regenerate_key_pair();
                    vec![pair.key, pair.secret]
                },
                "Send new token pair",
                fresh_token,
            ),
        };
    }
}

mod shape {
    use super::*;

    /// A text at the question for one of the values: what the card says, and how the flow goes on.
    pub(super) struct Case {
        pub(super) rows: &'static [&'static str],
        /// Values that are in already.
        after: usize,
        text: fn(&Stage) -> String,
        says: &'static str,
        /// The button that sorts it out, if there is one; else the right value is sent.
        button: Option<&'static str>,
    }

    const SWAPPED: &[&str] = &["mistake 6: values swapped, or with something around them"];
    const WRONG: &[&str] = &["mistake 5: a wrong kind of value"];

    pub(super) fn all() -> Vec<Case> {
        vec![
            Case {
                rows: WRONG,
                after: 0,
                text: |stage| stage.app.bearer_token(),
                says: "Received: Bearer Token",
                button: None,
            },
            Case {
                rows: WRONG,
                after: 0,
                text: |stage| stage.app.client_id(),
                says: "Received: OAuth 2.0 Client ID",
                button: None,
            },
            Case {
                rows: WRONG,
                after: 1,
                text: |stage| stage.app.client_secret(),
                says: "looks like something else: OAuth 2.0 Client Secret",
                button: Some("Send it again"),
            },
            Case {
                rows: SWAPPED,
                after: 0,
                text: |stage| stage.values.consumer_secret.clone(),
                says: "This looks like: API Secret",
                button: Some("Use it as API Secret"),
            },
            Case {
                rows: SWAPPED,
                after: 1,
                text: |stage| stage.values.access_token.clone(),
                says: "This looks like: Access Token",
                button: Some("Use it as Access Token"),
            },
            Case {
                rows: SWAPPED,
                after: 2,
                text: |stage| stage.values.access_token_secret.clone(),
                says: "This looks like: Access Secret",
                button: Some("Use it as Access Secret"),
            },
            Case {
                rows: SWAPPED,
                after: 0,
                text: |stage| format!("  {{{}}} ", stage.values.consumer_key),
                says: "Removed: ",
                button: None,
            },
        ]
    }

    #[tokio::test]
    async fn a_wrong_or_swapped_value_is_named_before_x_is_asked() {
        for case in all() {
            let stage = Stage::set().await;
            let person = &stage.person;
            person.say("/addx main");
            person.wait_text("Step 1 of 4").await.unwrap();
            let values = in_order(&stage.values);
            enter(person, &values[..case.after], 4).await;
            let asked = stage.calls().len();
            person.say(&(case.text)(&stage));
            let card = person.wait_text(case.says).await.unwrap();
            assert!(stage.calls().len() <= asked + 1, "{card}");
            if let Some(button) = case.button {
                person.press(button).unwrap();
                person.wait_text("Send it here").await.unwrap();
            }
            // Whatever is asked for now is answered, until X is.
            let last = stage.last_id();
            loop {
                let card = person.last_bot_message().unwrap();
                let next = ["API Key", "API Secret", "Access Token", "Access Secret"]
                    .iter()
                    .position(|label| !card.text.contains(&format!("✓ {label}\n")));
                let Some(next) = next else { break };
                let sent = person.say(values[next]);
                person.wait_deleted(sent.message_id).await.unwrap();
                let label = ["API Key", "API Secret", "Access Token", "Access Secret"][next];
                person
                    .wait_for(|chat| {
                        chat.shows(&format!("✓ {label}\n"))
                            || chat.shows("All four credentials received")
                    })
                    .await
                    .unwrap();
                if person.chat().shows("All four credentials received") {
                    break;
                }
            }
            let result = stage.result(last).await;
            assert_eq!(Told::by(&result).code, "connected", "{}", person.chat());
        }
    }
}

#[test]
fn nothing_that_x_or_people_are_known_to_do_is_left_out() {
    let mut played: Vec<&str> = verdict::all()
        .iter()
        .flat_map(|case| case.rows)
        .copied()
        .collect();
    played.extend(shape::all().iter().flat_map(|case| case.rows));
    let left_out: Vec<&str> = NOT_HERE
        .iter()
        .map(|(row, _, _)| *row)
        .chain(NOT_TO_BE_TOLD.iter().map(|(row, _)| *row))
        .collect();
    for row in CATALOGUE {
        let (plays, excuses) = (played.contains(&row), left_out.contains(&row));
        assert!(plays != excuses, "{row}: played {plays}, excused {excuses}");
    }
    for row in played.iter().chain(&left_out) {
        assert!(CATALOGUE.contains(row), "{row} is not in the catalogue");
    }
}

#[test]
fn every_code_is_played() {
    let mut played: Vec<&str> = verdict::all().iter().map(|case| case.code).collect();
    played.extend(crate::pin::CODES);
    // Only a post leads to these: tests/bot/publishing.rs.
    played.extend(["not_permitted", "duplicate"]);
    for code in addx::testing::domain::verdict::Verdict::CODES {
        assert!(played.contains(&code), "{code}");
    }
}

#[tokio::test]
async fn what_only_writing_can_cause_is_told_in_xs_own_words_and_blames_no_value() {
    let answers = NOT_HERE
        .iter()
        .filter_map(|(row, _, answer)| Some((row, (*answer)?())));
    for (row, answer) in answers {
        let stage = Stage::set().await;
        let status = answer.status;
        stage.x().force(ME, answer);
        let result = stage.link().await;
        let told = Told::by(&result);
        assert_eq!(told.code, "unexpected", "{row} {result}");
        assert!(
            told.reason.starts_with(&format!("HTTP {status}: “")),
            "{row} {result}"
        );
        assert_eq!(result.labels(), AGAIN);
        assert_eq!(stage.calls(), [ME]);
    }
}
