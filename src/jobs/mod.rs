//! What is done at X and Telegram beside the updates: one table, one runner, and a file for each kind of work.
//!
//! A new kind is such a file, and a line where the runner is made.

pub(crate) mod busy;
pub(crate) mod check;
pub(crate) mod pin;
pub(crate) mod post;
pub(crate) mod revoke;
pub(crate) mod runner;
