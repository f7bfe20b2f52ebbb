//! What was measured, as tables for a person: medians over the rounds, ratios to the floor and to the peer, and whether goals are met.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark speaks to the person at the terminal"
)]

use std::{collections::BTreeMap, time::Duration};

use crate::{counted::Counts, driver::Starts, subject::Kind};

/// CPU of a conversation, as a multiple of the floor's.
const CPU_GOAL: f64 = 10.0;
/// The slowest of a hundred deletions with so many people at once, as a multiple of the floor's.
const LATENCY_GOAL: f64 = 3.0;
const LATENCY_GOAL_AT: usize = 20;
const MEMORY_GOAL_MIB: f64 = 20.0;
const START_GOAL_MS: f64 = 100.0;

/// One column of one round.
pub(crate) struct Measured {
    pub(crate) at_once: usize,
    /// Of the process, for one conversation.
    pub(crate) cpu_ms: f64,
    pub(crate) per_second: f64,
    /// From handing over the update to receiving the deletion, ascending.
    pub(crate) latencies: Vec<Duration>,
    /// From sending the last value to seeing the verdict, ascending.
    pub(crate) verifications: Vec<Duration>,
    /// Since the process started.
    pub(crate) peak_mib: f64,
}

/// What the bot's database did in one column.
pub(crate) struct Counted {
    pub(crate) at_once: usize,
    pub(crate) conversations: usize,
    pub(crate) counts: Counts,
}

/// Everything that was measured.
pub(crate) struct Report {
    pub(crate) calls: Vec<(Kind, BTreeMap<String, usize>)>,
    pub(crate) counted: Vec<Counted>,
    subjects: Vec<Measurements>,
}

/// Everything that was measured of one kind.
struct Measurements {
    kind: Kind,
    starts: Vec<Starts>,
    columns: Vec<Measured>,
}

impl Measurements {
    fn start(&self, read: fn(&Starts) -> f64) -> f64 {
        median(self.starts.iter().map(read).collect())
    }

    fn value(&self, at_once: usize, read: fn(&Measured) -> f64) -> f64 {
        median(self.column(at_once).map(read).collect())
    }

    fn column(&self, at_once: usize) -> impl Iterator<Item = &Measured> {
        let is_it = move |measured: &&Measured| measured.at_once == at_once;
        self.columns.iter().filter(is_it)
    }

    /// What this is of the other, round by round.
    fn ratio(&self, other: &Self, at_once: usize, read: fn(&Measured) -> f64) -> f64 {
        let pairs = self.column(at_once).zip(other.column(at_once));
        median(pairs.map(|(one, other)| read(one) / read(other)).collect())
    }
}

