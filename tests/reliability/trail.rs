//! The audit trail after somebody changed it behind the bot's back: the entry is named by its number.

use std::fs;

use addx::testing::{
    audit,
    clock::Clock,
    domain::audit::{Act, Actor, Event},
};

use crate::{accounts::Maker, keys::world_with, world::PATIENCE};

#[tokio::test]
async fn an_entry_that_was_altered_or_left_out_is_named_and_a_cut_tail_shows_against_a_head() {
    let world = world_with(5).await;
    let verify = ["audit", "verify", "--json"];
    assert_eq!(world.addx(&verify).await.json()["entries"], 10);
    let head = world.addx(&["audit", "head"]).await;
    fs::write(world.folder().join("head"), &head.out).unwrap();
    fs::write(world.folder().join("no-head"), "ten").unwrap();
    let with_head = ["audit", "verify", "--head", "head"];
    assert_eq!(world.addx(&with_head).await.code, Some(0));
    world
        .addx(&["audit", "verify", "--head", "no-head"])
        .await
        .refused(1, "a head looks like");
    world
        .addx(&["audit", "verify", "--head", "none"])
        .await
        .refused(1, "cannot read the head");
    let whole = fs::read(world.database()).unwrap();

    for (statement, number) in [
        ("UPDATE audit SET detail = 'read_only' WHERE number = 4", 4),
        ("UPDATE audit SET owner = 77 WHERE number = 1", 1),
        ("UPDATE audit SET account_id = x'00' WHERE number = 6", 6),
        ("UPDATE audit SET at = at + 1 WHERE number = 10", 10),
        ("UPDATE audit SET number = 70 WHERE number = 7", 7),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
    ] {
        let database = world.connect().await;
        sqlx::query(statement).execute(&database).await.unwrap_err();
        for trigger in [
            "DROP TRIGGER audit_is_not_changed",
            "DROP TRIGGER audit_is_not_cut",
        ] {
            sqlx::query(trigger).execute(&database).await.unwrap();
        }
        sqlx::query(statement).execute(&database).await.unwrap();
        database.close().await;
        let said = format!("audit entry {number} was altered");
        world.addx(&verify).await.refused(1, &said);
        world.addx(&["audit", "export"]).await.refused(1, &said);
        fs::write(world.database(), &whole).unwrap();
    }

    let database = world.connect().await;
    sqlx::query("DROP TRIGGER audit_is_not_cut")
        .execute(&database)
        .await
        .unwrap();
    sqlx::query("DELETE FROM audit WHERE number > 8")
        .execute(&database)
        .await
        .unwrap();
    database.close().await;
    assert_eq!(world.addx(&verify).await.json()["entries"], 8);
    world
        .addx(&with_head)
        .await
        .refused(1, "ends at entry 8; it had 10");
    // New entries do not hide it.
    for _ in 0..2 {
        assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    }
    world
        .addx(&with_head)
        .await
        .refused(1, "audit entry 10 is not the one");
    fs::write(world.database(), &whole).unwrap();
}

