//! A flow that rests too long is over.

use addx_sim::telegram::Person;

use crate::harness::{MINUTE, World, begin, enter, enter_from, in_order, link, verdict};

/// A flow with two values, and half an hour in which nothing came. The card.
async fn rested(world: &World, person: &Person) -> i32 {
    let (_, _, values) = world.working_values("sleeper");
    let card = begin(person, "main").await;
    enter(person, &in_order(&values)[..2], 4).await;
    world.rest().await;
    assert_eq!(world.values().await, 2);
    person.mark();
    world.advance(30 * MINUTE);
    card.id
}

async fn assert_wiped(world: &World) {
    assert_eq!(world.values().await, 0);
    assert_eq!(world.count("SELECT count(*) FROM data_keys").await, 0);
    let open = world.count("SELECT count(*) FROM dialogues WHERE expires_at IS NOT NULL");
    assert_eq!(open.await, 0);
}

#[tokio::test]
async fn after_thirty_minutes_the_values_are_wiped_and_the_card_says_so() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let card = rested(&world, &person).await;

    let ended = person
        .wait_text("Timed out after 30 minutes")
        .await
        .unwrap();
    assert_eq!((ended.id, ended.labels()), (card, Vec::new()));
    assert_wiped(&world).await;
    let sent = person.say(&values.access_token);
    let told = person
        .wait_text("Linking main timed out after 30 minutes")
        .await
        .unwrap();
    assert!(told.text.contains("I deleted your message"), "{told}");
    person.wait_deleted(sent.message_id).await.unwrap();
    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    assert_wiped(&world).await;
    person.press("Link an X account").unwrap();
    person.wait_text("Choose a name.").await.unwrap();
    person.say("main");
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_short_text_after_the_end_is_deleted_too() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    rested(&world, &person).await;

    let sent = person.say("abc12");
    person
        .wait_text("Linking main timed out after 30 minutes")
        .await
        .unwrap();
    person.wait_deleted(sent.message_id).await.unwrap();
    person.say("hello");
    person
        .wait_text("I did not ask for anything")
        .await
        .unwrap();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_command_after_the_end_is_told_and_answered() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    rested(&world, &person).await;

    person.say("/addx main");
    let told = person
        .wait_text("Linking main timed out after 30 minutes")
        .await
        .unwrap();
    assert!(!told.text.contains("I deleted your message"), "{told}");
    person.wait_text("Step 1 of 4").await.unwrap();
    world.rest().await;
    let chat = person.chat();
    assert!(
        chat.messages.last().unwrap().text.contains("Step 1 of 4"),
        "{chat}"
    );
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    let times = person
        .history()
        .iter()
        .filter(|said| said.text.contains("timed out after 30 minutes"))
        .count();
    assert_eq!(times, 1, "{}", person.chat());
    world.finish().await;
}

#[tokio::test]
async fn a_tap_after_the_end_is_told_and_does_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let card = begin(&person, "main").await;
    enter(&person, &in_order(&values)[..1], 4).await;
    let back = person
        .chat()
        .message(card.id)
        .unwrap()
        .button("Back")
        .unwrap()
        .clone();
    world.rest().await;
    world.advance(30 * MINUTE);

    let tapped = person.tap_data(card.id, back.data().unwrap());
    person
        .wait_text("Linking main timed out after 30 minutes")
        .await
        .unwrap();
    let answer = person.wait_answer(&tapped).await.unwrap();
    assert!(answer.text.contains("earlier step"), "{answer:?}");
    assert_wiped(&world).await;
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn each_step_begins_the_thirty_minutes_anew() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    for (index, value) in in_order(&values).iter().enumerate() {
        world.rest().await;
        world.advance(29 * MINUTE);
        enter_from(&person, index + 1, &[value], 4).await;
    }
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_flow_that_rested_while_the_bot_was_down_is_over_when_it_comes_back() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..3], 4).await;
    world.rest().await;
    world.stop_bot().await;
    world.advance(31 * MINUTE);
    person.mark();

    world.start_bot().await;
    person
        .wait_text("Timed out after 30 minutes")
        .await
        .unwrap();
    assert_wiped(&world).await;
    person.say("/accounts");
    person
        .wait_text("Linking main timed out after 30 minutes")
        .await
        .unwrap();
    person
        .wait_text("You have not linked an X account yet")
        .await
        .unwrap();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_rotation_that_rests_loses_its_new_values_and_keeps_the_old_ones() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    crate::harness::rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token], 2).await;
    assert_eq!(world.candidates().await, 1);
    world.rest().await;
    person.mark();
    world.advance(30 * MINUTE);

    person
        .wait_text("Timed out after 30 minutes")
        .await
        .unwrap();
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    person.say("/verify");
    person
        .wait_text("Replacing the credentials of main timed out after 30 minutes")
        .await
        .unwrap();
    verdict(&person, "connected").await;
    world.finish().await;
}
