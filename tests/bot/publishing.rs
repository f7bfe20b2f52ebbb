//! `/testpost` and `/post`: what is asked first, what X says, and that nothing is ever published twice.

use addx_sim::{
    telegram::Person,
    x::{AppPermission, AppState, Fault, RateLimitForm, ReadOnlyAnswer, UserState, answers},
};

use crate::harness::{ME, MINUTE, World, link, shown, try_link, verdict, verify};

const POSTS: &str = "/2/tweets";
const POST: &str = "/2/tweets/{id}";

async fn ask_test(person: &Person) {
    person.say("/testpost");
    person.wait_text("Post this with main").await.unwrap();
}

/// `/testpost`, confirmed; the answer holds this.
async fn test_post(person: &Person, said: &str) -> String {
    ask_test(person).await;
    person.press("Post and delete").unwrap();
    person.wait_text(said).await.unwrap().text
}

/// Replies `/post` to a message of this text.
fn reply_post(person: &Person, text: &str) {
    let message = person.say(text);
    person.reply_to(message.message_id, "/post");
}

async fn audited(world: &World) -> String {
    world
        .text(
            "SELECT coalesce(group_concat(event || ' ' || detail, ', '), '') FROM audit
             WHERE event IN ('post', 'test_post', 'test_post_delete')",
        )
        .await
}

#[tokio::test]
async fn a_test_post_is_asked_about_published_and_deleted() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    person.press("Test post").unwrap();
    let question = person.wait_text("Post this with").await.unwrap();
    let text = question.text.clone();
    assert!(text.contains("A test post, deleted at once. "), "{text}");
    assert!(
        text.contains("about $0.015") && !text.contains("http"),
        "{text}"
    );
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 0, "nothing before the confirmation");

    person.press("Post and delete").unwrap();
    let answer = person.wait_text("it is deleted").await.unwrap();
    insta::assert_snapshot!(shown(&answer), @"✅ main can publish: X accepted the test post, and it is deleted.");
    assert_eq!(world.x.count(POSTS), 1);
    assert!(world.x.posts().is_empty());
    assert_eq!(
        audited(&world).await,
        "test_post published, test_post_delete deleted"
    );

    // The button is used up, and the next text is another one.
    person.press("Post and delete").unwrap();
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 1);
    test_post(&person, "it is deleted").await;
    assert_eq!(world.x.count(POSTS), 2);
    person.say("/history");
    let history = person.wait_text("What happened").await.unwrap();
    assert!(
        history.text.contains("main: test post published"),
        "{history}"
    );
    world.finish().await;
}

#[tokio::test]
async fn a_test_post_that_is_left_posts_nothing() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    ask_test(&person).await;
    person.press("Leave it").unwrap();
    person.wait_text("Nothing is published").await.unwrap();
    person.press("Post and delete").unwrap();
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 0);
    test_post(&person, "it is deleted").await;
    world.finish().await;
}

