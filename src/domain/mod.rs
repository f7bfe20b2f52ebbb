//! The pure core: values, states and judgements. No I/O, no clock, no tokio, sqlx, reqwest or teloxide.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod client;
pub(crate) mod credentials;
pub(crate) mod linking;
pub(crate) mod notice;
pub(crate) mod pace;
pub(crate) mod paste;
pub(crate) mod pin;
pub(crate) mod post;
pub(crate) mod report;
pub(crate) mod revocation;
pub(crate) mod verdict;
pub(crate) mod watch;
