//! `addx audit`: verify, export, head.

use std::path::PathBuf;

use crate::{audit, clock::Clock, plural::count, random::Random};
use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;

use super::{
    CliError, answer,
    key::{Place, open},
};

pub(crate) const EXAMPLES: &str = "\
Keep the head somewhere else, and check against it later:
  addx audit head > /elsewhere/addx.head
  addx audit verify --head /elsewhere/addx.head
  addx audit export > audit.jsonl";

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Follow the chain from its first entry to its last
    #[command(
        after_help = "Examples:\n  addx audit verify\n  addx audit verify --head /elsewhere/addx.head"
    )]
    Verify {
        /// A file with a head that was exported before: the chain must pass through it
        #[arg(long)]
        head: Option<PathBuf>,
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every entry as a line of JSON, and check the chain on the way
    #[command(after_help = "Example:\n  addx audit export | jq -c 'select(.event == \"unlink\")'")]
    Export,
    /// Print the number and the mac of the newest entry
    #[command(after_help = "Example:\n  addx audit head > /elsewhere/addx.head")]
    Head {
        /// Print the answer as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize)]
struct Verified {
    entries: i64,
    head: String,
}

pub(crate) async fn run(command: AuditCommand, place: &Place) -> Result<(), CliError> {
    let (clock, random) = (Clock::system(), Random::system());
    let (store, vault) = open(place, &clock, &random).await?;
    let key = audit::open_key(&store, &vault)
        .await
        .context("cannot open the key of the audit trail")?;
    let done = match command {
        AuditCommand::Verify { head, json } => {
            let head = head
                .map(std::fs::read_to_string)
                .transpose()
                .context("cannot read the head")?;
            let verified = audit::verify(&store, &key, head.as_deref(), |_| {}).await;
            verified.map_err(anyhow::Error::from).and_then(|head| {
                let text = format!(
                    "{}, each as it was written. Head: {head}",
                    count(head.number, "entry")
                );
                let verified = Verified {
                    entries: head.number,
                    head: head.to_string(),
                };
                Ok(answer(json, &verified, text)?)
            })
        }
        AuditCommand::Export => {
            let exported = audit::verify(&store, &key, None, |entry| {
                if let Ok(line) = serde_json::to_string(entry) {
                    super::line(&line);
                }
            });
            exported.await.map(|_| ()).map_err(anyhow::Error::from)
        }
        AuditCommand::Head { json } => {
            let head = audit::head(&store).await.map_err(anyhow::Error::from);
            head.and_then(|head| Ok(answer(json, &head, &head)?))
        }
    };
    store.close().await.context("cannot close the database")?;
    Ok(done?)
}
