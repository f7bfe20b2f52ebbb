//! Keys are changed while people talk with the bot, and every wrong key file is refused by name.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use addx_sim::{
    telegram::{Fault, FaultKind, Person},
    x::FourValues,
};
use serde_json::{Value, json};

use crate::{
    accounts::Maker,
    canary::Canary,
    story::{self, in_order},
    world::World,
};

/// Somebody who has linked an account.
pub(crate) struct Linked {
    pub(crate) person: Person,
    pub(crate) values: FourValues,
    canaries: Vec<Canary>,
}

/// People link accounts, three at a time, until `enough`.
pub(crate) async fn conversations(world: &World, enough: Arc<AtomicBool>) -> Vec<Linked> {
    let somebody = || async {
        let mut all = Vec::new();
        while !enough.load(Ordering::SeqCst) {
            let (_, _, values) = world.working_values("seedling");
            let person = world.telegram.new_user("Ada", None);
            story::link(&person, &values).await.unwrap();
            let canaries = story::canaries(&values);
            all.push(Linked {
                person,
                values,
                canaries,
            });
        }
        all
    };
    let (a, b, c) = tokio::join!(somebody(), somebody(), somebody());
    a.into_iter().chain(b).chain(c).collect()
}

/// A world with a running bot's database and this many accounts; the bot is stopped.
pub(crate) async fn world_with(accounts: i64) -> World {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    world.telegram.wait_polling().await.unwrap();
    bot.stop().await;
    make(&world, accounts).await;
    world
}

async fn make(world: &World, accounts: i64) {
    let mut maker = Maker::open(&world.database(), &world.key_file())
        .await
        .unwrap();
    maker.make(1..=accounts, 1).await.unwrap();
    maker.store.close().await.unwrap();
}

