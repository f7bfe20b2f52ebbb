//! What happens around a verdict: the key pair checked alone, the repair of the values in doubt, `/verify`, `/diagnose`.

use std::time::Duration;

use addx_sim::{
    telegram::{Person, SeenMessage},
    x::{AppPermission, AppState, FourValues, answers},
};

use crate::harness::{World, enter, in_order, try_link as link};

const ME: &str = "/2/users/me";
const BEARER: &str = "/oauth2/token";
const REQUEST: &str = "/oauth/request_token";
const OLD: &str = "/1.1/account/verify_credentials.json";

fn calls(world: &World) -> Vec<String> {
    let calls = world.x.calls();
    calls.into_iter().map(|call| call.path).collect()
}

fn last_id(person: &Person) -> i32 {
    let history = person.history();
    history.iter().map(|message| message.id).max().unwrap_or(0)
}

/// The result that comes below everything there is before `act`.
async fn result_of(person: &Person, act: impl AsyncFnOnce(&Person)) -> SeenMessage {
    let last = last_id(person);
    act(person).await;
    let is_result = |message: &&SeenMessage| {
        message.id > last && message.from_bot && message.button("Check again").is_some()
    };
    let chat = person
        .wait_for(|chat| chat.messages.iter().any(|message| is_result(&message)))
        .await
        .unwrap();
    let found = chat.messages.iter().find(is_result);
    found.unwrap().clone()
}

async fn press(person: &Person, label: &str) -> SeenMessage {
    result_of(person, async |person| {
        person.press(label).unwrap();
    })
    .await
}

async fn say(person: &Person, text: &str) -> SeenMessage {
    result_of(person, async |person| {
        person.say(text);
    })
    .await
}

/// Presses a button that asks for these values, and sends them.
async fn repair(person: &Person, label: &str, values: &[&str]) -> SeenMessage {
    result_of(person, async |person| {
        person.press(label).unwrap();
        let first = format!("Step 1 of {}", values.len());
        person.wait_text(&first).await.unwrap();
        enter(person, values, values.len()).await;
    })
    .await
}

async fn rotate(person: &Person, what: &str, values: &[&str]) -> SeenMessage {
    person.say("/rotate");
    person.wait_text("What did you regenerate").await.unwrap();
    repair(person, what, values).await
}

fn code(message: &SeenMessage) -> &str {
    let last = message.text.lines().last().unwrap();
    last.strip_prefix("Code: ").unwrap()
}

fn mistyped(value: &str) -> String {
    let (rest, last) = value.split_at(value.len() - 1);
    format!("{rest}{}", if last == "a" { "b" } else { "a" })
}

/// Sends values from the middle of a link on.
async fn enter_from(person: &Person, step: usize, values: &[&str]) {
    for (index, value) in values.iter().enumerate() {
        let sent = person.say(value);
        person.wait_deleted(sent.message_id).await.unwrap();
        let next = step + index + 1;
        if next <= 4 {
            let card = format!("Step {next} of 4");
            person.wait_text(&card).await.unwrap();
        }
    }
}

async fn begin(person: &Person) {
    person.say("/addx main");
    person.wait_text("Step 1 of 4").await.unwrap();
}

// The key pair alone

#[tokio::test]
async fn the_happy_path_is_one_check_of_the_key_pair_and_one_users_me() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);

    begin(&person).await;
    enter(&person, &values[..2], 4).await;
    let card = person
        .wait_text("X accepts this API key pair")
        .await
        .unwrap();
    assert!(card.text.contains("Step 3 of 4"), "{card}");
    assert_eq!(
        card.labels(),
        ["Get it from X with a PIN", "Guide", "Back", "Cancel"]
    );
    assert_eq!(calls(&world), [BEARER]);
    let result = result_of(&person, async |person| {
        person.say(values[2]);
        let card = person.wait_text("Step 4 of 4").await.unwrap();
        assert!(card.text.contains("X accepts this API key pair"), "{card}");
        person.say(values[3]);
    })
    .await;
    assert_eq!(code(&result), "connected");
    assert_eq!(calls(&world), [BEARER, ME]);
    assert_eq!(world.x.take_unexpected(), []);
    world.finish().await;
}

