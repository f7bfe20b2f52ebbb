//! Simulated servers on loopback: Telegram's Bot API and X's API, with faults on demand, recording every call.
//!
//! For tests, benches and the demo of `addx` only; the shipped binary holds none of it.

pub mod port;
pub mod telegram;
pub mod x;
