//! What a user asks the bot about itself: what happened, what it holds, and a report to show to others.

use chrono::{DateTime, Utc};

use super::{Document, Join, Message, Text, at, name_of, paste, plain, wait, words, yes};
use crate::domain::{
    facts::Past,
    paste::Warning,
    report::{Report, ValueReport},
};

/// `/mydata`: a JSON text, as a file.
pub(crate) fn my_data(json: String) -> Message {
    let (name, text) = ("mydata.json".to_owned(), json);
    Message {
        document: Some(Document { name, text }),
        ..plain(text!("my-data"))
    }
}

/// `/mydata` again within an hour.
pub(crate) fn my_data_later(at: DateTime<Utc>, now: DateTime<Utc>) -> Message {
    plain(text!("my-data-later", wait = wait(at, now)))
}

/// `/history`, the newest first.
pub(crate) fn history(entries: &[Past], now: DateTime<Utc>) -> Message {
    if entries.is_empty() {
        return plain(text!("no-history"));
    }
    let lines = entries.iter().map(|entry| {
        let sentence =
            |parts: [Option<Text>; 2]| Text::joined(parts.into_iter().flatten(), Join::Sentences);
        let account = entry.account.as_ref();
        let account = account.map(|name| text!("account", name = name));
        let detail = Some(entry.detail.as_str()).filter(|detail| !detail.is_empty());
        let detail = detail.map(|detail| text!("detail", detail = detail));
        let event = text!("happened", event = entry.event.as_str());
        let uses = entry.uses.as_ref();
        text!(
            "past",
            at = sentence([Some(at(entry.at, now)), account]),
            what = sentence([Some(event), detail]),
            since = uses.map(|uses| at(uses.since, now)),
            times = uses.map_or(0, |uses| uses.times)
        )
    });
    plain(text!("history", entries = Text::joined(lines, Join::Lines)))
}

/// `/diagnose`
pub(crate) fn report(report: &Report, now: DateTime<Utc>) -> Message {
    let times = [report.since, report.checked_at, report.accepted_at];
    let [since, checked, accepted] = times.map(|time| time.map(|time| at(time, now)));
    let values = report
        .values
        .iter()
        .map(|value| value_line("current", value, now));
    let new = report.candidate.iter();
    let values = values.chain(new.map(|value| value_line("new", value, now)));
    plain(text!(
        "report",
        version = report.version.as_str(),
        made = words(report.made_at.format("%F %H:%M UTC")),
        verdict = report.verdict.as_deref(),
        status = report.status,
        since = since,
        checked = checked,
        accepted = accepted,
        confirmed = yes(report.confirmed),
        pair = report.key_pair.map(|(outcome, _)| outcome.as_str()),
        pair_at = report.key_pair.map(|(_, time)| at(time, now)),
        values = Text::joined(values, Join::Lines),
        clock = report
            .clock_difference
            .map(|seconds| format!("{seconds:+}")),
        deletions = report.pending_deletions
    ))
}

fn value_line(which: &str, value: &ValueReport, now: DateTime<Utc>) -> Text {
    let unusual = value.shape.unusual.as_ref();
    let (found, usual) = match unusual {
        Some(Warning::LooksLike(kind) | Warning::LabelledAs(kind)) => (Some(paste::kind(*kind)), 0),
        Some(Warning::UnusualLength { usual, .. }) => (None, *usual),
        Some(Warning::UnusualCharacters | Warning::ToldByOrder) | None => (None, 0),
    };
    text!(
        "report-value",
        which = which,
        field = value.field,
        chars = value.shape.chars,
        unusual = unusual.map(name_of),
        label = found,
        usual = usual,
        since = at(value.received_at, now)
    )
}
