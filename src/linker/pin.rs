//! The token pair from X, with a PIN: a link for the user, the exchange, and whose token it is.

use chrono::TimeDelta;
use sqlx::SqliteConnection;

use super::{Linker, checks::newest, flow::Answer, flow::slot_of, full_until, open};
use crate::{
    domain::{
        account::{AccountId, LinkedAccount, XAccount},
        audit::{Actor, Event},
        credentials::{ClientCredentials, Field, Secret},
        linking::{AwaitingValue, Flow, LinkingState, Purpose},
        notice::AccountChoice,
        paste::{self, Content},
        pin::{
            AwaitingPin, MAX_PINS_AN_HOUR, PinProblem, PinRemark, PinStage, TemporaryCredentials,
            TemporaryField, Verifier,
        },
        revocation::Revocation,
        verdict::{KeyPairOutcome, Verdict},
    },
    failpoint,
    messages::{self, card::Surroundings},
    store::{
        StoreError, Tx, accounts,
        calls::{self, Call, CallKind},
        outbox,
        temporary::{self, SealedTemporary},
        values::{self, SealedValue, Slot},
    },
    vault::{DataKey, Place, Sealed},
    x::{Exchange, Granted},
};

/// How long a link to X is good for here; X does not say how long it is there.
const TEMPORARY_LIFETIME: TimeDelta = TimeDelta::minutes(30);

impl Linker {
    /// Wants a link to X for the flow's token pair.
    pub(crate) async fn begin_pin(
        &self,
        tx: &mut Tx,
        owner: i64,
        flow: Flow,
    ) -> Result<LinkingState, StoreError> {
        // Not from zero: the flow may have been here before, and its old buttons are none of this.
        let round = u16::from_be_bytes(self.random.bytes()?).into();
        let state = AwaitingPin {
            flow,
            round,
            stage: PinStage::Requesting,
            remark: None,
            again: 0,
        };
        self.request_link(tx, owner, state).await
    }

    /// Wants another link.
    pub(crate) async fn renew_pin(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
    ) -> Result<LinkingState, StoreError> {
        self.request_link(tx, owner, state.to(PinStage::Requesting))
            .await
    }

    async fn request_link(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
    ) -> Result<LinkingState, StoreError> {
        let account = state.flow.account;
        self.leave_pin(tx, account).await?;
        values::delete_all(&mut **tx, account, Slot::Held).await?;
        let (now, hour) = (self.clock.now(), TimeDelta::hours(1));
        let times = calls::logged(&mut **tx, owner, now - hour).await?;
        if let Some(until) = full_until(&times, MAX_PINS_AN_HOUR, hour) {
            let problem = PinProblem::Limit { until };
            return Ok(failed(state, problem, false));
        }
        calls::log(&mut **tx, owner, now).await?;
        calls::want(&mut **tx, account, CallKind::RequestToken, None, now).await?;
        failpoint::hit("pin.wanted");
        Ok(LinkingState::AwaitingPin(Box::new(state)))
    }

    /// Tries again what X did not decide: the exchange if the PIN is kept, else a new link.
    pub(crate) async fn retry_pin(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
    ) -> Result<LinkingState, StoreError> {
        let PinStage::Failed {
            problem,
            pin_kept: true,
        } = &state.stage
        else {
            return self.renew_pin(tx, owner, state).await;
        };
        let again = matches!(
            problem,
            PinProblem::Verdict(Verdict::XUnavailable) | PinProblem::Incident { .. }
        );
        self.want_exchange(tx, state, again).await
    }

    async fn want_exchange(
        &self,
        tx: &mut Tx,
        state: AwaitingPin,
        again: bool,
    ) -> Result<LinkingState, StoreError> {
        let (account, now) = (state.flow.account, self.clock.now());
        calls::want(&mut **tx, account, CallKind::AccessToken, None, now).await?;
        let state = state.to(PinStage::Exchanging { again });
        Ok(LinkingState::AwaitingPin(Box::new(state)))
    }