#[tokio::test]
async fn the_flow_does_not_wait_for_the_answer_about_the_key_pair() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);
    let hold = world.x.hold(BEARER);

    begin(&person).await;
    enter(&person, &values[..2], 4).await;
    hold.wait_arrived(1).await.unwrap();
    enter_from(&person, 3, &values[2..3]).await;
    let card = person.wait_text("✓ Access Token").await.unwrap();
    assert!(!card.text.contains("X accepts"), "{card}");
    person.mark();
    hold.release();
    let card = person
        .wait_text("X accepts this API key pair")
        .await
        .unwrap();
    assert!(card.text.contains("Step 4 of 4"), "{card}");
    let result = say(&person, values[3]).await;
    assert_eq!(code(&result), "connected");
    assert_eq!(calls(&world), [BEARER, ME]);
    world.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_still_under_way_is_waited_for_and_reused() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);
    let hold = world.x.hold(BEARER);

    begin(&person).await;
    enter(&person, &values[..2], 4).await;
    hold.wait_arrived(1).await.unwrap();
    let wrong = mistyped(values[3]);
    enter_from(&person, 3, &[values[2]]).await;
    let result = result_of(&person, async |person| {
        person.say(&wrong);
        person
            .wait_text("All four credentials received")
            .await
            .unwrap();
        hold.release();
    })
    .await;
    assert_eq!(code(&result), "access_secret_rejected");
    assert_eq!(calls(&world), [BEARER, ME, OLD]);
    world.finish().await;
}

#[tokio::test]
async fn a_refused_key_pair_is_told_on_the_card_with_a_button_to_enter_it_again() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let wrong = mistyped(&values.consumer_secret);
    let values = in_order(&values);

    begin(&person).await;
    enter(&person, &[values[0], &wrong], 4).await;
    let card = person
        .wait_text("X rejected this API key pair")
        .await
        .unwrap();
    assert!(card.text.contains("Step 3 of 4"), "{card}");
    assert_eq!(
        card.labels(),
        ["Enter API key pair again", "Guide", "Back", "Cancel"]
    );
    assert_eq!(calls(&world), [BEARER, REQUEST]);
    // The flow went on meanwhile: what came then is kept.
    enter_from(&person, 3, &values[2..3]).await;
    person.press("Enter API key pair again").unwrap();
    let card = person.wait_text("Send it here").await.unwrap();
    assert!(card.text.contains("✓ Access Token"), "{card}");
    assert!(!card.text.contains("✓ API"), "{card}");
    assert!(!card.text.contains("rejected"), "{card}");
    for value in &values[..2] {
        let sent = person.say(value);
        person.wait_deleted(sent.message_id).await.unwrap();
    }
    person
        .wait_text("X accepts this API key pair")
        .await
        .unwrap();
    let result = say(&person, values[3]).await;
    assert_eq!(code(&result), "connected");
    assert_eq!(calls(&world), [BEARER, REQUEST, BEARER, ME]);
    world.finish().await;
}

#[tokio::test]
async fn a_refused_key_pair_can_be_left_for_later() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let wrong = mistyped(&values.consumer_secret);
    let values = in_order(&values);

    begin(&person).await;
    enter(&person, &[values[0], &wrong], 4).await;
    person
        .wait_text("X rejected this API key pair")
        .await
        .unwrap();
    world.x.forget_calls();
    let result = result_of(&person, async |person| {
        enter_from(person, 3, &values[2..]).await;
    })
    .await;
    assert_eq!(code(&result), "api_key_pair_rejected");
    assert_eq!(calls(&world), [ME, BEARER, REQUEST]);
    let result = repair(&person, "Send new API key pair", &values[..2]).await;
    assert_eq!(code(&result), "connected");
    world.finish().await;
}

#[tokio::test]
async fn a_suspended_app_is_told_on_the_card() {
    let world = World::start().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    app.suspend();

    begin(&person).await;
    enter(&person, &in_order(&values)[..2], 4).await;
    let card = person
        .wait_text("this key pair's app is suspended")
        .await
        .unwrap();
    assert!(card.button("Enter API key pair again").is_some(), "{card}");
    assert!(!card.text.contains("rejected"), "{card}");
    world.finish().await;
}

