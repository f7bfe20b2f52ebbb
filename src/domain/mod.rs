//! The pure core: values, states and judgements. No I/O, no clock, no tokio, sqlx, reqwest or teloxide.

pub mod account;
pub mod audit;
pub mod budget;
pub mod client;
pub mod credentials;
pub mod linking;
pub mod notice;
pub mod pace;
pub mod paste;
pub mod pin;
pub mod post;
pub mod report;
pub mod revocation;
pub mod verdict;
pub mod watch;
