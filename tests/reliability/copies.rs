//! Copies are made while people talk with the bot, and put back; what stands in the way is named, and nothing half stays.

use std::{
    fs,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use serde_json::json;

use crate::{
    keys::{conversations, world_with},
    world::{World, finished},
};

/// What lies in the bot's folder and was not there before.
fn left_over(world: &World, before: &[String]) -> Vec<String> {
    let mut names = listing(world);
    // Whoever opens the database makes these two; they hold nothing.
    let is_of_sqlite = |name: &str| name.ends_with("addx.db-shm") || name.ends_with("addx.db-wal");
    names.retain(|name| !before.contains(name) && !is_of_sqlite(name));
    names
}

fn listing(world: &World) -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["", "data"] {
        let entries = fs::read_dir(world.folder().join(folder)).unwrap();
        names.extend(entries.map(|entry| entry.unwrap().path().display().to_string()));
    }
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_load_is_put_back_and_its_accounts_start_unchecked_and_silent() {
    let world = world_with(300).await;
    let mut bot = world.start(&[]);
    world.telegram.wait_polling().await.unwrap();
    let first = conversations(&world, Arc::new(AtomicBool::new(false)));
    let person = tokio::select! {
        _ = first => unreachable!("nobody said that it is enough"),
        person = async {
            let (_, _, values) = world.working_values("early");
            let person = world.telegram.new_user("Grace", None);
            crate::story::link(&person, &values).await.unwrap();
            assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
            person
        } => person,
    };
    let checked = world
        .addx(&["restore", "--check", "copy.db", "--json"])
        .await
        .json();
    let connected = checked["accounts"]["connected"].as_i64().unwrap();
    let all: i64 = checked["accounts"]
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_i64().unwrap())
        .sum();
    assert!(connected >= 301 && all >= connected, "{checked}");
    assert!(
        fs::read_to_string(world.folder().join("copy.db.fingerprint"))
            .unwrap()
            .starts_with("key 1 ")
    );
    bot.kill().await;

    for name in ["addx.db", "addx.db-wal", "addx.db-shm"] {
        let _ = fs::remove_file(world.folder().join("data").join(name));
    }
    let put_back = world.addx(&["restore", "copy.db", "--json"]).await.json();
    assert_eq!(put_back, checked);
    assert!(
        left_over(&world, &[])
            .iter()
            .all(|name| !name.contains("partial"))
    );
    let database = world.connect().await;
    let count: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM accounts WHERE verdict IS NULL AND checked_at IS NULL)
             - 1000000 * ((SELECT count(*) FROM outbox) + (SELECT count(*) FROM jobs)
             + (SELECT count(*) FROM dialogues) + (SELECT count(*) FROM inbox WHERE sealed IS NOT NULL))",
    )
    .fetch_one(&database)
    .await
    .unwrap();
    assert_eq!(count, all);
    database.close().await;
    let trail = world.addx(&["audit", "export"]).await;
    assert!(
        trail.out.lines().last().unwrap().contains("\"restore\""),
        "{trail:?}"
    );

    let said_before = person.history().len();
    let calls_before = world.x.calls().len();
    let _bot = world.start(&[("ADDX_RECHECK", "off")]);
    world.telegram.wait_polling().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(person.history().len(), said_before, "the bot spoke first");
    assert_eq!(world.x.calls().len(), calls_before, "X was asked by itself");
    person.say("/verify main");
    person
        .wait_text("main is connected as @early")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_restore_is_refused_by_name_and_leaves_nothing() {
    let world = world_with(1).await;
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    world
        .addx(&["backup", "copy.db"])
        .await
        .refused(1, "copy.db exists already");
    world
        .addx(&["restore", "copy.db"])
        .await
        .refused(1, "data/addx.db exists already");
    world
        .addx(&["restore", "--check", "none.db"])
        .await
        .refused(1, "there is no file none.db");
    fs::remove_file(world.database()).unwrap();
    world
        .addx(&["backup", "other.db"])
        .await
        .refused(1, "there is no file ");
    world
        .addx(&["key", "status"])
        .await
        .refused(2, "there is no database at ");
    assert!(!world.database().exists(), "a command made a database");

    let whole = fs::read(world.folder().join("copy.db")).unwrap();
    let mut altered = whole.clone();
    for byte in altered.iter_mut().skip(whole.len() / 3).take(20_000) {
        *byte ^= 0x5a;
    }
    for (name, bytes, said) in [
        (
            "text",
            b"this is no database, but a text that somebody gave".as_slice(),
            "holds no data of addx",
        ),
        ("empty", b"", "holds no data of addx"),
        ("cut", &whole[..whole.len() / 2], "is damaged"),
        ("altered", &altered, "is damaged"),
    ] {
        fs::write(world.folder().join(name), bytes).unwrap();
        let before = listing(&world);
        for arguments in [&["restore", "--check", name][..], &["restore", name]] {
            let done = world.addx(arguments).await;
            done.refused(1, said);
            assert_eq!(left_over(&world, &before), [""; 0], "{name}");
        }
    }
    // The log of the database that was there would be mixed with the copy.
    let log = world.database().with_extension("db-wal");
    fs::write(&log, "old pages").unwrap();
    world
        .addx(&["restore", "copy.db"])
        .await
        .refused(1, "belongs to the database that was here before");
    fs::remove_file(log).unwrap();
    fs::write(world.folder().join("copy.db-wal"), "pages").unwrap();
    world
        .addx(&["restore", "copy.db"])
        .await
        .refused(1, "make the copy with: addx backup");
    fs::remove_file(world.folder().join("copy.db-wal")).unwrap();
    assert_eq!(
        world.addx(&["restore", "copy.db", "--json"]).await.json()["accounts"],
        json!({"connected": 1})
    );
}

