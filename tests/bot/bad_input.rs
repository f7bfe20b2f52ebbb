//! What people send instead of a value: each has its own answer, and nothing that was entered is lost.

use addx_sim::telegram::Person;
use serde_json::{Value, json};

use crate::harness::{
    World, begin, deleted_with, enter, enter_from, in_order, labelled, link, verdict,
};

/// A flow that has its API Key and asks for the API Secret.
async fn second_step(world: &World, person: &Person) -> addx_sim::x::FourValues {
    let (_, _, values) = world.working_values("seedling");
    begin(person, "main").await;
    enter(person, &in_order(&values)[..1], 4).await;
    values
}

/// Goes on from the second step to the end.
async fn recover(world: World, person: &Person, values: &addx_sim::x::FourValues) {
    assert_eq!(
        world
            .count("SELECT count(*) FROM sealed_values WHERE field = 'api_key'")
            .await,
        1
    );
    enter_from(person, 2, &in_order(values)[1..], 4).await;
    verdict(person, "connected").await;
    assert_eq!(world.values().await, 4);
    world.finish().await;
}

#[tokio::test]
async fn texts_that_can_be_no_value_are_each_answered_in_their_own_words() {
    let world = World::start().await;
    let person = world.person();
    let values = second_step(&world, &person).await;
    let bearer = world
        .x
        .new_app(&world.x.new_user("b"), addx_sim::x::AppPermission::Read)
        .bearer_token();
    let long = "Ab1".repeat(171);
    world.canary(&bearer);
    world.canary(&long);

    for (text, said) in [
        ("\u{200b}", "That message was empty"),
        (long.as_str(), "That text has 513 characters"),
        ("what do you need?", "That looks like a sentence"),
        ("••••••••••••", "That is the hidden form"),
        (
            "AbcDef123456 7890GhiJklMno",
            "There is a space or a line break inside",
        ),
        ("API Key Secret:", "Received: only the label"),
        (bearer.as_str(), "Received: Bearer Token"),
        ("https://console.x.com/apps", "Received: web address"),
        ("ключ-доступа-1234", "That has letters X never uses"),
        (
            values.consumer_key.as_str(),
            "This is the same text as API Key",
        ),
    ] {
        let card = deleted_with(&person, text, said).await;
        assert!(card.text.contains("Step 2 of 4"), "{text}: {card}");
    }
    recover(world, &person, &values).await;
}

#[tokio::test]
async fn a_value_of_unusual_length_is_used_only_when_the_user_says_so() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let unusual = "Zk3pQ9xW2mT7vB5nL8cR1yH4dF6";
    world.canary(unusual);

    begin(&person, "main").await;
    let card = deleted_with(&person, unusual, "the usual length is 25").await;
    assert_eq!(card.labels(), ["Use it anyway", "Send it again", "Cancel"]);
    assert_eq!(
        world
            .count("SELECT count(*) FROM sealed_values WHERE slot = 'held'")
            .await,
        1
    );
    // A text instead of a tap is deleted and not taken.
    let reminded = deleted_with(&person, &values.consumer_key, "Please tap a button first").await;
    assert_eq!(reminded.id, card.id);
    assert_eq!(world.values().await, 1);
    person.press("Use it anyway").unwrap();
    person.wait_text("Step 2 of 4").await.unwrap();
    assert_eq!(
        world
            .count("SELECT count(*) FROM sealed_values WHERE slot = 'current'")
            .await,
        1
    );
    person.press("Back").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    deleted_with(&person, unusual, "the usual length is 25").await;
    person.press("Send it again").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    assert_eq!(world.values().await, 0);
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_value_of_another_step_can_be_used_as_that() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    let card = deleted_with(
        &person,
        &values.access_token,
        "This looks like: Access Token",
    )
    .await;
    assert_eq!(
        card.labels(),
        ["Use it as Access Token", "Send it again", "Cancel"]
    );
    person.press("Use it as Access Token").unwrap();
    person.wait_text("Step 2 of 4").await.unwrap();
    enter_from(
        &person,
        2,
        &[
            &values.consumer_key,
            &values.consumer_secret,
            &values.access_token_secret,
        ],
        4,
    )
    .await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_value_of_an_earlier_step_is_not_taken_twice() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let unusual = "Zk3pQ9xW2mT7vB5nL8cR1yH4dF6";
    world.canary(unusual);

    begin(&person, "main").await;
    deleted_with(&person, unusual, "This is unusual").await;
    person.press("Use it anyway").unwrap();
    person.wait_text("Step 2 of 4").await.unwrap();
    deleted_with(&person, unusual, "This is the same text as API Key").await;
    person.press("Back").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn what_is_no_text_is_deleted_with_one_complaint() {
    let world = World::start().await;
    let person = world.person();
    let values = second_step(&world, &person).await;

    let sent = [
        person.send_photo(None),
        person.send_photo(Some(&values.consumer_secret)),
        person.send_sticker(),
        person.send_voice(),
        person.send_document("keys.txt", Some("my keys")),
    ];
    for message in sent
        .into_iter()
        .chain(person.send_album(4, Some(&values.consumer_secret)))
    {
        person.wait_deleted(message.message_id).await.unwrap();
    }
    world.rest().await;
    let complaints = person
        .history()
        .iter()
        .filter(|said| said.text.contains("I can only use text here"))
        .count();
    assert_eq!(complaints, 1, "{}", person.chat());
    assert_eq!(person.chat().from_bot().count(), 1, "{}", person.chat());
    recover(world, &person, &values).await;
}

