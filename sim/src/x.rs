//! X: an HTTP server on loopback that plays api.x.com, checks every signature, and fails on demand.
//!
//! [`XSim`] is the server and the handle to it; [`XUser`] and [`App`] are handles to what it knows. A [`Fault`] takes
//! the place of the next answers of a path, or of all of them until it is cleared. A path is written as in the request;
//! `/2/tweets/{id}` stands for the deletion of any post. A signature is judged when its request arrives, also when a
//! fault answers it.

pub mod answers;
mod clock;
mod endpoints;
mod faults;
mod judge;
mod log;
pub mod oauth1;
mod server;
mod values;
mod weight;
mod world;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

pub use self::{
    answers::{Answer, AnswerBody},
    faults::{Fault, Hold},
    log::{Call, Outcome, Refusal, Unexpected, UnexpectedReason},
    world::{
        App, AppPermission, AppState, AuthorizeError, CallbackSetting, FourValues, KeyPair, Post,
        RateLimitForm, TokenPair, UserState, XUser,
    },
};
use self::{
    clock::Clock, endpoints::Rates, faults::Faults, judge::Nonces, log::Log, server::Server,
    values::Seeded, world::World,
};

/// How long a wait lasts before it is [`TimedOut`].
const PATIENCE: Duration = Duration::from_secs(10);
/// The seed of [`XSim::start`].
const DEFAULT_SEED: u64 = 1;

/// What the header `x-access-level` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessLevel {
    /// The permission the token was issued with.
    #[default]
    OfToken,
    /// Nothing: the header is left out.
    Off,
    /// This text.
    Text(String),
}

/// What the header `Date` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateHeader {
    /// X's clock, ending in `GMT` as today.
    #[default]
    Gmt,
    /// X's clock, ending in `UTC` as in older answers.
    Utc,
    /// X's clock moved by so many seconds, though timestamps are judged by the unmoved one.
    Skewed(i64),
    /// Nothing: the header is left out.
    Missing,
}

/// The host in the `type` of a problem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProblemHost {
    /// The one that each error was observed with.
    #[default]
    AsObserved,
    /// `api.twitter.com` everywhere.
    Twitter,
    /// `api.x.com` everywhere.
    X,
}

/// What a write with a read-only token is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadOnlyAnswer {
    /// `oauth1-permissions`.
    #[default]
    Permissions,
    /// "You are not permitted to perform this action."
    NotPermitted,
}

#[derive(Default)]
pub(crate) struct Settings {
    access_level: AccessLevel,
    date: DateHeader,
    problem_host: ProblemHost,
    read_only: ReadOnlyAnswer,
    enforce_rate_limits: bool,
}

pub(crate) struct State {
    world: World,
    settings: Settings,
    faults: Faults,
    log: Log,
    nonces: Nonces,
    rates: Rates,
    /// For values that depend on the order of requests, apart from the seed of the world.
    noise: Seeded,
}

/// Everything but the server, so that handles do not keep it running.
pub(crate) struct Shared {
    state: Mutex<State>,
    clock: Clock,
    changed: Notify,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait of ten seconds that was in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedOut {
    what: String,
    wanted: usize,
    seen: usize,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, wanted, seen } = self;
        write!(f, "waited in vain for {wanted} × {what}: saw {seen}")
    }
}

impl std::error::Error for TimedOut {}

pub(crate) async fn wait_until(
    shared: &Shared,
    what: &str,
    wanted: usize,
    seen: impl Fn(&State) -> usize,
) -> Result<(), TimedOut> {
    let reached = async {
        loop {
            let mut changed = pin!(shared.changed.notified());
            changed.as_mut().enable();
            if seen(&shared.lock()) >= wanted {
                return;
            }
            changed.await;
        }
    };
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(()) => Ok(()),
        Err(_) => Err(TimedOut {
            what: what.to_owned(),
            wanted,
            seen: seen(&shared.lock()),
        }),
    }
}

/// A simulated X. Clones are handles to the same one; it stops when the last of them is dropped.
#[derive(Clone)]
pub struct XSim {
    shared: Arc<Shared>,
    server: Arc<Server>,
}

impl fmt::Debug for XSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XSim({})", self.url())
    }
}