#[tokio::test]
async fn a_restore_names_those_whom_it_lets_in_again() {
    let world = world_with(1).await;
    let database = world.connect().await;
    sqlx::query(
        "INSERT INTO access VALUES (71, 'granted', 'Ada', 2), (72, 'granted', char(27) || 'Bea', 1), (73, 'blocked', 'Cy', 3)",
    )
    .execute(&database)
    .await
    .unwrap();
    database.close().await;
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    fs::rename(world.database(), world.folder().join("old.db")).unwrap();
    let done = world.addx(&["restore", "copy.db"]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let said = "The owner had let in 2 users when the copy was made, and they are in again: Ada (71), \\u{1b}Bea (72). Whoever \
                was blocked since is among them";
    assert!(done.out.contains(said), "{done:?}");
}

#[tokio::test]
async fn a_disk_that_is_full_in_mid_copy_leaves_nothing() {
    let world = world_with(1000).await;
    let addx = env!("CARGO_BIN_EXE_addx");
    let limited = |command: &str| {
        let mut shell = world.program("sh");
        // Files may have 100 KiB, then writing fails, as on a full disk.
        shell.args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f 200; exec {addx} {command}"),
        ]);
        finished(shell)
    };
    let before = listing(&world);
    limited("backup copy.db")
        .await
        .refused(1, "free some space there");
    assert_eq!(left_over(&world, &before), [""; 0]);
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    fs::rename(world.database(), world.folder().join("old.db")).unwrap();
    let before = listing(&world);
    limited("restore copy.db").await.refused(1, "cannot write ");
    assert_eq!(left_over(&world, &before), [""; 0]);
    assert_eq!(world.addx(&["restore", "copy.db"]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_stopped_leaves_nothing_and_two_at_once_do_not_meet() {
    let world = world_with(2000).await;
    let before = listing(&world);
    let mut copying = world
        .program("addx")
        .args(["backup", "copy.db"])
        .spawn()
        .unwrap();
    while left_over(&world, &before).is_empty() {
        std::thread::yield_now();
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&copying),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let status = copying.wait().unwrap();
    if status.success() {
        // It was quicker than the signal: then it is whole.
        assert_eq!(
            world.addx(&["restore", "--check", "copy.db"]).await.code,
            Some(0)
        );
        fs::remove_file(world.folder().join("copy.db")).unwrap();
        fs::remove_file(world.folder().join("copy.db.fingerprint")).unwrap();
    } else {
        assert_eq!(status.code(), Some(1));
    }
    assert_eq!(left_over(&world, &before), [""; 0]);
    let arguments = ["backup", "copy.db"];
    let (one, other) = tokio::join!(world.addx(&arguments), world.addx(&arguments));
    assert!(
        [one.code, other.code].contains(&Some(0)),
        "{one:?} {other:?}"
    );
    assert_eq!(
        world.addx(&["restore", "--check", "copy.db"]).await.code,
        Some(0)
    );
    assert_eq!(left_over(&world, &before).len(), 2);
}

#[tokio::test]
async fn a_copy_whose_trail_has_lost_its_key_is_refused_and_so_is_a_database_without_its_canary() {
    let world = world_with(1).await;
    let database = world.connect().await;
    let run = async |sql: &'static str| {
        sqlx::query(sql).execute(&database).await.unwrap();
    };
    run("UPDATE audit_key SET wrapped = CAST(wrapped || x'00' AS BLOB)").await;
    assert_eq!(world.addx(&["backup", "shut.db"]).await.code, Some(0));
    let checked = world.addx(&["restore", "--check", "shut.db"]).await;
    checked.refused(1, "a sealed row of audit_key did not open");
    run("UPDATE audit_key SET wrapped = CAST(substr(wrapped, 1, length(wrapped) - 1) AS BLOB)")
        .await;
    assert_eq!(world.addx(&["backup", "sound.db"]).await.code, Some(0));
    let checked = world.addx(&["restore", "--check", "sound.db"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");

    // The key of the trail is all that is sealed: that is enough to make no new key over it.
    run("DELETE FROM key_check").await;
    run("DELETE FROM data_keys").await;
    database.close().await;
    fs::rename(world.key_file(), world.folder().join("kept.key")).unwrap();
    world
        .addx(&["serve"])
        .await
        .refused(2, "its canary row is gone");
    assert!(!world.key_file().exists(), "a new key was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_post_that_stood_when_the_copy_was_made_is_deleted_after_a_restore() {
    const POST: &str = "/2/tweets/{id}";
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let (_, _, values) = world.working_values("seedling");
    let person = world.telegram.new_user("Ada", None);
    crate::story::link(&person, &values).await.unwrap();
    world.x.force(POST, addx_sim::x::answers::unavailable());
    person.say("/testpost");
    person.wait_text("Shall I post this").await.unwrap();
    person.press("Post and delete").unwrap();
    world.x.wait_calls(POST, 1).await.unwrap();
    bot.stop().await;
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    for name in ["addx.db", "addx.db-wal", "addx.db-shm"] {
        let _ = fs::remove_file(world.folder().join("data").join(name));
    }
    assert_eq!(world.addx(&["restore", "copy.db"]).await.code, Some(0));
    world.x.clear(POST);
    assert_eq!(world.x.posts().len(), 1);
    let mut bot = world.start(&[]);
    person.wait_text("it is deleted").await.unwrap();
    assert!(world.x.posts().is_empty());
    bot.stop().await;
}
