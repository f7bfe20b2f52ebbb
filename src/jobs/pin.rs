//! The calls to X for a PIN: a link, the exchange, and the end of a token that nobody wants.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::{
    Context,
    runner::{Outcome, Rules, Work},
};
use crate::{
    domain::{
        account::{AccountId, LinkedAccount, XAccount},
        credentials::{ClientCredentials, Field, Secret},
        linking::LinkingState,
        pin::{
            AwaitingPin, PinProblem, PinRemark, PinStage, TemporaryCredentials, TemporaryField,
            Verifier,
        },
        revocation::Revocation,
        verdict::{KeyPairOutcome, Verdict},
    },
    linking::{
        flow::slot_of,
        pin::{KIND, PinStep, carried, failed, open_temporary},
    },
    messages,
    store::{
        StoreError, Tx, accounts, dialogues,
        jobs::{self, Job},
        outbox,
        temporary::{self, SealedTemporary},
        values,
    },
    support::{backoff::Backoff, failpoint},
    vault::{DataKey, Place},
    x::{Exchange, Granted},
};

/// How long a link to X is good for here; X does not say how long it is there.
const TEMPORARY_LIFETIME: TimeDelta = TimeDelta::minutes(30);

/// Asks X for what a PIN needs.
pub(crate) struct Authorizing(pub(crate) Context);

/// A step that is under way.
struct Pin<'a> {
    job: &'a Job,
    account: AccountId,
    owner: i64,
    step: PinStep,
}

impl<'a> Pin<'a> {
    fn of(job: &'a Job) -> Result<Self, StoreError> {
        Ok(Self {
            job,
            account: job.account()?,
            owner: job.owner,
            step: job.about(PinStep::of)?,
        })
    }
}

impl Work for Authorizing {
    fn rules(&self) -> Rules {
        Rules {
            kind: KIND,
            concurrent: 8,
            limit: Duration::from_mins(2),
            tries: 3,
            pauses: Backoff::steady(Duration::from_secs(5)),
        }
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Outcome, StoreError>> {
        Box::pin(async {
            let (linker, pin) = (&self.0, Pin::of(job)?);
            match pin.step {
                PinStep::Request => linker.request_token(&pin).await?,
                PinStep::Exchange => linker.exchange_pin(&pin).await?,
                PinStep::Revoke => linker.revoke_unused(&pin).await?,
            }
            failpoint::hit("pin.committed");
            linker.wake(pin.owner);
            Ok(Outcome::Done)
        })
    }

    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (linker, pin) = (&self.0, Pin::of(job)?);
            let mut tx = linker.store.begin().await?;
            if jobs::finish(&mut *tx, job.id).await? {
                let incident = incident.unwrap_or_default();
                linker.pin_incident(&mut tx, &pin, incident).await?;
            }
            tx.commit().await?;
            linker.wake(pin.owner);
            Ok(())
        })
    }
}

impl Context {
    /// The call that ends a token nobody wants; then there is another link.
    async fn revoke_unused(&self, call: &Pin<'_>) -> Result<(), StoreError> {
        if !jobs::claim(&self.store, call.job.id).await? {
            return Ok(());
        }
        failpoint::hit("pin.claimed");
        let ended = self.end_at_x(call.owner, call.account).await?;
        failpoint::hit("pin.revoked");
        let has_ended = matches!(
            ended.revocation,
            Some(Revocation::Proven | Revocation::AlreadyEnded)
        );
        let mut tx = self.store.begin().await?;
        if jobs::finish(&mut *tx, call.job.id).await?
            && let Some(state) = self.pin_state(&mut tx, call).await?
        {
            let remark = if has_ended {
                PinRemark::Revoked
            } else {
                PinRemark::NotRevoked
            };
            let next = self
                .ask_for_another(&mut tx, call.owner, state, remark)
                .await?;
            self.show(&mut tx, call.owner, &next).await?;
        }
        tx.commit().await
    }

