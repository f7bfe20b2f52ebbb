//! Puts the bot together, runs it, and stops it within a time.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use teloxide::Bot;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{
        doctor,
        monitor::Monitor,
        unlock::{self, UnlockError, unlock},
    },
    audit,
    config::{AllowedUsers, Config, ConfigError, DATABASE, METRICS, PROXY, TOKEN, X_URL},
    jobs::{
        Context,
        check::Checking,
        pin::Authorizing,
        post::{Publishing, Unpublishing},
        revoke::Ending,
        runner::{Runner, Work},
    },
    linking::{Accounts, Linker},
    proxy::Proxy,
    store::{
        Store, StoreError,
        deletions::{OWN, SECRET},
        jobs as queue,
    },
    support::{
        backoff::Backoff,
        clock::Clock,
        failpoint,
        heartbeat::Heartbeat,
        incident,
        instance::Instance,
        listening::{Door, listen},
        metrics::Metrics,
        random::Random,
    },
    telegram::{self, Telegram, TokenRefused, deletions::Deleting},
    vault::Vault,
    x::XClient,
};

/// What runs may take this long to end after a stop was asked for.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// Closing the database may take this long after that.
const CLOSE_LIMIT: Duration = Duration::from_millis(1500);
/// Between two tries to open the database.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// Why the bot ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The operator has to change the configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It failed while running.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An HTTP client could not be made.
    #[error("an HTTP client could not be made: {0}")]
    Http(#[from] reqwest::Error),
    /// A part of it ended by itself.
    #[error("a part of the bot ended by itself; start it again")]
    Ended,
}

impl From<UnlockError> for AppError {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Config(error) => Self::Config(error),
            UnlockError::Store(error) => Self::Store(error),
        }
    }
}

/// Runs the bot until `stop`, then ends what runs, and closes the database.
pub async fn run(
    config: Config,
    clock: Clock,
    random: Random,
    stop: CancellationToken,
) -> Result<(), AppError> {
    // Listened for before anything else: a hang-up that nobody listens for ends a process.
    let hangups = signal(SignalKind::hangup());
    let Some(_instance) = be_the_only_one(&config, &clock, &stop).await? else {
        return Ok(());
    };
    let Some(accounts) = open(&config, &clock, &random, &stop).await? else {
        return Ok(());
    };
    let taking_up = match hangups {
        Ok(hangups) => {
            let (store, vault) = (accounts.store.clone(), accounts.vault.clone());
            let on_hangups = take_up_keyrings(hangups, store, vault, stop.clone());
            Some(tokio::spawn(on_hangups))
        }
        Err(error) => {
            tracing::warn!(error = %error, "SIGHUP cannot be listened for");
            None
        }
    };
    let store = accounts.store.clone();
    let served = serve(config, accounts, random, stop).await;
    if let Some(taking_up) = taking_up {
        taking_up.abort();
    }
    failpoint::hit("stop.before_close");
    // A task that was broken off may still hold a connection: the next start does what is left then.
    match tokio::time::timeout(CLOSE_LIMIT, store.close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "the database could not be closed in order");
        }
        Err(_) => tracing::warn!("the database was still in use when the time was up"),
    }
    served
}

