//! Which question, and when: the cheapest one that is enough, as far apart as the sum allows.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{
    budget::{self, Dollars},
    health::{Answer, Memory, Next, Rules, Standing, Trouble, Witness},
    verdict::{Outcome, Verdict},
};

/// X takes a key pair that is asked about too often for a wrong one.
const PAIR_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// A key pair may be asked about once more for another's sake, but not at once.
const PAIR_PAUSE: TimeDelta = TimeDelta::minutes(10);
/// Links that wait for one another come apart by up to a tenth of this.
const APART: TimeDelta = TimeDelta::minutes(1);

/// What is asked about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// One call, which X charges for if it accepts.
    QuickCheck,
    /// Up to four calls.
    Whole,
    /// The key pair alone, which is free.
    KeyPair,
}

impl Ask {
    /// What to ask if it costs nothing: a refusal that is to be confirmed is asked for its reason.
    pub(crate) fn first(memory: &Memory) -> Self {
        match &memory.suspicion {
            Some(_) => Self::Whole,
            None => Self::QuickCheck,
        }
    }
}

/// How far apart questions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How often, as it is wanted.
    pub rules: Rules,
    /// What a month may cost.
    pub budget: Option<Dollars>,
    /// How many links work: X charges for those.
    pub working: u64,
}

/// When a link is asked about next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// When to ask.
    pub due_at: DateTime<Utc>,
    /// Until then only what X charges nothing for.
    pub charged_at: DateTime<Utc>,
}

impl Pace {
    /// The pause between questions that X charges for.
    pub(crate) fn charged_interval(&self) -> TimeDelta {
        budget::stretched(self.working, self.rules.interval, self.budget)
    }

    /// The cheapest question that is enough, `charged` being how often X charged this month.
    pub(crate) fn choose(
        &self,
        memory: &Memory,
        accepted_at: Option<DateTime<Utc>>,
        charged_at: DateTime<Utc>,
        charged: u64,
        now: DateTime<Utc>,
    ) -> Ask {
        let ask = Ask::first(memory);
        let Some(sum) = self.budget else { return ask };
        if !budget::is_charged(accepted_at, now) {
            return ask;
        }
        // A refusal is free; a part of the sum is kept for the case that it is none.
        let is_doubtful = memory.is_suspected() || memory.standing == Standing::Refused;
        let fits = if is_doubtful {
            budget::affords(Some(sum), charged)
        } else {
            now >= charged_at && budget::affords(Some(budget::planned(sum)), charged)
        };
        if fits { ask } else { Ask::KeyPair }
    }

    /// Whom to ask before `refusal` is told, in this order; `charged` being how often X charged this month.
    pub(crate) fn callings(
        &self,
        refusal: Answer<'_>,
        charged: u64,
        now: DateTime<Utc>,
    ) -> Vec<Calling> {
        let quick_check = |accepted_since| Calling {
            ask: Ask::QuickCheck,
            accepted_since,
            pair_asked_before: None,
        };
        if budget::affords(self.budget, charged) {
            return vec![quick_check(None)];
        }
        // Whoever was accepted today is free, and so is the question about key pairs, which is enough if it is one of those
        // that X refused.
        let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
        let mut callings = vec![quick_check(Some(today))];
        if refusal.refuses_pair() {
            callings.push(Calling {
                ask: Ask::KeyPair,
                accepted_since: None,
                pair_asked_before: Some(now - PAIR_PAUSE),
            });
        }
        callings
    }

    /// Since when a refusal says something about this moment.
    pub(crate) fn lately(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.rules.confirm * 2
    }

    /// How far ahead a link may be planned, unless it was refused: one that is planned for later was so with another interval.
    pub(crate) fn horizon(&self) -> TimeDelta {
        let shortest = self.charged_interval().max(self.rules.confirm);
        match self.budget {
            Some(_) => shortest.max(PAIR_INTERVAL),
            None => shortest,
        }
    }