    /// Takes a text while a PIN is asked for. The values themselves are taken too.
    pub(crate) async fn answer_pin(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
        text: &str,
    ) -> Result<Answer, StoreError> {
        let same = |state| Ok(Answer::State(LinkingState::AwaitingPin(Box::new(state))));
        match state.stage {
            PinStage::Requesting | PinStage::Exchanging { .. } | PinStage::Revoking { .. } => {
                return same(state.remark(PinRemark::Wait));
            }
            PinStage::Confirming { .. } => return same(state.remark(PinRemark::TapFirst)),
            PinStage::Open | PinStage::Failed { .. } => {}
        }
        let account = state.flow.account;
        if let Some(verifier) = Verifier::parse(text) {
            let Some((key, _)) = self.data_key(tx, owner, account).await? else {
                return Err(StoreError::Database(sqlx::Error::RowNotFound));
            };
            let place = Place::temporary(owner, account, TemporaryField::Verifier);
            let sealed = key.seal_at(&place, &verifier.0)?;
            let now = self.clock.now();
            let state = if temporary::put_verifier(&mut **tx, account, &sealed, now).await? {
                failpoint::hit("pin.sealed");
                self.want_exchange(tx, state, false).await?
            } else {
                failed(state, PinProblem::Verdict(Verdict::PinRejected), false)
            };
            return Ok(Answer::State(state));
        }
        match paste::read(text, Field::AccessToken).content {
            Content::Rejected(_) => same(state.remark(PinRemark::NotAPin)),
            Content::OtherField { field, .. } if !state.flow.asked.contains(&field) => {
                same(state.remark(PinRemark::NotAsked))
            }
            Content::Value { .. } | Content::OtherField { .. } | Content::Several { .. } => {
                self.leave_pin(tx, account).await?;
                self.answer_value(tx, owner, state.paste_instead(), text)
                    .await
            }
        }
    }

    /// The user says that the account that X named is the right one.
    pub(crate) async fn confirm_account(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
    ) -> Result<Answer, StoreError> {
        let account = state.flow.account;
        self.note(tx, owner, Actor::User, Event::Authorize, account, "")
            .await?;
        Ok(state.confirmed().into())
    }

    /// The user says that it is another one: the token is not kept, and there is another link.
    pub(crate) async fn refuse_account(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
    ) -> Result<LinkingState, StoreError> {
        self.ask_for_another(tx, owner, state, PinRemark::WrongAccount)
            .await
    }

    async fn ask_for_another(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
        remark: PinRemark,
    ) -> Result<LinkingState, StoreError> {
        self.drop_token(tx, &state.flow).await?;
        let state = AwaitingPin {
            flow: state.clone().paste_instead().flow,
            ..state
        };
        let state = state.to(PinStage::Requesting).remark(remark);
        self.request_link(tx, owner, state).await
    }

    /// The user says that it is another one, and that its token is to end at X. `None`: there is no such token, or it may
    /// be in use here.
    pub(crate) async fn revoke_account(
        &self,
        tx: &mut Tx,
        state: AwaitingPin,
    ) -> Result<Option<LinkingState>, StoreError> {
        let PinStage::Confirming {
            found,
            in_use: false,
        } = state.stage.clone()
        else {
            return Ok(None);
        };
        let now = self.clock.now();
        calls::want(
            &mut **tx,
            state.flow.account,
            CallKind::RevokeUnused,
            None,
            now,
        )
        .await?;
        let state = state.to(PinStage::Revoking { found });
        Ok(Some(LinkingState::AwaitingPin(Box::new(state))))
    }

    /// The call that ends a token nobody wants; then there is another link.
    pub(super) async fn revoke_unused(&self, call: &Call) -> Result<(), StoreError> {
        let ended = self.end_at_x(call.owner, call.account).await?;
        failpoint::hit("pin.revoked");
        let has_ended = matches!(
            ended.revocation,
            Some(Revocation::Proven | Revocation::AlreadyEnded)
        );
        let mut tx = self.store.begin().await?;
        if calls::finish(&mut *tx, call.id).await?
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
        Ok(tx.commit().await?)
    }

