//! The real bot, both simulators and a clock that tests move: what every test of this binary starts from.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use addx::testing::{
    app,
    clock::Clock,
    config::{AllowedUsers, Config, People, Rechecks},
    domain::credentials::Secret,
    random::Random,
};
use addx_sim::{
    port::ReservedPort,
    telegram::{Group, Person, Room, SeenMessage, TelegramSim},
    x::{App, AppPermission, FourValues, KeyPair, TokenPair, XSim, XUser},
};
use chrono::DateTime;
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// 2026-11-24 12:00:00 UTC: where the tests' clock begins.
const NOON: i64 = 1_795_521_600;

/// X's answer to who the values belong to.
pub(crate) const ME: &str = "/2/users/me";

pub(crate) const MINUTE: Duration = Duration::from_mins(1);
pub(crate) const HOUR: Duration = Duration::from_hours(1);

/// A bot that runs, and the world around it.
pub(crate) struct World {
    pub(crate) telegram: TelegramSim,
    pub(crate) x: XSim,
    pub(crate) clock: Clock,
    pub(crate) allowed: AllowedUsers,
    pub(crate) owner: Option<i64>,
    pub(crate) rechecks: Rechecks,
    pub(crate) keeps_backups: Option<chrono::TimeDelta>,
    /// Where programs publish, once the bot runs.
    pub(crate) proxy: SocketAddr,
    _port: ReservedPort,
    folder: TempDir,
    running: Option<Running>,
    /// Each start draws other random numbers.
    starts: u64,
    /// What must never be seen at the end.
    canaries: Mutex<Vec<String>>,
    /// Where it is looked for.
    rooms: Mutex<Vec<Room>>,
}

/// A bot on threads of its own, so that it can die with all it does.
struct Running {
    stop: CancellationToken,
    bot: JoinHandle<Result<(), app::AppError>>,
    runtime: Option<Runtime>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl World {
    /// Both simulators and a running bot with an empty database.
    pub(crate) async fn start() -> Self {
        let mut world = Self::without_bot().await;
        world.start_bot().await;
        world
    }

    /// Both simulators; the bot is started later.
    pub(crate) async fn without_bot() -> Self {
        if let Ok(filter) = std::env::var("RUST_LOG") {
            addx::testing::telemetry::init(Some(&filter));
        }
        let clock = Clock::manual(DateTime::from_timestamp(NOON, 0).unwrap());
        let x = XSim::start().await.unwrap();
        let telegram = TelegramSim::start().await.unwrap();
        let port = ReservedPort::new().unwrap();
        telegram.shift_clock(NOON - telegram.now());
        // A stop breaks off the request for updates that waits, and asks once more.
        telegram.expect_error("terminated by other getUpdates");
        let bots_clock = clock.clone();
        x.follow_clock(move || bots_clock.now().timestamp());
        Self {
            telegram,
            x,
            clock,
            allowed: AllowedUsers::Everybody,
            owner: None,
            rechecks: Rechecks::OFF,
            keeps_backups: None,
            proxy: port.address(),
            _port: port,
            folder: tempfile::tempdir().unwrap(),
            running: None,
            starts: 0,
            canaries: Mutex::default(),
            rooms: Mutex::default(),
        }
    }

    /// Starts the bot on the world's database, and waits until it listens.
    pub(crate) async fn start_bot(&mut self) {
        self.starts += 1;
        self.start_bot_with_seed(self.starts).await;
    }

    /// The same with randomness of its own.
    pub(crate) async fn start_bot_with_seed(&mut self, seed: u64) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let bot = runtime.spawn(app::run(
            self.config(),
            self.clock.clone(),
            Random::seeded(seed),
            stop.clone(),
        ));
        self.running = Some(Running {
            stop,
            bot,
            runtime: Some(runtime),
        });
        self.telegram.wait_polling().await.unwrap();
    }

    /// Stops the bot as SIGTERM would.
    pub(crate) async fn stop_bot(&mut self) {
        let mut running = self.running.take().unwrap();
        running.stop.cancel();
        (&mut running.bot).await.unwrap().unwrap();
    }

