//! The `addx` binary: command line, signals, exit codes.

mod cli;

use std::{collections::HashMap, future::Future, io, process::ExitCode};

use addx::{
    app::{self, AppError, Signals},
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

use crate::cli::{
    Cli, CliError, Command, Exit, LogFormat, audit, client, complain, copies, doctor, key, panic,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let env = Environment::load();
    let filter = env.get(config::LOG.name);
    match cli.log_format {
        LogFormat::Text => telemetry::init(filter.as_deref()),
        LogFormat::Json => telemetry::init_json(filter.as_deref()),
    }
    match run(cli.command.unwrap_or(Command::Serve), &env) {
        Ok(exit) => exit.into(),
        Err(error) => {
            complain(&error);
            error.exit().into()
        }
    }
}

fn run(command: Command, env: &Environment) -> Result<Exit, CliError> {
    let done = |done: Result<(), CliError>| done.map(|()| Exit::Done);
    match command {
        Command::Serve => serve(env),
        Command::Key(command) => {
            let place = env.place()?;
            done(block_on(async { key::run(command, &place).await })?)
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
            block_on(async { panic::run(command, &place, x_url).await })?
        }
        Command::Healthcheck => healthcheck(env),
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
    hardening::harden();
    let config = env.config()?;
    block_on(async {
        let signals = Signals::default();
        listen(signals.clone()).context("cannot listen for signals")?;
        match app::run(config, Clock::system(), Random::system(), signals).await {
            Ok(()) => Ok(Exit::Done),
            Err(AppError::Config(error)) => Err(error.into()),
            Err(error) => Err(anyhow::Error::from(error).into()),
        }
    })?
}

fn healthcheck(env: &Environment) -> Result<Exit, CliError> {
    let database = config::database(|name| env.get(name))?;
    Heartbeat::beside(&database, Clock::system())
        .check()
        .map_err(anyhow::Error::from)?;
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

/// The first SIGINT or SIGTERM stops the bot, the second one ends the program at once. SIGHUP has the key file read again.
fn listen(signals: Signals) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let Signals { stop, reread } = signals;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reread.notify_one();
        }
    });
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
