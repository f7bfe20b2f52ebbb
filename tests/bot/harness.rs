//! The real bot, both simulators and a clock that tests move: what every test of this binary starts from.

use std::{path::PathBuf, sync::Arc};

use addx::{
    app,
    clock::Clock,
    config::{AllowedUsers, Config},
    domain::credentials::Secret,
    random::Random,
};
use addx_sim::{
    telegram::{Person, SeenMessage, TelegramSim},
    x::{App, AppPermission, FourValues, XSim, XUser},
};
use chrono::DateTime;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// 2026-11-24 12:00:00 UTC: where the tests' clock begins.
const NOON: i64 = 1_795_521_600;

/// A bot that runs, and the world around it.
pub(crate) struct World {
    pub(crate) telegram: TelegramSim,
    pub(crate) x: XSim,
    pub(crate) clock: Clock,
    pub(crate) allowed: AllowedUsers,
    pub(crate) owner: Option<i64>,
    folder: Arc<TempDir>,
    running: Option<Running>,
}

struct Running {
    stop: CancellationToken,
    bot: JoinHandle<Result<(), app::AppError>>,
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
            addx::telemetry::init(Some(&filter));
        }
        let clock = Clock::manual(DateTime::from_timestamp(NOON, 0).unwrap());
        let x = XSim::start().await.unwrap();
        let telegram = TelegramSim::start().await.unwrap();
        telegram.shift_clock(NOON - telegram.now());
        let bots_clock = clock.clone();
        x.follow_clock(move || bots_clock.now().timestamp());
        Self {
            telegram,
            x,
            clock,
            allowed: AllowedUsers::Everybody,
            owner: None,
            folder: Arc::new(tempfile::tempdir().unwrap()),
            running: None,
        }
    }

    /// Starts the bot on the world's database, and waits until it listens.
    pub(crate) async fn start_bot(&mut self) {
        let stop = CancellationToken::new();
        let bot = tokio::spawn(app::run(
            self.config(),
            self.clock.clone(),
            Random::seeded(7),
            stop.clone(),
        ));
        self.running = Some(Running { stop, bot });
        self.telegram.wait_polling().await.unwrap();
    }

    /// Stops the bot as SIGTERM would.
    pub(crate) async fn stop_bot(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.cancel();
        running.bot.await.unwrap().unwrap();
    }

    /// Ends the bot without letting it finish anything, as far as that is possible inside one process.
    pub(crate) async fn kill_bot(&mut self) {
        let running = self.running.take().unwrap();
        running.bot.abort();
        let _ = running.bot.await;
    }

    /// What the bot is configured with.
    pub(crate) fn config(&self) -> Config {
        Config {
            token: Secret::new(self.telegram.token().to_owned()),
            telegram_url: self.telegram.url().parse().unwrap(),
            x_url: self.x.url().parse().unwrap(),
            database: self.database(),
            key_file: self.folder.path().join("addx.key"),
            allowed_users: self.allowed.clone(),
            owner: self.owner,
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("addx.db")
    }

    /// A person in a private chat with the bot.
    pub(crate) fn person(&self) -> Person {
        self.telegram.new_user("Ada", Some("ada"))
    }

    /// A user on X with an app that may read and write, and four values that work.
    pub(crate) fn working_values(&self, username: &str) -> (XUser, App, FourValues) {
        let user = self.x.new_user(username);
        let app = self.x.new_app(&user, AppPermission::ReadWrite);
        let values = app.four_values(&user);
        (user, app, values)
    }

    /// Moves the bot's clock, and Telegram's with it.
    pub(crate) fn advance(&self, by: std::time::Duration) {
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

/// Answers all four questions and waits for X's verdict.
pub(crate) async fn link(person: &Person, name: &str, values: &FourValues) -> SeenMessage {
    person.say(&format!("/addx {name}"));
    person.wait_text("Step 1 of 4").await.unwrap();
    enter(person, &in_order(values), 4).await;
    verdict(person).await
}

/// Sends values one by one, waiting for each card; `total` is what the card counts to.
pub(crate) async fn enter(person: &Person, values: &[&str], total: usize) {
    for (index, value) in values.iter().enumerate() {
        let sent = person.say(value);
        person.wait_deleted(sent.message_id).await.unwrap();
        let next = index + 2;
        if next <= total {
            person
                .wait_text(&format!("Step {next} of {total}"))
                .await
                .unwrap();
        }
    }
}

/// The bot's next message that carries a verdict's code.
pub(crate) async fn verdict(person: &Person) -> SeenMessage {
    let chat = person
        .wait_for(|chat| {
            chat.last_bot_message()
                .is_some_and(|message| message.button("Check again").is_some())
        })
        .await
        .unwrap();
    chat.last_bot_message().unwrap().clone()
}
