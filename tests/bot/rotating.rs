//! `/rotate`: new values are checked beside the old ones, and take their place only when X accepts them.

use std::time::Duration;

use addx_sim::x::{AppPermission, Fault, FourValues, answers};

use crate::harness::{
    HOUR, ME, World, begin, enter, enter_from, in_order, labelled, link, rotate, shown, verdict,
    verify,
};

/// Where X is asked besides.
const OLDER: &str = "/1.1/account/verify_credentials.json";

/// An app's id as X's log has it for the last call about who the values belong to.
fn last_signer(world: &World) -> Option<u64> {
    world.x.calls_to(ME).last().and_then(|call| call.app_id)
}

#[tokio::test]
async fn a_new_token_pair_takes_the_place_of_the_old_one() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = world.regenerated_token(&app, &user);

    person.say("/rotate");
    let question = person
        .wait_text("What did you regenerate in X for main?")
        .await
        .unwrap();
    assert_eq!(
        question.labels(),
        ["Token pair", "API key pair", "All four"]
    );
    person.press("Token pair").unwrap();
    let card = person.wait_text("Step 1 of 2").await.unwrap();
    assert!(card.text.contains("main · new credentials"), "{card}");
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result
            .text
            .contains("The new credentials are in use. The old ones are deleted."),
        "{result}"
    );
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_new_api_key_pair_comes_with_a_new_token_pair_after_it() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let keys = world.regenerated_keys(&app);

    rotate(&person, "API key pair").await;
    enter(&person, &[&keys.key, &keys.secret], 2).await;
    // The old token ended with the old keys: the new keys are kept, and only the token pair is asked for.
    let result = verdict(&person, "access_token_rejected").await;
    assert!(
        result.text.contains("The old credentials stay in use"),
        "{result}"
    );
    assert_eq!(world.candidates().await, 2);
    let fresh = world.regenerated_token(&app, &user);
    person.press("Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("The new credentials are in use"),
        "{result}"
    );
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn all_four_move_the_account_to_another_app_of_the_same_x_user() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    assert_eq!(last_signer(&world), Some(app.app_id()));
    let second = world.x.new_app(&user, AppPermission::ReadWriteDm);
    let fresh = world.canary_values(second.four_values(&user));

    rotate(&person, "All four").await;
    enter(&person, &in_order(&fresh)[..2], 4).await;
    verify(&person, "connected").await;
    assert_eq!(
        last_signer(&world),
        Some(app.app_id()),
        "a rotation half done changed what is in use"
    );
    world.rest().await;
    enter_from(&person, 3, &in_order(&fresh)[2..], 4).await;
    verdict(&person, "connected").await;
    world.advance(Duration::from_secs(15));
    verify(&person, "connected").await;
    assert_eq!(last_signer(&world), Some(second.app_id()));
    world.finish().await;
}

#[tokio::test]
async fn values_that_x_refuses_leave_the_old_ones_in_use() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let second = world.x.new_app(&user, AppPermission::ReadWrite);
    let fresh = world.canary_values(second.four_values(&user));
    world.x.revoke_token(&fresh.access_token);

    rotate(&person, "All four").await;
    person.say(&labelled(&fresh));
    let result = verdict(&person, "access_token_rejected").await;
    assert!(
        result.text.contains("The old credentials stay in use."),
        "{result}"
    );
    assert_eq!(result.labels(), ["Send new token pair", "Check again"]);
    verify(&person, "connected").await;
    assert_eq!(last_signer(&world), Some(app.app_id()));
    let again = second.generate_token(&user);
    world.canary(&again.token);
    world.canary(&again.secret);
    person.tap(result.id, "Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&again.token, &again.secret], 2).await;
    verdict(&person, "connected").await;
    world.advance(Duration::from_secs(15));
    verify(&person, "connected").await;
    assert_eq!(last_signer(&world), Some(second.app_id()));
    world.finish().await;
}

