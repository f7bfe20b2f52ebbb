//! X is asked about each link by itself: what is told, what is not, and when.

use std::time::Duration;

use addx::testing::{
    config::Rechecks,
    doctor,
    domain::budget::Dollars,
    store::{Store, copies},
};
use addx_sim::x::{App, AppState, FourValues, UserState, XUser, answers};
use addx_sim::{
    telegram::{self, Person},
    x::Fault,
};
use chrono::TimeDelta;

use crate::harness::{HOUR, ME, MINUTE, World, enter, link, shown, verdict, verify};

/// The question whose refusals carry a number.
const OLDER: &str = "/1.1/account/verify_credentials.json";
const DAY: Duration = Duration::from_hours(24);
const CONFIRM: Duration = Duration::from_mins(10);

/// X is asked once a day.
fn daily() -> Rechecks {
    Rechecks {
        interval: Some(TimeDelta::hours(24)),
        confirm: TimeDelta::minutes(10),
        budget: None,
    }
}

/// A world whose bot asks X once a day.
async fn watching() -> World {
    let mut world = World::without_bot().await;
    world.rechecks = daily();
    world.start_bot().await;
    world
}

/// Somebody with a link that works.
async fn linked(world: &World, username: &str) -> (Person, XUser, App, FourValues) {
    let person = world.person();
    let (user, app, values) = world.working_values(username);
    link(&person, "main", &values).await;
    person.mark();
    (person, user, app, values)
}

/// Lets a day pass, and the time after which a refusal is asked about again.
async fn a_day_and_a_while(world: &World) {
    world.advance(DAY);
    world.rest().await;
    world.advance(CONFIRM);
    world.rest().await;
}

