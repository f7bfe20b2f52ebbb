//! The bot as a whole: the real one, over HTTP, against the simulators.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says so when it fails"
)]

mod accounts;
mod allow_list;
mod approval;
mod bad_input;
mod blocking;
mod buttons;
mod deletions;
mod expiry;
mod groups;
mod harness;
mod languages;
mod limits;
mod linking;
mod names;
mod pasting;
mod pin;
mod proxy;
mod publishing;
mod rechecks;
mod records;
mod reminders;
mod repairing;
mod restarts;
mod revoking;
mod rotating;
mod starting;
mod unlinking;
mod updates;
mod verdicts;
mod verifying;
