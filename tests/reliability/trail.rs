//! The audit trail after somebody changed it behind the bot's back: the entry is named by its number.

use std::fs;

use crate::keys::world_with;

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