    /// The call for temporary credentials.
    async fn request_token(&self, call: &Pin<'_>) -> Result<(), StoreError> {
        let Some((key, client, _)) = self.with_client(call).await? else {
            return self.drop_call(call).await;
        };
        let asked = self.x.temporary_credentials(&client).await;
        failpoint::hit("pin.requested");
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !jobs::finish(&mut *tx, call.job.id).await? {
            return tx.commit().await;
        }
        let outcome = match &asked {
            Ok(_) | Err(Verdict::CallbackNotSet) => Some(KeyPairOutcome::Accepted),
            Err(Verdict::ApiKeyPairRejected) => Some(KeyPairOutcome::Rejected),
            Err(Verdict::AppSuspended) => Some(KeyPairOutcome::AppSuspended),
            Err(_) => None,
        };
        if outcome.is_some() {
            values::set_key_pair(&mut *tx, call.account, outcome, now).await?;
        }
        if let Some(state) = self.pin_state(&mut tx, call).await? {
            let next = match asked {
                Ok(given) => {
                    let seal = |field, value: &Secret| {
                        key.seal_at(&Place::temporary(call.owner, call.account, field), value)
                    };
                    let token = seal(TemporaryField::Token, &given.token)?;
                    let secret = seal(TemporaryField::Secret, &given.secret)?;
                    let expires_at = now + TEMPORARY_LIFETIME;
                    temporary::put(&mut *tx, call.account, &token, &secret, expires_at).await?;
                    let remark = carried(&state);
                    let state = state.to(PinStage::Open);
                    LinkingState::AwaitingPin(Box::new(AwaitingPin { remark, ..state }))
                }
                Err(verdict) => failed(state, PinProblem::Verdict(verdict), false),
            };
            self.show(&mut tx, call.owner, &next).await?;
        }
        failpoint::hit("pin.before_open");
        tx.commit().await
    }

    /// The call that exchanges the PIN.
    async fn exchange_pin(&self, call: &Pin<'_>) -> Result<(), StoreError> {
        let kept = temporary::get(self.store.reader(), call.account).await?;
        let (Some((key, client, expected)), Some(kept)) = (self.with_client(call).await?, kept)
        else {
            return self.ask_for_a_new_link(call).await;
        };
        let Some((credentials, verifier)) = opened(&key, call, &kept)? else {
            return self.ask_for_a_new_link(call).await;
        };
        if !jobs::claim(&self.store, call.job.id).await? {
            return Ok(());
        }
        failpoint::hit("pin.claimed");
        let exchanged = self.x.exchange_pin(&client, credentials, &verifier).await;
        failpoint::hit("pin.exchanged");
        let mut tx = self.store.begin().await?;
        let state = if jobs::finish(&mut *tx, call.job.id).await? {
            self.pin_state(&mut tx, call).await?
        } else {
            None
        };
        if state.is_none()
            && let Exchange::Granted(Granted { account, .. }) = &exchanged
        {
            // The flow was left meanwhile.
            let stands = || messages::flow::token_stands(account);
            outbox::push(&mut tx, &self.vault, call.owner, stands, self.clock.now()).await?;
        }
        if let Some(state) = state {
            let asked_before =
                call.job.claims > 0 || state.stage == PinStage::Exchanging { again: true };
            let next = match exchanged {
                Exchange::Granted(granted) => {
                    self.take_token(&mut tx, call, &key, state, granted, expected)
                        .await?
                }
                Exchange::Lost => failed(state, PinProblem::Verdict(Verdict::XUnavailable), true),
                Exchange::Refused(Verdict::PinRejected) if asked_before => {
                    failed(state, PinProblem::Verdict(Verdict::PinSpent), false)
                }
                Exchange::Refused(verdict) => {
                    let kept = !matches!(verdict, Verdict::PinRejected);
                    failed(state, PinProblem::Verdict(verdict), kept)
                }
            };
            self.show(&mut tx, call.owner, &next).await?;
        }
        failpoint::hit("pin.before_answer");
        tx.commit().await
    }

    /// The link has expired and is forgotten, while the user waited to try its PIN again.
    async fn ask_for_a_new_link(&self, call: &Pin<'_>) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        if jobs::finish(&mut *tx, call.job.id).await?
            && let Some(state) = self.pin_state(&mut tx, call).await?
        {
            let next = failed(state, PinProblem::Verdict(Verdict::PinRejected), false);
            self.show(&mut tx, call.owner, &next).await?;
        }
        tx.commit().await
    }

