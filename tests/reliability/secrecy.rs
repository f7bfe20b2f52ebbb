//! Drives values that must not be found through every path there is, and then searches everything for them.

use std::time::{Duration, Instant};

use addx_sim::{
    port::ReservedPort,
    telegram::{Fault, FaultKind, Person},
    x::{Answer, Fault as XFault, FourValues},
};
use serde_json::{Value, json};

use crate::{
    canary::{Canary, search},
    story::{self, in_order},
    world::{World, may_dump_core, memory},
};

/// Made-up values of the right forms: 25, 50, 50 with an id in front, and 45 characters.
struct Made(u32);

impl Made {
    fn letters(&mut self, length: usize) -> String {
        let letters = b"ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";
        (0..length)
            .map(|_| {
                self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let place = usize::try_from(self.0 >> 8).unwrap() % letters.len();
                char::from(letters[place])
            })
            .collect()
    }

    fn values(&mut self) -> FourValues {
        FourValues {
            consumer_key: self.letters(25),
            consumer_secret: self.letters(50),
            access_token: format!("1700000000000000001-{}", self.letters(30)),
            access_token_secret: self.letters(45),
        }
    }
}

/// Two people, the bot, and everything that was sent, with the way it went.
struct Scene {
    world: World,
    made: Made,
    sent: Vec<Canary>,
    ada: Person,
    bea: Person,
}