/// The database as `addx restore` leaves it.
async fn put_back(world: &World) {
    let store = Store::open(&world.database()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    copies::quieten(&mut tx, world.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    store.close().await.unwrap();
}

/// Messages that say that X refuses values.
fn deaths(person: &Person) -> usize {
    let said = person.chat().messages;
    said.iter()
        .filter(|message| message.text.ends_with("rejected"))
        .count()
}

fn messages(person: &Person) -> usize {
    let said = person.chat().messages;
    said.iter().filter(|message| message.from_bot).count()
}

#[tokio::test]
async fn a_link_that_dies_is_told_once_with_one_button_that_repairs_it() {
    let world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    world.advance(2 * HOUR);
    app.revoke(&user);
    world.advance(DAY);
    world.rest().await;
    let before = messages(&person);
    assert_eq!(world.x.count(ME), 2, "one refusal is no news");
    world.advance(9 * MINUTE);
    world.rest().await;
    assert_eq!((world.x.count(ME), messages(&person)), (2, before));
    world.advance(MINUTE);
    let told = verdict(&person, "access_token_rejected").await;
    insta::assert_snapshot!(shown(&told), @"
    ⛔ main: X does not accept the Access Token
    It worked until yesterday 12:00 UTC. I asked X twice before I tell you.

    In X: your app → User authentication settings → Read and write → Save, then Keys & Tokens → Access Token → Regenerate. Send me the new pair with the button below (or /rotate).

    access_token_rejected
    [Rotate]
    ");
    a_day_and_a_while(&world).await;
    a_day_and_a_while(&world).await;
    assert_eq!(messages(&person), before + 1, "told once");

    let fresh = world.regenerated_token(&app, &user);
    person.press("Rotate").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    enter(&person, &[&fresh.token, &fresh.secret], 2).await;
    verdict(&person, "connected").await;
    person.mark();
    let before = messages(&person);
    a_day_and_a_while(&world).await;
    assert_eq!(messages(&person), before, "the user knows that it works");
    world.finish().await;
}

#[tokio::test]
async fn what_says_nothing_about_a_link_is_told_to_nobody() {
    let world = watching().await;
    let (person, _, app, _) = linked(&world, "seedling").await;
    let before = messages(&person);
    let faults: [Fault; 5] = [
        answers::unavailable().into(),
        answers::too_many_requests().into(),
        answers::credits_depleted(7).into(),
        answers::unauthorized().into(),
        Fault::DropConnection,
    ];
    for fault in faults {
        world.x.answer_next(ME, fault);
        a_day_and_a_while(&world).await;
    }
    app.set_state(AppState::NoCredits);
    a_day_and_a_while(&world).await;
    app.set_state(AppState::Enrolled);
    world.x.set_clock_offset(412);
    a_day_and_a_while(&world).await;
    world.x.set_clock_offset(0);
    a_day_and_a_while(&world).await;
    assert_eq!(messages(&person), before);
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert!(
        list.text.contains("connected since 12:00 UTC")
            || list.text.contains("connected since 24 Nov"),
        "{list}"
    );
    world.finish().await;
}

#[tokio::test]
async fn every_recovery_is_told_and_the_third_message_in_a_day_takes_the_place_of_the_second() {
    let world = watching().await;
    let (person, user, _, _) = linked(&world, "seedling").await;
    user.set_state(UserState::Suspended);
    a_day_and_a_while(&world).await;
    let died = verdict(&person, "user_suspended").await;
    assert_eq!(died.labels(), ["Check again"]);

    user.set_state(UserState::Active);
    person.mark();
    world.advance(23 * HOUR);
    world.rest().await;
    world.execute("UPDATE health_checks SET due_at = 0").await;
    world.advance(MINUTE);
    let back = verdict(&person, "connected").await;
    insta::assert_snapshot!(shown(&back), @"
    ✅ main is connected as @seedling
    It works again; X had refused it since yesterday 12:10 UTC.

    connected
    [What is this?]
    ");
    person.press("What is this?").unwrap();
    person
        .wait_text("I ask X about your accounts by myself")
        .await
        .unwrap();

    world.rest().await;
    let before = messages(&person);
    user.set_state(UserState::Locked);
    world.execute("UPDATE health_checks SET due_at = 0").await;
    world.advance(MINUTE);
    world.rest().await;
    world.advance(CONFIRM);
    world.rest().await;
    let chat = person.chat();
    let edited = chat.message(back.id).unwrap();
    assert!(edited.text.ends_with("user_locked"), "{edited}");
    assert_eq!(messages(&person), before, "edited");

    user.set_state(UserState::Active);
    person.mark();
    a_day_and_a_while(&world).await;
    let again = verdict(&person, "connected").await;
    assert!(again.id > back.id, "a day later it is a message again");
    world.finish().await;
}

#[tokio::test]
async fn what_the_user_has_seen_is_not_told_again() {
    let world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    app.revoke(&user);
    world.advance(HOUR);
    verify(&person, "access_token_rejected").await;
    world.rest().await;
    let before = messages(&person);
    a_day_and_a_while(&world).await;
    assert_eq!(messages(&person), before);
    world.finish().await;
}

#[tokio::test]
async fn a_mass_failure_is_told_to_the_owner_and_to_nobody_else() {
    let mut world = World::without_bot().await;
    let owner = world.person();
    world.owner = Some(owner.id());
    world.rechecks = daily();
    world.allowed = addx::testing::config::AllowedUsers::Everybody;
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I link your X account").await.unwrap();
    let mut people = Vec::new();
    for username in ["ada", "bea", "cem"] {
        let person = world.person();
        person.say("/start");
        person.wait_text("I have asked").await.unwrap();
        owner.wait_text("wants to use this bot").await.unwrap();
        owner.press("Approve").unwrap();
        person.wait_text("let you in").await.unwrap();
        owner.mark();
        let (user, app, values) = world.working_values(username);
        link(&person, "main", &values).await;
        world.rest().await;
        people.push((person, user, app));
    }
    let before: Vec<usize> = people.iter().map(|(person, ..)| messages(person)).collect();
    world.x.force(ME, answers::unauthorized());
    world.x.force(OLDER, answers::code(89));
    world.advance(DAY);
    world.rest().await;
    world.advance(CONFIRM);
    let alarm = owner.wait_text("To the owner of this bot").await.unwrap();
    insta::assert_snapshot!(shown(&alarm), @"
    🚧 To the owner of this bot: X refuses links of several apps at once that worked a short while ago, since 12:10 UTC. I tell their users nothing, and ask again until it is over.

    That is rarely the fault of so many people. Look at X's status page, and at what has changed here (addx doctor).
    ");
    for _ in 0..3 {
        world.rest().await;
        world.advance(HOUR);
    }
    world.rest().await;
    let after: Vec<usize> = people.iter().map(|(person, ..)| messages(person)).collect();
    assert_eq!(after, before, "no user is alarmed");
    let alarms = owner.chat().messages;
    let alarms = alarms
        .iter()
        .filter(|message| message.text.contains("To the owner"));
    assert_eq!(alarms.count(), 1, "the owner once");

    // One of them died in truth meanwhile.
    let (victim, user, app) = &people[0];
    app.revoke(user);
    world.x.clear(ME);
    world.x.clear(OLDER);
    owner.mark();
    for _ in 0..3 {
        world.advance(DAY);
        world.rest().await;
    }
    owner.wait_text("X accepts links again").await.unwrap();
    verdict(victim, "access_token_rejected").await;
    for (number, (person, ..)) in people.iter().enumerate().skip(1) {
        assert_eq!(messages(person), before[number]);
    }
    world.finish().await;
}

#[tokio::test]
async fn the_owner_hears_of_an_x_that_is_away_for_everybody() {
    let mut world = watching().await;
    world.stop_bot().await;
    let owner = world.person();
    let mut people = Vec::new();
    world.start_bot().await;
    for username in ["ada", "bea", "cem"] {
        people.push(linked(&world, username).await);
    }
    owner.say("/start");
    owner.wait_text("I link your X account").await.unwrap();
    world.stop_bot().await;
    world.owner = Some(owner.id());
    // They had used the bot before it had an owner, who lets them stay.
    world
        .execute("INSERT INTO access SELECT owner, 'granted', '', 0 FROM accounts")
        .await;
    world.start_bot().await;
    world.x.force(ME, answers::unavailable());
    world.advance(DAY);
    world.rest().await;
    world.advance(CONFIRM);
    let alarm = owner.wait_text("To the owner of this bot").await.unwrap();
    assert!(alarm.text.contains("X does not answer"), "{alarm}");
    world.x.clear(ME);
    world.advance(HOUR);
    owner.wait_text("X accepts links again").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn who_blocked_the_bot_is_not_written_to_and_told_when_they_are_back() {
    let world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    person.block();
    world.rest().await;
    app.revoke(&user);
    let writes = world.telegram.calls_to("sendMessage").len();
    for _ in 0..4 {
        a_day_and_a_while(&world).await;
    }
    assert_eq!(world.telegram.calls_to("sendMessage").len(), writes);
    assert_eq!(world.x.count(ME), 1, "there is nobody to tell");
    person.unblock();
    world.rest().await;
    person.mark();
    a_day_and_a_while(&world).await;
    verdict(&person, "access_token_rejected").await;
    world.finish().await;
}

#[tokio::test]
async fn who_is_found_to_be_gone_is_noted_and_told_when_they_are_back() {
    let world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    app.revoke(&user);
    world.advance(DAY);
    world.rest().await;
    person.deactivate();
    world.advance(CONFIRM);
    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM unreachable").await, 1);
    let writes = world.telegram.calls_to("sendMessage").len();
    a_day_and_a_while(&world).await;
    assert_eq!(world.telegram.calls_to("sendMessage").len(), writes);
    world.finish().await;
}

#[tokio::test]
async fn a_restart_forgets_no_suspicion_and_tells_nothing_twice() {
    let mut world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    app.revoke(&user);
    world.advance(DAY);
    world.rest().await;
    let before = messages(&person);
    world.restart_bot().await;
    world.advance(CONFIRM);
    verdict(&person, "access_token_rejected").await;
    world.restart_bot().await;
    a_day_and_a_while(&world).await;
    assert_eq!(messages(&person), before + 1);
    world.finish().await;
}

#[tokio::test]
async fn a_question_that_was_under_way_at_a_kill_is_asked_again() {
    let mut world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    app.revoke(&user);
    world.advance(DAY);
    world.rest().await;
    let hold = world.x.hold(ME);
    world.advance(CONFIRM);
    world.x.wait_arrivals(ME, 3).await.unwrap();
    world.kill_bot().await;
    hold.release();
    world.start_bot().await;
    verdict(&person, "access_token_rejected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_link_is_asked_about_once_at_a_time_the_users_own_question_included() {
    let world = watching().await;
    let (person, ..) = linked(&world, "seedling").await;
    let hold = world.x.hold(ME);
    world.advance(DAY);
    world.x.wait_arrivals(ME, 2).await.unwrap();
    person.say("/verify");
    person.wait_text("Checking main").await.unwrap();
    world.telegram.settled().await.unwrap();
    assert_eq!(hold.waiting(), 1, "the user's question waits its turn");
    hold.release();
    verdict(&person, "connected").await;
    assert_eq!(world.x.count(ME), 3);

    world.advance(MINUTE);
    world.rest().await;
    let hold = world.x.hold(ME);
    person.say("/verify");
    world.x.wait_arrivals(ME, 4).await.unwrap();
    world.execute("UPDATE health_checks SET due_at = 0").await;
    world.advance(MINUTE);
    world.telegram.settled().await.unwrap();
    assert_eq!(hold.waiting(), 1, "and the other way round");
    hold.release();
    verdict(&person, "connected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_pause_that_x_asks_for_holds_for_every_link_of_the_app() {
    let world = watching().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    let other = world.x.new_user("other");
    let second = world.canary_values(app.four_values(&other));
    link(&person, "main", &values).await;
    link(&person, "shop", &second).await;
    world.rest().await;
    a_day_and_a_while(&world).await;
    let asked = world.x.count(ME);
    assert_eq!(asked, 4);

    let reset = (world.x.now() + 7200).to_string();
    let limited = answers::too_many_requests()
        .header("x-rate-limit-remaining", "0")
        .header("x-rate-limit-reset", &reset);
    world.x.answer_next(ME, limited);
    // One is due in a minute, the other half an hour later.
    world
        .execute(
            "UPDATE health_checks SET due_at = (SELECT max(checked_at) FROM accounts) + 660 + 1800 * (rowid > 1)",
        )
        .await;
    world.advance(MINUTE);
    world.rest().await;
    assert_eq!(world.x.count(ME), asked + 1);
    world.advance(HOUR);
    world.rest().await;
    assert_eq!(world.x.count(ME), asked + 1, "X asked for a pause");
    world.advance(HOUR + MINUTE);
    world.rest().await;
    assert_eq!(world.x.count(ME), asked + 3);
    world.finish().await;
}

#[tokio::test]
async fn with_nothing_to_spend_only_the_key_pair_is_asked_about_and_that_is_enough_to_find_it_dead()
{
    let mut world = watching().await;
    world.stop_bot().await;
    world.rechecks.budget = Some(Dollars(0));
    world.start_bot().await;
    let (person, _, app, _) = linked(&world, "seedling").await;
    for _ in 0..3 {
        world.advance(DAY);
        world.rest().await;
    }
    assert_eq!(world.x.count(ME), 1, "only what the user asked for");
    assert_eq!(world.x.count("/oauth2/token"), 4);
    world.regenerated_keys(&app);
    a_day_and_a_while(&world).await;
    verdict(&person, "api_key_pair_rejected").await;
    assert_eq!(world.x.count(ME), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_database_that_was_put_back_is_asked_about_at_once_and_in_silence() {
    let mut world = watching().await;
    let (person, ..) = linked(&world, "seedling").await;
    let (other, user, app, _) = linked(&world, "other").await;
    world.stop_bot().await;
    put_back(&world).await;
    app.revoke(&user);
    let before = messages(&person);
    world.start_bot().await;
    world.rest().await;
    person.say("/accounts");
    person
        .wait_text("connected since 12:00 UTC, checked 12:00 UTC")
        .await
        .unwrap();
    assert_eq!(messages(&person), before + 1, "the list alone");
    other.mark();
    world.advance(CONFIRM);
    verdict(&other, "access_token_rejected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_database_that_was_put_back_while_x_refuses_everybody_alarms_no_user() {
    let mut world = World::without_bot().await;
    let owner = world.person();
    world.owner = Some(owner.id());
    world.rechecks = daily();
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I link your X account").await.unwrap();
    for (name, username) in [("one", "ada"), ("two", "bea"), ("three", "cem")] {
        let (_, _, values) = world.working_values(username);
        link(&owner, name, &values).await;
    }
    world.stop_bot().await;
    put_back(&world).await;
    world.x.force(ME, answers::unauthorized());
    world.x.force(OLDER, answers::code(89));
    owner.mark();
    world.start_bot().await;
    world.rest().await;
    world.advance(CONFIRM);
    owner.wait_text("To the owner of this bot").await.unwrap();
    for _ in 0..3 {
        world.rest().await;
        world.advance(HOUR);
    }
    world.rest().await;
    assert_eq!(deaths(&owner), 0);
    world.x.clear(ME);
    world.x.clear(OLDER);
    for _ in 0..3 {
        world.advance(DAY);
        world.rest().await;
    }
    owner.wait_text("X accepts links again").await.unwrap();
    assert_eq!(deaths(&owner), 0);
    world.finish().await;
}

#[tokio::test]
async fn an_app_without_credits_is_a_witness_however_long_ago_it_had_some() {
    let world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    let (_other, _, poor, _) = linked(&world, "poor").await;
    poor.set_state(AppState::NoCredits);
    for _ in 0..10 {
        a_day_and_a_while(&world).await;
    }
    app.revoke(&user);
    for _ in 0..2 {
        a_day_and_a_while(&world).await;
    }
    verdict(&person, "access_token_rejected").await;
    world.finish().await;
}

#[tokio::test]
async fn with_nothing_to_spend_a_dead_key_pair_is_told_and_the_failure_of_many_is_not() {
    let mut world = watching().await;
    world.stop_bot().await;
    world.rechecks.budget = Some(Dollars(0));
    world.start_bot().await;
    let mut people = Vec::new();
    for username in ["ada", "bea", "cem"] {
        people.push(linked(&world, username).await);
    }
    a_day_and_a_while(&world).await;
    world.x.force("/oauth2/token", answers::code(99));
    world.x.force("/oauth/request_token", answers::code(32));
    for _ in 0..4 {
        a_day_and_a_while(&world).await;
    }
    for (person, ..) in &people {
        assert_eq!(deaths(person), 0, "no user is alarmed");
    }
    world.x.clear("/oauth2/token");
    world.x.clear("/oauth/request_token");
    a_day_and_a_while(&world).await;
    world.regenerated_keys(&people[0].2);
    for _ in 0..2 {
        a_day_and_a_while(&world).await;
    }
    verdict(&people[0].0, "api_key_pair_rejected").await;
    assert_eq!(world.x.count(ME), 3, "only what the users asked for");
    for (person, ..) in people.iter().skip(1) {
        assert_eq!(deaths(person), 0);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_message_that_waits_is_not_sent_when_it_is_no_longer_true() {
    let world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    app.revoke(&user);
    world.advance(DAY);
    world.rest().await;
    let before = messages(&person);
    let hold = world.x.hold(OLDER);
    world.advance(CONFIRM);
    world.x.wait_arrivals(OLDER, 1).await.unwrap();
    // Telegram takes no message for a while.
    world.telegram.add_fault(telegram::Fault::on(
        "sendMessage",
        telegram::FaultKind::DropConnection,
    ));
    hold.release();
    let promised = async {
        const PROMISED: &str = "SELECT count(*) FROM outbox WHERE attempts > 0";
        while world.count(PROMISED).await == 0 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), promised).await;
    assert!(in_time.is_ok(), "nothing is promised");
    // X accepts the link again before it can be said that it did not.
    world
        .execute("UPDATE health_checks SET memory = json_set(memory, '$.standing', 'works')")
        .await;
    world.telegram.clear_faults();
    world.advance(HOUR);
    world.rest().await;
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(messages(&person), before);
    world.finish().await;
}

#[tokio::test]
async fn whom_the_owner_blocked_costs_nothing_and_is_told_nothing_until_they_are_let_in_again() {
    let mut world = World::without_bot().await;
    let owner = world.person();
    world.owner = Some(owner.id());
    world.rechecks = daily();
    world.start_bot().await;
    owner.say("/start");
    owner.wait_text("I link your X account").await.unwrap();
    let person = world.person();
    person.say("/start");
    person.wait_text("I have asked").await.unwrap();
    owner.wait_text("wants to use this bot").await.unwrap();
    owner.press("Approve").unwrap();
    person.wait_text("let you in").await.unwrap();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.rest().await;
    world
        .execute("UPDATE access SET standing = 'blocked'")
        .await;
    app.revoke(&user);
    let before = messages(&person);
    for _ in 0..3 {
        a_day_and_a_while(&world).await;
    }
    assert_eq!((world.x.count(ME), messages(&person)), (1, before));
    world
        .execute("UPDATE access SET standing = 'granted'")
        .await;
    a_day_and_a_while(&world).await;
    verdict(&person, "access_token_rejected").await;
    world.finish().await;
}

#[tokio::test]
async fn a_shorter_interval_counts_from_the_next_start() {
    let mut world = watching().await;
    let (person, user, app, _) = linked(&world, "seedling").await;
    app.revoke(&user);
    world.stop_bot().await;
    world.rechecks.interval = Some(TimeDelta::minutes(20));
    world.start_bot().await;
    // The schedule is fitted to it in a moment; the database tells nobody when it changes.
    let fitted = async {
        const FITTED: &str =
            "SELECT count(*) FROM health_checks WHERE due_at < 1795521600 + 20 * 60";
        while world.count(FITTED).await == 0 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), fitted).await;
    assert!(in_time.is_ok(), "the schedule stays as it was");
    world.advance(20 * MINUTE);
    world.rest().await;
    world.advance(CONFIRM);
    verdict(&person, "access_token_rejected").await;
    world.finish().await;
}

#[tokio::test]
async fn the_doctor_says_what_it_costs() {
    let mut world = watching().await;
    let row = async |world: &World| doctor::rechecks(&world.config(), &world.clock).await;
    let (_person, ..) = linked(&world, "seedling").await;
    world.advance(DAY);
    world.rest().await;
    insta::assert_snapshot!(row(&world).await.detail, @"1 working link every 24 h: at most 35 calls and $0.31 a month by X's list ($0.010 for each that is accepted, once a day in UTC); this month 1 call, $0.01");
    world.rechecks.budget = Some(Dollars(5 * 10_000));
    assert!(row(&world).await.detail.contains("$5.00 is enough"));
    world.rechecks.budget = Some(Dollars(10 * 100));
    insta::assert_snapshot!(row(&world).await.detail, @"1 working link every 3.9 days: at most 9 calls and $0.09 a month by X's list ($0.010 for each that is accepted, once a day in UTC); ADDX_RECHECK_BUDGET $0.10 stretches that from 24 h, and the free question about the key pair fills the gaps; this month 1 call, $0.01");
    world.rechecks = Rechecks::OFF;
    let off = row(&world).await;
    assert_eq!(off.state, doctor::State::Warning);
    assert!(off.detail.contains("ADDX_RECHECK"), "{}", off.detail);
    world.finish().await;
}

#[tokio::test]
async fn a_sum_stretches_what_is_charged_and_the_free_question_fills_the_gaps() {
    let mut world = watching().await;
    world.stop_bot().await;
    // Ten acceptances a month, less the twentieth that is kept: one in three or four days.
    world.rechecks.budget = Some(Dollars(10 * 100));
    world.start_bot().await;
    let (_person, ..) = linked(&world, "seedling").await;
    for _ in 0..30 {
        world.advance(DAY);
        world.rest().await;
    }
    let charged = world.x.count(ME) - 1;
    assert!((7..=10).contains(&charged), "{charged}");
    let free = world.x.count("/oauth2/token") - 1;
    assert!(charged + free >= 30, "{charged} {free}");
    world.finish().await;
}

#[tokio::test]
async fn an_answer_about_a_link_that_was_erased_meanwhile_is_reckoned_up() {
    let world = watching().await;
    let (person, ..) = linked(&world, "seedling").await;
    let hold = world.x.hold(ME);
    world.advance(DAY);
    world.x.wait_arrivals(ME, 2).await.unwrap();
    person.say("/unlink");
    person.wait_text("Erase main").await.unwrap();
    person.press("Erase").unwrap();
    person
        .wait_text("main and its values are erased")
        .await
        .unwrap();
    hold.release();
    let written = async {
        const WRITTEN: &str = "SELECT count(*) FROM spending WHERE calls = 1 AND charged = 1";
        while world.count(WRITTEN).await == 0 {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), written).await;
    assert!(in_time.is_ok(), "X charged for it");
    world.finish().await;
}

#[tokio::test]
async fn what_a_post_has_shown_is_not_told_again() {
    let world = watching().await;
    let (person, user, ..) = linked(&world, "seedling").await;
    user.set_state(UserState::Suspended);
    person.say("/testpost");
    person.wait_text("Shall I post this").await.unwrap();
    person.press("Post and delete").unwrap();
    person.wait_text("user_suspended").await.unwrap();
    world.rest().await;
    let before = messages(&person);
    a_day_and_a_while(&world).await;
    a_day_and_a_while(&world).await;
    assert_eq!(messages(&person), before);
    user.set_state(UserState::Active);
    a_day_and_a_while(&world).await;
    let back = person.wait_text("It works again").await.unwrap();
    assert!(back.text.ends_with("connected"), "{back}");
    world.finish().await;
}

#[tokio::test]
async fn switched_off_nothing_is_asked() {
    let world = World::start().await;
    let (_person, ..) = linked(&world, "seedling").await;
    for _ in 0..3 {
        world.advance(DAY);
        world.rest().await;
    }
    assert_eq!(world.x.count(ME), 1);
    world.finish().await;
}
