//! What one user may have, and cause.

use std::time::Duration;

use crate::harness::{
    HOUR, ME, MINUTE, World, begin, enter, labelled, link, rotate, verdict, verify,
};

#[tokio::test]
async fn a_user_has_at_most_twenty_accounts() {
    let world = World::start().await;
    let person = world.person();
    for number in 1..=20 {
        let (_, _, values) = world.working_values(&format!("user{number}"));
        begin(&person, &format!("a{number}")).await;
        person.say(&labelled(&values));
        verdict(&person, "connected").await;
        if number % 10 == 0 {
            world.advance(HOUR);
        }
    }
    let (_, _, values) = world.working_values("one_more");
    person.say("/addx more");
    person.wait_text("You have 20 accounts").await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    person.say("/accounts");
    person.wait_text("a20 · @user20").await.unwrap();
    person.say("/unlink a7");
    person.wait_text("Unlink a7").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("a7 and its credentials are deleted")
        .await
        .unwrap();
    link(&person, "more", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_user_causes_at_most_ten_checks_an_hour() {
    let world = World::start().await;
    let (person, other) = (world.person(), world.person());
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    for _ in 0..9 {
        world.advance(MINUTE);
        verify(&person, "connected").await;
    }
    world.advance(MINUTE);
    person.say("/verify");
    let told = person.wait_text("your 10 checks").await.unwrap();
    assert!(
        told.text.contains("check main again at 13:00 UTC."),
        "{told}"
    );
    // New values are kept all the same, and a new account too.
    let fresh = world.regenerated_token(&app, &user);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    person.wait_text("your 10 checks").await.unwrap();
    assert_eq!(world.candidates().await, 2);
    let kept = person.last_bot_message().unwrap().id;
    begin(&person, "second").await;
    person.say(&labelled(&values));
    person
        .wait_text("second: stored, not checked yet")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.x.count(ME), 10);
    // Somebody else is not held up.
    let (_, _, others) = world.working_values("other");
    link(&other, "main", &others).await;
    world.advance(50 * MINUTE);
    person.tap(kept, "Check again").unwrap();
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("The new credentials are in use"),
        "{result}"
    );
    world.advance(Duration::from_hours(1));
    world.finish().await;
}