#[tokio::test]
async fn each_refusal_of_a_post_is_told_by_its_verdict_and_ends_well_once_mended() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    app.set_write_state(AppState::NoCredits);
    let text = test_post(&person, "\n\nCode: no_credits").await;
    assert!(text.contains("Nothing is published"), "{text}");
    app.set_write_state(AppState::SpendCap {
        reset_date: "2026-12-10".to_owned(),
    });
    test_post(&person, "\n\nCode: spend_cap_reached").await;
    app.set_write_state(AppState::NotEnrolled);
    test_post(&person, "\n\nCode: not_enrolled").await;
    app.set_write_state(AppState::Enrolled);
    world.advance(MINUTE);
    verify(&person, "connected").await;

    app.set_write_state(AppState::RateLimited {
        until: world.x.now() + 600,
        form: RateLimitForm::Problem,
    });
    let text = test_post(&person, "\n\nCode: rate_limited").await;
    assert!(text.contains("Send the post again at"), "{text}");
    app.set_write_state(AppState::Enrolled);

    user.refuse_posts(true);
    let text = test_post(&person, "\n\nCode: not_permitted").await;
    assert!(text.contains("does not say why"), "{text}");
    user.refuse_posts(false);
    world.x.answer_next(POSTS, answers::duplicate_content());
    test_post(&person, "\n\nCode: duplicate").await;
    world.x.answer_next(POSTS, answers::text_too_long());
    let text = test_post(&person, "\n\nCode: unexpected").await;
    assert!(text.contains("Your Tweet text is too long"), "{text}");

    user.set_state(UserState::Locked);
    test_post(&person, "\n\nCode: user_locked").await;
    user.set_state(UserState::Active);
    person.say("/testpost");
    person.wait_text("main cannot publish now").await.unwrap();
    world.advance(MINUTE);
    person.press("Check again").unwrap();
    verdict(&person, "connected").await;
    assert!(world.x.posts().is_empty());
    assert_eq!(world.x.count(POSTS), 8);
    test_post(&person, "it is deleted").await;
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_only_reads_is_told_by_a_post_and_mended() {
    let world = World::start().await;
    let person = world.person();
    let user = world.x.new_user("seedling");
    let app = world.x.new_app(&user, AppPermission::Read);
    let values = world.canary_values(app.four_values(&user));
    // X does not always say what a token may do.
    world.x.set_access_level(addx_sim::x::AccessLevel::Off);
    try_link(&person, "main", &values).await;
    person
        .wait_text("\n\nCode: connected_permission_unknown")
        .await
        .unwrap();

    let text = test_post(&person, "\n\nCode: read_only").await;
    assert!(text.contains("can only read"), "{text}");
    world.x.set_read_only_answer(ReadOnlyAnswer::NotPermitted);
    test_post(&person, "\n\nCode: not_permitted").await;
    world.x.set_read_only_answer(ReadOnlyAnswer::Permissions);
    test_post(&person, "\n\nCode: read_only").await;

    app.set_permission(AppPermission::ReadWrite);
    let token = world.regenerated_token(&app, &user);
    person.press("Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    crate::harness::enter(&person, &[&token.token, &token.secret], 2).await;
    verdict(&person, "connected_permission_unknown").await;
    test_post(&person, "it is deleted").await;
    // A post that X took says more than any question.
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert!(list.text.contains("\nconnected since"), "{list}");
    world.finish().await;
}

#[tokio::test]
async fn refused_values_are_looked_into() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    app.revoke(&user);
    test_post(&person, "X rejected the credentials").await;
    verdict(&person, "access_token_rejected").await;
    let token = world.regenerated_token(&app, &user);
    person.press("Send new token pair").unwrap();
    person.wait_text("Step 1 of 2").await.unwrap();
    crate::harness::enter(&person, &[&token.token, &token.secret], 2).await;
    verdict(&person, "connected").await;
    test_post(&person, "it is deleted").await;
    world.finish().await;
}

#[tokio::test]
async fn a_post_without_an_answer_is_unknown_and_never_sent_again() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    world.x.answer_next(POSTS, Fault::DropConnection);
    let text = test_post(&person, "it is unknown whether this is published").await;
    assert!(text.contains("https://x.com/seedling"), "{text}");
    assert!(text.contains("A test post, deleted at once."), "{text}");
    world.x.answer_next(POSTS, answers::unavailable());
    test_post(&person, "it is unknown whether this is published").await;
    world.advance(MINUTE * 30);
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 2);

    // The process dies while X is being asked.
    let hold = world.x.hold(POSTS);
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    hold.wait_arrived(1).await.unwrap();
    world.kill_bot().await;
    hold.release();
    world.start_bot().await;
    person
        .wait_text("it is unknown whether this is published")
        .await
        .unwrap();
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 3);
    assert_eq!(
        audited(&world).await,
        "test_post unknown, test_post unknown, test_post unknown"
    );
    test_post(&person, "it is deleted").await;
    world.finish().await;
}

