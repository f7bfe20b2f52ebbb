//! The bot as a process of its own, both simulators, and what can be seen of the bot from outside.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use addx::testing::{
    clock::Clock,
    domain::credentials::Field,
    random::Random,
    store::{
        Store, accounts,
        values::{self, Slot},
    },
    vault::{Keyring, Vault},
};
use addx_sim::{
    telegram::TelegramSim,
    x::{App, AppPermission, FourValues, XSim, XUser},
};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tempfile::TempDir;

use crate::canary::{Canary, search};

/// Longer than anything takes that goes on at all.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Both simulators and the bot's folder.
pub(crate) struct World {
    pub(crate) telegram: TelegramSim,
    pub(crate) x: XSim,
    folder: TempDir,
}

/// A running bot. It is killed when this is dropped.
pub(crate) struct Bot {
    child: Child,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Self {
        let telegram = TelegramSim::start().await.unwrap();
        telegram.set_patience(PATIENCE);
        Self {
            telegram,
            x: XSim::start_seeded(seed).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Starts the bot. `env` is what is set besides the usual.
    pub(crate) fn start(&self, env: &[(&str, &str)]) -> Bot {
        let mut program = self.program("addx");
        program.envs(env.iter().copied());
        self.run(program)
    }

    /// Starts a program whose complaints go to the bot's log.
    pub(crate) fn run(&self, mut program: Command) -> Bot {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let child = program
            .env("RUST_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Bot { child }
    }

    /// A program in the bot's folder and environment; `addx` is the one under test.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut program = Command::new(match name {
            "addx" => env!("CARGO_BIN_EXE_addx"),
            other => other,
        });
        program
            .current_dir(self.folder.path())
            .env_clear()
            .env("TELOXIDE_TOKEN", self.telegram.token())
            .env("TELOXIDE_API_URL", self.telegram.url())
            .env("X_API_URL", self.x.url())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        program
    }

    /// Runs a command beside the bot, while both simulators go on.
    pub(crate) async fn addx(&self, arguments: &[&str]) -> Done {
        let mut command = self.program("addx");
        command.args(arguments);
        finished(command).await
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("secrets/addx.key")
    }

    /// Runs one of the operator's commands beside the bot. Its answer.
    pub(crate) fn operator(&self, arguments: &[&str]) -> String {
        let ran = Command::new(env!("CARGO_BIN_EXE_addx"))
            .current_dir(self.folder.path())
            .env_clear()
            .args(arguments)
            .output()
            .unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    /// What `addx healthcheck` ends with beside the bot.
    pub(crate) fn healthcheck(&self) -> Option<i32> {
        let checked = Command::new(env!("CARGO_BIN_EXE_addx"))
            .arg("healthcheck")
            .current_dir(self.folder.path())
            .env_clear()
            .stderr(Stdio::null())
            .status();
        checked.unwrap().code()
    }

    /// A user on X with an app that may read and write, and four values that work.
    pub(crate) fn working_values(&self, username: &str) -> (XUser, App, FourValues) {
        let user = self.x.new_user(username);
        let app = self.x.new_app(&user, AppPermission::ReadWrite);
        let values = app.four_values(&user);
        (user, app, values)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data/addx.db")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// Every file the bot made, and what it logged.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.log_file()];
        for folder in ["data", "secrets"] {
            let entries = fs::read_dir(self.folder.path().join(folder));
            files.extend(
                entries
                    .into_iter()
                    .flatten()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        files
    }

    /// Where these values stand in the bot's files and logs.
    pub(crate) fn leaks(&self, canaries: &[Canary]) -> Vec<String> {
        let texts: Vec<_> = self
            .files()
            .into_iter()
            .filter_map(|file| Some((file.display().to_string(), fs::read(&file).ok()?)))
            .collect();
        search(canaries, &texts)
    }

    /// The mode of each of the bot's files and folders.
    pub(crate) fn modes(&self) -> Vec<(PathBuf, u32)> {
        let mut paths = self.files();
        paths.retain(|path| *path != self.log_file());
        paths.extend(["data", "secrets"].map(|folder| self.folder.path().join(folder)));
        paths
            .into_iter()
            .filter_map(|path| {
                let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o777;
                Some((path, mode))
            })
            .collect()
    }

    /// Connections to the bot's database, beside the bot.
    pub(crate) async fn connect(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new().filename(self.database());
        SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap()
    }

    /// The bot is dead: what stands in its database now, as it would find it.
    pub(crate) async fn remains(&self) -> Option<Remains> {
        if !self.database().exists() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("addx.db");
        for suffix in ["", "-wal"] {
            let name = |path: &Path| {
                let mut name = path.as_os_str().to_owned();
                name.push(suffix);
                PathBuf::from(name)
            };
            let original = name(&self.database());
            if original.exists() {
                fs::copy(original, name(&copy)).unwrap();
            }
        }
        Some(Remains {
            store: Store::open(&copy).await.unwrap(),
            key_file: self.key_file(),
            _folder: folder,
        })
    }
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) complaint: String,
}

impl Done {
    /// Its answer, as JSON; it must have succeeded.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// It must have failed like this.
    pub(crate) fn refused(&self, code: i32, with: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.complaint.contains(with), "{self:?}");
        assert_eq!(self.complaint.trim_end().lines().count(), 1, "{self:?}");
    }
}

/// Runs a command to its end on another thread.
pub(crate) async fn finished(mut command: Command) -> Done {
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done {
        code: output.status.code(),
        out: text(output.stdout),
        complaint: text(output.stderr),
    }
}

impl Bot {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Whether it is over, and how.
    pub(crate) fn over(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until it is over.
    pub(crate) async fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.over() {
                return status;
            }
            assert!(Instant::now() < deadline, "the bot does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Kills it as a power failure would.
    pub(crate) async fn kill(&mut self) {
        if self.over().is_none() {
            self.child.kill().unwrap();
            self.wait().await;
        }
    }

    /// Stops it as systemd does.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait().await
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(feature = "failpoints")]
pub(crate) fn was_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;

    status.signal() == Some(9)
}

/// A dead bot's database.
pub(crate) struct Remains {
    pub(crate) store: Store,
    key_file: PathBuf,
    _folder: TempDir,
}

impl Remains {
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(self.store.reader())
            .await
            .unwrap()
    }