#[tokio::test]
async fn a_die_is_no_text_either() {
    let world = World::start().await;
    let person = world.person();
    let values = second_step(&world, &person).await;
    world.telegram.push_raw(serde_json::json!({"message": {
        "message_id": 9_010,
        "date": world.telegram.now(),
        "chat": {"id": person.id(), "type": "private", "first_name": "Ada"},
        "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
        "dice": {"emoji": "🎲", "value": 4},
    }}));
    person.wait_deleted(9_010).await.unwrap();
    person.wait_text("I can only use text here").await.unwrap();
    recover(world, &person, &values).await;
}

#[tokio::test]
async fn an_edited_message_is_never_an_answer() {
    let world = World::start().await;
    let person = world.person();
    let before = person.say("hello");
    person
        .wait_text("I did not ask for anything")
        .await
        .unwrap();
    let values = second_step(&world, &person).await;

    person
        .edit(before.message_id, &values.consumer_secret)
        .unwrap();
    person.wait_deleted(before.message_id).await.unwrap();
    let card = person
        .wait_text("I do not use edited messages as answers")
        .await
        .unwrap();
    assert!(card.text.contains("Step 2 of 4"), "{card}");
    recover(world, &person, &values).await;
}

#[tokio::test]
async fn an_edit_while_a_name_or_a_tap_is_waited_for_is_deleted_and_said() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let first = person.say("hello");
    person
        .wait_text("I did not ask for anything")
        .await
        .unwrap();
    // Not the same answer: one that waits or is being sent is not promised twice.
    let second = person.say("/help");
    person.wait_text("/unlink – ").await.unwrap();

    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.edit(first.message_id, "shop").unwrap();
    person.wait_deleted(first.message_id).await.unwrap();
    person.wait_text("edited").await.unwrap();
    person.say("main");
    person.wait_text("main · Step 1 of 4").await.unwrap();
    deleted_with(&person, "Zk3pQ9xW2mT7vB5nL8cR1yH4dF6", "This is unusual").await;
    person
        .edit(second.message_id, &values.consumer_key)
        .unwrap();
    person.wait_deleted(second.message_id).await.unwrap();
    person.wait_text("Please tap a button first").await.unwrap();
    person.press("Send it again").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_forwarded_burst_loses_nothing_that_was_entered() {
    let world = World::start().await;
    let person = world.person();
    let values = second_step(&world, &person).await;

    let burst = [
        person.forward("look at this"),
        person.forward("and this 🙂"),
        person.forward("https://example.com/a"),
        person.forward("bye"),
    ];
    for message in burst {
        person.wait_deleted(message.message_id).await.unwrap();
    }
    world.rest().await;
    let chat = person.chat();
    assert!(
        chat.messages.last().unwrap().text.contains("Step 2 of 4"),
        "{chat}"
    );
    recover(world, &person, &values).await;
}