    /// Ends the bot and everything it does at once, as far as that is possible inside one process.
    pub(crate) async fn kill_bot(&mut self) {
        let mut running = self.running.take().unwrap();
        let runtime = running.runtime.take().unwrap();
        let ending = tokio::task::spawn_blocking(move || {
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
        ending.await.unwrap();
    }

    /// Stops the bot and starts it again.
    pub(crate) async fn restart_bot(&mut self) {
        self.stop_bot().await;
        self.start_bot().await;
    }

    /// Runs the bot until it ends by itself.
    pub(crate) async fn run_to_the_end(&self) -> Result<(), app::AppError> {
        app::run(
            self.config(),
            self.clock.clone(),
            Random::seeded(1_000),
            CancellationToken::new(),
        )
        .await
    }

    /// Lets everything come to rest, stops the bot, and looks back: neither simulator saw a call that it should not have
    /// seen, no message shows a value, and the bot never wrote one.
    pub(crate) async fn finish(mut self) {
        if self.running.is_some() {
            self.rest().await;
            self.stop_bot().await;
        }
        let unexpected: Vec<String> = self
            .telegram
            .take_unexpected()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(unexpected, [""; 0], "Telegram refused calls");
        assert_eq!(
            self.x.take_unexpected(),
            [],
            "X got calls that no client makes"
        );
        let canaries = self.canaries.lock().unwrap_or_else(PoisonError::into_inner);
        for room in self
            .rooms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            let seen = room.chat();
            let visible = seen.messages.iter();
            let said = room
                .history()
                .into_iter()
                .filter(|message| message.from_bot);
            let said: Vec<_> = said.collect();
            for message in visible.chain(&said) {
                let leak = canaries
                    .iter()
                    .find(|canary| message.text.contains(canary.as_str()));
                assert_eq!(leak, None, "a value can be read in:\n{message}");
            }
        }
    }

    /// Waits until all that is due is done: no update is unhandled, no message unsent, no deletion and no check left.
    pub(crate) async fn rest(&self) {
        let resting = async {
            loop {
                self.telegram.settled().await.unwrap();
                if self.pending().await == 0 {
                    return;
                }
                // The database tells nobody when it changes.
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), resting).await;
        assert!(in_time.is_ok(), "the bot does not come to rest");
    }

    async fn pending(&self) -> i64 {
        let now = self.clock.now().timestamp();
        let mut connection = self.connect().await;
        sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM inbox WHERE sealed IS NOT NULL)
                 + (SELECT count(*) FROM outbox WHERE due_at <= ?1)
                 + (SELECT count(*) FROM dialogues WHERE card_due_at <= ?1)
                 + (SELECT count(*) FROM dialogues WHERE expires_at <= ?1)
                 + (SELECT count(*) FROM jobs WHERE ifnull(run_at, 0) <= ?1)
                 + (SELECT count(*) FROM accounts WHERE candidate_until <= ?1)
                 + (SELECT count(*) FROM health_checks WHERE due_at <= ?1)
                 + (SELECT count(*) FROM reminders WHERE due_at <= ?1)",
        )
        .bind(now)
        .fetch_one(&mut connection)
        .await
        .unwrap()
    }

    /// What the bot is configured with.
    pub(crate) fn config(&self) -> Config {
        Config {
            token: Secret::new(self.telegram.token().to_owned()),
            telegram_url: self.telegram.url().parse().unwrap(),
            x_url: self.x.url().parse().unwrap(),
            database: self.database(),
            key_file: self.key_file(),
            people: People {
                allowed: self.allowed.clone(),
                owner: self.owner,
            },
            rechecks: self.rechecks,
            proxy: Some(self.proxy),
            metrics: None,
            keeps_audit: None,
            keeps_backups: self.keeps_backups,
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("addx.db")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("addx.key")
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.database())
            .connect()
            .await
            .unwrap()
    }

    /// The number that a query answers with.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        let mut connection = self.connect().await;
        let answer = sqlx::query_scalar(query).fetch_one(&mut connection).await;
        answer.unwrap()
    }

    /// The text that a query answers with.
    pub(crate) async fn text(&self, query: &'static str) -> String {
        let mut connection = self.connect().await;
        let answer = sqlx::query_scalar(query).fetch_one(&mut connection).await;
        answer.unwrap()
    }

    /// Changes the database behind the bot's back.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let mut connection = self.connect().await;
        let done = sqlx::query(statement).execute(&mut connection).await;
        done.unwrap();
    }

    /// How many values are kept, in whatever slot.
    pub(crate) async fn values(&self) -> i64 {
        self.count("SELECT count(*) FROM sealed_values").await
    }

    /// How many values of rotations are kept beside those in use.
    pub(crate) async fn candidates(&self) -> i64 {
        self.count("SELECT count(*) FROM sealed_values WHERE slot = 'candidate'")
            .await
    }

    /// A person in a private chat with the bot.
    pub(crate) fn person(&self) -> Person {
        let person = self.telegram.new_user("Ada", Some("ada"));
        self.watch(&person);
        person
    }

    /// A group with the bot in it.
    pub(crate) fn group(&self) -> Group {
        let group = self.telegram.new_group("Friends");
        self.watch(&group);
        group
    }

    fn watch(&self, room: &Room) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.push(room.clone());
    }

    /// A user on X with an app that may read and write, and four values that work.
    pub(crate) fn working_values(&self, username: &str) -> (XUser, App, FourValues) {
        let user = self.x.new_user(username);
        let app = self.x.new_app(&user, AppPermission::ReadWrite);
        let values = self.canary_values(app.four_values(&user));
        (user, app, values)
    }

    /// These values must not be seen at the end.
    pub(crate) fn canary_values(&self, values: FourValues) -> FourValues {
        for value in in_order(&values) {
            self.canary(value);
        }
        values
    }

    /// A new token of this user; the one before it ends.
    pub(crate) fn regenerated_token(&self, app: &App, user: &XUser) -> TokenPair {
        let pair = app.regenerate_token(user);
        self.canary(&pair.token);
        self.canary(&pair.secret);
        pair
    }

    /// A new key pair of this app; the one before it and all its tokens end.
    pub(crate) fn regenerated_keys(&self, app: &App) -> KeyPair {
        let pair = app.regenerate_key_pair();
        self.canary(&pair.key);
        self.canary(&pair.secret);
        pair
    }

    /// A text that must not be seen at the end, not even its last characters.
    pub(crate) fn canary(&self, value: &str) {
        let end = value.char_indices().rev().nth(15).map_or(0, |(at, _)| at);
        let mut canaries = self.canaries.lock().unwrap_or_else(PoisonError::into_inner);
        canaries.push(value[end..].to_owned());
    }

    /// Moves the bot's clock, and Telegram's with it.
    pub(crate) fn advance(&self, by: Duration) {
        self.telegram.advance(by);
        self.clock.advance(by);
    }
}

