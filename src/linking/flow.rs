//! The values of a flow: taken one by one, sealed at once, and handed over for a check when all are in.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    CANDIDATE_LIFETIME, Linker, MAX_KEY_PAIR_CHECKS_AN_HOUR, choice,
    credentials::{Loaded, open},
    full_until,
};
use crate::{
    domain::{
        account::{AccountId, AccountName, LinkedAccount, MAX_ACCOUNTS, NameRejection, XUserId},
        audit::{Actor, Event},
        credentials::{Field, Secret},
        facts::{CheckResult, Occasion},
        linking::{
            AwaitingName, AwaitingValue, ConfirmingValue, Doubt, Flow, FlowId, LinkName,
            LinkingState, Progress, Purpose, Remark,
        },
        paste::{self, Content, Kind, Paste, Repair},
        verdict::{MAX_CHECKS_AN_HOUR, Verdict},
    },
    messages::{self, Message},
    store::{
        StoreError, Tx, accounts,
        checks::{self, CheckKind},
        reminders,
        values::{self, Slot},
    },
    support::failpoint,
};

/// The window of the limits.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// How `/addx` began.
#[derive(Debug)]
pub(crate) enum Begun {
    /// A flow is open.
    Flow(Box<LinkingState>),
    /// The name cannot be taken.
    NameRejected(NameRejection),
    /// The user has as many links as one may have.
    TooManyAccounts,
}

/// What came of an answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The flow goes on here.
    State(LinkingState),
    /// All values are in; what is said about the last message.
    Complete(Flow, Option<Remark>),
}

impl From<Progress> for Answer {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Next(state) => Self::State(LinkingState::AwaitingValue(state)),
            Progress::Complete(flow, remark) => Self::Complete(flow, remark),
        }
    }
}

/// Who gave the last values of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The user pasted them.
    User,
    /// X gave them out for a PIN.
    X,
}

/// What came of a complete flow.
#[derive(Debug)]
pub(crate) enum Submitted {
    /// X is asked; the result follows.
    Checking,
    /// There is something to say at once.
    Said(Message),
}

impl Linker {
    /// Begins a flow for a new link, with its account id and data key.
    pub(crate) async fn begin_link(
        &self,
        tx: &mut Tx,
        owner: i64,
        name: Option<AccountName>,
    ) -> Result<Begun, StoreError> {
        let (count, taken) = accounts::count(&mut **tx, owner, name.as_ref()).await?;
        if count >= MAX_ACCOUNTS {
            return Ok(Begun::TooManyAccounts);
        }
        if taken {
            return Ok(Begun::NameRejected(NameRejection::Taken));
        }
        values::erase_unfinished(tx, owner).await?;
        let account = AccountId::from_bytes(self.random.bytes()?);
        let (_, key_id, wrapped) = self.vault.new_data_key(owner, account)?;
        let now = self.clock.now();
        values::insert_data_key(&mut **tx, owner, account, key_id, &wrapped, now).await?;
        failpoint::hit("link.begun");
        let id = self.new_flow_id()?;
        Ok(Begun::Flow(Box::new(match name {
            Some(name) => LinkingState::AwaitingValue(
                Flow::link(id, account, LinkName::Given(name)).ask(None),
            ),
            None => LinkingState::AwaitingName(AwaitingName {
                id,
                account,
                rejection: None,
                again: 0,
            }),
        })))
    }

    /// Takes the name that was asked for.
    pub(crate) async fn answer_name(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingName,
        text: &str,
    ) -> Result<LinkingState, StoreError> {
        let rejection = match AccountName::parse(text) {
            Ok(name) if accounts::by_name(&mut **tx, owner, &name).await?.is_some() => {
                NameRejection::Taken
            }
            Ok(name) => {
                return Ok(LinkingState::AwaitingValue(
                    state.named(LinkName::Given(name)),
                ));
            }
            Err(rejection) => rejection,
        };
        Ok(LinkingState::AwaitingName(state.reject(rejection)))
    }

