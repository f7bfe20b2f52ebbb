//! Copies are made while people talk with the bot, and put back; what stands in the way is named, and nothing half stays.

use std::{
    fs,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use addx::testing::{
    audit,
    clock::Clock,
    domain::{
        audit::{Act, Actor, Event},
        facts::Standing,
    },
    store::access,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, SqlitePool, sqlite::SqliteConnectOptions};

use crate::{
    accounts::Maker,
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
    let sealed = fs::read(world.folder().join("copy.db")).unwrap();
    assert!(sealed.starts_with(b"addx backup 1: key 1 "));
    assert!(
        !sealed
            .windows(9)
            .any(|part| part == b"seedling\0" || part == b"sqlx_migr"),
        "the copy shows what it holds"
    );
    assert_eq!(
        left_over(&world, &[])
            .iter()
            .filter(|name| name.contains("partial"))
            .count(),
        0
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
    fs::rename(world.database(), world.folder().join("plain.db")).unwrap();
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
    fs::write(world.folder().join("plain.db-wal"), "pages").unwrap();
    world
        .addx(&["restore", "--plain", "plain.db"])
        .await
        .refused(1, "make the copy with: addx backup");
    fs::remove_file(world.folder().join("plain.db-wal")).unwrap();
    world
        .addx(&["restore", "plain.db"])
        .await
        .refused(1, "is a plain SQLite file");
    world
        .addx(&["restore", "--plain", "copy.db"])
        .await
        .refused(1, "is a sealed copy; leave out --plain");
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
    assert_eq!(left_over(&world, &before).len(), 1);
    // What one left that was killed in the middle goes with the next.
    let left = world
        .database()
        .with_file_name("addx.db.4294967295.partial");
    fs::write(&left, "a part of the database").unwrap();
    assert_eq!(world.addx(&["backup", "next.db"]).await.code, Some(0));
    assert!(!left.exists());
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
        .refused(2, "the row of its key check is gone");
    assert!(!world.key_file().exists(), "a new key was made");
}

/// A stopped bot's database in which user 71 was let in, and a plain copy of it.
async fn world_with_a_plain_copy() -> World {
    let world = world_with(2).await;
    let maker = Maker::open(&world.database(), &world.key_file())
        .await
        .unwrap();
    let now = Clock::system().now();
    let mut tx = maker.store.begin().await.unwrap();
    for (owner, event, standing) in [
        (71, Event::AccessGrant, Standing::Granted),
        (72, Event::AccessGrant, Standing::Granted),
        (72, Event::AccessBlock, Standing::Blocked),
    ] {
        access::decide(&mut *tx, owner, standing, now)
            .await
            .unwrap();
        let (actor, account, detail) = (Actor::Owner, None, String::new());
        let act = Act {
            owner,
            actor,
            event,
            account,
            detail,
        };
        audit::note(&mut tx, &maker.audit, act, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    maker.store.close().await.unwrap();
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    fs::rename(world.database(), world.folder().join("plain.db")).unwrap();
    world
}

async fn change(world: &World, statements: &str) {
    let options = SqliteConnectOptions::new().filename(world.folder().join("plain.db"));
    let database = SqlitePool::connect_with(options).await.unwrap();
    let statements = AssertSqlSafe(statements.to_owned());
    sqlx::raw_sql(statements).execute(&database).await.unwrap();
    database.close().await;
}

#[tokio::test]
async fn what_was_planted_into_a_plain_copy_is_refused_or_goes() {
    let world = world_with_a_plain_copy().await;
    let plain = world.folder().join("plain.db");
    let whole = fs::read(&plain).unwrap();
    let before = listing(&world);
    for (planted, said) in [
        (
            "CREATE TRIGGER planted AFTER DELETE ON clients BEGIN INSERT INTO access VALUES (9, 'granted', '', 1); END",
            "its trigger planted is not what addx makes",
        ),
        (
            "CREATE VIEW planted AS SELECT * FROM clients",
            "its view planted is not what addx makes",
        ),
        (
            "DROP TRIGGER audit_is_not_changed",
            "it has no trigger audit_is_not_changed",
        ),
        (
            "ALTER TABLE clients ADD COLUMN more TEXT",
            "its table clients is not what addx makes",
        ),
        (
            "DROP TRIGGER audit_is_not_changed; UPDATE audit SET owner = 9 WHERE number = 5;
             CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit table is append-only');
END;",
            "audit entry 5 was altered",
        ),
        (
            "INSERT INTO audit SELECT number + 1, at, 9, 'owner', 'access_grant', NULL, '', mac FROM audit
             ORDER BY number DESC LIMIT 1",
            "audit entry 8 was altered",
        ),
    ] {
        change(&world, planted).await;
        for arguments in [&["restore", "--plain", "--check", "plain.db"][..], &["restore", "--plain", "plain.db"]] {
            world.addx(arguments).await.refused(1, said);
        }
        assert_eq!(left_over(&world, &before), [""; 0], "{planted}");
        fs::write(&plain, &whole).unwrap();
    }
    change(
        &world,
        "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
         CREATE TABLE _litestream_lock (id INTEGER);
         INSERT INTO access VALUES (9, 'granted', 'Mallory', 1);
         UPDATE access SET standing = 'granted' WHERE user_id = 72;
         INSERT INTO clients (name, token_hash, allowed, max_concurrent, max_per_second, created_at)
             VALUES ('planted', zeroblob(32), 'POST /2/tweets', 1, 1, 1);
         INSERT INTO client_accounts SELECT 1, account_id, 1 FROM accounts;
         INSERT INTO posts (owner, account_id, kind, state, text, post_id, created_at)
             SELECT owner, account_id, 'message', 'waiting', 'planted', NULL, 1 FROM accounts;
         INSERT INTO posts (owner, account_id, kind, state, text, post_id, created_at)
             SELECT owner, account_id, 'test', 'posted', 'planted', '1800', 1 FROM accounts LIMIT 1;
         INSERT INTO jobs (kind, key, subject, account_id, run_at)
             SELECT 'post', id, hex(account_id), account_id, 1 FROM posts WHERE state = 'waiting';
         INSERT INTO jobs (kind, key, subject, account_id, run_at)
             SELECT 'unpost', id, hex(account_id), account_id, 1 FROM posts WHERE state = 'posted'",
    )
    .await;
    let done = world.addx(&["restore", "--plain", "plain.db"]).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.out
            .contains("plain, so nothing proves when it was made"),
        "{done:?}"
    );
    assert!(done.out.contains("they are in again:  (71). "), "{done:?}");
    assert!(done.out.contains("https://x.com/i/status/1800"), "{done:?}");
    let database = world.connect().await;
    let left: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM clients) + (SELECT count(*) FROM client_accounts) + (SELECT count(*) FROM posts)
             + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM sqlite_schema WHERE name LIKE '%litestream%')",
    )
    .fetch_one(&database)
    .await
    .unwrap();
    assert_eq!(left, 0);
    let standings: Vec<(i64, String)> =
        sqlx::query_as("SELECT user_id, standing FROM access ORDER BY user_id")
            .fetch_all(&database)
            .await
            .unwrap();
    let wanted = [(9, "asked"), (71, "granted"), (72, "blocked")];
    assert_eq!(
        standings,
        wanted.map(|(user, standing)| (user, standing.to_owned()))
    );
    database.close().await;
    assert_eq!(world.addx(&["audit", "verify"]).await.code, Some(0));
}

#[tokio::test]
async fn a_sealed_copy_says_which_database_it_is_of_and_how_old_it_is() {
    let world = world_with_a_plain_copy().await;
    let sealed = fs::read(world.folder().join("copy.db")).unwrap();
    let line = sealed.split(|byte| *byte == b'\n').next().unwrap();
    let line = String::from_utf8(line.to_vec()).unwrap();
    let database = line.split(' ').nth(7).unwrap();
    let checked = world.addx(&["restore", "--check", "copy.db"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let said = format!("In the copy of database {database}, made ");
    assert!(checked.out.contains(&said), "{checked:?}");
    assert!(
        checked.out.contains(" UTC (age: 0 hours): 8 values"),
        "{checked:?}"
    );
    // Claiming to be another, or younger, shuts it.
    let other = line.replace(database, &"0".repeat(32));
    let younger = line.replace(" made 2", " made 3");
    for line in [other, younger] {
        let changed = [line.as_bytes(), &sealed[line.len()..]].concat();
        fs::write(world.folder().join("changed.db"), changed).unwrap();
        let checked = world.addx(&["restore", "--check", "changed.db"]).await;
        checked.refused(1, "is damaged");
    }
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
    person.wait_text("Post this with").await.unwrap();
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
