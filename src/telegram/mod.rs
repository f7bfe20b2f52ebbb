//! The bot's side that faces Telegram: updates come in, cards and messages go out. Sees no SQL and no X.
//!
//! An update goes `polling` → `inbox` (deleted first, then handled, in order per chat) → `schema` → `handlers`, which change
//! everything in one [`mod@unit`] of work. What is to be said goes `outbox` → [`reply`].

mod access;
mod command;
pub(crate) mod deletions;
mod handlers;
mod inbox;
mod outbox;
mod pauses;
mod polling;
mod reply;
mod schema;
pub(crate) mod secrets;
mod timers;
mod unit;
mod workers;

pub(crate) use self::command::Command;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use teloxide::{
    Bot, RequestError,
    payloads::{
        SetMyCommandsSetters as _, SetMyDescriptionSetters as _, SetMyShortDescriptionSetters as _,
    },
    prelude::Requester as _,
    types::{BotCommandScope, Me, MediaGroupId, Message},
};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{pauses::Pauses, schema::Schema, secrets::Ahead, workers::KeyedWorkers};
use crate::{
    linking::Linker,
    messages::{self, Language},
    store::Store,
    support::{
        clock::Clock, heartbeat::Heartbeat, incident, metrics::Metrics, random::Random,
        telemetry::Aliases,
    },
    vault::{AuditKey, Vault},
};

/// A flow that rests this long is over, and its values are wiped.
const FLOW_LIFETIME: chrono::TimeDelta = chrono::TimeDelta::minutes(30);
/// Handlers that write at the same time. More only queue for the one connection that writes.
const CONCURRENT_HANDLERS: usize = 64;
/// Chats whose last album is remembered.
const KNOWN_ALBUMS: usize = 1000;
/// The longest pause between two tries to reach Telegram at start.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The parts that face Telegram. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Telegram(Arc<Parts>);

pub(crate) struct Parts {
    bot: Bot,
    me: Me,
    store: Store,
    vault: Vault,
    linker: Linker,
    clock: Clock,
    random: Random,
    /// What logs call the chats.
    aliases: Aliases,
    audit: AuditKey,
    heartbeat: Heartbeat,
    metrics: Metrics,
    schema: Schema,
    /// Per chat: handles updates.
    reading: KeyedWorkers,
    /// What is known of updates that wait for their turn.
    ahead: Ahead,
    /// Per chat: sends what was promised.
    writing: KeyedWorkers,
    /// Chats that Telegram wants to be left alone for a while.
    pauses: Pauses,
    permits: Semaphore,
    /// Per chat: the last album of which a part was answered.
    albums: Mutex<HashMap<i64, MediaGroupId>>,
    /// Wakes the timers when something may have become due earlier than they know.
    agenda_changed: Notify,
    /// Ends waits and loops.
    stop: CancellationToken,
}

