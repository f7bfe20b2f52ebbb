//! The pure core: values, states and judgements. No I/O, no clock, no tokio, sqlx, reqwest or teloxide.

pub mod account;
pub mod audit;
pub mod client;
pub mod credentials;
pub mod linking;
pub mod notice;
pub mod paste;
pub mod post;
pub mod report;
pub mod verdict;