#[tokio::test]
async fn a_crash_between_post_and_deletion_deletes_later() {
    let mut world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    let hold = world.x.hold(POST);
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    hold.wait_arrived(1).await.unwrap();
    assert_eq!(world.x.posts().len(), 1);
    world.kill_bot().await;
    hold.release();
    world.start_bot().await;
    person.wait_text("it is deleted").await.unwrap();
    assert!(world.x.posts().is_empty());
    assert_eq!(world.x.count(POSTS), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_test_post_that_cannot_be_deleted_is_tried_again_and_then_shown() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    // Twice in vain, then it works.
    world.x.answer_times(POST, 2, answers::unavailable());
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    world.x.wait_calls(POST, 1).await.unwrap();
    world.rest().await;
    world.advance(MINUTE);
    world.x.wait_calls(POST, 2).await.unwrap();
    world.rest().await;
    world.advance(MINUTE);
    person.wait_text("it is deleted").await.unwrap();
    assert!(world.x.posts().is_empty());

    // X asks for a pause.
    let reset = world.x.now() + 300;
    let limited = answers::too_many_requests().header("x-rate-limit-reset", &reset.to_string());
    world.x.answer_next(POST, limited);
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    world.x.wait_calls(POST, 4).await.unwrap();
    world.rest().await;
    world.advance(MINUTE * 4);
    world.rest().await;
    assert_eq!(world.x.count(POST), 4, "not before X wants it");
    world.advance(MINUTE);
    person.wait_text("it is deleted").await.unwrap();

    // Refused for good.
    world.x.answer_next(POST, answers::not_your_post());
    let text = test_post(&person, "I could not delete it").await;
    let id = world.x.posts().first().unwrap().id;
    assert!(
        text.contains(&format!("https://x.com/i/status/{id}")),
        "{text}"
    );

    // In vain to the end.
    world.x.force(POST, answers::unavailable());
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    for tries in 6..=10 {
        world.x.wait_calls(POST, tries).await.unwrap();
        world.rest().await;
        world.advance(MINUTE * 11);
    }
    person.wait_text("I could not delete it").await.unwrap();
    world.x.clear_all();
    test_post(&person, "it is deleted").await;
    world.finish().await;
}

#[tokio::test]
async fn a_message_is_published_by_replying_to_it() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    reply_post(&person, "Good morning & <welcome> 🌱");
    let preview = person.wait_text("Publish this with main").await.unwrap();
    insta::assert_snapshot!(shown(&preview), @"
    Publish this with main (@seedling)?

    Good morning & <welcome> 🌱

    27 of 280 characters, as X counts them. X charges about $0.015.
    [Publish][Discard]
    ");
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 0);
    person.press("Publish").unwrap();
    let answer = person.wait_text("Published with main").await.unwrap();
    let posts = world.x.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].text, "Good morning & <welcome> 🌱");
    let link = format!("https://x.com/i/status/{}", posts[0].id);
    assert!(answer.text.contains(&link), "{answer}");
    person.press("Publish").unwrap();
    world.rest().await;
    assert_eq!(world.x.count(POSTS), 1, "twice tapped, once published");
    assert_eq!(audited(&world).await, "post published");

    reply_post(&person, "see https://example.com/page");
    person.wait_text("about $0.20").await.unwrap();
    person.press("Discard").unwrap();
    person.wait_text("Nothing is published").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn with_several_accounts_the_user_chooses() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let (user, _, values) = world.working_values("sapling");
    link(&person, "second", &values).await;

    reply_post(&person, "from the second");
    person
        .wait_text("Which account should publish it?")
        .await
        .unwrap();
    person.press("second").unwrap();
    person
        .wait_text("Publish this with second (@sapling)")
        .await
        .unwrap();
    person.press("Publish").unwrap();
    person.wait_text("Published with second").await.unwrap();
    assert_eq!(user.posts().len(), 1);

    let message = person.say("named at once");
    person.reply_to(message.message_id, "/post main");
    person
        .wait_text("Publish this with main (@seedling)")
        .await
        .unwrap();
    person.press("Publish").unwrap();
    person.wait_text("Published with main").await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn what_cannot_be_published_is_said_and_nothing_is_lost() {
    let world = World::start().await;
    let person = world.person();
    reply_post(&person, "too early");
    person
        .wait_text("You have not linked an X account yet")
        .await
        .unwrap();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    person.say("/post");
    person
        .wait_text("reply to that message with /post")
        .await
        .unwrap();
    let own = person.wait_text("with /post").await.unwrap();
    person.reply_to(own.id, "/post");
    person.wait_text("only your own messages").await.unwrap();
    reply_post(&person, &"🌱".repeat(141));
    person
        .wait_text("X counts 282 characters and accepts 280")
        .await
        .unwrap();
    let picture = person.send_photo(Some("a caption"));
    person.reply_to(picture.message_id, "/post");
    person.wait_text("I can only publish text").await.unwrap();
    reply_post(&person, "after all");
    person.wait_text("Publish this").await.unwrap();

    // Another person's tap on the draft does nothing, and the button of a draft that was replaced neither.
    reply_post(&person, "the last one counts");
    person.wait_text("the last one counts").await.unwrap();
    person.press("Publish").unwrap();
    person.wait_text("Published with main").await.unwrap();
    assert_eq!(world.x.posts().len(), 1);
    assert_eq!(world.x.posts()[0].text, "the last one counts");
    assert_eq!(world.x.count(ME), 1);
    world.finish().await;
}

