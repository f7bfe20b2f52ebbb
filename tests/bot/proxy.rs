//! Programs publish through the signing proxy: what is let through, what is not, and what X's answers change.

use std::{net::SocketAddr, time::Duration};

use addx::testing::{
    audit, clients,
    config::AllowedUsers,
    domain::{
        account::AccountId,
        audit::{Act, Actor, Event},
        client::{ClientName, Rule, Terms},
    },
    random::Random,
    store::Store,
    unlock,
    vault::{AuditKey, Vault},
};
use addx_sim::x::{
    AccessLevel, AnswerBody, AppPermission, AppState, Fault, UnexpectedReason, answers,
};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{
    HOUR, ME, MINUTE, World, enter, in_order, link, rotate, shown, try_link, verdict, verify,
};

const POSTS: &str = "/2/tweets";

/// A program with a token.
struct Program {
    http: reqwest::Client,
    address: SocketAddr,
    account: String,
    token: String,
}

impl Program {
    async fn new(world: &World, name: &str, account: AccountId) -> Self {
        Self::on_terms(world, name, account, Terms::default()).await
    }

    async fn with_rules(world: &World, name: &str, account: AccountId, rules: &[Rule]) -> Self {
        let allowed = rules.to_vec();
        let terms = Terms {
            allowed,
            ..Terms::default()
        };
        Self::on_terms(world, name, account, terms).await
    }

    async fn on_terms(world: &World, name: &str, account: AccountId, mut terms: Terms) -> Self {
        let (store, vault, key) = beside(world).await;
        let name: ClientName = name.parse().unwrap();
        let now = world.clock.now();
        terms.accounts.push(account);
        let added = clients::add(&store, &vault, &key, now, &name, terms).await;
        store.close().await.unwrap();
        let token = added.unwrap().token.expose().to_owned();
        world.canary(&token);
        // The bot looks for what another process has promised its user once a minute.
        world.advance(MINUTE);
        Self {
            http: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            address: world.proxy,
            account: account.to_string(),
            token,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/x/{}{path}", self.address, self.account)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, self.url(path))
            .bearer_auth(&self.token)
    }

    async fn post(&self, text: &str) -> reqwest::Response {
        let request = self.request(Method::POST, POSTS);
        request.json(&json!({ "text": text })).send().await.unwrap()
    }

    async fn who(&self) -> reqwest::Response {
        self.request(Method::GET, ME).send().await.unwrap()
    }

    /// Bytes as they are, since a client library would mend them.
    async fn raw(&self, text: &str, then: &[u8]) -> String {
        self.raw_until(text, then, false).await
    }

    async fn raw_until(&self, text: &str, then: &[u8], hangs_up: bool) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        // The proxy may have hung up: it need not read what it does not want.
        let _ = stream.write_all(then).await;
        if hangs_up {
            stream.shutdown().await.unwrap();
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn head(&self, line: &str, more: &str) -> String {
        format!(
            "{line} HTTP/1.1\r\nhost: proxy\r\nconnection: close\r\nauthorization: Bearer {}\r\n{more}\r\n",
            self.token
        )
    }
}

/// The database of a running bot, opened by the operator's command line.
async fn beside(world: &World) -> (Store, Vault, AuditKey) {
    let store = Store::open(&world.database()).await.unwrap();
    let (key_file, random) = (world.key_file(), Random::system());
    let vault = unlock::unlock(&store, &key_file, &world.clock, &random).await;
    let vault = vault.unwrap();
    let key = audit::open_key(&store, &vault).await.unwrap();
    (store, vault, key)
}

/// The id of the account of this name.
async fn account(world: &World, name: &str) -> AccountId {
    let (store, ..) = beside(world).await;
    let all = addx::testing::store::clients::all_accounts(store.reader()).await;
    store.close().await.unwrap();
    let found = all.unwrap().into_iter().find(|each| each.name == name);
    found.unwrap().id
}

async fn error(response: reqwest::Response) -> (StatusCode, String) {
    let status = response.status();
    let kind = response.headers()[header::CONTENT_TYPE].clone();
    assert_eq!(kind, "application/json");
    let body: Value = response.json().await.unwrap();
    assert!(
        body["error"]["message"]
            .as_str()
            .is_some_and(|message| message.ends_with('.'))
    );
    (status, body["error"]["code"].as_str().unwrap().to_owned())
}

async fn uses(world: &World) -> i64 {
    world
        .count("SELECT count(*) FROM audit WHERE event = 'use'")
        .await
}

#[tokio::test]
async fn a_program_publishes_deletes_and_asks_who_it_is_without_holding_a_key() {
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "autoforward", account(&world, "main").await).await;
    let told = person
        .wait_text("gave the program autoforward")
        .await
        .unwrap();
    assert!(told.button("Programs").is_some(), "{told}");

    let response = program.post("Hello from a program 🌱").await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let headers = response.headers().clone();
    for name in [
        "x-rate-limit-remaining",
        "x-rate-limit-reset",
        "x-access-level",
        "location",
    ] {
        assert!(headers.contains_key(name), "{name} is missing");
    }
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["data"]["text"], "Hello from a program 🌱");
    assert_eq!(world.x.posts().len(), 1);

    person.say("/history");
    let history = person.wait_text("What happened").await.unwrap();
    assert!(
        history
            .text
            .contains("main: used by autoforward: POST /2/tweets"),
        "{history}"
    );

