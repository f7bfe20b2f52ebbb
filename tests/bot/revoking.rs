//! `/unlink` with `Revoke at X and erase`: the token ends at X, then the account here, and there is a receipt.

use std::time::Duration;

use addx_sim::{
    telegram::{Person, SeenMessage},
    x::{AppPermission, Fault, answers},
};

use crate::{
    harness::{ME, MINUTE, World, begin, enter, in_order, link, rotate, shown, verdict},
    pin::{ASKED, BUTTON as PIN_BUTTON, authorize},
};

const INVALIDATE: &str = "/1.1/oauth/invalidate_token.json";
const POST: &str = "/2/tweets/{id}";
const BUTTON: &str = "Revoke at X and erase";

async fn revoke(person: &Person) {
    person.say("/unlink main");
    person.wait_text("Unlink main").await.unwrap();
    person.press(BUTTON).unwrap();
    person
        .wait_text("Revoking the token of main at X")
        .await
        .unwrap();
}

async fn receipt(person: &Person) -> SeenMessage {
    person.wait_text("🧾").await.unwrap()
}

async fn is_erased(world: &World) {
    for rows in [
        "SELECT count(*) FROM accounts",
        "SELECT count(*) FROM data_keys",
        "SELECT count(*) FROM sealed_values",
        "SELECT count(*) FROM jobs WHERE account_id IS NOT NULL",
    ] {
        assert_eq!(world.count(rows).await, 0, "{rows}");
    }
}

fn calls(world: &World) -> Vec<String> {
    world.x.calls().into_iter().map(|call| call.path).collect()
}

#[tokio::test]
async fn the_token_ends_at_x_and_the_receipt_says_what_is_gone_and_what_remains() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.x.forget_calls();

    person.say("/unlink");
    let question = person.wait_text("Unlink main").await.unwrap();
    insta::assert_snapshot!(shown(&question), @"
    Unlink main (@seedling) and delete its credentials? This cannot be undone.

    Revoke at X and erase: deletes them and also revokes the token at X. Anything else that uses it stops working.
    Erase: deletes them here. The token stays valid at X until you revoke or regenerate it there.
    Keep: changes nothing.
    [Revoke at X and erase]
    [Erase][Keep]
    ");
    person.press(BUTTON).unwrap();
    let receipt = receipt(&person).await;
    insta::assert_snapshot!(shown(&receipt), @"
    🧾 main (@seedling) is unlinked

    Deleted here: API Key, API Secret, Access Token, Access Secret, their encryption key, and the account entry. /history keeps the event without the account name.

    At X: the token is revoked. X rejected it when I tried it afterwards.

    Backups: copies of the database that the operator made earlier can hold the credentials, encrypted, until the operator deletes them. Ask the operator when backups are deleted. The API key pair in such a copy works until you regenerate it in X.
    ");
    assert!(!world.x.is_valid_token(&values.access_token));
    assert_eq!(calls(&world), [INVALIDATE, ME]);
    is_erased(&world).await;
    person.say("/history");
    let history = person.wait_text("What happened").await.unwrap();
    assert!(history.text.contains("revoked at X proven"), "{history}");
    assert!(history.text.contains(": deleted"), "{history}");
    world.finish().await;
}

#[tokio::test]
async fn erasing_alone_asks_x_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.x.forget_calls();
    person.say("/unlink");
    person.wait_text("Unlink main").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("main and its credentials are deleted")
        .await
        .unwrap();
    assert!(world.x.is_valid_token(&values.access_token));
    assert_eq!(calls(&world), [""; 0]);
    world.finish().await;
}