#[tokio::test]
async fn a_token_of_another_x_user_is_refused_before_x_is_asked() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let stranger = world.x.new_user("stranger");
    let wrong = app.generate_token(&stranger);
    world.canary(&wrong.token);
    world.canary(&wrong.secret);

    rotate(&person, "Token pair").await;
    enter(&person, &[&wrong.token, &wrong.secret], 2).await;
    let result = verdict(&person, "token_of_other_account").await;
    insta::assert_snapshot!(shown(&result), @"
    ⛔ main: the new token belongs to another X account
    This account is @seedling (user ID 1951216379200822465). The new token belongs to user ID 1833706750368610755: X's console issues tokens for the app owner. Link the other account separately with /addx.
    The old credentials stay in use.

    1. Log in to X as @seedling.
    2. Set the app to Read and write, Save, then regenerate the Access Token.
    3. Tap Send new token pair (or send /rotate) and send the new pair.

    Code: token_of_other_account
    [Send new token pair][Check again]
    ");
    assert_eq!(world.x.count(ME), 1);
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    verify(&person, "connected").await;
    let fresh = world.regenerated_token(&app, &user);
    person.tap(result.id, "Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn all_four_values_of_another_x_user_leave_nothing_behind_for_longer_than_a_day() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let (_, _, wrong) = world.working_values("stranger");
    link(&person, "main", &values).await;

    rotate(&person, "All four").await;
    person.say(&labelled(&wrong));
    verdict(&person, "token_of_other_account").await;
    world.advance(25 * HOUR);
    world.rest().await;
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    let fresh = world.regenerated_token(&app, &user);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_same_values_again_change_nothing_and_x_is_not_asked() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    rotate(&person, "Token pair").await;
    enter(
        &person,
        &[&values.access_token, &values.access_token_secret],
        2,
    )
    .await;
    let result = verdict(&person, "same_values_again").await;
    assert_eq!(world.x.count(ME), 1);
    assert_eq!(world.candidates().await, 0);
    let fresh = world.regenerated_token(&app, &user);
    person.tap(result.id, "Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn what_x_leaves_undecided_waits_beside_the_old_values_until_it_is_checked_again() {
    for (fault, code) in [
        (Fault::from(answers::credits_depleted(7)), "no_credits"),
        (Fault::from(answers::too_many_requests()), "rate_limited"),
        (Fault::from(answers::unavailable()), "x_unavailable"),
        (Fault::DropConnection, "x_unavailable"),
    ] {
        let world = World::start().await;
        let person = world.person();
        let (user, app, values) = world.working_values("seedling");
        link(&person, "main", &values).await;
        let second = world.x.new_app(&user, AppPermission::ReadWrite);
        let fresh = world.canary_values(second.four_values(&user));

        rotate(&person, "All four").await;
        world.x.answer_next(ME, fault);
        person.say(&labelled(&fresh));
        let result = verdict(&person, code).await;
        assert!(
            result.text.contains(
                "The new credentials are stored until 25 Nov 12:00 UTC. The old ones stay in use."
            ),
            "{result}"
        );
        assert_eq!((world.candidates().await, world.values().await), (4, 8));
        verify(&person, "connected").await;
        assert_eq!(last_signer(&world), Some(app.app_id()));
        person.say("/accounts");
        person.wait_text("new credentials waiting").await.unwrap();
        world.advance(23 * HOUR);
        person.tap(result.id, "Check again").unwrap();
        let result = verdict(&person, "connected").await;
        assert!(
            result.text.contains("The new credentials are in use"),
            "{result}"
        );
        assert_eq!((world.candidates().await, world.values().await), (0, 4));
        verify(&person, "connected").await;
        assert_eq!(last_signer(&world), Some(second.app_id()));
        world.finish().await;
    }
}

#[tokio::test]
async fn new_values_that_nobody_decides_about_are_erased_after_a_day() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let second = app.generate_token(&user);
    world.canary(&second.token);
    world.canary(&second.secret);
    rotate(&person, "Token pair").await;
    // The bot asks again by itself: X must not decide meanwhile.
    world.x.force(ME, answers::unavailable());
    enter(&person, &[&second.token, &second.secret], 2).await;
    let result = verdict(&person, "x_unavailable").await;
    assert_eq!(world.candidates().await, 2);

    world.advance(24 * HOUR);
    world.rest().await;
    world.x.clear(ME);
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    person.tap(result.id, "Check again").unwrap();
    person
        .wait_text("No new credentials of main are waiting")
        .await
        .unwrap();
    verify(&person, "connected").await;
    let fresh = world.regenerated_token(&app, &user);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    let expired = "SELECT count(*) FROM audit WHERE event = 'expire' AND actor = 'bot'";
    assert_eq!(world.count(expired).await, 1);
    world.finish().await;
}

#[tokio::test]
async fn a_repair_that_is_under_way_when_the_day_is_over_loses_no_value() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let keys = world.regenerated_keys(&app);
    rotate(&person, "API key pair").await;
    enter(&person, &[&keys.key, &keys.secret], 2).await;
    let result = verdict(&person, "access_token_rejected").await;
    let fresh = world.regenerated_token(&app, &user);
    world.advance(Duration::from_mins(24 * 60 - 1));
    person.tap(result.id, "Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token], 2).await;
    world.advance(Duration::from_mins(2));
    world.rest().await;
    enter_from(&person, 2, &[&fresh.secret], 2).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_x_never_confirmed_takes_new_values_at_once() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let fresh = world.regenerated_token(&app, &user);
    begin(&person, "main").await;
    person.say(&labelled(&values));
    verdict(&person, "access_token_rejected").await;

    world.x.answer_next(ME, answers::unavailable());
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    let result = verdict(&person, "x_unavailable").await;
    assert!(!result.text.contains("old ones"), "{result}");
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_access_secret_alone_can_be_sent_again() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let wrong = FourValues {
        access_token_secret: app.generate_token(&user).secret,
        ..values.clone()
    };
    let wrong = world.canary_values(wrong);
    begin(&person, "main").await;
    person.say(&labelled(&wrong));
    let result = verdict(&person, "access_secret_rejected").await;
    person.tap(result.id, "Send Access Secret again").unwrap();
    person.wait_text("Step 1 of 1").await.unwrap();
    enter(&person, &[&values.access_token_secret], 1).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_rotation_that_is_cancelled_leaves_everything_as_it_was() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token], 2).await;
    person.press("Cancel").unwrap();
    person
        .wait_text("The field you entered is deleted")
        .await
        .unwrap();
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_value_that_is_not_asked_for_is_said_to_stay_as_it_is() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let keys = app.key_pair();
    let second = app.generate_token(&user);
    world.canary(&second.token);
    rotate(&person, "API key pair").await;
    crate::harness::deleted_with(&person, &second.token, "It stays as it is").await;
    let _ = keys;
    let new_keys = world.regenerated_keys(&app);
    let fresh = world.regenerated_token(&app, &user);
    // All four are taken as well, though only two were asked for.
    person.say(&format!(
        "API Key: {}\nAPI Key Secret: {}\nAccess Token: {}\nAccess Token Secret: {}",
        new_keys.key, new_keys.secret, fresh.token, fresh.secret
    ));
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn addx_during_a_rotation_asks_first() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");
    link(&person, "main", &values).await;
    rotate(&person, "Token pair").await;
    person.say("/addx shop");
    person
        .wait_text("You are replacing the credentials of main")
        .await
        .unwrap();
    person.press("Start over").unwrap();
    person.wait_text("shop · Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&others), 4).await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("shop is connected as @other"),
        "{result}"
    );
    assert_eq!(world.values().await, 8);
    world.finish().await;
}

