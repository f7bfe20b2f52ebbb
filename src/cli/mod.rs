//! The command line: what can be asked, and how the answers are printed. Answers go to standard output, everything else
//! to standard error.

mod audit;
mod client;
mod copies;
mod database;
mod doctor;
mod environment;
mod key;
mod panic;
mod run;

pub use self::run::main;

use std::{fmt::Display, path::PathBuf, process::ExitCode};

use crate::config::{ConfigError, VARIABLES};
use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// A Telegram bot that links X accounts, step by step.
#[derive(Parser)]
#[command(name = "addx", version, after_help = after_help())]
pub(crate) struct Cli {
    /// How log lines look
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) log_format: LogFormat,
    /// Print the answer as JSON, where there is one
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read variables that are not set from FILE, instead of ./.env
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How log lines look.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// For programs, one object a line
    Json,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the bot (also without a command)
    #[command(
        after_help = "SIGTERM and SIGINT stop it, SIGHUP lets it read the key file again.\n\nExamples:\n  addx serve\n  addx serve --log-format json 2> addx.log"
    )]
    Serve,
    /// Show and change the keys that protect the stored values
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::KeyCommand),
    /// Check and export the audit trail
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::AuditCommand),
    /// Say which programs may use which accounts
    #[command(subcommand, after_help = client::EXAMPLES)]
    Client(client::ClientCommand),
    /// Copy the database into FILE, sealed, also while the bot runs
    #[command(after_help = "Example:\n  addx backup /backups/addx-$(date +%F).sealed")]
    Backup {
        /// The copy; must not exist
        file: PathBuf,
    },
    /// Put a copy in place of a database that is not there, or prove that it opens
    #[command(
        after_help = "Examples:\n  addx restore --check /backups/addx-2026-11-24.sealed\n  addx restore /backups/addx-2026-11-24.sealed\n  addx restore --plain /tmp/replica.db"
    )]
    Restore {
        /// The copy
        file: PathBuf,
        /// FILE is a SQLite database (cp, a snapshot, Litestream): believed only as far as its audit trail vouches for it
        #[arg(long)]
        plain: bool,
        /// Only prove that every value in it opens with this keyring
        #[arg(long)]
        check: bool,
    },
    /// Look at configuration, files, keys, clocks and servers
    #[command(
        after_help = "Exits with 0 if nothing has to be set right, else with 1.\n\nExample:\n  addx doctor --json | jq '.[] | select(.state != \"ok\")'"
    )]
    Doctor,
    /// Revoke every token at X, erase every value, and tell every user: after a break-in
    #[command(after_help = panic::EXAMPLES)]
    Panic(panic::PanicCommand),
    /// Exit 0 if the running bot reached Telegram lately, else 1
    #[command(after_help = "Example:\n  addx healthcheck || echo \"look at the log\"")]
    Healthcheck,
    /// Print completions for a shell
    #[command(after_help = "Example:\n  addx completions bash > /etc/bash_completion.d/addx")]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    #[command(after_help = "Example:\n  addx man > /usr/local/share/man/man1/addx.1")]
    Man,
}

impl Command {
    /// Whether it leaves something beside the database.
    fn writes(&self) -> bool {
        match self {
            Self::Serve | Self::Backup { .. } | Self::Restore { .. } | Self::Panic(_) => true,
            Self::Key(command) => !matches!(command, key::KeyCommand::Status),
            Self::Client(command) => matches!(
                command,
                client::ClientCommand::Add { .. }
                    | client::ClientCommand::Edit { .. }
                    | client::ClientCommand::Revoke { .. }
            ),
            Self::Audit(command) => matches!(command, audit::AuditCommand::Prune { .. }),
            Self::Doctor | Self::Healthcheck | Self::Completions { .. } | Self::Man => false,
        }
    }
}

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or stopped as asked: 0.
    Done,
    /// Failed while running: 1.
    Failed,
    /// The configuration has to be changed: 2.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Config => Self::from(2),
        }
    }
}

impl Exit {
    /// Done, or failed.
    fn done_if(all_well: bool) -> Self {
        if all_well { Self::Done } else { Self::Failed }
    }

    /// After this error.
    fn after(error: &anyhow::Error) -> Self {
        if error.is::<ConfigError>() {
            Self::Config
        } else {
            Self::Failed
        }
    }
}

/// An error with its causes; those that its own text names already are left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Prints an answer: as JSON for programs, else as `text`.
#[expect(clippy::print_stdout, reason = "standard output is where answers go")]
pub(crate) fn answer(json: bool, value: &impl Serialize, text: impl Display) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(value)?);
    } else {
        println!("{text}");
    }
    Ok(())
}

/// Prints one line of an answer that has many.
#[expect(clippy::print_stdout, reason = "standard output is where answers go")]
pub(crate) fn line(line: &str) {
    println!("{line}");
}

/// Prints something for the person at the terminal.
#[expect(
    clippy::print_stderr,
    reason = "the one line a person at the terminal must see"
)]
pub(crate) fn complain(error: &dyn Display) {
    eprintln!("addx: {error}");
}

/// Shows a person how far something is; drawn on standard error, and only when somebody watches.
fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
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
    text + "\nExit codes: 0 done or stopped as asked, 1 failed, 2 configuration."
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn without_examples(command: &mut clap::Command, found: &mut Vec<String>) {
        let help = command.render_help().to_string();
        let name = command.get_name();
        if name != "help" && !help.contains("\n  addx ") {
            found.push(name.to_owned());
        }
        for under in command.get_subcommands_mut() {
            without_examples(under, found);
        }
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        let mut found = Vec::new();
        for command in Cli::command().get_subcommands_mut() {
            without_examples(command, &mut found);
        }
        assert_eq!(found, [""; 0]);
    }
}
