//! The commands beside a running bot: standard output is the answer alone, whatever is logged.

use std::process::Output;

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