/// Starting and stopping.
impl XSim {
    /// Starts on a free port of 127.0.0.1. The made-up values are the same at every start.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::start_seeded(DEFAULT_SEED).await
    }

    /// Starts on a free port of 127.0.0.1 with values of its own, made from `seed`.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub async fn start_seeded(seed: u64) -> io::Result<Self> {
        Self::start_with((Ipv4Addr::LOCALHOST, 0).into(), seed).await
    }

    /// Starts on this address.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        Self::start_with(address, DEFAULT_SEED).await
    }

    /// Starts on this address with values made from `seed`.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub async fn start_with(address: SocketAddr, seed: u64) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                world: World::new(seed),
                settings: Settings::default(),
                faults: Faults::default(),
                log: Log::default(),
                nonces: Nonces::default(),
                rates: Rates::default(),
                noise: Seeded::new(!seed),
            }),
            clock: Clock::new(),
            changed: Notify::new(),
        });
        let server = Arc::new(Server::start(Arc::clone(&shared), address).await?);
        Ok(Self { shared, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Stops at once: open connections break, new ones are refused. There is no way back.
    pub fn stop(&self) {
        self.server.stop();
    }
}

/// The world.
impl XSim {
    /// A new user with an id of 19 digits.
    #[must_use]
    pub fn new_user(&self, username: &str) -> XUser {
        XUser::create(&self.shared, None, username)
    }

    /// A new user with an id of your choice, such as a short one of the early days.
    #[must_use]
    pub fn new_user_with_id(&self, id: u64, username: &str) -> XUser {
        XUser::create(&self.shared, Some(id), username)
    }

    /// A new app: enrolled, with credits, a key pair and a saved callback URL.
    #[must_use]
    pub fn new_app(&self, owner: &XUser, permission: AppPermission) -> App {
        App::create(&self.shared, owner, permission)
    }

    /// What a user does who opens the authorisation page and agrees: the PIN, good for one exchange.
    ///
    /// # Errors
    /// When the request token is unknown or was not asked for out of band.
    pub fn authorize(&self, request_token: &str, user: &XUser) -> Result<String, AuthorizeError> {
        let mut state = self.shared.lock();
        state.world.authorize(request_token, user.index)
    }

    /// Forgets all request tokens, as time does.
    pub fn forget_request_tokens(&self) {
        self.shared.lock().world.temporaries.clear();
    }

    /// Whether an app gets the same token again for a user, while it is valid and may do the same.
    pub fn give_same_token(&self, same: bool) {
        self.shared.lock().world.gives_same_token = same;
    }

    /// Ends one access token.
    pub fn revoke_token(&self, token: &str) {
        self.shared.lock().world.tokens.remove(token);
    }

    /// Whether an access token would be accepted.
    #[must_use]
    pub fn is_valid_token(&self, token: &str) -> bool {
        self.shared.lock().world.tokens.contains_key(token)
    }

    /// Every access token that would be accepted, with its secret.
    #[must_use]
    pub fn token_pairs(&self) -> Vec<TokenPair> {
        let state = self.shared.lock();
        let pair = |(token, record): (&String, &world::TokenRecord)| TokenPair {
            token: token.clone(),
            secret: record.secret.clone(),
        };
        state.world.tokens.iter().map(pair).collect()
    }

    /// Every request token that is not spent, with its secret.
    #[must_use]
    pub fn request_tokens(&self) -> Vec<TokenPair> {
        let state = self.shared.lock();
        let pair = |(token, temporary): (&String, &world::Temporary)| TokenPair {
            token: token.clone(),
            secret: temporary.secret.clone(),
        };
        state.world.temporaries.iter().map(pair).collect()
    }

    /// All posts, oldest first.
    #[must_use]
    pub fn posts(&self) -> Vec<Post> {
        let state = self.shared.lock();
        state.world.posts.values().cloned().collect()
    }
}

/// How it answers.
impl XSim {
    /// Moves X's clock against its source: the machine's clock, or the one of [`XSim::follow_clock`].
    pub fn set_clock_offset(&self, seconds: i64) {
        self.shared.clock.set_offset(seconds);
    }

    /// Takes the time, in Unix seconds, from a test's clock instead of the machine's.
    pub fn follow_clock(&self, now: impl Fn() -> i64 + Send + Sync + 'static) {
        self.shared.clock.follow(Arc::new(now));
    }

    /// What time it is at X, in Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    /// Sets what `x-access-level` says.
    pub fn set_access_level(&self, access_level: AccessLevel) {
        self.shared.lock().settings.access_level = access_level;
    }

    /// Sets what `Date` says.
    pub fn set_date(&self, date: DateHeader) {
        self.shared.lock().settings.date = date;
    }

    /// Sets the host in the `type` of problems.
    pub fn set_problem_host(&self, host: ProblemHost) {
        self.shared.lock().settings.problem_host = host;
    }

    /// Sets what a write with a read-only token is answered.
    pub fn set_read_only_answer(&self, answer: ReadOnlyAnswer) {
        self.shared.lock().settings.read_only = answer;
    }

    /// Whether the documented limits per user and 15 minutes are kept, not only written into headers. Off at first.
    pub fn enforce_rate_limits(&self, enforce: bool) {
        self.shared.lock().settings.enforce_rate_limits = enforce;
    }
}

/// Faults.
impl XSim {
    /// The next call to `path` meets this fault, after those that are queued already.
    pub fn answer_next(&self, path: &str, fault: impl Into<Fault>) {
        self.answer_times(path, 1, fault);
    }

    /// The next `times` calls to `path` meet this fault.
    pub fn answer_times(&self, path: &str, times: usize, fault: impl Into<Fault>) {
        let mut state = self.shared.lock();
        state.faults.push(path, times, &fault.into());
    }

    /// Every call to `path` meets this fault until it is cleared; queued ones come first.
    pub fn force(&self, path: &str, fault: impl Into<Fault>) {
        self.shared.lock().faults.force(path, fault.into());
    }

    /// Ends the faults of a path.
    pub fn clear(&self, path: &str) {
        self.shared.lock().faults.clear(path);
    }

    /// Ends all faults.
    pub fn clear_all(&self) {
        self.shared.lock().faults.clear_all();
    }

    /// How many queued faults of a path have not been met yet.
    #[must_use]
    pub fn faults_left(&self, path: &str) -> usize {
        self.shared.lock().faults.left(path)
    }

    /// How many calls to a path met a fault.
    #[must_use]
    pub fn faults_met(&self, path: &str) -> usize {
        self.shared.lock().faults.used(path)
    }

    /// Keeps requests to a path waiting, judged but unanswered, until the guard is released or dropped.
    #[must_use]
    pub fn hold(&self, path: &str) -> Hold {
        Hold::new(Arc::clone(&self.shared), path)
    }
}

/// What was seen.
impl XSim {
    /// Every call so far, in the order of arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().log.calls()
    }

    /// The calls to one path.
    #[must_use]
    pub fn calls_to(&self, path: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| log::same_path(path, &call.path));
        calls
    }

    /// How many calls to a path have arrived, also while recording is off.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        self.shared.lock().log.arrived(path)
    }

    /// Waits until `n` calls to a path are over: answered, dropped, or abandoned by the client.
    ///
    /// # Errors
    /// [`TimedOut`] after ten seconds.
    pub async fn wait_calls(&self, path: &str, n: usize) -> Result<(), TimedOut> {
        let what = format!("calls to {path}");
        wait_until(&self.shared, &what, n, |state| state.log.finished(path)).await
    }

    /// Waits until `n` calls to a path have arrived, answered or not.
    ///
    /// # Errors
    /// [`TimedOut`] after ten seconds.
    pub async fn wait_arrivals(&self, path: &str, n: usize) -> Result<(), TimedOut> {
        let what = format!("arrivals at {path}");
        wait_until(&self.shared, &what, n, |state| state.log.arrived(path)).await
    }

    /// Forgets calls and counts, not what was unexpected.
    pub fn forget_calls(&self) {
        self.shared.lock().log.forget();
    }

    /// The calls that a correct client never makes, once each.
    #[must_use]
    pub fn take_unexpected(&self) -> Vec<Unexpected> {
        self.shared.lock().log.take_unexpected()
    }

    /// Whether calls are kept. Counts and complaints are kept either way.
    pub fn record(&self, on: bool) {
        self.shared.lock().log.recording_off = !on;
    }
}