    /// Begins a flow that takes new values for a link. `repair` keeps values of an earlier try that still wait.
    /// `None`: there is no such link of this user.
    pub(crate) async fn begin_rotation(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
        fields: &[Field],
        repair: bool,
    ) -> Result<Option<LinkingState>, StoreError> {
        let Some(linked) = accounts::by_id(&mut **tx, owner, account).await? else {
            return Ok(None);
        };
        values::erase_unfinished(tx, owner).await?;
        if repair && linked.candidate_until.is_some() {
            // They must not end while the flow fills them up.
            self.keep_candidates(tx, owner, account).await?;
        }
        if !repair {
            let waiting = values::list(&mut **tx, account, Slot::Candidate).await?;
            let fields: Vec<Field> = waiting.iter().map(|value| value.field).collect();
            self.drop_candidates(tx, owner, account, &fields).await?;
            if fields.contains(&Field::ApiKey) {
                checks::forget_key_pair(&mut **tx, account).await?;
            }
        }
        checks::cancel(&mut **tx, account, CheckKind::Rotation).await?;
        let flow = Flow::rotate(self.new_flow_id()?, account, linked.name, fields);
        Ok(Some(LinkingState::AwaitingValue(flow.ask(None))))
    }

    /// Takes a text as the answer to the question for a value.
    pub(crate) async fn answer_value(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: AwaitingValue,
        text: &str,
    ) -> Result<Answer, StoreError> {
        let AwaitingValue { flow, field, .. } = state;
        let Paste {
            repairs,
            dropped,
            content,
        } = paste::read(text, field);
        match content {
            Content::Rejected(rejection) => Ok(again(flow, Remark::Rejected(rejection))),
            Content::Value {
                value,
                warning: None,
            } => {
                let taken = taken(&[field], repairs, dropped);
                self.take(tx, owner, flow, vec![(field, value)], taken)
                    .await
            }
            Content::Value {
                value,
                warning: Some(warning),
            } => {
                let doubt = Doubt::Unusual(warning);
                self.hold(tx, owner, flow, field, value, doubt, repairs)
                    .await
            }
            Content::OtherField {
                field: other, firm, ..
            } if firm && !flow.asked.contains(&other) => Ok(again(flow, Remark::NotAsked(other))),
            Content::OtherField {
                field: other,
                value,
                firm,
            } => {
                let doubt = Doubt::OtherField { field: other, firm };
                self.hold(tx, owner, flow, field, value, doubt, repairs)
                    .await
            }
            Content::Several { values, warnings } => {
                let remark = Remark::Taken {
                    fields: values.iter().map(|(field, _)| *field).collect(),
                    repairs,
                    warnings,
                    dropped,
                };
                self.take(tx, owner, flow, values, remark).await
            }
        }
    }

    /// The user decided about a value that was kept apart: it is taken as `field`.
    pub(crate) async fn use_held(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: ConfirmingValue,
        field: Field,
    ) -> Result<Answer, StoreError> {
        let account = state.flow.account;
        let Some((key, _)) = self.data_key(tx, owner, account).await? else {
            return Ok(again(state.flow, Remark::Forgotten(state.field)));
        };
        let held = values::list(&mut **tx, account, Slot::Held).await?;
        let Some(value) = held.first() else {
            return Ok(again(state.flow, Remark::Forgotten(state.field)));
        };
        let secret = open(&key, owner, account, value)?;
        let remark = taken(&[field], state.repairs, Vec::new());
        self.take(tx, owner, state.flow, vec![(field, secret)], remark)
            .await
    }

    /// The user decided against it: the question is asked again.
    pub(crate) async fn drop_held(
        &self,
        tx: &mut Tx,
        state: ConfirmingValue,
    ) -> Result<LinkingState, StoreError> {
        values::delete_all(&mut **tx, state.flow.account, Slot::Held).await?;
        Ok(LinkingState::AwaitingValue(state.flow.ask(None)))
    }