    let id = body["data"]["id"].as_str().unwrap();
    let deleted = program.request(Method::DELETE, &format!("{POSTS}/{id}"));
    let deleted: Value = deleted.send().await.unwrap().json().await.unwrap();
    assert_eq!(deleted, json!({ "data": { "deleted": true } }));
    assert!(world.x.posts().is_empty());

    let me: Value = program.who().await.json().await.unwrap();
    assert_eq!(me["data"]["id"], user.id.to_string());
    assert_eq!(uses(&world).await, 3);
    let details = world
        .text("SELECT group_concat(detail, '|') FROM audit WHERE event = 'use'")
        .await;
    assert_eq!(
        details,
        "autoforward: POST /2/tweets|autoforward: DELETE /2/tweets/:id|autoforward: GET /2/users/me"
    );
    person.mark();
    person.say("/history");
    let history = person.wait_text("What happened").await.unwrap();
    assert!(
        history
            .text
            .contains(" UTC main: used by autoforward, 3 times"),
        "{history}"
    );
    world.finish().await;
}

#[tokio::test]
async fn media_pass_as_they_are_up_to_the_limit() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "gallery", account(&world, "main").await).await;

    let upload = |bytes: usize| {
        let body = vec![b'x'; bytes];
        let request = program.request(Method::POST, "/2/media/upload/7/append");
        let kind = "multipart/form-data; boundary=made-up";
        request.header(header::CONTENT_TYPE, kind).body(body).send()
    };
    let limit = 8 * 1024 * 1024;
    let body: Value = upload(limit).await.unwrap().json().await.unwrap();
    assert_eq!(body["data"]["size"], limit);

    let calls = world.x.count("/2/media/upload/7/append");
    // The proxy does not read what it refuses, so a program may not get to read the answer.
    if let Ok(refused) = upload(limit + 1).await {
        let too_large = (StatusCode::PAYLOAD_TOO_LARGE, "too_large".to_owned());
        assert_eq!(error(refused).await, too_large);
    }
    let line = format!("POST /x/{}/2/media/upload/7/append", program.account);
    let head = program.head(&line, &format!("content-length: {}\r\n", limit + 1));
    let answer = program.raw(&head, b"").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(uses(&world).await, 1);

    // Without a length the limit is met on the way.
    let head = program.head(&line, "transfer-encoding: chunked\r\n");
    let mut chunks = Vec::new();
    for _ in 0..9 {
        chunks.extend_from_slice(b"100000\r\n");
        chunks.extend(std::iter::repeat_n(b'x', 1024 * 1024));
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    let answer = program.raw(&head, &chunks).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413 "),
        "{answer}"
    );
    assert_eq!(world.x.count("/2/media/upload/7/append"), calls);
    assert_eq!(
        program.post("after all that").await.status(),
        StatusCode::CREATED
    );
    world.finish().await;
}

