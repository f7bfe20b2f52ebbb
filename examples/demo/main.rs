//! The demo: the real bot in a terminal, between a Telegram and an X that both run inside this process.
//!
//! `cargo run --example demo` to chat, in Spanish with `-- --lang es`; `cargo run --example demo < script` for a transcript. `:help` lists what there
//! is besides the bot's own commands.

mod session;

use std::{
    io::{self, ErrorKind, IsTerminal as _},
    process::ExitCode,
    thread,
};

use session::{Manner, Pace};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{self, UnboundedReceiver, WeakUnboundedSender},
};

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    if let Ok(filter) = std::env::var("RUST_LOG") {
        addx::testing::telemetry::init(Some(&filter));
    }
    match session::run(typed_lines(), io::stdout(), manner()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

fn manner() -> Manner {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Manner {
        pace: if io::stdin().is_terminal() {
            Pace::Live
        } else {
            Pace::Scripted
        },
        color: io::stdout().is_terminal() && !no_color,
        language: language(),
    }
}

/// What `--lang` says; the bot takes English for what it does not know.
fn language() -> &'static str {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--lang");
    arguments.nth(1).map_or("en", |code| &*code.leak())
}

/// The lines of standard input.
fn typed_lines() -> UnboundedReceiver<String> {
    let (send, lines) = mpsc::unbounded_channel();
    tokio::spawn(quit_on_signals(send.downgrade()));
    // A thread of its own: a read of standard input cannot be broken off, and must not hold up the end.
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Ends the session as `:quit` does, so that the temporary folder is removed.
async fn quit_on_signals(lines: WeakUnboundedSender<String>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    if let Some(lines) = lines.upgrade() {
        // Nobody listens any more only when the demo ends anyway.
        let _ = lines.send(":quit".to_owned());
    }
    Ok(())
}

/// Whether the reader of the transcript went away, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.downcast_ref::<io::Error>();
    io_error.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[expect(
    clippy::print_stderr,
    reason = "the one line a person at the terminal must see"
)]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("demo: {error:#}");
    ExitCode::FAILURE
}
