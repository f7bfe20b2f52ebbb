//! Chats that Telegram wants to be left alone for a while (429): nothing is written there until then, elsewhere all goes on.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

/// Until when each of these chats is left alone.
#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<i64, DateTime<Utc>>>);

impl Pauses {
    /// Leaves a chat alone.
    pub(super) fn begin(&self, chat: i64, until: DateTime<Utc>) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = pauses.entry(chat).or_insert(until);
        *latest = until.max(*latest);
    }

    /// Whether a chat is to be left alone now. A pause that is over is forgotten.
    pub(super) fn holds(&self, chat: i64, now: DateTime<Utc>) -> bool {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match pauses.get(&chat) {
            Some(until) if *until > now => true,
            Some(_) => {
                pauses.remove(&chat);
                false
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_pause_is_for_its_chat_and_its_time() {
        let pauses = Pauses::default();
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let at = |seconds| start + TimeDelta::seconds(seconds);
        pauses.begin(1, at(10));
        pauses.begin(1, at(5));
        assert!(pauses.holds(1, at(9)));
        assert!(!pauses.holds(2, at(9)));
        assert!(!pauses.holds(1, at(10)));
        assert!(pauses.0.lock().unwrap().is_empty());
    }
}