#[tokio::test]
async fn four_values_sent_in_a_row_without_waiting_are_taken_in_their_order() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    let sent = in_order(&values).map(|value| person.say(value));
    verdict(&person, "connected").await;
    for message in sent {
        person.wait_deleted(message.message_id).await.unwrap();
    }
    world.finish().await;
}

#[tokio::test]
async fn an_unknown_command_in_a_secret_step_is_deleted_and_never_stored() {
    let world = World::start().await;
    let person = world.person();
    let values = second_step(&world, &person).await;

    for text in [
        "/token",
        "/setkey abc",
        "/addxmain",
        &format!("/key {}", values.consumer_secret),
    ] {
        let card = deleted_with(&person, text, "I do not know that command").await;
        assert!(card.text.contains("Step 2 of 4"), "{card}");
        assert_eq!(world.values().await, 1);
        // The same card again would say nothing new.
        deleted_with(&person, "what?", "That looks like a sentence").await;
    }
    recover(world, &person, &values).await;
}

#[tokio::test]
async fn a_command_with_words_behind_it_is_still_that_command() {
    let world = World::start().await;
    let person = world.person();
    let values = second_step(&world, &person).await;

    person.say("/help me please");
    person.wait_text("/unlink – ").await.unwrap();
    person.say("/cancel this");
    person
        .wait_text("The field you entered is deleted")
        .await
        .unwrap();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_secret_outside_a_flow_is_deleted_wherever_it_stands() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    deleted_with(
        &person,
        &values.access_token,
        "That looked like a key or token, so I deleted it",
    )
    .await;
    deleted_with(
        &person,
        &format!("here: {}", values.consumer_secret),
        "so I deleted it",
    )
    .await;
    let photo = person.send_photo(Some(&labelled(&values)));
    person.wait_text("so I deleted it").await.unwrap();
    person.wait_deleted(photo.message_id).await.unwrap();
    let harmless = person.say("hello");
    person
        .wait_text("I did not ask for anything")
        .await
        .unwrap();
    person
        .edit(harmless.message_id, &values.consumer_secret)
        .unwrap();
    person.wait_text("so I deleted it").await.unwrap();
    person.wait_deleted(harmless.message_id).await.unwrap();
    deleted_with(
        &person,
        &format!("/verify {}", values.access_token),
        "so I deleted it",
    )
    .await;
    deleted_with(
        &person,
        &format!("/unlink {}", values.access_token),
        "so I deleted it",
    )
    .await;
    deleted_with(
        &person,
        &format!("/help {}", values.access_token),
        "so I deleted it",
    )
    .await;
    deleted_with(
        &person,
        &format!("/token {}", values.access_token),
        "so I deleted it",
    )
    .await;
    assert_eq!(world.values().await, 0);
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_secret_in_any_part_of_a_message_is_deleted_in_private_and_in_groups() {
    let world = World::start().await;
    let person = world.person();
    let group = world.group();
    group.set_bot_admin(&person, true);
    let (_, _, values) = world.working_values("seedling");
    let key = &values.access_token;
    let address = json!({"type": "text_link", "offset": 0, "length": 4, "url": format!("https://x.test/{key}")});
    let file = json!({"file_id": "a", "file_unique_id": "b", "file_size": 1});
    let with = |media: &Value, more: Value| {
        let mut media = media.clone();
        let more = more.as_object().unwrap().clone();
        media.as_object_mut().unwrap().extend(more);
        media
    };
    let harmless = [
        json!({"contact": {"phone_number": "+491701234567890", "first_name": "Grace", "user_id": 7}}),
        json!({"text": "read this", "entities": [with(&address, json!({"url": "https://docs.x.com/fundamentals/authentication"}))]}),
        json!({"document": with(&file, json!({"file_name": "IMG_20261124_170102_HDR.jpg"}))}),
    ];
    let secret = [
        json!({"poll": {"id": "1", "question": format!("is {key} good?"), "options": [], "total_voter_count": 0,
            "is_closed": false, "is_anonymous": true, "type": "regular", "allows_multiple_answers": false}}),
        json!({"poll": {"id": "1", "question": "which?", "options": [{"text": key, "voter_count": 0}],
            "total_voter_count": 0, "is_closed": false, "is_anonymous": true, "type": "regular",
            "allows_multiple_answers": false}}),
        json!({"checklist": {"title": "to do", "tasks": [{"id": 1, "text": key}]}}),
        json!({"contact": {"phone_number": "+49170", "first_name": key}}),
        json!({"contact": {"phone_number": "+49170", "first_name": "Key",
            "vcard": format!("BEGIN:VCARD\nNOTE:{key}\nEND:VCARD")}}),
        json!({"venue": {"location": {"latitude": 1.0, "longitude": 1.0}, "title": "here", "address": key}}),
        json!({"document": with(&file, json!({"file_name": format!("{key}.txt")}))}),
        json!({"audio": with(&file, json!({"duration": 1, "title": key, "mime_type": "audio/mpeg"}))}),
        json!({"text": "read this", "entities": [address]}),
        json!({"text": "this one?", "quote": {"text": key, "position": 0}}),
    ];
    let chats = [
        json!({"id": person.id(), "type": "private", "first_name": "Ada"}),
        json!({"id": group.chat_id(), "type": "group", "title": "Friends"}),
    ];
    let mut number = 9_100;
    let mut push = |chat: &Value, parts: &Value| {
        number += 1_i64;
        let message = json!({"message_id": number, "date": world.telegram.now(), "chat": chat,
            "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"}});
        world
            .telegram
            .push_raw(json!({"message": with(&message, parts.clone())}));
        number
    };
    for chat in &chats {
        for parts in &harmless {
            push(chat, parts);
        }
    }
    world.rest().await;
    assert_eq!(world.telegram.calls_to("deleteMessage").len(), 0);
    for chat in &chats {
        for parts in &secret {
            let number = push(chat, parts);
            world.rest().await;
            let calls = world.telegram.calls_to("deleteMessage");
            let mut deleted = calls
                .iter()
                .filter_map(|call| call.params["message_id"].as_i64());
            assert!(deleted.any(|deleted| deleted == number), "{parts}");
        }
    }
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn an_album_outside_a_flow_is_answered_once() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    person.send_album(5, None);
    person
        .wait_text("I did not ask for anything")
        .await
        .unwrap();
    world.rest().await;
    let answers = person.chat().from_bot().count();
    assert_eq!(answers, 1, "{}", person.chat());
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn an_unknown_command_outside_a_flow_is_answered() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let sent = person.say("/settings");
    person
        .wait_text("I do not know that command")
        .await
        .unwrap();
    assert!(person.chat().message(sent.message_id).is_some());
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn the_same_wrong_answer_twice_changes_the_card_each_time() {
    let world = World::start().await;
    let person = world.person();
    begin(&person, "main").await;
    for said in [
        "⚠️ That looks like a sentence",
        "⚠️ Again (2×): That looks like a sentence",
        "⚠️ Again (3×): That looks like a sentence",
    ] {
        deleted_with(&person, "what do you need?", said).await;
    }
    let (_, _, values) = world.working_values("seedling");
    deleted_with(&person, "/nonsense", "⚠️ I do not know that command").await;
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;

    // The name too.
    person.say("/addx");
    person.wait_text("Choose a name").await.unwrap();
    person.say("main");
    person.wait_text("⚠️ You already have").await.unwrap();
    person.say("main");
    person
        .wait_text("⚠️ Again (2×): You already have")
        .await
        .unwrap();
    person.press("Cancel").unwrap();
    person.wait_text("Cancelled").await.unwrap();
    world.finish().await;
}
