//! People who block the bot, or are gone.

use crate::harness::{ME, World, begin, enter, in_order, labelled, link, rotate, verdict, verify};

#[tokio::test]
async fn blocking_the_bot_ends_the_flow_and_wipes_its_values() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..3], 4).await;

    person.block();
    world.rest().await;
    assert_eq!(world.values().await, 0);
    assert_eq!(world.count("SELECT count(*) FROM data_keys").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    person.unblock();
    link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_link_stays_when_the_bot_is_blocked_and_an_unfinished_rotation_does_not() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    rotate(&person, "Token pair").await;
    enter(&person, &[&fresh.token], 2).await;

    person.block();
    world.rest().await;
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    person.unblock();
    verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn an_answer_to_somebody_who_blocked_the_bot_meanwhile_is_dropped() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let hold = world.x.hold(ME);
    begin(&person, "main").await;
    person.say(&labelled(&values));
    world.x.wait_arrivals(ME, 1).await.unwrap();
    person.block();
    hold.release();

    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);
    person.unblock();
    let result = verify(&person, "connected").await;
    assert!(result.text.contains("main is connected"), "{result}");
    world.finish().await;
}

#[tokio::test]
async fn somebody_whose_account_is_gone_is_found_out_when_they_are_written_to() {
    let world = World::start().await;
    let (person, other) = (world.person(), world.person());
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..1], 4).await;
    world.rest().await;
    person.deactivate();
    world.advance(31 * crate::harness::MINUTE);

    world.rest().await;
    assert_eq!(world.values().await, 0);
    assert_eq!(world.count("SELECT count(*) FROM dialogues").await, 0);
    begin(&other, "main").await;
    enter(&other, &in_order(&values), 4).await;
    verdict(&other, "connected").await;
    world.finish().await;
}