/// A line of the table: what it is called, and how a column says it.
type Line = (&'static str, fn(&Measured) -> f64);

const CPU: Line = ("CPU a conversation, ms", |measured| measured.cpu_ms);
const SLOWEST: Line = ("update to deletion, 99th percentile, ms", |measured| {
    quantile(&measured.latencies, 99)
});
const MEMORY: Line = ("peak memory so far, MiB", |measured| measured.peak_mib);
const LINES: [Line; 6] = [
    CPU,
    ("conversations a second", |measured| measured.per_second),
    ("last value to verdict, median, ms", |measured| {
        quantile(&measured.verifications, 50)
    }),
    ("update to deletion, median, ms", |measured| {
        quantile(&measured.latencies, 50)
    }),
    SLOWEST,
    MEMORY,
];

impl Report {
    /// Nothing is measured yet. The bot is the first of `kinds`, and compared with the others.
    pub(crate) fn new(kinds: Vec<Kind>) -> Self {
        let subjects = kinds.into_iter().map(|kind| Measurements {
            kind,
            starts: Vec::new(),
            columns: Vec::new(),
        });
        Self {
            calls: Vec::new(),
            counted: Vec::new(),
            subjects: subjects.collect(),
        }
    }

    pub(crate) fn add(&mut self, kind: Kind, measured: Measured) {
        if let Some(subject) = self.of(kind) {
            subject.columns.push(measured);
        }
    }

    pub(crate) fn add_starts(&mut self, kind: Kind, starts: Starts) {
        if let Some(subject) = self.of(kind) {
            subject.starts.push(starts);
        }
    }

    fn of(&mut self, kind: Kind) -> Option<&mut Measurements> {
        self.subjects
            .iter_mut()
            .find(|subject| subject.kind == kind)
    }

    /// Prints every table.
    pub(crate) fn print(&self, columns: &[usize]) {
        let [bot, others @ ..] = self.subjects.as_slice() else {
            return;
        };
        if cfg!(debug_assertions) {
            println!("A debug build: these figures say nothing about a release.");
        }
        println!("\nCalls of one conversation");
        for (kind, calls) in &self.calls {
            let listed: Vec<String> = calls
                .iter()
                .map(|(call, count)| format!("{count} × {call}"))
                .collect();
            println!("  {kind:?}: {}", listed.join(", "));
        }
        self.print_counted();
        println!("\nMedians of the rounds; a ratio is the median of each round's");
        for &at_once in columns {
            head(&format!("{at_once} at once"), others);
            for (name, read) in LINES {
                let ratios = |other: &Measurements| bot.ratio(other, at_once, read);
                line(
                    name,
                    &self.subjects,
                    |subject: &Measurements| subject.value(at_once, read),
                    ratios,
                );
            }
        }
        head("Start to first getUpdates, ms", others);
        for (name, read) in [
            ("in an empty folder", first as fn(&Starts) -> f64),
            ("again", again),
        ] {
            let ratios = |other: &Measurements| bot.start(read) / other.start(read);
            line(
                name,
                &self.subjects,
                |subject: &Measurements| subject.start(read),
                ratios,
            );
        }
        print_goals(bot, others, columns);
    }

    fn print_counted(&self) {
        println!("\nThe bot's database, a conversation");
        for Counted {
            at_once,
            conversations,
            counts,
        } in &self.counted
        {
            let each = |all: u64| {
                u32::try_from(all).map_or(f64::INFINITY, f64::from) / number(*conversations)
            };
            println!(
                "  {at_once} at once: {:.1} forced commits, {:.1} trips to SQLite's threads",
                each(counts.forced),
                each(counts.trips)
            );
        }
    }
}

fn head(title: &str, others: &[Measurements]) {
    print!("\n{title:<42}{:>10}", "bot");
    for other in others {
        let name = format!("{:?}", other.kind).to_lowercase();
        print!("{name:>10}{:>10}", "ratio");
    }
    println!();
}

/// A figure for each, and behind each but the bot what the bot's is of it.
fn line(
    name: &str,
    subjects: &[Measurements],
    value: impl Fn(&Measurements) -> f64,
    ratio: impl Fn(&Measurements) -> f64,
) {
    print!("{name:<42}");
    for (place, subject) in subjects.iter().enumerate() {
        print!("{:>10.2}", value(subject));
        if place > 0 {
            print!("{:>10.2}", ratio(subject));
        }
    }
    println!();
}

fn print_goals(bot: &Measurements, others: &[Measurements], columns: &[usize]) {
    println!("\nGoals");
    let mut goals = Vec::new();
    let floor = others.iter().find(|other| other.kind == Kind::Floor);
    if let Some(floor) = floor {
        for &at_once in columns {
            let name = format!("CPU a conversation at {at_once}, × floor");
            goals.push((name, bot.ratio(floor, at_once, CPU.1), CPU_GOAL));
        }
        if columns.contains(&LATENCY_GOAL_AT) {
            let name = format!("update to deletion, 99th, at {LATENCY_GOAL_AT}, × floor");
            let ratio = bot.ratio(floor, LATENCY_GOAL_AT, SLOWEST.1);
            goals.push((name, ratio, LATENCY_GOAL));
        }
    }
    for &at_once in columns {
        let name = format!("peak memory up to {at_once} at once, MiB");
        goals.push((name, bot.value(at_once, MEMORY.1), MEMORY_GOAL_MIB));
    }
    let name = "start in an empty folder, ms".to_owned();
    goals.push((name, bot.start(first), START_GOAL_MS));
    goals.push((
        "start again, ms".to_owned(),
        bot.start(again),
        START_GOAL_MS,
    ));
    for (name, value, goal) in goals {
        let met = if value <= goal { "met" } else { "missed" };
        println!("  {name:<48}{value:>8.2}  at most {goal:>5.0}: {met}");
    }
}

fn first(starts: &Starts) -> f64 {
    millis(starts.first)
}

fn again(starts: &Starts) -> f64 {
    millis(starts.again)
}

/// Says that there is no peer to compare with.
pub(crate) fn goes_without_peer(reason: &str) {
    eprintln!("without the peer: {reason}");
}

/// Says that a round is over.
pub(crate) fn progress(round: usize, rounds: usize) {
    eprintln!("round {round} of {rounds} is done");
}

/// Says why there are no figures.
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("conversations: {error:?}");
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// A count as a number to calculate with.
pub(crate) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

pub(crate) fn sorted(mut durations: Vec<Duration>) -> Vec<Duration> {
    durations.sort_unstable();
    durations
}

/// The smallest one that at least so many in a hundred do not exceed, in milliseconds.
fn quantile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted
        .get(rank - 1)
        .map_or(f64::NAN, |found| millis(*found))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.get(middle) {
        Some(upper) if numbers.len().is_multiple_of(2) => {
            f64::midpoint(numbers[middle - 1], *upper)
        }
        Some(middle) => *middle,
        None => f64::NAN,
    }
}
