//! The queue of updates: what waits for the bot, and what its offsets confirm.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use serde_json::Value;

/// The kinds that are left out unless a bot asks for them by name.
const OPT_IN: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// How many confirmed updates can still be delivered again.
const ARCHIVE: usize = 20_000;

/// An update that waits for the bot to confirm it.
#[derive(Clone)]
pub(super) struct Update {
    pub(super) id: u32,
    json: Arc<str>,
    /// The message it is about: chat and number.
    pub(super) message: Option<(i64, i32)>,
    /// Whether it is handed over although the bot's offset lies above it.
    forced: bool,
    handed: bool,
}

/// All updates, in the order of their identifiers.
pub(super) struct Queue {
    pending: VecDeque<Update>,
    archive: VecDeque<Update>,
    handed: HashMap<u32, Instant>,
    next_id: u32,
    confirmed_below: u32,
    allowed: Option<Vec<String>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            pending: VecDeque::new(),
            archive: VecDeque::new(),
            handed: HashMap::new(),
            next_id: 610_000_001,
            confirmed_below: 0,
            allowed: None,
        }
    }
}

impl Queue {
    /// Whether the bot wants updates of this kind.
    pub(super) fn wants(&self, kind: &str) -> bool {
        match &self.allowed {
            Some(kinds) => kinds.iter().any(|wanted| wanted == kind),
            None => !OPT_IN.contains(&kind),
        }
    }

    /// Remembers which kinds the bot wants; an empty list means all but the opt-in ones.
    pub(super) fn allow(&mut self, kinds: Vec<String>) {
        self.allowed = if kinds.is_empty() { None } else { Some(kinds) };
    }

    pub(super) fn allowed(&self) -> Option<&[String]> {
        self.allowed.as_deref()
    }

    /// Queues an update, under its own `update_id` when it has one, else under the next.
    pub(super) fn push(&mut self, mut update: Value, message: Option<(i64, i32)>) -> u32 {
        let given = update["update_id"]
            .as_u64()
            .and_then(|id| u32::try_from(id).ok());
        let id = given.unwrap_or(self.next_id);
        self.next_id = self.next_id.max(id.saturating_add(1));
        if given.is_none()
            && let Some(fields) = update.as_object_mut()
        {
            fields.insert("update_id".to_owned(), id.into());
        }
        self.insert(Update {
            id,
            json: update.to_string().into(),
            message,
            forced: false,
            handed: false,
        });
        id
    }

    /// Queues an update once more that was handed over before; tells whether it is still known.
    pub(super) fn again(&mut self, id: u32) -> bool {
        let known = self
            .archive
            .iter()
            .chain(&self.pending)
            .rfind(|update| update.id == id)
            .cloned();
        match known {
            Some(update) => {
                self.insert(update);
                true
            }
            None => false,
        }
    }

    fn insert(&mut self, mut update: Update) {
        update.forced = update.id < self.confirmed_below;
        update.handed = false;
        let place = self.pending.partition_point(|other| other.id <= update.id);
        self.pending.insert(place, update);
    }

    /// Forgets what an offset confirms, and returns how many updates that were.
    pub(super) fn confirm(&mut self, offset: i64, keep: bool) -> usize {
        let below = if offset < 0 {
            let last = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            match self.pending.len().checked_sub(last) {
                Some(first) => self
                    .pending
                    .get(first)
                    .map_or(self.next_id, |update| update.id),
                None => 0,
            }
        } else {
            u32::try_from(offset).unwrap_or(u32::MAX)
        };
        self.confirmed_below = self.confirmed_below.max(below);
        let before = self.pending.len();
        let archive = &mut self.archive;
        self.pending.retain(|update| {
            let stays = update.id >= below || (update.forced && !update.handed);
            if !stays && keep {
                archive.push_back(update.clone());
            }
            stays
        });
        while self.archive.len() > ARCHIVE {
            if let Some(old) = self.archive.pop_front() {
                self.handed.remove(&old.id);
            }
        }
        before - self.pending.len()
    }

    /// The next updates as a JSON array, with the messages that they hand over for the first time.
    pub(super) fn hand_over(
        &mut self,
        limit: usize,
        now: Instant,
        keep: bool,
    ) -> Option<(String, Vec<(i64, i32)>)> {
        if self.pending.is_empty() {
            return None;
        }
        let mut json = String::from("[");
        let mut messages = Vec::new();
        for (place, update) in self.pending.iter_mut().take(limit).enumerate() {
            if place > 0 {
                json.push(',');
            }
            json.push_str(&update.json);
            if !update.handed {
                update.handed = true;
                messages.extend(update.message);
                if keep {
                    self.handed.entry(update.id).or_insert(now);
                }
            }
        }
        json.push(']');
        Some((json, messages))
    }

    pub(super) fn first_handed(&self, id: u32) -> Option<Instant> {
        self.handed.get(&id).copied()
    }

    pub(super) fn pending(&self) -> Vec<u32> {
        self.pending.iter().map(|update| update.id).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn drop_pending(&mut self) {
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queue(count: usize) -> (Queue, Vec<u32>) {
        let mut queue = Queue::default();
        let ids = (0..count)
            .map(|_| queue.push(json!({"message": {}}), None))
            .collect();
        (queue, ids)
    }

    fn ids(queue: &mut Queue, limit: usize) -> Vec<u64> {
        let Some((json, _)) = queue.hand_over(limit, Instant::now(), true) else {
            return Vec::new();
        };
        let updates: Vec<Value> = serde_json::from_str(&json).unwrap();
        updates
            .iter()
            .map(|update| update["update_id"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn a_negative_offset_keeps_the_last_ones() {
        let (mut queue, pushed) = queue(5);
        queue.confirm(-2, true);
        assert_eq!(queue.pending(), pushed[3..]);
        queue.confirm(-10, true);
        assert_eq!(queue.pending(), pushed[3..]);
    }

    #[test]
    fn a_redelivered_update_comes_once_more_below_the_offset() {
        let (mut queue, pushed) = queue(2);
        let offset = i64::from(pushed[1]) + 1;
        ids(&mut queue, 100);
        queue.confirm(offset, true);
        assert_eq!(queue.len(), 0);
        assert!(queue.again(pushed[0]));
        queue.confirm(offset, true);
        assert_eq!(ids(&mut queue, 100), [u64::from(pushed[0])]);
        queue.confirm(offset, true);
        assert_eq!(queue.len(), 0);
        assert!(!queue.again(1));
    }

    #[test]
    fn chosen_identifiers_are_kept_and_counted_on_from() {
        let (mut queue, _) = queue(0);
        assert_eq!(
            queue.push(json!({"update_id": 700_000_000, "poll": {}}), None),
            700_000_000
        );
        assert_eq!(queue.push(json!({"message": {}}), None), 700_000_001);
    }
}