#[tokio::test]
async fn what_was_asked_last_counts_whichever_answer_comes_first() {
    let world = World::start().await;
    let person = world.person();
    let (_, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let listed = async |verdict: &str| {
        person.say("/accounts");
        let list = person.wait_text("Your accounts").await.unwrap();
        assert!(list.text.contains(verdict), "{list}");
    };

    // A post is refused, and its answer takes so long that a check is asked for meanwhile: it waits, and is the newer one.
    app.set_write_state(AppState::NoCredits);
    world.advance(MINUTE);
    let hold = world.x.hold(POSTS);
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    hold.wait_arrived(1).await.unwrap();
    world.advance(MINUTE);
    let asked = world.x.count(ME);
    person.say("/verify");
    person.wait_text("Checking main with X").await.unwrap();
    world.telegram.settled().await.unwrap();
    assert_eq!(
        world.x.count(ME),
        asked,
        "one call about an account at a time"
    );
    hold.release();
    person.wait_text("\n\nCode: no_credits").await.unwrap();
    verdict(&person, "connected").await;
    listed("\nconnected since").await;

    // The other way round, the post is the newer one.
    world.advance(MINUTE);
    let hold = world.x.hold(ME);
    person.say("/verify");
    hold.wait_arrived(1).await.unwrap();
    world.advance(MINUTE);
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    person.wait_text("Posting with main").await.unwrap();
    hold.release();
    verdict(&person, "connected").await;
    person.wait_text("\n\nCode: no_credits").await.unwrap();
    person.say("/accounts");
    let list = person.wait_text("Your accounts").await.unwrap();
    assert!(!list.text.contains("\nconnected since"), "{list}");

    // With credits a check finds it well again.
    app.set_write_state(AppState::Enrolled);
    world.advance(MINUTE);
    verify(&person, "connected").await;
    listed("\nconnected since").await;
    world.finish().await;
}

#[tokio::test]
async fn a_test_post_whose_answer_is_lost_is_looked_for_once_and_deleted() {
    let world = World::start().await;
    let person = world.person();
    let (user, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    let looks = format!("/2/users/{}/tweets", user.id);
    for text in ["one", "two"] {
        publish(&person, text).await;
    }

    world.x.answer_next(POSTS, Fault::LoseAnswer);
    test_post(&person, "it is deleted").await;
    assert_eq!(world.x.count(&looks), 1);
    let call = world.x.calls_to(&looks).remove(0);
    assert!(call.verified, "{call:?}");
    assert_eq!(call.query_names, ["max_results"]);
    let left: Vec<String> = user.posts().into_iter().map(|post| post.text).collect();
    assert_eq!(left, ["one", "two"]);
    assert_eq!(world.x.count(POSTS), 3, "posted once each");

    // X cannot be asked: the user is told what to look for, and where.
    world.x.answer_next(POSTS, Fault::LoseAnswer);
    world.x.answer_next(&looks, answers::unavailable());
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    let told = person
        .wait_text("it is unknown whether this is published")
        .await
        .unwrap();
    insta::assert_snapshot!(hidden(&shown(&told)), @"
    ❓ main: it is unknown whether this is published, because X's answer did not arrive. It was not among your last posts. I do not retry automatically, so that it does not appear twice. Look here: https://x.com/seedling

    A test post, deleted at once. …

    If it is there, delete it.
    [Open X]
    ");
    world.rest().await;
    world.advance(MINUTE * 30);
    world.rest().await;
    assert_eq!(world.x.count(&looks), 2, "not again");
    assert_eq!(user.posts().len(), 3);

    // What the user wanted to publish is not looked for, since nothing would come of it.
    world.x.answer_next(POSTS, Fault::LoseAnswer);
    reply_post(&person, "three");
    person.wait_text("Publish this").await.unwrap();
    person.press("Publish").unwrap();
    let told = person
        .wait_text("If it is not there, send it again")
        .await
        .unwrap();
    assert!(told.text.contains("three"), "{told}");
    assert_eq!(world.x.count(&looks), 2);
    test_post(&person, "it is deleted").await;
    world.finish().await;
}

async fn publish(person: &Person, text: &str) {
    reply_post(person, text);
    person.wait_text("Publish this").await.unwrap();
    person.press("Publish").unwrap();
    person.wait_text("Published with").await.unwrap();
}

/// Without the part of a test post that varies.
fn hidden(text: &str) -> String {
    let mark = "deleted at once. ";
    let (before, after) = text.split_once(mark).unwrap();
    format!("{before}{mark}…{}", &after[8..])
}

#[tokio::test]
async fn a_suspension_and_an_x_out_of_reach_are_told_by_their_verdicts_too() {
    let world = World::start().await;
    let person = world.person();
    let (user, app, values) = world.working_values("seedling");
    link(&person, "main", &values).await;

    user.set_state(UserState::Suspended);
    test_post(&person, "\n\nCode: user_suspended").await;
    user.set_state(UserState::Active);
    world.advance(MINUTE);
    verify(&person, "connected").await;

    app.set_suspended(true);
    test_post(&person, "\n\nCode: app_suspended").await;
    app.set_suspended(false);
    world.advance(MINUTE);
    verify(&person, "connected").await;

    app.set_write_state(AppState::UserNotEnrolled);
    let told = test_post(&person, "Nothing is published").await;
    assert!(told.ends_with("\nCode: not_enrolled"), "{told}");
    app.set_write_state(AppState::Enrolled);
    world.advance(MINUTE);
    verify(&person, "connected").await;
    test_post(&person, "it is deleted").await;

    world.x.stop();
    let told = test_post(&person, "\n\nCode: x_unavailable").await;
    assert!(told.contains("Nothing is published"), "{told}");
    world.finish().await;
}

#[tokio::test]
async fn posts_of_different_accounts_do_not_wait_for_each_other() {
    let world = World::start().await;
    let people = [world.person(), world.person()];
    for (person, name) in people.iter().zip(["seedling", "sapling"]) {
        let (_, _, values) = world.working_values(name);
        link(person, "main", &values).await;
    }
    let hold = world.x.hold(POSTS);
    for person in &people {
        ask_test(person).await;
        person.press("Post and delete").unwrap();
    }
    hold.wait_arrived(2).await.unwrap();
    hold.release();
    for person in &people {
        person.wait_text("it is deleted").await.unwrap();
    }
    world.finish().await;
}

#[tokio::test]
async fn of_one_account_a_test_post_is_deleted_before_the_next_post() {
    let world = World::start().await;
    let person = world.person();
    let (_, _, values) = world.working_values("seedling");
    link(&person, "main", &values).await;
    world.x.force(POST, answers::unavailable());
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    world.x.wait_calls(POST, 1).await.unwrap();
    world.rest().await;
    world.x.clear(POST);

    let hold = world.x.hold(ME);
    person.say("/verify");
    hold.wait_arrived(1).await.unwrap();
    ask_test(&person).await;
    person.press("Post and delete").unwrap();
    person.wait_text("Posting with main").await.unwrap();
    world.advance(MINUTE);
    world.telegram.settled().await.unwrap();
    hold.release();
    // In vain, then for good; and the second one's.
    world.x.wait_calls(POST, 3).await.unwrap();
    let paths = world.x.calls().into_iter().map(|call| call.path);
    let paths: Vec<String> = paths.filter(|path| path.starts_with(POSTS)).collect();
    let is_post = |path: &String| path == POSTS;
    let second = paths.iter().rposition(is_post).unwrap();
    let deletions = paths[..second].iter().filter(|path| !is_post(path));
    assert_eq!(deletions.count(), 2, "{paths:?}");
    world.finish().await;
}
