//! What every part stands on and nothing of which knows the product: time, chance, files, logs, counters.

pub(crate) mod backoff;
pub(crate) mod clock;
pub(crate) mod failpoint;
pub(crate) mod files;
pub(crate) mod hardening;
pub(crate) mod heartbeat;
pub(crate) mod incident;
pub(crate) mod instance;
pub(crate) mod listening;
pub(crate) mod metrics;
pub(crate) mod plural;
pub(crate) mod random;
pub(crate) mod telemetry;
