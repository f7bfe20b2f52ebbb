//! When Telegram does not delete: told, tried until done, and never a reason to lose a value.

use std::time::Duration;

use addx_sim::telegram::{Fault, FaultKind, Person, TelegramSim};

use crate::harness::{HOUR, World, begin, enter_from, in_order, verdict};

const DELETE: &str = "deleteMessage";

/// The flow of each test: the first value cannot be deleted at once because of `fault`, and is in the end.
async fn deleted_in_the_end(fault: Fault, pause: Duration) {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    world.telegram.add_fault(fault);

    let sent = person.say(&values.consumer_key);
    person.wait_text("Step 2 of 4").await.unwrap();
    assert!(person.chat().message(sent.message_id).is_some());
    assert_eq!(
        world
            .count("SELECT count(*) FROM jobs WHERE kind = 'delete'")
            .await,
        1
    );
    world.telegram.clear_faults();
    world.advance(pause);
    person.wait_deleted(sent.message_id).await.unwrap();
    world.rest().await;
    assert_eq!(
        world
            .count("SELECT count(*) FROM jobs WHERE kind = 'delete'")
            .await,
        0
    );
    enter_from(&person, 2, &in_order(&values)[1..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn too_many_requests_are_waited_for() {
    let kind = FaultKind::TooManyRequests {
        retry_after: 7,
        hold: false,
    };
    deleted_in_the_end(Fault::on(DELETE, kind), Duration::from_secs(9)).await;
}

#[tokio::test]
async fn a_dropped_connection_is_tried_again() {
    deleted_in_the_end(
        Fault::on(DELETE, FaultKind::DropConnection),
        Duration::from_secs(2),
    )
    .await;
}

#[tokio::test]
async fn an_error_of_the_server_holds_up_the_dialogue_for_three_seconds_at_most() {
    let kind = FaultKind::Status {
        code: 500,
        html: false,
    };
    let begun = std::time::Instant::now();
    deleted_in_the_end(Fault::on(DELETE, kind), Duration::from_secs(2)).await;
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn what_still_stands_after_some_tries_is_told_and_so_is_its_end() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    world
        .telegram
        .add_fault(Fault::on(DELETE, FaultKind::DropConnection));
    let sent = person.say(&values.consumer_key);
    person.wait_text("Step 2 of 4").await.unwrap();
    for _ in 0..4 {
        world.rest().await;
        world.advance(Duration::from_secs(8));
    }
    let told = person
        .wait_text("Telegram has not let me delete your message yet. I keep trying")
        .await
        .unwrap();
    assert!(told.text.contains("delete it yourself"), "{told}");
    world.rest().await;
    world.telegram.clear_faults();
    world.advance(HOUR);
    person.wait_deleted(sent.message_id).await.unwrap();
    person
        .wait_text("Your message is deleted now")
        .await
        .unwrap();
    world.rest().await;
    let warnings = person
        .history()
        .iter()
        .filter(|said| said.text.contains("I keep trying"))
        .count();
    assert_eq!(warnings, 1, "{}", person.chat());
    // The flow has rested an hour.
    crate::harness::link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn what_telegram_refuses_to_delete_is_told_at_once() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    world
        .telegram
        .add_fault(Fault::on(DELETE, FaultKind::DeleteRefused).once());
    person.say("what is it you want?");
    person
        .wait_text("I could not delete your message. Please delete it yourself")
        .await
        .unwrap();
    world.rest().await;
    assert!(
        person
            .last_bot_message()
            .unwrap()
            .text
            .contains("Step 1 of 4"),
        "{}",
        person.chat()
    );
    enter_from(&person, 1, &in_order(&values), 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_message_that_stands_for_two_days_is_given_up_and_told() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    world
        .telegram
        .add_fault(Fault::on(DELETE, FaultKind::DropConnection));
    person.say("what is it you want?");
    person
        .wait_text("That looks like a sentence")
        .await
        .unwrap();
    world.rest().await;
    person.mark();
    world.advance(49 * HOUR);
    person
        .wait_text("I could not delete your message. Please delete it yourself")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(
        world
            .count("SELECT count(*) FROM jobs WHERE kind = 'delete'")
            .await,
        0
    );
    world.telegram.clear_faults();
    crate::harness::link(&person, "main", &values).await;
    world.finish().await;
}

#[tokio::test]
async fn a_deletion_that_waits_survives_a_kill() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    world
        .telegram
        .add_fault(Fault::on(DELETE, FaultKind::DropConnection));
    let sent = person.say(&values.consumer_key);
    person.wait_text("Step 2 of 4").await.unwrap();
    world.rest().await;
    world.kill_bot().await;
    world.telegram.clear_faults();
    world.advance(Duration::from_mins(1));
    world.start_bot().await;
    person.wait_deleted(sent.message_id).await.unwrap();
    enter_from(&person, 2, &in_order(&values)[1..], 4).await;
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn cards_and_results_that_could_not_be_sent_come_later() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    begin(&person, "main").await;
    world.telegram.add_fault(
        Fault::on(
            "editMessageText",
            FaultKind::TooManyRequests {
                retry_after: 5,
                hold: false,
            },
        )
        .once(),
    );
    let sent = person.say(&values.consumer_key);
    person.wait_deleted(sent.message_id).await.unwrap();
    world.rest().await;
    world.advance(Duration::from_secs(7));
    person.wait_text("Step 2 of 4").await.unwrap();
    enter_from(&person, 2, &in_order(&values)[1..3], 4).await;
    world
        .telegram
        .add_fault(Fault::on("sendMessage", FaultKind::DropConnection).once());
    enter_from(&person, 4, &in_order(&values)[3..], 4).await;
    world.rest().await;
    world.advance(Duration::from_secs(2));
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn what_was_promised_is_said_when_telegram_is_back_unless_that_takes_a_week() {
    let world = World::start().await;
    let person = world.person();
    for days in [6, 8] {
        world
            .telegram
            .add_fault(Fault::on("sendMessage", FaultKind::DropConnection));
        person.say("/guide");
        for _ in 0..110 {
            world.rest().await;
            world.advance(Duration::from_mins(6));
        }
        world.advance((days - 1) * 24 * HOUR);
        world.rest().await;
        world.telegram.clear_faults();
        world.advance(Duration::from_mins(6));
        world.rest().await;
        let said = person.chat().messages.into_iter();
        let said =
            said.filter(|message| message.from_bot && message.text.contains("console.x.com"));
        assert_eq!(said.count(), 1, "after {days} days, and not after a week");
        let promised = world.count("SELECT count(*) FROM outbox").await;
        assert_eq!(promised, 0, "after {days} days");
    }
    world.finish().await;
}

/// The first value of a flow, whose deletion takes two seconds and is under way.
async fn slowly_deleted(world: &World, person: &Person, value: &str) -> i32 {
    begin(person, "main").await;
    let slow = FaultKind::Delay(Duration::from_secs(2));
    world.telegram.add_fault(Fault::on(DELETE, slow).once());
    let sent = person.say(value);
    let begun = |telegram: &TelegramSim| !telegram.calls_to(DELETE).is_empty();
    let waiting = world.telegram.wait_until("the deletion", begun);
    waiting.await.unwrap();
    sent.message_id
}

#[tokio::test]
async fn a_value_behind_one_that_takes_long_is_deleted_at_once() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let first = slowly_deleted(&world, &person, &values.consumer_key).await;
    let second = person.say(&values.consumer_secret);
    person.wait_deleted(second.message_id).await.unwrap();
    assert!(person.chat().message(first).is_some());
    person.wait_text("Step 3 of 4").await.unwrap();
    enter_from(&person, 3, &in_order(&values)[2..], 4).await;
    verdict(&person, "connected").await;
    // Neither was deleted twice.
    assert_eq!(world.telegram.calls_to(DELETE).len(), 4);
    world.finish().await;
}

#[tokio::test]
async fn behind_a_command_only_what_looks_like_a_value_is_deleted_at_once() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    let first = slowly_deleted(&world, &person, &values.consumer_key).await;
    person.say("/cancel");
    let thanks = person.say("thanks anyway");
    let stray = person.say(&values.access_token);
    person.wait_deleted(stray.message_id).await.unwrap();
    assert!(person.chat().message(first).is_some());
    person.wait_text("so I deleted it").await.unwrap();
    assert!(person.chat().message(thanks.message_id).is_some());
    world.finish().await;
}
