//! What is kept about a user, for that user: `/history` and `/mydata`.

use std::cmp::Reverse;

use serde::Serialize;

use crate::{
    domain::{
        account::AccountId,
        audit::{Entry, Event, UsesOfDay},
        facts::{AccountSummary, Guest, Past, Uses},
        linking::LinkingState,
        report::ValueReport,
    },
    messages,
    store::{access, audit},
    telegram::{Telegram, schema::HandlerResult, unit::Unit},
};

/// Lines that `/history` shows.
const SHOWN: u32 = 20;
/// Days of programs among which it finds the newest.
const LOOKED_AT: u32 = 200;
/// Entries that `/mydata` gives, and days of programs; the rest is counted.
const GIVEN: u32 = 1000;
/// Telegram takes 4,096 characters a message; escaping makes a text longer.
const CHUNK: usize = 3000;

/// Everything that is held about a user, less the secrets.
#[derive(Serialize)]
struct MyData {
    telegram_user_id: i64,
    /// The request to use the bot, with the first name that is kept for it.
    access: Option<Guest>,
    flow_open: bool,
    accounts: Vec<MyAccount>,
    history: Vec<Entry>,
    /// Older entries that are not among these.
    history_left_out: i64,
    /// What programs did, by program, account and day in UTC, the newest first.
    uses_by_programs: Vec<UsesOfDay>,
}

#[derive(Serialize)]
struct MyAccount {
    #[serde(flatten)]
    summary: AccountSummary,
    values: Vec<ValueReport>,
}

pub(in crate::telegram) async fn history(telegram: Telegram, unit: Unit) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let entries = audit::newest_of(&mut *unit.tx, unit.chat, SHOWN).await?;
    let uses = audit::uses_of(&mut *unit.tx, unit.chat, LOOKED_AT).await?;
    let accounts = telegram.linker.summaries(&mut unit.tx, unit.chat).await?;
    let name = |id: Option<AccountId>| {
        let account = accounts.iter().find(|account| Some(account.id) == id);
        account.map(|account| account.name.clone())
    };
    let mut entries: Vec<Past> = entries
        .into_iter()
        .map(|entry| Past {
            at: entry.at,
            account: name(entry.account),
            event: entry.event,
            detail: entry.detail,
            uses: None,
        })
        .collect();
    entries.extend(uses.into_iter().map(|day| {
        let one = day.times == 1;
        Past {
            at: day.last_at,
            account: name(day.account),
            event: Event::Use.as_str().to_owned(),
            detail: if one { day.last } else { day.program },
            uses: (!one).then_some(Uses {
                times: day.times,
                since: day.first_at,
            }),
        }
    }));
    entries.sort_by_key(|entry| Reverse(entry.at));
    entries.truncate(SHOWN as usize);
    let now = telegram.clock.now();
    unit.say(|| messages::records::history(&entries, now))
        .await?;
    Ok(())
}

pub(in crate::telegram) async fn my_data(
    telegram: Telegram,
    unit: Unit,
    state: LinkingState,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let mut accounts = Vec::new();
    for summary in telegram.linker.summaries(&mut unit.tx, unit.chat).await? {
        let report = telegram
            .linker
            .report(&mut unit.tx, unit.chat, summary.id)
            .await?;
        accounts.push(MyAccount {
            summary,
            values: report.map(|report| report.values).unwrap_or_default(),
        });
    }
    let history = audit::newest_of(&mut *unit.tx, unit.chat, GIVEN).await?;
    let in_all = audit::count_of(&mut *unit.tx, unit.chat).await?;
    let given = i64::try_from(history.len()).unwrap_or(i64::MAX);
    let data = MyData {
        telegram_user_id: unit.chat,
        access: access::of(&mut *unit.tx, unit.chat).await?,
        flow_open: state.flow_id().is_some(),
        accounts,
        history,
        history_left_out: in_all - given,
        uses_by_programs: audit::uses_of(&mut *unit.tx, unit.chat, GIVEN).await?,
    };
    let json = serde_json::to_string_pretty(&data).unwrap_or_default();
    let chunks = in_chunks(&json);
    let of = chunks.len();
    for (index, json) in chunks.into_iter().enumerate() {
        let part = index + 1;
        unit.say(|| messages::records::my_data(part, of, &json))
            .await?;
    }
    Ok(())
}

/// Cuts a text at line ends into pieces that fit a message.
fn in_chunks(text: &str) -> Vec<String> {
    let mut chunks = vec![String::new()];
    for line in text.lines() {
        let full = chunks
            .last()
            .is_none_or(|chunk| chunk.len() + line.len() >= CHUNK);
        if full {
            chunks.push(String::new());
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push_str(line);
            chunk.push('\n');
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}
