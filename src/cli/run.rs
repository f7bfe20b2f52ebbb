//! Runs what the command line asks for: signals, exit codes.

use std::{future::Future, io, process::ExitCode};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{
    Cli, CliError, Command, Exit, LogFormat, answer, audit, client, complain, copies, doctor,
    environment::Environment, key, panic,
};
use crate::{
    app::{self, AppError},
    clock::Clock,
    config, hardening,
    heartbeat::Heartbeat,
    random::Random,
    telemetry,
};

/// Runs the program, as its arguments and its environment want it.
#[must_use]
pub fn main() -> ExitCode {
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
        answer(true, &found, "")?;
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