#[tokio::test]
async fn what_x_leaves_undecided_is_asked_again_by_itself_and_told_when_it_is_decided() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let away = || {
        world.x.force(ME, answers::unavailable());
        world.x.force(OLDER, answers::unavailable());
    };
    let back = || {
        world.x.clear(ME);
        world.x.clear(OLDER);
    };

    away();
    begin(&person, "main").await;
    person.say(&labelled(&values));
    verdict(&person, "x_unavailable").await;
    person.mark();
    for minutes in [1, 2, 4] {
        let asked = world.x.count(ME);
        world.advance(Duration::from_mins(minutes));
        world.rest().await;
        assert!(world.x.count(ME) > asked, "after {minutes} min more");
    }
    back();
    world.advance(Duration::from_mins(10));
    person.wait_text("main is connected as").await.unwrap();
    world.rest().await;
    let told = person.history().into_iter();
    let told = told.filter(|said| said.from_bot && said.text.contains("x_unavailable"));
    assert_eq!(told.count(), 1, "what is the same is told once");

    let fresh = world.regenerated_token(&app, &user);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token], 2).await;
    away();
    person.say(&fresh.secret);
    verdict(&person, "x_unavailable").await;
    back();
    person.mark();
    world.advance(Duration::from_mins(2));
    person
        .wait_text("The new credentials are in use")
        .await
        .unwrap();
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    let asked = world.x.count(ME);
    world.advance(HOUR);
    world.rest().await;
    assert_eq!(
        world.x.count(ME),
        asked,
        "what is decided is not asked again"
    );
    world.finish().await;
}
