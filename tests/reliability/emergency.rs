//! `addx panic`, as an operator runs it.

use std::{
    io::Write as _,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use addx_sim::{
    telegram::Person,
    x::{Fault, FourValues, answers},
};
use serde_json::{Value, json};

use crate::{canary::Canary, story, world::World};

const INVALIDATE: &str = "/1.1/oauth/invalidate_token.json";

/// A bot that has stopped, with two people's links.
struct Scene {
    world: World,
    people: [(Person, FourValues); 2],
    canaries: Vec<Canary>,
}

impl Scene {
    async fn set() -> Self {
        let world = World::new(1).await;
        let mut bot = world.start(&[]);
        let mut canaries = Vec::new();
        let mut linked = async |name: &str, handle: &str| {
            let (_, _, values) = world.working_values(handle);
            canaries.extend(story::canaries(&values));
            let person = world.telegram.new_user(name, None);
            story::link(&person, &values).await.unwrap();
            (person, values)
        };
        let people = [
            linked("Ada", "seedling").await,
            linked("Bea", "sapling").await,
        ];
        world.telegram.settled().await.unwrap();
        let refused = run(&world, &["--yes-revoke-everything"], "", &[]).await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            complaint(&refused).contains("the bot runs on this database; stop it first"),
            "{}",
            complaint(&refused)
        );
        bot.stop().await;
        world.x.forget_calls();
        Self {
            world,
            people,
            canaries,
        }
    }

    async fn run(&self, arguments: &[&str], typed: &str) -> Output {
        run(&self.world, arguments, typed, &[]).await
    }

    async fn left(&self) -> i64 {
        let remains = self.world.remains().await.unwrap();
        remains
            .count("SELECT (SELECT count(*) FROM data_keys) + (SELECT count(*) FROM sealed_values)")
            .await
    }

    /// Everything is gone, the tokens too, and each user is told once.
    async fn ends(self) {
        assert_eq!(self.left().await, 0);
        assert_eq!(self.world.leaks(&self.canaries), [""; 0]);
        for (person, values) in &self.people {
            assert!(!self.world.x.is_valid_token(&values.access_token));
            person.mark();
        }
        let mut bot = self.world.start(&[]);
        for (person, _) in &self.people {
            let told = person.wait_text("🚨").await.unwrap();
            assert!(told.text.contains("main (@"), "{told}");
            assert!(told.text.contains("Consumer Key → Regenerate"), "{told}");
        }
        self.world.telegram.settled().await.unwrap();
        bot.stop().await;
        for (person, _) in &self.people {
            let history = person.history();
            let alarms = history.iter().filter(|said| said.text.contains("🚨"));
            assert_eq!(alarms.count(), 1);
        }
        let trail = self
            .world
            .program("addx")
            .args(["audit", "verify"])
            .output();
        assert!(trail.unwrap().status.success());
    }
}

