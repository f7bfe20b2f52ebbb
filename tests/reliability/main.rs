//! What the bot promises when things go wrong: the real binary as a child process, killed, flooded, lied to and searched.
//!
//! `docs/reliability.md` says which command makes which figure. Without the feature `failpoints` the tests that need a death
//! or a panic at a given place are left out.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says so when it fails, and prints its figures"
)]

#[path = "../../benches/operation/accounts.rs"]
mod accounts;
mod answers;
mod canary;
mod copies;
mod crash;
mod emergency;
mod faults;
mod flood;
mod hangup;
mod hostile;
mod keys;
mod metrics;
mod operator;
mod secrecy;
mod stops;
mod story;
mod trail;
mod world;