    /// Links that lack a value or a key, and values of which neither a link nor an open flow knows.
    pub(crate) async fn half_saved(&self) -> i64 {
        self.count(
            "SELECT (SELECT count(*) FROM accounts WHERE 4 <> (
                         SELECT count(*) FROM sealed_values
                         WHERE sealed_values.account_id = accounts.account_id AND slot = 'current'))
                  + (SELECT count(*) FROM accounts WHERE account_id NOT IN (SELECT account_id FROM data_keys))
                  + (SELECT count(*) FROM data_keys
                     WHERE account_id NOT IN (SELECT account_id FROM accounts)
                       AND owner NOT IN (SELECT chat_id FROM dialogues WHERE expires_at IS NOT NULL)
                       AND account_id NOT IN (SELECT account_id FROM jobs WHERE kind = 'revoke'))",
        )
        .await
    }

    /// The four values in use of each of a user's links, opened with the bot's own key.
    pub(crate) async fn values_in_use(&self, owner: i64) -> Vec<(String, [String; 4])> {
        let db = self.store.reader();
        let accounts = accounts::list(db, owner).await.unwrap();
        if accounts.is_empty() {
            // It may have died before it made its key.
            return Vec::new();
        }
        let keyring = Keyring::read(&self.key_file).unwrap();
        let vault = Vault::new(keyring, self.key_file.clone(), Random::system());
        let mut links = Vec::new();
        for account in accounts {
            let wrapped = values::data_key(db, owner, account.id)
                .await
                .unwrap()
                .unwrap();
            let key = vault.data_key(owner, account.id, &wrapped.wrapped).unwrap();
            let sealed = values::list(db, account.id, Slot::Current).await.unwrap();
            let opened = Field::ALL.map(|field| {
                let value = sealed.iter().find(|value| value.field == field).unwrap();
                let secret = key.open(owner, account.id, field, &value.sealed).unwrap();
                secret.expose().to_owned()
            });
            links.push((account.name.as_str().to_owned(), opened));
        }
        links
    }
}

/// The machine's clock, for seeds that nobody chose.
pub(crate) fn now() -> i64 {
    Clock::system().now().timestamp()
}

/// A number from the environment.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number")),
        Err(_) => default,
    }
}

/// What stands in a process's memory, part by part. `None`: this is not told here, or not to this user.
pub(crate) fn memory(bot: &Bot) -> Option<Vec<(String, Vec<u8>)>> {
    let maps = fs::read_to_string(format!("/proc/{}/maps", bot.id())).ok()?;
    let memory = File::open(format!("/proc/{}/mem", bot.id())).ok()?;
    let mut parts = Vec::new();
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, mode) = (fields.next()?, fields.next()?);
        let (from, to) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let (from, to) = (number(from)?, number(to)?);
        let name = fields.nth(3).unwrap_or("memory");
        if !mode.starts_with("rw") || name.starts_with("[vv") {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            parts.push((format!("{name} at {range}"), bytes));
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// Whether a process may leave a core dump. `None`: that is not told here.
pub(crate) fn may_dump_core(bot: &Bot) -> Option<bool> {
    let limits = fs::read_to_string(format!("/proc/{}/limits", bot.id())).ok()?;
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))?;
    Some(core.split_whitespace().filter(|word| *word == "0").count() != 2)
}
