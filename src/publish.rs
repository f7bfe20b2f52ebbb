//! For Rust programs: opens the same database as the bot, and publishes with the accounts in it.
//!
//! It may run beside the bot, or without it, and has to be of the bot's version: it never changes the schema. What X says to a
//! post counts for the account as it does in the bot; values that X refuses are asked about, and the user is told, once the
//! bot runs. Whoever can open the database and the key file can use every account; a
//! program that should not be able to do that goes through the signing proxy ([`crate::proxy`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use addx::publish::{Place, Publisher};
//!
//! let publisher = Publisher::open(&Place {
//!     database: "data/addx.db".into(),
//!     key_file: "secrets/addx.key".into(),
//!     x_url: "https://api.x.com".parse()?,
//! })
//! .await?;
//! let account = publisher.accounts().await?.remove(0);
//! let post = publisher.post(account.id, "Hello from Rust").await?;
//! println!("{}", post.link());
//! publisher.close().await?;
//! # Ok(())
//! # }
//! ```

use std::path::PathBuf;

use url::Url;

use crate::{
    admin::unlock::{self, UnlockError},
    audit,
    domain::{
        audit::{Act, Actor, Event},
        facts::Standing,
        post::PostOutcome,
    },
    linking::{Accounts, Linker},
    store::{Store, StoreError, access, clients},
    support::{clock::Clock, random::Random},
    x::{XClient, XClientError},
};
pub use crate::{
    domain::{
        account::AccountId,
        post::{PostId, PostRejection, PostText},
        verdict::Verdict,
    },
    store::clients::Usable as Account,
};

/// Where the bot keeps its data, and where X is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The database file.
    pub database: PathBuf,
    /// The keyring.
    pub key_file: PathBuf,
    /// The X API, such as `https://api.x.com`.
    pub x_url: Url,
}

/// Why there is no publisher.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database is not there: the bot makes it, not a program beside it.
    #[error("there is no database at {0}")]
    NoDatabase(PathBuf),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file does not fit.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
    /// The URL of X cannot be used.
    #[error(transparent)]
    X(#[from] XClientError),
}

/// Why nothing was published, or why that is not known.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// X would not take this text.
    #[error("this text cannot be published: {0:?}")]
    Text(PostRejection),
    /// There is no such account, or it has not all of its values.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The account cannot be used as it is: a verdict's code (`docs/verdicts.md`), or `not_checked`.
    #[error("the account cannot be used: {0}")]
    NotConnected(&'static str),
    /// X refused the post. Nothing was published.
    #[error("X refused the post: {}", .0.code())]
    Refused(Box<Verdict>),
    /// X does not accept the values. Nothing was published.
    #[error("X does not accept the account's values")]
    ValuesRefused,
    /// X did not answer: it may have published it. Look before you post again.
    #[error("X did not answer; the post may have been published")]
    Unknown,
    /// The account's user was blocked by the bot's owner.
    #[error("the account's user may not use the bot any more")]
    NoAccess,
    /// The database failed. Nothing was published.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishes with the accounts of a database. Cheap to clone.
#[derive(Clone)]
pub struct Publisher {
    store: Store,
    linker: Linker,
    x: XClient,
}

impl Publisher {
    /// Opens the database that the bot uses.
    ///
    /// # Errors
    /// It is not there, has the schema of another version of addx, or the key file does not open it.
    pub async fn open(place: &Place) -> Result<Self, OpenError> {
        Self::open_with(place, Clock::system(), Random::system()).await
    }

    /// The same with a clock and randomness of the caller's, for tests.
    ///
    /// # Errors
    /// The same.
    pub async fn open_with(place: &Place, clock: Clock, random: Random) -> Result<Self, OpenError> {
        if !place.database.exists() {
            return Err(OpenError::NoDatabase(place.database.clone()));
        }
        let store = Store::open_existing(&place.database).await?;
        let vault = unlock::unlock(&store, &place.key_file, &clock, &random).await?;
        let key = audit::open_key(&store, &vault).await?;
        let x = XClient::new(place.x_url.clone(), clock.clone(), random.clone())?;
        let accounts = Accounts::new(store.clone(), vault, key, clock);
        let linker = Linker::new(accounts, &x, random);
        Ok(Self { store, linker, x })
    }

    /// Every account, whoever linked it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        clients::all_accounts(self.store.reader()).await
    }

    /// Publishes `text`, once. The use stands in the audit trail before X is asked; nothing is ever tried again.
    ///
    /// # Errors
    /// Nothing was published, or that is not known: the error says which.
    pub async fn post(&self, account: AccountId, text: &str) -> Result<PostId, PostError> {
        let text = PostText::parse(text).map_err(PostError::Text)?;
        let found = clients::account(self.store.reader(), account).await?;
        let owner = found.ok_or(PostError::NoSuchAccount)?.owner;
        // The lists of the bot's configuration are not known here.
        if access::standing(self.store.reader(), owner).await? == Some(Standing::Blocked) {
            return Err(PostError::NoAccess);
        }
        let keys = self.linker.keys(owner, account).await?;
        let keys = keys.ok_or(PostError::NoSuchAccount)?;
        if let Some(code) = keys.obstacle(false) {
            return Err(PostError::NotConnected(code));
        }
        let act = Act {
            owner,
            actor: Actor::Program,
            event: Event::Use,
            account: Some(account),
            detail: "library: POST /2/tweets".to_owned(),
        };
        self.linker.note_uses(vec![act]).await?;
        let whose = keys.linked.x_account.as_ref();
        let asked_at = self.linker.now();
        let published = self.x.publish(&keys.client, &keys.token, whose, &text);
        let outcome = published.await;
        if let Err(error) = self.linker.heard(&keys.linked, &outcome, asked_at).await {
            // What became of the post is worth more.
            tracing::warn!(%error, "what X said of an account could not be noted");
        }
        match outcome {
            PostOutcome::Published(post) => Ok(post),
            PostOutcome::Refused(verdict) => Err(PostError::Refused(Box::new(verdict))),
            PostOutcome::ValuesRefused => Err(PostError::ValuesRefused),
            PostOutcome::Unknown => Err(PostError::Unknown),
        }
    }

    /// Closes the database.
    ///
    /// # Errors
    /// The database failed.
    pub async fn close(self) -> Result<(), StoreError> {
        self.store.close().await
    }
}
