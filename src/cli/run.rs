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
    Cli, Command, Exit, LogFormat, answer, audit, chain, client, complain, copies, doctor,
    environment::Environment, key, panic,
};
use crate::{
    admin::backup::Copy,
    app::{self, AppError},
    config,
    support::{clock::Clock, hardening, heartbeat::Heartbeat, random::Random, telemetry},
};

/// Runs the program, as its arguments and its environment want it.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let env = match Environment::load(cli.env_file) {
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
    match run(cli.command.unwrap_or(Command::Serve), &env, cli.json) {
        Ok(exit) => exit.into(),
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &anyhow::Error) -> ExitCode {
    complain(&chain(error));
    Exit::after(error).into()
}

fn run(command: Command, env: &Environment, json: bool) -> anyhow::Result<Exit> {
    if command.writes() {
        env.place()?.refuse_root()?;
    }
    match command {
        Command::Serve => return serve(env),
        Command::Key(command) => return block_on(key::run(command, &env.place()?, json))?,
        Command::Audit(command) => block_on(audit::run(command, &env.place()?, json))??,
        Command::Client(command) => block_on(client::run(command, &env.place()?, json))??,
        Command::Backup { file } => block_on(copies::backup(&file, json, &env.place()?))??,
        Command::Restore { file, plain, check } => {
            let (file, place) = (&*file, env.place()?);
            let copy = Copy { file, plain };
            if check {
                block_on(copies::check(copy, json, &place))??;
            } else {
                block_on(copies::restore(copy, json, &place))??;
            }
        }
        Command::Doctor => {
            return block_on(doctor::run(&env.config()?, env.file.as_deref(), json))?;
        }
        Command::Panic(command) => {
            let place = env.place()?;
            let x_url = config::x_url(|name| env.get(name))?;
            let keeps_backups = config::keeps_backups(|name| env.get(name))?;
            return block_on(panic::run(command, &place, x_url, keeps_backups, json))?;
        }
        Command::Healthcheck => healthcheck(env, json)?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "addx", &mut io::stdout());
        }
        Command::Man => clap_mangen::Man::new(Cli::command())
            .render(&mut io::stdout())
            .context("cannot print the man page")?,
    }
    Ok(Exit::Done)
}

fn serve(env: &Environment) -> anyhow::Result<Exit> {
    let config = env.config()?;
    env.warn_of_readers();
    hardening::raise_file_limit();
    block_on(async {
        let stop = CancellationToken::new();
        stop_on_signals(stop.clone()).context("cannot listen for signals")?;
        match app::run(config, Clock::system(), Random::system(), stop).await {
            Ok(()) => Ok(Exit::Done),
            Err(AppError::Config(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }
    })?
}

fn healthcheck(env: &Environment, json: bool) -> anyhow::Result<()> {
    let database = config::database(|name| env.get(name))?;
    let found = Heartbeat::beside(&database, Clock::system()).check();
    if json {
        let healthy = found.is_ok();
        let reason = found.as_ref().err().map(ToString::to_string);
        let found = serde_json::json!({ "healthy": healthy, "reason": reason });
        answer(true, &found, "")?;
    }
    Ok(found?)
}

fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
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