    /// Goes back to the value that came last, and forgets it. `None`: this is the first step.
    pub(crate) async fn back(
        &self,
        tx: &mut Tx,
        flow: Flow,
    ) -> Result<Option<LinkingState>, StoreError> {
        let (account, slot) = (flow.account, slot_of(&flow));
        values::delete_all(&mut **tx, account, Slot::Held).await?;
        let Some((field, state)) = flow.back() else {
            return Ok(None);
        };
        values::delete(&mut **tx, account, slot, field).await?;
        if Field::KEY_PAIR.contains(&field) {
            checks::forget_key_pair(&mut **tx, account).await?;
        }
        Ok(Some(LinkingState::AwaitingValue(state)))
    }

    /// Asks for the API key pair again, since X refused it alone.
    pub(crate) async fn reenter_key_pair(
        &self,
        tx: &mut Tx,
        flow: Flow,
    ) -> Result<LinkingState, StoreError> {
        let (account, slot) = (flow.account, slot_of(&flow));
        values::delete_all(&mut **tx, account, Slot::Held).await?;
        self.leave_pin(tx, account).await?;
        for field in Field::KEY_PAIR {
            values::delete(&mut **tx, account, slot, field).await?;
        }
        checks::forget_key_pair(&mut **tx, account).await?;
        Ok(LinkingState::AwaitingValue(flow.forget(&Field::KEY_PAIR)))
    }

    /// Wipes what a flow has collected. How many values that were.
    pub(crate) async fn wipe(
        &self,
        tx: &mut Tx,
        owner: i64,
        state: &LinkingState,
    ) -> Result<usize, StoreError> {
        let Some(account) = state.account() else {
            // A state that could not be read names no account.
            values::erase_unfinished(tx, owner).await?;
            return Ok(0);
        };
        self.leave_pin(tx, account).await?;
        if let LinkingState::AwaitingPin(state) = state {
            self.say_token_stands(tx, owner, state).await?;
        }
        let held = usize::from(matches!(state, LinkingState::ConfirmingValue(_)));
        match state.flow() {
            Some(flow) if matches!(flow.purpose, Purpose::Rotate(_)) => {
                values::delete_all(&mut **tx, account, Slot::Held).await?;
                // Half a pair is worth nothing: with one value goes the other, of an earlier try.
                let pairs = [Field::KEY_PAIR, Field::TOKEN_PAIR].into_iter();
                let begun =
                    pairs.filter(|pair| pair.iter().any(|field| flow.received.contains(field)));
                let fields: Vec<Field> = begun.flatten().collect();
                if !fields.is_empty() {
                    self.drop_candidates(tx, owner, account, &fields).await?;
                }
                if fields.contains(&Field::ApiKey) {
                    checks::forget_key_pair(&mut **tx, account).await?;
                }
            }
            Some(_) | None => {
                values::erase(&mut **tx, owner, account).await?;
            }
        }
        Ok(held + state.flow().map_or(0, |flow| flow.received.len()))
    }

    /// All values are in: keeps the link, or the new values beside the old ones, and asks X.
    pub(crate) async fn submit(
        &self,
        tx: &mut Tx,
        owner: i64,
        flow: &Flow,
        source: Source,
    ) -> Result<Submitted, StoreError> {
        self.leave_pin(tx, flow.account).await?;
        match &flow.purpose {
            Purpose::Link(name) => self.submit_link(tx, owner, flow, name).await,
            Purpose::Rotate(_) => self.submit_rotation(tx, owner, flow, source).await,
        }
    }

