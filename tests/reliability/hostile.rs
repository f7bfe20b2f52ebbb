//! Updates that Telegram would not send, and taps that no client of ours makes.

use std::time::{Duration, Instant};

use addx_sim::telegram::{Person, TelegramSim};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Map, Value, json};

use crate::{
    canary::Canary,
    story,
    world::{Bot, World, now, setting},
};

/// Stands in every hostile text.
const MARK: &str = "hostileMark7Xq0";

/// Updates are handed over in portions, so that the queue stays short.
const PORTION: u64 = 1000;

async fn idle(telegram: &TelegramSim) {
    telegram.wait_idle().await.unwrap();
}

/// The bot still runs, has said nothing it should not, and serves an ordinary user.
async fn is_well(world: &World, bot: &mut Bot) {
    assert!(bot.over().is_none(), "the bot has ended");
    let person = world.telegram.new_user("Grace", None);
    let (.., values) = world.working_values("grace");
    story::link(&person, &values).await.unwrap();
    let log = world.log();
    assert!(!log.contains("panic"), "{}", excerpt(&log, "panic"));
    assert!(!log.contains("incident="), "{}", excerpt(&log, "incident="));
    let leaks = world.leaks(&[Canary::new("the mark", MARK)]);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

fn excerpt<'a>(log: &'a str, word: &str) -> &'a str {
    log.lines()
        .find(|line| line.contains(word))
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_updates_stop_nothing_and_are_logged_nowhere() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    world.telegram.wait_polling().await.unwrap();
    let user = json!({ "id": 77, "is_bot": false, "first_name": MARK });
    let chat = json!({ "id": 77, "type": "private", "first_name": MARK });
    let message = |text: &str| json!({ "message": { "message_id": 9, "date": 1_800_000_000, "chat": chat, "from": user, "text": text } });
    let marks = format!("{MARK}{}", "\u{0301}".repeat(4096 - MARK.len()));
    let mut updates = vec![
        json!({}),
        json!({ "a_kind_of_tomorrow": { "text": MARK } }),
        json!({ "message": null }),
        json!({ "message": MARK }),
        json!({ "message": {} }),
        json!({ "message": { "text": MARK } }),
        json!({ "message": { "chat": chat, "text": MARK } }),
        json!({ "message": { "message_id": 9, "chat": chat, "text": MARK } }),
        json!({ "message": { "message_id": "9", "chat": { "id": "77" }, "text": [MARK] } }),
        json!({ "message": { "message_id": 9, "date": -1, "chat": chat, "from": user, "text": MARK } }),
        json!({ "message": { "message_id": 2_147_483_648_u64, "date": 0, "chat": chat, "from": user, "text": MARK } }),
        json!({ "message": { "message_id": 9, "date": i64::MAX, "chat": chat, "from": user, "text": MARK } }),
        json!({ "edited_message": { "message_id": 9, "date": 1, "chat": chat, "text": MARK } }),
        json!({ "callback_query": { "id": "1", "from": user, "data": MARK } }),
        json!({ "callback_query": { "id": MARK, "from": user, "chat_instance": "1", "data": MARK } }),
        json!({ "my_chat_member": { "chat": chat, "from": user, "date": 1, "new_chat_member": MARK } }),
        json!({ "poll": { "id": MARK } }),
        json!({ "channel_post": { "message_id": 9, "date": 1, "chat": { "id": -1, "type": "channel", "title": MARK } } }),
        message(&marks),
        message(&format!("/addx {marks}")),
        message(&format!("/{MARK}")),
        message("/addx"),
        message(&marks),
        message(&"\u{202e}".repeat(4096)),
        message("\0\u{7}\u{1b}[31m"),
        message(""),
        message(&"a-".repeat(2048)),
        message(&"consumer key: ".repeat(290)),
    ];
    let mut nested = json!(MARK);
    for _ in 0..100 {
        nested = json!([nested]);
    }
    updates.push(json!({ "message": { "message_id": 9, "chat": chat, "entities": nested } }));
    for update in updates {
        world.telegram.push_raw(update);
    }
    idle(&world.telegram).await;
    is_well(&world, &mut bot).await;
    assert_eq!(bot.stop().await.code(), Some(0));
}

/// In CI: 3,000. `ADDX_HOSTILE_UPDATES=100000` is the figure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_updates_stop_nothing_and_are_logged_nowhere() {
    let count = setting("ADDX_HOSTILE_UPDATES", 3000);
    let seed = setting("ADDX_HOSTILE_SEED", u64::try_from(now()).unwrap());
    println!("ADDX_HOSTILE_SEED={seed}");
    let world = World::new(seed).await;
    let mut bot = world.start(&[("RUST_LOG", "addx=debug")]);
    world.telegram.wait_polling().await.unwrap();
    world.telegram.record(false);
    let mut random = StdRng::seed_from_u64(seed);
    let started = Instant::now();
    for portion in 0..count.div_ceil(PORTION) {
        for _ in 0..PORTION.min(count - portion * PORTION) {
            let update = hostile(&mut random);
            world.telegram.push_raw(update);
        }
        // Some have no number; only one that comes after them confirms them.
        world.telegram.push_raw(json!({ "of_tomorrow": {} }));
        idle(&world.telegram).await;
    }
    let took = started.elapsed();
    assert!(bot.over().is_none(), "the bot has ended");
    world.telegram.record(true);
    is_well(&world, &mut bot).await;
    println!("{count} random updates in {took:?}");
    assert_eq!(bot.stop().await.code(), Some(0));
}