#[tokio::test]
async fn when_x_does_not_decide_about_the_key_pair_the_card_says_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let values = in_order(&values);
    world.x.answer_next(BEARER, answers::unavailable());

    begin(&person).await;
    enter(&person, &values[..2], 4).await;
    world.x.wait_calls(BEARER, 1).await.unwrap();
    enter_from(&person, 3, &values[2..3]).await;
    let card = person.last_bot_message().unwrap();
    assert!(!card.text.contains("key pair"), "{card}");
    let result = say(&person, values[3]).await;
    assert_eq!(code(&result), "connected");
    assert_eq!(calls(&world), [BEARER, ME]);
    world.finish().await;
}

#[tokio::test]
async fn a_fresh_answer_about_the_key_pair_is_reused_and_an_old_one_is_not() {
    let world = World::start().await;
    for (minutes, expected) in [
        (9, vec![BEARER, ME, OLD]),
        (11, vec![BEARER, ME, BEARER, OLD]),
    ] {
        let person = world.person();
        let (_, _, values) = world.working_values("seedling");
        let wrong = mistyped(&values.access_token);
        let values = in_order(&values);
        world.x.forget_calls();

        begin(&person).await;
        enter(&person, &values[..2], 4).await;
        person
            .wait_text("X accepts this API key pair")
            .await
            .unwrap();
        world.advance(Duration::from_secs(60 * minutes));
        let result = result_of(&person, async |person| {
            enter_from(person, 3, &[&wrong]).await;
            person.say(values[3]);
        })
        .await;
        assert_eq!(code(&result), "access_token_rejected");
        assert_eq!(calls(&world), expected);
        assert!(calls(&world).len() <= 4);
    }
    world.finish().await;
}

// Repair in place

#[tokio::test]
async fn a_link_that_x_never_accepted_is_repaired_value_by_value() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, right) = world.working_values("seedling");
    let wrong = FourValues {
        consumer_key: right.consumer_key.clone(),
        consumer_secret: mistyped(&right.consumer_secret),
        access_token: mistyped(&right.access_token),
        access_token_secret: mistyped(&right.access_token_secret),
    };

    let result = link(&person, "main", &wrong).await;
    assert_eq!(code(&result), "api_key_pair_rejected");
    let keys = [right.consumer_key.as_str(), &right.consumer_secret];
    let result = repair(&person, "Send new API key pair", &keys).await;
    assert_eq!(code(&result), "access_token_rejected");
    let tokens = [right.access_token.as_str(), &wrong.access_token_secret];
    let result = repair(&person, "Send new token pair", &tokens).await;
    assert_eq!(code(&result), "access_secret_rejected");
    let result = repair(
        &person,
        "Send Access Secret again",
        &[&right.access_token_secret],
    )
    .await;
    assert_eq!(code(&result), "connected");
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert_eq!(list.text.matches("main").count(), 1, "{list}");
    assert!(!list.text.contains("waiting"), "{list}");
    world.finish().await;
}

#[tokio::test]
async fn the_refused_values_again_are_told_apart_from_new_ones_and_x_is_not_asked() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, right) = world.working_values("seedling");
    let wrong = FourValues {
        access_token_secret: mistyped(&right.access_token_secret),
        ..right.clone()
    };
    let result = link(&person, "main", &wrong).await;
    assert_eq!(code(&result), "access_secret_rejected");
    world.x.forget_calls();
    let button = "Send Access Secret again";
    let result = repair(&person, button, &[&wrong.access_token_secret]).await;
    assert_eq!(code(&result), "same_values_again");
    assert!(
        result.text.contains("Access Secret is the same as before"),
        "{result}"
    );
    assert!(!result.text.contains("stay in use"), "{result}");
    assert_eq!(calls(&world), Vec::<String>::new());
    let result = repair(&person, button, &[&right.access_token_secret]).await;
    assert_eq!(code(&result), "connected");
    world.finish().await;
}

