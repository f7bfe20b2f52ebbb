//! The bot inside this program, with what its database does counted: the shipped binary holds nothing of this. sqlx notes every
//! statement in the thread that ran it, and each connection has a thread of its own, so a thread's statements are in order.

use std::{
    cell::Cell,
    fmt,
    io::{BufRead as _, Write as _},
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

use addx::testing::{app, clock::Clock, config::Config, random::Random};
use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// Statements, `BEGIN` and `COMMIT` among them, that were sent to a thread of SQLite's.
static TRIPS: AtomicU64 = AtomicU64::new(0);
/// Commits that changed something and waited for the disk.
static FORCED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static CONNECTION: Cell<Connection> = const { Cell::new(Connection { waits_for_disk: true, in_transaction: false, wrote: false }) };
}

/// What is known of the connection that a thread is there for.
#[derive(Clone, Copy)]
struct Connection {
    waits_for_disk: bool,
    in_transaction: bool,
    /// In the transaction that is open.
    wrote: bool,
}

impl Connection {
    fn commit(&mut self) {
        if self.wrote && self.waits_for_disk {
            FORCED.fetch_add(1, Ordering::Relaxed);
        }
        (self.in_transaction, self.wrote) = (false, false);
    }
}

/// What a database did.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) trips: u64,
    pub(crate) forced: u64,
}

impl Counts {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            trips: self.trips - earlier.trips,
            forced: self.forced - earlier.forced,
        }
    }
}

impl FromStr for Counts {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> anyhow::Result<Self> {
        let (trips, forced) = line.trim().split_once(' ').context("no counts")?;
        Ok(Self {
            trips: trips.parse()?,
            forced: forced.parse()?,
        })
    }
}

/// Runs the bot until it is killed. Each line on standard input is answered with the counts.
pub(crate) async fn serve() -> anyhow::Result<()> {
    // Whoever is first to listen stays the only one.
    Registry::default().with(Counting).try_init()?;
    std::thread::spawn(|| {
        for _ in std::io::stdin().lock().lines() {
            let counted = [&TRIPS, &FORCED].map(|count| count.load(Ordering::Relaxed));
            let [trips, forced] = counted;
            // Nobody listens any more: this process is about to be killed.
            let _ = writeln!(std::io::stdout(), "{trips} {forced}");
        }
    });
    let config = Config::read(|name| std::env::var(name).ok())?;
    let never = CancellationToken::new();
    app::run(config, Clock::system(), Random::system(), never).await?;
    Ok(())
}

struct Counting;

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match event.metadata().target() {
            "sqlx::query" => {
                TRIPS.fetch_add(1, Ordering::Relaxed);
                let mut statement = Statement::default();
                event.record(&mut statement);
                let mut connection = CONNECTION.get();
                statement.run_on(&mut connection);
                CONNECTION.set(connection);
            }
            // A snapshot: sqlx does not note how it begins and ends.
            "addx::store::connections" => {
                TRIPS.fetch_add(2, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// What sqlx notes of a call, which may be several statements.
#[derive(Default)]
struct Statement {
    summary: String,
    /// Empty if the summary is all of it.
    whole: String,
    rows: u64,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.whole),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if ["rows_affected", "rows_returned"].contains(&field.name()) {
            self.rows += value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Statement {
    fn run_on(&self, connection: &mut Connection) {
        let text = if self.whole.is_empty() {
            &self.summary
        } else {
            &self.whole
        };
        for part in text.split(';').map(str::trim) {
            let is_write = ["INSERT ", "UPDATE ", "DELETE ", "REPLACE "]
                .iter()
                .any(|word| part.contains(word));
            if part.contains("synchronous = NORMAL") {
                connection.waits_for_disk = false;
            } else if part.starts_with("BEGIN") {
                connection.in_transaction = true;
            } else if part == "COMMIT" {
                connection.commit();
            } else if part == "ROLLBACK" {
                (connection.in_transaction, connection.wrote) = (false, false);
            } else if is_write && self.rows > 0 {
                connection.wrote = true;
                if !connection.in_transaction {
                    connection.commit();
                }
            }
        }
    }
}
