//! Start and stop, as the operator sees them.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use addx::testing::app::AppError;

use crate::harness::{World, begin, enter, enter_from, in_order, link, verdict, verify};

/// The variable that a configuration error names, and what it says.
fn complaint(ended: Result<(), AppError>) -> String {
    match ended {
        Err(AppError::Config(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The fingerprint of the key that the database wants.
async fn wanted(world: &World) -> String {
    world.text("SELECT fingerprint FROM key_check").await
}

#[tokio::test]
async fn without_its_key_file_a_database_with_data_stays_closed_and_names_the_key() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.rest().await;
    world.stop_bot().await;
    let away = world.key_file().with_extension("away");
    std::fs::rename(world.key_file(), &away).unwrap();

    let said = complaint(world.run_to_the_end().await);
    assert!(
        said.starts_with("ADDX_KEY_FILE: there is no key file at "),
        "{said}"
    );
    assert!(said.contains(&wanted(&world).await), "{said}");
    assert!(
        !world.key_file().exists(),
        "a new key was made over existing data"
    );
    std::fs::rename(&away, world.key_file()).unwrap();
    world.start_bot().await;
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_key_file_of_another_database_is_refused_and_the_wanted_one_named() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..2], 4).await;
    world.rest().await;
    world.stop_bot().await;
    let own = std::fs::read(world.key_file()).unwrap();
    let mut other = World::without_bot().await;
    other.start_bot_with_seed(9).await;
    other.stop_bot().await;
    std::fs::write(world.key_file(), std::fs::read(other.key_file()).unwrap()).unwrap();

    let said = complaint(world.run_to_the_end().await);
    assert!(
        said.starts_with("ADDX_KEY_FILE: this is not the key file of this database"),
        "{said}"
    );
    assert!(said.contains(&wanted(&world).await), "{said}");
    std::fs::write(world.key_file(), own).unwrap();
    world.start_bot().await;
    enter_from(&person, 3, &in_order(&values)[2..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_key_file_that_is_not_one_is_refused_and_left_alone() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    world.stop_bot().await;
    let own = std::fs::read(world.key_file()).unwrap();
    std::fs::write(world.key_file(), "not a keyring").unwrap();

    let said = complaint(world.run_to_the_end().await);
    assert!(said.starts_with("ADDX_KEY_FILE: "), "{said}");
    assert_eq!(std::fs::read(world.key_file()).unwrap(), b"not a keyring");
    std::fs::write(world.key_file(), own).unwrap();
    world.start_bot().await;
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_telegram_does_not_know_is_a_matter_of_configuration() {
    let mut world = World::without_bot().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    world.telegram.expect_error("Unauthorized");
    let mut config = world.config();
    config.token =
        addx::testing::domain::credentials::Secret::new("4200000042:AAAnotherMadeUpOne".to_owned());
    let ended = addx::testing::app::run(
        config,
        world.clock.clone(),
        addx::testing::random::Random::seeded(7),
        tokio_util::sync::CancellationToken::new(),
    );
    let said = complaint(ended.await);
    assert!(
        said.starts_with("TELOXIDE_TOKEN: Telegram does not know this token"),
        "{said}"
    );
    assert!(!said.contains("MadeUp"), "{said}");
    world.start_bot().await;
    link(&person, "main", &values).await;
    world.finish().await;
}

/// The program itself, with the simulators as its outside.
fn program(world: &World, allowed: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_addx"))
        .current_dir(world.database().parent().unwrap())
        .env_clear()
        .env("TELOXIDE_TOKEN", world.telegram.token())
        .env("TELOXIDE_API_URL", world.telegram.url())
        .env("X_API_URL", world.x.url())
        .env(
            "DATABASE_URL",
            format!("sqlite://{}", world.database().display()),
        )
        .env("ADDX_KEY_FILE", world.key_file())
        .env("ADDX_ALLOWED_USERS", allowed)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends a signal; the exit code and everything that was logged.
fn end(mut program: Child, signal: &str) -> (Option<i32>, String) {
    let sent = Command::new("kill")
        .args([signal, &program.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let status = program.wait().unwrap();
    let mut log = String::new();
    program
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    (status.code(), log)
}

#[tokio::test]
async fn the_program_warns_when_everybody_may_use_it_and_stops_cleanly() {
    let world = World::without_bot().await;
    let person = world.person();
    for (allowed, warned) in [("", true), (person.id().to_string().as_str(), false)] {
        let running = program(&world, allowed);
        world.telegram.wait_polling().await.unwrap();
        person.say("/start");
        person.wait_text("I link your X account").await.unwrap();
        let (code, log) = end(running, "-TERM");
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(log.contains("everybody may use this bot"), warned, "{log}");
        assert!(log.contains("the bot stopped"), "{log}");
    }
    world.finish().await;
}

#[tokio::test]
async fn the_program_ends_with_two_and_the_variables_name_when_it_cannot_be_configured() {
    let mut world = World::start().await;
    world.stop_bot().await;
    std::fs::remove_file(world.key_file()).unwrap();
    let mut ended = program(&world, "");
    let status = ended.wait().unwrap();
    let last = BufReader::new(ended.stderr.take().unwrap())
        .lines()
        .last()
        .unwrap()
        .unwrap();
    assert_eq!(status.code(), Some(2), "{last}");
    assert!(last.starts_with("addx: ADDX_KEY_FILE: "), "{last}");
    assert!(last.contains(&wanted(&world).await), "{last}");
    world.finish().await;
}

#[tokio::test]
async fn the_program_ends_with_two_and_the_variables_name_when_re_checks_cannot_be_understood() {
    let world = World::without_bot().await;
    for (variable, value) in [
        ("ADDX_RECHECK", "often"),
        ("ADDX_RECHECK", "0s"),
        ("ADDX_RECHECK_CONFIRM", "off"),
        ("ADDX_RECHECK_BUDGET", "five"),
    ] {
        let ended = Command::new(env!("CARGO_BIN_EXE_addx"))
            .current_dir(world.database().parent().unwrap())
            .env("TELOXIDE_TOKEN", world.telegram.token())
            .env(variable, value)
            .output()
            .unwrap();
        let log = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{log}");
        assert!(log.contains(&format!("addx: {variable}: ")), "{log}");
    }
    world.finish().await;
}

#[tokio::test]
async fn the_program_goes_on_where_it_was_after_kill_9() {
    let world = World::without_bot().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    // The program has the machine's clock.
    world
        .telegram
        .shift_clock(machine_time() - world.telegram.now());
    world.x.follow_clock(machine_time);
    world.telegram.expect_error("message to delete not found");
    world.telegram.expect_error("message is not modified");

    let mut running = program(&world, "");
    world.telegram.wait_polling().await.unwrap();
    begin(&person, "main").await;
    for (index, value) in in_order(&values).iter().enumerate() {
        // Killed between two steps, or while it handles one.
        let sent = person.say(value);
        if index % 2 == 0 {
            person.wait_deleted(sent.message_id).await.unwrap();
        }
        end(running, "-KILL");
        running = program(&world, "");
        person.wait_deleted(sent.message_id).await.unwrap();
        if index < 3 {
            let step = format!("Step {} of 4", index + 2);
            person.wait_for(|chat| chat.shows(&step)).await.unwrap();
        }
    }
    person
        .wait_for(|chat| chat.shows("main is connected as @seedling"))
        .await
        .unwrap();
    let (code, log) = end(running, "-INT");
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(world.values().await, 4);
    world.finish().await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program under test has the machine's clock"
)]
fn machine_time() -> i64 {
    chrono::Utc::now().timestamp()
}