async fn serve(
    config: Config,
    accounts: Accounts,
    random: Random,
    stop: CancellationToken,
) -> Result<(), AppError> {
    let (store, clock) = (accounts.store.clone(), accounts.clock.clone());
    if config.people.allowed == AllowedUsers::Everybody && config.people.owner.is_none() {
        tracing::warn!("everybody may use this bot; ADDX_ALLOWED_USERS limits it to some");
    }
    let door = listen(PROXY, "programs", config.proxy).await?;
    let mut parts = Running {
        tasks: JoinSet::new(),
        clock: clock.clone(),
        random: random.clone(),
        stop: stop.clone(),
    };
    let metrics = Metrics::default();
    let heartbeat = Heartbeat::beside(&config.database, clock.clone());
    // Before Telegram answers: that it does not is one of the things to be seen there.
    if let Some(door) = listen(METRICS, "metrics", config.metrics).await? {
        let monitor = Monitor {
            metrics: metrics.clone(),
            store: store.clone(),
            heartbeat: heartbeat.clone(),
            clock: clock.clone(),
        };
        let serve = move |listener, stop| monitor.serve(listener, stop);
        parts.listen(door, &metrics, serve);
    }
    let bot = telegram_client(&config)?;
    let introduced = telegram::introduce(&bot, &clock, &stop).await;
    let Some(me) = introduced.map_err(|TokenRefused| {
        let problem = "Telegram does not know this token. Copy it again from @BotFather";
        ConfigError::new(TOKEN, problem)
    })?
    else {
        return Ok(());
    };
    heartbeat.beat();
    let (to_write, written) = mpsc::unbounded_channel();
    let x = XClient::new(config.x_url.clone(), clock.clone(), random.clone())
        .map_err(|error| ConfigError::new(X_URL, error))?
        .counted_by(metrics.clone());
    let kept = accounts.clone();
    let linker = Linker::new(accounts, &x, random.clone()).configured(&config);
    let context = Context::new(linker.clone(), x.clone(), to_write, metrics.clone());
    let telegram = Telegram::new((bot, me), linker.clone(), metrics.clone(), heartbeat, stop);
    if let Some(door) = door {
        let proxy = Proxy::new(linker, x, metrics.clone());
        let serve = |listener, stop| async move { proxy.serve(listener, stop).await };
        parts.listen(door, &metrics, serve);
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the bot runs");
    parts.work(&context, &telegram);
    if let Some(days) = config.keeps_audit {
        parts.prune(config, days, kept);
    }
    parts.keep("emptying the database's log ended", move |stop| {
        let store = store.clone();
        async move { store.keep_log_clean(stop).await }
    });
    parts
        .tasks
        .spawn(async move { telegram.run(written).await });
    parts.end().await
}

/// What runs beside each other until the bot stops.
struct Running {
    tasks: JoinSet<()>,
    clock: Clock,
    random: Random,
    stop: CancellationToken,
}

impl Running {
    /// Runs a part, and begins it again when it panics. `ended` is what the log then says.
    fn keep<F>(
        &mut self,
        ended: &'static str,
        part: impl Fn(CancellationToken) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (clock, random, stop) = (self.clock.clone(), self.random.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            incident::keep_up(ended, &clock, &random, &stop, || part(stop.clone())).await;
        });
    }

    /// Lets `serve` answer at an address as soon as it can be had.
    fn listen<F>(
        &mut self,
        door: Door,
        metrics: &Metrics,
        serve: impl FnOnce(TcpListener, CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (clock, metrics, stop) = (self.clock.clone(), metrics.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            if let Some(listener) = door.open(&metrics, &clock, &stop).await {
                serve(listener, stop).await;
            }
        });
    }

    /// Prunes the audit trail once a day, as long as the clock tells the time: else it would take out what is young.
    fn prune(&mut self, config: Config, keeps: TimeDelta, accounts: Accounts) {
        let config = Arc::new(config);
        self.keep("pruning the audit trail ended", move |stop| {
            let (config, accounts) = (Arc::clone(&config), accounts.clone());
            async move {
                let Accounts {
                    store,
                    audit,
                    clock,
                    ..
                } = &accounts;
                loop {
                    let now = clock.now();
                    if !doctor::clocks_agree(&config, clock).await {
                        tracing::warn!("the clock does not agree with X's and Telegram's, so nothing is pruned; see addx doctor");
                    } else if let Err(error) = audit::prune(store, audit, now - keeps, now).await {
                        tracing::error!(%error, "the audit trail could not be pruned");
                    }
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = clock.sleep_until(now + TimeDelta::days(1)) => {}
                    }
                }
            }
        });
    }

    /// Everything that is done at X and Telegram beside the updates.
    fn work(&mut self, context: &Context, telegram: &Telegram) {
        let works: Vec<Arc<dyn Work>> = vec![
            Arc::new(Deleting(telegram.clone(), SECRET)),
            Arc::new(Deleting(telegram.clone(), OWN)),
            Arc::new(Checking(context.clone())),
            Arc::new(Authorizing(context.clone())),
            Arc::new(Ending(context.clone())),
            Arc::new(Unpublishing(context.clone())),
            Arc::new(Publishing(context.clone())),
        ];
        let (clock, random, busy) = (
            self.clock.clone(),
            self.random.clone(),
            context.busy.clone(),
        );
        let runner = Runner::new(context.store.clone(), clock, random, busy, works);
        self.keep("the runner of jobs ended", move |stop| {
            let runner = runner.clone();
            async move { runner.run(stop).await }
        });
        let rechecks = context.clone();
        self.keep("the re-checks ended", move |stop| {
            let rechecks = rechecks.clone();
            async move { rechecks.run_rechecks(stop).await }
        });
    }

    /// Waits for the stop, and then for what runs.
    async fn end(self) -> Result<(), AppError> {
        let Self {
            mut tasks, stop, ..
        } = self;
        // A part that ends by itself cannot go on: the others stop too, and the program ends with an error.
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            _ = tasks.join_next() => {}
        }
        let asked_to = stop.is_cancelled();
        if !asked_to {
            tracing::error!("a part of the bot ended by itself; stopping");
        }
        stop.cancel();
        let ending = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_LIMIT, ending).await.is_err() {
            tracing::warn!("shutdown timed out; the next start resumes the rest");
            tasks.abort_all();
        }
        tracing::info!("the bot stopped");
        if asked_to {
            Ok(())
        } else {
            Err(AppError::Ended)
        }
    }
}

