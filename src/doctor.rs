//! `addx doctor`: looks at everything an operator can set right, before a user meets it. Prints no secret.

use std::{
    fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::{Response, header::DATE, redirect::Policy};
use serde::Serialize;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::{
    clock::Clock,
    config::{AllowedUsers, Config, METRICS, PROXY, RECHECK, RECHECK_BUDGET, Variable},
    domain::budget,
    files::folder_of,
    heartbeat::Heartbeat,
    plural::{are, count},
    rekey::{self, RekeyError},
    store::{self, StoreError, canary, copies, counts, schedule, spending},
    unlock,
    vault::{KeyState, Keyring},
};

/// A server that needs longer does not serve its users either.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The bot is on this machine.
const DOOR_LIMIT: Duration = Duration::from_secs(2);
/// X refuses signatures whose time is off by more than this, in seconds.
const CLOCK_LIMIT: i64 = 300;
/// A clock that is off by more than this is on its way there.
const CLOCK_WARNING: i64 = 30;
/// Less than this free, in bytes, is little for a database that grows.
const DISK_WARNING: u64 = 256 * 1024 * 1024;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Works, and should be looked at.
    Warning,
    /// Has to be set right.
    Failed,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// In words, with what to do where something is to be done.
    pub detail: String,
}

/// Looks at everything. Never fails: what cannot be looked at is a finding.
pub(crate) async fn examine(config: &Config, clock: &Clock) -> Vec<Finding> {
    let mut findings = vec![access(config)];
    findings.extend(files(config));
    findings.extend(database(config, clock).await);
    findings.push(rechecks(config, clock).await);
    match client() {
        Ok(client) => {
            findings.extend(telegram(config, &client, clock).await);
            findings.extend(x(config, &client, clock).await);
        }
        Err(detail) => findings.push(failed("network", detail)),
    }
    let bot = running(config, clock);
    let runs = bot.state == State::Ok;
    findings.push(bot);
    findings.push(door("programs", &PROXY, config.proxy, runs).await);
    findings.push(door("metrics", &METRICS, config.metrics, runs).await);
    findings
}

/// An address that the bot listens at: taken by it while it runs, and free for it otherwise.
async fn door(
    what: &'static str,
    variable: &Variable,
    address: Option<SocketAddr>,
    bot_runs: bool,
) -> Finding {
    let name = variable.name;
    let Some(address) = address else {
        return ok(what, format!("off; {name} lets the bot listen"));
    };
    if address.port() == 0 {
        return ok(
            what,
            format!("{address}: any free port, which the log names"),
        );
    }
    let others = if address.ip().is_loopback() {
        ""
    } else {
        "; other machines may reach it"
    };
    if !bot_runs {
        return match TcpListener::bind(address).await {
            Ok(_) => ok(what, format!("{address} is free for the bot{others}")),
            Err(error) => failed(
                what,
                format!("{address} cannot be listened at ({error}); change {name}"),
            ),
        };
    }
    // One who listens everywhere is met here.
    let mut near = address;
    if address.ip().is_unspecified() {
        near.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    match tokio::time::timeout(DOOR_LIMIT, TcpStream::connect(near)).await {
        Ok(Ok(_)) => ok(what, format!("{address} takes connections{others}")),
        Ok(Err(_)) | Err(_) => failed(
            what,
            format!(
                "{address} takes no connections although the bot runs; start it again with this {name}, and look at its log"
            ),
        ),
    }
}

fn ok(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        state: State::Ok,
        detail: detail.into(),
    }
}

fn warning(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        state: State::Warning,
        detail: detail.into(),
    }
}

fn failed(what: &'static str, detail: impl Into<String>) -> Finding {
    Finding {
        what,
        state: State::Failed,
        detail: detail.into(),
    }
}

fn access(config: &Config) -> Finding {
    match (&config.allowed_users, config.owner) {
        (AllowedUsers::Everybody, Some(_)) => ok("access", "the owner decides about each person"),
        (AllowedUsers::Everybody, None) => warning(
            "access",
            "everybody may use this bot; ADDX_ALLOWED_USERS or ADDX_OWNER limits it",
        ),
        (AllowedUsers::Only(users), _) => {
            ok("access", format!("{} allowed", are(users.len(), "user")))
        }
    }
}

fn files(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        private("key file", &config.key_file),
        private("database file", &config.database),
    ];
    for (what, file) in [
        ("key folder", &config.key_file),
        ("database folder", &config.database),
    ] {
        let folder = folder_of(file);
        findings.push(match mode(folder) {
            None => warning(what, format!("{} is not there yet", folder.display())),
            Some(mode) if mode & 0o022 != 0 => failed(
                what,
                format!(
                    "others may write to it (mode {mode:03o}); run: chmod 700 {}",
                    folder.display()
                ),
            ),
            Some(mode) if mode & 0o077 != 0 => warning(
                what,
                format!(
                    "others may look into it (mode {mode:03o}); better: chmod 700 {}",
                    folder.display()
                ),
            ),
            Some(_) => ok(what, "private"),
        });
    }
    findings.push(disk(&config.database));
    findings
}