#[tokio::test]
async fn the_old_values_of_a_connected_account_stay_until_x_accepts_new_ones() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let result = link(&person, "main", &values).await;
    assert_eq!(code(&result), "connected");

    let fresh = app.generate_token(&user);
    let wrong = mistyped(&fresh.secret);
    let result = rotate(&person, "Token pair", &[&fresh.token, &wrong]).await;
    assert_eq!(code(&result), "access_secret_rejected");
    assert!(
        result.text.contains("The old credentials stay in use."),
        "{result}"
    );
    let first = "⛔ main (new credentials): the Access Secret does not match the Access Token";
    assert!(result.text.starts_with(first), "{result}");
    let verified = say(&person, "/verify main").await;
    assert_eq!(code(&verified), "connected");
    assert!(verified.text.contains("Unchanged since"), "{verified}");

    let button = result
        .button("Send Access Secret again")
        .unwrap()
        .data()
        .unwrap()
        .to_owned();
    let swapped = result_of(&person, async |person| {
        person.tap_data(result.id, &button);
        person.wait_text("Step 1 of 1").await.unwrap();
        person.say(&fresh.secret);
    })
    .await;
    assert_eq!(code(&swapped), "connected");
    assert!(
        swapped
            .text
            .contains("The new credentials are in use. The old ones are deleted."),
        "{swapped}"
    );
    world.x.revoke_token(&values.access_token);
    world.advance(Duration::from_secs(15));
    assert_eq!(code(&say(&person, "/verify main").await), "connected");
    world.finish().await;
}

#[tokio::test]
async fn of_four_new_values_only_the_doubtful_pair_is_asked_for_again() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    let keys = app.regenerate_key_pair();
    let token = app.generate_token(&user);
    let wrong = mistyped(&keys.secret);
    let all = [keys.key.as_str(), &wrong, &token.token, &token.secret];
    let result = rotate(&person, "All four", &all).await;
    assert_eq!(code(&result), "api_key_pair_rejected");
    let result = repair(&person, "Send new API key pair", &[&keys.key, &keys.secret]).await;
    assert_eq!(code(&result), "connected");
    assert!(
        result.text.contains("The new credentials are in use"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn new_values_that_x_could_not_judge_wait_and_are_checked_again() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    app.set_state(AppState::NoCredits);
    let fresh = app.regenerate_token(&user);
    let result = rotate(&person, "Token pair", &[&fresh.token, &fresh.secret]).await;
    assert_eq!(code(&result), "no_credits");
    assert!(
        result.text.contains("are stored until 25 Nov 12:00 UTC"),
        "{result}"
    );
    assert_eq!(result.labels(), ["Check again"]);
    app.set_state(AppState::Enrolled);
    let result = press(&person, "Check again").await;
    assert_eq!(code(&result), "connected");
    assert!(
        result.text.contains("The new credentials are in use"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn changing_the_permission_without_a_new_token_changes_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, _) = world.working_values("seedling");
    app.set_permission(AppPermission::Read);
    let result = link(&person, "main", &app.four_values(&user)).await;
    assert_eq!(code(&result), "read_only");
    app.set_permission(AppPermission::ReadWrite);
    let result = press(&person, "Check again").await;
    assert_eq!(code(&result), "read_only");
    assert!(result.text.contains("Unchanged since"), "{result}");
    let fresh = app.regenerate_token(&user);
    let result = repair(
        &person,
        "Send new token pair",
        &[&fresh.token, &fresh.secret],
    )
    .await;
    assert_eq!(code(&result), "connected");
    world.finish().await;
}

#[tokio::test]
async fn a_repair_that_is_left_takes_the_other_half_of_the_pair_along() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    let other = world
        .x
        .new_app(&user, AppPermission::ReadWrite)
        .generate_token(&user);
    let result = rotate(&person, "Token pair", &[&other.token, &other.secret]).await;
    assert_eq!(code(&result), "access_token_rejected");
    let again = result
        .button("Check again")
        .unwrap()
        .data()
        .unwrap()
        .to_owned();
    person.press("Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    let fresh = app.generate_token(&user);
    enter(&person, &[&fresh.token], 2).await;
    person.press("Cancel").unwrap();
    person
        .wait_text("Cancelled. The field you entered is deleted.")
        .await
        .unwrap();
    person.tap_data(result.id, &again);
    person
        .wait_text("No new credentials of main are waiting")
        .await
        .unwrap();
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert!(!list.text.contains("waiting"), "{list}");
    world.finish().await;
}

#[tokio::test]
async fn a_token_of_another_account_leaves_nothing_behind_for_good() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    let other = world.x.new_user("somebody_else");
    let others = world
        .x
        .new_app(&other, AppPermission::ReadWrite)
        .four_values(&other);
    let result = rotate(&person, "All four", &in_order(&others)).await;
    assert_eq!(code(&result), "token_of_other_account");
    // The key pair waits for the right token, and not for ever.
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert!(list.text.contains("new credentials waiting"), "{list}");
    person.say("/diagnose");
    let report = person.wait_text("This report").await.unwrap();
    assert!(
        report.text.contains("new API Key: 25 characters"),
        "{report}"
    );
    assert!(!report.text.contains("new Access"), "{report}");
    world.advance(Duration::from_mins(24 * 60 + 1));
    // The timers notice in their own time, and soon.
    let mut waits = true;
    for _ in 0..500 {
        person.say("/diagnose");
        let report = person.wait_text("This report").await.unwrap();
        waits = report.text.contains("new API Key");
        if !waits {
            break;
        }
    }
    assert!(!waits, "{}", person.chat());
    world.finish().await;
}

#[tokio::test]
async fn what_x_said_of_a_key_pair_that_was_given_up_is_not_held_for_the_one_in_use() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let other = world.x.new_app(&user, AppPermission::ReadWrite).key_pair();

    person.say("/rotate");
    person.wait_text("What did you regenerate").await.unwrap();
    person.press("All four").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &[&other.key, &other.secret], 4).await;
    person
        .wait_text("X accepts this API key pair")
        .await
        .unwrap();
    person.press("Cancel").unwrap();
    person
        .wait_text("Cancelled. The 2 fields you entered are deleted.")
        .await
        .unwrap();

    // The pair in use is dead by now, whatever X said of the other one.
    let _ = app.regenerate_key_pair();
    let token = app.generate_token(&user);
    world.x.forget_calls();
    let result = rotate(&person, "Token pair", &[&token.token, &token.secret]).await;
    assert_eq!(code(&result), "api_key_pair_rejected");
    assert_eq!(calls(&world), [ME, BEARER, REQUEST]);
    world.finish().await;
}

