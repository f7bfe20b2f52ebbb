//! What the bot promises when things go wrong: the real binary as a child process, killed, flooded, lied to and searched.
//!
//! `docs/reliability.md` says which command makes which figure. Without the feature `failpoints` the tests that need a death
//! or a panic at a given place are left out.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says so when it fails, and prints the figures it measured"
)]
#![expect(
    clippy::duration_suboptimal_units,
    clippy::too_many_lines,
    reason = "limits are told in seconds, and the story of every path is one story"
)]

mod canary;
mod crash;
mod faults;
mod flood;
mod hostile;
mod secrecy;
mod stops;
mod story;
mod world;
