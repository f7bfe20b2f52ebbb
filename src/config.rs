//! The configuration: every environment variable there is, in one list that code, `--help` and README share.

use std::{
    collections::HashSet,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use chrono::TimeDelta;
use url::{Host, Url};

use crate::domain::{budget::Dollars, credentials::Secret, facts::Standing, health::Rules};

/// An environment variable the bot reads.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What counts when it is not set; `None`: it must be set.
    pub default: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
}

impl Variable {
    /// What `get` says, or else what counts when it is not set.
    fn value(self, get: impl Fn(&str) -> Option<String>) -> String {
        let set = get(self.name).map(|value| value.trim().to_owned());
        set.filter(|value| !value.is_empty())
            .unwrap_or_else(|| self.default.unwrap_or_default().to_owned())
    }
}

/// The variables, each as a constant, and all of them in the order of the README.
macro_rules! variables {
    ($($(#[$about:meta])* $visible:vis $constant:ident = $name:literal, $default:expr, $meaning:literal;)+) => {
        $($(#[$about])*
        $visible const $constant: Variable = Variable {
            name: $name,
            default: $default,
            meaning: $meaning,
        };)+

        /// Every variable, in the order of the README.
        pub const VARIABLES: &[Variable] = &[$($constant),+];
    };
}

variables! {
    /// The bot's token.
    pub(crate) TOKEN = "TELOXIDE_TOKEN", None,
        "the bot's token, from @BotFather";
    /// Where Telegram's Bot API is.
    pub(crate) TELEGRAM_URL = "TELOXIDE_API_URL", Some("https://api.telegram.org"),
        "Bot API server";
    /// Where X's API is.
    pub X_URL = "X_API_URL", Some("https://api.x.com"),
        "X API server";
    /// Where the database is.
    pub(crate) DATABASE = "DATABASE_URL", Some("sqlite://data/addx.db"),
        "SQLite file; created when missing, readable only by its owner";
    /// Where the keyring is.
    pub(crate) KEY_FILE = "ADDX_KEY_FILE", Some("secrets/addx.key"),
        "key file; created at the first start with an empty database, never over existing data";
    /// Who may use the bot.
    pub(crate) ALLOWED_USERS = "ADDX_ALLOWED_USERS", Some(""),
        "Telegram user IDs that can use the bot, separated by commas; empty: everyone";
    /// Who decides about others.
    pub(crate) OWNER = "ADDX_OWNER", Some(""),
        "Telegram user ID of the bot owner, who approves and blocks users; empty: only the list decides";
    /// Interval of regular checks.
    pub(crate) RECHECK = "ADDX_RECHECK", Some("24h"),
        "interval of regular checks with X: 24h, 90s or off";
    /// Delay before a rejection is checked again.
    pub(crate) RECHECK_CONFIRM = "ADDX_RECHECK_CONFIRM", Some("10m"),
        "delay before a rejection is checked again, and then reported: 10m or 90s";
    /// Limit of their cost.
    pub(crate) RECHECK_BUDGET = "ADDX_RECHECK_BUDGET", Some(""),
        "limit in US dollars a month for regular checks, by X's price list; the interval is stretched to fit; empty: no limit";
    /// Address of the proxy.
    pub(crate) PROXY = "ADDX_PROXY_ADDR", Some(""),
        "proxy address: ADDRESS:PORT, or a localhost port; empty: off";
    /// Where the metrics can be fetched.
    pub(crate) METRICS = "ADDX_METRICS_ADDR", Some(""),
        "address of /metrics, /healthz and /readyz: ADDRESS:PORT, or a localhost port; empty: off";
    /// Days until every copy is deleted.
    pub(crate) BACKUP_DAYS = "ADDX_BACKUP_DAYS", Some(""),
        "days after which every copy of the database is deleted: receipts name that date; empty: they say to ask the operator";
    /// How long the audit trail is kept.
    pub(crate) AUDIT_DAYS = "ADDX_AUDIT_DAYS", Some(""),
        "days after which entries of the audit trail are pruned; empty: never";
    /// What is logged.
    pub(crate) LOG = "RUST_LOG", Some("addx=info"),
        "log filter (tracing); other crates stay quiet whatever it says";
}

/// A variable that cannot be used, and how to mend it. Never names the value of the token.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl ConfigError {
    /// A problem with `variable`.
    pub fn new(variable: Variable, problem: impl fmt::Display) -> Self {
        Self {
            variable: variable.name,
            problem: problem.to_string(),
        }
    }
}

/// Who may use the bot, and who decides about others and hears of trouble.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// [`ALLOWED_USERS`]
    pub allowed: AllowedUsers,
    /// [`OWNER`]
    pub owner: Option<i64>,
}

/// The users that the configuration names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedUsers {
    /// Everybody.
    #[default]
    Everybody,
    /// These Telegram user ids.
    Only(HashSet<i64>),
}