#[tokio::test]
async fn what_x_says_of_the_pair_in_use_is_not_told_of_a_new_one() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    person.say("/rotate");
    person.wait_text("What did you regenerate").await.unwrap();
    person.press("All four").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    let wrong = mistyped(&values.consumer_secret);
    enter(&person, &[&values.consumer_key, &wrong], 4).await;
    person
        .wait_text("X rejected this API key pair")
        .await
        .unwrap();
    let result = say(&person, "/verify main").await;
    assert_eq!(code(&result), "connected");
    person.mark();
    enter_from(&person, 3, &[&values.access_token]).await;
    let card = person.wait_text("Step 4 of 4").await.unwrap();
    assert!(card.text.contains("X rejected this API key pair"), "{card}");
    world.finish().await;
}

// `/verify`

#[tokio::test]
async fn verify_says_what_changed_and_since_when() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    let result = say(&person, "/verify").await;
    assert!(
        result.text.contains("Unchanged since 12:00 UTC."),
        "{result}"
    );
    world.advance(Duration::from_hours(1));
    app.set_state(AppState::NoCredits);
    let result = say(&person, "/verify main").await;
    assert_eq!(code(&result), "no_credits");
    assert!(
        result.text.contains("Before: connected, since 12:00 UTC."),
        "{result}"
    );
    world.advance(Duration::from_hours(1));
    app.set_state(AppState::Enrolled);
    user.rename("grown_up");
    let result = say(&person, "/verify main").await;
    assert!(
        result.text.contains("Before: no_credits, since 13:00 UTC."),
        "{result}"
    );
    assert!(
        result.text.contains("main is connected as @grown_up"),
        "{result}"
    );
    world.advance(Duration::from_mins(1));
    user.rename("grown_old");
    let result = say(&person, "/verify main").await;
    assert!(
        result.text.contains("The handle was @grown_up before."),
        "{result}"
    );
    assert!(!result.text.contains("Unchanged"), "{result}");
    world.finish().await;
}

#[tokio::test]
async fn verify_asks_x_at_most_once_in_fifteen_seconds() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.x.forget_calls();

    assert_eq!(code(&say(&person, "/verify").await), "connected");
    person.say("/verify");
    person.wait_text("main will be checked at").await.unwrap();
    world.advance(Duration::from_secs(14));
    person.say("/verify");
    person.wait_text("main will be checked at").await.unwrap();
    assert_eq!(calls(&world), [ME]);
    let result = result_of(&person, async |_| world.advance(Duration::from_secs(1))).await;
    assert_eq!(code(&result), "connected");
    assert_eq!(calls(&world), [ME, ME]);
    world.finish().await;
}

