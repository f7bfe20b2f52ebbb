//! `/unlink`: asked once, then erased.

use crate::harness::{HOUR, ME, World, enter, link, rotate, verify};

#[tokio::test]
async fn it_asks_once_and_erases_every_row() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    person.say("/unlink");
    let question = person
        .wait_text("Unlink main (@seedling) and delete its credentials?")
        .await
        .unwrap();
    assert_eq!(
        question.labels(),
        ["Revoke at X and erase", "Erase", "Keep"]
    );
    person.press("Keep").unwrap();
    person.wait_deleted(question.id).await.unwrap();
    assert_eq!(world.values().await, 4);
    person.say("/unlink MAIN");
    person.wait_text("Unlink main").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("main and its credentials are deleted")
        .await
        .unwrap();
    for rows in [
        "SELECT count(*) FROM accounts",
        "SELECT count(*) FROM data_keys",
        "SELECT count(*) FROM sealed_values",
        "SELECT count(*) FROM jobs WHERE kind = 'check'",
    ] {
        assert_eq!(world.count(rows).await, 0, "{rows}");
    }
    person.say("/accounts");
    person
        .wait_text("You have not linked an X account yet")
        .await
        .unwrap();
    // The name is free again.
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_is_erased_while_x_is_asked_gets_no_verdict() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let hold = world.x.hold(ME);
    person.say("/verify");
    world.x.wait_arrivals(ME, 2).await.unwrap();
    person.say("/unlink");
    person.wait_text("Unlink main").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("main and its credentials are deleted")
        .await
        .unwrap();
    hold.release();
    world.x.wait_calls(ME, 2).await.unwrap();
    world.rest().await;
    assert!(
        person
            .last_bot_message()
            .unwrap()
            .text
            .contains("are deleted"),
        "{}",
        person.chat()
    );
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn an_open_rotation_of_the_account_ends_with_it() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token], 2).await;
    person.say("/unlink");
    person.wait_text("Unlink main").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("main and its credentials are deleted")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.values().await, 0);
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn with_several_accounts_the_right_one_goes() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, first) = world.working_values("first");
    let (_, _, second) = world.working_values("second");
    link(&person, "main", &first).await;
    link(&person, "shop", &second).await;
    person.say("/unlink");
    person
        .wait_text("Which account should I delete?")
        .await
        .unwrap();
    person.press("shop").unwrap();
    person.wait_text("Unlink shop (@second)").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("shop and its credentials are deleted")
        .await
        .unwrap();
    assert_eq!(world.values().await, 4);
    world.advance(HOUR);
    let result = verify(&person, "connected").await;
    assert!(
        result.text.contains("main is connected as @first"),
        "{result}"
    );
    world.finish().await;
}