impl People {
    /// Whether this Telegram user may use the bot, if its owner decided this about them. Without an owner the fixed list
    /// alone decides. With one, an empty list lets nobody in, the owner's word adds to the list, and whom they blocked stays
    /// out.
    pub(crate) fn admit(&self, user: i64, standing: Option<Standing>) -> bool {
        match (self.owner, standing) {
            (None, _) => self.allowed.contains(user),
            (Some(owner), _) if owner == user => true,
            (Some(_), Some(Standing::Granted)) => true,
            (Some(_), Some(Standing::Blocked)) => false,
            (Some(_), Some(Standing::Asked | Standing::Refused) | None) => self.allowed.lists(user),
        }
    }
}

impl AllowedUsers {
    /// Whether this Telegram user may use the bot.
    pub(crate) fn contains(&self, user: i64) -> bool {
        match self {
            Self::Everybody => true,
            Self::Only(users) => users.contains(&user),
        }
    }

    /// Whether this Telegram user is named.
    pub(crate) fn lists(&self, user: i64) -> bool {
        match self {
            Self::Everybody => false,
            Self::Only(users) => users.contains(&user),
        }
    }
}

/// How X is asked by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rechecks {
    /// [`RECHECK`]; `None`: not at all.
    pub interval: Option<TimeDelta>,
    /// [`RECHECK_CONFIRM`]
    pub confirm: TimeDelta,
    /// [`RECHECK_BUDGET`]
    pub budget: Option<Dollars>,
}

impl Rechecks {
    /// Not at all.
    pub const OFF: Self = Self {
        interval: None,
        confirm: TimeDelta::minutes(10),
        budget: None,
    };
    /// What goes for a single link, for one that is asked about on other grounds too.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            interval: self.interval.unwrap_or(TimeDelta::hours(24)),
            confirm: self.confirm,
        }
    }

    /// What a month may cost; what is asked on other grounds than an interval is not reckoned up beforehand.
    pub(crate) fn sum(&self) -> Option<Dollars> {
        self.interval.and(self.budget)
    }
}

/// Everything the bot is told from outside.
#[derive(Debug)]
pub struct Config {
    /// [`TOKEN`]
    pub token: Secret,
    /// [`TELEGRAM_URL`]
    pub telegram_url: Url,
    /// [`X_URL`]
    pub x_url: Url,
    /// [`DATABASE`], as a path.
    pub database: PathBuf,
    /// [`KEY_FILE`]
    pub key_file: PathBuf,
    /// [`ALLOWED_USERS`] and [`OWNER`]
    pub people: People,
    /// [`RECHECK`], [`RECHECK_CONFIRM`] and [`RECHECK_BUDGET`]
    pub rechecks: Rechecks,
    /// [`PROXY`]
    pub proxy: Option<SocketAddr>,
    /// [`METRICS`]
    pub metrics: Option<SocketAddr>,
    /// [`AUDIT_DAYS`]
    pub keeps_audit: Option<TimeDelta>,
    /// [`BACKUP_DAYS`]
    pub keeps_backups: Option<TimeDelta>,
}