async fn run(world: &World, arguments: &[&str], typed: &str, env: &[(&str, &str)]) -> Output {
    let mut command = world.program("addx");
    command
        .arg("panic")
        .args(arguments)
        .envs(env.iter().copied())
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let typed = typed.to_owned();
    let running = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may have ended before it read anything.
        let _ = stdin.write_all(typed.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    });
    running.await.unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn counted(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", complaint(output)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_wants_a_typed_sentence_and_a_stopped_bot_and_leaves_nothing() {
    let scene = Scene::set().await;
    for typed in ["", "yes\n", "revoke\n"] {
        let output = scene.run(&[], typed).await;
        assert_eq!(output.status.code(), Some(1), "{typed:?}");
        let said = complaint(&output);
        assert!(
            said.contains("the tokens of 2 accounts of 2 users"),
            "{said}"
        );
        assert!(said.contains("nothing was done"), "{said}");
    }
    assert_eq!(scene.world.x.calls().len(), 0);
    assert_eq!(scene.left().await, 10);
    let started = Instant::now();
    let output = scene.run(&["--json"], "revoke everything\n").await;
    // Five accounts a second at most.
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(
        counted(&output),
        json!({
            "erased": 2, "ended": 2, "uncertain": 0, "users_told": 2, "left": 0, "limited": 0,
            "posts_standing": 0, "updates_wiped": 0, "messages_dropped": 0, "posts_discarded": 0
        })
    );
    let calls = scene.world.x.calls();
    let invalidated = calls.iter().filter(|call| call.path == INVALIDATE);
    assert_eq!((invalidated.count(), calls.len()), (2, 4));
    // Nothing is left to do.
    let again = scene.run(&["--yes-revoke-everything", "--json"], "").await;
    assert_eq!(counted(&again)["erased"], 0);
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_x_does_not_answer_about_is_kept_for_the_next_run() {
    let scene = Scene::set().await;
    scene
        .world
        .x
        .answer_next(INVALIDATE, answers::unavailable());
    let output = scene.run(&["--yes-revoke-everything", "--json"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let count = counted(&output);
    assert_eq!((&count["erased"], &count["left"]), (&json!(1), &json!(1)));
    assert_eq!(scene.left().await, 5);
    let output = scene.run(&["--yes-revoke-everything"], "").await;
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("Erased 1 account. X has ended the tokens of 1"),
        "{said}"
    );
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_erase_without_xs_answer_and_says_so() {
    let scene = Scene::set().await;
    scene.world.x.force(INVALIDATE, Fault::DropConnection);
    let arguments = ["--yes-revoke-everything", "--erase-unanswered", "--json"];
    let output = scene.run(&arguments, "").await;
    assert_eq!(output.status.code(), Some(0));
    let count = counted(&output);
    assert_eq!(
        (&count["erased"], &count["uncertain"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(scene.left().await, 0);
    let mut bot = scene.world.start(&[]);
    for (person, values) in &scene.people {
        assert!(scene.world.x.is_valid_token(&values.access_token));
        let told = person.wait_text("🚨").await.unwrap();
        assert!(told.text.contains("X did not answer"), "{told}");
        assert!(told.text.contains("Connected apps"), "{told}");
    }
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_x_wants_is_kept_within_the_run() {
    let scene = Scene::set().await;
    let limited = answers::too_many_requests().header("retry-after", "2");
    scene.world.x.answer_next(INVALIDATE, limited);
    let started = Instant::now();
    let output = scene.run(&["--yes-revoke-everything", "--json"], "").await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let count = counted(&output);
    assert_eq!((&count["ended"], &count["limited"]), (&json!(2), &json!(0)));
    let said = complaint(&output);
    assert!(said.contains("X wants a pause for 1 account;"), "{said}");
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_x_wants_a_pause_for_to_the_end_is_kept_and_counted_apart() {
    let scene = Scene::set().await;
    let limited = answers::too_many_requests().header("retry-after", "1");
    scene.world.x.force(INVALIDATE, limited);
    let output = scene.run(&["--yes-revoke-everything", "--json"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let count = counted(&output);
    assert_eq!((&count["left"], &count["limited"]), (&json!(2), &json!(2)));
    // One try and three more.
    assert_eq!(scene.world.x.count(INVALIDATE), 8);
    assert_eq!(scene.left().await, 10);
    scene.world.x.clear(INVALIDATE);
    let output = scene.run(&["--yes-revoke-everything"], "").await;
    assert_eq!(output.status.code(), Some(0));
    scene.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn test_posts_go_first_and_those_that_stay_are_shown() {
    const POST: &str = "/2/tweets/{id}";
    let scene = Scene::set().await;
    let mut bot = scene.world.start(&[]);
    scene.world.x.force(POST, answers::unavailable());
    for (person, _) in &scene.people {
        person.say("/testpost");
        person.wait_text("Post this with").await.unwrap();
        person.press("Post and delete").unwrap();
    }
    scene.world.x.wait_calls(POST, 2).await.unwrap();
    bot.stop().await;
    scene.world.x.clear(POST);
    scene.world.x.answer_next(POST, answers::not_your_post());
    let output = scene.run(&["--yes-revoke-everything", "--json"], "").await;
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(counted(&output)["posts_standing"], 1);
    let posts = scene.world.x.posts();
    let [post] = posts.as_slice() else {
        panic!("{} posts stand", posts.len());
    };
    let link = format!("https://x.com/i/status/{}", post.id);
    let mut bot = scene.world.start(&[]);
    let mut shown = 0;
    for (person, _) in &scene.people {
        let told = person.wait_text("🚨").await.unwrap();
        shown += usize::from(told.text.contains(&link));
    }
    assert_eq!(shown, 1);
    bot.stop().await;
}

#[cfg(feature = "failpoints")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_to_be_handled_or_to_be_said_is_gone_too() {
    let scene = Scene::set().await;
    let (person, _) = &scene.people[0];
    let mut bot = scene.world.start(&[("ADDX_FAILPOINT", "handle.ready:1")]);
    person.say("hello");
    bot.wait().await;
    let mut bot = scene
        .world
        .start(&[("ADDX_FAILPOINT", "outbox.before_send:1")]);
    let (other, _) = &scene.people[1];
    other.say("/guide");
    bot.wait().await;
    let output = scene.run(&["--yes-revoke-everything", "--json"], "").await;
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let count = counted(&output);
    let sum =
        count["updates_wiped"].as_u64().unwrap() + count["messages_dropped"].as_u64().unwrap();
    assert!(sum >= 1, "{count}");
    let remains = scene.world.remains().await.unwrap();
    let waiting = "SELECT (SELECT count(*) FROM inbox WHERE sealed IS NOT NULL)
        + (SELECT count(*) FROM outbox WHERE role <> 'lasting')";
    assert_eq!(remains.count(waiting).await, 0);
    drop(remains);
    scene.ends().await;
}

#[cfg(feature = "failpoints")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_any_two_steps_the_next_run_takes_it_up() {
    for point in [
        "panic.answered:1",
        "panic.answered:2",
        "panic.erased:1",
        "panic.erased:2",
    ] {
        let scene = Scene::set().await;
        let env = [("ADDX_FAILPOINT", point)];
        let killed = run(&scene.world, &["--yes-revoke-everything"], "", &env).await;
        assert!(crate::world::was_killed(killed.status), "{point}");
        assert_eq!(scene.world.leaks(&scene.canaries), [""; 0], "{point}");
        let output = scene.run(&["--yes-revoke-everything"], "").await;
        assert_eq!(
            output.status.code(),
            Some(0),
            "{point}: {}",
            complaint(&output)
        );
        scene.ends().await;
    }
}