impl Scene {
    /// Notes that a value is sent in this way.
    fn note<'a>(&mut self, way: &str, value: &'a str) -> &'a str {
        self.sent.push(Canary::new(way, value));
        value
    }

    fn note_all(&mut self, way: &str, values: &FourValues) {
        for (name, value) in ["key", "secret", "token", "token secret"]
            .into_iter()
            .zip(in_order(values))
        {
            self.note(&format!("{way} {name}"), value);
        }
    }

    /// Linked and rotated; with the failpoints, a handler panics on the way.
    async fn link(&mut self) -> FourValues {
        let (user, app, values) = self.world.working_values("seedling");
        self.note_all("linked", &values);
        story::link(&self.ada, &values).await.unwrap();
        let token = app.generate_token(&user);
        self.note("rotated token", &token.token);
        self.note("rotated token secret", &token.secret);
        story::rotate(&self.ada, &token).await.unwrap();
        values
    }

    /// With a PIN, then with the same app; the PIN is wrong at first. Both end at X.
    async fn link_with_pin(&mut self) {
        let (_, _, values) = self.world.working_values("company");
        self.note_all("linked with a PIN", &values);
        let users = [
            self.world.x.new_user("first"),
            self.world.x.new_user("second"),
        ];
        let (x, bea) = (&self.world.x, &self.bea);
        story::link_with_pin(x, bea, &values, &users[0], &mut self.sent)
            .await
            .unwrap();
        story::link_with_same_app(x, bea, &users[1], &mut self.sent)
            .await
            .unwrap();
        for name in ["main", "shop"] {
            story::revoke(bea, name).await.unwrap();
        }
    }

    /// A program publishes through the proxy, shows what it should not, and X repeats what it was asked with.
    async fn publish(&mut self, proxy: &str, values: &FourValues) {
        let accounts = self.world.operator(&["client", "accounts", "--json"]);
        let accounts: Value = serde_json::from_str(&accounts).unwrap();
        let account = accounts[0]["id"].as_str().unwrap();
        let option = format!("--accounts={account}");
        let added = self
            .world
            .operator(&["client", "add", "program", "--json", &option]);
        let added: Value = serde_json::from_str(&added).unwrap();
        let token = added["token"].as_str().unwrap().to_owned();
        self.note("a program's token", &token);
        let made: Vec<String> = (0..6).map(|_| self.made.letters(40)).collect();
        let [wrong, cookie, header, text, path, query] = made.as_slice() else {
            unreachable!("six were made");
        };
        for (way, value) in [
            ("a wrong token", wrong),
            ("a program's cookie", cookie),
            ("a program's header", header),
            ("a program's body", text),
            ("a program's path", path),
            ("a program's query", query),
        ] {
            self.note(way, value);
        }
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let base = format!("http://{proxy}/x/{account}");
        let post = |token: &str, path: &str| {
            http.post(format!("{base}{path}"))
                .bearer_auth(token)
                .header("cookie", cookie)
                .header("x-own", header)
                .json(&json!({ "text": text }))
                .send()
        };
        let posts = "/2/tweets";
        assert_eq!(post(&token, posts).await.unwrap().status(), 201);
        assert_eq!(post(wrong, posts).await.unwrap().status(), 401);
        let elsewhere = format!("/2/{path}?{query}={query}");
        assert_eq!(post(&token, &elsewhere).await.unwrap().status(), 403);
        let signed = format!("{posts}?oauth_token={query}");
        assert_eq!(post(&token, &signed).await.unwrap().status(), 400);
        let echo = format!("{} {text} {cookie}", in_order(values).join(" "));
        let problem = json!({ "title": echo, "detail": echo, "type": echo }).to_string();
        for status in [400, 401, 403, 429, 500] {
            let answer = Answer::json(status, problem.clone()).header("x-echo", &echo);
            self.world.x.answer_next(posts, XFault::Answer(answer));
            assert_eq!(post(&token, posts).await.unwrap().status(), status);
        }
        self.world.x.answer_next(posts, XFault::DropConnection);
        assert_eq!(post(&token, posts).await.unwrap().status(), 502);
        let log = self.world.log();
        assert!(log.contains("a program used an account"), "{log}");
        assert!(log.contains("a program was turned away"), "{log}");
    }

    /// Outside a flow: as a text, a caption, forwarded, an edit, after commands, as a name.
    async fn stray(&mut self) {
        let stray = self.made.values();
        self.note_all("stray", &stray);
        let ada = self.ada.clone();
        ada.say(&stray.access_token);
        ada.wait_text("looked like a key or token").await.unwrap();
        ada.send_photo(Some(&stray.consumer_secret));
        ada.send_document("keys.txt", Some(&stray.access_token_secret));
        ada.forward(&stray.consumer_key);
        let edited = ada.say("a harmless note");
        let value = self.made.letters(50);
        ada.edit(edited.message_id, self.note("an edit", &value))
            .unwrap();
        for command in [
            "/addx",
            "/verify",
            "/rotate",
            "/unlink",
            "/start",
            "/nonsense",
        ] {
            let value = self.made.letters(50);
            ada.say(&format!("{command} {}", self.note(command, &value)));
        }
        ada.say("/addx");
        ada.wait_text("How do you want to call it").await.unwrap();
        let value = self.made.letters(50);
        ada.say(self.note("as a name", &value));
        ada.wait_text("looks like a key").await.unwrap();
        ada.say("second");
        ada.wait_text("Step 1 of 4").await.unwrap();
    }

    /// In a flow: rejected, held, a caption, an unknown command, several at once; then left.
    async fn abandon(&mut self) {
        let ada = self.ada.clone();
        let halves = [self.made.letters(12), self.made.letters(12)];
        for half in &halves {
            self.note("rejected", half);
        }
        ada.say(&halves.join(" "));
        let held = self.made.values().access_token;
        ada.say(self.note("held", &held));
        has_button(&ada, "Send it again").await;
        ada.press("Send it again").unwrap();
        ada.wait_text("Step 1 of 4").await.unwrap();
        let value = self.made.letters(50);
        ada.send_photo(Some(self.note("a caption in a flow", &value)));
        let value = format!("/{}", self.made.letters(30));
        ada.say(self.note("an unknown command in a flow", &value));
        let block = self.made.values();
        self.note_all("in a block", &block);
        ada.say(&format!(
            "Consumer Key: {}\nConsumer Secret: {}\nAccess Token: {}",
            block.consumer_key, block.consumer_secret, block.access_token
        ));
        ada.wait_text("Step 4 of 4").await.unwrap();
        ada.say("/cancel");
        ada.wait_text("are wiped").await.unwrap();
    }

    /// X refuses, and its answers repeat what they were asked with.
    async fn be_refused(&mut self) {
        let wrong = self.made.values();
        self.note_all("refused", &wrong);
        let echo = in_order(&wrong).join(" ");
        let problem = json!({
            "title": echo, "detail": echo, "type": echo, "errors": [{ "code": 89, "message": echo }],
        });
        let answers = [
            Answer::json(401, problem.to_string()),
            Answer::html(500, echo.clone()),
            Answer::json(403, problem.to_string()).header("x-echo", &wrong.consumer_key),
            Answer::text(200, echo.clone()),
        ];
        for answer in answers {
            for path in [
                "/2/users/me",
                "/oauth2/token",
                "/oauth/request_token",
                "/1.1/account/verify_credentials.json",
            ] {
                self.world.x.force(path, XFault::Answer(answer.clone()));
            }
            let person = self.world.telegram.new_user("Cleo", None);
            let asked = self.world.x.calls().len();
            person.say("/addx wrong");
            for (index, value) in in_order(&wrong).into_iter().enumerate() {
                let step = format!("Step {} of 4", index + 1);
                person.wait_text(&step).await.unwrap();
                person.say(value);
            }
            has_button(&person, "Check again").await;
            assert!(self.world.x.calls().len() > asked, "X was not asked");
        }
        self.world.x.clear_all();
    }

    /// In a group where the bot may delete, and in one where it may not.
    async fn be_in_groups(&mut self) {
        self.world.telegram.set_privacy_mode(false);
        for (title, may_delete) in [("With rights", true), ("Without", false)] {
            let group = self.world.telegram.new_group(title);
            group.set_bot_admin(&self.ada, may_delete);
            let value = self.made.letters(50);
            let text = format!("my secret is {}", self.note(title, &value));
            self.ada.say_in(&group, &text);
            group.wait_text("regenerate this one").await.unwrap();
        }
    }

    /// Answers of Telegram that break off, with messages in them, and updates that cannot be read.
    async fn be_unreadable(&mut self) {
        let telegram = self.world.telegram.clone();
        let broken = Fault::on("getUpdates", FaultKind::InvalidJson);
        telegram.add_fault(broken.times(2));
        let value = self.made.letters(50);
        let text = self.note("in an unreadable answer of Telegram", &value);
        self.bea.say(text);
        let noticed = self.bea.wait_text("looked like a key or token");
        noticed.await.unwrap();
        let value = self.made.letters(50);
        telegram.push_raw(json!({ "message": {
            "message_id": 900_001,
            "date": telegram.now(),
            "chat": { "id": self.bea.id(), "type": "private", "first_name": "Bea" },
            "from": { "id": self.bea.id() },
            "text": self.note("in an unreadable message", &value),
            "entities": [{ "type": "of_tomorrow" }],
        } }));
        self.bea.wait_deleted(900_001).await.unwrap();
        let value = self.made.letters(50);
        let text = self.note("in an unknown update", &value);
        telegram.push_raw(json!({ "of_tomorrow": { "text": text } }));
        telegram.wait_idle().await.unwrap();
    }

    /// What the bot said, to everybody, ever; and what the people still see of their own.
    fn said(&self) -> Vec<String> {
        let mut found = Vec::new();
        for call in self.world.telegram.calls() {
            if call.method != "getUpdates" {
                let said = call.params.to_string();
                let hits = self.sent.iter();
                let hits = hits.filter_map(|canary| canary.found_in(said.as_bytes()));
                found.extend(hits.map(|form| format!("{} said a value as {form}", call.method)));
            }
        }
        for person in [&self.ada, &self.bea] {
            let complaints = story::complaints(person, &self.sent).into_iter();
            found.extend(complaints.filter(|complaint| complaint.contains("stands")));
        }
        found
    }

    /// Every kind of file the bot makes is among those that are searched, and only its owner may read it.
    fn files(&self) -> Vec<String> {
        let files = self.world.files();
        for wanted in [
            "log",
            "addx.db",
            "addx.db-wal",
            "addx.db-shm",
            "addx.db.heartbeat",
            "addx.key",
        ] {
            let searched = files.iter().any(|file| file.ends_with(wanted));
            assert!(searched, "{wanted} was not searched");
        }
        let log = self.world.log();
        assert!(log.contains("an update of no use was dropped"), "{log}");
        let panicked = log.contains("a panic at src/support/failpoint.rs");
        assert_eq!(panicked, cfg!(feature = "failpoints"));
        let modes = self.world.modes().into_iter();
        modes
            .filter(|(path, mode)| *mode != if path.is_dir() { 0o700 } else { 0o600 })
            .map(|(path, mode)| format!("{} has the mode {mode:o}", path.display()))
            .collect()
    }
}

