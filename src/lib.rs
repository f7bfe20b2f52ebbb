//! `addx`: a Telegram bot that links X accounts. The library behind the binary.

pub mod clock;
pub mod domain;
pub mod random;
pub mod vault;