fn private(what: &'static str, path: &Path) -> Finding {
    match mode(path) {
        None => warning(
            what,
            format!(
                "{} is not there yet; the first start makes it",
                path.display()
            ),
        ),
        Some(mode) if mode & 0o077 != 0 => failed(
            what,
            format!(
                "others may read it (mode {mode:03o}); run: chmod 600 {}",
                path.display()
            ),
        ),
        Some(_) => ok(what, "private"),
    }
}

fn mode(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

fn disk(database: &Path) -> Finding {
    let place = database
        .ancestors()
        .skip(1)
        .find(|folder| folder.exists())
        .unwrap_or_else(|| Path::new("."));
    match rustix::fs::statvfs(place) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} MiB free", free / (1024 * 1024));
            if free < DISK_WARNING {
                warning("disk", detail)
            } else {
                ok("disk", detail)
            }
        }
        Err(error) => warning("disk", format!("free space is not known: {error}")),
    }
}

async fn database(config: &Config, clock: &Clock) -> Vec<Finding> {
    if !config.database.exists() {
        return vec![warning(
            "database",
            "not there yet; the first start makes it",
        )];
    }
    let pool = match copies::look_into(&config.database).await {
        Ok(pool) => pool,
        Err(error) => return vec![failed("database", error.to_string())],
    };
    let known = store::known_schema();
    let mut findings = vec![match counts::schema_version(&pool).await {
        Ok(version) if version == known => ok("schema", format!("version {version}")),
        Ok(version) if version < known => warning(
            "schema",
            format!("version {version}; the next start brings it to {known}"),
        ),
        Ok(version) => failed(
            "schema",
            format!(
                "version {version} is newer than this program knows ({known}); use a newer addx"
            ),
        ),
        Err(error) => failed("schema", error.to_string()),
    }];
    findings.push(key_of(config, &pool).await);
    findings.push(match counts::waiting(&pool, clock.now()).await {
        Ok(waiting) => {
            let detail = format!(
                "{}, {}, {} (oldest {} s), {}, {}, {}",
                count(waiting.updates, "update"),
                count(waiting.messages, "message"),
                count(waiting.deletions, "deletion"),
                waiting.oldest_deletion_s,
                count(waiting.checks, "check"),
                count(waiting.calls, "call"),
                count(waiting.posts, "post"),
            );
            if waiting.oldest_deletion_s > 600 {
                warning("waiting", detail)
            } else {
                ok("waiting", detail)
            }
        }
        Err(error) => failed("waiting", error.to_string()),
    });
    pool.close().await;
    findings
}

/// How often X is asked by itself, and what that costs by X's price list.
pub async fn rechecks(config: &Config, clock: &Clock) -> Finding {
    let what = "re-checks";
    let Some(interval) = config.rechecks.interval else {
        let detail = format!(
            "off: a link that dies is not noticed until somebody looks ({})",
            RECHECK.name
        );
        return warning(what, detail);
    };
    let known = working_and_spent(config, clock).await.ok().flatten();
    // Without a database: what a single link comes to.
    let (working, spent) = known.map_or((1, None), |(working, spent)| (working, Some(spent)));
    let stretched = budget::stretched(working, interval, config.rechecks.budget);
    let month = budget::month(working, stretched);
    let mut detail = format!(
        "{} every {}: at most {} calls and {} a month by X's list ($0.010 for each that is accepted, once \
         a day in UTC)",
        count(working, "working link"),
        budget::spoken(stretched),
        month.calls,
        month.price
    );
    if let Some(sum) = config.rechecks.budget {
        let name = RECHECK_BUDGET.name;
        detail.push_str(&if stretched > interval {
            format!(
                "; {name} {sum} stretches that from {}, and the free question about the key pair fills the gaps",
                budget::spoken(interval)
            )
        } else {
            format!("; {name} {sum} is enough for that")
        });
    }
    if let Some(spent) = spent {
        let charged = budget::Dollars(spent.charged.saturating_mul(budget::PRICE));
        detail.push_str(&format!(
            "; this month {}, {charged}",
            count(spent.calls, "call")
        ));
    }
    ok(what, detail)
}

async fn working_and_spent(
    config: &Config,
    clock: &Clock,
) -> Result<Option<(u64, spending::Spent)>, StoreError> {
    if !config.database.exists() {
        return Ok(None);
    }
    let pool = copies::look_into(&config.database).await?;
    let found = async {
        let working = schedule::working(&pool).await?;
        Ok((working, spending::this_month(&pool, clock.now()).await?))
    };
    let found = found.await;
    pool.close().await;
    found.map(Some)
}

