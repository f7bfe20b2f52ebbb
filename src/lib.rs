//! `addx`: a Telegram bot that links X accounts. The library behind the binary: [`cli::main`] is the program, and
//! [`publish`] lets Rust programs post with linked accounts.

mod admin;
mod app;
mod audit;
pub mod cli;
mod config;
#[macro_use]
mod domain;
mod jobs;
mod linking;
mod messages;
mod proxy;
pub mod publish;
mod store;
mod support;
mod telegram;
pub mod testing;
mod vault;
mod x;