/// Waits until no other process works on the database. `None`: stopped meanwhile.
async fn be_the_only_one(
    config: &Config,
    clock: &Clock,
    stop: &CancellationToken,
) -> Result<Option<Instance>, AppError> {
    Store::create_file(&config.database).map_err(|error| ConfigError::new(DATABASE, error))?;
    let attempt = |pause: Duration| async move {
        let claimed = Instance::claim(&config.database);
        let claimed = claimed.map_err(|error| ConfigError::new(DATABASE, error))?;
        if claimed.is_none() {
            tracing::warn!(
                pause_s = pause.as_secs(),
                "another addx works on this database; trying again"
            );
        }
        Ok(claimed)
    };
    PAUSES.retry(clock, stop, attempt).await
}

/// Opens the database and the vault. A database that is locked or out of reach for the moment is tried again. `None`:
/// stopped meanwhile.
async fn open(
    config: &Config,
    clock: &Clock,
    random: &Random,
    stop: &CancellationToken,
) -> Result<Option<Accounts>, AppError> {
    let attempt = |pause: Duration| async move {
        match try_to_open(config, clock, random).await {
            Err(AppError::Store(error)) if error.is_passing() => {
                let pause_s = pause.as_secs();
                tracing::warn!(error = %error, pause_s, "the database cannot be used yet; trying again");
                Ok(None)
            }
            opened => opened.map(Some),
        }
    };
    PAUSES.retry(clock, stop, attempt).await
}

/// Reads the key file again at every hang-up, until `stop`.
async fn take_up_keyrings(
    mut hangups: Signal,
    store: Store,
    vault: Vault,
    stop: CancellationToken,
) {
    loop {
        let hung_up = tokio::select! {
            () = stop.cancelled() => None,
            hung_up = hangups.recv() => hung_up,
        };
        if hung_up.is_none() {
            return;
        }
        let taken_up = incident::guard(unlock::take_up(&store, &vault)).await;
        let error = match taken_up {
            Ok(Ok(())) => {
                let keys = vault.keyring().to_string();
                tracing::info!(keys, "the key file was read again");
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        let keys = vault.keyring().to_string();
        tracing::error!(
            error,
            keys,
            "the key file cannot be used; the keys stay as they were"
        );
    }
}

async fn try_to_open(
    config: &Config,
    clock: &Clock,
    random: &Random,
) -> Result<Accounts, AppError> {
    let store = match Store::open(&config.database).await {
        Ok(store) => store,
        Err(error) if error.is_passing() => return Err(error.into()),
        Err(error) => return Err(ConfigError::new(DATABASE, error).into()),
    };
    let vault = unlock(&store, &config.key_file, clock, random).await?;
    failpoint::hit("start.unlocked");
    let mut tx = store.begin().await?;
    queue::free_all(&mut *tx, clock.now()).await?;
    tx.commit().await?;
    failpoint::hit("start.freed");
    let audit = audit::open_key(&store, &vault).await?;
    Ok(Accounts::new(store, vault, audit, clock.clone()))
}

/// Like teloxide's own client, and besides: no redirects, and no proxy that the environment happens to name.
fn telegram_client(config: &Config) -> Result<Bot, reqwest::Error> {
    let client = teloxide::net::default_reqwest_settings()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let bot = Bot::with_client(config.token.expose(), client);
    Ok(bot.set_api_url(config.telegram_url.clone()))
}
