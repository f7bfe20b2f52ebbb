//! Takes jobs in the order in which they are due, each kind beside the others, and sees to what fails.
//!
//! A job is ended in the transaction of its result, so one that is broken off by the end of the process is found again.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::busy::{Busy, Held};
use crate::{
    store::{
        Store, StoreError,
        jobs::{self, Job, Kind},
    },
    support::{backoff::Backoff, clock::Clock, failpoint, incident, random::Random},
};

/// The longest rest: another process may ask for a job, and one that was handed over may have been lost on its way.
const LONGEST_REST: TimeDelta = TimeDelta::minutes(1);
/// Between two looks for jobs that were handed over and got lost.
const SEARCH_INTERVAL: TimeDelta = TimeDelta::seconds(30);
/// Pause while the database fails.
const RETRY: TimeDelta = TimeDelta::seconds(5);
/// So often a process may die while it does what cannot be repeated, before the job counts as what kills it.
const MAX_DEATHS: u32 = 10;

/// What came of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// What came of it is written down.
    Done,
    /// Nothing is decided: once more at this time.
    Retry(DateTime<Utc>),
    /// It can never be done.
    GiveUp,
}

/// How a kind of work is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Its name.
    pub kind: Kind,
    /// How many at a time.
    pub concurrent: usize,
    /// One that takes longer has failed.
    pub limit: Duration,
    /// After so many failures of ours it is given up.
    pub tries: u32,
    /// Pauses after them.
    pub pauses: Backoff,
}

impl Rules {
    /// Whether a job is given up unless it is decided now.
    pub(crate) fn is_last_try(&self, job: &Job) -> bool {
        job.tries.saturating_add(1) >= self.tries
    }
}

/// A kind of work.
pub(crate) trait Work: Send + Sync + 'static {
    /// How it is done.
    fn rules(&self) -> Rules;

    /// Does it once. It ends the job in the transaction of what came of it; what cannot be repeated it claims right before.
    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<Outcome, StoreError>>;

    /// Ends a job that cannot be done, in the transaction of what is said about it. `incident`: the number of the failure
    /// of ours, if it is one.
    fn give_up<'a>(
        &'a self,
        job: &'a Job,
        incident: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

/// Runs jobs. Cheap to clone; clones are one.
#[derive(Clone)]
pub(crate) struct Runner(Arc<Parts>);

struct Parts {
    store: Store,
    clock: Clock,
    random: Random,
    busy: Busy,
    /// Earlier ones first.
    works: Vec<Arc<dyn Work>>,
    state: Mutex<State>,
    running: TaskTracker,
}

/// What is under way. It outlives a loop that panicked.
#[derive(Default)]
struct State {
    /// Handed over, and not begun yet.
    waiting: VecDeque<Job>,
    /// Under way, by number.
    begun: HashSet<i64>,
    /// How many of each kind.
    count: HashMap<&'static str, usize>,
    /// When to look into the table. `None`: now.
    next_look: Option<DateTime<Utc>>,
    /// Something due waits for room, or for its subject.
    held_up: bool,
    /// When to look for what got lost, and what looked so the last time.
    next_search: Option<DateTime<Utc>>,
    lost: HashSet<i64>,
}

