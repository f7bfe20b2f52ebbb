//! Whatever dies, it goes on where it was.

use crate::harness::{
    ME, MINUTE, World, begin, enter, enter_from, in_order, labelled, link, rotate, verdict,
};

#[tokio::test]
async fn a_restart_at_every_step_goes_on_where_it_was() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    person.say("/addx");
    person.wait_text("Choose a name.").await.unwrap();
    world.restart_bot().await;
    person.say("main");
    let card = person.wait_text("Step 1 of 4").await.unwrap().id;
    for (index, value) in in_order(&values).iter().enumerate() {
        world.restart_bot().await;
        enter_from(&person, index + 1, &[value], 4).await;
        assert!(person.chat().message(card).is_some(), "{}", person.chat());
    }
    verdict(&person, "connected").await;
    world.restart_bot().await;
    crate::harness::verify(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_kill_at_every_step_goes_on_where_it_was() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    // A message may be deleted once more, and a card drawn once more, by the bot that comes after.
    world.telegram.expect_error("message to delete not found");
    world.telegram.expect_error("message is not modified");

    begin(&person, "main").await;
    for (index, value) in in_order(&values).iter().enumerate() {
        // The text is sent to nobody, and taken up by the next bot.
        world.kill_bot().await;
        let sent = person.say(value);
        world.start_bot().await;
        person.wait_deleted(sent.message_id).await.unwrap();
        if index < 3 {
            person
                .wait_text(&format!("Step {} of 4", index + 2))
                .await
                .unwrap();
        }
    }
    verdict(&person, "connected").await;
    assert_eq!(world.values().await, 4);
    world.finish().await;
}

#[tokio::test]
async fn a_restart_while_a_value_waits_for_a_tap_keeps_it() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");

    begin(&person, "main").await;
    world.canary("QmFzZTY0IHRleHQ0Mg7xZ2");
    person.say("QmFzZTY0IHRleHQ0Mg7xZ2aB");
    person.wait_text("This is unusual").await.unwrap();
    world.restart_bot().await;
    person.press("Send it again").unwrap();
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(&person, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_check_that_was_under_way_at_a_kill_is_taken_up_at_the_next_start() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    world.telegram.expect_error("message is not modified");
    let hold = world.x.hold(ME);

    begin(&person, "main").await;
    person.say(&labelled(&values));
    world.x.wait_arrivals(ME, 1).await.unwrap();
    world.kill_bot().await;
    assert_eq!(
        world
            .count("SELECT count(*) FROM jobs WHERE kind = 'check'")
            .await,
        1
    );
    hold.release();
    world.start_bot().await;
    verdict(&person, "connected").await;
    world.rest().await;
    assert_eq!(
        world
            .count("SELECT count(*) FROM jobs WHERE kind = 'check'")
            .await,
        0
    );
    world.finish().await;
}

#[tokio::test]
async fn a_check_that_was_under_way_at_a_stop_is_answered_first() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let hold = world.x.hold(ME);

    begin(&person, "main").await;
    person.say(&labelled(&values));
    world.x.wait_arrivals(ME, 1).await.unwrap();
    let release = async {
        tokio::task::yield_now().await;
        hold.release();
    };
    tokio::join!(world.stop_bot(), release);
    world.start_bot().await;
    verdict(&person, "connected").await;
    assert_eq!(world.x.count(ME), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_rotation_that_x_was_asked_about_survives_a_kill() {
    let mut world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    // The card may be drawn once more by the bot that comes after.
    world.telegram.expect_error("message is not modified");
    link(&person, "main", &values).await;
    let fresh = world.regenerated_token(&app, &user);
    rotate(&person, "Token pair").await;
    let hold = world.x.hold(ME);
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    world.x.wait_arrivals(ME, 2).await.unwrap();
    world.kill_bot().await;
    hold.release();

    world.start_bot().await;
    let result = verdict(&person, "connected").await;
    assert!(
        result.text.contains("The new credentials are in use"),
        "{result}"
    );
    assert_eq!((world.candidates().await, world.values().await), (0, 4));
    world.finish().await;
}

#[tokio::test]
async fn a_state_that_cannot_be_read_lets_the_user_begin_again_and_leaves_no_value_behind() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..3], 4).await;
    world.rest().await;
    world.stop_bot().await;
    world
        .execute("UPDATE dialogues SET sealed = randomblob(80)")
        .await;
    world.start_bot().await;

    link(&person, "main", &values).await;
    assert_eq!(
        world.values().await,
        4,
        "values of the lost flow are still there"
    );
    assert_eq!(world.count("SELECT count(*) FROM data_keys").await, 1);
    world.finish().await;
}

#[tokio::test]
async fn values_of_a_state_that_cannot_be_read_are_wiped_after_thirty_minutes_also_if_nobody_comes_back()
 {
    let mut world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    let other = world.person();
    link(&other, "main", &values).await;
    let fresh = app.generate_token(&user);
    world.canary(&fresh.token);
    rotate(&other, "Token pair").await;
    enter(&other, &[&fresh.token], 2).await;
    begin(&person, "main").await;
    enter(&person, &in_order(&values)[..3], 4).await;
    world.rest().await;
    assert_eq!(world.values().await, 4 + 1 + 3);
    world.stop_bot().await;
    world
        .execute("UPDATE dialogues SET sealed = randomblob(80)")
        .await;
    world.start_bot().await;

    world.advance(31 * MINUTE);
    world.rest().await;
    assert_eq!(world.values().await, 4);
    assert_eq!(world.count("SELECT count(*) FROM data_keys").await, 1);
    link(&person, "main", &values).await;
    world.finish().await;
}
