//! Reminders to rotate: set by the user for a link, off until then.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Linker, choice};
use crate::{
    domain::account::AccountId,
    messages::{self, Message},
    store::{
        StoreError, Tx, accounts, outbox, reminders,
        values::{self, Slot},
    },
};

/// Somebody who cannot be reached is reminded again after this long.
const LATER: TimeDelta = TimeDelta::days(1);

impl Linker {
    /// What to ask about a link's reminder. `None`: there is no such link of this user.
    pub(crate) async fn ask_reminder(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<Option<Message>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        let since = self.values_since(tx, account).await?;
        let days = reminders::days(&mut **tx, account).await?;
        let now = self.clock.now();
        Ok(Some(messages::health::ask_reminder(
            &choice(&linked),
            since,
            days,
            now,
        )))
    }

    /// Reminds the user of a link to rotate, once its values are `days` old; `None`: no longer. What to say about it.
    pub(crate) async fn remind(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
        days: Option<u32>,
    ) -> Result<Message, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(messages::accounts::no_such());
        };
        let now = self.clock.now();
        let due_at = if let Some(days) = days {
            let since = self.values_since(tx, account).await?.unwrap_or(now);
            let due_at = (since + TimeDelta::days(i64::from(days))).max(now);
            reminders::set(&mut **tx, account, days, due_at).await?;
            Some(due_at)
        } else {
            reminders::clear(&mut **tx, account).await?;
            None
        };
        Ok(messages::health::reminder_set(&linked.name, due_at, now))
    }

    /// Promises the reminders that are due.
    pub(crate) async fn promise_reminders(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // Looking before writing: an idle bot does not write.
        match reminders::next_due(self.store.reader()).await? {
            Some(due) if due <= now => {}
            Some(_) | None => return Ok(()),
        }
        let mut tx = self.store.begin().await?;
        for due in reminders::due(&mut *tx, now).await? {
            let Some(linked) = accounts::by_id(&mut *tx, due.owner, due.account).await? else {
                continue;
            };
            let later = if self.may_be_told(&mut tx, due.owner).await? {
                let account = choice(&linked);
                let since = self.values_since(&mut tx, due.account).await?;
                let reminder = || messages::health::rotate_due(&account, since, now);
                outbox::push(&mut tx, &self.vault, due.owner, reminder, now).await?;
                TimeDelta::days(i64::from(due.days))
            } else {
                LATER
            };
            reminders::set(&mut *tx, due.account, due.days, now + later).await?;
        }
        tx.commit().await
    }

    /// When the oldest of a link's values came.
    pub(super) async fn values_since(
        &self,
        tx: &mut Tx,
        account: AccountId,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let values = values::list(&mut **tx, account, Slot::Current).await?;
        Ok(values.into_iter().map(|value| value.received_at).min())
    }
}
