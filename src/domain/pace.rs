//! Which question, and when: the cheapest one that is enough, as far apart as the sum allows.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{
    budget::{self, Dollars},
    verdict::Outcome,
    watch::{Memory, Next, Question, Rules, Standing, Trouble, Witness},
};

/// X takes a key pair that is asked about too often for a wrong one.
const PAIR_INTERVAL: TimeDelta = TimeDelta::hours(1);
/// A link that was accepted longer ago says little about today.
const WITNESS_AGE: TimeDelta = TimeDelta::days(7);
/// Links that wait for one another come apart by up to a tenth of this.
const APART: TimeDelta = TimeDelta::minutes(1);

/// What is asked about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// One call, which X charges for if it accepts.
    Glance,
    /// Up to four calls.
    Whole,
    /// The key pair alone, which is free.
    KeyPair,
}

/// How far apart questions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often, as it is wanted.
    pub rules: Rules,
    /// What a month may cost.
    pub budget: Option<Dollars>,
    /// How many links work: X charges for those.
    pub working: u64,
}

/// When a link is asked about next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When to ask.
    pub due_at: DateTime<Utc>,
    /// Until then only what X charges nothing for.
    pub charged_at: DateTime<Utc>,
}

impl Pace {
    /// The pause between questions that X charges for.
    #[must_use]
    pub fn charged_interval(&self) -> TimeDelta {
        budget::stretched(self.working, self.rules.interval, self.budget)
    }

    /// The cheapest question that is enough, `charged` being how often X charged this month.
    #[must_use]
    pub fn choose(
        &self,
        memory: &Memory,
        accepted_at: Option<DateTime<Utc>>,
        charged_at: DateTime<Utc>,
        charged: u64,
        now: DateTime<Utc>,
    ) -> Ask {
        let ask = match memory.question() {
            Question::Whole => Ask::Whole,
            Question::Glance => Ask::Glance,
        };
        let Some(sum) = self.budget else { return ask };
        if !budget::is_charged(accepted_at, now) {
            return ask;
        }
        // A refusal is free; a part of the sum is kept for the case that it is none.
        let is_doubtful = memory.suspicion.is_some() || memory.standing == Standing::Refused;
        let fits = if is_doubtful {
            budget::affords(Some(sum), charged)
        } else {
            now >= charged_at && budget::affords(Some(budget::planned(sum)), charged)
        };
        if fits { ask } else { Ask::KeyPair }
    }

    /// Since when a link must have been accepted to be asked as a witness.
    #[must_use]
    pub fn witnesses_since(&self, charged: u64, now: DateTime<Utc>) -> DateTime<Utc> {
        if budget::affords(self.budget, charged) {
            now - WITNESS_AGE
        } else {
            // Whoever was accepted today is free.
            now.date_naive().and_time(NaiveTime::MIN).and_utc()
        }
    }

    /// When to ask next. `draw` is any number: it spreads the questions over time.
    #[must_use]
    pub fn plan(
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
        let due_at = match next {
            Next::At(at) if memory.suspicion.is_some_and(|suspicion| suspicion.held > 0) => {
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

/// What X says of links of other apps, one after the other, before a refusal is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    refused: usize,
    undecided: bool,
}

impl Hearing {
    /// Apps that are heard at most, the link's own included. If all of them are refused, it is the failure of many.
    pub const APPS: usize = Trouble::APPS;

    /// Takes in the answer about a link of one more app. `Some`: that is enough.
    pub fn hear(&mut self, outcome: Outcome) -> Option<Witness> {
        match outcome {
            Outcome::Accepted => return Some(Witness::Accepted),
            Outcome::Refused => self.refused += 1,
            Outcome::Undecided => self.undecided = true,
        }
        (self.refused + 1 >= Self::APPS).then_some(Witness::Refused)
    }

    /// There is nobody left to ask, except `busy` links that are being asked about just now; X refused links of `suspected`
    /// apps when it was last asked. A single other link that is refused may be dead as well.
    #[must_use]
    pub fn close(self, busy: usize, suspected: usize) -> Witness {
        if self.refused + suspected + 1 >= Self::APPS {
            Witness::Refused
        } else if self.undecided || busy > 0 {
            Witness::Undecided
        } else {
            Witness::Nobody
        }
    }
}

#[cfg(test)]
mod tests;
