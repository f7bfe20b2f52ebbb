//! Before a refusal is told: what does X say of links of other apps?

use std::sync::atomic::Ordering;

use super::{RETRY, Rechecker, question::Subject};
use crate::{
    domain::{
        pace::Hearing,
        watch::{Answer, Witness},
    },
    store::{StoreError, jobs::subject_of, schedule},
};

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
        for calling in self.pace().callings(refusal, charged, now) {
            while left > 0 {
                left -= 1;
                let busy = base.busy.all();
                let found = schedule::witness(base.store.reader(), apps, calling, &busy).await?;
                let Some(claimed) = found else { break };
                let Some(_held) = base.busy.begin(&subject_of(claimed.account)) else {
                    continue;
                };
                let heard = match self.try_answer(claimed, Some(calling.ask)).await {
                    Ok(heard) => heard,
                    Err(error) => {
                        let mut tx = base.store.begin().await?;
                        schedule::fail(&mut *tx, claimed.account, now + RETRY).await?;
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
            schedule::other_witnesses(base.store.reader(), apps, since).await?;
        Ok(hearing.close(others, suspected))
    }
}
