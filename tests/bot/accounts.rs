//! `/accounts`, and the same X account twice.

use crate::harness::{
    HOUR, ME, World, begin, enter, in_order, labelled, link, shown, verdict, verify,
};
use addx_sim::x::answers;

#[tokio::test]
async fn the_list_shows_each_account_and_what_x_says_of_it() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let (_, _, others) = world.working_values("other");

    person.say("/accounts");
    person
        .wait_text("You have not linked an X account yet")
        .await
        .unwrap();
    person.press("Link an X account").unwrap();
    person.wait_text("Choose a name.").await.unwrap();
    person.say("main");
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.x.answer_next(ME, answers::unavailable());
    world.advance(HOUR);
    begin(&person, "shop").await;
    person.say(&labelled(&others));
    verdict(&person, "x_unavailable").await;
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    insta::assert_snapshot!(shown(&list), @"
    Your accounts

    ✅ main · @seedling
    connected since 12:00 UTC, checked 12:00 UTC
    can read and write · credentials from today

    ⏳ shop · not confirmed by X yet
    x_unavailable since 13:00 UTC, checked 13:00 UTC
    credentials from today
    [Link another][Remind me to rotate]
    ");
    person.say("/verify shop");
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_same_x_account_twice_is_offered_as_an_update_of_the_first() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = world.regenerated_token(&app, &user);
    let newer = addx_sim::x::FourValues {
        access_token: fresh.token,
        access_token_secret: fresh.secret,
        ..values
    };

    begin(&person, "again").await;
    person.say(&labelled(&newer));
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("This is the same X account as main"),
        "{result}"
    );
    assert_eq!(
        result.labels(),
        ["Update main", "Check again", "Accounts", "Test post"]
    );
    assert_eq!(world.values().await, 8);
    person.press("Update main").unwrap();
    person
        .wait_text("main uses the new credentials now")
        .await
        .unwrap();
    assert_eq!(world.values().await, 4);
    assert_eq!(world.count("SELECT count(*) FROM accounts").await, 1);
    let noted = "SELECT group_concat(event, ' ') FROM (SELECT event FROM audit ORDER BY number DESC LIMIT 2)";
    assert_eq!(world.text(noted).await, "unlink merge");
    let result = verify(&person, "connected").await;
    assert!(
        result.text.contains("main is connected as @seedling"),
        "{result}"
    );
    let tapped = person.tap_data(result.id, "v1:twin:AAAAAAAAAAAAAAAAAAAAAA");
    assert_ne!(person.wait_answer(&tapped).await.unwrap().text, "");
    world.finish().await;
}

#[tokio::test]
async fn both_may_stay() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let result = link(&person, "again", &values).await;
    assert!(
        result.text.contains("This is the same X account as main"),
        "{result}"
    );
    person.say("/verify main");
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("This is the same X account as again"),
        "{result}"
    );
    assert_eq!(world.count("SELECT count(*) FROM accounts").await, 2);
    world.finish().await;
}

#[tokio::test]
async fn accounts_that_x_has_not_confirmed_are_nobodys_twins() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let old = values.clone();
    let fresh = world.regenerated_token(&app, &user);
    begin(&person, "stale").await;
    person.say(&labelled(&old));
    verdict(&person, "access_token_rejected").await;
    let newer = addx_sim::x::FourValues {
        access_token: fresh.token,
        access_token_secret: fresh.secret,
        ..values
    };
    let result = link(&person, "main", &newer).await;
    assert!(!result.text.contains("same X account"), "{result}");
    world.finish().await;
}

#[tokio::test]
async fn a_flow_of_the_account_that_an_update_erases_ends_with_it() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let result = link(&person, "again", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    world.canary(&fresh.secret);
    person.say("/rotate again");
    person.wait_text("What did you regenerate").await.unwrap();
    person.press("Token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token], 2).await;
    person.tap(result.id, "Update main").unwrap();
    person
        .wait_text("main uses the new credentials now")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    assert_eq!(world.values().await, 4);
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn two_people_may_link_the_same_x_account_and_know_nothing_of_each_other() {
    let world = World::start().await;
    let (ada, eve) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    link(&ada, "main", &values).await;
    let result = link(&eve, "main", &values).await;
    assert!(!result.text.contains("same X account"), "{result}");
    ada.say("/unlink");
    ada.wait_text("Unlink main").await.unwrap();
    ada.press("Erase").unwrap();
    ada.wait_text("main and its credentials are deleted")
        .await
        .unwrap();
    verify(&eve, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_report_of_diagnose_shows_no_value() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    person.say("/diagnose");
    let report = person
        .wait_text("This report holds no credentials")
        .await
        .unwrap();
    assert!(!report.text.contains("seedling"), "{report}");
    insta::assert_snapshot!(shown(&report).replace(env!("CARGO_PKG_VERSION"), "VERSION"), @"
    This report holds no credentials, not even parts of them. You can show it to anyone who helps you.

    addx VERSION
    made 2026-11-24 12:00 UTC
    verdict connected
    since 12:00 UTC
    checked 12:00 UTC
    accepted 12:00 UTC
    confirmed by X: yes
    key pair alone: accepted (12:00 UTC)
    API Key: 25 characters, usual, since 12:00 UTC
    API Secret: 50 characters, usual, since 12:00 UTC
    Access Token: 50 characters, usual, since 12:00 UTC
    Access Secret: 45 characters, usual, since 12:00 UTC
    clock: +0 s against X
    messages still to delete: 0
    ");
    world.finish().await;
}
