//! What `/accounts` shows of a link, and reminders to rotate it.

use std::time::Duration;

use addx::testing::config::Rechecks;
use addx_sim::{
    telegram::Person,
    x::{FourValues, answers},
};
use chrono::TimeDelta;

use crate::harness::{ME, MINUTE, World, begin, enter, labelled, link, rotate, shown, verdict};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn the_list_shows_what_is_doubted_and_what_was_asked_in_vain() {
    let mut world = World::without_bot().await;
    world.rechecks = Rechecks {
        interval: Some(TimeDelta::hours(24)),
        confirm: TimeDelta::minutes(10),
        budget: None,
    };
    world.start_bot().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.x.answer_next(ME, answers::credits_depleted(7));
    world.advance(DAY);
    world.rest().await;
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    insta::assert_snapshot!(shown(&list), @"
    Your accounts

    ✅ main · @seedling
    connected since 24 Nov 12:00 UTC, checked 24 Nov 12:00 UTC
    X did not decide at the last check (no_credits). Another check follows.
    can read and write · credentials 1 day old
    [Link another][Remind me to rotate]
    ");
    world.x.answer_next(ME, answers::unauthorized());
    world.advance(10 * MINUTE);
    world.rest().await;
    person.say("/accounts");
    person
        .wait_text("X rejected it at 12:10 UTC. A second check follows before I report it.")
        .await
        .unwrap();
    world.advance(10 * MINUTE);
    world.rest().await;
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert!(!list.text.contains("A second check"), "{list}");
    assert!(list.text.contains("checked 12:20 UTC"), "{list}");
    world.finish().await;
}

#[tokio::test]
async fn nobody_is_reminded_unasked_and_everybody_who_asked_is() {
    let mut world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    link(&person, "main", &values).await;
    link(&person, "shop", &others).await;
    person.say("/accounts");
    person.wait_text("Your accounts").await.unwrap();
    person.press("Remind me to rotate").unwrap();
    person
        .wait_text("Which account should I remind")
        .await
        .unwrap();
    person.press("main").unwrap();
    let question = person.wait_text("When should I remind you").await.unwrap();
    insta::assert_snapshot!(shown(&question), @"
    When should I remind you to rotate main (credentials from today)? The reminder is off.
    [After 30 days][90 days]
    [180 days][365 days]
    [Never]
    ");
    person.press("90 days").unwrap();
    person
        .wait_text("On 22 February 2027 I will remind you to rotate main.")
        .await
        .unwrap();

    world.advance(89 * DAY);
    world.rest().await;
    let before = person.chat().messages.len();
    world.restart_bot().await;
    world.advance(DAY);
    let reminder = person.wait_text("Reminder: rotate").await.unwrap();
    insta::assert_snapshot!(shown(&reminder), @"
    ⏰ Reminder: rotate main: credentials 90 days old. Regenerate its credentials in X, then tap Rotate. The old ones stay in use until X accepts the new ones.
    [Rotate]
    ");
    world.rest().await;
    assert_eq!(person.chat().messages.len(), before + 1);
    person.say("/accounts");
    person
        .wait_text("can read and write · credentials 90 days old · reminder after 90 days")
        .await
        .unwrap();

    // New values begin the days anew.
    let fresh = world.regenerated_token(&app, &user);
    person.say("/rotate main");
    person.wait_text("What did you regenerate").await.unwrap();
    person.press("Token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    person.mark();
    world.advance(89 * DAY);
    world.rest().await;
    let before = person.chat().messages.len();
    world.advance(DAY);
    person.wait_text("Reminder: rotate").await.unwrap();
    world.rest().await;
    assert_eq!(person.chat().messages.len(), before + 1);

    person.say("/accounts");
    person.wait_text("Your accounts").await.unwrap();
    person.press("Remind me to rotate").unwrap();
    person
        .wait_text("Which account should I remind")
        .await
        .unwrap();
    person.press("main").unwrap();
    person
        .wait_text("The reminder is set to 90 days")
        .await
        .unwrap();
    person.press("Never").unwrap();
    person
        .wait_text("The reminder for main is off")
        .await
        .unwrap();
    let before = person.chat().messages.len();
    world.advance(400 * DAY);
    world.rest().await;
    assert_eq!(person.chat().messages.len(), before);
    world.finish().await;
}

/// The only account, or the one that is named, gets a reminder after 90 days.
async fn remind(person: &Person) {
    person.say("/accounts");
    person.wait_text("Your accounts").await.unwrap();
    person.press("Remind me to rotate").unwrap();
    person.wait_text("When should I remind you").await.unwrap();
    person.press("90 days").unwrap();
    person
        .wait_text("I will remind you to rotate")
        .await
        .unwrap();
}

/// The reminder comes 90 days from now, and not earlier.
async fn reminded_after_90_days(world: &World, person: &Person) {
    world.rest().await;
    let before = person.chat().messages.len();
    world.advance(89 * DAY);
    world.rest().await;
    assert_eq!(person.chat().messages.len(), before, "too early");
    world.advance(DAY);
    person.wait_text("Reminder: rotate").await.unwrap();
}

#[tokio::test]
async fn the_days_begin_anew_with_the_values_of_another_link_of_the_same_x_account() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    remind(&person).await;
    world.advance(60 * DAY);
    let fresh = world.regenerated_token(&app, &user);
    let newer = FourValues {
        access_token: fresh.token,
        access_token_secret: fresh.secret,
        ..values
    };
    begin(&person, "again").await;
    person.say(&labelled(&newer));
    person.wait_text("same X account as main").await.unwrap();
    person.press("Update main").unwrap();
    person
        .wait_text("main uses the new credentials now")
        .await
        .unwrap();
    reminded_after_90_days(&world, &person).await;
    world.finish().await;
}

#[tokio::test]
async fn the_days_begin_anew_with_values_in_the_place_of_some_that_x_never_accepted() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let fresh = world.regenerated_token(&app, &user);
    begin(&person, "main").await;
    person.say(&labelled(&values));
    verdict(&person, "access_token_rejected").await;
    remind(&person).await;
    world.advance(60 * DAY);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    reminded_after_90_days(&world, &person).await;
    world.finish().await;
}