impl std::ops::Deref for Telegram {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Telegram will not let this bot in.
#[derive(Debug, thiserror::Error)]
#[error("Telegram does not know this bot token")]
pub(crate) struct TokenRefused;

/// Asks Telegram who the bot is, again and again until it answers. `None`: stopped meanwhile.
pub(crate) async fn introduce(
    bot: &Bot,
    clock: &Clock,
    stop: &CancellationToken,
) -> Result<Option<Me>, TokenRefused> {
    let mut pause = Duration::from_secs(1);
    loop {
        let asked = tokio::select! {
            () = stop.cancelled() => return Ok(None),
            asked = tokio::time::timeout(Duration::from_secs(15), bot.get_me()) => asked,
        };
        let mut wait = pause;
        let why = match asked {
            Ok(Ok(me)) => return Ok(Some(me)),
            Ok(Err(RequestError::Api(teloxide::ApiError::InvalidToken))) => {
                return Err(TokenRefused);
            }
            Ok(Err(RequestError::RetryAfter(seconds))) => {
                wait = whole(seconds.duration());
                "asks for a pause"
            }
            Ok(Err(RequestError::Network(_) | RequestError::Io(_))) => "cannot be reached",
            Ok(Err(RequestError::Api(_) | RequestError::MigrateToChatId(_))) => "refuses to answer",
            Ok(Err(RequestError::InvalidJson { .. })) => "answers what cannot be read",
            Err(_) => "does not answer",
        };
        tracing::warn!(pause_s = wait.as_secs(), "Telegram {why}; trying again");
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = clock.sleep_until(clock.now() + wait) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A pause that Telegram asked for, by a clock that knows whole seconds: never shorter.
fn whole(pause: Duration) -> Duration {
    pause + Duration::from_secs(1)
}

impl Telegram {
    /// The bot, as Telegram knows it, over these use cases. `heartbeat` is told whenever Telegram answered. `bot` holds the
    /// token: never print it.
    pub(crate) fn new(
        (bot, me): (Bot, Me),
        linker: Linker,
        metrics: Metrics,
        heartbeat: Heartbeat,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Parts {
            bot,
            me,
            store: linker.store.clone(),
            vault: linker.vault.clone(),
            clock: linker.clock.clone(),
            random: linker.random.clone(),
            aliases: Aliases::new(&linker.random),
            audit: linker.audit.clone(),
            linker,
            heartbeat,
            metrics,
            schema: schema::schema(),
            reading: KeyedWorkers::default(),
            ahead: Ahead::default(),
            writing: KeyedWorkers::default(),
            pauses: Pauses::default(),
            permits: Semaphore::new(CONCURRENT_HANDLERS),
            albums: Mutex::default(),
            agenda_changed: Notify::new(),
            stop,
        }))
    }

    /// Runs until stopped: fetches and handles updates, sends what was promised. `to_write` names chats that a check has
    /// something to tell.
    pub(crate) async fn run(&self, to_write: mpsc::UnboundedReceiver<i64>) {
        let tasks = TaskTracker::new();
        let telegram = self.clone();
        tasks.spawn(async move {
            let ended = "the list of commands was not registered";
            telegram
                .keep_up(ended, || telegram.register_commands())
                .await;
        });
        let telegram = self.clone();
        tasks.spawn(async move {
            telegram
                .keep_up("the timers ended", || telegram.run_timers())
                .await;
        });
        let telegram = self.clone();
        tasks.spawn(async move {
            let ended = "what an earlier run left was not taken up";
            telegram.keep_up(ended, || telegram.resume()).await;
        });
        let telegram = self.clone();
        tasks.spawn(async move { telegram.hand_on(to_write).await });
        self.keep_up("fetching updates ended", || self.poll()).await;
        tasks.close();
        tasks.wait().await;
        self.reading.finish().await;
        self.writing.finish().await;
    }

    /// Runs a part until the bot stops, and begins it again when it panics.
    async fn keep_up<F: Future<Output = ()>>(&self, ended: &str, part: impl Fn() -> F) {
        incident::keep_up(ended, &self.clock, &self.random, &self.stop, part).await;
    }

    /// Lets everything be looked for that an update of this chat may have promised.
    fn wake_all(&self, chat: i64) {
        self.wake_writing(chat);
        self.agenda_changed.notify_one();
    }

    /// Lets chats be written to that others have something to tell.
    async fn hand_on(&self, mut to_write: mpsc::UnboundedReceiver<i64>) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                Some(chat) = to_write.recv() => self.wake_writing(chat),
                else => return,
            }
        }
    }

    /// Whether a message is a further part of an album: what is said of the first one is said of all.
    fn is_rest_of_album(&self, message: &Message) -> bool {
        let Some(album) = message.media_group_id() else {
            return false;
        };
        let mut albums = self.albums.lock().unwrap_or_else(PoisonError::into_inner);
        if albums.len() >= KNOWN_ALBUMS {
            albums.clear();
        }
        let last = albums.insert(message.chat.id.0, album.clone());
        last.as_ref() == Some(album)
    }

    /// Fills Telegram's menu and the bot's profile in every language. Once is enough, and the bot works without.
    async fn register_commands(&self) {
        for language in Language::ALL {
            let registering = self.register_in(language);
            match tokio::time::timeout(Duration::from_secs(15), registering).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(
                        "the list of commands could not be registered; the next start tries again"
                    );
                }
            }
        }
    }

    async fn register_in(&self, language: Language) -> Result<(), RequestError> {
        // The usual language is shown wherever there is no other.
        let code = match language {
            language if language == Language::default() => "",
            language => language.as_str(),
        };
        let [profile, short] = messages::pages::profile(language);
        let commands = self.bot.set_my_commands(Command::menu(language));
        let commands = commands.scope(BotCommandScope::AllPrivateChats);
        commands.language_code(code).await?;
        let described = self.bot.set_my_description().description(profile);
        described.language_code(code).await?;
        let described = self.bot.set_my_short_description().short_description(short);
        described.language_code(code).await?;
        Ok(())
    }
}