fn rows(key: &Value) -> i64 {
    let rows = key["rows"].as_object().unwrap();
    rows.values().map(|count| count.as_i64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_keys_are_replaced_under_load_and_every_account_still_opens() {
    let world = world_with(500).await;
    let mut bot = world.start(&[]);
    world.telegram.wait_polling().await.unwrap();
    let enough = Arc::new(AtomicBool::new(false));
    let change = async {
        for old in ["1", "2", "3"] {
            let added = world.addx(&["key", "add", "--json"]).await.json();
            assert_eq!(
                added["id"].as_u64(),
                old.parse::<u64>().ok().map(|id| id + 1)
            );
            world
                .addx(&["key", "retire", old])
                .await
                .refused(1, "run: addx key rewrap");
            let rewrapped = world.addx(&["key", "rewrap", "--json"]).await.json();
            assert!(rewrapped["rows"].as_u64().unwrap() >= 500, "{rewrapped}");
            let retired = world.addx(&["key", "retire", old, "--json"]).await.json();
            assert_eq!(retired["state"], "retired");
        }
        enough.store(true, Ordering::SeqCst);
    };
    let (linked, ()) = tokio::join!(conversations(&world, Arc::clone(&enough)), change);
    assert!(linked.len() >= 3, "{}", linked.len());

    // Nobody was disturbed, and what was linked before and between the changes works after them.
    for one in &linked {
        story::all_deleted(&one.person, &one.canaries)
            .await
            .unwrap();
        assert_eq!(story::complaints(&one.person, &one.canaries), [""; 0]);
    }
    let first = &linked[0].person;
    first.say("/verify main");
    first.wait_text("main is connected as").await.unwrap();
    for bad in ["ERROR", "incident=", "trying again"] {
        assert!(!world.log().contains(bad), "{bad} is in\n{}", world.log());
    }
    let status = world.addx(&["key", "status", "--json"]).await.json();
    for key in status.as_array().unwrap() {
        let is_newest = key["id"] == 4;
        assert_eq!(rows(key) > 0, is_newest, "{key}");
        assert_eq!(key["state"], if is_newest { "primary" } else { "retired" });
    }
    bot.kill().await;
    let remains = world.remains().await.unwrap();
    for one in &linked {
        let kept = remains.values_in_use(one.person.id()).await;
        let expected = in_order(&one.values).map(str::to_owned);
        assert_eq!(kept, [("main".to_owned(), expected)]);
    }
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    let checked = world
        .addx(&["restore", "--check", "copy.db", "--json"])
        .await
        .json();
    assert_eq!(
        checked["values"].as_u64().unwrap(),
        4 * (500 + u64::try_from(linked.len()).unwrap())
    );
}

#[tokio::test]
async fn a_rewrap_that_was_killed_is_ended_by_two_others_at_once() {
    let world = world_with(3000).await;
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    let mut first = world
        .program("addx")
        .args(["key", "rewrap"])
        .spawn()
        .unwrap();
    let database = world.connect().await;
    let under = async |key: i64| -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM data_keys WHERE key_id = ?")
            .bind(key)
            .fetch_one(&database)
            .await
            .unwrap()
    };
    while under(2).await == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let left = under(1).await;
    assert!(left > 0 && under(2).await > 0, "{left}");

    let arguments = ["key", "rewrap", "--json"];
    let (one, other) = tokio::join!(world.addx(&arguments), world.addx(&arguments));
    let done = |done: &crate::world::Done| done.json()["rows"].as_i64().unwrap();
    assert_eq!(done(&one) + done(&other), left);
    assert_eq!((under(1).await, under(2).await), (0, 3000));
    database.close().await;
    assert_eq!(world.addx(&["key", "retire", "1"]).await.code, Some(0));
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    let checked = world
        .addx(&["restore", "--check", "copy.db", "--json"])
        .await
        .json();
    assert_eq!(checked["values"], 12_000);
}

#[tokio::test]
async fn a_key_file_that_cannot_be_used_is_refused_with_its_reason_by_bot_and_commands() {
    let world = world_with(1).await;
    let file = world.key_file();
    let good = fs::read_to_string(&file).unwrap();
    let key_line = good.lines().find(|line| line.starts_with('1')).unwrap();
    let secret = key_line.split(' ').next_back().unwrap();
    let turned: String = secret[..20].chars().rev().collect();
    let other = key_line.replace(&secret[..20], &turned);
    let wrong: [(&str, String, &str); 7] = [
        (
            "truncated",
            good[..good.len() - 9].to_owned(),
            "must be 32 bytes in base64",
        ),
        (
            "cut off before its key",
            good[..200].to_owned(),
            "exactly one primary key, it has 0",
        ),
        (
            "a number twice",
            format!("{good}{}\n", key_line.replace("primary", "enabled")),
            "stands there twice",
        ),
        (
            "an unknown state",
            good.replace(" primary ", " first "),
            "primary, enabled or retired",
        ),
        (
            "no key is primary",
            good.replace(" primary ", " enabled "),
            "exactly one primary key, it has 0",
        ),
        (
            "the key is another",
            good.replace(key_line, &other),
            "this is not the key file of this database",
        ),
        (
            "the numbers differ",
            good.replace(key_line, &key_line.replacen('1', "2", 1)),
            "this is not the key file of this database",
        ),
    ];
    for (what, text, said) in wrong {
        fs::write(&file, &text).unwrap();
        for arguments in [&["serve"][..], &["key", "status"], &["audit", "verify"]] {
            let done = world.addx(arguments).await;
            println!("{what}: {}", done.complaint);
            done.refused(2, "addx: ADDX_KEY_FILE: ");
            done.refused(2, said);
            assert!(!done.complaint.contains(secret), "{what}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{what}: changed");
    }
    fs::write(&file, &good).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    world.addx(&["serve"]).await.refused(2, "run: chmod 600 ");
    world
        .addx(&["key", "add"])
        .await
        .refused(2, "run: chmod 600 ");
    // A folder cannot be read as a file, not even by root.
    fs::remove_file(&file).unwrap();
    world
        .addx(&["key", "status"])
        .await
        .refused(2, "there is no key file at ");
    fs::create_dir(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    world
        .addx(&["serve"])
        .await
        .refused(2, "cannot read the key file");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, &good).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(world.addx(&["key", "status"]).await.code, Some(0));
}

#[tokio::test]
async fn an_old_key_file_and_an_old_database_are_refused_by_name() {
    let world = world_with(1).await;
    let file = world.key_file();
    let old_keys = fs::read(&file).unwrap();
    assert_eq!(world.addx(&["backup", "old.db"]).await.code, Some(0));
    fs::copy(world.database(), world.folder().join("plain.db")).unwrap();
    for arguments in [
        &["key", "add"][..],
        &["key", "rewrap"],
        &["key", "retire", "1"],
    ] {
        assert_eq!(world.addx(arguments).await.code, Some(0));
    }
    let new_keys = fs::read(&file).unwrap();
    fs::write(&file, &old_keys).unwrap();
    for arguments in [&["serve"][..], &["key", "add"], &["key", "rewrap"]] {
        let done = world.addx(arguments).await;
        done.refused(2, "this keyring is older than the database");
    }
    fs::write(&file, &new_keys).unwrap();
    world
        .addx(&["restore", "--check", "old.db"])
        .await
        .refused(2, "the database is older than this keyring");
    fs::rename(world.database(), world.folder().join("new.db")).unwrap();
    world
        .addx(&["restore", "old.db"])
        .await
        .refused(2, "It is an old copy");
    assert!(!world.database().exists());
    fs::copy(world.folder().join("plain.db"), world.database()).unwrap();
    world
        .addx(&["serve"])
        .await
        .refused(2, "the database is older than this keyring");
    fs::rename(world.folder().join("new.db"), world.database()).unwrap();
    world
        .addx(&["key", "retire", "2"])
        .await
        .refused(1, "it is the primary key");
    world
        .addx(&["key", "retire", "1"])
        .await
        .refused(1, "it is retired already");
    world
        .addx(&["key", "retire", "7"])
        .await
        .refused(1, "there is no such key");
    assert_eq!(world.addx(&["audit", "verify"]).await.code, Some(0));
}

#[tokio::test]
async fn rows_of_a_key_that_is_gone_from_the_file_are_named() {
    let world = world_with(2).await;
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    let file = world.key_file();
    let good = fs::read_to_string(&file).unwrap();
    let without: Vec<&str> = good
        .lines()
        .filter(|line| !line.starts_with("1 "))
        .collect();
    fs::write(&file, without.join("\n")).unwrap();
    let status = world.addx(&["key", "status"]).await;
    assert!(status.out.contains("missing"), "{status:?}");
    world
        .addx(&["key", "rewrap"])
        .await
        .refused(1, "sealed by key 1, which the key file does not have");
    let doctor = world.addx(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1));
    assert!(
        doctor.out.contains("rows are sealed by key 1"),
        "{doctor:?}"
    );
    fs::write(&file, good).unwrap();
    assert_eq!(world.addx(&["key", "rewrap"]).await.code, Some(0));
}

#[tokio::test]
async fn a_message_that_waits_goes_under_the_new_key_too_and_is_sent() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let ada = world.telegram.new_user("Ada", None);
    let away = Fault::on("sendMessage", FaultKind::DropConnection);
    world.telegram.add_fault(away);
    ada.say("/guide");
    world.telegram.wait_polling().await.unwrap();
    world.telegram.wait_idle().await.unwrap();
    let database = world.connect().await;
    let waits = async || -> i64 {
        let waits = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE attempts > 0");
        waits.fetch_one(&database).await.unwrap()
    };
    while waits().await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bot.kill().await;
    database.close().await;
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    let status = world.addx(&["key", "status", "--json"]).await.json();
    assert_eq!(status[0]["rows"]["messages"], 1, "{status}");
    let retired = world.addx(&["key", "retire", "1"]).await;
    retired.refused(1, "run: addx key rewrap");
    assert_eq!(world.addx(&["key", "rewrap"]).await.code, Some(0));
    assert_eq!(world.addx(&["key", "retire", "1"]).await.code, Some(0));
    world.telegram.clear_faults();
    let mut bot = world.start(&[]);
    ada.wait_text("How to link an X account, step by step")
        .await
        .unwrap();
    bot.stop().await;
}