async fn key_of(config: &Config, pool: &sqlx::SqlitePool) -> Finding {
    let what = "key";
    let wanted = match canary::get(pool).await {
        Ok(Some(wanted)) => wanted,
        Ok(None) => return warning(what, "the database has sealed nothing yet"),
        Err(error) => return failed(what, error.to_string()),
    };
    let keyring = match Keyring::read(&config.key_file) {
        Ok(keyring) => keyring,
        Err(error) => {
            let wants = format!(
                "the database wants key {} ({})",
                wanted.key_id, wanted.fingerprint
            );
            return failed(what, format!("{error}; {wants}"));
        }
    };
    if let Err(error) = unlock::compare(&keyring, &wanted) {
        return failed(what, error.to_string());
    }
    let status = match rekey::status(pool, &keyring).await {
        Ok(status) => status,
        Err(error) => return failed(what, error.to_string()),
    };
    if let Some(lost) = status.iter().find(|key| key.is_lost()) {
        let (id, rows) = (lost.id, lost.rows.total());
        return if lost.given_up {
            warning(
                what,
                format!(
                    "key {id} is given up; what it sealed stays shut: {}",
                    count(rows, "row")
                ),
            )
        } else {
            failed(what, RekeyError::Lost { id, rows }.to_string())
        };
    }
    let old: i64 = status
        .iter()
        .filter(|key| key.state != Some(KeyState::Primary))
        .map(|key| key.rows.total())
        .sum();
    if old > 0 {
        let detail = format!(
            "{} sealed by older keys; run: addx key rewrap",
            are(old, "row")
        );
        return warning(what, detail);
    }
    ok(
        what,
        format!(
            "key {} ({}) opens the database",
            wanted.key_id, wanted.fingerprint
        ),
    )
}

fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .timeout(ANSWER_LIMIT)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(|_| "an HTTP client could not be made".to_owned())
}

async fn telegram(config: &Config, client: &reqwest::Client, clock: &Clock) -> Vec<Finding> {
    let what = "Telegram";
    let ask = |method: &str| {
        let mut url = config.telegram_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            segments.push(&format!("bot{}", config.token.expose()));
            segments.push(method);
        }
        client.get(url).send()
    };
    // An error of the client would print the address, and so the token: only its kind is told.
    let Ok(answer) = ask("getMe").await else {
        return vec![failed(what, "cannot be reached")];
    };
    let mut findings = vec![clock_against(what_clock(what), &answer, clock)];
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    findings.push(
        match body.pointer("/result/username").and_then(Value::as_str) {
            Some(username) => ok(what, format!("this is @{username}")),
            None if matches!(status.as_u16(), 401 | 404) => failed(
                what,
                "Telegram does not know this token; copy it again from @BotFather",
            ),
            None => failed(what, format!("answered {status}")),
        },
    );
    let webhook = match ask("getWebhookInfo").await {
        Ok(answer) => answer.json::<Value>().await.unwrap_or_default(),
        Err(_) => Value::Null,
    };
    findings.push(
        match webhook.pointer("/result/url").and_then(Value::as_str) {
            Some("") => ok("webhook", "none is set"),
            Some(_) => failed(
                "webhook",
                "one is set, so updates do not come here; call deleteWebhook",
            ),
            None => warning("webhook", "is not known"),
        },
    );
    findings
}

async fn x(config: &Config, client: &reqwest::Client, clock: &Clock) -> Vec<Finding> {
    let url: Option<Url> = {
        let mut url = config.x_url.clone();
        let pushed = url.path_segments_mut().map(|mut segments| {
            segments.pop_if_empty().extend(["2", "users", "me"]);
        });
        pushed.ok().map(|()| url)
    };
    let answer = match url {
        Some(url) => client.get(url).send().await.ok(),
        None => None,
    };
    match answer {
        // Unsigned, so X refuses it: that it answers is what counts.
        Some(answer) => vec![
            clock_against(what_clock("X"), &answer, clock),
            if answer.status().is_server_error() {
                warning("X", format!("answers {}", answer.status()))
            } else {
                ok("X", "answers")
            },
        ],
        None => vec![failed("X", "cannot be reached")],
    }
}

fn what_clock(of: &str) -> &'static str {
    if of == "X" {
        "clock against X"
    } else {
        "clock against Telegram"
    }
}

fn clock_against(what: &'static str, answer: &Response, clock: &Clock) -> Finding {
    let date = answer
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| DateTime::parse_from_rfc2822(&date.replace("UTC", "GMT")).ok());
    let Some(date) = date else {
        return warning(what, "no time was given");
    };
    let seconds = (clock.now() - date.with_timezone(&Utc)).num_seconds();
    let detail = format!("{seconds:+} s");
    match seconds.abs() {
        off if off <= CLOCK_WARNING => ok(what, detail),
        off if off <= CLOCK_LIMIT => warning(what, format!("{detail}; set this server's clock")),
        _ => failed(
            what,
            format!("{detail}; X refuses signatures: set this server's clock"),
        ),
    }
}

fn running(config: &Config, clock: &Clock) -> Finding {
    match Heartbeat::beside(&config.database, clock.clone()).check() {
        Ok(()) => ok("bot", "runs"),
        Err(reason) => warning("bot", format!("does not run: {reason}")),
    }
}
