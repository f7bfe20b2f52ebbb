//! A file whose age tells whether the bot is alive: it is touched whenever Telegram answered. `addx healthcheck` looks at it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use crate::support::{clock::Clock, files::beside};

/// A bot that Telegram has not answered for so long is not well. Telegram answers every ten seconds when nothing happens.
const HEALTHY: Duration = Duration::from_secs(90);

/// The file beside the database.
#[derive(Clone, Debug)]
pub(crate) struct Heartbeat {
    file: PathBuf,
    clock: Clock,
    /// When this process last heard from Telegram; `i64::MIN`: it never did. Shared by clones.
    last: Arc<AtomicI64>,
}

/// What [`Heartbeat::check`] found wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotHealthy {
    /// There is no file.
    #[error("the bot has not run yet, or cannot write beside its database: {0}")]
    Missing(#[from] io::Error),
    /// The bot has just been started.
    #[error("Telegram has not answered since the start")]
    NeverHeard,
    /// The file is too old.
    #[error("Telegram last answered {0} s ago")]
    Silent(i64),
}

impl Heartbeat {
    /// The heartbeat of the bot that uses this database.
    pub(crate) fn beside(database: &Path, clock: Clock) -> Self {
        Self {
            file: beside(database, ".heartbeat"),
            clock,
            last: Arc::new(AtomicI64::new(i64::MIN)),
        }
    }

    /// Telegram answered just now.
    pub(crate) fn beat(&self) {
        let now = self.clock.now();
        self.last.store(now.timestamp(), Ordering::Relaxed);
        let touched = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.file)
            .and_then(|file| file.set_modified(now.into()));
        if let Err(error) = touched {
            tracing::debug!(error = %error, "the heartbeat file could not be touched");
        }
    }

    /// Seconds since Telegram answered this process. `None`: it never did.
    pub(crate) fn age_in_this_run(&self) -> Option<i64> {
        let last = self.last.load(Ordering::Relaxed);
        (last != i64::MIN).then(|| (self.clock.now().timestamp() - last).max(0))
    }

    /// Whether Telegram answered this process lately. The file may be one of an earlier run.
    pub(crate) fn check_this_run(&self) -> Result<(), NotHealthy> {
        match self.age_in_this_run() {
            None => Err(NotHealthy::NeverHeard),
            Some(age) if age.unsigned_abs() <= HEALTHY.as_secs() => Ok(()),
            Some(age) => Err(NotHealthy::Silent(age)),
        }
    }

    /// Whether Telegram answered lately.
    pub(crate) fn check(&self) -> Result<(), NotHealthy> {
        let beat = std::fs::metadata(&self.file)?.modified()?;
        let silent = self.clock.now() - chrono::DateTime::<chrono::Utc>::from(beat);
        if silent.to_std().unwrap_or_default() <= HEALTHY {
            Ok(())
        } else {
            Err(NotHealthy::Silent(silent.num_seconds()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_is_healthy_for_a_while_after_telegram_answered() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let heartbeat = Heartbeat::beside(&folder.path().join("addx.db"), clock.clone());
        assert!(matches!(heartbeat.check(), Err(NotHealthy::Missing(_))));
        assert!(matches!(
            heartbeat.check_this_run(),
            Err(NotHealthy::NeverHeard)
        ));
        let clone = heartbeat.clone();
        clone.beat();
        assert!(heartbeat.check().is_ok());
        assert!(heartbeat.check_this_run().is_ok());
        clock.advance(HEALTHY);
        assert!(heartbeat.check().is_ok());
        assert!(heartbeat.check_this_run().is_ok());
        clock.advance(Duration::from_secs(1));
        assert!(matches!(heartbeat.check(), Err(NotHealthy::Silent(91))));
        assert!(matches!(
            heartbeat.check_this_run(),
            Err(NotHealthy::Silent(91))
        ));
        assert_eq!(heartbeat.age_in_this_run(), Some(91));
    }
}