#[tokio::test]
async fn rows_that_do_not_open_are_reported_and_hold_up_no_other() {
    let world = world_with(450).await;
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    let database = world.connect().await;
    // More of them than go into one transaction, and before all others.
    sqlx::query(
        "UPDATE data_keys SET wrapped = CAST(wrapped || x'00' AS BLOB) WHERE rowid IN
             (SELECT rowid FROM data_keys ORDER BY rowid LIMIT 250)",
    )
    .execute(&database)
    .await
    .unwrap();
    let left = async || -> i64 {
        let left = sqlx::query_scalar("SELECT count(*) FROM data_keys WHERE key_id = 1");
        left.fetch_one(&database).await.unwrap()
    };
    let done = world.addx(&["key", "rewrap", "--json"]).await;
    assert_eq!((done.code, left().await), (Some(1), 250));
    let done: Value = serde_json::from_str(&done.out).unwrap();
    // The key of the audit trail is one of them.
    assert_eq!(done["rows"], 201);
    let shut = done["unopened"].as_array().unwrap();
    assert_eq!(shut.len(), 250);
    let (table, row) = (&shut[0]["table"], shut[0]["row"].as_str().unwrap());
    assert_eq!((table, &shut[0]["key"]), (&json!("data_keys"), &json!(1)));
    assert!(shut[0]["owner"].as_i64().is_some());

    let again = world.addx(&["key", "rewrap"]).await;
    assert_eq!(again.code, Some(1));
    assert!(again.out.starts_with("0 rows were put under key 2. "));
    assert!(again.out.contains(&format!("data_keys {row} of user ")));
    let retired = world.addx(&["key", "retire", "1"]).await;
    retired.refused(
        1,
        "250 rows, of which some do not open and stay: data_keys ",
    );
    let named = shut
        .iter()
        .filter(|shut| retired.complaint.contains(shut["row"].as_str().unwrap()));
    assert_eq!(named.count(), 5, "{retired:?}");

    // What does not open here is no reason to keep the bot from the others.
    let mut bot = world.start(&[]);
    world.telegram.wait_polling().await.unwrap();
    bot.stop().await;
    sqlx::query("DELETE FROM data_keys WHERE key_id = 1")
        .execute(&database)
        .await
        .unwrap();
    database.close().await;
    let done = world.addx(&["key", "rewrap", "--json"]).await.json();
    assert_eq!(done, json!({"rows": 0, "unopened": [], "lost": []}));
    assert_eq!(world.addx(&["key", "retire", "1"]).await.code, Some(0));
}

