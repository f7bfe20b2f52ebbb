//! Groups: one answer that leads to the private chat, and never a question.

use addx_sim::telegram::ButtonKind;

use crate::harness::{HOUR, World, link};

#[tokio::test]
async fn a_group_is_answered_once_with_the_way_to_the_private_chat() {
    let world = World::start().await;
    let person = world.person();
    let group = world.group();
    let (_, _, values) = world.working_values("seedling");

    person.say_in(&group, "/addx main");
    let answer = group
        .wait_text("I work in private chats only")
        .await
        .unwrap();
    let link_button = answer.button("Open the private chat").unwrap();
    let ButtonKind::Url(url) = &link_button.kind else {
        panic!("{link_button:?}");
    };
    assert!(
        url.starts_with(&format!("https://t.me/{}", world.telegram.bot_username())),
        "{url}"
    );
    person.say_in(&group, "/addx@addx_sim_bot main");
    person.say_in(&group, "/help");
    person.reply_in(&group, answer.id, "shop");
    world.rest().await;
    assert_eq!(group.chat().from_bot().count(), 1, "{}", group.chat());
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    world.advance(25 * HOUR);
    person.say_in(&group, "/addx main");
    group
        .wait_text("I work in private chats only")
        .await
        .unwrap();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_secret_in_a_group_is_deleted_where_the_bot_may_and_said_where_it_may_not() {
    let world = World::start().await;
    let person = world.person();
    let group = world.group();
    let (_, _, values) = world.working_values("seedling");
    group.set_bot_admin(&person, true);

    let sent = person.say_in(&group, &format!("my key {}", values.access_token));
    group.wait_deleted(sent.message_id).await.unwrap();
    let told = group
        .wait_text("That looked like a key or token, so I deleted it")
        .await
        .unwrap();
    assert!(told.text.contains("regenerate it in X"), "{told}");
    world.rest().await;
    assert_eq!(group.chat().from_bot().count(), 1, "{}", group.chat());

    group.set_bot_admin(&person, false);
    world.telegram.expect_error("message can't be deleted");
    let (_, _, others) = {
        let user = world.x.new_user("leaked");
        let app = world.x.new_app(&user, addx_sim::x::AppPermission::Read);
        let values = app.four_values(&user);
        (user, app, values)
    };
    person.say_in(&group, &format!("/addx {}", others.access_token));
    group.wait_text("I could not delete it").await.unwrap();
    world.rest().await;
    let warnings = group
        .chat()
        .from_bot()
        .filter(|said| {
            said.text.contains("elete it yourself") || said.text.contains("could not delete")
        })
        .count();
    assert_eq!(warnings, 1, "{}", group.chat());
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_secret_that_is_edited_into_a_message_of_a_group_is_deleted_and_said() {
    let world = World::start().await;
    let person = world.person();
    let group = world.group();
    let (_, _, values) = world.working_values("seedling");
    group.set_bot_admin(&person, true);
    let number = 9_100;
    world.telegram.push_raw(serde_json::json!({"message": {
        "message_id": number,
        "date": world.telegram.now(),
        "chat": {"id": group.chat_id(), "type": "group", "title": "Friends"},
        "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
        "text": "hello",
    }}));
    world.rest().await;
    world
        .telegram
        .push_raw(serde_json::json!({"edited_message": {
            "message_id": number,
            "date": world.telegram.now(),
            "edit_date": world.telegram.now(),
            "chat": {"id": group.chat_id(), "type": "group", "title": "Friends"},
            "from": {"id": person.id(), "is_bot": false, "first_name": "Ada"},
            "text": values.access_token,
        }}));
    group.wait_deleted(number).await.unwrap();
    group.wait_text("so I deleted it").await.unwrap();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_flow_in_the_private_chat_is_not_touched_by_what_happens_in_a_group() {
    let world = World::start().await;
    let person = world.person();
    let group = world.group();
    let (_, _, values) = world.working_values("seedling");
    crate::harness::begin(&person, "main").await;
    person.say_in(&group, "/cancel");
    group
        .wait_text("I work in private chats only")
        .await
        .unwrap();
    group.remove_bot(&person);
    group.add_bot(&person);
    world.rest().await;
    crate::harness::enter(&person, &crate::harness::in_order(&values), 4).await;
    crate::harness::verdict(&person, "connected").await;
    world.finish().await;
}
