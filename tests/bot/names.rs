//! What an account is called.

use crate::harness::{
    HOUR, ME, World, begin, deleted_with, enter, in_order, labelled, link, verdict, verify,
};
use addx_sim::x::answers;

#[tokio::test]
async fn the_x_handle_becomes_the_name_once_x_has_confirmed_it() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.press("Use my X handle").unwrap();
    person
        .wait_text("New X account · Step 1 of 4")
        .await
        .unwrap();
    enter(&person, &in_order(&values), 4).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("seedling is connected as @seedling"),
        "{result}"
    );
    person.say("/verify SEEDLING");
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn until_x_answers_the_account_has_a_name_of_its_own() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let id = values.access_token.split('-').next().unwrap().to_owned();
    world.x.answer_next(ME, answers::unavailable());

    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.press("Use my X handle").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    person.say(&labelled(&values));
    let result = verdict(&person, "x_unavailable").await;
    assert!(result.text.contains(&format!("x-{id}")), "{result}");
    let result = verify(&person, "connected").await;
    assert!(
        result.text.contains("seedling is connected as @seedling"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_handle_that_is_a_name_already_gets_a_number() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, first) = world.working_values("first");
    let (_, _, values) = world.working_values("Seedling");
    link(&person, "seedling", &first).await;

    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.press("Use my X handle").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("Seedling-2 is connected as @Seedling"),
        "{result}"
    );
    person.say("/verify seedling-2");
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn names_that_cannot_be_taken_are_refused_each_in_its_own_words() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let long = "n".repeat(33);

    for (name, said) in [
        ("MAIN", "You already have an account with this name"),
        (long.as_str(), "at most 32 characters"),
        ("two\nlines", "one line of visible characters"),
        ("with\u{202e}turn", "one line of visible characters"),
        (
            values.access_token.as_str(),
            "That looks like a key, not like a name",
        ),
    ] {
        let sent = person.say(&format!("/addx {name}"));
        person.wait_text(said).await.unwrap();
        if name == values.access_token {
            person.wait_deleted(sent.message_id).await.unwrap();
        }
        assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    }
    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    for (name, said) in [
        ("Main", "You already have an account with this name"),
        (long.as_str(), "at most 32 characters"),
        (" \n ", "A name needs at least one character"),
        ("\u{3164}", "one line of visible characters"),
        (
            values.consumer_secret.as_str(),
            "That looks like a key, not like a name",
        ),
        ("two\nlines", "one line of visible characters"),
        ("/shop", "I do not know that command"),
    ] {
        let card = deleted_with(&person, name, said).await;
        assert!(card.text.contains("Choose a name."), "{card}");
    }
    let photo = person.send_photo(Some("shop"));
    person.wait_deleted(photo.message_id).await.unwrap();
    person.wait_text("only use text").await.unwrap();
    for sent in person.send_album(3, None) {
        person.wait_deleted(sent.message_id).await.unwrap();
    }
    person.say("ünïcode 🙂 name");
    person
        .wait_text("ünïcode 🙂 name · Step 1 of 4")
        .await
        .unwrap();
    person.say(&labelled(&values));
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("ünïcode 🙂 name is connected"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_name_with_markup_in_it_is_shown_as_it_was_typed() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    let result = link(&person, "<b>&amp;</b>", &values).await;
    assert!(
        result.text.contains("<b>&amp;</b> is connected"),
        "{result}"
    );
    person.say("/accounts");
    person.wait_text("<b>&amp;</b> · @seedling").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn addx_with_a_name_answers_the_question_for_one() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.say("/addx main");
    person.wait_text("main · Step 1 of 4").await.unwrap();
    world.rest().await;
    assert_eq!(person.chat().from_bot().count(), 1, "{}", person.chat());
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_taken_name_in_mid_flow_is_refused_before_anything_is_wiped() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    link(&person, "main", &values).await;

    begin(&person, "shop").await;
    enter(&person, &in_order(&others)[..2], 4).await;
    person.say("/addx MAIN");
    person
        .wait_text("You already have an account with this name")
        .await
        .unwrap();
    person.say("/addx two\nlines");
    person
        .wait_text("one line of visible characters")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.values().await, 4 + 2);
    assert!(
        person
            .last_bot_message()
            .unwrap()
            .text
            .contains("Step 3 of 4"),
        "{}",
        person.chat()
    );
    crate::harness::enter_from(&person, 3, &in_order(&others)[2..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_handle_that_is_taken_meanwhile_does_not_push_out_the_flows_own_name() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("shop");
    let (_, _, others) = world.working_values("other");
    world.x.answer_next(ME, answers::unavailable());
    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    person.press("Use my X handle").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    person.say(&labelled(&values));
    verdict(&person, "x_unavailable").await;

    begin(&person, "shop").await;
    enter(&person, &in_order(&others)[..2], 4).await;
    // X answers now, and the first account takes the name that the open flow wants.
    let result = verify(&person, "connected").await;
    assert!(
        result.text.contains("shop is connected as @shop"),
        "{result}"
    );
    world.rest().await;
    world.advance(HOUR / 4);
    crate::harness::enter_from(&person, 3, &in_order(&others)[2..], 4).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("shop-2 is connected as @other"),
        "{result}"
    );
    world.finish().await;
}