impl Config {
    /// Reads the variables through `get`.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let value = |variable: Variable| variable.value(&get);
        let token = value(TOKEN);
        if token.is_empty() {
            return Err(ConfigError::new(
                TOKEN,
                "not set. Send /newbot to @BotFather in Telegram and put the token it gives you into the environment or \
                 into .env. To look around without a token: cargo run --example demo",
            ));
        }
        if !looks_like_token(&token) {
            return Err(ConfigError::new(
                TOKEN,
                "this is not a bot token. One looks like 123456789:AAE… and comes from @BotFather",
            ));
        }
        Ok(Self {
            token: Secret::new(token),
            telegram_url: api_url(TELEGRAM_URL, &value(TELEGRAM_URL))?,
            x_url: api_url(X_URL, &value(X_URL))?,
            database: database_path(&value(DATABASE))?,
            key_file: PathBuf::from(value(KEY_FILE)),
            people: People {
                allowed: allowed_users(&value(ALLOWED_USERS))?,
                owner: owner(&value(OWNER))?,
            },
            rechecks: Rechecks {
                interval: match value(RECHECK).as_str() {
                    "off" => None,
                    text => Some(span(RECHECK, text)?),
                },
                confirm: span(RECHECK_CONFIRM, &value(RECHECK_CONFIRM))?,
                budget: dollars(&value(RECHECK_BUDGET))?,
            },
            proxy: address(PROXY, &value(PROXY))?,
            metrics: address(METRICS, &value(METRICS))?,
            keeps_audit: days(AUDIT_DAYS, &value(AUDIT_DAYS))?,
            keeps_backups: days(BACKUP_DAYS, &value(BACKUP_DAYS))?,
        })
    }
}

/// The path of the database from what `get` says; for commands that need nothing else.
pub fn database(get: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    database_path(&DATABASE.value(get))
}

/// The path of the key file from what `get` says; for commands that need nothing else.
pub fn key_file(get: impl Fn(&str) -> Option<String>) -> PathBuf {
    KEY_FILE.value(get).into()
}

/// How long copies are kept from what `get` says; for commands that need nothing else.
pub(crate) fn keeps_backups(
    get: impl Fn(&str) -> Option<String>,
) -> Result<Option<TimeDelta>, ConfigError> {
    days(BACKUP_DAYS, &BACKUP_DAYS.value(get))
}

/// The X API from what `get` says; for commands that need nothing else.
pub(crate) fn x_url(get: impl Fn(&str) -> Option<String>) -> Result<Url, ConfigError> {
    api_url(X_URL, &X_URL.value(get))
}

fn looks_like_token(token: &str) -> bool {
    let Some((id, secret)) = token.split_once(':') else {
        return false;
    };
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_digit())
        && secret.len() >= 8
        && secret.bytes().all(url_safe)
}

/// A server's URL: secrets go there, so it must be encrypted unless it is this machine.
fn api_url(variable: Variable, text: &str) -> Result<Url, ConfigError> {
    let mut url: Url = text
        .parse()
        .map_err(|_| ConfigError::new(variable, "this is not a URL"))?;
    let is_plain = matches!(url.scheme(), "http");
    if !is_plain && url.scheme() != "https" {
        return Err(ConfigError::new(
            variable,
            "the URL must begin with https://",
        ));
    }
    if is_plain && !is_loopback(&url) {
        return Err(ConfigError::new(
            variable,
            "the URL must begin with https://; http:// is allowed for this machine only (127.0.0.1, [::1], localhost)",
        ));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(ConfigError::new(
            variable,
            "the URL may have a host, a port and a path, and nothing else",
        ));
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn database_path(text: &str) -> Result<PathBuf, ConfigError> {
    let problem = |problem| ConfigError::new(DATABASE, problem);
    let path = text
        .strip_prefix("sqlite:")
        .ok_or_else(|| problem("it must begin with sqlite:, like sqlite://data/addx.db"))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or_default();
    if path.is_empty() || path.contains(":memory:") {
        return Err(problem(
            "it must name a file: links that are gone at the next start help nobody",
        ));
    }
    Ok(Path::new(path).to_owned())
}

fn allowed_users(text: &str) -> Result<AllowedUsers, ConfigError> {
    let words = text.split(',').map(str::trim);
    let users: Result<HashSet<i64>, _> = words
        .filter(|word| !word.is_empty())
        .map(str::parse)
        .collect();
    match users {
        Ok(users) if users.is_empty() => Ok(AllowedUsers::Everybody),
        Ok(users) => Ok(AllowedUsers::Only(users)),
        Err(_) => Err(ConfigError::new(
            ALLOWED_USERS,
            "it must be Telegram user ids (numbers) separated by commas; the bot tells each person theirs",
        )),
    }
}

fn owner(text: &str) -> Result<Option<i64>, ConfigError> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let problem =
            "it must be one Telegram user id (a number); the bot tells each person theirs";
        ConfigError::new(OWNER, problem)
    })
}