impl Runner {
    /// One that does these kinds of work: where two of them wait for one subject, the earlier one goes first.
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        random: Random,
        busy: Busy,
        works: Vec<Arc<dyn Work>>,
    ) -> Self {
        Self(Arc::new(Parts {
            store,
            clock,
            random,
            busy,
            works,
            state: Mutex::default(),
            running: TaskTracker::new(),
        }))
    }

    /// Runs jobs until `stop`; then those under way are finished.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let Parts {
            store,
            clock,
            running,
            ..
        } = &*self.0;
        let mut bell = store.bell().listen();
        self.state().next_look = None;
        while !stop.is_cancelled() {
            bell.mark_unchanged();
            let now = clock.now();
            let next = match self.begin_all(now).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "jobs could not be looked up; trying again");
                    now + RETRY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                _ = bell.changed() => {}
                () = clock.sleep_until(next) => {}
            }
        }
        running.close();
        running.wait().await;
    }

    /// Begins what is due and has room. When to come back.
    async fn begin_all(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
        let latest = now + LONGEST_REST;
        self.hear_news();
        let search = self.state().next_search;
        if search.is_none_or(|at| at <= now) {
            self.search(now).await?;
        }
        let look = self.state().next_look;
        if look.is_none_or(|at| at <= now) {
            failpoint::hit("jobs.looked");
            while self.begin_due(now).await? {}
            let (held_up, next) = jobs::outlook(self.0.store.reader(), now).await?;
            let mut state = self.state();
            // Whatever ends meanwhile has rung.
            state.held_up = held_up;
            state.next_look = Some(next.map_or(latest, |next| next.min(latest)));
        }
        // After those that were due before: of one account, the deletion of a post goes first.
        self.begin_waiting().await?;
        let state = self.state();
        let times = [state.next_look, state.next_search];
        Ok(times.into_iter().flatten().fold(latest, DateTime::min))
    }

    /// Takes over what was asked for since the last time; what was handed over begins at once if there is room.
    fn hear_news(&self) {
        let news = self.0.store.bell().news();
        for job in news.handed {
            match self.place(&job) {
                Some((work, place)) => self.begin(work, job, place),
                None => self.state().waiting.push_back(job),
            }
        }
        let mut state = self.state();
        if let (Some(due), Some(next)) = (news.due, state.next_look) {
            state.next_look = Some(next.min(due));
        }
        if state.held_up {
            state.next_look = None;
        }
    }

    /// Begins what was handed over and had to wait, in order, unless it was taken back.
    async fn begin_waiting(&self) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut self.state().waiting);
        for job in waiting {
            let Some((work, place)) = self.place(&job) else {
                self.state().waiting.push_back(job);
                continue;
            };
            if jobs::is_wanted(self.0.store.reader(), job.id).await? {
                self.begin(work, job, place);
            }
        }
        Ok(())
    }

    /// Begins one of each kind that has room. Whether it began any.
    async fn begin_due(&self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let kinds: Vec<&str> = {
            let state = self.state();
            let rules = self.0.works.iter().map(|work| work.rules());
            let with_room = rules.filter(|rules| state.has_room(rules));
            with_room.map(|rules| rules.kind.0).collect()
        };
        if kinds.is_empty() {
            return Ok(false);
        }
        let kinds = serde_json::to_string(&kinds).unwrap_or_default();
        let busy = self.0.busy.all();
        let mut any = false;
        for job in jobs::due(self.0.store.reader(), &kinds, &busy, now).await? {
            if let Some((work, place)) = self.place(&job) {
                self.begin(work, job, place);
                any = true;
            }
        }
        Ok(any)
    }

    /// Frees what was handed over and did not arrive: what nobody has now, nor had the last time.
    async fn search(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let handed = jobs::handed_over(self.0.store.reader()).await?;
        let lost: Vec<i64> = {
            let mut state = self.state();
            state.next_search = Some(now + SEARCH_INTERVAL);
            let waits = |id: &i64| state.waiting.iter().any(|job| job.id == *id);
            let gone = handed.into_iter();
            let gone: HashSet<i64> = gone
                .filter(|id| !state.begun.contains(id) && !waits(id))
                .collect();
            let lost = gone.intersection(&state.lost).copied().collect();
            state.lost = gone;
            lost
        };
        for id in lost {
            let mut tx = self.0.store.begin().await?;
            jobs::free(&mut tx, id, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// A place for a job, if its kind has room and its subject is free.
    fn place(&self, job: &Job) -> Option<(Arc<dyn Work>, Place)> {
        let mut works = self.0.works.iter();
        let work = works.find(|work| work.rules().kind.0 == job.kind)?;
        let rules = work.rules();
        let mut state = self.state();
        if !state.has_room(&rules) || state.begun.contains(&job.id) {
            return None;
        }
        let held = self.0.busy.begin(&job.subject)?;
        state.begun.insert(job.id);
        *state.count.entry(rules.kind.0).or_default() += 1;
        let place = Place {
            runner: self.clone(),
            id: job.id,
            kind: rules.kind,
            _held: held,
        };
        Some((Arc::clone(work), place))
    }

    fn begin(&self, work: Arc<dyn Work>, job: Job, place: Place) {
        let runner = self.clone();
        self.0.running.spawn(async move {
            runner.carry_out(&*work, &job).await;
            drop(place);
        });
    }

    /// Does one job. A failure of ours, a panic included, is tried again, then told.
    #[tracing::instrument(
        name = "job",
        skip_all,
        fields(job.kind = job.kind, job.id = job.id, account = job.account.map(tracing::field::display))
    )]
    async fn carry_out(&self, work: &dyn Work, job: &Job) {
        let rules = work.rules();
        let running = incident::guard(async {
            failpoint::hit("job.begun");
            let deaths = job.claims.saturating_sub(job.tries);
            if deaths > MAX_DEATHS {
                return Err("the process died each time it was done".to_owned());
            }
            let done = tokio::time::timeout(rules.limit, work.run(job)).await;
            failpoint::hit("job.ended");
            match done {
                Ok(done) => done.map_err(|error| error.to_string()),
                Err(_) => Err("it took too long".to_owned()),
            }
        });
        let error = match running.await {
            Ok(Ok(Outcome::Done)) => return,
            Ok(Ok(Outcome::Retry(at))) => return self.recover(self.postpone(job, at)).await,
            Ok(Ok(Outcome::GiveUp)) => return self.recover(work.give_up(job, None)).await,
            Ok(Err(error)) => error,
            Err(panicked) => panicked.to_string(),
        };
        let is_last = rules.is_last_try(job) || job.claims.saturating_sub(job.tries) > MAX_DEATHS;
        if is_last {
            let id = incident::id(&self.0.random);
            self.recover(work.give_up(job, Some(&id))).await;
            incident::report(&id, "a job failed", &error);
        } else {
            let at = self.0.clock.now() + rules.pauses.pause(job.tries);
            self.recover(self.postpone(job, at)).await;
            tracing::warn!(%error, tries = job.tries + 1, "a job failed; trying again");
        }
    }

    async fn postpone(&self, job: &Job, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut tx = self.0.store.begin().await?;
        jobs::postpone(&mut tx, job.id, at).await?;
        tx.commit().await
    }

    /// Sees a job off. If that fails it is left as it is, and comes again.
    async fn recover(&self, recovery: impl Future<Output = Result<(), StoreError>>) {
        let error = match incident::guard(recovery).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panicked) => panicked.to_string(),
        };
        tracing::error!(error, "a failed job could not be put back; it comes again");
        let Parts { clock, .. } = &*self.0;
        clock.sleep_until(clock.now() + RETRY).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, rules: &Rules) -> bool {
        let running = self.count.get(rules.kind.0).copied().unwrap_or(0);
        running < rules.concurrent
    }
}

/// A job's place among those that run. When it is dropped the next one may begin.
struct Place {
    runner: Runner,
    id: i64,
    kind: Kind,
    /// Dropped after the rest, and it rings.
    _held: Held,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.runner.state();
        state.begun.remove(&self.id);
        if let Some(count) = state.count.get_mut(self.kind.0) {
            *count = count.saturating_sub(1);
        }
    }
}