    /// When to ask about a link that was planned beyond the [`Pace::horizon`]. `draw` is any number.
    pub(crate) fn pulled_in(
        &self,
        pair_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        draw: u64,
    ) -> DateTime<Utc> {
        let within = u64::try_from(self.rules.interval.num_seconds()).unwrap_or(1);
        let wait = i64::try_from(draw % within.max(1)).unwrap_or(0);
        let due_at = now + TimeDelta::seconds(wait);
        match (self.budget, pair_at) {
            // What is asked may be about the key pair alone.
            (Some(_), Some(pair_at)) => due_at.max(pair_at.min(now) + PAIR_INTERVAL),
            (_, None) | (None, _) => due_at,
        }
    }

    /// When to ask next. `draw` is any number: it spreads the questions over time.
    pub(crate) fn plan(
        &self,
        memory: &Memory,
        next: Next,
        is_accepted: bool,
        charged_before: DateTime<Utc>,
        now: DateTime<Utc>,
        draw: u64,
    ) -> Plan {
        let long = self.charged_interval();
        let charged_at = if is_accepted {
            now + budget::jittered(long, draw)
        } else {
            charged_before
        };
        let suspicion = memory.suspicion.as_ref();
        let is_held = suspicion.is_some_and(|suspicion| suspicion.held > 0);
        let due_at = match next {
            Next::At(at) if is_held => {
                let apart = self.rules.confirm.min(APART);
                at + (apart - budget::jittered(apart, draw))
            }
            Next::At(at) => at,
            Next::Interval if is_accepted && long == self.rules.interval => charged_at,
            Next::Interval if self.budget.is_none() => {
                now + budget::jittered(self.rules.interval, draw)
            }
            Next::Interval => now + budget::jittered(self.rules.interval.max(PAIR_INTERVAL), draw),
        };
        Plan { due_at, charged_at }
    }
}

/// Links that may be asked about as witnesses, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calling {
    /// What to ask.
    pub ask: Ask,
    /// Only those that X accepted since then; `None`: all that are not known to be refused, those accepted last first.
    pub accepted_since: Option<DateTime<Utc>>,
    /// Only those whose key pair was last asked about alone before this time.
    pub pair_asked_before: Option<DateTime<Utc>>,
}

/// What X says of links of other apps, one after the other, before a refusal is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hearing {
    refused: usize,
    undecided: bool,
}

impl Hearing {
    /// Apps that are heard at most, the link's own included. If all of them are refused, it is the failure of many.
    pub(crate) const APPS: usize = Trouble::APPS;

    /// Links that are asked about at most.
    pub(crate) const LINKS: usize = 5;

    /// Takes in the answer about a link of one more app. `Some`: that is enough.
    pub(crate) fn hear(&mut self, answer: Answer<'_>) -> Option<Witness> {
        match answer {
            // X knows the values of an app without credits.
            Answer::PairAccepted
            | Answer::Judged(Verdict::NoCredits | Verdict::SpendCapReached { .. }) => {
                return Some(Witness::Accepted);
            }
            Answer::Refused => self.refused += 1,
            Answer::Judged(verdict) => match verdict.outcome() {
                Outcome::Accepted => return Some(Witness::Accepted),
                Outcome::Refused => self.refused += 1,
                Outcome::Undecided => self.undecided = true,
            },
        }
        (self.refused + 1 >= Self::APPS).then_some(Witness::Refused)
    }

    /// There is nobody left to ask. `others`: there are links of other apps that could not be heard, because they are being
    /// asked about just now or X would charge for it; X refused links of `suspected` such apps lately. A
    /// single other link that is refused may be dead as well.
    pub(crate) fn close(self, others: bool, suspected: usize) -> Witness {
        if self.refused + suspected + 1 >= Self::APPS {
            Witness::Refused
        } else if self.undecided || others {
            Witness::Undecided
        } else {
            Witness::Nobody
        }
    }
}

#[cfg(test)]
mod tests;
