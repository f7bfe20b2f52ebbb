//! Starting when something does not answer, stopping in time, and a database that is away in between.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use addx_sim::telegram::{Fault, FaultKind, Person};
use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::{
    canary::contains,
    story::{self, in_order},
    world::{World, may_dump_core},
};

/// A clean stop may take this long.
const STOP_LIMIT: Duration = Duration::from_secs(10);

async fn until(what: &str, mut wanted: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !wanted() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn first_card(world: &World) -> Person {
    let person = world.telegram.new_user("Ada", Some("ada"));
    person.say("/addx main");
    person.wait_text("Step 1 of 4").await.unwrap();
    person
}

#[tokio::test]
async fn a_stop_ends_what_runs_and_leaves_no_log_of_the_database() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let person = first_card(&world).await;
    for signal in [Signal::TERM, Signal::INT] {
        let slow = Fault::on("sendMessage", FaultKind::Delay(Duration::from_secs(2)));
        world.telegram.add_fault(slow.once());
        person.say("/help");
        until("the slow message", || {
            let calls = world.telegram.calls_to("sendMessage");
            calls.last().is_some_and(|call| call.answer.is_none())
        })
        .await;
        let started = Instant::now();
        bot.signal(signal);
        let status = bot.wait().await;
        assert_eq!(status.code(), Some(0));
        assert!(started.elapsed() < STOP_LIMIT, "{:?}", started.elapsed());
        let log = world.database().with_extension("db-wal");
        assert!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0);
        // What was under way was ended and written down: it is not said again.
        bot = world.start(&[]);
        person.mark();
        person.say(in_order(&values)[0]);
        person.wait_text("Step").await.unwrap();
        let helps = person.history();
        let helps = helps
            .iter()
            .filter(|message| message.text.starts_with("I connect X accounts with"));
        assert_eq!(helps.count(), if signal == Signal::TERM { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_telegram_that_hangs() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let person = first_card(&world).await;
    let hangs = FaultKind::Delay(Duration::from_mins(1));
    world.telegram.add_fault(Fault::on_any(hangs));
    person.say("/help");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let started = Instant::now();
    assert_eq!(bot.stop().await.code(), Some(0));
    let took = started.elapsed();
    assert!(took < STOP_LIMIT, "{took:?}");
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    let person = first_card(&world).await;
    let hangs = FaultKind::Delay(Duration::from_mins(1));
    world.telegram.add_fault(Fault::on("sendMessage", hangs));
    person.say("/help");
    until("the message that hangs", || {
        let calls = world.telegram.calls_to("sendMessage");
        calls.last().is_some_and(|call| call.answer.is_none())
    })
    .await;
    bot.signal(Signal::TERM);
    until("the first signal to be said", || {
        world.log().contains("a second signal ends at once")
    })
    .await;
    let started = Instant::now();
    bot.signal(Signal::TERM);
    assert_eq!(bot.wait().await.code(), Some(1));
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_telegram_that_does_not_answer_at_start_is_asked_again_and_that_is_said() {
    let world = World::new(1).await;
    let broken = FaultKind::Status {
        code: 400,
        html: false,
    };
    world
        .telegram
        .add_fault(Fault::on("getMe", broken.clone()).times(2));
    world
        .telegram
        .add_fault(Fault::on("getUpdates", broken).times(2));
    let _bot = world.start(&[]);
    first_card(&world).await;
    let log = world.log();
    for said in [
        "Telegram refuses to answer; trying again pause_s=1",
        "Telegram refuses to answer; trying again pause_s=2",
        "Telegram refuses to hand over updates; trying again",
    ] {
        assert!(log.contains(said), "{said} is not in\n{log}");
    }
}

#[tokio::test]
async fn the_healthcheck_tells_whether_telegram_answers_the_bot() {
    let world = World::new(1).await;
    assert_eq!(world.healthcheck(), Some(1), "it has not run yet");
    let _bot = world.start(&[]);
    first_card(&world).await;
    until("a healthy bot", || world.healthcheck() == Some(0)).await;
    // Telegram hands nothing over any more, and two minutes pass.
    let broken = FaultKind::Status {
        code: 400,
        html: false,
    };
    world
        .telegram
        .add_fault(Fault::on("getUpdates", broken).every(1));
    let asked = world.telegram.calls_to("getUpdates").len();
    world.telegram.new_user("Grace", None).say("hello");
    until("two calls in vain", || {
        world.telegram.calls_to("getUpdates").len() > asked + 2
    })
    .await;
    let beat = world.database().with_extension("db.heartbeat");
    let file = std::fs::File::options().write(true).open(beat).unwrap();
    let long_ago = file.metadata().unwrap().modified().unwrap() - Duration::from_mins(2);
    file.set_modified(long_ago).unwrap();
    assert_eq!(world.healthcheck(), Some(1), "Telegram is silent");
    world.telegram.clear_faults();
    until("a bot that is well again", || {
        world.healthcheck() == Some(0)
    })
    .await;
}

#[tokio::test]
async fn files_that_others_may_read_are_closed_to_them_or_refused_at_start() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    first_card(&world).await;
    bot.stop().await;
    let open_to_all = |path: &Path| {
        std::fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    };
    open_to_all(&world.database());
    let mut bot = world.start(&[]);
    first_card(&world).await;
    let said = "a database file could be read by others; its mode is now 600";
    assert!(world.log().contains(said), "{}", world.log());
    for (path, mode) in world.modes() {
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "{}", path.display());
    }
    bot.stop().await;
    let mut files = world.files().into_iter();
    let key = files.find(|file| file.ends_with("addx.key"));
    open_to_all(&key.unwrap());
    let mut bot = world.start(&[]);
    assert_eq!(bot.wait().await.code(), Some(2));
    let said = "may be read by others (mode 644); run: chmod 600";
    assert!(world.log().contains(said), "{}", world.log());
}

#[tokio::test]
async fn a_second_instance_is_called_by_its_name() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    world.telegram.wait_polling().await.unwrap();
    let url = format!(
        "{}/bot{}/getUpdates",
        world.telegram.url(),
        world.telegram.token()
    );
    let other = reqwest::Client::builder().no_proxy().build().unwrap();
    other.get(url).send().await.unwrap();
    until("the other instance to be named", || {
        world
            .log()
            .contains("another program fetches this bot's updates: stop the other instance")
    })
    .await;
    first_card(&world).await;
}

