//! The use cases: link, verify, rotate, unlink. Knows the store, the vault and X; knows nothing of Telegram.
//!
//! Each takes the caller's transaction, so that account, state and pending work change together or not at all.

pub(crate) mod credentials;
mod diagnose;
pub(crate) mod flow;
pub(crate) mod learn;
pub(crate) mod pin;
mod recheck;
mod reminders;
pub(crate) mod revoke;
mod verify;

pub(crate) use self::{
    credentials::Keys,
    flow::{Answer, Begun, Source, Submitted},
    revoke::Unlinked,
};

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use tokio::sync::mpsc;

use crate::{
    audit,
    config::{AllowedUsers, Rechecks},
    domain::{
        account::{AccountId, LinkedAccount},
        audit::{Act, Actor, Event},
        credentials::{Field, Secret},
        facts::{AccountChoice, AccountSummary},
    },
    jobs::busy::Busy,
    store::{
        Store, StoreError, Tx, access, accounts,
        checks::{self, CheckKind},
        clients, health_checks, posts,
        reminders::{begin_again as remind_again, days as reminder_days},
        unreachable,
        values::{self, SealedValue, Slot, WrappedKey},
    },
    support::{clock::Clock, failpoint, metrics::Metrics, random::Random},
    vault::{AuditKey, DataKey, Vault},
    x::XClient,
};

/// Checks of a key pair alone that a user may cause in an hour; above that a flow goes on without them.
const MAX_KEY_PAIR_CHECKS_AN_HOUR: usize = 20;
/// How long values of a rotation wait for X's decision: X shows a value only once.
const CANDIDATE_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// A user's checks of values in use are at least this far apart.
const VERIFY_INTERVAL: TimeDelta = TimeDelta::seconds(15);

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Linker {
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) x: XClient,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) audit: AuditKey,
    rechecks: Rechecks,
    /// Who decides about others, and hears of trouble.
    owner: Option<i64>,
    /// Who may use the bot.
    allowed: AllowedUsers,
    /// The accounts that X is asked about just now.
    pub(crate) busy: Busy,
    /// Names chats that have something to be told.
    pub(crate) to_write: mpsc::UnboundedSender<i64>,
    /// Seconds by which our clock was ahead of X's when X last showed its own; `i64::MIN` before that.
    pub(crate) clock_difference: Arc<AtomicI64>,
    pub(crate) metrics: Metrics,
    /// How long the operator keeps copies of the database, if that is known.
    keeps_backups: Option<TimeDelta>,
}

impl Linker {
    /// The use cases over these parts. `to_write` gets the chats that a check has something to tell.
    pub fn new(
        store: Store,
        vault: Vault,
        x: XClient,
        clock: Clock,
        random: Random,
        audit: AuditKey,
        to_write: mpsc::UnboundedSender<i64>,
    ) -> Self {
        Self {
            busy: Busy::new(store.bell().clone()),
            store,
            vault,
            x,
            clock,
            random,
            audit,
            rechecks: Rechecks::OFF,
            owner: None,
            allowed: AllowedUsers::Everybody,
            to_write,
            clock_difference: Arc::new(AtomicI64::new(i64::MIN)),
            metrics: Metrics::default(),
            keeps_backups: None,
        }
    }

    /// The same, and X is asked by itself.
    pub(crate) fn with_rechecks(self, rechecks: Rechecks) -> Self {
        Self { rechecks, ..self }
    }

    /// The same, and receipts say until when copies of the database are kept.
    pub(crate) fn keeping_backups(self, keeps_backups: Option<TimeDelta>) -> Self {
        Self {
            keeps_backups,
            ..self
        }
    }

    /// The same for these people: what concerns nobody's link is told to `owner`.
    pub(crate) fn for_people(self, owner: Option<i64>, allowed: AllowedUsers) -> Self {
        Self {
            owner,
            allowed,
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
        Ok(self.allowed.admits(self.owner, user, standing)
            && !unreachable::is_noted(db, user).await?)
    }

    /// The same, and X's answers are counted here.
    pub(crate) fn counted_by(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// The randomness, for the ids of incidents.
    pub(crate) fn random(&self) -> &Random {
        &self.random
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

    /// Appends to the audit trail what was done with an account.
    pub(crate) async fn note(
        &self,
        tx: &mut Tx,
        owner: i64,
        actor: Actor,
        event: Event,
        account: AccountId,
        detail: &str,
    ) -> Result<(), StoreError> {
        let act = Act {
            owner,
            actor,
            event,
            account: Some(account),
            detail: detail.to_owned(),
        };
        audit::note(tx, &self.audit, act, self.clock.now()).await
    }

    pub(crate) async fn data_key(
        &self,
        db: &mut SqliteConnection,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<(DataKey, WrappedKey)>, StoreError> {
        let Some(wrapped) = values::data_key(db, owner, account).await? else {
            return Ok(None);
        };
        let key = self.open_data_key(owner, account, &wrapped)?;
        Ok(Some((key, wrapped)))
    }

    fn open_data_key(
        &self,
        owner: i64,
        account: AccountId,
        wrapped: &WrappedKey,
    ) -> Result<DataKey, StoreError> {
        self.vault
            .data_key(owner, account, &wrapped.wrapped)
            .map_err(|source| StoreError::Open {
                table: "data_keys",
                source,
            })
    }

    pub(crate) fn sealed(
        &self,
        key: &DataKey,
        owner: i64,
        account: AccountId,
        field: Field,
        value: &Secret,
    ) -> Result<SealedValue, StoreError> {
        Ok(SealedValue {
            field,
            sealed: key.seal(owner, account, field, value)?,
            fingerprint: key.fingerprint(field, value),
            chars: u32::try_from(value.expose().chars().count()).unwrap_or(u32::MAX),
            received_at: self.clock.now(),
        })
    }

    fn seen_clock_difference(&self) -> Option<i64> {
        match self.clock_difference.load(Ordering::Relaxed) {
            i64::MIN => None,
            seconds => Some(seconds),
        }
    }
}

pub(crate) fn open(
    key: &DataKey,
    owner: i64,
    account: AccountId,
    value: &SealedValue,
) -> Result<Secret, StoreError> {
    key.open(owner, account, value.field, &value.sealed)
        .map_err(|source| StoreError::Open {
            table: "sealed_values",
            source,
        })
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
