//! What is kept about a user, for that user: `/history` and `/mydata`.

use std::cmp::Reverse;

use chrono::TimeDelta;
use serde::Serialize;

use crate::{
    domain::{
        account::AccountId,
        audit::{Entry, Event, UsesOfDay},
        facts::{AccountSummary, Guest, Past, Uses},
        linking::LinkingState,
        report::ValueReport,
    },
    messages::{self, Language},
    store::{access, audit, checks, languages, posts},
    telegram::{Telegram, schema::HandlerResult, unit::Unit},
};

/// Lines that `/history` shows.
const SHOWN: u32 = 20;
/// Days of programs among which it finds the newest.
const LOOKED_AT: u32 = 200;
/// `/mydata` is given no more often than this.
const PAUSE: TimeDelta = TimeDelta::hours(1);

/// Everything that is held about a user, less the secrets.
#[derive(Serialize)]
struct MyData {
    telegram_user_id: i64,
    /// The request to use the bot, with the first name that is kept for it.
    access: Option<Guest>,
    /// In which the bot writes; English if nothing is kept.
    language: Option<&'static str>,
    flow_open: bool,
    accounts: Vec<MyAccount>,
    /// What waits to be published, and what was not confirmed.
    posts: Vec<MyPost>,
    history: Vec<Entry>,
    /// What programs did, by program, account and day in UTC, the newest first.
    uses_by_programs: Vec<UsesOfDay>,
}

#[derive(Serialize)]
struct MyPost {
    account: Option<AccountId>,
    state: &'static str,
    text: String,
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
    let now = telegram.clock.now();
    if let Some(last) = checks::my_data_within(&mut unit.tx, unit.chat, PAUSE, now).await? {
        let later = || messages::records::my_data_later(last + PAUSE, now);
        unit.say(later).await?;
        return Ok(());
    }
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
    let posts = posts::of_owner(&mut *unit.tx, unit.chat).await?;
    let posts = posts.into_iter().map(|post| MyPost {
        account: post.account,
        state: post.state.name(),
        text: post.text.as_str().to_owned(),
    });
    let data = MyData {
        telegram_user_id: unit.chat,
        access: access::of(&mut *unit.tx, unit.chat).await?,
        language: languages::of(&mut *unit.tx, unit.chat)
            .await?
            .map(Language::as_str),
        flow_open: state.flow_id().is_some(),
        accounts,
        posts: posts.collect(),
        history: audit::newest_of(&mut *unit.tx, unit.chat, u32::MAX).await?,
        uses_by_programs: audit::uses_of(&mut *unit.tx, unit.chat, u32::MAX).await?,
    };
    let json = serde_json::to_string_pretty(&data).unwrap_or_default();
    unit.say(|| messages::records::my_data(json)).await?;
    Ok(())
}