#[tokio::test]
async fn a_database_that_is_locked_at_start_is_tried_again_and_that_is_said() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    first_card(&world).await;
    bot.stop().await;
    let other = world.connect().await;
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let _bot = world.start(&[]);
    until("the locked database to be said", || {
        world
            .log()
            .contains("the database cannot be used yet; trying again")
    })
    .await;
    lock.rollback().await.unwrap();
    first_card(&world).await;
}

#[tokio::test]
async fn while_the_database_is_locked_messages_are_deleted_and_nothing_is_confirmed() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let person = first_card(&world).await;
    world.telegram.settled().await.unwrap();
    let other = world.connect().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let release = async || lock.rollback().await.unwrap();
    nothing_is_lost_until(&world, &person, release).await;
}

#[tokio::test]
async fn while_the_disk_is_full_messages_are_deleted_and_nothing_is_confirmed() {
    let world = World::new(1).await;
    // What it writes fails then, instead of ending it.
    let mut shell = world.program("sh");
    let addx = env!("CARGO_BIN_EXE_addx");
    shell.args(["-c", &format!("trap '' XFSZ; exec {addx}")]);
    let bot = world.run(shell);
    let person = first_card(&world).await;
    world.telegram.settled().await.unwrap();
    let files_may_have = |bytes: Option<u64>| {
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(bot.pid()), Resource::Fsize, limit).unwrap();
    };
    files_may_have(Some(0));
    nothing_is_lost_until(&world, &person, async || files_may_have(None)).await;
}

/// Nothing can be written until `release`: what is said is deleted all the same, confirmed only after that, and then handled.
async fn nothing_is_lost_until(world: &World, person: &Person, release: impl AsyncFnOnce()) {
    let (.., values) = world.working_values("seedling");
    // One that looks like a key, and one that only the open flow makes a secret.
    let key = person.say(in_order(&values)[0]);
    let odd = person.say("some words");
    let other_key = world
        .telegram
        .new_user("Grace", None)
        .say(in_order(&values)[1]);
    for sent in [key, odd] {
        person.wait_deleted(sent.message_id).await.unwrap();
    }
    // What comes while it waits goes too.
    let late = person.say(in_order(&values)[2]);
    person.wait_deleted(late.message_id).await.unwrap();
    let pending = world.telegram.pending();
    for update in [key, odd, other_key, late]
        .into_iter()
        .filter_map(|sent| sent.update_id)
    {
        assert!(
            pending.contains(&update),
            "{update} was confirmed: {pending:?}"
        );
    }
    release().await;
    person.wait_text("Step 2 of 4").await.unwrap();
    world.telegram.settled().await.unwrap();
    assert!(!world.log().contains("incident="), "nothing was given up");
}

