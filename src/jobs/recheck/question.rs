//! One question about one link: what it needs, and what X says.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};

use super::Rechecker;
use crate::{
    domain::{
        account::LinkedAccount,
        health::{Answer, AppMark},
        pace::Ask,
        verdict::{KeyPairOutcome, Verdict},
    },
    linking::{credentials::Opened, learn::judge_owner},
    store::{
        StoreError, accounts,
        health_checks::{self, Claimed, HealthCheck},
        spending,
        values::SealedValue,
    },
    x::Look,
};

/// What came of it.
pub(super) enum Heard {
    Judged(Verdict),
    Refused,
    PairAccepted,
}

impl Heard {
    pub(super) fn answer(&self) -> Answer<'_> {
        match self {
            Self::Judged(verdict) => Answer::Judged(verdict),
            Self::Refused => Answer::Refused,
            Self::PairAccepted => Answer::PairAccepted,
        }
    }
}

/// A link with everything that a question needs.
pub(super) struct Subject {
    /// Since when it is as follows; whatever is asked is asked after it.
    pub(super) read_at: DateTime<Utc>,
    pub(super) linked: LinkedAccount,
    pub(super) health: HealthCheck,
    opened: Opened,
    pub(super) values: Vec<SealedValue>,
    pub(super) app: AppMark,
}

/// An answer, and what else it showed.
pub(super) struct Reply {
    pub(super) ask: Ask,
    pub(super) heard: Heard,
    pub(super) calls: u8,
    pub(super) pause_until: Option<DateTime<Utc>>,
}

impl Rechecker {
    /// Everything that a question about a link needs. `None`: a value is missing.
    pub(super) async fn subject(&self, claimed: Claimed) -> Result<Option<Subject>, StoreError> {
        let Claimed { account, owner, .. } = claimed;
        let base = &self.linker;
        let read_at = base.clock.now();
        let mut db = base.store.reader().lend().await?;
        let loaded = base.load(&mut db, owner, account).await?;
        let linked = accounts::by_id(&mut *db, owner, account).await?;
        let health = health_checks::get(&mut *db, account).await?;
        drop(db);
        let (Some(loaded), Some(linked), Some(health)) = (loaded, linked, health) else {
            return Ok(None);
        };
        let Some(opened) = loaded.in_use()? else {
            return Ok(None);
        };
        let app = base.audit.app_mark(&opened.client);
        Ok(Some(Subject {
            read_at,
            linked,
            health,
            opened,
            values: loaded.current,
            app,
        }))
    }

    /// The cheapest question that is enough, and what keeps others from spending the same money while it is under way.
    pub(super) async fn choose(
        &self,
        subject: &Subject,
        as_witness: Option<Ask>,
    ) -> Result<(Ask, Charging), StoreError> {
        let base = &self.linker;
        let charging = Charging::begin(&self.charging);
        if let Some(ask) = as_witness {
            return Ok((ask, charging));
        }
        let now = base.clock.now();
        let charged = self.charged(now).await? + charging.others;
        let HealthCheck {
            memory, charged_at, ..
        } = &subject.health;
        let accepted_at = subject.linked.accepted_at;
        let pace = self.pace();
        let ask = pace.choose(memory, accepted_at, *charged_at, charged, now);
        Ok((ask, charging))
    }

    /// How often X charged this month, if that matters.
    pub(super) async fn charged(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        if self.linker.rechecks.sum().is_none() {
            return Ok(0);
        }
        let spent = spending::this_month(self.linker.store.reader(), now).await?;
        Ok(spent.charged)
    }

    pub(super) async fn ask(&self, subject: &Subject, ask: Ask) -> Reply {
        let Opened { client, token } = &subject.opened;
        let x = &self.linker.x;
        match ask {
            Ask::QuickCheck => {
                let quick_check = x.quick_check(client, token).await;
                let heard = match quick_check.look {
                    Look::Judged(verdict) => Heard::Judged(judge_owner(&subject.linked, verdict)),
                    Look::Refused => Heard::Refused,
                };
                Reply {
                    ask,
                    heard,
                    calls: 1,
                    pause_until: quick_check.pause_until,
                }
            }
            Ask::Whole => {
                let diagnosis = x.diagnose(client, token, false).await;
                let pause_until = match &diagnosis.verdict {
                    Verdict::RateLimited { until } => *until,
                    _ => None,
                };
                Reply {
                    ask,
                    heard: Heard::Judged(judge_owner(&subject.linked, diagnosis.verdict)),
                    calls: diagnosis.calls,
                    pause_until,
                }
            }
            Ask::KeyPair => {
                let outcome = x.check_key_pair(client).await;
                let heard = match outcome {
                    KeyPairOutcome::Accepted => Heard::PairAccepted,
                    KeyPairOutcome::Rejected => Heard::Judged(Verdict::ApiKeyPairRejected),
                    KeyPairOutcome::AppSuspended => Heard::Judged(Verdict::AppSuspended),
                    KeyPairOutcome::Unknown => Heard::Judged(Verdict::XUnavailable),
                };
                Reply {
                    ask,
                    heard,
                    // What is not accepted is asked about in a second way.
                    calls: 1 + u8::from(outcome != KeyPairOutcome::Accepted),
                    pause_until: None,
                }
            }
        }
    }
}

/// A question that X may charge for, until what it came to is written down.
pub(super) struct Charging {
    all: Arc<AtomicU64>,
    /// How many others were under way when it began.
    others: u64,
}

impl Charging {
    fn begin(all: &Arc<AtomicU64>) -> Self {
        Self {
            all: Arc::clone(all),
            others: all.fetch_add(1, Ordering::SeqCst),
        }
    }
}

impl Drop for Charging {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::SeqCst);
    }
}
