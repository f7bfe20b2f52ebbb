//! Faults on demand: which calls they hit, and what those calls get instead of their answer.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// A rule that spoils the calls it matches.
///
/// Made by [`Fault::on`] or [`Fault::on_any`], narrowed by the other methods, and set in force by
/// [`TelegramSim::add_fault`](super::TelegramSim::add_fault).
#[derive(Debug, Clone)]
pub struct Fault {
    /// The method it hits, in any case; every method when absent.
    pub method: Option<String>,
    /// The chat it hits; every chat, and calls without one, when absent.
    pub chat: Option<i64>,
    /// How often it strikes before it is spent; for ever when absent.
    pub times: Option<u32>,
    /// Which of the matching calls it strikes.
    pub pattern: Pattern,
    /// Whether the call has its effect all the same, so that only the answer is lost.
    pub after_effect: bool,
    /// What happens to the call.
    pub kind: FaultKind,
}

/// Which of the matching calls a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// Each of them.
    Always,
    /// The n-th, the 2n-th and so on.
    Every(u32),
    /// Each with this chance, drawn from a generator with this seed.
    Chance {
        /// Between 0 (never) and 1 (always).
        probability: f64,
        /// The same seed strikes the same calls.
        seed: u64,
    },
}

/// What a struck call gets.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// 429 with `retry_after` in seconds.
    TooManyRequests {
        /// The seconds to wait.
        retry_after: u32,
        /// Whether every matching call in the same chat is refused, with the seconds that remain, until the time is over.
        hold: bool,
    },
    /// This HTTP status, with Telegram's error object or with a proxy's HTML page.
    Status {
        /// The HTTP status, and the `error_code` of the object.
        code: u16,
        /// Whether the body is a page of HTML.
        html: bool,
    },
    /// The connection is closed without an answer.
    DropConnection,
    /// The call is held up for so long, and then goes its usual way (or meets the next fault).
    Delay(Duration),
    /// 400 "message can't be deleted".
    DeleteRefused,
    /// 400 with this description after "Bad Request: ".
    BadRequest(String),
    /// 200 with a body that breaks off: the true answer without its end. The call always has its effect.
    InvalidJson,
}

impl Fault {
    /// A fault for one method, e.g. `deleteMessage`.
    #[must_use]
    pub fn on(method: &str, kind: FaultKind) -> Self {
        Self {
            method: Some(method.to_owned()),
            ..Self::on_any(kind)
        }
    }

    /// A fault for every method.
    #[must_use]
    pub fn on_any(kind: FaultKind) -> Self {
        Self {
            method: None,
            chat: None,
            times: None,
            pattern: Pattern::Always,
            after_effect: false,
            kind,
        }
    }

    /// Hits calls about one chat only.
    #[must_use]
    pub fn chat(mut self, chat_id: i64) -> Self {
        self.chat = Some(chat_id);
        self
    }

    /// Strikes this often, then never again.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Strikes once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Strikes each n-th matching call.
    #[must_use]
    pub fn every(mut self, n: u32) -> Self {
        self.pattern = Pattern::Every(n);
        self
    }

    /// Strikes by chance, the same way for the same seed.
    #[must_use]
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.pattern = Pattern::Chance { probability, seed };
        self
    }

    /// Lets the call have its effect, and spoils the answer alone.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }
}

/// What the faults in force make of one call.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sentence {
    pub(super) delay: Duration,
    pub(super) fault: Option<(FaultKind, bool)>,
}

/// The faults in force, in the order they were added.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
}

struct Rule {
    fault: Fault,
    seen: u32,
    struck: u32,
    random: u64,
    held: HashMap<Option<i64>, Instant>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        let random = if let Pattern::Chance { seed, .. } = fault.pattern {
            seed
        } else {
            0
        };
        self.rules.push(Rule {
            fault,
            seen: 0,
            struck: 0,
            random,
            held: HashMap::new(),
        });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Judges one call: every delay that strikes adds up, the first other fault that strikes decides.
    pub(super) fn judge(&mut self, method: &str, chat: Option<i64>, now: Instant) -> Sentence {
        let mut sentence = Sentence::default();
        for rule in &mut self.rules {
            if sentence.fault.is_some() && !matches!(rule.fault.kind, FaultKind::Delay(_)) {
                continue;
            }
            let Some(kind) = rule.strike(method, chat, now) else {
                continue;
            };
            match kind {
                FaultKind::Delay(delay) => sentence.delay += delay,
                kind => {
                    let effect = rule.fault.after_effect || kind == FaultKind::InvalidJson;
                    sentence.fault = Some((kind, effect));
                }
            }
        }
        sentence
    }
}