/// The commands beside the bot handle the same keys and values.
#[tokio::test]
async fn no_command_may_leave_a_core_dump() {
    let world = World::new(1).await;
    let mut bot = world.start(&[]);
    first_card(&world).await;
    bot.stop().await;
    let other = world.connect().await;
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();
    let mut command = world.program("addx");
    command.args(["client", "list"]);
    let mut command = world.run(command);
    until("the command to close itself", || {
        assert!(command.over().is_none(), "it ended: {}", world.log());
        may_dump_core(&command) == Some(false)
    })
    .await;
    lock.rollback().await.unwrap();
    assert_eq!(command.wait().await.code(), Some(0));
}

#[tokio::test]
async fn while_the_database_cannot_tell_what_was_asked_for_a_message_counts_as_an_answer() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let person = first_card(&world).await;
    world.telegram.settled().await.unwrap();
    let other = world.connect().await;
    // The flow has rested too long, and nobody can write that down.
    let mut lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("UPDATE dialogues SET expires_at = 1")
        .execute(&mut *lock)
        .await
        .unwrap();
    lock.commit().await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let odd = person.say("some words");
    person.wait_deleted(odd.message_id).await.unwrap();
    lock.rollback().await.unwrap();
    person
        .wait_text("timed out after 30 minutes")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_message_that_was_sent_is_not_sent_again_while_the_database_is_locked() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let person = first_card(&world).await;
    world.telegram.settled().await.unwrap();
    let slow = Fault::on("sendMessage", FaultKind::Delay(Duration::from_millis(1500)));
    world.telegram.add_fault(slow.once());
    world.telegram.clear_calls();
    person.say("/privacy");
    until("the message to be sent", || {
        !world.telegram.calls_to("sendMessage").is_empty()
    })
    .await;
    let other = world.connect().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    // Longer than a connection waits for the lock, and longer than the pause after that.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(world.telegram.calls_to("sendMessage").len(), 1);
    lock.rollback().await.unwrap();
    until("the message to be written down", || {
        // The card follows below it.
        world.telegram.calls_to("sendMessage").len() > 1
    })
    .await;
    let said = person.history();
    let said = said
        .iter()
        .filter(|message| message.from_bot && message.text.contains("Telegram has not let me"));
    assert!(said.count() <= 1);
}

#[tokio::test]
async fn what_was_erased_leaves_the_log_of_the_database_once_no_reader_is_in_the_way() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let person = world.telegram.new_user("Ada", None);
    story::link(&person, &values).await.unwrap();
    let other = world.connect().await;
    let sealed: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT sealed FROM sealed_values UNION ALL SELECT wrapped FROM data_keys",
    )
    .fetch_all(&other)
    .await
    .unwrap();
    assert_eq!(sealed.len(), 5);
    let left = || {
        let files = ["db", "db-wal"].map(|suffix| {
            std::fs::read(world.database().with_extension(suffix)).unwrap_or_default()
        });
        let is_left = |bytes: &&Vec<u8>| files.iter().any(|file| contains(file, bytes));
        sealed.iter().filter(is_left).count()
    };
    let mut reading = other.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM accounts")
        .fetch_one(&mut *reading)
        .await
        .unwrap();
    story::unlink(&person).await.unwrap();
    world.telegram.settled().await.unwrap();
    assert_eq!(left(), 5, "the reader was in nobody's way");
    reading.rollback().await.unwrap();
    until("the erased values to leave the files", || left() == 0).await;
}

#[tokio::test]
async fn an_answer_of_x_whose_sending_was_not_confirmed_goes_into_the_card() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let person = first_card(&world).await;
    for (index, value) in in_order(&values).into_iter().enumerate() {
        person
            .wait_text(&format!("Step {} of 4", index + 1))
            .await
            .unwrap();
        if index == 3 {
            // The answer arrives, and the bot does not get to know.
            let lost = Fault::on("sendMessage", FaultKind::InvalidJson);
            world.telegram.add_fault(lost.once());
        }
        person.say(value);
    }
    let shows_both = |chat: &addx_sim::telegram::Chat| {
        chat.from_bot()
            .filter(|message| message.text.contains("main is connected as"))
            .count()
            == 2
    };
    let chat = person.wait_for(shows_both).await.unwrap();
    let edited: Vec<u32> = chat.from_bot().map(|message| message.edits).collect();
    assert!(edited[0] > 0 && edited[1] == 0, "{chat}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        story::complaints(&person, &story::canaries(&values)),
        [""; 0]
    );
}