async fn has_button(person: &Person, label: &str) {
    let shown = person.wait_for(|chat| {
        let last = chat.last_bot_message();
        last.is_some_and(|last| last.button(label).is_some())
    });
    shown.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_is_found_in_logs_files_or_messages_whatever_way_it_came() {
    let world = World::new(1).await;
    let port = ReservedPort::new().unwrap();
    let proxy = port.address().to_string();
    let mut env = vec![("ADDX_PROXY_ADDR", proxy.as_str())];
    if cfg!(feature = "failpoints") {
        // One handler panics, with the text that the user sent as its words.
        env.push(("ADDX_FAILPOINT", "handle.spill:2:panic"));
    }
    let mut bot = world.start(&env);
    let mut scene = Scene {
        ada: world.telegram.new_user("Ada", Some("ada")),
        bea: world.telegram.new_user("Bea", None),
        world,
        made: Made(7),
        sent: Vec::new(),
    };
    let values = scene.link().await;
    scene.link_with_pin().await;
    scene.publish(&proxy, &values).await;
    scene.stray().await;
    scene.abandon().await;
    scene.be_refused().await;
    scene.be_in_groups().await;
    scene.be_unreadable().await;
    story::unlink(&scene.ada).await.unwrap();
    scene.world.telegram.settled().await.unwrap();

    let mut found = scene.world.leaks(&scene.sent);
    found.extend(scene.said());
    found.extend(scene.files());
    assert_ne!(may_dump_core(&bot), Some(true));
    bot.stop().await;
    found.extend(scene.world.leaks(&scene.sent));
    assert!(found.is_empty(), "{}", found.join("\n"));

    // It would have noticed: a value, planted where the bot writes.
    let planted = scene.world.database().with_extension("db.planted");
    std::fs::write(planted, &values.access_token).unwrap();
    assert_eq!(scene.world.leaks(&scene.sent).len(), 1);
}

/// The lines of what is logged about one update, check or request are found together by their fields, and no field names a
/// person or gives a value away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_in_json_have_the_fields_of_the_spans_that_they_are_in() {
    let world = World::new(1).await;
    let port = ReservedPort::new().unwrap();
    let proxy = port.address().to_string();
    let mut program = world.program("addx");
    program.args(["--log-format", "json"]);
    program.env("ADDX_PROXY_ADDR", &proxy);
    let mut bot = world.run(program);
    let mut scene = Scene {
        ada: world.telegram.new_user("Ada", Some("ada_handle")),
        bea: world.telegram.new_user("Bea", None),
        world,
        made: Made(11),
        sent: Vec::new(),
    };
    let values = scene.link().await;
    scene.publish(&proxy, &values).await;
    scene.world.telegram.settled().await.unwrap();
    bot.stop().await;
    let log = scene.world.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let span = |name: &str| -> Value {
        let of_line = |line: &Value| {
            let spans = line["spans"].as_array()?;
            spans.iter().find(|span| span["name"] == name).cloned()
        };
        lines
            .iter()
            .find_map(of_line)
            .unwrap_or_else(|| panic!("no span {name} in\n{log}"))
    };
    let check = span("job");
    assert!(check["account"].as_str().is_some_and(|id| id.len() == 22));
    assert_eq!(check["job.kind"], "check");
    let program = span("program");
    assert_eq!(program["client"], "program");
    assert_eq!(program["request"], "POST /2/tweets");
    assert_eq!(program["account"], check["account"]);
    let update = span("update");
    assert_eq!(update["update.kind"], "message");
    assert!(update["update.id"].as_u64().is_some(), "{update}");
    assert_eq!(update["chat"].as_str().map(str::len), Some(8), "{update}");
    let id = scene.ada.id().to_string();
    for private in ["ada_handle", "Ada", &id] {
        assert!(!log.contains(private), "{private} stands in the log");
    }
    assert_eq!(scene.world.leaks(&scene.sent), [""; 0]);
}