/// A time like `24h`, `10m` or `90s`, from a second to a year.
fn span(variable: Variable, text: &str) -> Result<TimeDelta, ConfigError> {
    let seconds = || {
        let unit = match text.chars().last()? {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return None,
        };
        let count: i64 = text.get(..text.len() - 1)?.parse().ok()?;
        count.checked_mul(unit)
    };
    match seconds() {
        Some(seconds @ 1..=31_536_000) => Ok(TimeDelta::seconds(seconds)),
        Some(_) => Err(ConfigError::new(variable, "it must be from 1s to 365d")),
        None => Err(ConfigError::new(
            variable,
            if variable.name == RECHECK.name {
                "it must be a number with s, m, h or d, like 24h or 90s, or off"
            } else {
                "it must be a number with s, m, h or d, like 10m"
            },
        )),
    }
}

/// A number of days; empty: not known.
fn days(variable: Variable, text: &str) -> Result<Option<TimeDelta>, ConfigError> {
    match text.parse::<i64>() {
        _ if text.is_empty() => Ok(None),
        Ok(days @ 1..=3650) => Ok(Some(TimeDelta::days(days))),
        Ok(_) | Err(_) => Err(ConfigError::new(
            variable,
            "it must be a number of days from 1 to 3650, like 30, or empty",
        )),
    }
}

/// An amount like `5` or `2.50`.
fn dollars(text: &str) -> Result<Option<Dollars>, ConfigError> {
    if text.is_empty() {
        return Ok(None);
    }
    let problem = || {
        ConfigError::new(
            RECHECK_BUDGET,
            "it must be US dollars a month, like 5 or 2.50",
        )
    };
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, cents) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !is_number(whole) || !is_number(cents) || cents.len() > 2 {
        return Err(problem());
    }
    let whole: u64 = whole.parse().map_err(|_| problem())?;
    let cents: u64 = format!("{cents:0<2}").parse().map_err(|_| problem())?;
    let amount = whole
        .checked_mul(100)
        .and_then(|all| all.checked_add(cents))
        .and_then(|all| all.checked_mul(100))
        .ok_or_else(problem)?;
    Ok(Some(Dollars(amount)))
}

