//! `addx audit`: verify, export, prune, head.

use std::path::PathBuf;

use crate::{admin::unlock::Wanted, audit, support::plural::count};
use anyhow::Context as _;
use chrono::{NaiveDate, NaiveTime};
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
    /// Take out older entries; what stays still proves itself, and says from when
    #[command(after_help = "Example:\n  addx audit prune --before 2026-01-01")]
    Prune {
        /// Entries of this day, in UTC, and later stay; so does the newest
        #[arg(long, value_name = "YYYY-MM-DD")]
        before: NaiveDate,
    },
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
                    let verified = audit::verify(store.reader(), &key, head.as_deref(), |_| {});
                    let verified = verified.await?;
                    let entries = count(verified.entries(), "entry");
                    let mut text =
                        format!("{entries}, each as it was written. Head: {}", verified.head);
                    if let Some(pruned) = &verified.pruned {
                        let (number, at) = (pruned.number, pruned.at.format("%F %H:%M UTC"));
                        text += &format!("\nEntries up to {number}, of {at}, were pruned.");
                    }
                    if verified.head_is_pruned {
                        text += " The head that was exported is of one of those.";
                    }
                    let pruned = verified.pruned.as_ref();
                    let verified = json!({
                        "entries": verified.entries(),
                        "head": verified.head.to_string(),
                        "pruned_to": pruned.map(|pruned| pruned.number),
                        "pruned_until": pruned.map(|pruned| pruned.at),
                        "head_is_pruned": verified.head_is_pruned,
                    });
                    answer(json, &verified, text)
                }
                AuditCommand::Prune { before } => {
                    let before = before.and_time(NaiveTime::MIN).and_utc();
                    let pruned = audit::prune(store, &key, before, opened.clock.now()).await?;
                    let text = match pruned {
                        Some(number) => format!(
                            "Entries up to {number} are gone. Take a new head: addx audit head"
                        ),
                        None => {
                            "There are no entries before that day, but for the newest.".to_owned()
                        }
                    };
                    answer(json, &json!({ "pruned_to": pruned }), text)
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
