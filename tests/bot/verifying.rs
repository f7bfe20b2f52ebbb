//! `/verify`: X is asked again.

use std::time::Duration;

use addx_sim::x::{AccessLevel, Fault, answers};

use crate::harness::{HOUR, ME, World, in_order, link, shown, verdict, verify};

#[tokio::test]
async fn it_tells_whether_anything_changed_and_since_when() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    world.advance(HOUR);
    let result = verify(&person, "connected").await;
    insta::assert_snapshot!(shown(&result), @"
    ✅ main is connected as @seedling
    Permission: read and write. It can publish.
    Unchanged since 12:00 UTC.

    Code: connected
    [Check again][Accounts]
    [Test post]
    ");
    world.advance(HOUR);
    app.revoke(&user);
    let result = verify(&person, "access_token_rejected").await;
    assert!(
        result.text.contains("Before: connected, since 12:00 UTC."),
        "{result}"
    );
    world.advance(HOUR);
    let result = verify(&person, "access_token_rejected").await;
    assert!(
        result.text.contains("Unchanged since 14:00 UTC."),
        "{result}"
    );
    let fresh = world.regenerated_token(&app, &user);
    person.press("Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    crate::harness::enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result
            .text
            .contains("The new credentials are in use. The old ones are deleted."),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_second_one_within_fifteen_seconds_waits_its_turn() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    verify(&person, "connected").await;

    person.say("/verify");
    person.wait_text("main will be checked at").await.unwrap();
    world.advance(Duration::from_secs(5));
    person.say("/verify");
    person.wait_text("main will be checked at").await.unwrap();
    world.rest().await;
    assert_eq!(world.x.count(ME), 2);
    person.mark();
    world.advance(Duration::from_secs(10));
    verdict(&person, "connected").await;
    assert_eq!(world.x.count(ME), 3);
    world.advance(Duration::from_secs(15));
    verify(&person, "connected").await;
    assert_eq!(world.x.count(ME), 4);
    world.finish().await;
}

#[tokio::test]
async fn while_x_is_being_asked_one_answer_serves_all() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let hold = world.x.hold(ME);
    person.say("/verify");
    world.x.wait_arrivals(ME, 2).await.unwrap();
    person.say("/verify main");
    person.wait_text("Checking main with X").await.unwrap();
    hold.release();
    verdict(&person, "connected").await;
    world.rest().await;
    assert_eq!(world.x.count(ME), 2);
    world.finish().await;
}

#[tokio::test]
async fn an_account_is_meant_by_its_name_without_case_or_by_a_button() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, first) = world.working_values("first");
    let (_, _, second) = world.working_values("second");
    link(&person, "Main", &first).await;
    link(&person, "shop", &second).await;

    person.say("/verify main");
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("Main is connected as @first"),
        "{result}"
    );
    person.say("/verify nobody");
    person
        .wait_text("You have no account with this name")
        .await
        .unwrap();
    person.say("/verify");
    let question = person
        .wait_text("Which account should I check?")
        .await
        .unwrap();
    assert_eq!(question.labels(), ["Main", "shop"]);
    world.advance(Duration::from_secs(15));
    person.press("shop").unwrap();
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("shop is connected as @second"),
        "{result}"
    );
    world.finish().await;
}

#[tokio::test]
async fn what_x_does_not_decide_is_said_and_asked_again() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    world.x.answer_next(ME, Fault::DropConnection);
    world.advance(HOUR);
    verify(&person, "x_unavailable").await;
    world.x.answer_next(
        ME,
        answers::too_many_requests()
            .header("x-rate-limit-reset", &(world.x.now() + 900).to_string()),
    );
    world.advance(HOUR);
    world.x.clear_all();
    let reset = (world.x.now() + 900).to_string();
    world.x.answer_next(
        ME,
        answers::too_many_requests().header("x-rate-limit-reset", &reset),
    );
    let result = verify(&person, "rate_limited").await;
    assert!(
        result.text.contains("Check again at 14:15 UTC."),
        "{result}"
    );
    world.x.set_access_level(AccessLevel::Off);
    world.advance(HOUR);
    verify(&person, "connected_permission_unknown").await;
    world.x.set_access_level(AccessLevel::OfToken);
    world.advance(HOUR);
    verify(&person, "connected").await;
    assert_eq!(in_order(&values).len(), 4);
    world.finish().await;
}

#[tokio::test]
async fn a_user_who_renamed_themselves_on_x_is_the_same() {
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    user.rename("sapling");
    let result = verify(&person, "connected").await;
    assert!(
        result.text.contains("main is connected as @sapling"),
        "{result}"
    );
    person.say("/accounts");
    person.wait_text("main · @sapling").await.unwrap();
    world.finish().await;
}
