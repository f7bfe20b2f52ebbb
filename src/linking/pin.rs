//! The token pair from X, with a PIN: a link for the user, the exchange, and whose token it is.

use chrono::TimeDelta;
use sqlx::SqliteConnection;

use super::{Linker, credentials::open, flow::Answer, flow::slot_of, full_until};
use crate::{
    domain::{
        account::{AccountId, LinkedAccount},
        audit::{Actor, Event},
        credentials::{Field, Secret},
        facts::AccountChoice,
        linking::{AwaitingValue, Flow, LinkingState, Purpose},
        paste::{self, Content},
        pin::{
            AwaitingPin, MAX_PINS_AN_HOUR, PinProblem, PinRemark, PinStage, TemporaryField,
            Verifier,
        },
        verdict::{KeyPairOutcome, Verdict},
    },
    messages::{self, card::Surroundings},
    store::{
        StoreError, Tx, accounts, checks,
        jobs::{self, Kind, NewJob},
        outbox,
        temporary::{self},
        values::{self, SealedValue, Slot},
    },
    support::failpoint,
    vault::{DataKey, Place, Sealed},
};

/// The kind of the jobs that follow.
pub(crate) const KIND: Kind = Kind("pin");

/// What is done at X for a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinStep {
    /// Temporary credentials are asked for.
    Request,
    /// They are exchanged, with the PIN, for a token pair.
    Exchange,
    /// A token that X gave out, and that the user did not want, is revoked.
    Revoke,
}

impl PinStep {
    const ALL: [Self; 3] = [Self::Request, Self::Exchange, Self::Revoke];

    fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Exchange => "exchange",
            Self::Revoke => "revoke",
        }
    }

    /// What the key of a job says.
    pub(crate) fn of(key: &str) -> Option<Self> {
        let (name, _) = key.split_once(':')?;
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }
}

/// Wants a step, in place of whatever step waits for this account.
async fn enqueue(tx: &mut Tx, account: AccountId, step: PinStep) -> Result<(), StoreError> {
    jobs::cancel_of(&mut **tx, account, Some(KIND)).await?;
    let key = format!("{}:{account}", step.as_str());
    jobs::hand_over(tx, NewJob::with(account, KIND, key)).await
}

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
        let times = checks::logged_pins(&mut **tx, owner, now - hour).await?;
        if let Some(until) = full_until(&times, MAX_PINS_AN_HOUR, hour) {
            let problem = PinProblem::Limit { until };
            return Ok(failed(state, problem, false));
        }
        checks::log_pin(&mut **tx, owner, now).await?;
        enqueue(tx, account, PinStep::Request).await?;
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
        self.enqueue_exchange(tx, state, again).await
    }

    async fn enqueue_exchange(
        &self,
        tx: &mut Tx,
        state: AwaitingPin,
        again: bool,
    ) -> Result<LinkingState, StoreError> {
        let account = state.flow.account;
        enqueue(tx, account, PinStep::Exchange).await?;
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
                self.enqueue_exchange(tx, state, false).await?
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

    pub(crate) async fn ask_for_another(
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
        enqueue(tx, state.flow.account, PinStep::Revoke).await?;
        let state = state.to(PinStage::Revoking { found });
        Ok(Some(LinkingState::AwaitingPin(Box::new(state))))
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
    pub(crate) async fn say_token_stands(
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
        temporary::leave(&mut **tx, account, KIND).await
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
        let mut reading = self.store.reader().lend().await?;
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
                    around.authorize = Some(self.authorize_url.of(&token, handle.as_deref()));
                }
            }
            LinkingState::AwaitingValue(value) if is_first_question(value) => {
                around.apps = self.apps(&mut reading, owner).await?;
            }
            _ => {}
        }
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
}

pub(crate) fn failed(state: AwaitingPin, problem: PinProblem, pin_kept: bool) -> LinkingState {
    let remark = carried(&state);
    let state = state.to(PinStage::Failed { problem, pin_kept });
    LinkingState::AwaitingPin(Box::new(AwaitingPin { remark, ..state }))
}

/// What is said of a token that was not wanted, until the user has read it with the next link.
pub(crate) fn carried(state: &AwaitingPin) -> Option<PinRemark> {
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

pub(crate) fn open_temporary(
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
