//! What a user asks the bot about itself: what happened, what it holds, and a report to show to others.

use chrono::{DateTime, Utc};

use super::{Document, Message, at, escape, plain, wait};
use crate::{
    domain::{
        audit::Event,
        facts::{Past, Uses},
        paste::Warning,
        report::{Report, ValueReport},
        verdict::KeyPairOutcome,
    },
    support::plural::count,
};

/// `/mydata`: a JSON text, as a file.
pub(crate) fn my_data(json: String) -> Message {
    let (name, text) = ("mydata.json".to_owned(), json);
    Message {
        document: Some(Document { name, text }),
        ..plain("What I hold about you, less the secrets.")
    }
}

/// `/mydata` again within an hour.
pub(crate) fn my_data_later(at: DateTime<Utc>, now: DateTime<Utc>) -> Message {
    plain(format!(
        "I give this once an hour, and I gave it already. The file stands above; send /mydata again {}.",
        wait(at, now)
    ))
}

/// `/history`, the newest first.
pub(crate) fn history(entries: &[Past], now: DateTime<Utc>) -> Message {
    if entries.is_empty() {
        return plain("Nothing has happened yet.");
    }
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| {
            let account = match &entry.account {
                Some(name) => format!(" <b>{}</b>", escape(name.as_str())),
                None => String::new(),
            };
            let detail = if entry.detail.is_empty() {
                String::new()
            } else {
                format!(" <code>{}</code>", escape(&entry.detail))
            };
            let happened = happened(&entry.event);
            let until = at(entry.at, now);
            match &entry.uses {
                None => format!("{until}{account}: {happened}{detail}"),
                Some(Uses { times, since }) => format!(
                    "{} to {until}{account}: {happened}{detail}, {}",
                    at(*since, now),
                    count(*times, "time")
                ),
            }
        })
        .collect();
    plain(format!(
        "<b>What happened</b>, newest first\n\n{}",
        lines.join("\n")
    ))
}

/// An event of the audit trail in words.
fn happened(event: &str) -> &'static str {
    match event.parse() {
        Ok(Event::Link) => "linked",
        Ok(Event::Check) => "checked with X",
        Ok(Event::Swap) => "new values in use",
        Ok(Event::Refuse) => "new values not taken",
        Ok(Event::Authorize) => "X gave out a token for a PIN",
        Ok(Event::Unlink) => "erased",
        Ok(Event::Revoke) => "revoked at X",
        Ok(Event::Panic) => "revoked and erased by the operator",
        Ok(Event::Merge) => "got the values of a second entry",
        Ok(Event::Expire) => "new values erased, since nobody decided",
        Ok(Event::AccessRequest) => "you asked to use this bot",
        Ok(Event::AccessGrant) => "the owner let you in",
        Ok(Event::AccessRefuse) => "the owner did not let you in",
        Ok(Event::AccessBlock) => "the owner blocked you",
        Ok(Event::ClientAdd) => "may be used by",
        Ok(Event::ClientRevoke) => "may no longer be used by",
        Ok(Event::ClientTakeBack) => "you took it back from",
        Ok(Event::Use) => "used by",
        Ok(Event::Post) => "your message",
        Ok(Event::TestPost) => "test post",
        Ok(Event::TestPostDelete) => "the test post",
        Ok(Event::KeyAdd | Event::KeyRetire | Event::Prune | Event::Restore) | Err(_) => {
            "something else"
        }
    }
}

/// `/diagnose`
pub(crate) fn report(report: &Report, now: DateTime<Utc>) -> Message {
    let mut lines = vec![
        format!("addx {}", report.version),
        format!("made {}", report.made_at.format("%F %H:%M UTC")),
        format!(
            "verdict {}{}",
            report.verdict.as_deref().unwrap_or("none yet"),
            report
                .status
                .map_or_else(String::new, |status| format!(" (HTTP {status})"))
        ),
    ];
    let times = [
        ("since", report.since),
        ("checked", report.checked_at),
        ("accepted", report.accepted_at),
    ];
    for (what, time) in times {
        let time = time.map_or_else(|| "never".to_owned(), |time| at(time, now));
        lines.push(format!("{what} {time}"));
    }
    lines.push(format!(
        "confirmed by X: {}",
        if report.confirmed { "yes" } else { "no" }
    ));
    lines.push(match report.key_pair {
        Some((outcome, time)) => {
            format!("key pair alone: {} ({})", key_pair(outcome), at(time, now))
        }
        None => "key pair alone: not asked".to_owned(),
    });
    lines.extend(report.values.iter().map(|value| value_line("", value, now)));
    lines.extend(
        report
            .candidate
            .iter()
            .map(|value| value_line("new ", value, now)),
    );
    lines.push(match report.clock_difference {
        Some(seconds) => format!("clock: {seconds:+} s against X"),
        None => "clock: not compared yet".to_owned(),
    });
    lines.push(format!(
        "messages still to delete: {}",
        report.pending_deletions
    ));
    plain(format!(
        "This report holds no value and no part of one, so you can show it to whoever helps you.\n\n<pre>{}</pre>",
        escape(&lines.join("\n"))
    ))
}

fn key_pair(outcome: KeyPairOutcome) -> &'static str {
    match outcome {
        KeyPairOutcome::Accepted => "accepted",
        KeyPairOutcome::Rejected => "rejected",
        KeyPairOutcome::AppSuspended => "app suspended",
        KeyPairOutcome::Unknown => "X did not say",
    }
}

fn value_line(prefix: &str, value: &ValueReport, now: DateTime<Utc>) -> String {
    let unusual = match &value.shape.unusual {
        None => "usual".to_owned(),
        Some(Warning::UnusualLength { usual, .. }) => format!("usual length is {usual}"),
        Some(Warning::UnusualCharacters) => "unusual characters".to_owned(),
        Some(Warning::LooksLike(kind)) => format!("looks like {}", kind.label()),
        Some(Warning::LabelledAs(kind)) => format!("was labelled {}", kind.label()),
        Some(Warning::ToldByOrder) => "told by order".to_owned(),
    };
    format!(
        "{prefix}{}: {} characters, {unusual}, since {}",
        value.field.label(),
        value.shape.chars,
        at(value.received_at, now)
    )
}