#[tokio::test]
async fn half_a_body_publishes_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "hasty", account(&world, "main").await).await;

    let line = format!("POST /x/{}/2/tweets", program.account);
    let more = "content-type: application/json\r\ncontent-length: 100\r\n";
    let head = program.head(&line, more);
    let answer = program.raw_until(&head, br#"{"text":"hal"#, true).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer}"
    );
    // A chunk that is none: the program still listens, and gets its answer.
    let more = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    let head = program.head(&line, more);
    let answer = program.raw(&head, b"5\r\n{\"tex\r\nzz\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(r#""code":"half_body""#), "{answer}");
    assert!(world.x.posts().is_empty());
    assert_eq!(world.x.count(POSTS), 0);
    assert_eq!(program.post("whole").await.status(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn no_wrong_and_revoked_tokens_get_the_same_answer() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let id = account(&world, "main").await;
    let program = Program::new(&world, "old", id).await;
    assert_eq!(program.who().await.status(), StatusCode::OK);
    let (store, _, key) = beside(&world).await;
    let now = world.clock.now();
    clients::revoke(&store, &key, now, &"old".parse().unwrap())
        .await
        .unwrap();
    store.close().await.unwrap();

    let http = &program.http;
    let mut answers = Vec::new();
    for authorization in [
        Some(format!("Bearer {}", program.token)),
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Bearer addx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        Some(format!("Basic {}", program.token)),
        Some(format!("Bearer {}x", program.token)),
        Some(program.token.clone()),
    ] {
        // An account that is there, one that is not, and a path that is not allowed: nobody learns which.
        let other = format!("http://{}/x/AAAAAAAAAAAAAAAAAAAAAA/2/tweets", world.proxy);
        let paths = [program.url(ME), other, format!("http://{}/", world.proxy)];
        for url in paths {
            let mut request = http.get(url);
            if let Some(authorization) = &authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            let mut headers = response.headers().clone();
            headers.remove(header::DATE);
            answers.push(format!("{headers:?}{}", response.text().await.unwrap()));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(world.x.count(ME), 2, "the link's and the first one");
    world.finish().await;
}

#[tokio::test]
async fn an_account_of_another_program_is_not_there() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let other = world.person();
    let (_, _, values) = world.working_values("sapling");
    link(&other, "second", &values).await;
    let mut program = Program::new(&world, "one", account(&world, "main").await).await;
    let _ = Program::new(&world, "two", account(&world, "second").await).await;

    let second = account(&world, "second").await.to_string();
    let unknown = (StatusCode::NOT_FOUND, "unknown_account".to_owned());
    for id in [second.as_str(), "AAAAAAAAAAAAAAAAAAAAAA", "short", "a%20b"] {
        program.account = id.to_owned();
        assert_eq!(error(program.post("not mine").await).await, unknown, "{id}");
    }
    assert!(world.x.posts().is_empty());
    assert_eq!(uses(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn only_allowed_paths_pass_however_they_are_written() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "curious", account(&world, "main").await).await;
    let before = world.x.calls().len();

    for (method, path) in [
        ("GET", "/2/tweets"),
        ("PUT", "/2/tweets"),
        ("post", "/2/tweets"),
        ("GET", "/2/users/me/../../dm_events"),
        ("GET", "/2/users/%6de"),
        ("GET", "/2/users/me/"),
        ("GET", "/2//users/me"),
        ("GET", "//2/users/me"),
        ("GET", "/2/users/me/%2e%2e/by"),
        ("GET", "/2/users%2fme"),
        ("GET", "/2/users\\me"),
        ("GET", "/1.1/account/settings.json"),
        ("POST", "/1.1/oauth/invalidate_token.json"),
        ("POST", "/oauth2/token"),
        ("POST", "/2/dm_conversations/with/1/messages"),
        ("DELETE", "/2/tweets/1/../2"),
        ("OPTIONS", "/2/tweets"),
        ("GET", "/2"),
    ] {
        let line = format!("{method} /x/{}{path}", program.account);
        let answer = program.raw(&program.head(&line, ""), b"").await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{line}: {answer}");
        assert!(answer.contains(r#""code":"not_allowed""#), "{answer}");
    }
    // The account cannot be left through its own segment either.
    let line = format!("GET /x/{}/../../2/users/me", program.account);
    let answer = program.raw(&program.head(&line, ""), b"").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    // A whole URL as the target names another host; the path alone counts, and X's host is not the program's choice.
    let line = format!("GET http://evil.example/x/{}/2/users/me", program.account);
    let answer = program.raw(&program.head(&line, ""), b"").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(world.x.calls().len(), before + 1);
    world.finish().await;
}

#[tokio::test]
async fn a_client_may_be_given_other_paths() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let rules = ["GET /2/users/me".parse().unwrap()];
    let id = account(&world, "main").await;
    let program = Program::with_rules(&world, "reader", id, &rules).await;

    assert_eq!(program.who().await.status(), StatusCode::OK);
    let refused = (StatusCode::FORBIDDEN, "not_allowed".to_owned());
    assert_eq!(error(program.post("no").await).await, refused);
    world.finish().await;
}

#[tokio::test]
async fn a_query_is_signed_and_a_form_is_refused() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "asker", account(&world, "main").await).await;

    for query in [
        "?user.fields=id,name",
        "?user.fields=created_at&expansions=pinned_tweet_id",
        "?a=1&a=0&b%40=%20+%2B&%21=*%27()&empty&c=%C3%A4%F0%9F%8C%B1",
    ] {
        let response = program.request(Method::GET, &format!("{ME}{query}"));
        assert_eq!(
            response.send().await.unwrap().status(),
            StatusCode::OK,
            "{query}"
        );
    }
    let calls = world.x.calls_to(ME);
    assert!(calls.iter().all(|call| call.verified), "{calls:#?}");
    assert_eq!(calls.last().unwrap().query_names.len(), 6);
    // X ignores what it does not know; the simulator complains, for the bot itself never sends any.
    for unexpected in world.x.take_unexpected() {
        let is_query = matches!(unexpected.reason, UnexpectedReason::ExtraParameters(_));
        assert!(is_query, "{unexpected:?}");
    }

    let bad = program.request(Method::GET, &format!("{ME}?oauth_token=made-up"));
    let bad = error(bad.send().await.unwrap()).await;
    assert_eq!(bad, (StatusCode::BAD_REQUEST, "bad_query".to_owned()));
    let form = program
        .request(Method::POST, POSTS)
        .form(&[("text", "form")]);
    let refused = error(form.send().await.unwrap()).await;
    assert_eq!(
        refused,
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "form_body".to_owned())
    );
    assert!(world.x.posts().is_empty());
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_is_not_connected_is_not_used_and_its_code_says_why() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    world.x.force(ME, answers::unavailable());
    try_link(&person, "main", &values).await;
    let program = Program::new(&world, "early", account(&world, "main").await).await;
    let conflict = |code: &str| (StatusCode::CONFLICT, code.to_owned());
    assert_eq!(error(program.who().await).await, conflict("x_unavailable"));

    world.x.clear_all();
    world.advance(MINUTE);
    verify(&person, "connected").await;
    assert_eq!(program.post("one").await.status(), StatusCode::CREATED);

    // X was down at the last check: the values were good, so X decides.
    world.x.force(ME, answers::unavailable());
    world.advance(MINUTE);
    verify(&person, "x_unavailable").await;
    world.x.clear_all();
    assert_eq!(program.post("two").await.status(), StatusCode::CREATED);

    app.revoke(&user);
    world.advance(MINUTE);
    verify(&person, "access_token_rejected").await;
    let before = world.x.calls().len();
    assert_eq!(
        error(program.post("three").await).await,
        conflict("access_token_rejected")
    );
    assert_eq!(world.x.calls().len(), before);
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_only_reads_may_read() {
    let world = World::start().await;
    let person = world.person();
    let user = world.x.new_user("seedling");
    let app = world.x.new_app(&user, AppPermission::Read);
    let values = world.canary_values(app.four_values(&user));
    try_link(&person, "main", &values).await;
    let program = Program::new(&world, "reader", account(&world, "main").await).await;

    assert_eq!(program.who().await.status(), StatusCode::OK);
    let refused = (StatusCode::CONFLICT, "read_only".to_owned());
    assert_eq!(error(program.post("no").await).await, refused);
    assert_eq!(world.x.count(POSTS), 0);
    world.finish().await;
}

#[tokio::test]
async fn a_refusal_of_x_comes_back_and_makes_x_be_asked_about_the_account() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let terms = Terms {
        max_per_second: Some(1000),
        ..Terms::default()
    };
    let main = account(&world, "main").await;
    let program = Program::on_terms(&world, "unlucky", main, terms).await;
    world.advance(HOUR);
    app.revoke(&user);

    world.rest().await;
    let before = person.chat().messages.len();
    let response = program.post("too late").await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["title"], "Unauthorized");
    // A hundred more change nothing: one refusal is no news, and X is asked once, after a while.
    for _ in 0..100 {
        let response = program.post("too late").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    world.advance(9 * MINUTE);
    world.rest().await;
    assert_eq!(world.x.count(ME), 1);
    assert_eq!(person.chat().messages.len(), before);
    world.advance(MINUTE);
    let told = verdict(&person, "access_token_rejected").await;
    insta::assert_snapshot!(shown(&told), @"
    ⛔ main: X rejected the Access Token
    Last accepted by X: 12:00 UTC. X rejected it for the program unlucky first, then in my own check. Programs cannot post with it.

    1. In X: your app → User authentication settings → Read and write → Save.
    2. Then Keys & Tokens → Access Token → Regenerate.
    3. Tap Send new token pair (or send /rotate) and send the new pair.

    Code: access_token_rejected
    [Send new token pair]
    ");
    world.rest().await;
    assert_eq!(world.x.count(ME), 2);
    assert_eq!(person.chat().messages.len(), before + 1);
    let refused = (StatusCode::CONFLICT, "access_token_rejected".to_owned());
    assert_eq!(error(program.post("again").await).await, refused);
    world.finish().await;
}

#[tokio::test]
async fn a_refusal_of_one_post_asks_x_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "parrot", account(&world, "main").await).await;
    world.advance(HOUR);

    assert_eq!(program.post("again").await.status(), StatusCode::CREATED);
    let response = program.post("again").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.text().await.unwrap().contains("duplicate content"));
    world.rest().await;
    assert_eq!(world.x.count(ME), 1);

    // Another 403 may be about the account.
    world.x.answer_next(POSTS, answers::not_permitted());
    assert_eq!(program.post("what").await.status(), StatusCode::FORBIDDEN);
    world.rest().await;
    assert_eq!(world.x.count(ME), 2);
    // And one that was answered a moment ago is not asked again.
    world.x.answer_next(POSTS, answers::not_permitted());
    let before = person.chat().messages.len();
    assert_eq!(program.post("what").await.status(), StatusCode::FORBIDDEN);
    world.rest().await;
    assert_eq!(world.x.count(ME), 2);
    assert_eq!(person.chat().messages.len(), before, "all is well");
    world.finish().await;
}

