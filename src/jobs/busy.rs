//! Who is busy: X is asked one thing at a time about an account, and Telegram one deletion at a time in a chat.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::store::jobs::Bell;

/// The subjects that are busy, in memory: one process works on a database. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Busy {
    subjects: Arc<Mutex<HashSet<String>>>,
    /// Rung whenever one is free again.
    bell: Bell,
}

impl Busy {
    /// Nobody is.
    pub(crate) fn new(bell: Bell) -> Self {
        Self {
            subjects: Arc::default(),
            bell,
        }
    }

    /// Keeps a subject busy until what is returned is dropped. `None`: it is busy already.
    pub(crate) fn begin(&self, subject: &str) -> Option<Held> {
        let mut subjects = self.lock();
        subjects.insert(subject.to_owned()).then(|| Held {
            subject: subject.to_owned(),
            busy: self.clone(),
        })
    }

    /// Whether anybody is.
    pub(crate) fn is_anybody(&self) -> bool {
        !self.lock().is_empty()
    }

    /// All of them, as JSON.
    pub(crate) fn all(&self) -> String {
        serde_json::to_string(&*self.lock()).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subject that is busy.
#[derive(Debug)]
pub(crate) struct Held {
    subject: String,
    busy: Busy,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.busy.lock().remove(&self.subject);
        self.busy.bell.ring();
    }
}