    async fn submit_link(
        &self,
        tx: &mut Tx,
        owner: i64,
        flow: &Flow,
        name: &LinkName,
    ) -> Result<Submitted, StoreError> {
        let takes_x_handle = matches!(name, LinkName::XHandle);
        let mut name = match name {
            LinkName::Given(name) => name.clone(),
            LinkName::XHandle => self.provisional_name(tx, owner, flow.account).await?,
        };
        let (count, taken) = accounts::count(&mut **tx, owner, Some(&name)).await?;
        if count >= MAX_ACCOUNTS {
            values::erase(&mut **tx, owner, flow.account).await?;
            return Ok(Submitted::Said(messages::accounts::too_many()));
        }
        if taken {
            name = free_name(tx, owner, flow.account, name).await?;
        }
        let now = self.clock.now();
        let linked =
            accounts::insert(&mut **tx, owner, flow.account, &name, takes_x_handle, now).await?;
        self.note(tx, owner, Actor::User, Event::Link, flow.account, "")
            .await?;
        failpoint::hit("submit.inserted");
        self.ask(tx, &linked, CheckKind::Link).await
    }

    async fn submit_rotation(
        &self,
        tx: &mut Tx,
        owner: i64,
        flow: &Flow,
        source: Source,
    ) -> Result<Submitted, StoreError> {
        let account = flow.account;
        let (Some(linked), Some(loaded)) = (
            accounts::by_id(&mut **tx, owner, account).await?,
            self.load(tx, owner, account).await?,
        ) else {
            return Ok(Submitted::Said(messages::accounts::no_such()));
        };
        let (current, candidate) = (loaded.current, loaded.candidate);
        let all_known = candidate.iter().all(|new| {
            current
                .iter()
                .any(|old| old.field == new.field && old.fingerprint == new.fingerprint)
        });
        let said = |verdict| {
            let result = CheckResult {
                account: choice(&linked),
                verdict,
                occasion: Occasion::OldStay,
                twin: None,
            };
            Submitted::Said(messages::checks::result(&result, self.clock.now()))
        };
        if all_known {
            self.drop_candidate(tx, owner, account).await?;
            if source == Source::X {
                // X gives an app one token for an account, the same again while it is valid: all is well, as a check shows.
                let kind = match linked.x_account {
                    Some(_) => CheckKind::Verify,
                    None => CheckKind::Link,
                };
                return self.ask(tx, &linked, kind).await;
            }
            let mut fields: Vec<Field> = candidate.iter().map(|new| new.field).collect();
            fields.sort();
            return Ok(said(Verdict::SameValuesAgain { fields }));
        }
        let Some(expected) = linked.x_account.clone() else {
            // X never accepted the old values: nothing is lost by replacing them.
            values::move_all(&mut **tx, account, Slot::Candidate, Slot::Current).await?;
            reminders::begin_again(&mut **tx, account, self.clock.now()).await?;
            // An answer about the old values says nothing about these.
            checks::cancel(&mut **tx, account, CheckKind::Verify).await?;
            return self.ask(tx, &linked, CheckKind::Link).await;
        };
        if let Some(token) = candidate.iter().find(|new| new.field == Field::AccessToken) {
            let secret = open(&loaded.key, owner, account, token)?;
            if let Some(found) = XUserId::of_access_token(secret.expose())
                && found != expected.id
            {
                self.drop_candidates(tx, owner, account, &Field::TOKEN_PAIR)
                    .await?;
                return Ok(said(Verdict::TokenOfOtherAccount { expected, found }));
            }
        }
        self.keep_candidates(tx, owner, account).await?;
        self.ask(tx, &linked, CheckKind::Rotation).await
    }

    /// Asks X, unless the user has caused as many checks as one may.
    pub(super) async fn ask(
        &self,
        tx: &mut Tx,
        account: &LinkedAccount,
        kind: CheckKind,
    ) -> Result<Submitted, StoreError> {
        let now = self.clock.now();
        let limit = MAX_CHECKS_AN_HOUR;
        if !checks::log_within(&mut **tx, account.owner, kind, limit, now - HOUR, now).await?
            && let Some(until) = self.check_limit(tx, account.owner).await?
        {
            let candidate = kind == CheckKind::Rotation;
            let limit = messages::checks::limit(&choice(account), candidate, until, now);
            return Ok(Submitted::Said(limit));
        }
        checks::request(tx, account.id, kind, None).await?;
        Ok(Submitted::Checking)
    }

