//! The commands as an operator runs them: as root, and with the variables in a file.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
};

use crate::{
    keys::world_with,
    world::{World, finished},
};

/// A user that every system knows.
const NOBODY: u32 = 65_534;
/// Where `runuser` is.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

#[tokio::test]
async fn as_root_nothing_is_written_into_somebody_elses_folder() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = world_with(1).await;
    assert_eq!(world.addx(&["backup", "copy.db"]).await.code, Some(0));
    let data = world.folder().join("data");
    chown(&data, Some(NOBODY), None).unwrap();
    let keys = fs::read(world.key_file()).unwrap();
    let names = |folder| {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        // Whoever opens the database makes these two, and as root for the database's owner.
        names.retain(|name| name != "addx.db-shm" && name != "addx.db-wal");
        names.sort();
        names
    };
    let before = names(&data);
    let addx = env!("CARGO_BIN_EXE_addx");
    for arguments in [
        "serve",
        "key add",
        "key rewrap",
        "key retire 1",
        "backup other.db",
        "restore --check copy.db",
        "panic --yes-revoke-everything",
        "client revoke any",
        "audit prune --before 2026-01-01",
    ] {
        let words: Vec<&str> = arguments.split(' ').collect();
        let said = format!("; run: runuser -u nobody -- {addx} {arguments}");
        world.addx(&words).await.refused(2, &said);
    }
    assert_eq!(names(&data), before);
    assert_eq!(fs::read(world.key_file()).unwrap(), keys);
    assert!(!world.folder().join("other.db").exists());
    for arguments in ["key status", "audit verify", "client list"] {
        let words: Vec<&str> = arguments.split(' ').collect();
        assert_eq!(world.addx(&words).await.code, Some(0), "{arguments}");
    }
    assert_eq!(names(&data), before);
}

#[tokio::test]
async fn every_command_reads_the_file_that_is_named_and_one_that_others_may_read_is_told() {
    let world = World::new(1).await;
    let file = world.folder().join("env");
    fs::write(
        &file,
        "DATABASE_URL=sqlite://far/addx.db\nADDX_KEY_FILE=far/addx.key\n",
    )
    .unwrap();
    fs::write(world.folder().join(".env"), "DATABASE_URL=nonsense\n").unwrap();
    let private = |private| {
        let mode = if private { 0o600 } else { 0o640 };
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let said = "others may read the file with the bot's token";
    for is_private in [false, true] {
        private(is_private);
        let mut serve = world.program("addx");
        serve.args(["--env-file", "env", "serve"]);
        let mut bot = world.run(serve);
        world.telegram.wait_polling().await.unwrap();
        bot.stop().await;
        assert_eq!(world.log().matches(said).count(), 1, "{}", world.log());
        let doctor = world.addx(&["doctor", "--env-file", "env"]).await;
        let line = doctor
            .out
            .lines()
            .find(|line| line.contains("environment file"))
            .unwrap();
        let wanted = if is_private { "ok    " } else { "FAIL  " };
        assert!(line.starts_with(wanted), "{line}");
    }
    assert!(world.folder().join("far/addx.db").exists());
    let status = world.addx(&["--env-file", "env", "key", "status"]).await;
    assert_eq!(status.code, Some(0), "{status:?}");
    world
        .addx(&["key", "status"])
        .await
        .refused(2, "DATABASE_URL: it must begin with sqlite:");
    let missing = world.addx(&["key", "status", "--env-file", "none"]).await;
    missing.refused(2, "none cannot be read");
    let mut limited = world.program("addx");
    limited.args(["healthcheck", "--env-file", "env"]);
    assert_eq!(finished(limited).await.code, Some(0));
}

/// From the first start to a restore, root beside the bot's user, as docs/operations.md has it.
#[tokio::test]
async fn the_line_that_root_is_told_works_and_everything_stays_the_bots() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new(1).await;
    let addx = world.folder().join("addx");
    fs::copy(env!("CARGO_BIN_EXE_addx"), &addx).unwrap();
    chown(world.folder(), Some(NOBODY), None).unwrap();
    let addx = addx.to_str().unwrap();
    let env = "DATABASE_URL=sqlite://data/addx.db\nADDX_KEY_FILE=secrets/addx.key\n";
    let file = world.folder().join("env");
    fs::write(&file, env).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    chown(&file, Some(NOBODY), None).unwrap();
    let as_user = |words: &[&str]| {
        let mut program = world.program("runuser");
        program.env("PATH", PATH);
        program.args(["-u", "nobody", "--", addx, "--env-file", "env"]);
        program.args(words);
        program
    };
    let mut bot = world.run(as_user(&["serve"]));
    world.telegram.wait_polling().await.unwrap();
    for words in [
        "key add",
        "key rewrap",
        "key retire 1",
        "backup sealed.addx",
    ] {
        let mut as_root = world.program(addx);
        as_root.args(["--env-file", "env"]).args(words.split(' '));
        let refused = finished(as_root).await;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        let line = refused
            .complaint
            .trim_end()
            .split("; run: ")
            .nth(1)
            .unwrap();
        let mut told = world.program("sh");
        told.args(["-c", line]).env("PATH", PATH);
        let done = finished(told).await;
        assert_eq!(done.code, Some(0), "{line}: {done:?}");
    }
    for words in [&["audit", "verify"][..], &["doctor"]] {
        let done = finished(as_user(words)).await;
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    bot.stop().await;
    for name in ["addx.db", "addx.db-wal", "addx.db-shm"] {
        let _ = fs::remove_file(world.folder().join("data").join(name));
    }
    for words in [
        &["restore", "--check", "sealed.addx"][..],
        &["restore", "sealed.addx"],
    ] {
        let done = finished(as_user(words)).await;
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    for folder in ["data", "secrets"] {
        for entry in fs::read_dir(world.folder().join(folder)).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(
                entry.metadata().unwrap().uid(),
                NOBODY,
                "{:?}",
                entry.path()
            );
        }
    }
    let mut bot = world.run(as_user(&["serve"]));
    world.telegram.wait_polling().await.unwrap();
    bot.stop().await;
}

#[tokio::test]
async fn the_bot_may_have_as_many_files_open_as_it_may_ever_have() {
    let world = World::new(1).await;
    let mut shell = world.program("sh");
    shell.args([
        "-c",
        &format!(
            "ulimit -Sn 200; ulimit -Hn 400; exec {}",
            env!("CARGO_BIN_EXE_addx")
        ),
    ]);
    let mut bot = world.run(shell);
    world.telegram.wait_polling().await.unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", bot.id())).unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let numbers: Vec<&str> = files.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers, ["400", "400"]);
    bot.stop().await;
}