// `/diagnose`

/// Every line a report may have, as far as its beginning goes.
const ALLOWED: [&str; 12] = [
    "addx ",
    "made ",
    "verdict ",
    "since ",
    "checked ",
    "accepted ",
    "confirmed by X: ",
    "key pair alone: ",
    "clock: ",
    "messages still to delete: ",
    "new ",
    "A",
];

fn check_report(report: &SeenMessage, canaries: &[&str]) {
    let (_, body) = report.text.split_once("\n\n").unwrap();
    for line in body.lines() {
        let known = ALLOWED.iter().any(|allowed| line.starts_with(allowed));
        let value = line.strip_prefix("new ").unwrap_or(line);
        let is_value = [
            "API Key: ",
            "API Secret: ",
            "Access Token: ",
            "Access Secret: ",
        ]
        .iter()
        .any(|label| value.starts_with(label) && value.contains(" characters, "));
        let ambiguous = line.starts_with("new ") || line.starts_with('A');
        assert!(known && (!ambiguous || is_value), "{line}");
    }
    let text = report.html.to_lowercase();
    for canary in canaries {
        let chars: Vec<char> = canary.to_lowercase().chars().collect();
        assert!(chars.len() >= 5, "{canary} is too short to be looked for");
        for window in chars.windows(5) {
            let window: String = window.iter().collect();
            assert!(
                !text.contains(&window),
                "{window} of a secret is in {report}"
            );
        }
    }
}

#[tokio::test]
async fn a_report_holds_allowed_fields_only_and_no_part_of_a_value_or_a_name() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("quokka_zephyr");
    user.set_name("Wyvern Juxtaposed");
    let name = "vexillum-kumquat";
    let id = user.id.to_string();
    let others = app.regenerate_token(&user);
    let wrong = mistyped(&others.secret);
    let telegram = person.id().to_string();
    let mut canaries: Vec<&str> = in_order(&values).to_vec();
    canaries.extend([
        others.token.as_str(),
        &others.secret,
        &wrong,
        &id,
        &telegram,
    ]);
    canaries.extend(["quokka_zephyr", "Wyvern Juxtaposed", name]);
    let report = async || {
        person.say(&format!("/diagnose {name}"));
        person.wait_text("This report").await.unwrap()
    };

    // Before X knows it, with the values refused.
    let result = link(&person, name, &values).await;
    assert_eq!(code(&result), "access_token_rejected");
    let first = report().await;
    check_report(&first, &canaries);
    for line in [
        "verdict access_token_rejected",
        "confirmed by X: no",
        "key pair alone: accepted",
        "API Key: 25 characters, usual",
        "API Secret: 50 characters, usual",
        "Access Token: 50 characters, usual",
        "Access Secret: 45 characters, usual",
        "clock: +0 s against X",
        "messages still to delete: 0",
    ] {
        assert!(first.text.contains(line), "{line} is missing in {first}");
    }

    // Connected, and then with new values that are refused, and an answer of X's that repeats a secret.
    let result = repair(
        &person,
        "Send new token pair",
        &[&others.token, &others.secret],
    )
    .await;
    assert_eq!(code(&result), "connected");
    check_report(&report().await, &canaries);
    let result = rotate(&person, "Token pair", &[&others.token, &wrong]).await;
    assert_eq!(code(&result), "access_secret_rejected");
    let with_new = report().await;
    check_report(&with_new, &canaries);
    assert!(
        with_new.text.contains("new Access Token: 50 characters"),
        "{with_new}"
    );
    let echo = format!(r#"{{"title":"No {} for @quokka_zephyr"}}"#, others.token);
    world.x.force(ME, addx_sim::x::Answer::json(418, echo));
    let result = say(&person, &format!("/verify {name}")).await;
    assert_eq!(code(&result), "unexpected");
    assert!(!result.text.contains(&others.token[20..]), "{result}");
    let unexpected = report().await;
    check_report(&unexpected, &canaries);
    assert!(
        unexpected.text.contains("verdict unexpected (HTTP 418)"),
        "{unexpected}"
    );
    world.finish().await;
}