#[tokio::test]
async fn a_refusal_that_shows_that_a_token_only_reads_is_told_once() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "parrot", account(&world, "main").await).await;
    world.advance(HOUR);
    world.x.answer_next(POSTS, answers::not_permitted());
    world
        .x
        .set_access_level(AccessLevel::Text("read".to_owned()));
    assert_eq!(program.post("what").await.status(), StatusCode::FORBIDDEN);
    let told = verdict(&person, "read_only").await;
    insta::assert_snapshot!(shown(&told), @"
    ⚠️ main is connected as @seedling, but can only read
    X did not say so at the previous check.

    1. In X: your app → User authentication settings → Read and write → Save.
    2. Then Keys & Tokens → Access Token → Regenerate.
    3. Tap Send new token pair (or send /rotate) and send the new pair.
    In step 3 you can also get the token pair from X with a PIN.

    Code: read_only
    [Send new token pair]
    ");
    world.rest().await;
    let before = person.chat().messages.len();
    let refused = (StatusCode::CONFLICT, "read_only".to_owned());
    assert_eq!(error(program.post("no").await).await, refused);
    world.rest().await;
    assert_eq!(person.chat().messages.len(), before);
    world.finish().await;
}

#[tokio::test]
async fn programs_that_are_all_refused_at_once_alarm_the_owner_and_no_user() {
    let mut world = World::without_bot().await;
    let owner = world.person();
    world.owner = Some(owner.id());
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I connect your X account").await.unwrap();
    let mut programs = Vec::new();
    for (name, username) in [("one", "ada"), ("two", "bea"), ("three", "cem")] {
        let (user, app, values) = world.working_values(username);
        link(&owner, name, &values).await;
        let program = Program::new(&world, username, account(&world, name).await).await;
        programs.push((program, user, app));
    }
    world.rest().await;
    world.advance(HOUR);
    owner.mark();
    for path in [POSTS, ME] {
        world.x.force(path, answers::unauthorized());
    }
    let older = "/1.1/account/verify_credentials.json";
    world.x.force(older, answers::code(89));
    for (program, ..) in &programs {
        let response = program.post("storm").await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    world.advance(10 * MINUTE);
    let alarm = owner.wait_text("Owner notice").await.unwrap();
    assert!(alarm.text.contains("accounts of several apps"), "{alarm}");
    for _ in 0..3 {
        world.advance(HOUR);
        world.rest().await;
    }
    let said = owner.chat().messages;
    assert!(
        !said
            .iter()
            .any(|message| message.text.ends_with("rejected")),
        "nobody is told of a death"
    );

    // It is over; one of them died in truth.
    world.x.clear_all();
    let (_, user, app) = &programs[0];
    app.revoke(user);
    for _ in 0..3 {
        world.advance(HOUR);
        world.rest().await;
    }
    verdict(&owner, "access_token_rejected").await;
    let said = owner.chat().messages;
    let over = |text: &str| text.contains("X accepts accounts again");
    assert!(said.iter().any(|message| over(&message.text)));
    let posted = programs[1].0.post("calm").await;
    assert_eq!(posted.status(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn after_a_429_x_is_left_alone_until_it_takes_requests_again() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "eager", account(&world, "main").await).await;

    let reset = world.x.now() + 300;
    let limited = answers::too_many_requests()
        .header("x-rate-limit-limit", "100")
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", &reset.to_string());
    world.x.answer_next(POSTS, limited);
    let first = program.post("one").await;
    assert_eq!(first.status(), StatusCode::TOO_MANY_REQUESTS);
    let told = |response: &reqwest::Response| {
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        [
            "x-rate-limit-limit",
            "x-rate-limit-remaining",
            "x-rate-limit-reset",
        ]
        .map(header)
    };
    let of_x = told(&first);
    assert_eq!(of_x[2], reset.to_string());

    let second = program.post("two").await;
    assert_eq!(told(&second), of_x);
    let denied = (StatusCode::TOO_MANY_REQUESTS, "rate_limited".to_owned());
    assert_eq!(error(second).await, denied);
    assert_eq!(world.x.count(POSTS), 1, "X was left alone");
    assert_eq!(program.who().await.status(), StatusCode::OK, "another kind");

    world.advance(Duration::from_secs(299));
    assert_eq!(error(program.post("three").await).await, denied);
    world.advance(Duration::from_secs(1));
    assert_eq!(program.post("four").await.status(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn when_x_does_not_answer_the_program_is_told_and_nothing_is_tried_again() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "patient", account(&world, "main").await).await;

    world.x.answer_next(POSTS, Fault::DropConnection);
    let lost = program.post("lost").await;
    assert_eq!(
        error(lost).await,
        (StatusCode::BAD_GATEWAY, "x_unavailable".to_owned())
    );
    assert_eq!(world.x.count(POSTS), 1);

    world.x.answer_next(POSTS, answers::unavailable());
    assert_eq!(
        program.post("down").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    world
        .x
        .answer_next(POSTS, answers::Answer::redirect("http://evil.example/"));
    let moved = program.post("moved").await;
    assert_eq!(
        moved.status(),
        StatusCode::FOUND,
        "handed back, not followed"
    );

    assert_eq!(program.post("found").await.status(), StatusCode::CREATED);
    world.x.stop();
    let gone = program.post("gone").await;
    assert_eq!(gone.status(), StatusCode::BAD_GATEWAY);
    world.finish().await;
}

#[tokio::test]
async fn the_user_takes_an_account_back_from_a_program() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "autoforward", account(&world, "main").await).await;
    assert_eq!(program.post("one").await.status(), StatusCode::CREATED);

    person.say("/accounts");
    let list = person.wait_text("used by autoforward").await.unwrap();
    assert!(list.button("Programs · main").is_some(), "{list}");
    person.press("Programs · main").unwrap();
    person
        .wait_text("Programs with access to main")
        .await
        .unwrap();
    person.press("Take back from autoforward").unwrap();
    person
        .wait_text("autoforward no longer has access to main")
        .await
        .unwrap();
    let unknown = (StatusCode::NOT_FOUND, "unknown_account".to_owned());
    assert_eq!(error(program.post("two").await).await, unknown);

    // The button is old now, and does nothing.
    let stranger = world.person();
    person.press("Take back from autoforward").unwrap();
    stranger.say("/accounts");
    stranger.wait_text("not linked").await.unwrap();
    world.rest().await;
    let taken = "SELECT count(*) FROM audit WHERE event = 'client_take_back'";
    assert_eq!(world.count(taken).await, 1);
    world.finish().await;
}

#[tokio::test]
async fn programs_end_with_their_users_access_and_come_back_with_it() {
    let mut world = World::without_bot().await;
    let (owner, eve) = (world.person(), world.person());
    world.owner = Some(owner.id());
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I connect your X account").await.unwrap();
    let let_in = "can use this bot now";
    eve.say("/start");
    owner.wait_text("wants to use this bot").await.unwrap();
    owner.press("Approve").unwrap();
    owner.wait_text(let_in).await.unwrap();
    eve.wait_text("approved you").await.unwrap();
    let (_, _, values) = world.working_values("seedling");
    link(&eve, "main", &values).await;
    let program = Program::new(&world, "autoforward", account(&world, "main").await).await;
    assert_eq!(program.post("one").await.status(), StatusCode::CREATED);

    owner.say(&format!("/block {}", eve.id()));
    let blocked = owner.wait_text("can no longer use this bot").await.unwrap();
    assert!(blocked.text.contains("programs"), "{blocked}");
    let shut_out = (StatusCode::CONFLICT, "no_access".to_owned());
    assert_eq!(error(program.post("two").await).await, shut_out);
    assert_eq!(error(program.who().await).await, shut_out);
    assert_eq!(world.x.count(POSTS), 1);

    owner.tap(blocked.id, "Approve").unwrap();
    owner.wait_text(let_in).await.unwrap();
    assert_eq!(program.post("three").await.status(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn whoever_leaves_the_fixed_list_takes_their_programs_along() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "autoforward", account(&world, "main").await).await;
    assert_eq!(program.post("one").await.status(), StatusCode::CREATED);

    world.stop_bot().await;
    world.allowed = AllowedUsers::Only([1].into());
    world.start_bot().await;
    let shut_out = (StatusCode::CONFLICT, "no_access".to_owned());
    assert_eq!(error(program.post("two").await).await, shut_out);
    world.stop_bot().await;
    world.allowed = AllowedUsers::Only([person.id()].into());
    world.start_bot().await;
    assert_eq!(program.post("three").await.status(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn a_use_is_named_by_its_rule_and_so_names_nobody() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let rules = ["GET /2/users/by/username/:name".parse().unwrap()];
    let id = account(&world, "main").await;
    let program = Program::with_rules(&world, "looker", id, &rules).await;

    let path = "/2/users/by/username/somebody_private";
    let asked = program.request(Method::GET, path).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::NOT_FOUND);
    let detail = world
        .text("SELECT group_concat(detail, '|') FROM audit WHERE event = 'use'")
        .await;
    assert_eq!(detail, "looker: GET /2/users/by/username/:name");

    // X's limit is for the kind of question, whoever it is about.
    let reset = (world.x.now() + 300).to_string();
    let limited = answers::too_many_requests().header("x-rate-limit-reset", &reset);
    world.x.answer_next(path, limited);
    let asked = program.request(Method::GET, path).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = program.request(Method::GET, "/2/users/by/username/somebody_else");
    let denied = (StatusCode::TOO_MANY_REQUESTS, "rate_limited".to_owned());
    assert_eq!(error(other.send().await.unwrap()).await, denied);
    for unexpected in world.x.take_unexpected() {
        assert_eq!(unexpected.reason, UnexpectedReason::UnknownPath);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_429_ends_with_a_rotation_to_another_app_and_its_wait_counts_down() {
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "eager", account(&world, "main").await).await;

    let limited = answers::too_many_requests().header("retry-after", "600");
    world.x.answer_next(POSTS, limited);
    let first = program.post("one").await;
    assert_eq!(first.headers()[header::RETRY_AFTER], "600");
    world.advance(Duration::from_secs(200));
    let second = program.post("two").await;
    assert_eq!(second.headers()[header::RETRY_AFTER], "400");
    let denied = (StatusCode::TOO_MANY_REQUESTS, "rate_limited".to_owned());
    assert_eq!(error(second).await, denied);

    let app = world.x.new_app(&user, AppPermission::ReadWrite);
    let values = world.canary_values(app.four_values(&user));
    rotate(&person, "All four").await;
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    assert_eq!(program.post("three").await.status(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn a_refusal_counts_though_its_body_breaks_off() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "unlucky", account(&world, "main").await).await;
    world.advance(HOUR);
    app.revoke(&user);

    let half = AnswerBody::Cut(br#"{"title":"Unauth"#.to_vec());
    world.x.answer_next(POSTS, answers::Answer::json(401, half));
    let response = program.post("too late").await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    world.advance(10 * MINUTE);
    let told = verdict(&person, "access_token_rejected").await;
    assert!(
        told.text.contains("X rejected it for the program unlucky"),
        "{told}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_request_under_way_is_finished_when_the_bot_stops() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "last", account(&world, "main").await).await;

    let hold = world.x.hold(POSTS);
    let asking = tokio::spawn(async move { program.post("just in time").await.status() });
    hold.wait_arrived(1).await.unwrap();
    let stopping = async {
        world.stop_bot().await;
        assert!(std::net::TcpStream::connect(world.proxy).is_err());
    };
    let releasing = async {
        tokio::task::yield_now().await;
        hold.release();
    };
    tokio::join!(stopping, releasing);
    assert_eq!(asking.await.unwrap(), StatusCode::CREATED);
    world.finish().await;
}

#[tokio::test]
async fn a_client_library_that_others_made_publishes_by_another_address_alone() {
    use twapi_v2::{
        api::{
            BearerAuthentication, TwapiOptions, delete_2_tweets_id, get_2_users_me, post_2_tweets,
        },
        error::Error,
    };
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "library", account(&world, "main").await).await;

    let options = TwapiOptions {
        prefix_url: Some(program.url("")),
        ..TwapiOptions::default()
    };
    let token = BearerAuthentication::new(&program.token);
    let text = |text: &str| {
        let body = post_2_tweets::Body {
            text: Some(text.to_owned()),
            ..post_2_tweets::Body::default()
        };
        post_2_tweets::Api::new(body).twapi_options(options.clone())
    };
    let (posted, headers) = text("Hello from a library 🌱")
        .execute(&token)
        .await
        .unwrap();
    let posted = posted.data.unwrap();
    assert_eq!(posted.text.as_deref(), Some("Hello from a library 🌱"));
    let posts = user.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(posted.id, Some(posts[0].id.to_string()));
    assert!(headers.x_rate_limit_remaining.is_some(), "{headers:?}");

    let again = text("Hello from a library 🌱").execute(&token).await;
    let Err(Error::Twitter(refused, ..)) = again else {
        panic!("{again:?}");
    };
    assert_eq!(refused.status_code, StatusCode::FORBIDDEN.as_u16());
    let stranger = BearerAuthentication::new("addx_made-up");
    assert!(text("no").execute(&stranger).await.is_err());

    let me = get_2_users_me::Api::new().twapi_options(options.clone());
    let (me, _) = me.execute(&token).await.unwrap();
    assert_eq!(me.data.unwrap().id, user.id.to_string());
    let deleting = delete_2_tweets_id::Api::new(&posted.id.unwrap()).twapi_options(options.clone());
    let (deleted, _) = deleting.execute(&token).await.unwrap();
    assert_eq!(deleted.data.unwrap().deleted, Some(true));
    assert!(user.posts().is_empty());
    assert_eq!(uses(&world).await, 4);
    world.finish().await;
}

/// The piece of `docs/publishing.md` in this language.
fn piece(language: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/publishing.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("## The proxy").unwrap();
    let begin = format!("\n```{language}\n");
    let (_, rest) = rest.split_once(&begin).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

#[tokio::test]
#[ignore = "needs curl, Node, and Python with X's SDK; .ci/clients runs it"]
async fn programs_in_other_languages_publish_as_the_page_shows_it() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let program = Program::new(&world, "polyglot", account(&world, "main").await).await;

    for (interpreter, arguments, language) in [
        ("sh", ["-c"].as_slice(), "sh"),
        ("python", &["-c"], "python"),
        ("node", &["--input-type=module", "--eval"], "js"),
    ] {
        let name = match language {
            "sh" => "curl",
            "python" => "Python",
            _ => "Node",
        };
        let mut command = std::process::Command::new(interpreter);
        command
            .args(arguments)
            .arg(piece(language))
            .env("ADDX_PROXY", format!("http://{}", world.proxy))
            .env("ADDX_ACCOUNT", &program.account)
            .env("ADDX_TOKEN", &program.token);
        let running = tokio::task::spawn_blocking(move || command.output());
        let ran = running.await.unwrap().unwrap();
        assert!(ran.status.success(), "{name}: {ran:?}");
        let post = world.x.posts().pop().unwrap();
        assert_eq!(post.text, format!("Hello from {name}"));
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(said.contains(&post.id.to_string()), "{name}: {said}");
    }
    assert_eq!(uses(&world).await, 3);
    world.finish().await;
}

#[tokio::test]
async fn a_rust_program_opens_the_same_database_and_publishes() {
    use addx::publish::{OpenError, Place, PostError, Publisher};
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let place = Place {
        database: world.database(),
        key_file: world.key_file(),
        x_url: world.x.url().parse().unwrap(),
    };
    let publisher = Publisher::open_with(&place, world.clock.clone(), Random::seeded(9))
        .await
        .unwrap();
    let accounts = publisher.accounts().await.unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0].x_username.as_deref(), Some("seedling"));
    let main = accounts[0].id;

    let post = publisher.post(main, "Hello from Rust").await.unwrap();
    assert_eq!(world.x.posts()[0].id.to_string(), post.as_str());
    let again = publisher.post(main, "Hello from Rust").await.unwrap_err();
    assert!(matches!(&again, PostError::Refused(verdict) if verdict.code() == "duplicate"));
    let long = publisher.post(main, &"a".repeat(281)).await.unwrap_err();
    assert!(matches!(long, PostError::Text(_)), "{long}");
    let nobody = publisher
        .post(AccountId::from_bytes([0; 16]), "hello")
        .await;
    assert!(matches!(nobody, Err(PostError::NoSuchAccount)));
    world.x.answer_next(POSTS, Fault::DropConnection);
    let lost = publisher.post(main, "lost").await.unwrap_err();
    assert!(matches!(lost, PostError::Unknown), "{lost}");
    app.revoke(&user);
    let refused = publisher.post(main, "too late").await.unwrap_err();
    assert!(matches!(refused, PostError::ValuesRefused), "{refused}");
    assert_eq!(uses(&world).await, 4, "each that was sent to X");
    // The bot asks again before it believes that, finds out which value it is, and tells the user.
    world.advance(14 * MINUTE);
    world.rest().await;
    assert_eq!(world.x.count(ME), 1, "X was asked a moment ago");
    world.advance(MINUTE);
    let told = verdict(&person, "access_token_rejected").await;
    assert!(
        told.text.contains("X rejected it for the program library"),
        "{told}"
    );
    let known = publisher.post(main, "much too late").await.unwrap_err();
    assert!(
        matches!(known, PostError::NotConnected("access_token_rejected")),
        "{known}"
    );
    publisher.close().await.unwrap();

    let elsewhere = Place {
        database: place.database.with_extension("elsewhere"),
        ..place
    };
    let none = Publisher::open(&elsewhere).await.err().unwrap();
    assert!(matches!(none, OpenError::NoDatabase(_)), "{none}");
    world.finish().await;
}

#[tokio::test]
async fn thousands_of_uses_hide_nothing_of_what_a_person_did() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let id = account(&world, "main").await;
    let (store, _, key) = beside(&world).await;
    for (day, times) in [(0, 3000), (1, 1), (2, 2000)] {
        if day > 0 {
            world.advance(24 * HOUR);
        }
        let acts = (0..times).map(|number| Act {
            owner: person.id(),
            actor: Actor::Program,
            event: Event::Use,
            account: Some(id),
            detail: match number % 2 {
                0 => "feed: POST /2/tweets".to_owned(),
                _ => "library: POST /2/tweets".to_owned(),
            },
        });
        let mut tx = store.begin().await.unwrap();
        let now = world.clock.now();
        audit::note_all(&mut tx, &key, acts, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    store.close().await.unwrap();
    person.mark();
    person.say("/history");
    let history = person.wait_text("What happened").await.unwrap();
    let lines: Vec<&str> = history.text.lines().skip(2).collect();
    let uses = lines.iter().filter(|line| line.contains("used by"));
    assert_eq!(uses.count(), 5, "{history}");
    for wanted in [
        "main: used by feed, 1500 times",
        "main: used by library, 1000 times",
        "main: used by feed: POST /2/tweets",
        "main: linked",
    ] {
        assert!(
            lines.iter().any(|line| line.ends_with(wanted)),
            "{wanted} is not in {history}"
        );
    }

    person.say("/mydata");
    let said = person.wait_text("Everything stored about you").await;
    let (_, json) = said.unwrap().file.unwrap();
    let data: Value = serde_json::from_str(&json).unwrap();
    let days = data["uses_by_programs"].as_array().unwrap();
    let of = |program: &str| -> Vec<i64> {
        let days = days.iter().filter(|day| day["program"] == program);
        days.map(|day| day["times"].as_i64().unwrap()).collect()
    };
    assert_eq!(of("feed"), [1000, 1, 1500], "{data}");
    assert_eq!(of("library"), [1000, 1500], "{data}");
    let others = data["history"].as_array().unwrap();
    assert!(others.iter().all(|entry| entry["event"] != "use"), "{data}");
    assert!(others.iter().any(|entry| entry["event"] == "link"));
    world.finish().await;
}

#[tokio::test]
async fn what_x_says_to_a_rust_program_counts_for_the_account_and_a_blocked_user_has_none() {
    use addx::{
        publish::{Place, PostError, Publisher},
        testing::{domain::facts::Standing, store::access},
    };
    let world = World::start().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let place = Place {
        database: world.database(),
        key_file: world.key_file(),
        x_url: world.x.url().parse().unwrap(),
    };
    let publisher = Publisher::open_with(&place, world.clock.clone(), Random::seeded(9))
        .await
        .unwrap();
    let main = publisher.accounts().await.unwrap()[0].id;
    world.advance(MINUTE);
    app.set_write_state(AppState::NoCredits);
    let poor = publisher.post(main, "hello").await.unwrap_err();
    assert!(matches!(&poor, PostError::Refused(verdict) if verdict.code() == "no_credits"));
    let noted = world.text("SELECT verdict FROM accounts").await;
    assert!(noted.contains("no_credits"), "{noted}");
    app.set_write_state(AppState::Enrolled);
    publisher.post(main, "hello").await.unwrap();

    let (store, ..) = beside(&world).await;
    let now = world.clock.now();
    for (standing, works) in [(Standing::Blocked, false), (Standing::Granted, true)] {
        access::decide(store.writer(), person.id(), standing, now)
            .await
            .unwrap();
        let posted = publisher.post(main, &format!("{standing:?}")).await;
        assert_eq!(posted.is_ok(), works);
        assert!(works || matches!(posted, Err(PostError::NoAccess)));
    }
    store.close().await.unwrap();
    publisher.close().await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn a_rust_program_of_another_version_is_refused_and_changes_nothing() {
    use addx::publish::{OpenError, Place, Publisher};
    let mut world = World::start().await;
    world.stop_bot().await;
    let place = Place {
        database: world.database(),
        key_file: world.key_file(),
        x_url: world.x.url().parse().unwrap(),
    };
    let newest = "SELECT max(version) FROM _sqlx_migrations";
    let known = world.count(newest).await;
    for (change, found) in [
        (
            "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
            None,
        ),
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999, 'later', 1, x'00', 0)",
            Some(999),
        ),
    ] {
        world.execute(change).await;
        let before = world.count(newest).await;
        let refused = Publisher::open(&place).await.err().unwrap();
        assert!(matches!(refused, OpenError::Store(_)), "{refused}");
        let said = refused.to_string();
        let versions = format!(
            "schema version {}, and this program knows {known}",
            found.unwrap_or(before)
        );
        assert!(said.contains(&versions), "{said}");
        assert_eq!(world.count(newest).await, before, "nothing was changed");
    }
}

#[tokio::test]
async fn a_program_has_no_more_requests_than_it_may_and_leaves_the_others_theirs() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let id = account(&world, "main").await;
    let terms = Terms {
        max_concurrent: Some(2),
        max_per_second: Some(5),
        ..Terms::default()
    };
    let greedy = Program::on_terms(&world, "greedy", id, terms).await;
    let other = Program::new(&world, "other", id).await;
    let (calls, noted) = (world.x.count(ME), uses(&world).await);
    // The clock stands still, so all of these are of one second.
    for _ in 0..5 {
        assert_eq!(greedy.who().await.status(), StatusCode::OK);
    }
    let refused = greedy.who().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    let said: Value = refused.json().await.unwrap();
    assert_eq!(said["error"]["code"], "client_limit");
    assert_eq!(
        (world.x.count(ME), uses(&world).await),
        (calls + 5, noted + 5)
    );
    assert_eq!(other.who().await.status(), StatusCode::OK);

    // X takes its time: two are under way.
    world.advance(Duration::from_secs(1));
    let hold = world.x.hold(ME);
    let arrived = world.x.count(ME) + 2;
    let asking = async {
        world.x.wait_arrivals(ME, arrived).await.unwrap();
        let third = greedy.who().await.status();
        let others = other.request(Method::GET, POSTS).send().await.unwrap();
        drop(hold);
        (third, others.status())
    };
    let (one, two, (third, others)) = tokio::join!(greedy.who(), greedy.who(), asking);
    assert_eq!([one.status(), two.status()], [StatusCode::OK; 2]);
    assert_eq!(third, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        others,
        StatusCode::FORBIDDEN,
        "the other program has its own"
    );
    assert_eq!(greedy.who().await.status(), StatusCode::OK);
}
