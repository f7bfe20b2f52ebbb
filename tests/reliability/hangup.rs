//! A running bot takes up a changed key file at SIGHUP, and keeps its keys when the file cannot be used.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use addx::testing::{clock::Clock, random::Random, vault::KeyFile};
use rustix::process::Signal;

use crate::{
    story,
    world::{Bot, PATIENCE, World},
};

const TAKEN_UP: &str = "the key file was read again";
const KEPT: &str = "the key file cannot be used; the keys stay as they were";

/// Hangs up, and waits for the line of the log that answers it. Only what was logged since then counts.
async fn hang_up(world: &World, bot: &Bot, answer: &str) -> String {
    let before = world.log().len();
    bot.signal(Signal::HUP);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = world.log();
        let found = log[before..].lines().find(|line| line.contains(answer));
        if let Some(line) = found {
            return line.to_owned();
        }
        assert!(Instant::now() < deadline, "no {answer:?} in\n{log}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Each key of the file, as it stands there.
fn keys(text: &str) -> Vec<&str> {
    let words = text.lines().filter(|line| !line.starts_with('#'));
    let words = words.flat_map(str::split_whitespace);
    words.filter(|word| word.len() > 40).collect()
}

#[tokio::test]
async fn a_running_bot_takes_up_a_changed_key_file_and_lives_through_a_broken_one() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let ada = world.telegram.new_user("Ada", None);
    let (user, app, values) = world.working_values("seedling");
    story::link(&ada, &values).await.unwrap();

    let said = hang_up(&world, &bot, TAKEN_UP).await;
    assert!(said.contains("1 primary "), "{said}");

    // A new key that no other process told the database about.
    let file = world.key_file();
    let older = fs::read_to_string(&file).unwrap();
    KeyFile::open(&file)
        .unwrap()
        .add(&Random::system(), Clock::system().now())
        .unwrap();
    let said = hang_up(&world, &bot, TAKEN_UP).await;
    assert!(
        said.contains("1 enabled ") && said.contains("2 primary "),
        "{said}"
    );
    let sound = fs::read_to_string(&file).unwrap();
    assert_eq!(keys(&sound).len(), 2, "the file has other lines now");

    let half = &sound[..sound.len() - 20];
    let other = sound.replace(keys(&sound)[1], keys(&sound)[0]);
    for broken in ["", half, "no keyring at all", &other, &older] {
        fs::write(&file, broken).unwrap();
        let said = hang_up(&world, &bot, KEPT).await;
        assert!(
            said.contains("1 enabled ") && said.contains("2 primary "),
            "{said}"
        );
    }
    fs::remove_file(&file).unwrap();
    hang_up(&world, &bot, KEPT).await;
    assert!(bot.over().is_none());

    // It goes on with the keys it had: an older value opens, and a new one is sealed by the new key.
    story::rotate(&ada, &app.generate_token(&user))
        .await
        .unwrap();
    let bea = world.telegram.new_user("Bea", None);
    let (.., values) = world.working_values("other");
    story::link(&bea, &values).await.unwrap();
    fs::write(&file, &sound).unwrap();
    let said = hang_up(&world, &bot, KEPT).await;
    assert!(said.contains("may be read by others"), "{said}");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    hang_up(&world, &bot, TAKEN_UP).await;
    bot.stop().await;

    let log = world.log();
    for key in keys(&sound) {
        assert!(!log.contains(key), "a key stands in the log");
    }
    let remains = world.remains().await.unwrap();
    let older = "SELECT count(*) FROM data_keys WHERE key_id = 1";
    let newer = "SELECT count(*) FROM data_keys WHERE key_id = 2";
    assert_eq!(remains.count(older).await, 1);
    assert_eq!(remains.count(newer).await, 1);
}

#[tokio::test]
async fn a_bot_takes_up_no_key_file_that_lacks_a_key_which_rows_need() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let ada = world.telegram.new_user("Ada", None);
    let (.., values) = world.working_values("seedling");
    story::link(&ada, &values).await.unwrap();
    let file = world.key_file();
    let without_first = |text: &str| -> String {
        let lines = text.split_inclusive('\n');
        lines.filter(|line| !line.starts_with("1 ")).collect()
    };
    let needed = "sealed by key 1, which the key file does not have";

    // At a hang-up.
    let mut changed = KeyFile::open(&file).unwrap();
    changed
        .add(&Random::system(), Clock::system().now())
        .unwrap();
    drop(changed);
    hang_up(&world, &bot, TAKEN_UP).await;
    let both = fs::read_to_string(&file).unwrap();
    fs::write(&file, without_first(&both)).unwrap();
    let said = hang_up(&world, &bot, KEPT).await;
    assert!(said.contains(needed), "{said}");
    assert!(said.contains("keys=\"1 enabled "), "{said}");
    ada.say("/verify main");
    ada.wait_text("main is connected as").await.unwrap();

    // Before it writes, when another process has made a new key: nothing is sealed by the old one, and nothing is lost.
    fs::write(&file, &both).unwrap();
    let added = world.addx(&["key", "add", "--json"]).await.json();
    assert_eq!(added["id"], 3);
    let all = fs::read_to_string(&file).unwrap();
    fs::write(&file, without_first(&all)).unwrap();
    let before = world.log().len();
    ada.say("/accounts");
    let deadline = Instant::now() + PATIENCE;
    while !world.log()[before..]
        .lines()
        .any(|line| line.contains("the key file could not be read again") && line.contains(needed))
    {
        assert!(Instant::now() < deadline, "{}", world.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fs::write(&file, &all).unwrap();
    ada.wait_text("main").await.unwrap();
    story::unlink(&ada).await.unwrap();
    bot.stop().await;
    let remains = world.remains().await.unwrap();
    let older = "SELECT count(*) FROM inbox WHERE key_id < 3 AND sealed IS NOT NULL";
    assert_eq!(remains.count(older).await, 0);
}