#[tokio::test]
async fn what_became_of_a_post_and_of_a_token_goes_into_the_message_before_if_it_may_be_said_already()
 {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let person = world.telegram.new_user("Ada", None);
    story::link(&person, &values).await.unwrap();
    for (command, question, button, said) in [
        (
            "/testpost",
            "Post this with",
            "Post and delete",
            "it is deleted",
        ),
        (
            "/unlink main",
            "This cannot be undone",
            "Revoke at X and erase",
            "🧾",
        ),
    ] {
        person.say(command);
        person.wait_text(question).await.unwrap();
        world.telegram.settled().await.unwrap();
        // The message that X is asked arrives. So does X's answer, and the bot does not get to know.
        let lost = Fault::on("sendMessage", FaultKind::InvalidJson);
        world.telegram.add_fault(lost.every(2).times(1));
        person.press(button).unwrap();
        let answers = |chat: &addx_sim::telegram::Chat| {
            let said = chat
                .from_bot()
                .filter(|message| message.text.contains(said));
            said.map(|message| message.edits).collect::<Vec<_>>()
        };
        let chat = person
            .wait_for(|chat| answers(chat).len() == 2)
            .await
            .unwrap();
        assert_eq!(answers(&chat), [1, 0], "{chat}");
        world.telegram.settled().await.unwrap();
        assert_eq!(answers(&person.chat()), [1, 0], "{}", person.chat());
    }
}

#[tokio::test]
async fn an_answer_of_x_that_overtook_the_card_goes_into_the_card_all_the_same() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let person = first_card(&world).await;
    for (index, value) in in_order(&values).into_iter().enumerate() {
        let step = format!("Step {} of 4", index + 1);
        person.wait_text(&step).await.unwrap();
        if index == 3 {
            world.telegram.settled().await.unwrap();
            let broken = Fault::on("editMessageText", FaultKind::DropConnection);
            world.telegram.add_fault(broken.times(2));
            let lost = Fault::on("sendMessage", FaultKind::InvalidJson);
            world.telegram.add_fault(lost.once());
        }
        person.say(value);
    }
    let shows_both = |chat: &addx_sim::telegram::Chat| {
        let answers = chat.from_bot();
        answers
            .filter(|message| message.text.contains("main is connected as"))
            .count()
            == 2
    };
    person.wait_for(shows_both).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(shows_both(&person.chat()), "{}", person.chat());
    let complaints = story::complaints(&person, &story::canaries(&values));
    assert_eq!(complaints, [""; 0]);
}

#[tokio::test]
async fn a_chat_that_telegram_wants_left_alone_is_left_alone_and_the_others_are_not() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (slow, quick) = (first_card(&world).await, first_card(&world).await);
    let too_many = FaultKind::TooManyRequests {
        retry_after: 4,
        hold: true,
    };
    world
        .telegram
        .add_fault(Fault::on("sendMessage", too_many).chat(slow.id()).once());
    world.telegram.clear_calls();
    slow.say("/help");
    until("the refusal", || {
        !world.telegram.calls_to("sendMessage").is_empty()
    })
    .await;
    slow.say("/privacy");
    let asked = Instant::now();
    quick.say("/help");
    quick.wait_text("I connect X accounts with").await.unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
    slow.wait_text("Telegram").await.unwrap();
    // Had it been asked too early, the simulator would have refused a second time.
    let refused = world.telegram.calls_to("sendMessage");
    let refused = refused
        .iter()
        .filter(|call| !call.succeeded() && call.answer.is_some());
    assert_eq!(refused.count(), 1);
}

/// Telegram hangs on every call about some chats, and X on their checks: the others notice nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_whose_calls_hang_hold_up_no_other() {
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let (.., others) = world.working_values("sapling");
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(first_card(&world).await);
    }
    world.telegram.settled().await.unwrap();
    for person in &slow {
        let hangs = Fault::on_any(FaultKind::Delay(Duration::from_secs(20)));
        world.telegram.add_fault(hangs.chat(person.id()));
        // Enough for a queue: each of them is deleted, answered and redrawn.
        for value in in_order(&others) {
            person.say(value);
        }
    }
    let person = world.telegram.new_user("Grace", None);
    let started = Instant::now();
    story::link(&person, &values).await.unwrap();
    // The first call of the others is still under way.
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    let calls = world.telegram.calls_to("deleteMessage");
    let waits = |person: &Person| {
        let hanging = |call: &&addx_sim::telegram::Call| call.answer.is_none();
        calls
            .iter()
            .filter(hanging)
            .any(|call| call.chat() == Some(person.id()))
    };
    assert!(slow.iter().all(waits), "they did not hang");
    world.telegram.clear_faults();
    for person in &slow {
        person.wait_text("is connected as").await.unwrap();
    }
}
