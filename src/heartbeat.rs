//! A file whose age tells whether the bot is alive: it is touched whenever Telegram answered. `addx healthcheck` looks at it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{clock::Clock, files::beside};

/// A bot that Telegram has not answered for so long is not well. Telegram answers every ten seconds when nothing happens.
const HEALTHY: Duration = Duration::from_secs(90);

/// The file beside the database.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    file: PathBuf,
    clock: Clock,
}

/// What [`Heartbeat::check`] found wrong.
#[derive(Debug, thiserror::Error)]
pub enum NotHealthy {
    /// There is no file.
    #[error("the bot has not run yet, or cannot write beside its database: {0}")]
    Missing(#[from] io::Error),
    /// The file is too old.
    #[error("Telegram last answered {0} s ago")]
    Silent(i64),
}

impl Heartbeat {
    /// The heartbeat of the bot that uses this database.
    #[must_use]
    pub fn beside(database: &Path, clock: Clock) -> Self {
        Self {
            file: beside(database, ".heartbeat"),
            clock,
        }
    }

    /// Telegram answered just now.
    pub fn beat(&self) {
        let now = self.clock.now();
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

    /// Whether Telegram answered lately.
    ///
    /// # Errors
    /// It did not, or the bot never ran.
    pub fn check(&self) -> Result<(), NotHealthy> {
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
        heartbeat.beat();
        assert!(heartbeat.check().is_ok());
        clock.advance(HEALTHY);
        assert!(heartbeat.check().is_ok());
        clock.advance(Duration::from_secs(1));
        assert!(matches!(heartbeat.check(), Err(NotHealthy::Silent(91))));
    }
}
