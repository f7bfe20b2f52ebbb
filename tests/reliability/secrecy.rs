//! Drives values that must not be found through every path there is, and then searches everything for them.

use addx_sim::{
    telegram::{Fault, FaultKind},
    x::{Answer, Fault as XFault, FourValues},
};
use serde_json::json;

use crate::{
    canary::Canary,
    story::{self, in_order},
    world::{World, limits},
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

/// Everything that was sent, and where to it.
#[derive(Default)]
struct Sent(Vec<Canary>);

impl Sent {
    fn note<'a>(&mut self, path: &str, value: &'a str) -> &'a str {
        self.0.push(Canary::new(path, value));
        value
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_is_found_in_logs_files_or_messages_whatever_way_it_came() {
    let world = World::new(1).await;
    let env = if cfg!(feature = "failpoints") {
        // One handler panics, with the text that the user sent as its words.
        [("ADDX_FAILPOINT", "handle.spill:2:panic")].as_slice()
    } else {
        &[]
    };
    let mut bot = world.start(env);
    let mut made = Made(7);
    let mut sent = Sent::default();
    let ada = world.telegram.new_user("Ada", Some("ada"));

    // Linked, with a panic on the way; rotated, held, refused, checked.
    let (user, app, values) = world.working_values("seedling");
    for (name, value) in [
        "right key",
        "right secret",
        "right token",
        "right token secret",
    ]
    .into_iter()
    .zip(in_order(&values))
    {
        sent.note(name, value);
    }
    story::link(&ada, &values).await.unwrap();
    let token = app.generate_token(&user);
    sent.note("rotated token", &token.token);
    sent.note("rotated token secret", &token.secret);
    story::rotate(&ada, &token).await.unwrap();

    // Outside a flow: as a text, a caption, an edit, after commands, as a name, forwarded.
    let stray = made.values();
    ada.say(sent.note("outside a flow", &stray.access_token));
    ada.wait_text("looked like a key or token").await.unwrap();
    ada.send_photo(Some(sent.note("caption", &stray.consumer_secret)));
    ada.send_document(
        "keys.txt",
        Some(sent.note("caption of a file", &stray.access_token_secret)),
    );
    ada.forward(sent.note("forwarded", &stray.consumer_key));
    let note = ada.say("a harmless note");
    let edit = made.letters(50);
    ada.edit(note.message_id, sent.note("edit", &edit)).unwrap();
    for command in [
        "/addx",
        "/verify",
        "/rotate",
        "/unlink",
        "/start",
        "/nonsense",
    ] {
        let value = made.letters(50);
        ada.say(&format!("{command} {}", sent.note(command, &value)));
    }
    ada.say("/addx");
    ada.wait_text("How do you want to call it").await.unwrap();
    let name = made.letters(50);
    ada.say(sent.note("as a name", &name));
    ada.wait_text("looks like a key").await.unwrap();
    ada.say("second");
    ada.wait_text("Step 1 of 4").await.unwrap();

    // In a flow: rejected, held, not text, as an unknown command, edited, all at once; then left.
    let odd = format!("{} {}", made.letters(12), made.letters(12));
    ada.say(sent.note("rejected", &odd));
    let held = made.values().access_token;
    ada.say(sent.note("held", &held));
    let doubted = ada.wait_for(|chat| {
        let last = chat.last_bot_message();
        last.is_some_and(|last| last.button("Send it again").is_some())
    });
    doubted.await.unwrap();
    ada.press("Send it again").unwrap();
    ada.wait_text("Step 1 of 4").await.unwrap();
    let inner = made.letters(50);
    ada.send_photo(Some(sent.note("caption in a flow", &inner)));
    let odd_command = format!("/{}", made.letters(30));
    ada.say(sent.note("unknown command in a flow", &odd_command));
    let block = made.values();
    for (name, value) in ["block key", "block secret", "block token"]
        .into_iter()
        .zip(in_order(&block))
    {
        sent.note(name, value);
    }
    ada.say(&format!(
        "Consumer Key: {}\nConsumer Secret: {}\nAccess Token: {}",
        block.consumer_key, block.consumer_secret, block.access_token
    ));
    ada.wait_text("Step 4 of 4").await.unwrap();
    ada.say("/cancel");
    ada.wait_text("are wiped").await.unwrap();

    // X refuses, and its answers repeat what they were asked with.
    let wrong = made.values();
    for (name, value) in [
        "wrong key",
        "wrong secret",
        "wrong token",
        "wrong token secret",
    ]
    .into_iter()
    .zip(in_order(&wrong))
    {
        sent.note(name, value);
    }
    let echo = format!(
        "{} {} {} {}",
        wrong.consumer_key, wrong.consumer_secret, wrong.access_token, wrong.access_token_secret
    );
    let problem = json!({ "title": echo, "detail": echo, "type": echo, "errors": [{ "code": 89, "message": echo }] });
    let answers = [
        Answer::json(401, problem.to_string()),
        Answer::html(500, echo.clone()),
        Answer::json(403, problem.to_string()).header("x-echo", &wrong.consumer_key),
        Answer::text(200, echo.clone()),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        for path in [
            "/2/users/me",
            "/oauth2/token",
            "/oauth/request_token",
            "/1.1/account/verify_credentials.json",
        ] {
            world.x.force(path, XFault::Answer(answer.clone()));
        }
        let person = world.telegram.new_user("Cleo", None);
        person.say("/addx wrong");
        for (index, value) in in_order(&wrong).into_iter().enumerate() {
            let step = format!("Step {} of 4", index + 1);
            person.wait_text(&step).await.unwrap();
            person.say(value);
        }
        let answered = person.wait_for(|chat| {
            let last = chat.last_bot_message();
            last.is_some_and(|last| last.button("Check again").is_some())
        });
        answered.await.unwrap();
        let asked = world.x.calls().len();
        assert!(asked > number, "X was not asked");
    }
    world.x.clear_all();

    let bea = world.telegram.new_user("Bea", None);
    // In a group where the bot may delete, and in one where it may not.
    world.telegram.set_privacy_mode(false);
    for (title, may) in [("With rights", true), ("Without", false)] {
        let group = world.telegram.new_group(title);
        group.set_bot_admin(&ada, may);
        let value = made.letters(50);
        sent.note(title, &value);
        ada.say_in(&group, &format!("my secret is {value}"));
        group.wait_text("regenerate this one").await.unwrap();
    }

    // Answers of Telegram that break off, with everybody's messages in them.
    let broken = made.letters(50);
    world
        .telegram
        .add_fault(Fault::on("getUpdates", FaultKind::InvalidJson).times(2));
    bea.say(sent.note("in an unreadable answer of Telegram", &broken));
    bea.wait_text("looked like a key or token").await.unwrap();
    // Updates that cannot be read, with a message and without.
    let unread = made.letters(50);
    let chat = json!({ "id": bea.id(), "type": "private", "first_name": "Bea" });
    let unreadable = world.telegram.push_raw(json!({ "message": {
        "message_id": 900_001, "date": world.telegram.now(), "chat": chat, "from": { "id": bea.id() },
        "text": sent.note("in an unreadable message", &unread), "entities": [{ "type": "of_tomorrow" }],
    } }));
    let unknown = made.letters(50);
    world.telegram.push_raw(
        json!({ "of_tomorrow": { "text": sent.note("in an unknown update", &unknown) } }),
    );
    world.telegram.wait_idle().await.unwrap();
    bea.wait_deleted(900_001).await.unwrap();
    assert!(unreadable > 0);

    // Unlinked; then everything is searched, running and stopped.
    story::unlink(&ada).await.unwrap();
    let report = made.letters(50);
    ada.say(sent.note("last", &report));
    ada.wait_text("looked like a key or token").await.unwrap();
    world.telegram.settled().await.unwrap();
    let mut found = world.leaks(&sent.0);
    for (path, mode) in world.modes() {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        if mode != wanted {
            found.push(format!("{} has the mode {mode:o}", path.display()));
        }
    }
    let names: Vec<_> = world
        .files()
        .iter()
        .map(|file| file.file_name().unwrap().to_owned())
        .collect();
    for wanted in [
        "log",
        "addx.db",
        "addx.db-wal",
        "addx.db-shm",
        "addx.db.heartbeat",
        "addx.key",
    ] {
        assert!(
            names.iter().any(|name| name == wanted),
            "{wanted} was not searched"
        );
    }
    if let Some(limits) = limits(&bot) {
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"))
            .unwrap();
        assert_eq!(
            core.split_whitespace().filter(|word| *word == "0").count(),
            2,
            "{core}"
        );
    }
    let log = world.log();
    assert!(
        log.contains("addx::") && log.contains("an update of no use was dropped"),
        "nothing was logged"
    );
    assert_eq!(
        log.contains("a panic at src/failpoint.rs"),
        cfg!(feature = "failpoints")
    );
    // What the bot said, to everybody, ever.
    for call in world.telegram.calls() {
        if call.method != "getUpdates" {
            let said = call.params.to_string();
            let hits = sent
                .0
                .iter()
                .filter_map(|canary| canary.found_in(said.as_bytes()));
            found.extend(hits.map(|form| format!("{} said a value as {form}", call.method)));
        }
    }
    // What the people still see of their own.
    for person in [&ada, &bea] {
        found.extend(
            story::complaints(person, &sent.0)
                .into_iter()
                .filter(|complaint| complaint.contains("stands")),
        );
    }
    bot.stop().await;
    found.extend(world.leaks(&sent.0));
    assert!(found.is_empty(), "{}", found.join("\n"));

    // It would have noticed: the same value, planted where the bot writes.
    std::fs::write(
        world.database().with_extension("db.planted"),
        &values.access_token,
    )
    .unwrap();
    assert_eq!(world.leaks(&sent.0).len(), 1);
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
        lines[0].contains("a panic at src/failpoint.rs"),
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