/// Where to listen, if anywhere. A bare port is one of this machine alone.
fn address(variable: Variable, text: &str) -> Result<Option<SocketAddr>, ConfigError> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(port) = text.parse() {
        return Ok(Some((Ipv4Addr::LOCALHOST, port).into()));
    }
    text.parse().map(Some).map_err(|_| {
        let problem =
            "it must be an address with a port, like 127.0.0.1:8787 or [::1]:8787, or a port alone";
        ConfigError::new(variable, problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_off_and_a_bare_port_is_of_this_machine_alone() {
        let read_proxy = |text| {
            read(&[("TELOXIDE_TOKEN", MADE_UP), ("ADDX_PROXY_ADDR", text)])
                .map(|config| config.proxy.map(|address| address.to_string()))
        };
        assert_eq!(read_proxy("").unwrap(), None);
        for (text, address) in [
            ("8787", "127.0.0.1:8787"),
            ("127.0.0.1:8787", "127.0.0.1:8787"),
            ("[::1]:8787", "[::1]:8787"),
            ("0.0.0.0:8787", "0.0.0.0:8787"),
        ] {
            assert_eq!(read_proxy(text).unwrap().as_deref(), Some(address));
        }
        for text in ["70000", ":8787", "example.org:80", "127.0.0.1", "on"] {
            let error = read_proxy(text).unwrap_err();
            assert_eq!(error.variable, "ADDX_PROXY_ADDR");
        }
    }

    #[test]
    fn how_long_copies_are_kept_is_not_known_unless_it_is_said() {
        let read_days = |text| {
            read(&[("TELOXIDE_TOKEN", MADE_UP), ("ADDX_BACKUP_DAYS", text)])
                .map(|config| config.keeps_backups)
        };
        assert_eq!(read_days("").unwrap(), None);
        assert_eq!(read_days(" 30 ").unwrap(), Some(TimeDelta::days(30)));
        for text in ["0", "-1", "3651", "30d", "a month"] {
            assert_eq!(read_days(text).unwrap_err().variable, "ADDX_BACKUP_DAYS");
        }
        let alone = keeps_backups(|_| Some(" 7 ".to_owned()));
        assert_eq!(alone.unwrap(), Some(TimeDelta::days(7)));
    }

    const MADE_UP: &str = "123456789:AAmadeUpTokenForTests";

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            pairs
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_token_is_all_that_must_be_set() {
        let config = read(&[("TELOXIDE_TOKEN", MADE_UP)]).unwrap();
        assert_eq!(config.telegram_url.as_str(), "https://api.telegram.org/");
        assert_eq!(config.database, Path::new("data/addx.db"));
        assert_eq!(config.key_file, Path::new("secrets/addx.key"));
        assert_eq!(config.people.allowed, AllowedUsers::Everybody);
    }

    #[test]
    fn each_problem_names_its_variable_and_never_the_token() {
        type Environment<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Environment<'_>, &str, &str); 9] = [
            (&[], "TELOXIDE_TOKEN", "@BotFather"),
            (&[("TELOXIDE_TOKEN", " ")], "TELOXIDE_TOKEN", "demo"),
            (
                &[("TELOXIDE_TOKEN", "madeUp")],
                "TELOXIDE_TOKEN",
                "not a bot token",
            ),
            (
                &[
                    ("TELOXIDE_TOKEN", MADE_UP),
                    ("X_API_URL", "http://api.x.com"),
                ],
                "X_API_URL",
                "https://",
            ),
            (
                &[("TELOXIDE_TOKEN", MADE_UP), ("X_API_URL", "nonsense")],
                "X_API_URL",
                "not a URL",
            ),
            (
                &[
                    ("TELOXIDE_TOKEN", MADE_UP),
                    ("TELOXIDE_API_URL", "https://u:p@h"),
                ],
                "TELOXIDE_API_URL",
                "nothing else",
            ),
            (
                &[
                    ("TELOXIDE_TOKEN", MADE_UP),
                    ("DATABASE_URL", "postgres://x"),
                ],
                "DATABASE_URL",
                "sqlite:",
            ),
            (
                &[
                    ("TELOXIDE_TOKEN", MADE_UP),
                    ("DATABASE_URL", "sqlite::memory:"),
                ],
                "DATABASE_URL",
                "name a file",
            ),
            (
                &[("TELOXIDE_TOKEN", MADE_UP), ("ADDX_ALLOWED_USERS", "1,ada")],
                "ADDX_ALLOWED_USERS",
                "numbers",
            ),
        ];
        for (pairs, variable, hint) in cases {
            let error = read(pairs).unwrap_err();
            assert_eq!(error.variable, variable);
            let text = error.to_string();
            assert!(text.contains(hint), "{text}");
            assert!(!text.contains("madeUp"), "{text}");
        }
    }

    #[test]
    fn re_checks_are_read_as_they_are_written() {
        let rechecks = |pairs: &[(&str, &str)]| {
            let mut all = vec![("TELOXIDE_TOKEN", MADE_UP)];
            all.extend_from_slice(pairs);
            read(&all).map(|config| config.rechecks)
        };
        let default = rechecks(&[]).unwrap();
        assert_eq!(default.interval, Some(TimeDelta::hours(24)));
        assert_eq!(default.confirm, TimeDelta::minutes(10));
        assert_eq!(default.budget, None);
        for (text, seconds) in [("90s", 90), ("1s", 1), ("10m", 600), ("7d", 604_800)] {
            let read = rechecks(&[("ADDX_RECHECK", text), ("ADDX_RECHECK_CONFIRM", text)]).unwrap();
            assert_eq!(read.interval, Some(TimeDelta::seconds(seconds)));
            assert_eq!(read.confirm, TimeDelta::seconds(seconds));
        }
        assert_eq!(rechecks(&[("ADDX_RECHECK", "off")]).unwrap().interval, None);
        for (text, amount) in [("5", 50_000), ("2.50", 25_000), ("0.5", 5_000), ("0", 0)] {
            let read = rechecks(&[("ADDX_RECHECK_BUDGET", text)]).unwrap();
            assert_eq!(read.budget, Some(Dollars(amount)), "{text}");
        }
        for (name, text) in [
            ("ADDX_RECHECK", "0s"),
            ("ADDX_RECHECK", "24"),
            ("ADDX_RECHECK", "h"),
            ("ADDX_RECHECK", "-1h"),
            ("ADDX_RECHECK", "366d"),
            ("ADDX_RECHECK", "9223372036854775807d"),
            ("ADDX_RECHECK_CONFIRM", "off"),
            ("ADDX_RECHECK_CONFIRM", "soon"),
            ("ADDX_RECHECK_BUDGET", "-5"),
            ("ADDX_RECHECK_BUDGET", "$5"),
            ("ADDX_RECHECK_BUDGET", "2.505"),
            ("ADDX_RECHECK_BUDGET", "."),
            ("ADDX_RECHECK_BUDGET", "99999999999999999999"),
        ] {
            assert_eq!(
                rechecks(&[(name, text)]).unwrap_err().variable,
                name,
                "{text}"
            );
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, fine) in [
            ("http://127.0.0.1:8081", true),
            ("http://localhost:8081/", true),
            ("http://[::1]:8081", true),
            ("http://127.0.0.1.example.com", false),
            ("http://10.0.0.1", false),
            ("ftp://127.0.0.1", false),
            ("https://bot-api.example.com/telegram/", true),
        ] {
            let config = read(&[("TELOXIDE_TOKEN", MADE_UP), ("TELOXIDE_API_URL", url)]);
            assert_eq!(config.is_ok(), fine, "{url}");
        }
    }

    #[test]
    fn the_metrics_are_off_and_a_bare_port_is_of_this_machine_alone() {
        let read_metrics = |text| {
            read(&[("TELOXIDE_TOKEN", MADE_UP), ("ADDX_METRICS_ADDR", text)])
                .map(|config| config.metrics.map(|address| address.to_string()))
        };
        assert_eq!(read_metrics("").unwrap(), None);
        for (text, address) in [
            ("9464", "127.0.0.1:9464"),
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            ("[::1]:9464", "[::1]:9464"),
            ("0.0.0.0:9464", "0.0.0.0:9464"),
        ] {
            assert_eq!(read_metrics(text).unwrap().as_deref(), Some(address));
        }
        for text in ["70000", ":9464", "example.org:80", "127.0.0.1", "on"] {
            let error = read_metrics(text).unwrap_err();
            assert_eq!(error.variable, "ADDX_METRICS_ADDR");
        }
    }

    #[test]
    fn a_database_url_is_read_as_sqlx_would() {
        for (url, path) in [
            ("sqlite://data/addx.db", "data/addx.db"),
            ("sqlite:data/addx.db", "data/addx.db"),
            ("sqlite:///var/lib/addx.db?mode=rwc", "/var/lib/addx.db"),
        ] {
            assert_eq!(database_path(url).unwrap(), Path::new(path));
        }
    }

    #[test]
    fn a_configuration_can_be_printed_without_the_token() {
        let config = read(&[("TELOXIDE_TOKEN", MADE_UP), ("ADDX_ALLOWED_USERS", "7, 8")]).unwrap();
        assert!(!format!("{config:?}").contains("madeUp"));
        assert!(config.people.allowed.contains(8) && !config.people.allowed.contains(9));
    }
}