#[tokio::test]
async fn a_key_file_without_a_key_that_rows_need_is_taken_up_by_nobody_unless_the_key_is_given_up()
{
    let world = world_with(2).await;
    let file = world.key_file();
    let first = fs::read_to_string(&file).unwrap();
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    let both = fs::read_to_string(&file).unwrap();
    let without_first: String = both
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("1 "))
        .collect();
    let with_it_retired = both.replace("1 enabled", "1 retired");
    let said = "sealed by key 1, which the key file does not have or has as retired";
    for text in [&without_first, &with_it_retired] {
        fs::write(&file, text).unwrap();
        for arguments in [&["serve"][..], &["key", "add"], &["audit", "verify"]] {
            world.addx(arguments).await.refused(2, said);
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), *text);
    }
    fs::write(&file, &both).unwrap();
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    fs::write(&file, &without_first).unwrap();
    let check = world.addx(&["restore", "--check", "copy.db"]).await;
    check.refused(2, said);

    // There is no copy of the key: the bot runs with the others. The key of the trail must be among those.
    fs::write(&file, &both).unwrap();
    let database = world.connect().await;
    let copied = sqlx::query("CREATE TABLE kept AS SELECT * FROM data_keys");
    copied.execute(&database).await.unwrap();
    assert_eq!(world.addx(&["key", "rewrap"]).await.code, Some(0));
    let put_back = sqlx::query(
        "UPDATE data_keys SET (key_id, wrapped) =
             (SELECT key_id, wrapped FROM kept WHERE kept.account_id = data_keys.account_id)",
    );
    put_back.execute(&database).await.unwrap();
    database.close().await;
    fs::write(&file, format!("{without_first}lost 1\n")).unwrap();
    let mut bot = world.start(&[]);
    let (_, _, values) = world.working_values("seedling");
    let ada = world.telegram.new_user("Ada", None);
    story::link(&ada, &values).await.unwrap();
    bot.stop().await;
    let status = world.addx(&["key", "status"]).await;
    assert!(status.out.contains("   1  lost "), "{status:?}");
    let doctor = world.addx(&["doctor"]).await;
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(
        doctor
            .out
            .contains("key 1 is given up; what it sealed stays shut: 2 rows"),
        "{doctor:?}"
    );
    let rewrapped = world.addx(&["key", "rewrap", "--json"]).await.json();
    assert_eq!(rewrapped["lost"], json!([{"key": 1, "rows": 2}]));

    // A file with the key makes everything open again.
    assert!(both.starts_with(first.split("1 primary").next().unwrap()));
    fs::write(&file, &both).unwrap();
    assert_eq!(world.addx(&["key", "rewrap"]).await.code, Some(0));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_by_name_and_left_alone() {
    let world = world_with(1).await;
    let newer = |file: std::path::PathBuf| async move {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let database = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999, 'newer', 1, x'00', 0)",
        )
        .execute(&database)
        .await
        .unwrap();
        database.close().await;
    };
    newer(world.database()).await;
    fs::copy(world.database(), world.folder().join("copy.db")).unwrap();
    for arguments in [&["serve"][..], &["key", "status"], &["audit", "verify"]] {
        let done = world.addx(arguments).await;
        done.refused(2, "schema version 999, and this program knows ");
    }
    let check = world
        .addx(&["restore", "--plain", "--check", "copy.db"])
        .await;
    check.refused(1, "schema version 999, and this program knows ");
}

