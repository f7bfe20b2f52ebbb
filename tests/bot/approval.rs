//! `ADDX_OWNER`: people ask, the owner decides, and may take it back.

use addx_sim::telegram::Person;

use crate::harness::{HOUR, World, begin, deleted_with, in_order, link, verify};

/// A bot with an owner, and somebody it does not know. Both are called Ada; their ids differ.
async fn owned() -> (World, Person, Person) {
    let mut world = World::without_bot().await;
    let (owner, eve) = (world.person(), world.person());
    world.owner = Some(owner.id());
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I connect your X account").await.unwrap();
    (world, owner, eve)
}

fn from_bot(person: &Person) -> usize {
    person.chat().from_bot().count()
}

const GRANTED: &str = "SELECT count(*) FROM access WHERE standing = 'granted'";

#[tokio::test]
async fn somebody_new_asks_once_is_let_in_and_can_be_blocked_and_let_in_again() {
    let (world, owner, eve) = owned().await;
    let (_, _, values) = world.working_values("seedling");
    let before = from_bot(&owner);
    eve.say("/addx main");
    let answer = eve
        .wait_text("I have asked; the answer will appear here")
        .await
        .unwrap();
    for works in ["/privacy", "/mydata", "/cancel", "/unlink"] {
        assert!(answer.text.contains(works), "{answer}");
    }
    let request = owner.wait_text("wants to use this bot").await.unwrap();
    assert_eq!(
        request.text,
        format!("🙋 Ada ({}) wants to use this bot.", eve.id())
    );
    // One polite answer a day, and one request.
    for text in ["/addx", "/history", "hello", "/users", "/nonsense"] {
        eve.say(text);
    }
    world.rest().await;
    assert_eq!((from_bot(&eve), from_bot(&owner)), (1, before + 1));
    world.advance(25 * HOUR);
    eve.say("hello");
    eve.wait_text("I have asked").await.unwrap();
    world.rest().await;
    assert_eq!(from_bot(&owner), before + 1, "{}", owner.chat());

    owner.press("Approve").unwrap();
    owner.wait_text("can use this bot now").await.unwrap();
    eve.wait_text("The owner of this bot approved you")
        .await
        .unwrap();
    link(&eve, "main", &values).await;
    owner.say("/users");
    let list = owner.wait_text("People").await.unwrap();
    let line = format!("{} Ada: approved, since ", eve.id());
    assert!(list.text.contains(&line), "{list}");

    owner.say(&format!("/block {}", eve.id()));
    let blocked = owner.wait_text("can no longer use this bot").await.unwrap();
    let calls = world.x.calls().len();
    world.advance(25 * HOUR);
    eve.say("/verify main");
    eve.wait_text("did not approve you").await.unwrap();
    world.rest().await;
    assert_eq!(world.x.calls().len(), calls, "X was asked");
    eve.say("/mydata");
    eve.wait_text("Everything stored about you").await.unwrap();

    owner.tap(blocked.id, "Approve").unwrap();
    owner.wait_text("can use this bot now").await.unwrap();
    eve.wait_text("approved you").await.unwrap();
    verify(&eve, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn whoever_was_refused_is_told_so_and_the_owner_is_not_asked_again() {
    let (world, owner, eve) = owned().await;
    let (_, _, values) = world.working_values("seedling");
    eve.say("hello");
    owner.wait_text("wants to use this bot").await.unwrap();
    owner.press("Refuse").unwrap();
    let refused = owner.wait_text("cannot use this bot").await.unwrap();
    eve.wait_text("did not approve you").await.unwrap();
    let (told, asked) = (from_bot(&eve), from_bot(&owner));
    eve.say("please");
    world.rest().await;
    assert_eq!(from_bot(&eve), told, "{}", eve.chat());
    world.advance(25 * HOUR);
    eve.mark();
    eve.say("please");
    let answer = eve.wait_text("did not approve you").await.unwrap();
    assert!(!answer.text.contains("I have asked"), "{answer}");
    world.rest().await;
    assert_eq!((from_bot(&eve), from_bot(&owner)), (told + 1, asked));
    // A secret goes all the same.
    deleted_with(&eve, &values.access_token, "so I deleted it").await;

    owner.tap(refused.id, "Approve").unwrap();
    eve.wait_text("approved you").await.unwrap();
    link(&eve, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn only_the_owner_decides() {
    let (world, owner, eve) = owned().await;
    let mallory = world.person();
    for person in [&eve, &mallory] {
        person.say("hello");
        person.wait_text("I have asked").await.unwrap();
    }
    // A stranger cannot let themselves in with a button that they made up.
    let approve = format!("v1:user:approve:{}", mallory.id());
    let message = mallory.chat().last_bot_message().unwrap().id;
    let tapped = mallory.tap_data(message, &approve);
    mallory.wait_answer(&tapped).await.unwrap();
    world.rest().await;
    assert_eq!(world.count(GRANTED).await, 0);

    owner.say("/users");
    let list = owner.wait_text("People").await.unwrap();
    assert_eq!(list.text.matches(": waiting, since").count(), 2, "{list}");
    owner.tap_data(list.id, &format!("v1:user:approve:{}", eve.id()));
    eve.wait_text("approved you").await.unwrap();
    // Nor can somebody who was let in decide about others.
    let message = eve.chat().last_bot_message().unwrap().id;
    let tapped = eve.tap_data(message, &approve);
    eve.wait_answer(&tapped).await.unwrap();
    for command in ["/users", &format!("/block {}", owner.id())] {
        eve.say(command);
        eve.wait_text("I do not know that command").await.unwrap();
    }
    world.rest().await;
    assert_eq!(world.count(GRANTED).await, 1);
    let blocked = "SELECT count(*) FROM access WHERE standing = 'blocked'";
    assert_eq!(world.count(blocked).await, 0);
    begin(&eve, "main").await;

    for command in ["/block", "/block nobody", "/block 1 2"] {
        owner.say(command);
        owner.wait_text("Who?").await.unwrap();
    }
    // What was decided stands in the trail.
    let trail =
        "SELECT group_concat(event || ' ' || actor, ', ') FROM audit WHERE event LIKE 'access%'";
    let trail = world.text(trail).await;
    assert_eq!(
        trail,
        "access_request user, access_request user, access_grant owner"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_decision_outlives_a_restart_and_an_owner_is_served_without_asking() {
    let (mut world, owner, eve) = owned().await;
    let (_, _, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    eve.say("hello");
    owner.wait_text("wants to use this bot").await.unwrap();
    world.restart_bot().await;
    owner.press("Approve").unwrap();
    eve.wait_text("approved you").await.unwrap();
    world.restart_bot().await;
    link(&eve, "main", &values).await;
    assert_eq!(in_order(&others).len(), 4);
    link(&owner, "mine", &others).await;
    world.finish().await;
}
