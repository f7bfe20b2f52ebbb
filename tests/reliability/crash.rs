//! The process dies at random moments, and between every pair of steps of each flow. A patient user goes on.

use std::{
    cell::Cell,
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use addx_sim::{
    telegram::{Fault, FaultKind, Person},
    x::{FourValues, TokenPair, XUser},
};
use futures::{StreamExt as _, stream};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{
    canary::Canary,
    story,
    world::{Bot, World, now, setting},
};

/// Rounds at the same time: a round mostly waits.
const SIDE_BY_SIDE: usize = 4;

const LAST_MOMENT: Duration = Duration::from_millis(300);

/// Everything a round is about.
struct Round {
    world: World,
    person: Person,
    user: XUser,
    values: FourValues,
    token: TokenPair,
    canaries: Vec<Canary>,
}

impl Round {
    async fn new(seed: u64) -> Self {
        let world = World::new(seed).await;
        let (user, app, values) = world.working_values("seedling");
        let token = app.generate_token(&user);
        let mut canaries = story::canaries(&values);
        canaries.push(Canary::new("new Access Token", &token.token));
        canaries.push(Canary::new("new Access Secret", &token.secret));
        // Whatever else goes wrong, one deletion of each round needs the queue.
        let too_many = FaultKind::TooManyRequests {
            retry_after: 1,
            hold: false,
        };
        let fault = Fault::on("deleteMessage", too_many);
        world.telegram.add_fault(fault.every(3).times(1));
        Self {
            person: world.telegram.new_user("Ada", Some("ada")),
            world,
            user,
            values,
            token,
            canaries,
        }
    }

    /// Link, verify, rotate, unlink; the values in use are what was sent.
    async fn story(&self) -> Result<(), String> {
        let told = |error| format!("{error}");
        story::link(&self.person, &self.values)
            .await
            .map_err(told)?;
        story::verify(&self.person).await.map_err(told)?;
        story::rotate(&self.person, &self.token)
            .await
            .map_err(told)?;
        story::unlink(&self.person).await.map_err(told)?;
        story::all_deleted(&self.person, &self.canaries)
            .await
            .map_err(told)
    }

    /// Link with a PIN, and once more with the same app; end both at X.
    async fn pin_story(&self) -> Result<(), String> {
        let mut seen = Vec::new();
        let (x, person) = (&self.world.x, &self.person);
        let second = x.new_user("second");
        let done = async {
            story::link_with_pin(x, person, &self.values, &self.user, &mut seen).await?;
            story::link_with_same_app(x, person, &second, &mut seen).await?;
            for name in ["main", "shop"] {
                let receipt = story::revoke(person, name).await;
                let receipt = receipt.map_err(|error| error.to_string())?;
                if !receipt.text.contains("X reject") {
                    return Err(format!("{receipt}"));
                }
            }
            story::all_deleted(person, &self.canaries)
                .await
                .map_err(|error| error.to_string())
        };
        done.await?;
        let leaks = self.world.leaks(&seen);
        if leaks.is_empty() {
            Ok(())
        } else {
            Err(leaks.join("; "))
        }
    }

    /// The bot is dead: what can be found wrong with what it left.
    async fn inspect(&self) -> Vec<String> {
        let mut found = self.world.leaks(&self.canaries);
        if let Some(remains) = self.world.remains().await {
            let half_saved = remains.half_saved().await;
            if half_saved > 0 {
                found.push(format!("{half_saved} half-saved accounts"));
            }
            // Opens every value in use: none may be unreadable, and each must be one that was sent.
            for (_, values) in remains.values_in_use(self.person.id()).await {
                let [key, secret, token, token_secret] = values;
                let pairs = [
                    (&self.values.access_token, &self.values.access_token_secret),
                    (&self.token.token, &self.token.secret),
                ];
                let known = key == self.values.consumer_key
                    && secret == self.values.consumer_secret
                    // One that X gave out for a PIN is known to X alone.
                    && (pairs.contains(&(&token, &token_secret))
                        || self.world.x.token_pairs().contains(&TokenPair {
                            token,
                            secret: token_secret,
                        }));
                if !known {
                    found.push("the values in use are not the ones that were sent".to_owned());
                }
            }
        }
        found
    }

    /// The story is over: nothing may be left.
    async fn inspect_end(&self, bot: &mut Bot) -> Vec<String> {
        let waited = self.world.telegram.settled().await;
        let mut found: Vec<String> = waited
            .err()
            .map(|error| error.to_string())
            .into_iter()
            .collect();
        found.extend(story::complaints(&self.person, &self.canaries));
        bot.stop().await;
        found.extend(self.inspect().await);
        if let Some(remains) = self.world.remains().await {
            for (what, query) in [
                ("accounts", "SELECT count(*) FROM accounts"),
                ("data keys", "SELECT count(*) FROM data_keys"),
                ("sealed values", "SELECT count(*) FROM sealed_values"),
                (
                    "sealed updates",
                    "SELECT count(*) FROM inbox WHERE sealed IS NOT NULL",
                ),
                (
                    "updates that were given up",
                    "SELECT count(*) FROM inbox WHERE incident IS NOT NULL",
                ),
                (
                    "jobs",
                    "SELECT count(*) FROM jobs WHERE account_id IS NOT NULL",
                ),
                (
                    "temporary credentials",
                    "SELECT count(*) FROM temporary_credentials",
                ),
            ] {
                let left = remains.count(query).await;
                if left > 0 {
                    found.push(format!("{left} {what} are left"));
                }
            }
        }
        found
    }
}

/// Runs `story` while the bot dies and is started again: by itself, or killed after each of `lives`. How often it died.
async fn with_deaths(
    round: &Round,
    bot: &mut Bot,
    mut lives: impl Iterator<Item = Duration>,
    story: impl Future<Output = Result<(), String>>,
) -> Result<usize, Vec<String>> {
    // A last moment, for what the bot still has to write down.
    let story = async {
        story.await?;
        tokio::time::sleep(LAST_MOMENT).await;
        Ok::<_, String>(())
    };
    let mut story = pin!(story);
    let mut deaths = 0;
    loop {
        let life = lives.next();
        let killed = Cell::new(false);
        let dies = async {
            let started = Instant::now();
            while bot.over().is_none() {
                if life.is_some_and(|life| started.elapsed() >= life) {
                    killed.set(true);
                    bot.kill().await;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        tokio::select! {
            ended = &mut story => {
                ended.map_err(|error| vec![error])?;
                if !killed.get() && bot.over().is_none() {
                    return Ok(deaths);
                }
                // It died in the very last moment, and gets another one.
                bot.wait().await;
                *bot = round.world.start(&[]);
                tokio::time::sleep(LAST_MOMENT).await;
                return Ok(deaths + 1);
            }
            () = dies => {}
        }
        deaths += 1;
        let found = round.inspect().await;
        if !found.is_empty() {
            return Err(found);
        }
        *bot = round.world.start(&[]);
    }
}

fn report(failures: &[String]) {
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_nothing_is_lost_and_nothing_leaks() {
    let rounds = setting("ADDX_CRASH_ROUNDS", 50);
    let seed = setting("ADDX_CRASH_SEED", u64::try_from(now()).unwrap());
    println!("ADDX_CRASH_SEED={seed}");
    let started = Instant::now();
    let outcomes: Vec<_> = stream::iter(0..rounds)
        .map(|number| async move { (number, one_random_round(seed.wrapping_add(number)).await) })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    let mut deaths = 0;
    let mut failures = Vec::new();
    for (number, outcome) in outcomes {
        match outcome {
            Ok(died) => deaths += died,
            Err(found) => failures.push(format!("round {number}: {}", found.join("; "))),
        }
    }
    println!(
        "{rounds} rounds, {deaths} deaths, {} failures, {:?}",
        failures.len(),
        started.elapsed()
    );
    report(&failures);
}

async fn one_random_round(seed: u64) -> Result<usize, Vec<String>> {
    let round = Round::new(seed).await;
    let mut random = StdRng::seed_from_u64(seed);
    let mut bot = round.world.start(&[]);
    // Up to six deaths; a life may end before the bot is up.
    let lives = (0..6).map(move |_| Duration::from_millis(random.random_range(20..900)));
    let deaths = if seed.is_multiple_of(2) {
        with_deaths(&round, &mut bot, lives, round.story()).await?
    } else {
        with_deaths(&round, &mut bot, lives, round.pin_story()).await?
    };
    let found = round.inspect_end(&mut bot).await;
    if found.is_empty() {
        Ok(deaths)
    } else {
        Err(found)
    }
}

#[cfg(feature = "failpoints")]
mod between_steps {
    use std::{collections::BTreeSet, fs, path::Path};

    use addx::testing::failpoint::POINTS;

    use super::*;
    use crate::world::was_killed;

    /// Points that the story of a link does not come by.
    const OF_EXPIRY: [&str; 3] = ["expire.wiped", "expire.committed", "candidate.erased"];
    const OF_LOST_ANSWERS: [&str; 2] = ["outbox.before_edit", "outbox.edited"];
    const OF_STOP: [&str; 1] = ["stop.before_close"];
    const OF_RECHECKS: [&str; 4] = [
        "recheck.claimed",
        "recheck.answered",
        "recheck.before_commit",
        "recheck.committed",
    ];

    /// Points of the story with a PIN.
    fn is_of_pin(point: &str) -> bool {
        ["pin.", "revoke."]
            .iter()
            .any(|prefix| point.starts_with(prefix))
    }

    /// Points of the operator's command, in `emergency.rs`.
    fn is_of_panic(point: &str) -> bool {
        point.starts_with("panic.")
    }

    #[test]
    fn the_list_of_points_is_the_one_in_the_code() {
        let mut called = BTreeSet::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("failpoint.rs") {
                    let text = fs::read_to_string(path).unwrap();
                    for call in text.split("failpoint::").skip(1) {
                        let call = call.split(';').next().unwrap();
                        let names = call.split('"').skip(1).step_by(2);
                        called.extend(names.filter(|name| name.contains('.')).map(str::to_owned));
                    }
                }
            }
        }
        let listed: BTreeSet<String> = POINTS.iter().map(|point| (*point).to_owned()).collect();
        assert_eq!(called, listed);
    }

    /// In CI: the first time at each point, and one later time. `ADDX_CRASH_ALL=1`: every time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_between_any_two_steps_nothing_is_lost_and_nothing_leaks() {
        let all = setting("ADDX_CRASH_ALL", 0) > 0;
        let points: Vec<&str> = POINTS
            .into_iter()
            .filter(|point| {
                let elsewhere = [&OF_EXPIRY[..], &OF_LOST_ANSWERS, &OF_STOP, &OF_RECHECKS];
                !elsewhere.iter().any(|points| points.contains(point))
                    && !point.starts_with("post.")
                    && !is_of_panic(point)
            })
            .collect();
        let started = Instant::now();
        let outcomes: Vec<_> = stream::iter(points)
            .map(|point| async move {
                let mut deaths = 0;
                let mut failures = Vec::new();
                let later = 2 + u32::try_from(point.len() % 3).unwrap();
                let turns: Vec<u32> = if all {
                    (1..).take(100).collect()
                } else {
                    vec![1, later]
                };
                for turn in turns {
                    match one_armed_round(point, turn).await {
                        Ok(0) if turn == 1 => failures.push(format!("{point} was never come by")),
                        Ok(0) => break,
                        Ok(died) => deaths += died,
                        Err(found) => {
                            failures.push(format!("{point}:{turn}: {}", found.join("; ")));
                        }
                    }
                }
                (deaths, failures)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        let deaths: usize = outcomes.iter().map(|(deaths, _)| deaths).sum();
        let failures: Vec<String> = outcomes
            .into_iter()
            .flat_map(|(_, failures)| failures)
            .collect();
        println!(
            "{deaths} deaths at points, {} failures, {:?}",
            failures.len(),
            started.elapsed()
        );
        report(&failures);
    }

    async fn one_armed_round(point: &str, turn: u32) -> Result<usize, Vec<String>> {
        let round = Round::new(u64::from(turn)).await;
        let mut bot = round
            .world
            .start(&[("ADDX_FAILPOINT", &format!("{point}:{turn}"))]);
        let lives = std::iter::empty();
        let deaths = if is_of_pin(point) {
            with_deaths(&round, &mut bot, lives, round.pin_story()).await?
        } else {
            with_deaths(&round, &mut bot, lives, round.story()).await?
        };
        let mut found = round.inspect_end(&mut bot).await;
        if deaths > 1 {
            found.push(format!("it died {deaths} times"));
        }
        if found.is_empty() {
            Ok(deaths)
        } else {
            Err(found)
        }
    }

    /// An update that the process dies of comes again, whether it is on disk or not. After a few deaths it is given up, and what
    /// comes behind it is handled.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_update_that_ends_the_process_each_time_is_given_up() {
        let round = Round::new(1).await;
        let (world, person) = (&round.world, &round.person);
        let mut bot = world.start(&[]);
        person.say("/help");
        person.wait_text("/addx").await.unwrap();
        bot.stop().await;
        person.say("/guide");
        let mut deaths = 0;
        let bot = loop {
            let mut bot = world.start(&[("ADDX_FAILPOINT", "handle.ready:1")]);
            let told = person.wait_text("Something went wrong");
            tokio::select! {
                status = bot.wait() => assert!(was_killed(status), "{status}"),
                told = told => {
                    told.unwrap();
                    break bot;
                }
            }
            deaths += 1;
            assert!(deaths < 20, "it comes for ever");
        };
        assert!(deaths > 3, "{deaths}");
        drop(bot);
        let mut bot = world.start(&[]);
        story::link(person, &round.values).await.unwrap();
        bot.stop().await;
        assert_eq!(round.inspect().await, [""; 0]);
    }

    /// A panic is a failed try: no part of the bot ends by it, the user notices nothing, and the log has it once.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn between_steps_a_panic_ends_nothing_and_is_logged_once() {
        let points: Vec<&str> = POINTS
            .into_iter()
            .filter(|point| {
                // Before it runs a panic ends it, and after that nothing is left to go on.
                let elsewhere = ["start.", "stop.", "post.", "panic."];
                !elsewhere.iter().any(|prefix| point.starts_with(prefix))
                    && ![&OF_EXPIRY[..], &OF_LOST_ANSWERS, &OF_RECHECKS]
                        .iter()
                        .any(|points| points.contains(point))
            })
            .collect();
        let outcomes: Vec<_> = stream::iter(points)
            .map(|point| async move {
                let found = one_panicking_round(point).await;
                (!found.is_empty()).then(|| format!("{point}: {}", found.join("; ")))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        report(&outcomes.into_iter().flatten().collect::<Vec<_>>());
    }

    async fn one_panicking_round(point: &str) -> Vec<String> {
        let round = Round::new(1).await;
        // The log of the database is emptied at the start, too.
        let turn = if point.starts_with("log.") { 2 } else { 1 };
        let armed = format!("{point}:{turn}:panic");
        let mut bot = round.world.start(&[("ADDX_FAILPOINT", &armed)]);
        let told = if is_of_pin(point) {
            round.pin_story().await
        } else {
            round.story().await
        };
        let mut found: Vec<String> = told.err().into_iter().collect();
        if let Some(status) = bot.over() {
            found.push(format!("it ended: {status}"));
            return found;
        }
        found.extend(round.inspect_end(&mut bot).await);
        let log = round.world.log();
        let caught = log.matches("a panic at src/support/failpoint.rs").count();
        let hooked = log.matches("panic.at=").count();
        if (caught, hooked) != (1, 0) {
            found.push(format!(
                "logged {caught} times, and {hooked} times by the hook"
            ));
        }
        found
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_while_a_flow_or_new_values_expire_both_are_gone_all_the_same() {
        for point in OF_EXPIRY {
            let round = Round::new(1).await;
            let (world, person) = (&round.world, &round.person);
            let mut bot = world.start(&[]);
            story::link(person, &round.values).await.unwrap();
            // New values that X does not judge, and a flow in the middle.
            world
                .x
                .force("/2/users/me", addx_sim::x::answers::unavailable());
            world.x.force(
                "/1.1/account/verify_credentials.json",
                addx_sim::x::answers::unavailable(),
            );
            person.say("/rotate main");
            person.wait_text("What did you regenerate").await.unwrap();
            person.press("Token pair").unwrap();
            person.wait_text("Step 1 of 2").await.unwrap();
            person.say(&round.token.token);
            person.wait_text("Step 2 of 2").await.unwrap();
            person.say(&round.token.secret);
            person
                .wait_text("The new credentials are stored until")
                .await
                .unwrap();
            person.say("/addx other");
            person.wait_text("Step 1 of 4").await.unwrap();
            person.say(&round.values.consumer_key);
            person.wait_text("Step 2 of 4").await.unwrap();
            bot.stop().await;
            let database = world.connect().await;
            for make_old in [
                "UPDATE dialogues SET expires_at = 1 WHERE expires_at IS NOT NULL",
                "UPDATE accounts SET candidate_until = 1 WHERE candidate_until IS NOT NULL",
            ] {
                let made = sqlx::query(make_old).execute(&database).await.unwrap();
                assert_eq!(made.rows_affected(), 1, "{make_old}");
            }
            database.close().await;

            let mut bot = world.start(&[("ADDX_FAILPOINT", &format!("{point}:1"))]);
            let status = bot.wait().await;
            assert!(was_killed(status), "{point}: {status}");
            assert_eq!(round.inspect().await, [""; 0], "{point}");

            let mut bot = world.start(&[]);
            person.mark();
            person.say("hello");
            person
                .wait_text("timed out after 30 minutes")
                .await
                .unwrap();
            let wiped = async || {
                let database = world.connect().await;
                let left: i64 = sqlx::query_scalar(
                    "SELECT (SELECT count(*) FROM sealed_values) + (SELECT count(*) FROM data_keys)",
                )
                .fetch_one(&database)
                .await
                .unwrap();
                database.close().await;
                left
            };
            let deadline = Instant::now() + Duration::from_secs(20);
            // Four values in use, and their key.
            while wiped().await != 5 {
                assert!(
                    Instant::now() < deadline,
                    "{point}: something was not wiped"
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            bot.stop().await;
            assert_eq!(round.inspect().await, [""; 0], "{point}");
        }
    }

    /// X's answer arrives and the bot does not get to know; it dies while an edit repeats it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_while_an_answer_is_repeated_by_an_edit_it_is_said_once() {
        for point in OF_LOST_ANSWERS {
            let round = Round::new(1).await;
            let (world, person) = (&round.world, &round.person);
            let mut bot = world.start(&[("ADDX_FAILPOINT", &format!("{point}:1"))]);
            person.say("/addx main");
            for (index, value) in story::in_order(&round.values).into_iter().enumerate() {
                let step = format!("Step {} of 4", index + 1);
                person.wait_text(&step).await.unwrap();
                if index == 3 {
                    world.telegram.settled().await.unwrap();
                    let lost = Fault::on("sendMessage", FaultKind::InvalidJson);
                    world.telegram.add_fault(lost.once());
                }
                person.say(value);
            }
            let status = bot.wait().await;
            assert!(was_killed(status), "{point}: {status}");
            assert_eq!(round.inspect().await, [""; 0], "{point}");

            let mut bot = world.start(&[]);
            let edited = |chat: &addx_sim::telegram::Chat| {
                let mut said = chat.from_bot();
                said.any(|said| said.edits > 0 && said.text.contains("main is connected as"))
            };
            person.wait_for(edited).await.unwrap();
            story::rotate(person, &round.token).await.unwrap();
            story::unlink(person).await.unwrap();
            story::all_deleted(person, &round.canaries).await.unwrap();
            assert_eq!(round.inspect_end(&mut bot).await, [""; 0], "{point}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_while_x_is_asked_by_itself_a_dead_link_is_told_once_all_the_same() {
        let often = [("ADDX_RECHECK", "1s"), ("ADDX_RECHECK_CONFIRM", "1s")];
        // The first question finds the refusal, the second one confirms it.
        for (point, turn) in OF_RECHECKS
            .into_iter()
            .flat_map(|point| [(point, 1), (point, 2)])
        {
            let round = Round::new(1).await;
            let (world, person) = (&round.world, &round.person);
            let mut bot = world.start(&[]);
            story::link(person, &round.values).await.unwrap();
            bot.stop().await;
            world.x.revoke_token(&round.values.access_token);
            person.mark();

            let armed = format!("{point}:{turn}");
            let mut bot = world.start(&[often[0], often[1], ("ADDX_FAILPOINT", &armed)]);
            let status = bot.wait().await;
            assert!(was_killed(status), "{armed}: {status}");
            assert_eq!(round.inspect().await, [""; 0], "{armed}");

            let mut bot = world.start(&often);
            person.wait_text("access_token_rejected").await.unwrap();
            let asked = world.x.count("/2/users/me");
            world.x.wait_calls("/2/users/me", asked + 2).await.unwrap();
            bot.stop().await;
            let told = person.history();
            let told = told
                .iter()
                .filter(|message| message.from_bot && message.text.contains("Last accepted by X"));
            assert_eq!(told.count(), 1, "{armed}");
            assert_eq!(round.inspect().await, [""; 0], "{armed}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_between_any_two_steps_of_a_post_it_is_sent_once_at_most_and_deleted_if_known() {
        const POST: &str = "/2/tweets";
        let points = POINTS
            .into_iter()
            .filter(|point| point.starts_with("post."));
        for point in points {
            let round = Round::new(1).await;
            let (world, person) = (&round.world, &round.person);
            let mut bot = world.start(&[("ADDX_FAILPOINT", &format!("{point}:1"))]);
            story::link(person, &round.values).await.unwrap();
            person.say("/testpost");
            person.wait_text("Post this with").await.unwrap();
            person.press("Post and delete").unwrap();
            let status = bot.wait().await;
            assert!(was_killed(status), "{point}: {status}");
            assert_eq!(round.inspect().await, [""; 0], "{point}");

            let mut bot = world.start(&[]);
            // Once it may have been sent, and what came of that is not on disk, X is looked at.
            let said = if point == "post.claimed" {
                "it is unknown whether this is published"
            } else {
                "it is deleted"
            };
            person.wait_text(said).await.unwrap();
            let sent = usize::from(point != "post.claimed");
            assert_eq!(world.x.count(POST), sent, "{point}");
            assert_eq!(world.x.posts().len(), 0, "{point}");
            story::unlink(person).await.unwrap();
            bot.stop().await;
            let remains = world.remains().await.unwrap();
            let kept = remains.count("SELECT count(*) FROM posts").await;
            assert_eq!(kept, 0, "{point}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn killed_before_the_database_is_closed_it_opens_again() {
        let round = Round::new(1).await;
        let mut bot = round
            .world
            .start(&[("ADDX_FAILPOINT", "stop.before_close:1")]);
        story::link(&round.person, &round.values).await.unwrap();
        assert!(was_killed(bot.stop().await));
        assert_eq!(round.inspect().await, [""; 0]);
        let mut bot = round.world.start(&[]);
        story::rotate(&round.person, &round.token).await.unwrap();
        story::unlink(&round.person).await.unwrap();
        story::all_deleted(&round.person, &round.canaries)
            .await
            .unwrap();
        assert_eq!(round.inspect_end(&mut bot).await, [""; 0]);
    }
}