/// Who looks into the bot's memory finds no value there, soon after the last one worked with it.
#[tokio::test]
async fn no_value_stays_in_memory() {
    let world = World::new(1).await;
    let bot = world.start(&[]);
    let (user, app, values) = world.working_values("seedling");
    let token = app.generate_token(&user);
    let mut canaries = story::canaries(&values);
    canaries.push(Canary::new("new Access Token", &token.token));
    canaries.push(Canary::new("new Access Secret", &token.secret));
    let person = world.telegram.new_user("Ada", None);
    story::link(&person, &values).await.unwrap();
    story::rotate(&person, &token).await.unwrap();
    story::verify(&person).await.unwrap();
    world.telegram.settled().await.unwrap();
    // Who may not look, as in most places, has nothing to test.
    let Some(parts) = memory(&bot) else { return };
    // It is the memory: the token of the bot stands there as long as it runs.
    let own = [Canary::new("the bot's token", world.telegram.token())];
    assert_ne!(search(&own, &parts), [""; 0]);
    let deadline = Instant::now() + Duration::from_mins(2);
    loop {
        let found = search(&canaries, &memory(&bot).unwrap());
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{}", found.join("\n"));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A handler that fails for good: the message goes all the same, the user is told once, and one line of the log names it.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn a_handler_that_panics_every_time_costs_the_user_one_message() {
    let world = World::new(1).await;
    let mut bot = world.start(&[("ADDX_FAILPOINT", "handle.spill:*:panic")]);
    let ada = world.telegram.new_user("Ada", None);
    let value = Made(3).letters(50);
    let canaries = [Canary::new("the value", &value)];
    let secret = ada.say(&value);
    ada.wait_deleted(secret.message_id).await.unwrap();
    let told = ada
        .wait_text("Something went wrong on my side")
        .await
        .unwrap();
    let odd = ada.say("only a word");
    // Nobody knows what it was, so it goes too.
    ada.wait_deleted(odd.message_id).await.unwrap();
    let incident = told
        .text
        .split_whitespace()
        .last()
        .unwrap()
        .trim_end_matches('.');
    let log = world.log();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(incident)).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(
        lines[0].contains("a panic at src/support/failpoint.rs"),
        "{}",
        lines[0]
    );
    world.telegram.settled().await.unwrap();
    bot.stop().await;
    assert_eq!(world.leaks(&canaries), [""; 0]);
    let remains = world.remains().await.unwrap();
    let parked = remains
        .count("SELECT count(*) FROM inbox WHERE sealed IS NULL AND incident IS NOT NULL AND attempts = 3")
        .await;
    assert_eq!(parked, 2);
}