    /// Back to pasting the values.
    pub(crate) async fn paste_instead(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingPin,
    ) -> Result<LinkingState, StoreError> {
        self.leave_pin(tx, state.flow.account).await?;
        self.say_token_stands(tx, owner, &state).await?;
        self.drop_token(tx, &state.flow).await?;
        Ok(LinkingState::AwaitingValue(state.paste_instead()))
    }

    /// Tells the user of a token that X gave out and that is not kept, if this state has one.
    pub(super) async fn say_token_stands(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: &AwaitingPin,
    ) -> Result<(), StoreError> {
        let Some(x_account) = state.token_of() else {
            return Ok(());
        };
        let stands = || messages::flow::token_stands(x_account);
        outbox::push(tx, &self.vault, owner, stands, self.clock.now()).await
    }

    /// Erases what an authorisation has left, and makes no call for it any more.
    pub(super) async fn leave_pin(
        &self,
        tx: &mut Tx,
        account: AccountId,
    ) -> Result<(), StoreError> {
        calls::cancel(&mut **tx, account).await?;
        temporary::delete(&mut **tx, account).await?;
        Ok(())
    }

    /// Erases the token pair that X gave out.
    async fn drop_token(&self, tx: &mut Tx, flow: &Flow) -> Result<(), StoreError> {
        for field in Field::TOKEN_PAIR {
            values::delete(&mut **tx, flow.account, slot_of(flow), field).await?;
        }
        Ok(())
    }

    /// A new link uses the app of an account that there is: its key pair is sealed once more, for the new one, and a PIN is
    /// all that is missing. `None`: that account is gone, or has no key pair.
    pub(crate) async fn use_app(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingValue,
        from: AccountId,
    ) -> Result<Option<LinkingState>, StoreError> {
        let flow = state.flow;
        if accounts::by_id(&mut **tx, owner, from).await?.is_none() {
            return Ok(None);
        }
        let (Some((from_key, _)), Some((key, _))) = (
            self.data_key(tx, owner, from).await?,
            self.data_key(tx, owner, flow.account).await?,
        ) else {
            return Ok(None);
        };
        let known = values::list(&mut **tx, from, Slot::Current).await?;
        for field in Field::KEY_PAIR {
            let Some(value) = known.iter().find(|value| value.field == field) else {
                return Ok(None);
            };
            let secret = open(&from_key, owner, from, value)?;
            let copy = SealedValue {
                // It is as old as it was.
                received_at: value.received_at,
                ..self.sealed(&key, owner, flow.account, field, &secret)?
            };
            values::put(&mut **tx, flow.account, slot_of(&flow), &copy).await?;
            failpoint::hit("pin.copied");
        }
        let mut flow = flow;
        flow.received = Field::KEY_PAIR.to_vec();
        self.begin_pin(tx, owner, flow).await.map(Some)
    }

    /// What the card of this state shows besides the state.
    pub(crate) async fn surroundings(
        &self,
        owner: i64,
        state: &LinkingState,
    ) -> Result<Surroundings, StoreError> {
        let Some(account) = state.account() else {
            return Ok(Surroundings::default());
        };
        let mut lent = self.store.reader().lend().await?;
        let mut reading = lent.snapshot().await?;
        let mut around = Surroundings::default();
        if state.flow().is_some_and(Flow::has_key_pair) {
            let wrapped = values::data_key(&mut *reading, owner, account).await?;
            around.key_pair = wrapped.and_then(|wrapped| Some(wrapped.key_pair?.0));
        }
        match state {
            LinkingState::AwaitingPin(pin) if pin.stage == PinStage::Open => {
                let kept = temporary::get(&mut *reading, account).await?;
                let linked = accounts::by_id(&mut *reading, owner, account).await?;
                let x_account = linked.and_then(|linked| linked.x_account);
                if let (Some(kept), Some((key, _))) =
                    (kept, self.data_key(&mut reading, owner, account).await?)
                {
                    let token =
                        open_temporary(&key, owner, account, TemporaryField::Token, &kept.token)?;
                    let handle = x_account.map(|x_account| x_account.username.0);
                    around.authorize = Some(self.x.authorize_url(&token, handle.as_deref()));
                }
            }
            LinkingState::AwaitingValue(value) if is_first_question(value) => {
                around.apps = self.apps(&mut reading, owner).await?;
            }
            _ => {}
        }
        reading.commit().await?;
        Ok(around)
    }