#[tokio::test]
async fn what_is_left_after_pruning_proves_itself_and_says_from_when() {
    let world = world_with(3).await;
    let head = async |name: &str| {
        let head = world.addx(&["audit", "head"]).await;
        fs::write(world.folder().join(name), &head.out).unwrap();
    };
    let verify = async |name: &str| world.addx(&["audit", "verify", "--head", name]).await;
    head("old").await;
    for name in ["last", "newest"] {
        assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
        head(name).await;
    }
    let none = world
        .addx(&["audit", "prune", "--before", "2020-01-01"])
        .await;
    assert!(none.out.contains("no entries before that day"), "{none:?}");
    let pruned = world
        .addx(&["audit", "prune", "--before", "2999-01-01"])
        .await;
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
    assert!(
        pruned.out.contains("Entries up to 7 are gone."),
        "{pruned:?}"
    );
    head("after").await;

    // What was the newest, and that it was pruned.
    let verified = world.addx(&["audit", "verify", "--json"]).await.json();
    assert_eq!(
        (&verified["entries"], &verified["pruned_to"]),
        (&2.into(), &7.into())
    );
    let old = verify("old").await;
    assert_eq!(old.code, Some(0), "{old:?}");
    assert!(old.out.contains("Entries up to 7, of 2"), "{old:?}");
    assert!(
        old.out
            .contains("The head that was exported is of one of those."),
        "{old:?}"
    );
    for name in ["last", "newest", "after"] {
        let done = verify(name).await;
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(!done.out.contains("one of those"), "{done:?}");
    }
    let export = world.addx(&["audit", "export"]).await;
    let last = export.out.lines().last().unwrap();
    assert!(
        last.contains("\"prune\"") && last.contains("\"detail\":\"7\""),
        "{export:?}"
    );
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    assert_eq!(verify("after").await.code, Some(0));

    let whole = fs::read(world.database()).unwrap();
    for (statement, said) in [
        (
            "UPDATE audit_checkpoint SET number = 8",
            "what was pruned from the audit trail was altered",
        ),
        (
            "UPDATE audit_checkpoint SET at = at - 1",
            "what was pruned from the audit trail was altered",
        ),
        ("DELETE FROM audit_checkpoint", "audit entry 1 was altered"),
        (
            "UPDATE audit_checkpoint SET number = 8; DELETE FROM audit WHERE number = 8",
            "was altered",
        ),
    ] {
        let database = world.connect().await;
        sqlx::raw_sql("DELETE FROM audit WHERE number = 8")
            .execute(&database)
            .await
            .unwrap_err();
        sqlx::raw_sql(statement).execute(&database).await.unwrap();
        database.close().await;
        world.addx(&["audit", "verify"]).await.refused(1, said);
        fs::write(world.database(), &whole).unwrap();
    }
    // A copy takes the checkpoint along.
    fs::rename(world.database(), world.folder().join("plain.db")).unwrap();
    assert_eq!(
        world.addx(&["restore", "--plain", "plain.db"]).await.code,
        Some(0)
    );
    assert_eq!(verify("after").await.code, Some(0));
}

#[tokio::test]
async fn old_entries_are_pruned_by_themselves_only_while_the_clocks_agree() {
    let world = world_with(0).await;
    let maker = Maker::open(&world.database(), &world.key_file())
        .await
        .unwrap();
    let old = Clock::system().now() - chrono::TimeDelta::days(3);
    let mut tx = maker.store.begin().await.unwrap();
    for _ in 0..3 {
        let act = Act {
            owner: 7,
            actor: Actor::Owner,
            event: Event::AccessRequest,
            account: None,
            detail: String::new(),
        };
        audit::note(&mut tx, &maker.audit, act, old).await.unwrap();
    }
    tx.commit().await.unwrap();
    maker.store.close().await.unwrap();
    assert_eq!(world.addx(&["key", "add"]).await.code, Some(0));
    let database = world.connect().await;
    let left = async || -> i64 {
        let left = sqlx::query_scalar("SELECT count(*) FROM audit WHERE event = 'access_request'");
        left.fetch_one(&database).await.unwrap()
    };
    let days = [("ADDX_AUDIT_DAYS", "2")];
    world.x.set_clock_offset(3600);
    let mut bot = world.start(&days);
    let deadline = std::time::Instant::now() + PATIENCE;
    while !world.log().contains("so nothing is pruned") {
        assert!(std::time::Instant::now() < deadline, "{}", world.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    bot.stop().await;
    assert_eq!(left().await, 3);
    world.x.set_clock_offset(0);
    let mut bot = world.start(&days);
    while left().await > 0 {
        assert!(std::time::Instant::now() < deadline, "{}", world.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    bot.stop().await;
    database.close().await;
    let verified = world.addx(&["audit", "verify", "--json"]).await.json();
    assert_eq!(verified["pruned_to"], 3);
}
