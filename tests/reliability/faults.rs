//! Telegram answers one call in five with 429, 500, a broken connection, or very late.

use std::time::{Duration, Instant};

use addx_sim::telegram::{Fault, FaultKind};
use futures::future::join_all;

use crate::{
    canary::Canary,
    story,
    world::{World, now, setting},
};

/// Each of five kinds strikes a call with a chance that adds up to a fifth of all calls: 1 - (1 - p)^5 = 0.2.
const CHANCE: f64 = 0.0437;

/// In CI: 12 conversations, and what is late is 4 s late: longer than a deletion waits (3 s), shorter than the client's
/// own limit. `ADDX_FAULT_CHATS=100 ADDX_FAULT_DELAY=20`: as late as the client's limit allows for, and later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_fifth_of_the_calls_spoiled_all_conversations_finish_and_all_messages_go() {
    let chats = setting("ADDX_FAULT_CHATS", 12);
    let delay = Duration::from_secs(setting("ADDX_FAULT_DELAY", 4));
    let seed = setting("ADDX_FAULT_SEED", u64::try_from(now()).unwrap());
    println!("ADDX_FAULT_SEED={seed}");
    let world = World::new(seed).await;
    world.telegram.set_patience(Duration::from_secs(600));
    let kinds = [
        FaultKind::TooManyRequests {
            retry_after: 1,
            hold: true,
        },
        FaultKind::Status {
            code: 500,
            html: false,
        },
        FaultKind::Status {
            code: 502,
            html: true,
        },
        FaultKind::DropConnection,
        FaultKind::Delay(delay),
    ];
    for (kind, number) in kinds.into_iter().zip(0..) {
        let fault = Fault::on_any(kind).chance(CHANCE, seed.wrapping_add(number));
        // Half of what breaks off had its effect.
        world.telegram.add_fault(if number == 3 {
            fault.after_effect()
        } else {
            fault
        });
    }
    let mut bot = world.start(&[]);
    let started = Instant::now();
    let conversations = (0..chats).map(|number| {
        let world = &world;
        async move {
            let person = world.telegram.new_user("Ada", None);
            let (user, app, values) = world.working_values(&format!("seedling{number}"));
            let token = app.generate_token(&user);
            let mut canaries = story::canaries(&values);
            canaries.push(Canary::new("new Access Token", &token.token));
            canaries.push(Canary::new("new Access Secret", &token.secret));
            story::link(&person, &values).await.unwrap();
            story::rotate(&person, &token).await.unwrap();
            story::unlink(&person).await.unwrap();
            story::all_deleted(&person, &canaries).await.unwrap();
            (person, canaries)
        }
    });
    let finished = join_all(conversations).await;
    let took = started.elapsed();
    let mut found = Vec::new();
    let calls = world.telegram.calls();
    let spoiled = calls
        .iter()
        .filter(|call| {
            let answer = call.answer.as_ref();
            answer.is_none_or(|answer| answer.faulted || answer.after >= delay)
        })
        .count();
    world.telegram.clear_faults();
    world.telegram.settled().await.unwrap();
    bot.stop().await;
    for (person, canaries) in &finished {
        found.extend(story::complaints(person, canaries));
        found.extend(world.leaks(canaries));
    }
    println!(
        "{chats} conversations, {} calls, {spoiled} of them spoiled, {took:?}",
        calls.len()
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(!world.log().contains("incident="), "{}", world.log());
}
