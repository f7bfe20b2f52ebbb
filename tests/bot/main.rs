//! The bot as a whole: the real one, over HTTP, against the simulators.

mod harness;
mod linking;
mod pasting;
mod repairing;
mod verdicts;
