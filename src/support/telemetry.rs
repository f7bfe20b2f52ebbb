//! Logs: to standard error, other crates capped, and a panic without the text that may hold what a user sent.

use std::{
    io::{self, IsTerminal as _},
    panic,
};

use sha2::{Digest as _, Sha256};
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{
    config::LOG,
    support::{incident, random::Random},
};

/// Begins to log, in lines for people. `filter` is what `RUST_LOG` says. A second call changes nothing.
pub fn init(filter: Option<&str>) {
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    begin(filter, lines.boxed());
}

/// As [`init`], with a JSON object a line, for programs.
pub(crate) fn init_json(filter: Option<&str>) {
    begin(filter, fmt::layer().with_writer(io::stderr).json().boxed());
}

fn begin(filter: Option<&str>, lines: Box<dyn Layer<Registry> + Send + Sync>) {
    let default = LOG.default.unwrap_or_default();
    let filter = EnvFilter::try_new(filter.unwrap_or(default))
        .unwrap_or_else(|_| EnvFilter::new(default))
        .and(filter_fn(may_be_logged));
    // Fails only when somebody logs already: a test, an embedding program.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
    panic::set_hook(Box::new(log_panic));
}

/// Whether an event may be logged, whatever the filter says. Other crates print headers and bodies at their lower levels,
/// and teloxide prints whole updates at any.
pub(crate) fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target == "addx" || target.starts_with("addx::");
    is_ours || (*metadata.level() <= Level::WARN && !target.starts_with("teloxide"))
}

/// Names for chats in the log: lines of one chat are found together, and a name tells nobody which chat it is. Each run
/// of the program has its own.
pub(crate) struct Aliases(Option<[u8; 32]>);

impl Aliases {
    pub(crate) fn new(random: &Random) -> Self {
        Self(random.bytes().ok())
    }

    /// Eight hexadecimal digits.
    pub(crate) fn of(&self, chat: i64) -> String {
        let Some(key) = self.0 else {
            return "unknown".to_owned();
        };
        let digest: [u8; 32] = Sha256::new()
            .chain_update(key)
            .chain_update(chat.to_be_bytes())
            .finalize()
            .into();
        let [a, b, c, d, ..] = digest;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

/// The panic hook. A formatted panic text may hold what a user sent; a fixed one cannot.
pub(crate) fn log_panic(info: &panic::PanicHookInfo<'_>) {
    let text = info
        .payload()
        .downcast_ref::<&'static str>()
        .unwrap_or(&"(text withheld)");
    let place = info.location().map_or_else(String::new, |location| {
        format!("{}:{}", location.file(), location.line())
    });
    if !incident::take_note(&format!("{place}: {text}")) {
        tracing::error!(panic.at = %place, panic.text = %text, "a panic");
    }
}
