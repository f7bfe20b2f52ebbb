//! Puts the bot together, runs it, and stops it within a time.

use std::{sync::Arc, time::Duration};

use teloxide::Bot;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    config::{AllowedUsers, Config, ConfigError, DATABASE, TOKEN, X_URL},
    heartbeat::Heartbeat,
    linker::Linker,
    random::Random,
    store::{Store, StoreError, checks},
    telegram::{self, Telegram, TokenRefused},
    unlock::{UnlockError, unlock},
    vault::Vault,
    x::XClient,
};

/// What runs may take this long to end after a stop was asked for.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// The longest pause between two tries to open the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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
///
/// # Errors
/// The configuration cannot be used, or the database failed at start. Once the bot runs, failures are logged and tried
/// again.
pub async fn run(
    config: Config,
    clock: Clock,
    random: Random,
    stop: CancellationToken,
) -> Result<(), AppError> {
    let Some(store) = open_database(&config, &clock, &stop).await? else {
        return Ok(());
    };
    let served = serve(config, &store, clock, random, stop).await;
    store.close().await?;
    served
}

async fn serve(
    config: Config,
    store: &Store,
    clock: Clock,
    random: Random,
    stop: CancellationToken,
) -> Result<(), AppError> {
    let vault = unlock(store, &config.key_file, &clock, &random).await?;
    watch_keyring(store, &vault);
    if config.allowed_users == AllowedUsers::Everybody {
        tracing::warn!("everybody may use this bot; ADDX_ALLOWED_USERS limits it to some");
    }
    let bot = telegram_client(&config)?;
    let introduced = telegram::introduce(&bot, &clock, &stop).await;
    let me = match introduced {
        Ok(Some(me)) => me,
        Ok(None) => return Ok(()),
        Err(TokenRefused) => {
            let problem = "Telegram does not know this token. Copy it again from @BotFather";
            return Err(ConfigError::new(TOKEN, problem).into());
        }
    };
    let x = XClient::new(config.x_url, clock.clone(), random.clone())
        .map_err(|error| ConfigError::new(X_URL, error))?;
    free_checks(store).await?;
    let (to_write, written) = mpsc::unbounded_channel();
    let linker = Linker::new(
        store.clone(),
        vault.clone(),
        x,
        clock.clone(),
        random.clone(),
        to_write,
    );
    let telegram = Telegram::new(telegram::Deps {
        bot,
        me,
        store: store.clone(),
        vault,
        linker: linker.clone(),
        heartbeat: Heartbeat::beside(&config.database, clock.clone()),
        clock,
        random,
        allowed: config.allowed_users,
        stop: stop.clone(),
    });
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the bot runs");
    let tasks = TaskTracker::new();
    let checking = {
        let stop = stop.clone();
        tasks.spawn(async move { linker.run_checks(stop).await })
    };
    let talking = tasks.spawn(async move { telegram.run(written).await });
    tasks.close();
    // A part that ends by itself has panicked: the other one stops too, and the program ends with an error.
    let ended = Arc::new(tasks);
    tokio::select! {
        () = stop.cancelled() => {}
        () = ended.wait() => {}
    }
    stop.cancel();
    if tokio::time::timeout(STOP_LIMIT, ended.wait())
        .await
        .is_err()
    {
        tracing::warn!("something still ran when the time was up; the next start takes it up");
        checking.abort();
        talking.abort();
    }
    tracing::info!("the bot stopped");
    Ok(())
}

/// Opens the database. One that is locked or out of reach for the moment is tried again. `None`: stopped meanwhile.
async fn open_database(
    config: &Config,
    clock: &Clock,
    stop: &CancellationToken,
) -> Result<Option<Store>, AppError> {
    let mut pause = Duration::from_secs(1);
    loop {
        let error = match Store::open(&config.database).await {
            Ok(store) => return Ok(Some(store)),
            Err(error) if error.is_passing() => error,
            Err(error) => return Err(ConfigError::new(DATABASE, error).into()),
        };
        tracing::warn!(error = %error, pause_s = pause.as_secs(), "the database cannot be opened yet; trying again");
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = clock.sleep_until(clock.now() + pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Lets the store read the key file again when another process has made a new primary key.
fn watch_keyring(store: &Store, vault: &Vault) {
    let vault = vault.clone();
    store.watch_keyring(move |newest| {
        if vault.keyring().primary() < newest {
            match vault.reload() {
                Ok(()) => tracing::info!("the key file was read again: there is a new primary key"),
                Err(error) => {
                    tracing::error!(error = %error, "the key file could not be read again");
                }
            }
        }
        vault.keyring().primary()
    });
}

async fn free_checks(store: &Store) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    checks::free_all(&mut *tx).await?;
    Ok(tx.commit().await?)
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
