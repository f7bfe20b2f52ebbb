//! The use cases: link, verify, rotate, unlink. Knows the store, the vault and X; knows nothing of Telegram.
//!
//! Each takes the caller's transaction, so that account, state and pending work change together or not at all.

pub(crate) mod credentials;
mod diagnose;
pub(crate) mod flow;
pub(crate) mod learn;
pub(crate) mod pin;
mod reminders;
pub(crate) mod revoke;
mod verify;

pub(crate) use self::{
    credentials::Keys,
    flow::{Answer, Begun, Source, Submitted},
    revoke::Unlinked,
};

pub use self::credentials::Accounts;

use std::{ops::Deref, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use tokio::sync::Notify;

use self::credentials::open;
use crate::{
    config::{Config, People, Rechecks},
    domain::{
        account::{AccountId, LinkedAccount},
        audit::{Actor, Event},
        facts::{AccountChoice, AccountSummary},
    },
    store::{
        StoreError, Tx, access, accounts,
        checks::{self, CheckKind},
        clients, health_checks, posts,
        reminders::{begin_again as remind_again, days as reminder_days},
        unreachable,
        values::{self, Slot},
    },
    support::{failpoint, random::Random},
    x::{AuthorizeUrl, ClockDifference, XClient},
};

/// Checks of a key pair alone that a user may cause in an hour; above that a flow goes on without them.
const MAX_KEY_PAIR_CHECKS_AN_HOUR: usize = 20;
/// How long values of a rotation wait for X's decision: X shows a value only once.
const CANDIDATE_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// A user's checks of values in use are at least this far apart.
const VERIFY_INTERVAL: TimeDelta = TimeDelta::seconds(15);

/// The use cases: what a user or a program asks for, on the database alone. Cheap to clone.
#[derive(Clone)]
pub struct Linker {
    accounts: Accounts,
    pub(crate) random: Random,
    authorize_url: AuthorizeUrl,
    clock_difference: ClockDifference,
    pub(crate) rechecks: Rechecks,
    /// Told when X refused a link to a program: it is asked about soon.
    pub(crate) suspected: Arc<Notify>,
    pub(crate) people: People,
    /// How long the operator keeps copies of the database, if that is known.
    keeps_backups: Option<TimeDelta>,
}

impl Deref for Linker {
    type Target = Accounts;

    fn deref(&self) -> &Accounts {
        &self.accounts
    }
}

impl Linker {
    /// The use cases over these accounts, for everybody, without re-checks.
    pub fn new(accounts: Accounts, x: &XClient, random: Random) -> Self {
        Self {
            accounts,
            random,
            authorize_url: x.authorize_url(),
            clock_difference: x.clock_difference().clone(),
            rechecks: Rechecks::OFF,
            suspected: Arc::default(),
            people: People::default(),
            keeps_backups: None,
        }
    }

    /// The same, as the configuration wants it.
    pub(crate) fn configured(self, config: &Config) -> Self {
        Self {
            rechecks: config.rechecks,
            people: config.people.clone(),
            keeps_backups: config.keeps_backups,
            ..self
        }
    }

    /// The same, and receipts say until when copies of the database are kept.
    pub(crate) fn keeping_backups(self, keeps_backups: Option<TimeDelta>) -> Self {
        Self {
            keeps_backups,
            ..self
        }
    }

    /// When the last copy that holds what is erased now will be gone, if the operator has said so.
    pub(crate) fn backups_until(&self) -> Option<DateTime<Utc>> {
        self.keeps_backups.map(|kept| self.clock.now() + kept)
    }

    /// Whether somebody is written to who has not written first: they may use the bot, and have not blocked it.
    pub(crate) async fn may_be_told(
        &self,
        db: &mut SqliteConnection,
        user: i64,
    ) -> Result<bool, StoreError> {
        let standing = access::standing(&mut *db, user).await?;
        Ok(self.people.admit(user, standing) && !unreachable::is_noted(db, user).await?)
    }

    /// The user's links as lines.
    pub async fn summaries(
        &self,
        tx: &mut Tx,
        owner: i64,
    ) -> Result<Vec<AccountSummary>, StoreError> {
        let uses = clients::uses_of(&mut **tx, owner).await?;
        let programs = |account: AccountId| {
            let of_it = uses.iter().filter(|each| each.account == account);
            of_it.map(|each| each.name.clone()).collect()
        };
        let mut summaries = Vec::new();
        for account in accounts::list(&mut **tx, owner).await? {
            let health = health_checks::get(&mut **tx, account.id).await?;
            let pair_checked_at = health.as_ref().and_then(|health| health.pair_at);
            let memory = health.map(|health| health.memory).unwrap_or_default();
            summaries.push(AccountSummary {
                id: account.id,
                programs: programs(account.id),
                name: account.name,
                x_account: account.x_account,
                verdict: account.verdict,
                since: account.verdict_since,
                checked_at: account.checked_at,
                pair_checked_at,
                candidate: account.candidate_until.is_some(),
                values_since: self.values_since(tx, account.id).await?,
                suspected_since: memory.suspicion.map(|suspicion| suspicion.first_at),
                asked_in_vain: memory.vain_code,
                remind_after_days: reminder_days(&mut **tx, account.id).await?,
            });
        }
        Ok(summaries)
    }

    /// Gives the values of a link to the user's other link of the same X account, and erases the former.
    /// `None`: one of them is gone.
    pub(crate) async fn update_twin(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<LinkedAccount>, StoreError> {
        let Some(from) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let Some(user) = from.x_account.as_ref().map(|x_account| x_account.id) else {
            return Ok(None);
        };
        let Some(into) = accounts::twin(&mut **tx, owner, user, account).await? else {
            return Ok(None);
        };
        let (Some((from_key, _)), Some((into_key, _))) = (
            self.data_key(tx, owner, from.id).await?,
            self.data_key(tx, owner, into.id).await?,
        ) else {
            return Ok(None);
        };
        for value in values::list(&mut **tx, from.id, Slot::Current).await? {
            let secret = open(&from_key, owner, from.id, &value)?;
            let sealed = self.sealed(&into_key, owner, into.id, value.field, &secret)?;
            values::put(&mut **tx, into.id, Slot::Current, &sealed).await?;
        }
        values::delete_all(&mut **tx, into.id, Slot::Candidate).await?;
        remind_again(&mut **tx, into.id, self.clock.now()).await?;
        // Answers about the old values say nothing about these.
        for kind in [CheckKind::Link, CheckKind::Verify, CheckKind::Rotation] {
            checks::cancel(&mut **tx, into.id, kind).await?;
        }
        accounts::set_candidate_until(&mut **tx, owner, into.id, None).await?;
        if let Some(verdict) = &from.verdict {
            let now = self.clock.now();
            accounts::record_verdict(&mut **tx, &into, verdict, now, now).await?;
            self.learn_health(tx, &into, verdict, None).await?;
        }
        // They are the same X user's, so the values that stay delete them.
        posts::give_to(tx, from.id, into.id).await?;
        values::erase(&mut **tx, owner, from.id).await?;
        self.note(tx, owner, Actor::User, Event::Merge, into.id, "")
            .await?;
        self.note(tx, owner, Actor::User, Event::Unlink, from.id, "")
            .await?;
        Ok(Some(into))
    }

    /// Erases the new values of rotations that have waited long enough.
    pub(crate) async fn erase_expired_candidates(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // Looking before writing: an idle bot does not write.
        if accounts::with_expired_candidates(self.store.reader(), now)
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let expired = accounts::with_expired_candidates(&mut *tx, now).await?;
        for account in &expired {
            values::delete_all(&mut *tx, account.id, Slot::Candidate).await?;
            checks::cancel(&mut *tx, account.id, CheckKind::Rotation).await?;
            accounts::set_candidate_until(&mut *tx, account.owner, account.id, None).await?;
            self.note(
                &mut tx,
                account.owner,
                Actor::Bot,
                Event::Expire,
                account.id,
                "",
            )
            .await?;
            failpoint::hit("candidate.erased");
        }
        tx.commit().await
    }
}

pub(crate) fn choice(account: &LinkedAccount) -> AccountChoice {
    AccountChoice {
        id: account.id,
        name: account.name.clone(),
    }
}

/// The time at which the oldest of `times` leaves the window, if the window is full.
fn full_until(times: &[DateTime<Utc>], limit: usize, window: TimeDelta) -> Option<DateTime<Utc>> {
    let oldest_that_counts = times.len().checked_sub(limit)?;
    times.get(oldest_that_counts).map(|time| *time + window)
}
