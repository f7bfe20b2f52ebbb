//! `addx`: a Telegram bot that links X accounts. The library behind the binary.

pub mod app;
pub mod audit;
pub mod backup;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod failpoint;
mod files;
pub mod hardening;
pub mod heartbeat;
mod incident;
pub mod linker;
pub mod metrics;
mod monitor;
pub mod random;
pub mod rekey;
pub mod store;
mod telegram;
pub mod telemetry;
pub mod unlock;
pub mod vault;
pub mod x;
