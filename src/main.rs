//! The `addx` binary: command line, signals, exit codes.

mod cli;

use std::{alloc::System, collections::HashMap, fs, future::Future, io, process::ExitCode};

use addx::{
    app::{self, AppError},
    clock::Clock,
    config::{self, Config, ConfigError},
    hardening,
    heartbeat::Heartbeat,
    random::Random,
    telemetry,
};
use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use zeroizing_alloc::ZeroAlloc;

use crate::cli::{
    Cli, CliError, Command, Exit, LogFormat, audit, client, complain, copies, doctor, key, panic,
};

/// Wipes every piece of memory as it is given back: what HTTP and JSON libraries make of a message holds its text too, and no
/// type of ours could wipe that.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let env = match Environment::load() {
        Ok(env) => env,
        Err(error) => return refuse(&error.into()),
    };
    let filter = env.get(config::LOG.name);
    match cli.log_format {
        LogFormat::Text => telemetry::init(filter.as_deref()),
        LogFormat::Json => telemetry::init_json(filter.as_deref()),
    }
    // The commands beside the bot open the same keys and values.
    hardening::harden();
    match run(cli.command.unwrap_or(Command::Serve), &env) {
        Ok(exit) => exit.into(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &CliError) -> ExitCode {
    complain(error);
    error.exit().into()
}

fn run(command: Command, env: &Environment) -> Result<Exit, CliError> {
    let done = |done: Result<(), CliError>| done.map(|()| Exit::Done);
    match command {
        Command::Serve => serve(env),
        Command::Key(command) => {
            let place = env.place()?;
            block_on(async { key::run(command, &place).await })?
        }
        Command::Audit(command) => {
            let place = env.place()?;
            done(block_on(async { audit::run(command, &place).await })?)
        }
        Command::Client(command) => {
            let place = env.place()?;
            done(block_on(async { client::run(command, &place).await })?)
        }
        Command::Backup { file, json } => {
            let place = env.place()?;
            done(block_on(async {
                copies::backup(&file, json, &place).await
            })?)
        }
        Command::Restore { file, check, json } => {
            let place = env.place()?;
            done(block_on(async {
                if check {
                    copies::check(&file, json, &place).await
                } else {
                    copies::restore(&file, json, &place).await
                }
            })?)
        }
        Command::Doctor { json } => {
            let config = env.config()?;
            block_on(async { doctor::run(&config, json).await })?
        }
        Command::Panic(command) => {
            let place = env.place()?;
            let x_url = config::x_url(|name| env.get(name))?;
            let keeps_backups = config::keeps_backups(|name| env.get(name))?;
            block_on(async { panic::run(command, &place, x_url, keeps_backups).await })?
        }
        Command::Healthcheck { json } => healthcheck(env, json),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "addx", &mut io::stdout());
            Ok(Exit::Done)
        }
        Command::Man => {
            clap_mangen::Man::new(Cli::command())
                .render(&mut io::stdout())
                .context("cannot print the man page")?;
            Ok(Exit::Done)
        }
    }
}

fn serve(env: &Environment) -> Result<Exit, CliError> {
    let config = env.config()?;
    block_on(async {
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone()).context("cannot listen for signals")?;
        match app::run(config, Clock::system(), Random::system(), stop).await {
            Ok(()) => Ok(Exit::Done),
            Err(AppError::Config(error)) => Err(error.into()),
            Err(error) => Err(anyhow::Error::from(error).into()),
        }
    })?
}

fn healthcheck(env: &Environment, json: bool) -> Result<Exit, CliError> {
    let database = config::database(|name| env.get(name))?;
    let found = Heartbeat::beside(&database, Clock::system()).check();
    if json {
        let healthy = found.is_ok();
        let reason = found.as_ref().err().map(ToString::to_string);
        let found = serde_json::json!({ "healthy": healthy, "reason": reason });
        cli::answer(true, &found, "")?;
    }
    found.map_err(anyhow::Error::from)?;
    Ok(Exit::Done)
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}

/// The first SIGINT or SIGTERM stops the bot, the second one ends the program at once.
fn stop_on_signals(stop: CancellationToken) -> io::Result<()> {
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

const ENV_FILE: &str = ".env";

fn env_problem(problem: String) -> ConfigError {
    ConfigError {
        variable: ENV_FILE,
        problem,
    }
}

/// The lines of an environment file. A line that cannot be read is named by its number only: it may hold the token.
fn read_env(text: &str) -> Result<HashMap<String, String>, ConfigError> {
    // A last line that ends in a space and nothing else would count as unfinished.
    let text = format!("{}\n", text.trim_start_matches('\u{feff}'));
    dotenvy::from_read_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| {
            let line = match error {
                dotenvy::Error::LineParse(line, _) => text.find(&line),
                _ => None,
            };
            let place = line.map_or_else(
                || "a line".to_owned(),
                |at| format!("line {}", text[..at].matches('\n').count() + 1),
            );
            env_problem(format!(
                "{place} cannot be read. Write it as NAME=value, with the value in single quotes if it holds spaces"
            ))
        })
}

/// The environment, and `./.env` where a variable is not set in it. No parent folder's `.env` is looked at.
struct Environment {
    file: HashMap<String, String>,
}

impl Environment {
    fn load() -> Result<Self, ConfigError> {
        let file = match fs::read_to_string(ENV_FILE) {
            Ok(text) => read_env(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(env_problem(format!("it cannot be read: {error}"))),
        };
        Ok(Self { file })
    }

    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .or_else(|| self.file.get(name).cloned())
    }

    fn config(&self) -> Result<Config, ConfigError> {
        Config::read(|name| self.get(name))
    }

    /// The files that the commands beside a running bot work on.
    fn place(&self) -> Result<key::Place, ConfigError> {
        Ok(key::Place {
            database: config::database(|name| self.get(name))?,
            key_file: config::key_file(|name| self.get(name)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_file_is_read_with_a_mark_in_front_and_without_an_end_of_line() {
        let file = read_env("\u{feff}A=1\n# note\n\nB='two words'\nC=3 ").unwrap();
        let values = ["A", "B", "C"].map(|name| file[name].as_str());
        assert_eq!(values, ["1", "two words", "3"]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_its_number_and_never_shown() {
        for text in [
            "A=1\n\nTELOXIDE_TOKEN 123:secret\nB=2",
            "A=1\nB=2\nTELOXIDE_TOKEN=two secret\nC=3\n",
            "A=1\r\nB=2\nTELOXIDE_TOKEN='secret\n",
        ] {
            let said = read_env(text).unwrap_err().to_string();
            assert!(said.starts_with(".env: line 3 cannot be read"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