impl Rule {
    fn strike(&mut self, method: &str, chat: Option<i64>, now: Instant) -> Option<FaultKind> {
        let fault = &self.fault;
        if fault
            .method
            .as_ref()
            .is_some_and(|wanted| !wanted.eq_ignore_ascii_case(method))
            || (fault.chat.is_some() && fault.chat != chat)
        {
            return None;
        }
        if let Some(until) = self.held.get(&chat) {
            if *until > now {
                let remaining = until.duration_since(now).as_millis().div_ceil(1000);
                let retry_after = u32::try_from(remaining).unwrap_or(u32::MAX);
                return Some(FaultKind::TooManyRequests {
                    retry_after,
                    hold: true,
                });
            }
            self.held.remove(&chat);
        }
        if fault.times.is_some_and(|times| self.struck >= times) {
            return None;
        }
        self.seen += 1;
        let strikes = match fault.pattern {
            Pattern::Always => true,
            Pattern::Every(n) => self.seen.is_multiple_of(n.max(1)),
            Pattern::Chance { probability, .. } => draw(&mut self.random) < probability,
        };
        if !strikes {
            return None;
        }
        self.struck += 1;
        if let FaultKind::TooManyRequests {
            retry_after,
            hold: true,
        } = fault.kind
        {
            self.held
                .insert(chat, now + Duration::from_secs(u64::from(retry_after)));
        }
        Some(fault.kind.clone())
    }
}

/// The next number in [0, 1) of the splitmix64 generator.
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    // The upper 32 bits fit a double without loss.
    f64::from(u32::try_from(z >> 32).unwrap_or(u32::MAX)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: FaultKind = FaultKind::TooManyRequests {
        retry_after: 3,
        hold: true,
    };

    #[test]
    fn a_held_limit_lasts_its_whole_time_in_its_chat_only() {
        let mut faults = Faults::default();
        faults.add(Fault::on("sendMessage", LIMIT).once());
        let start = Instant::now();
        assert_eq!(
            faults.judge("sendmessage", Some(1), start).fault,
            Some((LIMIT, false))
        );
        assert_eq!(faults.judge("sendMessage", Some(2), start).fault, None);
        let later = start + Duration::from_millis(1500);
        let (kind, _) = faults.judge("sendMessage", Some(1), later).fault.unwrap();
        assert_eq!(
            kind,
            FaultKind::TooManyRequests {
                retry_after: 2,
                hold: true
            }
        );
        assert_eq!(
            faults
                .judge("sendMessage", Some(1), start + Duration::from_secs(3))
                .fault,
            None
        );
    }

    #[test]
    fn every_third_call_is_struck_until_the_fault_is_spent() {
        let mut faults = Faults::default();
        faults.add(Fault::on_any(FaultKind::DropConnection).every(3).times(2));
        let now = Instant::now();
        let struck: Vec<_> = (1..=12)
            .filter(|_| faults.judge("getMe", None, now).fault.is_some())
            .collect();
        assert_eq!(struck, [3, 6]);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let run = |seed| {
            let mut faults = Faults::default();
            faults.add(Fault::on_any(FaultKind::DropConnection).chance(0.25, seed));
            let now = Instant::now();
            (0..400)
                .map(|_| faults.judge("getMe", None, now).fault.is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let count = run(7).into_iter().filter(|struck| *struck).count();
        assert!((60..140).contains(&count), "{count}");
    }

    #[test]
    fn delays_add_up_and_the_first_other_fault_decides() {
        let mut faults = Faults::default();
        faults.add(Fault::on_any(FaultKind::Delay(Duration::from_millis(20))));
        faults.add(Fault::on_any(FaultKind::DeleteRefused));
        faults.add(Fault::on_any(FaultKind::DropConnection));
        faults.add(Fault::on_any(FaultKind::Delay(Duration::from_millis(5))));
        let sentence = faults.judge("deleteMessage", Some(1), Instant::now());
        assert_eq!(sentence.delay, Duration::from_millis(25));
        assert_eq!(sentence.fault, Some((FaultKind::DeleteRefused, false)));
    }
}