    /// One account for each app that the user's links use and that X accepts, as far as is known.
    async fn apps(
        &self,
        db: &mut SqliteConnection,
        owner: i64,
    ) -> Result<Vec<AccountChoice>, StoreError> {
        let mut seen: Vec<Secret> = Vec::new();
        let mut apps = Vec::new();
        for linked in accounts::list(&mut *db, owner).await? {
            let Some((key, wrapped)) = self.data_key(db, owner, linked.id).await? else {
                continue;
            };
            if !is_accepted(&linked, wrapped.key_pair.map(|(outcome, _)| outcome)) {
                continue;
            }
            let current = values::list(&mut *db, linked.id, Slot::Current).await?;
            let Some(value) = current.iter().find(|value| value.field == Field::ApiKey) else {
                continue;
            };
            let api_key = open(&key, owner, linked.id, value)?;
            if seen.iter().all(|known| known.expose() != api_key.expose()) {
                seen.push(api_key);
                apps.push(super::choice(&linked));
            }
        }
        Ok(apps)
    }

    /// The call for temporary credentials.
    pub(super) async fn request_token(&self, call: &Call) -> Result<(), StoreError> {
        let Some((key, client, _)) = self.with_client(call).await? else {
            return self.drop_call(call).await;
        };
        let asked = self.x.temporary_credentials(&client).await;
        failpoint::hit("pin.requested");
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !calls::finish(&mut *tx, call.id).await? {
            return Ok(tx.commit().await?);
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
        Ok(tx.commit().await?)
    }

    /// The call that exchanges the PIN.
    pub(super) async fn exchange_pin(&self, call: &Call) -> Result<(), StoreError> {
        let kept = temporary::get(self.store.reader(), call.account).await?;
        let (Some((key, client, expected)), Some(kept)) = (self.with_client(call).await?, kept)
        else {
            return self.ask_for_a_new_link(call).await;
        };
        let Some((credentials, verifier)) = opened(&key, call, &kept)? else {
            return self.ask_for_a_new_link(call).await;
        };
        let exchanged = self.x.exchange_pin(&client, credentials, &verifier).await;
        failpoint::hit("pin.exchanged");
        let mut tx = self.store.begin().await?;
        let state = if calls::finish(&mut *tx, call.id).await? {
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
                call.attempts > 1 || state.stage == PinStage::Exchanging { again: true };
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
        Ok(tx.commit().await?)
    }

    /// The link has expired and is forgotten, while the user waited to try its PIN again.
    async fn ask_for_a_new_link(&self, call: &Call) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        if calls::finish(&mut *tx, call.id).await?
            && let Some(state) = self.pin_state(&mut tx, call).await?
        {
            let next = failed(state, PinProblem::Verdict(Verdict::PinRejected), false);
            self.show(&mut tx, call.owner, &next).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Seals the token pair that X gave out, unless it is another account's than the link's.
    async fn take_token(
        &self,
        tx: &mut Tx,
        call: &Call,
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
    pub(super) async fn pin_incident(
        &self,
        tx: &mut Tx,
        call: &Call,
        incident: &str,
    ) -> Result<(), StoreError> {
        let Some(state) = self.pin_state(tx, call).await? else {
            return Ok(());
        };
        let problem = PinProblem::Incident {
            id: incident.to_owned(),
        };
        if call.kind == CallKind::RevokeUnused {
            let next = self
                .ask_for_another(tx, call.owner, state, PinRemark::NotRevoked)
                .await?;
            return self.show(tx, call.owner, &next).await;
        }
        let next = failed(state, problem, call.kind == CallKind::AccessToken);
        self.show(tx, call.owner, &next).await
    }

    /// The data key, the newest key pair, and whose the account is on X. `None`: something of it is gone.
    async fn with_client(
        &self,
        call: &Call,
    ) -> Result<Option<(DataKey, ClientCredentials, Option<XAccount>)>, StoreError> {
        let (owner, account) = (call.owner, call.account);
        let mut lent = self.store.reader().lend().await?;
        let mut reading = lent.snapshot().await?;
        let key = self.data_key(&mut reading, owner, account).await?;
        let current = values::list(&mut *reading, account, Slot::Current).await?;
        let candidate = values::list(&mut *reading, account, Slot::Candidate).await?;
        let linked = accounts::by_id(&mut *reading, owner, account).await?;
        reading.commit().await?;
        let newest = |field| newest(&candidate, &current, field);
        let (Some((key, _)), Some(api_key), Some(secret)) =
            (key, newest(Field::ApiKey), newest(Field::ApiSecret))
        else {
            return Ok(None);
        };
        let client = ClientCredentials {
            key: open(&key, owner, account, api_key)?,
            secret: open(&key, owner, account, secret)?,
        };
        let x_account = linked.and_then(|linked| linked.x_account);
        Ok(Some((key, client, x_account)))
    }

    async fn drop_call(&self, call: &Call) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        calls::finish(&mut *tx, call.id).await?;
        Ok(tx.commit().await?)
    }

    /// The dialogue's state, if it still waits for this call.
    async fn pin_state(&self, tx: &mut Tx, call: &Call) -> Result<Option<AwaitingPin>, StoreError> {
        let dialogue = self.dialogues.get(&mut **tx, call.owner).await?;
        Ok(match dialogue.map(|dialogue| dialogue.state) {
            Some(LinkingState::AwaitingPin(state)) if state.flow.account == call.account => {
                let waits = match state.stage {
                    PinStage::Requesting => call.kind == CallKind::RequestToken,
                    PinStage::Exchanging { .. } => call.kind == CallKind::AccessToken,
                    PinStage::Revoking { .. } => call.kind == CallKind::RevokeUnused,
                    PinStage::Open | PinStage::Confirming { .. } | PinStage::Failed { .. } => false,
                };
                waits.then_some(*state)
            }
            _ => None,
        })
    }

    /// Moves the dialogue to `next`; its card follows.
    async fn show(&self, tx: &mut Tx, owner: i64, next: &LinkingState) -> Result<(), StoreError> {
        let dialogue = self.dialogues.get(&mut **tx, owner).await?;
        let expires_at = dialogue.and_then(|dialogue| dialogue.expires_at);
        self.dialogues.put(&mut **tx, owner, next, expires_at).await
    }
}

fn failed(state: AwaitingPin, problem: PinProblem, pin_kept: bool) -> LinkingState {
    let remark = carried(&state);
    let state = state.to(PinStage::Failed { problem, pin_kept });
    LinkingState::AwaitingPin(Box::new(AwaitingPin { remark, ..state }))
}

/// What is said of a token that was not wanted, until the user has read it with the next link.
fn carried(state: &AwaitingPin) -> Option<PinRemark> {
    state.remark.filter(|remark| {
        matches!(
            remark,
            PinRemark::WrongAccount | PinRemark::Revoked | PinRemark::NotRevoked
        )
    })
}

/// Whether X has accepted the app's key pair, and has not refused it since.
fn is_accepted(linked: &LinkedAccount, key_pair: Option<KeyPairOutcome>) -> bool {
    let refused = matches!(
        key_pair,
        Some(KeyPairOutcome::Rejected | KeyPairOutcome::AppSuspended)
    ) || matches!(
        linked.verdict,
        Some(Verdict::ApiKeyPairRejected | Verdict::AppSuspended)
    );
    let accepted = linked.accepted_at.is_some() || key_pair == Some(KeyPairOutcome::Accepted);
    accepted && !refused
}

/// Whether the card asks a new link for its first value.
fn is_first_question(state: &AwaitingValue) -> bool {
    matches!(state.flow.purpose, Purpose::Link(_)) && state.flow.received.is_empty()
}

fn opened(
    key: &DataKey,
    call: &Call,
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

fn open_temporary(
    key: &DataKey,
    owner: i64,
    account: AccountId,
    field: TemporaryField,
    sealed: &Sealed,
) -> Result<Secret, StoreError> {
    key.open_at(&Place::temporary(owner, account, field), sealed)
        .map_err(|source| StoreError::Open {
            table: "temporary_credentials",
            source,
        })
}
