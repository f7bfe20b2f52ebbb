//! What was measured, as tables for a person: medians over the rounds, ratios to the floor, and whether goals are met.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark speaks to the person at the terminal"
)]

use std::{collections::BTreeMap, time::Duration};

use crate::{driver::Starts, subject::Kind};

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
    /// Since the process started.
    pub(crate) peak_mib: f64,
}

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) calls: Vec<(Kind, BTreeMap<String, usize>)>,
    pub(crate) bot_starts: Vec<Starts>,
    pub(crate) floor_starts: Vec<Starts>,
    bot: Vec<Measured>,
    floor: Vec<Measured>,
}

/// A line of the table: what it is called, and how a column says it.
type Line = (&'static str, fn(&Measured) -> f64);

const LINES: [Line; 5] = [
    ("CPU a conversation, ms", |measured| measured.cpu_ms),
    ("update to deletion, median, ms", |measured| {
        quantile(&measured.latencies, 50)
    }),
    ("update to deletion, 99th percentile, ms", |measured| {
        quantile(&measured.latencies, 99)
    }),
    ("conversations a second", |measured| measured.per_second),
    ("peak memory so far, MiB", |measured| measured.peak_mib),
];

impl Report {
    pub(crate) fn add(&mut self, kind: Kind, measured: Measured) {
        match kind {
            Kind::Bot => self.bot.push(measured),
            Kind::Floor => self.floor.push(measured),
        }
    }

    /// Prints every table.
    pub(crate) fn print(&self, columns: &[usize]) {
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
        println!("\nMedians of the rounds; the ratio is the median of each round's");
        for &at_once in columns {
            println!(
                "\n{:<42}{:>10}{:>10}{:>10}",
                format!("{at_once} at once"),
                "bot",
                "floor",
                "ratio"
            );
            for (name, read) in LINES {
                let bot = median_of(&self.bot, at_once, read);
                let floor = median_of(&self.floor, at_once, read);
                let ratio = self.ratio(at_once, read);
                println!("{name:<42}{bot:>10.2}{floor:>10.2}{ratio:>10.2}");
            }
        }
        println!(
            "\n{:<42}{:>10}{:>10}",
            "Start to first getUpdates, ms", "bot", "floor"
        );
        for (name, read) in [
            ("in an empty folder", first as fn(&Starts) -> f64),
            ("again", again),
        ] {
            let bot = median(self.bot_starts.iter().map(read).collect());
            let floor = median(self.floor_starts.iter().map(read).collect());
            println!("{name:<42}{bot:>10.1}{floor:>10.1}");
        }
        self.print_goals(columns);
    }

    fn print_goals(&self, columns: &[usize]) {
        println!("\nGoals");
        let [cpu, _, slowest, _, memory] = LINES.map(|(_, read)| read);
        let mut goals = Vec::new();
        for &at_once in columns {
            let name = format!("CPU a conversation at {at_once}, × floor");
            goals.push((name, self.ratio(at_once, cpu), CPU_GOAL));
        }
        if columns.contains(&LATENCY_GOAL_AT) {
            let name = format!("update to deletion, 99th, at {LATENCY_GOAL_AT}, × floor");
            goals.push((name, self.ratio(LATENCY_GOAL_AT, slowest), LATENCY_GOAL));
        }
        for &at_once in columns {
            let name = format!("peak memory up to {at_once} at once, MiB");
            goals.push((name, median_of(&self.bot, at_once, memory), MEMORY_GOAL_MIB));
        }
        let starts = |read: fn(&Starts) -> f64| median(self.bot_starts.iter().map(read).collect());
        goals.push((
            "start in an empty folder, ms".to_owned(),
            starts(first),
            START_GOAL_MS,
        ));
        goals.push(("start again, ms".to_owned(), starts(again), START_GOAL_MS));
        for (name, value, goal) in goals {
            let met = if value <= goal { "met" } else { "missed" };
            println!("  {name:<48}{value:>8.2}  at most {goal:>5.0}: {met}");
        }
    }

    fn ratio(&self, at_once: usize, read: fn(&Measured) -> f64) -> f64 {
        let bot = column(&self.bot, at_once).map(read);
        let floor = column(&self.floor, at_once).map(read);
        median(bot.zip(floor).map(|(bot, floor)| bot / floor).collect())
    }
}

fn median_of(all: &[Measured], at_once: usize, read: fn(&Measured) -> f64) -> f64 {
    median(column(all, at_once).map(read).collect())
}

fn first(starts: &Starts) -> f64 {
    millis(starts.first)
}

fn again(starts: &Starts) -> f64 {
    millis(starts.again)
}

fn column(all: &[Measured], at_once: usize) -> impl Iterator<Item = &Measured> {
    all.iter()
        .filter(move |measured| measured.at_once == at_once)
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
