//! `addx doctor`: looks at everything an operator can set right, before a user meets it. Prints no secret.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};
use reqwest::{Response, header::DATE, redirect::Policy};
use serde::Serialize;
use serde_json::Value;
use sqlx::SqlitePool;
use tokio::net::TcpListener;

use crate::{
    admin::{
        rekey::{self, RekeyError},
        unlock,
    },
    config::{AllowedUsers, Config, METRICS, PROXY, RECHECK, RECHECK_BUDGET},
    domain::budget,
    store::{self, StoreError, copies, counts, health_checks, key_check, spending},
    support::{
        clock::Clock,
        files::{folder_of, mode},
        heartbeat::Heartbeat,
        plural::{are, count},
    },
    vault::{KeyState, Keyring},
};

/// Timeout of one HTTP request.
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

/// What is to be said of it; an error is what has to be set right.
type Judged = anyhow::Result<(State, String)>;

impl Finding {
    fn of(what: &'static str, judged: Judged) -> Self {
        let (state, detail) = judged.unwrap_or_else(|error| (State::Failed, error.to_string()));
        Self {
            what,
            state,
            detail,
        }
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what a look comes to, like an error"
)]
fn ok(detail: impl Into<String>) -> Judged {
    Ok((State::Ok, detail.into()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what a look comes to, like an error"
)]
fn warning(detail: impl Into<String>) -> Judged {
    Ok((State::Warning, detail.into()))
}

/// Looks at everything. Never fails: what cannot be looked at is a finding.
pub(crate) async fn examine(
    config: &Config,
    env_file: Option<&Path>,
    clock: &Clock,
) -> Vec<Finding> {
    let mut findings = vec![Finding::of("access", access(config))];
    if let Some(file) = env_file {
        findings.push(Finding::of("environment file", private(file)));
    }
    for (what, file) in [
        ("key file", &config.key_file),
        ("database file", &config.database),
    ] {
        findings.push(Finding::of(what, private(file)));
    }
    for (what, file) in [
        ("key folder", &config.key_file),
        ("database folder", &config.database),
    ] {
        findings.push(Finding::of(what, private_folder(folder_of(file))));
    }
    findings.push(Finding::of("disk", disk(&config.database)));
    findings.extend(database(config, clock).await);
    findings.push(rechecks(config, clock).await);
    match client() {
        Ok(client) => {
            findings.extend(telegram(config, &client, clock).await);
            findings.extend(x(config, &client, clock).await);
        }
        Err(error) => findings.push(Finding::of("network", Err(error))),
    }
    let bot = Finding::of("bot", running(config, clock));
    let runs = bot.state == State::Ok;
    findings.push(bot);
    for (what, variable, address) in [
        ("programs", PROXY, config.proxy),
        ("metrics", METRICS, config.metrics),
    ] {
        // What the bot answers there to whoever knows nothing.
        let sign = if variable.name == PROXY.name {
            "\"unauthorized\""
        } else {
            "there are /metrics"
        };
        findings.push(Finding::of(
            what,
            door(variable.name, sign, address, runs).await,
        ));
    }
    findings
}

/// An address that the bot listens at: taken by it while it runs, and free for it otherwise.
async fn door(name: &str, sign: &str, address: Option<SocketAddr>, bot_runs: bool) -> Judged {
    let Some(address) = address else {
        return ok(format!("off; {name} lets the bot listen"));
    };
    if address.port() == 0 {
        return ok(format!("{address}: any free port, which the log names"));
    }
    let others = if address.ip().is_loopback() {
        ""
    } else {
        "; other machines may reach it"
    };
    if !bot_runs {
        return match TcpListener::bind(address).await {
            Ok(_) => ok(format!("{address} is free for the bot{others}")),
            Err(error) => bail!(
                "{address} cannot be listened at ({error}); stop who has it, or change {name}"
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
    let Ok(client) = client() else {
        return warning(format!("{address}: not known"));
    };
    let asked = client.get(format!("http://{near}/")).timeout(DOOR_LIMIT);
    let answered = async { asked.send().await?.text().await };
    match answered.await {
        Ok(text) if text.contains(sign) => ok(format!("{address} takes connections{others}")),
        Ok(_) => bail!(
            "{address} is taken by another program; the bot tries again and again, so stop that one, or change {name} and start again"
        ),
        Err(_) => bail!(
            "{address} takes no connections although the bot runs; start it again with this {name}, and look at its log"
        ),
    }
}

fn access(config: &Config) -> Judged {
    match (&config.people.allowed, config.people.owner) {
        (AllowedUsers::Everybody, Some(_)) => ok("the owner decides about each person"),
        (AllowedUsers::Everybody, None) => {
            warning("everybody may use this bot; ADDX_ALLOWED_USERS or ADDX_OWNER limits it")
        }
        (AllowedUsers::Only(users), _) => ok(format!("{} allowed", are(users.len(), "user"))),
    }
}

fn private_folder(folder: &Path) -> Judged {
    let path = folder.display();
    match mode(folder) {
        None => warning(format!("{path} is not there yet")),
        Some(mode) if mode & 0o022 != 0 => {
            bail!("others may write to it (mode {mode:03o}); run: chmod 700 {path}")
        }
        Some(mode) if mode & 0o077 != 0 => warning(format!(
            "others may look into it (mode {mode:03o}); better: chmod 700 {path}"
        )),
        Some(_) => ok("private"),
    }
}

fn private(file: &Path) -> Judged {
    let path = file.display();
    match mode(file) {
        None => warning(format!(
            "{path} does not exist yet; the first start creates it"
        )),
        Some(mode) if mode & 0o077 != 0 => {
            bail!("others may read it (mode {mode:03o}); run: chmod 600 {path}")
        }
        Some(_) => ok("private"),
    }
}

fn disk(database: &Path) -> Judged {
    let mut folders = database.ancestors().skip(1);
    let place = folders.find(|folder| folder.exists());
    let disk = match rustix::fs::statvfs(place.unwrap_or_else(|| Path::new("."))) {
        Ok(disk) => disk,
        Err(error) => return warning(format!("free space is not known: {error}")),
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let detail = format!("{} MiB free", free / (1024 * 1024));
    if free < DISK_WARNING {
        warning(detail)
    } else {
        ok(detail)
    }
}

async fn database(config: &Config, clock: &Clock) -> Vec<Finding> {
    if !config.database.exists() {
        let judged = warning("not there yet; the first start makes it");
        return vec![Finding::of("database", judged)];
    }
    let pool = match copies::look_into(&config.database).await {
        Ok(pool) => pool,
        Err(error) => return vec![Finding::of("database", Err(error.into()))],
    };
    let findings = vec![
        Finding::of("schema", schema(&pool).await),
        Finding::of("key", key(config, &pool).await),
        Finding::of("waiting", waiting(&pool, clock).await),
    ];
    pool.close().await;
    findings
}

async fn schema(pool: &SqlitePool) -> Judged {
    let known = store::known_schema();
    match counts::schema_version(pool).await? {
        version if version == known => ok(format!("version {version}")),
        version if version < known => warning(format!(
            "version {version}; the next start brings it to {known}"
        )),
        version => {
            bail!("version {version} is newer than this program knows ({known}); use a newer addx")
        }
    }
}

async fn waiting(pool: &SqlitePool, clock: &Clock) -> Judged {
    let waiting = counts::waiting(pool, clock.now()).await?;
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
        warning(detail)
    } else {
        ok(detail)
    }
}

/// How often X is asked by itself, and what that costs by X's price list.
pub async fn rechecks(config: &Config, clock: &Clock) -> Finding {
    Finding::of("re-checks", cost_of_rechecks(config, clock).await)
}

async fn cost_of_rechecks(config: &Config, clock: &Clock) -> Judged {
    let Some(interval) = config.rechecks.interval else {
        return warning(format!(
            "off: a link that dies is not noticed until somebody looks ({})",
            RECHECK.name
        ));
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
    ok(detail)
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
        let working = health_checks::working(&pool).await?;
        Ok((working, spending::this_month(&pool, clock.now()).await?))
    };
    let found = found.await;
    pool.close().await;
    found.map(Some)
}

async fn key(config: &Config, pool: &SqlitePool) -> Judged {
    let Some(wanted) = key_check::get(pool).await? else {
        return warning("the database has sealed nothing yet");
    };
    let (id, fingerprint) = (wanted.key_id, &wanted.fingerprint);
    let keyring = Keyring::read(&config.key_file)
        .map_err(|error| anyhow!("{error}; the database wants key {id} ({fingerprint})"))?;
    unlock::compare(&keyring, &wanted)?;
    if let Some(id) = keyring.not_scrubbed() {
        bail!("the key file still holds the bytes of retired key {id}; run: addx key retire {id}");
    }
    let status = rekey::status(pool, &keyring).await?;
    if let Some(lost) = status.iter().find(|key| key.is_lost()) {
        let (id, rows) = (lost.id, lost.rows.total());
        if !lost.given_up {
            return Err(RekeyError::Lost { id, rows }.into());
        }
        let rows = count(rows, "row");
        return warning(format!(
            "key {id} is given up; what it sealed stays shut: {rows}"
        ));
    }
    let old: i64 = status
        .iter()
        .filter(|key| key.state != Some(KeyState::Primary))
        .map(|key| key.rows.total())
        .sum();
    if old > 0 {
        return warning(format!(
            "{} sealed by older keys; run: addx key rewrap",
            are(old, "row")
        ));
    }
    ok(format!("key {id} ({fingerprint}) opens the database"))
}

fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(ANSWER_LIMIT)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .map_err(|_| anyhow!("an HTTP client could not be made"))
}

async fn telegram(config: &Config, client: &reqwest::Client, clock: &Clock) -> Vec<Finding> {
    let ask = async |method: &str| {
        let mut url = config.telegram_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            let bot = format!("bot{}", config.token.expose());
            segments.pop_if_empty().extend([&*bot, method]);
        }
        // An error of the client would print the address, and so the token: only its kind is told.
        let answer = client.get(url).send().await;
        answer.map_err(|_| anyhow!("cannot be reached"))
    };
    let answer = match ask("getMe").await {
        Ok(answer) => answer,
        Err(error) => return vec![Finding::of("Telegram", Err(error))],
    };
    let clocks = clock_against(&answer, clock);
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    let me = match body.pointer("/result/username").and_then(Value::as_str) {
        Some(username) => ok(format!("this is @{username}")),
        None if matches!(status.as_u16(), 401 | 404) => Err(anyhow!(
            "Telegram does not know this token; copy it again from @BotFather"
        )),
        None => Err(anyhow!("answered {status}")),
    };
    let webhook: Value = match ask("getWebhookInfo").await {
        Ok(answer) => answer.json().await.unwrap_or_default(),
        Err(_) => Value::Null,
    };
    let webhook = match webhook.pointer("/result/url").and_then(Value::as_str) {
        Some("") => ok("none is set"),
        Some(_) => Err(anyhow!(
            "one is set, so updates do not come here; call deleteWebhook"
        )),
        None => warning("is not known"),
    };
    vec![
        Finding::of("clock against Telegram", clocks),
        Finding::of("Telegram", me),
        Finding::of("webhook", webhook),
    ]
}

async fn x(config: &Config, client: &reqwest::Client, clock: &Clock) -> Vec<Finding> {
    let mut url = config.x_url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["2", "users", "me"]);
    }
    let Ok(answer) = client.get(url).send().await else {
        return vec![Finding::of("X", Err(anyhow!("cannot be reached")))];
    };
    // Unsigned, so X refuses it: that it answers is what counts.
    let status = answer.status();
    let answers = if status.is_server_error() {
        warning(format!("answers {status}"))
    } else {
        ok("answers")
    };
    vec![
        Finding::of("clock against X", clock_against(&answer, clock)),
        Finding::of("X", answers),
    ]
}

