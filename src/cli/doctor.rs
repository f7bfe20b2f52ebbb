//! `addx doctor`.

use crate::{
    clock::Clock,
    config::Config,
    doctor::{self, State},
};

use super::{CliError, Exit, answer};

pub(crate) async fn run(config: &Config, json: bool) -> Result<Exit, CliError> {
    let findings = doctor::examine(config, &Clock::system()).await;
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let sign = match finding.state {
                State::Ok => "ok",
                State::Warning => "look",
                State::Failed => "FAIL",
            };
            format!("{sign:<5} {:<23} {}", finding.what, finding.detail)
        })
        .collect();
    answer(json, &findings, lines.join("\n"))?;
    let all_well = findings
        .iter()
        .all(|finding| finding.state != State::Failed);
    Ok(if all_well { Exit::Done } else { Exit::Failed })
}
