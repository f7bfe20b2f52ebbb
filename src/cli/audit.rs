//! `addx audit`: verify, export, head.

use std::path::PathBuf;

use crate::{admin::unlock::Wanted, audit, support::plural::count};
use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::{answer, database::Place};

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
    },
    /// Print every entry as a line of JSON, and check the chain on the way
    #[command(after_help = "Example:\n  addx audit export | jq -c 'select(.event == \"unlink\")'")]
    Export,
    /// Print the number and the mac of the newest entry
    #[command(after_help = "Example:\n  addx audit head > /elsewhere/addx.head")]
    Head,
}

pub(crate) async fn run(command: AuditCommand, place: &Place, json: bool) -> anyhow::Result<()> {
    place
        .with(Wanted::Everything, async |opened| {
            let (store, key) = (&opened.store, opened.audit_key().await?);
            match command {
                AuditCommand::Verify { head } => {
                    let head = head.map(std::fs::read_to_string).transpose();
                    let head = head.context("cannot read the head")?;
                    let head = audit::verify(store.reader(), &key, head.as_deref(), |_| {}).await?;
                    let entries = count(head.number, "entry");
                    let text = format!("{entries}, each as it was written. Head: {head}");
                    let verified = json!({ "entries": head.number, "head": head.to_string() });
                    answer(json, &verified, text)
                }
                AuditCommand::Export => {
                    audit::verify(store.reader(), &key, None, |entry| {
                        if let Ok(line) = serde_json::to_string(entry) {
                            super::line(&line);
                        }
                    })
                    .await?;
                    Ok(())
                }
                AuditCommand::Head => {
                    let head = audit::head(store).await?;
                    answer(json, &head, &head)
                }
            }
        })
        .await
}
