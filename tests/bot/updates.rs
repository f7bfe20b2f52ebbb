//! Updates as Telegram may deliver them: twice, of unknown kinds, in parts that this version does not know.

use serde_json::json;

use crate::harness::{World, begin, enter, enter_from, in_order, labelled, link, verdict};

#[tokio::test]
async fn an_update_that_comes_twice_counts_once() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    world.telegram.expect_error("message to delete not found");

    begin(&person, "main").await;
    let sent = person.say(&values.consumer_key);
    person.wait_text("Step 2 of 4").await.unwrap();
    world.rest().await;
    let before = person.chat();
    assert!(world.telegram.redeliver(sent.update_id.unwrap()));
    world.rest().await;
    assert_eq!(person.chat(), before);
    world.restart_bot().await;
    assert!(world.telegram.redeliver(sent.update_id.unwrap()));
    world.rest().await;
    assert_eq!(person.chat(), before);
    enter_from(&person, 2, &in_order(&values)[1..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_last_value_twice_makes_one_account_and_one_answer() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    world.telegram.expect_error("message to delete not found");

    begin(&person, "main").await;
    let sent = person.say(&labelled(&values));
    verdict(&person, "connected").await;
    assert!(world.telegram.redeliver(sent.update_id.unwrap()));
    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM accounts").await, 1);
    let results = person
        .history()
        .iter()
        .filter(|said| said.text.contains("is connected as"))
        .count();
    assert_eq!(results, 1);
    crate::harness::verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn kinds_of_updates_that_nobody_knows_hold_up_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    world
        .telegram
        .push_raw(json!({"a_kind_of_the_future": {"text": "x"}}));
    world.telegram.push_raw(json!({"poll": {"id": "1"}}));
    world
        .telegram
        .push_raw(json!({"message": {"nothing": "as expected"}}));
    world.telegram.push_raw(json!({}));
    link(&person, "main", &values).await;
    world.telegram.push_raw(json!({"message_reaction": {"chat": {"id": person.id(), "type": "private", "first_name": "Ada"}}}));
    crate::harness::verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_value_in_a_message_with_parts_of_the_future_is_taken_and_deleted() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    let number = 9_001;
    world.telegram.push_raw(json!({"message": {
        "message_id": number,
        "date": world.telegram.now(),
        "chat": {"id": person.id(), "type": "private", "first_name": "Ada"},
        "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
        "text": values.consumer_key,
        "entities": [{"type": "of_the_future", "offset": 0, "length": 5}],
    }}));
    person.wait_deleted(number).await.unwrap();
    person.wait_text("Step 2 of 4").await.unwrap();
    enter_from(&person, 2, &in_order(&values)[1..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_kind_of_message_of_the_future_is_deleted_in_a_flow_like_any_other_that_is_no_text() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    let number = 9_002;
    world.telegram.push_raw(json!({"message": {
        "message_id": number,
        "date": world.telegram.now(),
        "chat": {"id": person.id(), "type": "private", "first_name": "Ada"},
        "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
        "hologram": {"file_id": "x"},
    }}));
    person.wait_deleted(number).await.unwrap();
    person.wait_text("I can only use text here").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    // Outside a flow its caption is looked at like any other.
    world.telegram.push_raw(json!({"message": {
        "message_id": number + 900,
        "date": world.telegram.now(),
        "chat": {"id": person.id(), "type": "private", "first_name": "Ada"},
        "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
        "hologram": {"file_id": "x"},
        "caption": values.access_token,
    }}));
    person.wait_deleted(number + 900).await.unwrap();
    person.wait_text("so I deleted it").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn what_telegram_itself_notes_in_the_chat_is_no_answer() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let card = begin(&person, "main").await;
    world.rest().await;
    let before = person.chat();
    world.telegram.push_raw(json!({"message": {
        "message_id": 9_003,
        "date": world.telegram.now(),
        "chat": {"id": person.id(), "type": "private", "first_name": "Ada"},
        "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
        "message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400},
    }}));
    world.rest().await;
    let after = person.chat();
    assert_eq!(after.message(card.id), before.message(card.id), "{after}");
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}
