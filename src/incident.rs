//! Failures of ours: logged once, under an id that the user is shown.

use std::fmt::Display;

use crate::random::Random;

/// Logs a failure and returns its id. `error` must not hold what a user sent.
pub(crate) fn log(random: &Random, what: &str, error: &dyn Display) -> String {
    let id = random.bytes::<4>().map_or_else(
        |_| "none".to_owned(),
        |bytes| format!("{:08x}", u32::from_be_bytes(bytes)),
    );
    tracing::error!(incident = %id, error = %error, "{what}");
    id
}
