//! The commands beside a running bot: standard output is the answer alone, whatever is logged.

use std::process::Output;

use addx_sim::port::ReservedPort;
use serde_json::Value;

use crate::{story, world::World};

/// Everything is logged.
fn run(world: &World, arguments: &str) -> Output {
    let mut program = world.program("addx");
    program.args(arguments.split_whitespace());
    program.env("RUST_LOG", "trace").output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_json_answer_is_all_that_stands_on_standard_output() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let ada = world.telegram.new_user("Ada", None);
    let (.., values) = world.working_values("seedling");
    story::link(&ada, &values).await.unwrap();
    for (command, pointer, wanted) in [
        ("doctor", "/0/what", Value::from("access")),
        ("healthcheck", "/healthy", true.into()),
        ("key add", "/id", 2.into()),
        ("key rewrap", "/rows", 2.into()),
        ("key status", "/1/state", "primary".into()),
        ("key retire 1", "/state", "retired".into()),
        ("backup copy.db", "/key_id", 2.into()),
        ("restore --check copy.db", "/values", 4.into()),
        // A link, a check, a key made, a key retired.
        ("audit verify", "/entries", 4.into()),
        ("audit head", "/number", 4.into()),
    ] {
        let said = run(&world, &format!("{command} --json"));
        let answer: Value = serde_json::from_slice(&said.stdout)
            .unwrap_or_else(|error| panic!("{command}: {error}\n{said:?}"));
        assert_eq!(
            answer.pointer(pointer),
            Some(&wanted),
            "{command}: {answer}"
        );
        assert!(said.status.success(), "{command}: {answer}");
    }
    let said = run(&world, "audit export");
    let lines = std::str::from_utf8(&said.stdout).unwrap().lines();
    let entries: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 4);
    // What fails answers nothing there.
    let said = run(&world, "backup copy.db --json");
    assert_eq!(
        (said.status.code(), said.stdout.as_slice()),
        (Some(1), &b""[..])
    );
    assert!(said.stderr.starts_with(b"addx: copy.db exists already"));
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tries_the_addresses_that_the_bot_listens_at() {
    let world = World::new(1).await;
    let (programs, metrics) = (ReservedPort::new().unwrap(), ReservedPort::new().unwrap());
    let (programs, metrics) = (programs.address(), metrics.address());
    let env = [
        ("ADDX_PROXY_ADDR", programs.to_string()),
        ("ADDX_METRICS_ADDR", metrics.to_string()),
    ];
    let rows = |env: &[(&str, String)]| -> (bool, [String; 2]) {
        let mut doctor = world.program("addx");
        doctor.arg("doctor").envs(env.iter().cloned());
        let said = doctor.output().unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        let row = |what: &str| {
            let line = text.lines().find(|line| line[6..].starts_with(what));
            line.unwrap_or_else(|| panic!("no {what} in\n{text}"))
                .to_owned()
        };
        (said.status.success(), [row("programs"), row("metrics")])
    };
    let mut off = world.start(&[]);
    let ada = world.telegram.new_user("Ada", None);
    ada.say("/help");
    ada.wait_text("/privacy").await.unwrap();
    let (well, found) = rows(&[]);
    assert!(well && found[0].ends_with("off; ADDX_PROXY_ADDR lets the bot listen"));
    assert!(found[1].ends_with("off; ADDX_METRICS_ADDR lets the bot listen"));
    // It runs, and was started without them.
    let (well, found) = rows(&env);
    assert!(!well, "{found:?}");
    for (line, address) in found.iter().zip([programs, metrics]) {
        let said = format!("{address} takes no connections although the bot runs; ");
        assert!(line.starts_with("FAIL") && line.contains(&said), "{line}");
    }
    off.stop().await;

    let all: Vec<(&str, &str)> = env
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut on = world.start(&all);
    let deadline = std::time::Instant::now() + crate::world::PATIENCE;
    while !world.log().contains("programs can publish here") {
        assert!(std::time::Instant::now() < deadline, "{}", world.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (well, found) = rows(&env);
    assert!(well, "{found:?}");
    for (line, address) in found.iter().zip([programs, metrics]) {
        assert!(
            line.ends_with(&format!("{address} takes connections")),
            "{line}"
        );
    }
    on.stop().await;

    // As if the bot had been stopped for a while.
    std::fs::remove_file(world.folder().join("data/addx.db.heartbeat")).unwrap();
    let (well, found) = rows(&env);
    assert!(well, "{found:?}");
    assert!(
        found[0].ends_with(&format!("{programs} is free for the bot")),
        "{found:?}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other = [("ADDX_METRICS_ADDR", taken.local_addr().unwrap().to_string())];
    let (well, found) = rows(&other);
    assert!(
        !well && found[1].contains("cannot be listened at"),
        "{found:?}"
    );
}
