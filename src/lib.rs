//! `addx`: a Telegram bot that links X accounts. The library behind the binary: [`cli::main`] is the program, and
//! [`publish`] lets Rust programs post with linked accounts.

mod app;
mod audit;
mod backoff;
mod backup;
pub mod cli;
mod clients;
mod clock;
mod config;
mod doctor;
#[macro_use]
mod domain;
mod emergency;
mod failpoint;
mod files;
mod hardening;
mod heartbeat;
mod incident;
mod instance;
mod jobs;
mod linker;
mod listening;
mod messages;
mod metrics;
mod monitor;
mod plural;
mod proxy;
pub mod publish;
mod random;
mod rekey;
mod store;
mod telegram;
mod telemetry;
pub mod testing;
mod unlock;
mod vault;
mod x;