#[tokio::test]
async fn buttons_of_others_do_nothing_but_say_so() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let owner = world.telegram.new_user("Ada", None);
    let (.., values) = world.working_values("seedling");
    let result = story::link(&owner, &values).await.unwrap();
    let data = |label: &str| result.button(label).unwrap().data().unwrap().to_owned();
    let account = data("Check again").rsplit(':').next().unwrap().to_owned();
    let calls = world.x.calls().len();

    let thief = world.telegram.new_user("Mallory", None);
    thief.say("/addx mine");
    let card = thief.wait_text("Step 1 of 4").await.unwrap();
    for word in [
        "verify",
        "rotate",
        "unlink",
        "diagnose",
        "candidate",
        "fix-token",
        "new-all",
        "erase",
        "keep",
        "twin",
    ] {
        let tap = thief.tap_data(card.id, &format!("v1:{word}:{account}"));
        let answer = thief.wait_answer(&tap).await.unwrap();
        assert!(
            answer.text.contains("no longer linked"),
            "{word}: {}",
            answer.text
        );
    }
    for odd in [
        "",
        "v1",
        "v1:back:ffffffff:1",
        "v9:erase:1",
        &"x".repeat(64),
        &format!("v1:erase:{MARK}"),
    ] {
        let tap = thief.tap_data(card.id, odd);
        thief.wait_answer(&tap).await.unwrap();
    }
    world.telegram.settled().await.unwrap();
    assert_eq!(world.x.calls().len(), calls, "X was asked");
    bot.stop().await;
    let remains = world.remains().await.unwrap();
    assert_eq!(remains.values_in_use(owner.id()).await.len(), 1);
    assert!(thief.chat().shows("Step 1 of 4"));
}

#[tokio::test]
async fn who_may_not_use_the_bot_cannot_tap_into_it() {
    let world = World::new(1).await;
    let _bot = world.start(&[("ADDX_ALLOWED_USERS", "1")]);
    let stranger: Person = world.telegram.new_user("Mallory", None);
    stranger.say("hello");
    let answer = stranger.wait_text("you are not on it").await.unwrap();
    let tap = stranger.tap_data(answer.id, "v1:add");
    stranger.wait_answer(&tap).await.unwrap();
    world.telegram.settled().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stranger.chat().shows("Choose a name"));
}

/// An update of a known kind in which something was replaced, removed or added, at any depth.
fn hostile(random: &mut StdRng) -> Value {
    let user = random.random_range(1..200);
    let chat = json!({ "id": user, "type": "private", "first_name": MARK });
    let from = json!({ "id": user, "is_bot": false, "first_name": MARK });
    let message = json!({
        "message_id": random.random_range(1..1_000_000),
        "date": 1_800_000_000,
        "chat": chat,
        "from": from,
        "text": text(random),
        "entities": [{ "type": "bot_command", "offset": 0, "length": 5 }],
    });
    let taps = [
        "v1:add",
        "v1:accounts",
        "v1:cancel:00000001:1",
        "v1:erase:00",
        MARK,
    ];
    let mut update = match random.random_range(0..6) {
        0 => json!({ "edited_message": message }),
        1 => json!({ "callback_query": {
            "id": random.random_range(1..1_000_000).to_string(),
            "from": from, "message": message, "chat_instance": "1",
            "data": taps[random.random_range(0..taps.len())],
        } }),
        2 => json!({ "my_chat_member": {
            "chat": chat, "from": from, "date": 1_800_000_000,
            "old_chat_member": { "status": "member", "user": from },
            "new_chat_member": { "status": "kicked", "user": from, "until_date": 0 },
        } }),
        _ => json!({ "message": message }),
    };
    for _ in 0..random.random_range(0..3) {
        spoil(&mut update, random);
    }
    update
}

/// Changes one thing, somewhere.
fn spoil(value: &mut Value, random: &mut StdRng) {
    let deeper = random.random_range(0..5) > 0;
    match value {
        Value::Object(fields) if deeper && !fields.is_empty() => {
            let place = random.random_range(0..fields.len());
            if let Some((name, field)) = fields.iter_mut().nth(place) {
                if random.random_range(0..4) == 0 {
                    let name = name.clone();
                    fields.remove(&name);
                } else {
                    spoil(field, random);
                }
            }
        }
        Value::Array(values) if deeper && !values.is_empty() => {
            let place = random.random_range(0..values.len());
            if let Some(element) = values.get_mut(place) {
                spoil(element, random);
            }
        }
        _ => *value = anything(random),
    }
}

fn anything(random: &mut StdRng) -> Value {
    match random.random_range(0..10) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(9_007_199_254_740_993_i64),
        4 => json!(1.5),
        5 => json!([MARK, {}]),
        6 => Value::Object(Map::from_iter([(MARK.to_owned(), json!(MARK))])),
        7 => json!("private"),
        _ => json!(text(random)),
    }
}

fn text(random: &mut StdRng) -> String {
    match random.random_range(0..8) {
        0 => format!("/addx {MARK}"),
        1 => "/cancel".to_owned(),
        2 => format!("{MARK}{}", "\u{0301}".repeat(random.random_range(0..4000))),
        3 => MARK.repeat(random.random_range(1..100)),
        4 => format!("/verify {MARK}\n{MARK}"),
        5 => String::new(),
        6 => (0..random.random_range(0..200))
            .map(|_| random.random::<char>())
            .collect(),
        _ => format!("1800000000000000000-{}", MARK.repeat(3)),
    }
}
