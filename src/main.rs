//! The `addx` binary; everything it does is in the library.

use std::{alloc::System, process::ExitCode};

use zeroizing_alloc::ZeroAlloc;

/// Wipes every piece of memory as it is given back: what HTTP and JSON libraries make of a message holds its text too, and no
/// type of ours could wipe that.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    addx::cli::main()
}