    /// Seals the token pair that X gave out, unless it is another account's than the link's.
    async fn take_token(
        &self,
        tx: &mut Tx,
        call: &Pin<'_>,
        key: &DataKey,
        state: AwaitingPin,
        granted: Granted,
        expected: Option<XAccount>,
    ) -> Result<LinkingState, StoreError> {
        temporary::delete(&mut **tx, call.account).await?;
        let found = granted.account;
        if let Some(expected) = expected.filter(|expected| expected.id != found.id) {
            let verdict = Verdict::PinOfOtherAccount { expected, found };
            return Ok(failed(state, PinProblem::Verdict(verdict), false));
        }
        let pair = [
            (Field::AccessToken, granted.token.token),
            (Field::AccessSecret, granted.token.secret),
        ];
        let slot = slot_of(&state.flow);
        for (field, secret) in &pair {
            let value = self.sealed(key, call.owner, call.account, *field, secret)?;
            values::put(&mut **tx, call.account, slot, &value).await?;
        }
        let links = accounts::list(&mut **tx, call.owner).await?;
        let is_found = |linked: &LinkedAccount| {
            let x_account = linked.x_account.as_ref();
            x_account.is_some_and(|x_account| x_account.id == found.id)
        };
        // X may have given out a token that a link has already.
        let in_use = !state.flow.is_link() || links.iter().any(is_found);
        let mut state = state.to(PinStage::Confirming { found, in_use });
        // So that leaving the flow wipes them.
        state.flow.received.extend(Field::TOKEN_PAIR);
        Ok(LinkingState::AwaitingPin(Box::new(state)))
    }

    /// A failure of ours ended the call for good.
    async fn pin_incident(
        &self,
        tx: &mut Tx,
        call: &Pin<'_>,
        incident: &str,
    ) -> Result<(), StoreError> {
        let Some(state) = self.pin_state(tx, call).await? else {
            return Ok(());
        };
        let problem = PinProblem::Incident {
            id: incident.to_owned(),
        };
        if call.step == PinStep::Revoke {
            let next = self
                .ask_for_another(tx, call.owner, state, PinRemark::NotRevoked)
                .await?;
            return self.show(tx, call.owner, &next).await;
        }
        let next = failed(state, problem, call.step == PinStep::Exchange);
        self.show(tx, call.owner, &next).await
    }

    /// The data key, the newest key pair, and whose the account is on X. `None`: something of it is gone.
    async fn with_client(
        &self,
        call: &Pin<'_>,
    ) -> Result<Option<(DataKey, ClientCredentials, Option<XAccount>)>, StoreError> {
        let mut db = self.store.reader().lend().await?;
        let loaded = self.load(&mut db, call.owner, call.account).await?;
        let linked = accounts::by_id(&mut *db, call.owner, call.account).await?;
        let Some(loaded) = loaded else {
            return Ok(None);
        };
        let x_account = linked.and_then(|linked| linked.x_account);
        let client = loaded.newest_client()?;
        Ok(client.map(|client| (loaded.key, client, x_account)))
    }

    async fn drop_call(&self, call: &Pin<'_>) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        jobs::finish(&mut *tx, call.job.id).await?;
        tx.commit().await
    }

    /// The dialogue's state, if it still waits for this call.
    async fn pin_state(
        &self,
        tx: &mut Tx,
        call: &Pin<'_>,
    ) -> Result<Option<AwaitingPin>, StoreError> {
        let dialogue = dialogues::get(&mut **tx, &self.vault, call.owner).await?;
        Ok(match dialogue.map(|dialogue| dialogue.state) {
            Some(LinkingState::AwaitingPin(state)) if state.flow.account == call.account => {
                let waits = match state.stage {
                    PinStage::Requesting => call.step == PinStep::Request,
                    PinStage::Exchanging { .. } => call.step == PinStep::Exchange,
                    PinStage::Revoking { .. } => call.step == PinStep::Revoke,
                    PinStage::Open | PinStage::Confirming { .. } | PinStage::Failed { .. } => false,
                };
                waits.then_some(*state)
            }
            _ => None,
        })
    }

    /// Moves the dialogue to `next`; its card follows.
    async fn show(&self, tx: &mut Tx, owner: i64, next: &LinkingState) -> Result<(), StoreError> {
        let dialogue = dialogues::get(&mut **tx, &self.vault, owner).await?;
        let mut dialogue = dialogue.unwrap_or_default();
        dialogue.go(next.clone(), dialogue.expires_at, self.clock.now());
        dialogues::save(&mut **tx, &self.vault, owner, &dialogue).await
    }
}

fn opened(
    key: &DataKey,
    call: &Pin<'_>,
    kept: &SealedTemporary,
) -> Result<Option<(TemporaryCredentials, Verifier)>, StoreError> {
    let Some(verifier) = &kept.verifier else {
        return Ok(None);
    };
    let open = |field, sealed| open_temporary(key, call.owner, call.account, field, sealed);
    let credentials = TemporaryCredentials {
        token: open(TemporaryField::Token, &kept.token)?,
        secret: open(TemporaryField::Secret, &kept.secret)?,
    };
    let verifier = Verifier(open(TemporaryField::Verifier, verifier)?);
    Ok(Some((credentials, verifier)))
}
