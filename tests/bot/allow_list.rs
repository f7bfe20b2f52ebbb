//! `ADDX_ALLOWED_USERS`.

use std::{collections::HashSet, time::Duration};

use addx::testing::config::AllowedUsers;

use crate::harness::{HOUR, World, begin, enter, in_order, link, verdict};

#[tokio::test]
async fn whoever_is_not_on_the_list_gets_one_polite_answer() {
    let mut world = World::without_bot().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    world.allowed = AllowedUsers::Only(HashSet::from([ada.id()]));
    world.start_bot().await;

    eve.say("/addx main");
    let answer = eve.wait_text("you are not on it").await.unwrap();
    assert!(answer.text.contains(&eve.id().to_string()), "{answer}");
    for text in ["/addx", "/verify", "hello", "/accounts", "/nonsense"] {
        eve.say(text);
    }
    world.rest().await;
    assert_eq!(eve.chat().from_bot().count(), 1, "{}", eve.chat());
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    eve.say("/privacy");
    eve.wait_text("What I keep").await.unwrap();
    eve.say("/cancel");
    eve.wait_text("There is nothing to cancel").await.unwrap();
    eve.say("/unlink");
    eve.wait_text("You have not linked an X account yet")
        .await
        .unwrap();
    world.advance(25 * HOUR);
    eve.say("hello");
    eve.wait_text("you are not on it").await.unwrap();
    link(&ada, "main", &values).await;
    // Nobody is remembered for having been turned away.
    world.advance(25 * HOUR);
    let forgotten = async {
        while world.count("SELECT count(*) FROM reply_throttle").await > 0 {
            // Housekeeping tells nobody when it has been.
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let forgotten = tokio::time::timeout(Duration::from_secs(20), forgotten);
    forgotten.await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn buttons_open_nothing_to_whoever_is_not_on_the_list() {
    let mut world = World::without_bot().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    world.allowed = AllowedUsers::Only(HashSet::from([ada.id()]));
    world.start_bot().await;

    eve.say("/privacy");
    let message = eve.wait_text("What I keep").await.unwrap();
    for data in ["v1:add", "v1:accounts", "v1:guide"] {
        let tapped = eve.tap_data(message.id, data);
        eve.wait_answer(&tapped).await.unwrap();
    }
    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    assert!(
        !eve.chat().shows("How do you want to call it?"),
        "{}",
        eve.chat()
    );
    link(&ada, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn whoever_was_taken_off_the_list_can_leave_and_erase_and_nothing_else() {
    let mut world = World::start().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    let result = link(&eve, "main", &values).await;
    begin(&eve, "shop").await;
    enter(&eve, &in_order(&others)[..2], 4).await;
    world.rest().await;
    world.stop_bot().await;
    world.allowed = AllowedUsers::Only(HashSet::from([ada.id()]));
    world.start_bot().await;

    let calls = world.x.calls().len();
    let tapped = eve.tap(result.id, "Check again").unwrap();
    eve.wait_answer(&tapped).await.unwrap();
    let sent = eve.say(&others.access_token);
    eve.wait_deleted(sent.message_id).await.unwrap();
    world.rest().await;
    assert_eq!(world.x.calls().len(), calls, "X was asked");
    assert_eq!(world.values().await, 4 + 2);
    eve.press("Cancel").unwrap();
    eve.wait_text("The 2 values you had entered are wiped")
        .await
        .unwrap();
    eve.say("/unlink");
    eve.wait_text("Erase main").await.unwrap();
    eve.press("Erase").unwrap();
    eve.wait_text("and its values are erased").await.unwrap();
    assert_eq!(world.values().await, 0);
    begin(&ada, "main").await;
    enter(&ada, &in_order(&values), 4).await;
    verdict(&ada, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_secret_from_whoever_is_not_on_the_list_is_deleted_all_the_same() {
    let mut world = World::without_bot().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    world.allowed = AllowedUsers::Only(HashSet::from([ada.id()]));
    world.start_bot().await;

    for text in [
        values.access_token.clone(),
        format!("/addx {}", values.access_token),
    ] {
        let sent = eve.say(&text);
        eve.wait_text("so I deleted it").await.unwrap();
        eve.wait_deleted(sent.message_id).await.unwrap();
    }
    link(&ada, "main", &values).await;
    world.finish().await;
}
