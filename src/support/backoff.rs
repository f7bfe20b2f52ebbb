//! Growing pauses between tries: the one rule for all that is tried again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::clock::Clock;

/// How long to wait before the next try.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    factor: u32,
    longest: Duration,
}

impl Backoff {
    /// Begins with `first` and doubles, up to `longest`.
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            factor: 2,
            longest,
        }
    }

    /// The same pause every time.
    pub(crate) const fn steady(pause: Duration) -> Self {
        Self::new(pause, pause)
    }

    /// The same, and grows by another factor.
    pub(crate) const fn growing_by(self, factor: u32) -> Self {
        Self { factor, ..self }
    }

    /// Tries until something comes of it, or it fails for good; each try hears how long the pause after it would be. `None`:
    /// `stop` came first.
    pub(crate) async fn retry<T, E, F>(
        self,
        clock: &Clock,
        stop: &CancellationToken,
        mut attempt: impl FnMut(Duration) -> F,
    ) -> Result<Option<T>, E>
    where
        F: Future<Output = Result<Option<T>, E>>,
    {
        for pause in (0..).map(|tries| self.pause(tries)) {
            let done = attempt(pause).await?;
            if done.is_some() {
                return Ok(done);
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = clock.sleep_until(clock.now() + pause) => {}
            }
        }
        Ok(None)
    }

    /// The pause after so many tries before the last one.
    pub(crate) fn pause(self, tries: u32) -> Duration {
        let grown = self.first.saturating_mul(self.factor.saturating_pow(tries));
        grown.min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));
        let pauses = [0, 1, 8, 9, u32::MAX].map(|tries| backoff.pause(tries).as_secs());
        assert_eq!(pauses, [1, 2, 256, 300, 300]);
        let backoff = backoff.growing_by(5);
        let pauses = [0, 1, 2, 3, 4].map(|tries| backoff.pause(tries).as_secs());
        assert_eq!(pauses, [1, 5, 25, 125, 300]);
    }
}