#[tokio::test]
async fn commands_leave_the_schema_to_the_bot() {
    let world = world_with(1).await;
    fs::rename(world.database(), world.folder().join("old.db")).unwrap();
    fs::write(world.database(), "").unwrap();
    for arguments in [
        &["key", "status"][..],
        &["client", "list"],
        &["audit", "head"],
        &["key", "add"],
    ] {
        let done = world.addx(arguments).await;
        done.refused(
            2,
            "the database has schema version 0, and this program knows ",
        );
    }
    assert_eq!(fs::metadata(world.database()).unwrap().len(), 0);
}

#[tokio::test]
async fn of_a_retired_key_only_its_name_stays_in_the_file() {
    let world = world_with(1).await;
    let file = world.key_file();
    let first = fs::read_to_string(&file).unwrap();
    let secret = |text: &str| text.split_whitespace().last().unwrap().to_owned();
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    assert_eq!(world.addx(&["key", "rewrap"]).await.code, Some(0));
    let both = fs::read_to_string(&file).unwrap();
    let status = world.addx(&["key", "status", "--json"]).await.json();
    let name = status[0]["fingerprint"].as_str().unwrap();
    assert_eq!(world.addx(&["key", "retire", "1"]).await.code, Some(0));
    let scrubbed = fs::read_to_string(&file).unwrap();
    assert!(
        !scrubbed.contains(&secret(&first)),
        "the key is still there"
    );
    assert!(
        scrubbed.contains(&format!(" fingerprint:{name}\n")),
        "{name}"
    );
    let status = world.addx(&["key", "status", "--json"]).await.json();
    assert_eq!(status[0]["fingerprint"], name);
    assert_eq!(status[0]["state"], "retired");
    let again = world.addx(&["key", "retire", "1"]).await;
    again.refused(1, "it is retired already");

    // An older version had changed the word alone.
    fs::write(&file, both.replace("1 enabled", "1 retired")).unwrap();
    let doctor = world.addx(&["doctor"]).await;
    assert_eq!(doctor.code, Some(1));
    let said = "the key file still holds the bytes of retired key 1; run: addx key retire 1";
    assert!(doctor.out.contains(said), "{doctor:?}");
    assert_eq!(world.addx(&["key", "retire", "1"]).await.code, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), scrubbed);
    let doctor = world.addx(&["doctor"]).await;
    assert!(!doctor.out.contains(said), "{doctor:?}");
}

#[tokio::test]
async fn a_changed_key_file_keeps_its_owner_and_a_link_to_it_stays() {
    let world = world_with(1).await;
    let (link, file) = (world.key_file(), world.folder().join("far.key"));
    fs::rename(&link, &file).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        std::os::unix::fs::chown(&file, Some(65_534), Some(65_533)).unwrap();
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let before = fs::metadata(&file).unwrap();
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let after = fs::metadata(&file).unwrap();
    assert_ne!(after.ino(), before.ino());
    let kept = |file: &fs::Metadata| (file.uid(), file.gid(), file.mode());
    assert_eq!(kept(&after), kept(&before));
    // The lock is no part of what is replaced.
    assert!(world.folder().join("far.key.lock").exists());
    assert!(fs::read_to_string(&file).unwrap().contains("2 primary "));
}
