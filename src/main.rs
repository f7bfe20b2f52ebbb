//! The `addx` binary.

fn main() {}
