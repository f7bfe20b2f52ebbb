//! The `addx` binary: command line, signals, exit codes.

use std::{collections::HashMap, process::ExitCode};

use addx::{
    app::{self, AppError},
    clock::Clock,
    config::{self, Config, VARIABLES},
    hardening,
    heartbeat::Heartbeat,
    random::Random,
    telemetry,
};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A Telegram bot that links X accounts, step by step.
#[derive(Parser)]
#[command(version, after_help = after_help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the bot (also without a command)
    Serve,
    /// Exit 0 if the running bot reached Telegram lately, else 1
    Healthcheck,
}

/// How the program ends.
enum Exit {
    Stopped,
    Failed,
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Stopped => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Config => Self::from(2),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let env = Environment::load();
    telemetry::init(env.get(config::LOG.name).as_deref());
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(&env),
        Command::Healthcheck => healthcheck(&env),
    }
    .into()
}

fn serve(env: &Environment) -> Exit {
    hardening::harden();
    let config = match Config::read(|name| env.get(name)) {
        Ok(config) => config,
        Err(error) => {
            complain(&error);
            return Exit::Config;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&error);
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(async {
        let stop = CancellationToken::new();
        if let Err(error) = stop_on_signals(stop.clone()) {
            complain(&error);
            return Exit::Failed;
        }
        match app::run(config, Clock::system(), Random::system(), stop).await {
            Ok(()) => Exit::Stopped,
            Err(error @ AppError::Config(_)) => {
                complain(&error);
                Exit::Config
            }
            Err(error) => {
                complain(&error);
                Exit::Failed
            }
        }
    });
    runtime.shutdown_background();
    exit
}

fn healthcheck(env: &Environment) -> Exit {
    let database = match config::database(|name| env.get(name)) {
        Ok(database) => database,
        Err(error) => {
            complain(&error);
            return Exit::Config;
        }
    };
    match Heartbeat::beside(&database, Clock::system()).check() {
        Ok(()) => Exit::Stopped,
        Err(error) => {
            complain(&error);
            Exit::Failed
        }
    }
}

/// The first SIGINT or SIGTERM stops the bot, the second one ends the program at once.
fn stop_on_signals(stop: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                tracing::info!("stopping; a second signal ends at once");
                stop.cancel();
            } else {
                std::process::exit(1);
            }
        }
    });
    Ok(())
}

#[expect(
    clippy::print_stderr,
    reason = "the one line a person at the terminal must see"
)]
fn complain(error: &dyn std::fmt::Display) {
    eprintln!("addx: {error}");
}

/// The environment, and `./.env` where a variable is not set in it. No parent folder's `.env` is looked at.
struct Environment {
    file: HashMap<String, String>,
}

impl Environment {
    fn load() -> Self {
        let file = dotenvy::from_path_iter(".env")
            .map(|lines| lines.filter_map(Result::ok).collect())
            .unwrap_or_default();
        Self { file }
    }

    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .or_else(|| self.file.get(name).cloned())
    }
}

fn after_help() -> String {
    let mut text = "Environment (a file ./.env works too):\n".to_owned();
    for variable in VARIABLES {
        let default = match variable.default {
            None => "must be set".to_owned(),
            Some("") => "default: empty".to_owned(),
            Some(default) => format!("default: {default}"),
        };
        text += &format!("  {:<20} {} ({default})\n", variable.name, variable.meaning);
    }
    text + "\nExit codes: 0 stopped as asked, 1 failed while running, 2 configuration."
}
