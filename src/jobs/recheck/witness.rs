//! Before a refusal is told: what does X say of links of other apps?

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::Instant;

use super::{RETRY, Rechecker, question::Subject};
use crate::{
    domain::{
        health::{Answer, AppMark, Witness},
        pace::{Calling, Hearing},
    },
    jobs::busy::Held,
    store::{
        StoreError,
        health_checks::{self, Claimed},
        jobs::subject_of,
    },
};

/// How long links that are just being asked about are waited for: as long as X takes for an answer. They may wait themselves.
const PATIENCE: Duration = Duration::from_secs(1);

impl Rechecker {
    /// What X says now of links of other apps that are held to work. Two of them that are refused too make it the failure of
    /// many; a single one may be dead as well.
    pub(super) async fn witness(
        &self,
        subject: &Subject,
        refusal: Answer<'_>,
    ) -> Result<Witness, StoreError> {
        let base = &self.linker;
        let now = base.clock.now();
        let under_way = self.charging.load(Ordering::SeqCst);
        let charged = self.charged(now).await? + under_way.saturating_sub(1);
        let mut apps = [subject.app; Hearing::APPS];
        let mut known = 1;
        let mut hearing = Hearing::default();
        let mut left = Hearing::LINKS;
        let until = Instant::now() + PATIENCE;
        for calling in self.pace().callings(refusal, charged, now) {
            while left > 0 {
                left -= 1;
                let found = self.next_witness(apps, calling, until).await?;
                let Some((claimed, _held)) = found else { break };
                let heard = match self.try_answer(claimed, Some(calling.ask)).await {
                    Ok(heard) => heard,
                    Err(error) => {
                        let mut tx = base.store.begin().await?;
                        health_checks::fail(&mut *tx, claimed.account, now + RETRY).await?;
                        tx.commit().await?;
                        return Err(error);
                    }
                };
                let Some((heard, app)) = heard else { continue };
                // Whose app it is may not have been known before.
                if apps.contains(&app) {
                    continue;
                }
                if let Some(place) = apps.get_mut(known) {
                    *place = app;
                    known += 1;
                }
                if let Some(witness) = hearing.hear(heard.answer()) {
                    return Ok(witness);
                }
            }
        }
        // Those that are being asked about just now may have an answer from a moment ago, and will have another one soon.
        let since = self.pace().lately(now);
        let (others, suspected) =
            health_checks::other_witnesses(base.store.reader(), apps, since).await?;
        Ok(hearing.close(others, suspected))
    }
    /// The next link to ask. One that is just being asked about is waited for: links that came due together would be in each
    /// other's way every time.
    async fn next_witness(
        &self,
        apps: [AppMark; Hearing::APPS],
        calling: Calling,
        until: Instant,
    ) -> Result<Option<(Claimed, Held)>, StoreError> {
        let (store, busy) = (&self.linker.store, &self.linker.busy);
        let mut bell = store.bell().listen();
        loop {
            bell.mark_unchanged();
            let free = health_checks::witness(store.reader(), apps, calling, &busy.all()).await?;
            if let Some(claimed) = free {
                if let Some(held) = busy.begin(&subject_of(claimed.account)) {
                    return Ok(Some((claimed, held)));
                }
                continue;
            }
            let any = health_checks::witness(store.reader(), apps, calling, "[]").await?;
            let rung = tokio::time::timeout_at(until, bell.changed());
            if any.is_none() || rung.await.is_err() {
                return Ok(None);
            }
        }
    }
}