/// Whether this machine's clock agrees with Telegram's and X's.
pub(crate) async fn clocks_agree(config: &Config, clock: &Clock) -> bool {
    let Ok(client) = client() else { return false };
    let mut found = telegram(config, &client, clock).await;
    found.extend(x(config, &client, clock).await);
    let agrees = |found: &&Finding| found.what.starts_with("clock ") && found.state == State::Ok;
    found.iter().filter(agrees).count() == 2
}

fn clock_against(answer: &Response, clock: &Clock) -> Judged {
    let date = answer
        .headers()
        .get(DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| DateTime::parse_from_rfc2822(&date.replace("UTC", "GMT")).ok());
    let Some(date) = date else {
        return warning("no time was given");
    };
    let seconds = (clock.now() - date.with_timezone(&Utc)).num_seconds();
    match seconds.abs() {
        off if off <= CLOCK_WARNING => ok(format!("{seconds:+} s")),
        off if off <= CLOCK_LIMIT => warning(format!("{seconds:+} s; set this server's clock")),
        _ => bail!("{seconds:+} s; X refuses signatures: set this server's clock"),
    }
}

fn running(config: &Config, clock: &Clock) -> Judged {
    match Heartbeat::beside(&config.database, clock.clone()).check() {
        Ok(()) => ok("runs"),
        Err(reason) => warning(format!("does not run: {reason}")),
    }
}
