//! The world around the process that is measured: both simulators, and people who link accounts, many at once.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use addx_sim::{
    telegram::{Fault, FaultKind, Person, TelegramSim},
    x::{AppPermission, FourValues, XSim},
};
use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::subject::{Kind, Subject};

/// How long a person waits for an answer; far more than any should take.
const PATIENCE: Duration = Duration::from_mins(1);
/// After the last answer the process may still be writing; this is long enough for that, and its CPU counts.
const TAIL: Duration = Duration::from_millis(300);

/// Both simulators, and a folder for the files of whoever talks to them.
pub(crate) struct World {
    pub(crate) telegram: TelegramSim,
    x: XSim,
    folder: TempDir,
}

/// How conversations went.
pub(crate) struct Conversed {
    pub(crate) count: usize,
    /// From the first word of the first to the last verdict.
    pub(crate) took: Duration,
    /// For each, from sending the last value to seeing the verdict, ascending.
    pub(crate) verifications: Vec<Duration>,
}

/// From the start of the process to its first `getUpdates`.
#[derive(Clone, Copy)]
pub(crate) struct Starts {
    /// In an empty folder.
    pub(crate) first: Duration,
    /// With what the first start left there.
    pub(crate) again: Duration,
}

impl World {
    /// Nobody has said anything yet, and nothing is recorded but latencies.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let telegram = TelegramSim::start().await?;
        telegram.set_patience(PATIENCE);
        telegram.record(false);
        let x = XSim::start().await?;
        x.record(false);
        let folder = tempfile::tempdir()?;
        Ok(Self {
            telegram,
            x,
            folder,
        })
    }

    /// The variables of the bot's contract; the bare client reads the first three.
    pub(crate) fn environment(&self) -> [(&'static str, String); 5] {
        let file = |name| self.folder().join(name).display().to_string();
        [
            ("TELOXIDE_TOKEN", self.telegram.token().to_owned()),
            ("TELOXIDE_API_URL", self.telegram.url()),
            ("X_API_URL", self.x.url()),
            ("DATABASE_URL", format!("sqlite://{}", file("addx.db"))),
            ("ADDX_KEY_FILE", file("addx.key")),
        ]
    }

    /// From now on every call to Telegram takes so much longer.
    pub(crate) fn set_latency(&self, latency: Duration) {
        self.telegram.clear_faults();
        if !latency.is_zero() {
            let fault = Fault::on_any(FaultKind::Delay(latency));
            self.telegram.add_fault(fault);
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `at_once` people at a time, `waves` times. Each conversation has a person and values of its own.
    pub(crate) async fn converse(&self, at_once: usize, waves: usize) -> anyhow::Result<Conversed> {
        let people: Vec<Vec<(Person, FourValues)>> = (0..at_once)
            .map(|_| (0..waves).map(|_| self.somebody()).collect())
            .collect();
        let begun = Instant::now();
        let mut talking = JoinSet::new();
        for queue in people {
            talking.spawn(async move {
                let mut verifications = Vec::with_capacity(waves);
                for (person, values) in queue {
                    verifications.push(link(&person, &values).await?);
                }
                anyhow::Ok(verifications)
            });
        }
        let mut verifications = Vec::with_capacity(at_once * waves);
        while let Some(talked) = talking.join_next().await {
            verifications.extend(talked??);
        }
        let took = begun.elapsed();
        verifications.sort_unstable();
        self.telegram.settled().await?;
        tokio::time::sleep(TAIL).await;
        self.telegram.settled().await?;
        Ok(Conversed {
            count: at_once * waves,
            took,
            verifications,
        })
    }

    fn somebody(&self) -> (Person, FourValues) {
        let user = self.x.new_user("seedling");
        let app = self.x.new_app(&user, AppPermission::ReadWrite);
        let values = app.four_values(&user);
        (self.telegram.new_user("Ada", Some("ada")), values)
    }
}

/// One conversation, from `/addx main` to the verdict. Each value is sent when the card asks for it. Tells how long the verdict took.
async fn link(person: &Person, values: &FourValues) -> anyhow::Result<Duration> {
    person.say("/addx main");
    let in_order = [
        &values.consumer_key,
        &values.consumer_secret,
        &values.access_token,
        &values.access_token_secret,
    ];
    for (step, value) in (1..).zip(in_order) {
        person.wait_text(&format!("Step {step} of 4")).await?;
        person.say(value);
    }
    let sent = Instant::now();
    let chat = person
        .wait_for(|chat| {
            chat.last_bot_message()
                .is_some_and(|message| message.button("Check again").is_some())
        })
        .await?;
    let took = sent.elapsed();
    let verdict = chat.last_bot_message().context("the verdict is gone")?;
    if !verdict.text.ends_with("connected") {
        bail!("the verdict is not `connected` but: {}", verdict.text);
    }
    Ok(took)
}

/// How often each method is called in one conversation without others beside it, `getUpdates` included.
pub(crate) async fn calls_of_one_conversation(
    kind: Kind,
) -> anyhow::Result<(Kind, BTreeMap<String, usize>)> {
    let world = World::start().await?;
    let subject = Subject::start(kind, &world)?;
    world.telegram.wait_polling().await?;
    tokio::time::sleep(TAIL).await;
    world.telegram.record(true);
    world.x.record(true);
    world.converse(1, 1).await?;
    let to_telegram = world.telegram.calls().into_iter().map(|call| call.method);
    let to_x = world.x.calls().into_iter().map(|call| call.path);
    let mut calls = BTreeMap::new();
    for call in to_telegram.chain(to_x) {
        *calls.entry(call).or_default() += 1;
    }
    subject.stop().await?;
    Ok((kind, calls))
}

/// Starts the process twice in one folder.
pub(crate) async fn time_starts(kind: Kind) -> anyhow::Result<Starts> {
    let mut world = World::start().await?;
    let mut starts = [Duration::ZERO; 2];
    for start in &mut starts {
        let begun = Instant::now();
        let subject = Subject::start(kind, &world)?;
        world.telegram.wait_polling().await?;
        *start = begun.elapsed();
        subject.stop().await?;
        // A simulator that never saw this one poll.
        let fresh = World::start().await?;
        (world.telegram, world.x) = (fresh.telegram, fresh.x);
    }
    let [first, again] = starts;
    Ok(Starts { first, again })
}
