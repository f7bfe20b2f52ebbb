//! Faults on demand: which answer a path gives instead of its own, how often, and which requests must wait.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{Shared, TimedOut, answers::Answer, log::same_path, wait_until};

/// What happens to a request instead of, or before, the real answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer, whatever was asked.
    Answer(Answer),
    /// The real answer, that much later.
    Delay(Duration),
    /// The connection is closed without an answer, and nothing was done.
    DropConnection,
    /// What was asked is done, and then the connection is closed without an answer.
    LoseAnswer,
}

impl From<Answer> for Fault {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

#[derive(Default)]
pub(crate) struct Faults {
    next: HashMap<String, VecDeque<Fault>>,
    forced: HashMap<String, Fault>,
    used: HashMap<String, usize>,
    holds: HashMap<u64, Held>,
    last_hold: u64,
}

struct Held {
    path: String,
    waiting: HashSet<u64>,
    arrived: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, path: &str, times: usize, fault: &Fault) {
        let queue = self.next.entry(path.to_owned()).or_default();
        queue.extend(std::iter::repeat_n(fault.clone(), times));
    }

    pub(crate) fn force(&mut self, path: &str, fault: Fault) {
        self.forced.insert(path.to_owned(), fault);
    }

    pub(crate) fn clear(&mut self, path: &str) {
        self.next.remove(path);
        self.forced.remove(path);
    }

    pub(crate) fn clear_all(&mut self) {
        self.next.clear();
        self.forced.clear();
    }

    pub(crate) fn left(&self, path: &str) -> usize {
        self.next.get(path).map_or(0, VecDeque::len)
    }

    pub(crate) fn used(&self, path: &str) -> usize {
        self.used.get(path).copied().unwrap_or_default()
    }

    /// The fault this request meets: a queued one first, then a forced one.
    pub(crate) fn take(&mut self, path: &str, pattern: &str) -> Option<Fault> {
        if self.next.is_empty() && self.forced.is_empty() {
            return None;
        }
        let names = if path == pattern {
            vec![path]
        } else {
            vec![path, pattern]
        };
        for name in &names {
            if let Some(fault) = self.next.get_mut(*name).and_then(VecDeque::pop_front) {
                *self.used.entry((*name).to_owned()).or_default() += 1;
                return Some(fault);
            }
        }
        for name in names {
            if let Some(fault) = self.forced.get(name) {
                *self.used.entry(name.to_owned()).or_default() += 1;
                return Some(fault.clone());
            }
        }
        None
    }

    /// Whether the request must wait now, and whether it is the first time that it asks.
    pub(crate) fn held(&mut self, path: &str, request: u64) -> Option<Arrival> {
        let mut arrival = None;
        for hold in self.holds.values_mut() {
            if !same_path(&hold.path, path) {
                continue;
            }
            if hold.waiting.insert(request) {
                hold.arrived += 1;
                arrival = Some(Arrival::First);
            } else if arrival.is_none() {
                arrival = Some(Arrival::Again);
            }
        }
        arrival
    }

    pub(crate) fn leave(&mut self, request: u64) {
        for hold in self.holds.values_mut() {
            hold.waiting.remove(&request);
        }
    }
}

/// How often a held request has asked whether it may go on.
pub(crate) enum Arrival {
    First,
    Again,
}

/// Keeps every request to a path waiting until it is released or dropped.
pub struct Hold {
    shared: Arc<Shared>,
    id: u64,
}

impl Hold {
    pub(crate) fn new(shared: Arc<Shared>, path: &str) -> Self {
        let id = {
            let mut state = shared.lock();
            state.faults.last_hold += 1;
            let id = state.faults.last_hold;
            state.faults.holds.insert(
                id,
                Held {
                    path: path.to_owned(),
                    waiting: HashSet::new(),
                    arrived: 0,
                },
            );
            id
        };
        Self { shared, id }
    }

    /// Lets the waiting requests go on.
    pub fn release(self) {
        drop(self);
    }

    /// How many requests wait at this moment; one whose client hung up is gone.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let state = self.shared.lock();
        let hold = state.faults.holds.get(&self.id);
        hold.map_or(0, |hold| hold.waiting.len())
    }

    /// Waits until `n` requests have arrived at the hold, gone ones included.
    ///
    /// # Errors
    /// [`TimedOut`] after ten seconds.
    pub async fn wait_arrived(&self, n: usize) -> Result<(), TimedOut> {
        wait_until(&self.shared, "requests at a hold", n, |state| {
            let hold = state.faults.holds.get(&self.id);
            hold.map_or(0, |hold| hold.arrived)
        })
        .await
    }

    /// Waits until none of the arrived requests waits any more, as after the death of the client.
    ///
    /// # Errors
    /// [`TimedOut`] after ten seconds.
    pub async fn wait_gone(&self) -> Result<(), TimedOut> {
        wait_until(&self.shared, "an empty hold", 1, |state| {
            let hold = state.faults.holds.get(&self.id);
            usize::from(hold.is_none_or(|hold| hold.waiting.is_empty()))
        })
        .await
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.shared.lock().faults.holds.remove(&self.id);
        self.shared.changed.notify_waiters();
    }
}
