//! A Telegram for tests: a real HTTP server that plays the Bot API, and a handle that plays the people on the other side.
//!
//! [`TelegramSim::start`] binds a free port on loopback; a bot is pointed at [`TelegramSim::url`] with
//! [`TelegramSim::token`]. A test then talks to the bot as a [`Person`] and looks at what that person sees:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use addx_sim::telegram::TelegramSim;
//!
//! let telegram = TelegramSim::start().await?;
//! let ada = telegram.new_user("Ada", Some("ada"));
//! ada.say("/addx main");
//! let card = ada.wait_text("API Key").await?;
//! ada.tap(card.id, "Cancel")?;
//! # Ok(())
//! # }
//! ```
//!
//! It refuses what Telegram refuses, with Telegram's words. Not played: webhooks, files, Markdown, inline mode, rate
//! limits of its own (see [`FaultKind::TooManyRequests`]).

mod call;
mod fault;
mod html;
mod markup;
mod methods;
mod people;
mod server;
mod state;
mod updates;
mod view;

use std::{
    fmt::Write as _,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::{sync::Notify, task::JoinHandle};

pub use call::{Call, CallAnswer};
pub use fault::{Fault, FaultKind, Pattern};
pub use people::{Group, Person, Room, Sent, SimError, TapAnswer, Tapped};
pub use view::{Button, ButtonKind, Chat, SeenMessage};

use state::{BOT_ID, BOT_USERNAME, Message, Standing, State, User, Version};

/// The token of the one bot there is; it opens nothing anywhere else.
const TOKEN: &str = "4200000042:AAMadeUpForTheSimulator_0000-000042";

/// How many of the last calls the report of a failed wait shows.
const REPORTED_CALLS: usize = 15;

/// A running simulator; clones are handles to the same one, which stops when the last is dropped.
#[derive(Clone)]
pub struct TelegramSim(Arc<Running>);

struct Running {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

/// What the server and the handles share.
struct Shared {
    state: Mutex<State>,
    /// Woken when an update is queued or a getUpdates call takes the place of another.
    pushed: Notify,
    /// Woken by whatever a test may wait for.
    changed: Notify,
    stop: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.pushed.notify_waiters();
        self.shared.stop.notify_one();
        self.server.abort();
    }
}

impl TelegramSim {
    /// Starts a simulator on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts a simulator on this address.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        let (listener, address) = server::bind(address).await?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            pushed: Notify::new(),
            changed: Notify::new(),
            stop: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        let server = tokio::spawn(async move {
            // Serving ends only when it is told to.
            let _ = server::serve(serving, listener).await;
        });
        Ok(Self(Arc::new(Running {
            shared,
            address,
            server,
        })))
    }

    /// The base address of the Bot API, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// The bot's token.
    #[must_use]
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// The bot's user id.
    #[must_use]
    pub fn bot_id(&self) -> i64 {
        BOT_ID
    }

    /// The bot's username, without the `@`.
    #[must_use]
    pub fn bot_username(&self) -> &'static str {
        BOT_USERNAME
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Tells the bot and the tests that something happened.
    fn wake(&self) {
        self.shared().pushed.notify_waiters();
        self.shared().changed.notify_waiters();
    }

    // People

    /// A new person.
    #[must_use]
    pub fn new_user(&self, first_name: &str, username: Option<&str>) -> Person {
        let mut state = self.shared().lock();
        let id = state.next_user();
        state.users.insert(
            id,
            User {
                first_name: first_name.to_owned(),
                username: username.map(str::to_owned),
                language: Some("en".to_owned()),
            },
        );
        state.ensure_user(id);
        drop(state);
        self.user(id)
    }

    /// Lets a person's app be in this language, as `language_code` names it.
    pub fn set_language(&self, user: i64, code: &str) {
        if let Some(user) = self.shared().lock().users.get_mut(&user) {
            user.language = Some(code.to_owned());
        }
    }

    /// The person with this user id, who comes into being when there was none.
    #[must_use]
    pub fn user(&self, id: i64) -> Person {
        self.shared().lock().ensure_user(id);
        Person::new(Room::new(self.clone(), id))
    }

    /// A new group with the bot as an ordinary member.
    #[must_use]
    pub fn new_group(&self, title: &str) -> Group {
        let mut state = self.shared().lock();
        let id = state.next_group();
        state.ensure_chat(id, Some(title.to_owned()), Standing::Member);
        drop(state);
        Group::new(Room::new(self.clone(), id))
    }

    /// Whether the bot sees only what is meant for it in groups, as bots do unless their maker decides otherwise.
    pub fn set_privacy_mode(&self, on: bool) {
        self.shared().lock().privacy_mode = on;
    }

    /// The commands that the bot has set for a scope (`default`, `all_private_chats`, …) and language (empty for all).
    #[must_use]
    pub fn commands(&self, scope: &str, language: &str) -> Vec<(String, String)> {
        let state = self.shared().lock();
        let commands = state.commands.get(&(scope.to_owned(), language.to_owned()));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        commands
            .into_iter()
            .flatten()
            .map(|command| (text(&command["command"]), text(&command["description"])))
            .collect()
    }

    // Updates

    /// Queues any update, wanted or not, well-formed or not, and returns its identifier.
    ///
    /// The `update_id` is filled in unless it is given; giving one twice delivers it twice. A message in it that names
    /// its chat and number is put into that chat, so that the bot can delete it.
    #[expect(
        clippy::must_use_candidate,
        reason = "pushing is the point, the identifier a bonus"
    )]
    pub fn push_raw(&self, update: Value) -> u32 {
        let mut state = self.shared().lock();
        let message = adopt(&mut state, &update["message"]);
        let id = state.queue.push(update, message);
        drop(state);
        self.wake();
        id
    }

    /// Delivers an update once more, under its old identifier; `false` when it is not known (any more).
    ///
    /// This works while calls are recorded, and however far the bot's offset has gone.
    #[must_use]
    pub fn redeliver(&self, update_id: u32) -> bool {
        let known = self.shared().lock().queue.again(update_id);
        self.wake();
        known
    }

    /// The updates that the bot has not confirmed.
    #[must_use]
    pub fn pending(&self) -> Vec<u32> {
        self.shared().lock().queue.pending()
    }

    /// Waits until the bot has confirmed every update.
    ///
    /// # Errors
    ///
    /// When it has not in time.
    pub async fn wait_idle(&self) -> Result<(), SimError> {
        let look = |state: &State| (state.queue.len() == 0).then_some(());
        self.wait(
            &self.shared().changed,
            "every update to be confirmed",
            None,
            look,
        )
        .await
    }

    /// Waits until every update is confirmed and no call but getUpdates lacks its answer.
    ///
    /// # Errors
    ///
    /// When it is not so in time.
    pub async fn settled(&self) -> Result<(), SimError> {
        let look = |state: &State| (state.queue.len() == 0 && state.in_flight == 0).then_some(());
        self.wait(
            &self.shared().changed,
            "the bot to come to rest",
            None,
            look,
        )
        .await
    }

    /// Waits until the bot waits for updates: it has started.
    ///
    /// # Errors
    ///
    /// When it does not in time.
    pub async fn wait_polling(&self) -> Result<(), SimError> {
        let look = |state: &State| state.polling.then_some(());
        self.wait(
            &self.shared().changed,
            "the bot to poll for updates",
            None,
            look,
        )
        .await
    }

    /// Waits until something is true of the simulator, asked again at every change.
    ///
    /// # Errors
    ///
    /// When it is not in time; `what` says in the error what was waited for.
    pub async fn wait_until(
        &self,
        what: &str,
        mut wanted: impl FnMut(&Self) -> bool,
    ) -> Result<(), SimError> {
        let deadline = self.deadline();
        loop {
            let changed = self.shared().changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if wanted(self) {
                return Ok(());
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Err(self.report(what, None));
            }
        }
    }

    /// Sets how long the waits wait, in real time; ten seconds unless it is set.
    pub fn set_patience(&self, patience: Duration) {
        self.shared().lock().patience = patience;
    }

    fn deadline(&self) -> tokio::time::Instant {
        tokio::time::Instant::now() + self.shared().lock().patience
    }

    async fn wait<T>(
        &self,
        notify: &Notify,
        what: &str,
        chat: Option<i64>,
        mut look: impl FnMut(&State) -> Option<T>,
    ) -> Result<T, SimError> {
        let deadline = self.deadline();
        loop {
            let changed = notify.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let found = look(&self.shared().lock());
            if let Some(found) = found {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Err(self.report(what, chat));
            }
        }
    }

    /// What a failed wait tells: the chat, what is queued, and the last calls.
    fn report(&self, what: &str, chat: Option<i64>) -> SimError {
        let state = self.shared().lock();
        let mut report = format!("waited {:?} in vain for {what}\n", state.patience);
        if let Some(chat) = chat {
            let _ = write!(report, "the chat {chat}:\n{}", state.view(chat));
        }
        let _ = writeln!(report, "unconfirmed updates: {:?}", state.queue.pending());
        let calls: Vec<_> = state
            .calls
            .iter()
            .filter(|call| call.method != "getUpdates")
            .rev()
            .take(REPORTED_CALLS)
            .collect();
        let _ = writeln!(report, "the last {} calls:", calls.len());
        for call in calls.into_iter().rev() {
            let _ = writeln!(report, "  {call}");
        }
        SimError(report)
    }

    // The clock

    /// Unix time by the simulator's clock, which runs with the machine's unless it is moved.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared().lock().now()
    }

    /// Moves the clock forward: messages and taps age.
    pub fn advance(&self, by: Duration) {
        self.shift_clock(i64::try_from(by.as_secs()).unwrap_or(i64::MAX));
    }

    /// Moves the clock by so many seconds, backward too: messages sent then carry an earlier date.
    pub fn shift_clock(&self, seconds: i64) {
        self.shared().lock().shift_clock(seconds);
    }

    // The record

    /// Switches recording on or off; it is on at first.
    ///
    /// Off, the simulator forgets calls, overwritten and deleted messages, and confirmed updates, so that its memory
    /// stays bounded; the latencies are kept.
    pub fn record(&self, on: bool) {
        self.shared().lock().recording = on;
    }

    /// The recorded calls, in the order of their arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared().lock().calls.iter().cloned().collect()
    }

    /// The recorded calls of one method.
    #[must_use]
    pub fn calls_to(&self, method: &str) -> Vec<Call> {
        let state = self.shared().lock();
        state
            .calls
            .iter()
            .filter(|call| call.method.eq_ignore_ascii_case(method))
            .cloned()
            .collect()
    }

    /// Forgets the recorded calls.
    pub fn clear_calls(&self) {
        self.shared().lock().calls.clear();
    }

    /// The calls that were answered with an error no fault made and no test expected, and forgets them.
    ///
    /// Refusals because a person blocked the bot (403) are not among them.
    #[must_use]
    pub fn take_unexpected(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared().lock().unexpected)
    }

    /// Errors whose description contains this are expected from now on.
    pub fn expect_error(&self, part: &str) {
        self.shared().lock().expected_errors.push(part.to_owned());
    }

    // Faults

    /// Sets a fault in force, after those that are.
    pub fn add_fault(&self, fault: Fault) {
        self.shared().lock().faults.add(fault);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.shared().lock().faults.clear();
    }

    // Measuring

    /// For each message of a person's that the bot deleted: the time between handing over its update for the first
    /// time and receiving the call that deleted it.
    #[must_use]
    pub fn latencies(&self) -> Vec<Duration> {
        self.shared().lock().latencies.clone()
    }

    /// The same as [`TelegramSim::latencies`], and forgets them.
    #[must_use]
    pub fn take_latencies(&self) -> Vec<Duration> {
        std::mem::take(&mut self.shared().lock().latencies)
    }

    /// When an update was handed over for the first time, while calls are recorded.
    #[must_use]
    pub fn handed_over_at(&self, update_id: u32) -> Option<Instant> {
        self.shared().lock().queue.first_handed(update_id)
    }

    /// When the call that deleted a message was received, while calls are recorded.
    #[must_use]
    pub fn deleted_at(&self, chat_id: i64, message_id: i32) -> Option<Instant> {
        self.shared().lock().message(chat_id, message_id)?.deleted
    }
}

/// Puts the message of a raw update into its chat, if it names both.
fn adopt(state: &mut State, message: &Value) -> Option<(i64, i32)> {
    let chat = message["chat"]["id"].as_i64()?;
    let id = i32::try_from(message["message_id"].as_i64()?).ok()?;
    if chat > 0 {
        state.ensure_user(chat);
        if let Some(room) = state.chats.get_mut(&chat)
            && room.bot == Standing::Unknown
        {
            room.bot = Standing::Member;
        }
    } else {
        let title = message["chat"]["title"]
            .as_str()
            .unwrap_or("A group")
            .to_owned();
        state.ensure_chat(chat, Some(title), Standing::Member);
    }
    if state.message(chat, id).is_none() {
        let text = message["text"]
            .as_str()
            .or_else(|| message["caption"].as_str())
            .unwrap_or_default();
        let version = Version {
            text: text.to_owned(),
            html: text.to_owned(),
            ..Version::default()
        };
        let from = message["from"]["id"].as_i64().unwrap_or(chat);
        let date = message["date"].as_i64().unwrap_or_else(|| state.now());
        state.store(chat, Message::new(id, from, date, version));
    }
    Some((chat, id))
}
