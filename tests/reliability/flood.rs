//! Many chats at once, and one of them floods: the others must not feel it.

use std::time::{Duration, Instant};

use addx_sim::telegram::Person;
use futures::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::world::{World, setting};

/// In CI: 100 chats, 300 messages of the one that floods. `ADDX_FLOOD_CHATS=500 ADDX_FLOOD_MESSAGES=1000` is the figure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chat_that_floods_holds_up_itself_and_not_the_others() {
    let chats = usize::try_from(setting("ADDX_FLOOD_CHATS", 100)).unwrap();
    let flood = usize::try_from(setting("ADDX_FLOOD_MESSAGES", 300)).unwrap();
    // So many messages in a second from all the others together.
    let rate = 50.0;
    let world = World::new(1).await;
    let _bot = world.start(&[]);
    let (.., values) = world.working_values("seedling");
    let people: Vec<Person> = (0..chats)
        .map(|_| world.telegram.new_user("Ada", None))
        .collect();
    let flooder = world.telegram.new_user("Mallory", None);
    let text = format!("is this it? {}", values.access_token);
    // The first messages open connections and files.
    let warm_up = people
        .iter()
        .map(|person| update_to_delete(&world, person, &text));
    join_all(warm_up).await;

    let window = Duration::from_secs_f64(f64::from(u32::try_from(chats).unwrap()) / rate);
    let calm = others(&world, &people, &text, window, 1).await;
    let sent: Vec<_> = (0..flood)
        .map(|_| (Instant::now(), flooder.say(&text)))
        .collect();
    let beside = others(&world, &people, &text, window, 2).await;
    let mut own = Vec::new();
    for (at, sent) in sent {
        flooder.wait_deleted(sent.message_id).await.unwrap();
        let deleted = world
            .telegram
            .deleted_at(flooder.chat_id(), sent.message_id)
            .unwrap();
        own.push(deleted - at);
    }
    let (calm, beside, own) = (percentiles(calm), percentiles(beside), percentiles(own));
    println!("update to delete, 50th and 99th percentile, {chats} chats:");
    println!("  calm              {calm:?}");
    println!(
        "  beside the flood  {beside:?} ({:.2} times)",
        ratio(beside.1, calm.1)
    );
    println!("  the flood itself  {own:?} ({flood} messages)");
    // The figure is three times; a busy machine gets a floor below which a difference says nothing.
    let noise = Duration::from_millis(setting("ADDX_FLOOD_FLOOR_MS", 150));
    assert!(
        beside.1 <= calm.1.max(noise) * 3,
        "the others waited {beside:?} instead of {calm:?}"
    );
    assert!(
        beside.0 < own.0,
        "the others waited as long as the flood itself"
    );
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

/// One message of each, spread over `window`.
async fn others(
    world: &World,
    people: &[Person],
    text: &str,
    window: Duration,
    seed: u64,
) -> Vec<Duration> {
    let mut random = StdRng::seed_from_u64(seed);
    let all = people.iter().map(|person| {
        let pause = window.mul_f64(random.random_range(0.0..1.0));
        async move {
            tokio::time::sleep(pause).await;
            update_to_delete(world, person, text).await
        }
    });
    join_all(all).await
}

/// How long a message stands from the moment it is sent, its time in Telegram's queue included.
async fn update_to_delete(world: &World, person: &Person, text: &str) -> Duration {
    let at = Instant::now();
    let sent = person.say(text);
    person.wait_deleted(sent.message_id).await.unwrap();
    world
        .telegram
        .deleted_at(person.chat_id(), sent.message_id)
        .unwrap()
        - at
}

/// The 50th and the 99th percentile.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    (at(50), at(99))
}