    /// When the user may cause the next check, if not now.
    pub(super) async fn check_limit(
        &self,
        tx: &mut Tx,
        owner: i64,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let times = checks::logged(&mut **tx, owner, self.clock.now() - HOUR).await?;
        Ok(full_until(&times, MAX_CHECKS_AN_HOUR, HOUR))
    }

    /// Lets the new values wait for X's decision, for so long.
    async fn keep_candidates(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let until = self.clock.now() + CANDIDATE_LIFETIME;
        accounts::set_candidate_until(&mut **tx, owner, account, Some(until)).await
    }

    /// Erases some of the new values; whatever is left waits on.
    async fn drop_candidates(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
        fields: &[Field],
    ) -> Result<(), StoreError> {
        for field in fields {
            values::delete(&mut **tx, account, Slot::Candidate, *field).await?;
        }
        let left = values::list(&mut **tx, account, Slot::Candidate).await?;
        let linked = accounts::by_id(&mut **tx, owner, account).await?;
        let waits = linked.is_some_and(|linked| linked.candidate_until.is_some());
        match (left.is_empty(), waits) {
            (true, _) => accounts::set_candidate_until(&mut **tx, owner, account, None).await,
            (false, false) => self.keep_candidates(tx, owner, account).await,
            (false, true) => Ok(()),
        }
    }

