//! The calls that change something at X: claimed with a lease, made, and told to the user. They survive a crash.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::Linker;
use crate::{
    failpoint, incident,
    store::{
        StoreError,
        calls::{self, Call, CallKind},
    },
};

/// Calls to X at the same time.
const CONCURRENT: usize = 8;
/// Longer than X may take for every part of one call; after it, the call counts as lost and is claimed again.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Pause after a failure of ours.
const RETRY: TimeDelta = TimeDelta::seconds(5);
/// After so many tries that came to an end without deciding anything the call is given up.
pub(super) const MAX_TRIES: u32 = 3;
/// A bot that dies while X is asked uses up no try. Claims are bounded all the same, in case it is the call that kills it.
const MAX_CLAIMS: u32 = 10;

impl Linker {
    /// Makes calls until `stop`; then those under way are finished.
    pub(crate) async fn run_calls(&self, stop: CancellationToken) {
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let under_way = TaskTracker::new();
        while !stop.is_cancelled() {
            // Before it is looked at what is due: what becomes due meanwhile is not put off.
            let now = self.clock.now();
            let claimed = match Arc::clone(&permits).try_acquire_owned() {
                Ok(permit) => self.claim_call().await.map(|call| Some(permit).zip(call)),
                // Each that ends wakes this loop.
                Err(_) => Ok(None),
            };
            let pause = match claimed {
                Ok(Some((permit, call))) => {
                    let linker = self.clone();
                    under_way.spawn(async move {
                        linker.make_call(call).await;
                        drop(permit);
                        linker.calls_due.notify_one();
                    });
                    continue;
                }
                Ok(None) => calls::next_due(self.store.reader()).await,
                Err(error) => Err(error),
            };
            let due = match pause {
                Ok(due) => due.map(|due| due.max(now + TimeDelta::seconds(1))),
                Err(error) => {
                    tracing::error!(error = %error, "calls to X could not be looked up; trying again");
                    Some(now + RETRY)
                }
            };
            let until_due = async {
                match due {
                    Some(due) => self.clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.calls_due.notified() => {}
                () = until_due => {}
            }
        }
        under_way.close();
        under_way.wait().await;
    }

    async fn claim_call(&self) -> Result<Option<Call>, StoreError> {
        let now = self.clock.now();
        // Looking before writing: an idle bot does not write.
        match calls::next_due(self.store.reader()).await? {
            Some(due) if due <= now => {}
            Some(_) | None => return Ok(None),
        }
        let mut tx = self.store.begin().await?;
        let call = calls::claim(&mut *tx, now, now + LEASE).await?;
        tx.commit().await?;
        Ok(call)
    }

    /// Makes one call. A failure of ours, a panic included, is tried again, then told.
    #[tracing::instrument(name = "call", skip_all, fields(account = %call.account, call.kind = call.kind.as_str()))]
    async fn make_call(&self, call: Call) {
        let made = incident::guard(async {
            failpoint::hit("call.claimed");
            if call.attempts > MAX_CLAIMS {
                return Err(StoreError::Corrupt {
                    table: "calls",
                    reason: "the process died each time it was made",
                });
            }
            let made = match call.kind {
                CallKind::RequestToken => self.request_token(&call).await,
                CallKind::AccessToken => self.exchange_pin(&call).await,
                CallKind::Revoke => self.revoke(&call).await,
                CallKind::RevokeUnused => self.revoke_unused(&call).await,
            };
            failpoint::hit("call.committed");
            made
        });
        let error = match made.await {
            Ok(Ok(())) => {
                // The receiver is gone only when the bot stops.
                let _ = self.to_write.send(call.owner);
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        let last = call.is_last_try();
        let id = incident::id(&self.random);
        let recovered = if last {
            self.give_up_call(&call, &id).await
        } else {
            self.put_call_back(call.id, RETRY).await
        };
        match recovered {
            Ok(()) if last => incident::report(&id, "a call to X failed", &error),
            Ok(()) => tracing::warn!(error = %error, "a call to X failed; trying again"),
            Err(again) => {
                tracing::error!(error = %again, "a failed call could not be put back; its lease will end");
            }
        }
        let _ = self.to_write.send(call.owner);
    }

    pub(super) async fn put_call_back(&self, id: i64, pause: TimeDelta) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        calls::postpone(&mut *tx, id, self.clock.now() + pause).await?;
        Ok(tx.commit().await?)
    }

    async fn give_up_call(&self, call: &Call, incident: &str) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        if calls::finish(&mut *tx, call.id).await? {
            match call.kind {
                CallKind::RequestToken | CallKind::AccessToken | CallKind::RevokeUnused => {
                    self.pin_incident(&mut tx, call, incident).await?;
                }
                // The user wanted it gone, whatever X says.
                CallKind::Revoke => self.erase_unasked(&mut tx, call).await?,
            }
        }
        Ok(tx.commit().await?)
    }
}

impl Call {
    /// Whether the call is given up unless it is decided now.
    pub(super) fn is_last_try(&self) -> bool {
        self.tries + 1 >= MAX_TRIES || self.attempts >= MAX_CLAIMS
    }
}