#[tokio::test]
async fn while_x_is_down_it_is_tried_three_times_and_then_erased_with_what_to_do_by_hand() {
    for fault in [answers::unavailable().into(), Fault::DropConnection] {
        let world = World::start().await;
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        link(&person, "main", &values).await;
        world.x.force(INVALIDATE, fault);
        revoke(&person).await;
        for tries in 1..=3 {
            world.x.wait_calls(INVALIDATE, tries).await.unwrap();
            world.rest().await;
            assert_eq!(world.values().await == 0, tries == 3, "{tries}");
            world.advance(Duration::from_secs(20));
        }
        let receipt = receipt(&person).await;
        assert!(receipt.text.contains("X did not answer"), "{receipt}");
        assert!(receipt.text.contains("Connected apps"), "{receipt}");
        assert!(receipt.text.contains("Access Token → Revoke"), "{receipt}");
        is_erased(&world).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn x_that_comes_back_in_time_is_asked_again() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.x.answer_next(INVALIDATE, answers::unavailable());
    revoke(&person).await;
    world.x.wait_calls(INVALIDATE, 1).await.unwrap();
    world.rest().await;
    world.advance(Duration::from_secs(20));
    let receipt = receipt(&person).await;
    assert!(receipt.text.contains("X reject"), "{receipt}");
    assert!(!world.x.is_valid_token(&values.access_token));
    is_erased(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn what_x_says_of_the_token_is_told_as_it_is() {
    type Set = fn(&World, &addx_sim::x::App, &str);
    let cases: [(Set, &str); 5] = [
        (
            |world, _, token| world.x.revoke_token(token),
            "the token was no longer valid before; X rejects it",
        ),
        (
            |world, _, _| world.x.force(ME, answers::unavailable()),
            "I could not confirm that X rejects it",
        ),
        (
            // X says that it is done, and goes on to take the token.
            |world, _, _| {
                let done = addx_sim::x::Answer::json(200, r#"{"access_token":"1-a"}"#);
                world.x.force(INVALIDATE, done);
            },
            "I could not confirm that X rejects it",
        ),
        (
            |world, _, _| world.x.force(INVALIDATE, answers::code(32)),
            "did not say that the token is revoked",
        ),
        (
            |world, _, _| world.x.force(INVALIDATE, answers::code(135)),
            "did not say that the token is revoked",
        ),
    ];
    for (set, said) in cases {
        let world = World::start().await;
        let person = world.person();
        let (_, app, values) = world.working_values("seedling");
        link(&person, "main", &values).await;
        set(&world, &app, &values.access_token);
        revoke(&person).await;
        let receipt = receipt(&person).await;
        assert!(receipt.text.contains(said), "{receipt}");
        is_erased(&world).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn new_values_that_wait_are_revoked_too() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    world.canary(&fresh.secret);
    rotate(&person, "Token pair").await;
    world.x.force(ME, answers::unavailable());
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "x_unavailable").await;
    world.x.clear(ME);
    revoke(&person).await;
    receipt(&person).await;
    for token in [&values.access_token, &fresh.token] {
        assert!(!world.x.is_valid_token(token));
    }
    is_erased(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn a_bot_that_dies_while_x_is_asked_goes_on() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let hold = world.x.hold(INVALIDATE);
    revoke(&person).await;
    world.x.wait_arrivals(INVALIDATE, 1).await.unwrap();
    world.kill_bot().await;
    hold.release();
    assert_eq!(world.values().await, 4);
    // X had done it before the bot died.
    world.x.revoke_token(&values.access_token);
    world.start_bot().await;
    let receipt = receipt(&person).await;
    assert!(
        receipt
            .text
            .contains("the token is revoked. X rejected it when I tried it"),
        "{receipt}"
    );
    is_erased(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn the_account_is_off_the_list_at_once_and_its_name_is_free() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let (_, _, other) = world.working_values("other");
    let hold = world.x.hold(INVALIDATE);
    revoke(&person).await;
    world.x.wait_arrivals(INVALIDATE, 1).await.unwrap();
    person.say("/accounts");
    person
        .wait_text("You have not linked an X account yet")
        .await
        .unwrap();
    begin(&person, "main").await;
    enter(&person, &in_order(&other), 4).await;
    verdict(&person, "connected").await;
    // Its values wait for X, whatever else begins and ends.
    assert_eq!(world.values().await, 8);
    hold.release();
    receipt(&person).await;
    world.rest().await;
    assert_eq!(world.values().await, 4);
    assert!(!world.x.is_valid_token(&values.access_token));
    assert!(world.x.is_valid_token(&other.access_token));
    world.finish().await;
}

#[tokio::test]
async fn a_second_tap_and_a_foreign_one_revoke_nothing() {
    let world = World::start().await;
    let person = world.person();
    let stranger = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    person.say("/unlink");
    let question = person.wait_text("Unlink main").await.unwrap();
    let data = question.button(BUTTON).unwrap().data().unwrap().to_owned();
    stranger.say("/start");
    let hello = stranger
        .wait_text("I connect your X account")
        .await
        .unwrap();
    let tapped = stranger.tap_data(hello.id, &data);
    let answer = stranger.wait_answer(&tapped).await.unwrap();
    assert!(answer.text.contains("is no longer linked"));
    assert!(world.x.is_valid_token(&values.access_token));
    person.press(BUTTON).unwrap();
    receipt(&person).await;
    let tapped = person.tap_data(question.id, &data);
    let answer = person.wait_answer(&tapped).await.unwrap();
    assert!(answer.text.contains("is no longer linked"));
    assert_eq!(world.x.count(INVALIDATE), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_an_open_rotation_has_taken_is_revoked_too() {
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let app = world.x.new_app(&user, AppPermission::ReadWrite);
    let pair = app.key_pair();
    rotate(&person, "All four").await;
    enter(&person, &[&pair.key, &pair.secret], 4).await;
    person.press(PIN_BUTTON).unwrap();
    let card = person.wait_text(ASKED).await.unwrap();
    person.say(&authorize(&world, &card, &user));
    person.wait_text("X issued a token for").await.unwrap();
    let fresh = world.x.token_pairs();
    let fresh = fresh.iter().find(|pair| pair.token != values.access_token);
    let fresh = fresh.unwrap().token.clone();
    assert!(world.x.is_valid_token(&fresh));
    revoke(&person).await;
    let receipt = receipt(&person).await;
    assert!(receipt.text.contains("the token is revoked"), "{receipt}");
    for token in [&values.access_token, &fresh] {
        assert!(!world.x.is_valid_token(token));
    }
    is_erased(&world).await;
    // The flow is over.
    person.say("/cancel");
    person.wait_text("nothing to cancel").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn of_a_new_token_without_its_apps_key_pair_the_receipt_says_what_to_do() {
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let app = world.x.new_app(&user, AppPermission::ReadWrite);
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    world.canary(&fresh.secret);
    rotate(&person, "All four").await;
    person.say(&format!(
        "Access Token: {}\nAccess Secret: {}",
        fresh.token, fresh.secret
    ));
    person.wait_text("Step 3 of 4").await.unwrap();
    revoke(&person).await;
    let receipt = receipt(&person).await;
    assert!(
        receipt.text.contains("without its app's API key pair"),
        "{receipt}"
    );
    assert!(receipt.text.contains("Connected apps"), "{receipt}");
    assert!(!world.x.is_valid_token(&values.access_token));
    assert!(world.x.is_valid_token(&fresh.token));
    is_erased(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn a_pause_that_x_wants_is_kept() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let limited = answers::too_many_requests().header("retry-after", "300");
    world.x.answer_next(INVALIDATE, limited);
    revoke(&person).await;
    world.x.wait_calls(INVALIDATE, 1).await.unwrap();
    world.rest().await;
    world.advance(MINUTE * 4);
    world.rest().await;
    assert_eq!(world.x.count(INVALIDATE), 1);
    world.advance(MINUTE * 2);
    let receipt = receipt(&person).await;
    assert!(receipt.text.contains("X reject"), "{receipt}");
    is_erased(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn a_bot_that_dies_again_and_again_uses_up_no_try() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let hold = world.x.hold(INVALIDATE);
    revoke(&person).await;
    for killed in 1..=4 {
        world.x.wait_arrivals(INVALIDATE, killed).await.unwrap();
        world.kill_bot().await;
        world.start_bot().await;
    }
    world.x.wait_arrivals(INVALIDATE, 5).await.unwrap();
    // X is down: that is the first try of three.
    world.x.force(INVALIDATE, answers::unavailable());
    hold.release();
    world.rest().await;
    assert_eq!(world.values().await, 4);
    world.x.clear(INVALIDATE);
    world.advance(Duration::from_secs(20));
    receipt(&person).await;
    assert!(!world.x.is_valid_token(&values.access_token));
    is_erased(&world).await;
    world.finish().await;
}

/// A test post that X does not delete for now.
async fn standing_post(world: &World, person: &Person) -> String {
    world.x.answer_next(POST, answers::unavailable());
    person.say("/testpost");
    person.wait_text("Post this with").await.unwrap();
    person.press("Post and delete").unwrap();
    world.x.wait_calls(POST, 1).await.unwrap();
    world.rest().await;
    let id = world.x.posts().first().unwrap().id;
    format!("https://x.com/i/status/{id}")
}

#[tokio::test]
async fn a_test_post_that_still_stands_is_deleted_before_the_account_is_erased() {
    for button in [BUTTON, "Erase"] {
        let world = World::start().await;
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        link(&person, "main", &values).await;
        standing_post(&world, &person).await;
        person.say("/unlink main");
        person.wait_text("Unlink main").await.unwrap();
        // X is not back yet.
        world.x.answer_next(POST, answers::unavailable());
        person.press(button).unwrap();
        world.x.wait_calls(POST, 2).await.unwrap();
        world.rest().await;
        assert!(world.x.is_valid_token(&values.access_token));
        if button == "Erase" {
            person.wait_text("is still on X").await.unwrap();
        }
        world.advance(Duration::from_secs(20));
        person.wait_text("it is deleted").await.unwrap();
        let last = if button == "Erase" {
            "main and its credentials are deleted"
        } else {
            "X reject"
        };
        person.wait_text(last).await.unwrap();
        assert!(world.x.posts().is_empty());
        let valid = world.x.is_valid_token(&values.access_token);
        assert_eq!(valid, button == "Erase");
        is_erased(&world).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_test_post_that_cannot_be_deleted_is_shown_when_the_account_goes() {
    for button in [BUTTON, "Erase"] {
        let world = World::start().await;
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        link(&person, "main", &values).await;
        let post = standing_post(&world, &person).await;
        world.x.force(POST, answers::unavailable());
        person.say("/unlink main");
        person.wait_text("Unlink main").await.unwrap();
        person.press(button).unwrap();
        for tries in 2..=4 {
            world.x.wait_calls(POST, tries).await.unwrap();
            world.rest().await;
            world.advance(Duration::from_secs(20));
        }
        let told = person.wait_text("may still be on X").await.unwrap();
        assert!(told.text.contains(&post), "{told}");
        is_erased(&world).await;
        assert_eq!(world.count("SELECT count(*) FROM posts").await, 0);
        world.finish().await;
    }
}

#[tokio::test]
async fn where_the_operator_says_how_long_copies_are_kept_a_receipt_names_the_date() {
    for (button, said) in [(BUTTON, "🧾"), ("Erase", "its credentials are deleted")] {
        let mut world = World::without_bot().await;
        world.keeps_backups = Some(chrono::TimeDelta::days(30));
        world.start_bot().await;
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        link(&person, "main", &values).await;
        let until = world.clock.now() + chrono::TimeDelta::days(30);
        let until = until.format("until %-d %B %Y at the latest").to_string();
        person.say("/unlink main");
        person.wait_text("Unlink main").await.unwrap();
        person.press(button).unwrap();
        let told = person.wait_text(said).await.unwrap();
        assert!(told.text.contains(&until), "{told}");
        world.finish().await;
    }
}
