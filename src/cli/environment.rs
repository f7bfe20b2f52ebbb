//! The environment, and beside it `./.env` or the file that the command line names.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::database::Place;
use crate::{
    config::{self, Config, ConfigError},
    support::files::mode,
};

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

/// The environment, and a file where a variable is not set in it: `./.env`, or another instead. No parent folder's `.env` is
/// looked at.
pub(super) struct Environment {
    values: HashMap<String, String>,
    /// The file, if there is one.
    pub(super) file: Option<PathBuf>,
}

impl Environment {
    /// Reads `file`, or `./.env` if there is one.
    pub(super) fn load(named: Option<PathBuf>) -> Result<Self, ConfigError> {
        let missing_is_fine = named.is_none();
        let file = named.unwrap_or_else(|| PathBuf::from(ENV_FILE));
        let values = match fs::read_to_string(&file) {
            Ok(text) => read_env(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && missing_is_fine => {
                let (values, file) = (HashMap::new(), None);
                return Ok(Self { values, file });
            }
            Err(error) => {
                let problem = format!("{} cannot be read: {error}", file.display());
                return Err(env_problem(problem));
            }
        };
        let file = Some(file);
        Ok(Self { values, file })
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .or_else(|| self.values.get(name).cloned())
    }

    /// Says so if others may read the file: it holds the bot's token.
    pub(super) fn warn_of_readers(&self) {
        let file = self.file.as_deref().unwrap_or_else(|| Path::new(""));
        if let Some(mode) = mode(file).filter(|mode| mode & 0o077 != 0) {
            let (file, mode) = (file.display(), format!("{mode:03o}"));
            tracing::warn!(%file, mode, "others may read the file with the bot's token; run: chmod 600 on it");
        }
    }

    pub(super) fn config(&self) -> Result<Config, ConfigError> {
        Config::read(|name| self.get(name))
    }

    /// The files that the commands beside a running bot work on.
    pub(super) fn place(&self) -> Result<Place, ConfigError> {
        Ok(Place {
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