    pub(super) async fn drop_candidate(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<(), StoreError> {
        values::delete_all(&mut **tx, account, Slot::Candidate).await?;
        accounts::set_candidate_until(&mut **tx, owner, account, None).await
    }

    /// Seals values into the flow's slot, unless one of them is the value of another step.
    async fn take(
        &self,
        tx: &mut Tx,
        owner: i64,
        flow: Flow,
        taken: Vec<(Field, Secret)>,
        remark: Remark,
    ) -> Result<Answer, StoreError> {
        let (account, slot) = (flow.account, slot_of(&flow));
        let Some(loaded) = self.load(tx, owner, account).await? else {
            return Err(StoreError::Database(sqlx::Error::RowNotFound));
        };
        if let Some(other) = same_as(&loaded, &flow, &taken) {
            values::delete_all(&mut **tx, account, Slot::Held).await?;
            return Ok(again(flow, Remark::SameAs(other)));
        }
        for (field, secret) in &taken {
            let value = self.sealed(&loaded.key, owner, account, *field, secret)?;
            values::put(&mut **tx, account, slot, &value).await?;
            failpoint::hit("value.sealed");
        }
        let fields: Vec<Field> = taken.iter().map(|(field, _)| *field).collect();
        let progress = flow.receive(&fields, Some(remark));
        let new_key = fields.iter().any(|field| Field::KEY_PAIR.contains(field));
        // X is asked about whole pairs only.
        let known = loaded.of_flow(slot).iter();
        let known_keys = known.filter(|value| Field::KEY_PAIR.contains(&value.field));
        if new_key && (loaded.key_pair.is_some() || known_keys.count() == Field::KEY_PAIR.len()) {
            checks::forget_key_pair(&mut **tx, account).await?;
        }
        if let Progress::Next(state) = &progress
            && new_key
            && Field::KEY_PAIR
                .iter()
                .all(|field| state.flow.received.contains(field))
        {
            self.ask_about_key_pair(tx, owner, account).await?;
        }
        Ok(progress.into())
    }

    /// Keeps a value apart until the user decides about it.
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own")]
    async fn hold(
        &self,
        tx: &mut Tx,
        owner: i64,
        flow: Flow,
        field: Field,
        value: Secret,
        doubt: Doubt,
        repairs: Vec<Repair>,
    ) -> Result<Answer, StoreError> {
        let Some(loaded) = self.load(tx, owner, flow.account).await? else {
            return Err(StoreError::Database(sqlx::Error::RowNotFound));
        };
        let taken = [(field, value)];
        if let Some(other) = same_as(&loaded, &flow, &taken) {
            return Ok(again(flow, Remark::SameAs(other)));
        }
        let [(_, value)] = taken;
        let sealed = self.sealed(&loaded.key, owner, flow.account, field, &value)?;
        values::put(&mut **tx, flow.account, Slot::Held, &sealed).await?;
        Ok(Answer::State(LinkingState::ConfirmingValue(
            ConfirmingValue {
                flow,
                field,
                doubt,
                repairs,
                reminded: false,
            },
        )))
    }

    async fn ask_about_key_pair(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let (now, kind) = (self.clock.now(), CheckKind::KeyPair);
        let limit = MAX_KEY_PAIR_CHECKS_AN_HOUR;
        if checks::log_within(&mut **tx, owner, kind, limit, now - HOUR, now).await? {
            checks::request(tx, account, kind, None).await?;
        }
        Ok(())
    }

    /// A name for a link that takes the X handle, until X has named it: the id in the token says which X account it is.
    async fn provisional_name(
        &self,
        tx: &mut Tx,
        owner: i64,
        account: AccountId,
    ) -> Result<AccountName, StoreError> {
        let loaded = self.load(tx, owner, account).await?;
        let token = loaded.map(|loaded| loaded.open(&[], Field::AccessToken));
        let token = token.transpose()?.flatten();
        let user = token.and_then(|token| XUserId::of_access_token(token.expose()));
        let name = user.map_or_else(|| "x-account".to_owned(), |user| format!("x-{user}"));
        Ok(AccountName::trusted(name))
    }

    fn new_flow_id(&self) -> Result<FlowId, StoreError> {
        Ok(FlowId(u32::from_be_bytes(self.random.bytes()?)))
    }
}

/// The step whose value one of these is again, if any.
fn same_as(loaded: &Loaded, flow: &Flow, taken: &[(Field, Secret)]) -> Option<Field> {
    let known = loaded.of_flow(slot_of(flow));
    taken.iter().find_map(|(field, secret)| {
        known
            .iter()
            .filter(|old| old.field != *field && flow.received.contains(&old.field))
            .find(|old| old.fingerprint == loaded.key.fingerprint(old.field, secret))
            .map(|old| old.field)
    })
}

/// Where a flow's values are kept: a new link's at their final place, a rotation's beside the ones in use.
pub(crate) fn slot_of(flow: &Flow) -> Slot {
    match flow.purpose {
        Purpose::Link(_) => Slot::Current,
        Purpose::Rotate(_) => Slot::Candidate,
    }
}

fn again(flow: Flow, remark: Remark) -> Answer {
    Answer::State(LinkingState::AwaitingValue(flow.ask(Some(remark))))
}

fn taken(fields: &[Field], repairs: Vec<Repair>, dropped: Vec<Kind>) -> Remark {
    Remark::Taken {
        fields: fields.to_vec(),
        repairs,
        warnings: Vec::new(),
        dropped,
    }
}

/// `wanted`, or the first of `wanted-2`, `wanted-3` … that no other link of the user has.
pub(crate) async fn free_name(
    tx: &mut Tx,
    owner: i64,
    account: AccountId,
    wanted: AccountName,
) -> Result<AccountName, StoreError> {
    let mut name = wanted.clone();
    for number in 2..=MAX_ACCOUNTS + 2 {
        match accounts::by_name(&mut **tx, owner, &name).await? {
            Some(other) if other.id != account => {
                let suffix = format!("-{number}");
                let keep = AccountName::MAX_CHARS - suffix.len();
                let stem: String = wanted.as_str().chars().take(keep).collect();
                name = AccountName::trusted(stem + &suffix);
            }
            Some(_) | None => break,
        }
    }
    Ok(name)
}
