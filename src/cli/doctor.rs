//! `addx doctor`.

use std::path::Path;

use crate::{
    admin::doctor::{self, State},
    config::Config,
    support::clock::Clock,
};

use super::{Exit, answer};

pub(crate) async fn run(
    config: &Config,
    env_file: Option<&Path>,
    json: bool,
) -> anyhow::Result<Exit> {
    let findings = doctor::examine(config, env_file, &Clock::system()).await;
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
    let nothing_failed = findings.iter().all(|found| found.state != State::Failed);
    Ok(Exit::done_if(nothing_failed))
}