/// The four values in the order in which the bot asks for them.
pub(crate) fn in_order(values: &FourValues) -> [&str; 4] {
    [
        &values.consumer_key,
        &values.consumer_secret,
        &values.access_token,
        &values.access_token_secret,
    ]
}

/// All four in one message, labelled as X's console labels them.
pub(crate) fn labelled(values: &FourValues) -> String {
    format!(
        "API Key: {}\nAPI Key Secret: {}\nAccess Token: {}\nAccess Token Secret: {}",
        values.consumer_key,
        values.consumer_secret,
        values.access_token,
        values.access_token_secret
    )
}

/// Answers all four questions and waits for X's verdict.
pub(crate) async fn link(person: &Person, name: &str, values: &FourValues) -> SeenMessage {
    begin(person, name).await;
    enter(person, &in_order(values), 4).await;
    verdict(person, "connected").await
}

/// The same, whatever the verdict is.
pub(crate) async fn try_link(person: &Person, name: &str, values: &FourValues) -> SeenMessage {
    let card = begin(person, name).await.id;
    enter(person, &in_order(values), 4).await;
    let chat = person
        .wait_for(|chat| {
            chat.last_bot_message()
                .is_some_and(|last| last.id > card && last.button("Check again").is_some())
        })
        .await
        .unwrap();
    chat.last_bot_message().unwrap().clone()
}

/// `/addx` with a name, up to the first question. The card.
pub(crate) async fn begin(person: &Person, name: &str) -> SeenMessage {
    person.say(&format!("/addx {name}"));
    person.wait_text("Step 1 of 4").await.unwrap()
}

/// Sends values one by one, waiting for each card; `total` is what the card counts to.
pub(crate) async fn enter(person: &Person, values: &[&str], total: usize) {
    enter_from(person, 1, values, total).await;
}

/// The same from a later step on.
pub(crate) async fn enter_from(person: &Person, first: usize, values: &[&str], total: usize) {
    for (index, value) in values.iter().enumerate() {
        let sent = person.say(value);
        person.wait_deleted(sent.message_id).await.unwrap();
        let next = first + index + 1;
        if next <= total {
            person
                .wait_text(&format!("Step {next} of {total}"))
                .await
                .unwrap();
        }
    }
}

/// X's verdict with this code, told since the person last did something.
pub(crate) async fn verdict(person: &Person, code: &str) -> SeenMessage {
    let message = person
        .wait_text(&format!("\n\nCode: {code}"))
        .await
        .unwrap();
    assert!(message.text.ends_with(code), "{message}");
    message
}

/// `/verify` of the only account, and X's verdict.
pub(crate) async fn verify(person: &Person, code: &str) -> SeenMessage {
    person.say("/verify");
    verdict(person, code).await
}

/// `/rotate` of the only account, up to the first question.
pub(crate) async fn rotate(person: &Person, what: &str) -> SeenMessage {
    person.say("/rotate");
    person.wait_text("What did you regenerate").await.unwrap();
    person.press(what).unwrap();
    person.wait_text("Step 1 of ").await.unwrap()
}

/// A message as it reads, for a snapshot.
pub(crate) fn shown(message: &SeenMessage) -> String {
    let mut text = message.text.clone();
    for row in &message.buttons {
        text.push('\n');
        for button in row {
            text.push_str(&format!("[{}]", button.label));
        }
    }
    text
}

/// Sends something, and waits until the bot deleted it and said this.
pub(crate) async fn deleted_with(person: &Person, text: &str, said: &str) -> SeenMessage {
    let sent = person.say(text);
    person.wait_deleted(sent.message_id).await.unwrap();
    person.wait_text(said).await.unwrap()
}
