//! Is a link dead, or is X just away? What is remembered of a link, and what an answer of X's changes about it.
//!
//! Pure: the time and the answer come in, what to remember, to tell and to ask next comes out.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    client::ClientName,
    verdict::{Outcome, Verdict},
};

/// However often programs are refused, X is asked about a link only so often for that.
pub(crate) const DOUBT_INTERVAL: TimeDelta = TimeDelta::minutes(15);

/// How often X is asked by itself, and how a refusal is made sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Each link is asked about at least this often.
    pub interval: TimeDelta,
    /// A refusal is asked about again after this long, before anybody is told.
    pub confirm: TimeDelta,
}

/// What is held true of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// X has not judged it, or not since the database was put back.
    #[default]
    Unverified,
    /// X accepts its values.
    Works,
    /// X refuses its values, and did so again when asked once more.
    Refused,
}

/// A refusal that is not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// When X first refused.
    pub first_at: DateTime<Utc>,
    /// How often it was repeated without being told: others were refused too, or its reason was not known.
    pub held: u32,
    /// Whether only the key pair was refused: once X accepts that, there is nothing to confirm.
    pub of_pair: bool,
    /// The program whose request X refused, if it was one.
    pub program: Option<ClientName>,
}

/// What is remembered of a link between two questions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What is held true.
    pub standing: Standing,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// A refusal that has to be confirmed.
    pub suspicion: Option<Suspicion>,
    /// X refused something to a program that may be about the link: it is asked about out of its turn.
    pub suspected: bool,
    /// What the user knows. `None`: nobody has told them anything.
    pub told: Option<Standing>,
    /// Answers in a row that decided nothing.
    pub vain: u32,
    /// The code of the last of them.
    pub vain_code: Option<String>,
}

/// What came of a question to X.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The whole answer.
    Judged(&'a Verdict),
    /// A refusal whose reason was not asked for.
    Refused,
    /// The key pair is good; the token was not asked about.
    PairAccepted,
}

impl Answer<'_> {
    /// Whether it refuses the key pair, which can be asked about alone.
    pub(crate) fn refuses_pair(self) -> bool {
        matches!(
            self,
            Self::Judged(Verdict::ApiKeyPairRejected | Verdict::AppSuspended)
        )
    }
}

/// What X says, in the moment of a confirmed refusal, of a link that belongs to another app and worked a short while ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// It was not asked.
    NotAsked,
    /// There is no such link.
    Nobody,
    /// X accepts it: the refusal is about the link alone.
    Accepted,
    /// X refuses it too: the trouble is X's or ours.
    Refused,
    /// X did not decide.
    Undecided,
}

/// What the user is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The link no longer works.
    Died,
    /// It works again.
    Recovered {
        /// Since when it was known not to.
        refused_since: Option<DateTime<Utc>>,
    },
    /// It works, but cannot publish.
    OnlyReads,
}

impl Change {
    /// How a link stands while this is true.
    pub(crate) fn standing(self) -> Standing {
        match self {
            Self::Died => Standing::Refused,
            Self::Recovered { .. } | Self::OnlyReads => Standing::Works,
        }
    }
}

/// When to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// After the usual interval.
    Interval,
    /// At this time.
    At(DateTime<Utc>),
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// To be remembered.
    pub memory: Memory,
    /// To be told.
    pub tell: Option<Change>,
    /// To be asked.
    pub next: Next,
}

enum Heard<'a> {
    Good,
    Bad { judged: bool },
    Vain(&'a Verdict),
    Nothing,
}

impl<'a> From<Answer<'a>> for Heard<'a> {
    fn from(answer: Answer<'a>) -> Self {
        match answer {
            Answer::Judged(verdict) => match verdict.outcome() {
                Outcome::Accepted => Self::Good,
                Outcome::Refused => Self::Bad { judged: true },
                Outcome::Undecided => Self::Vain(verdict),
            },
            Answer::Refused => Self::Bad { judged: false },
            Answer::PairAccepted => Self::Nothing,
        }
    }
}

impl Memory {
    /// Whether this answer would confirm a refusal, so that another link has to be asked about before anybody is told.
    pub(crate) fn needs_witness(
        &self,
        answer: Answer<'_>,
        now: DateTime<Utc>,
        rules: Rules,
    ) -> bool {
        let Some(suspicion) = &self.suspicion else {
            return false;
        };
        matches!(answer.into(), Heard::Bad { judged: true })
            && now >= suspicion.first_at + rules.confirm
    }

    /// Takes in an answer to a question that nobody waits for.
    pub fn hear(
        self,
        answer: Answer<'_>,
        witness: Witness,
        now: DateTime<Utc>,
        rules: Rules,
    ) -> Step {
        match answer.into() {
            Heard::Good => self.works(now),
            Heard::Bad { .. } if self.standing == Standing::Refused => self.dead(now),
            Heard::Bad { judged } => {
                let mut step = self.refused(judged, witness, now, rules);
                if let Some(suspicion) = &mut step.memory.suspicion {
                    suspicion.of_pair &= answer.refuses_pair();
                }
                step
            }
            Heard::Vain(verdict) => self.undecided(verdict, now, rules),
            Heard::Nothing => {
                let mut memory = self.heard();
                memory.suspicion = memory.suspicion.filter(|suspicion| !suspicion.of_pair);
                memory.quiet(Next::Interval)
            }
        }
    }

    /// Takes in that X refused what a program asked with the link's values, `asked_at` being when X was asked about the link
    /// last: what to remember, and when to ask. `None`: nothing new.
    pub(crate) fn refused_to(
        self,
        program: &ClientName,
        status: u16,
        asked_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        rules: Rules,
    ) -> Option<(Self, DateTime<Utc>)> {
        let earliest = asked_at.map_or(now, |at| at + DOUBT_INTERVAL);
        if status != 401 {
            // It may be about what was asked for.
            let suspected = !self.is_suspected() && earliest <= now;
            return suspected.then_some((Self { suspected, ..self }, now));
        }
        // It is about the values themselves: a first refusal, like one of our own questions.
        if self.suspicion.is_some() || self.standing == Standing::Refused {
            return None;
        }
        let mut memory = self
            .hear(Answer::Refused, Witness::NotAsked, now, rules)
            .memory;
        if let Some(suspicion) = &mut memory.suspicion {
            suspicion.program = Some(program.clone());
        }
        Some((memory, earliest.max(now + rules.confirm)))
    }

    /// Whether there is a reason to ask besides that it is the link's turn.
    pub(crate) fn is_suspected(&self) -> bool {
        self.suspected || self.suspicion.is_some()
    }

    /// Takes in an answer that the user asked for and gets to see.
    pub(crate) fn shown(self, verdict: &Verdict, now: DateTime<Utc>) -> Self {
        match verdict.outcome() {
            Outcome::Accepted => self.settled(Standing::Works, now),
            Outcome::Refused => self.settled(Standing::Refused, now),
            Outcome::Undecided => self,
        }
    }

    /// What was promised could not be said: it is told when the user can be reached again.
    pub(crate) fn untold(mut self, change: Change) -> Self {
        match change {
            Change::Died => self.told = Some(Standing::Works),
            Change::Recovered { .. } => self.told = Some(Standing::Refused),
            Change::OnlyReads => {}
        }
        self
    }

    fn heard(self) -> Self {
        Self {
            suspected: false,
            vain: 0,
            vain_code: None,
            ..self
        }
    }

    /// Nothing is in doubt any more, and the user knows.
    fn settled(self, standing: Standing, now: DateTime<Utc>) -> Self {
        let is_new = self.standing != standing;
        Self {
            standing,
            since: if is_new { Some(now) } else { self.since },
            told: Some(standing),
            ..Self::default()
        }
    }

    fn quiet(self, next: Next) -> Step {
        Step {
            memory: self,
            tell: None,
            next,
        }
    }

    fn works(self, now: DateTime<Utc>) -> Step {
        let refused_since = self.since.filter(|_| self.standing == Standing::Refused);
        // Who was told nothing yet learns nothing from "it works".
        let tell = self.told == Some(Standing::Refused);
        Step {
            tell: tell.then_some(Change::Recovered { refused_since }),
            ..self.settled(Standing::Works, now).quiet(Next::Interval)
        }
    }

    fn dead(self, now: DateTime<Utc>) -> Step {
        let tell = self.told != Some(Standing::Refused);
        Step {
            tell: tell.then_some(Change::Died),
            ..self.settled(Standing::Refused, now).quiet(Next::Interval)
        }
    }

    fn refused(self, judged: bool, witness: Witness, now: DateTime<Utc>, rules: Rules) -> Step {
        let mut memory = self.heard();
        let Some(suspicion) = &mut memory.suspicion else {
            memory.suspicion = Some(Suspicion {
                first_at: now,
                held: 0,
                of_pair: true,
                program: None,
            });
            return memory.quiet(Next::At(now + rules.confirm));
        };
        let sure_at = suspicion.first_at + rules.confirm;
        if now < sure_at {
            return memory.quiet(Next::At(sure_at));
        }
        if judged && matches!(witness, Witness::Accepted | Witness::Nobody) {
            return memory.dead(now);
        }
        // Others are refused too, or nobody knows why this one is.
        let pause = backoff(rules, suspicion.held);
        // Whoever is asked for somebody else's sake does not come later for that.
        suspicion.held = suspicion.held.saturating_add(u32::from(judged));
        memory.quiet(Next::At(now + pause))
    }

    fn undecided(mut self, verdict: &Verdict, now: DateTime<Utc>, rules: Rules) -> Step {
        let soon = now + backoff(rules, self.vain);
        let at = match verdict {
            Verdict::RateLimited { until: Some(until) } => soon.max(*until),
            _ => soon,
        };
        self.vain = self.vain.saturating_add(1);
        self.vain_code = Some(verdict.code().to_owned());
        self.quiet(Next::At(at))
    }
}

/// The pause before a question is asked again: doubled each time, and never longer than the interval.
fn backoff(rules: Rules, times: u32) -> TimeDelta {
    let factor = 1 << times.min(10);
    (rules.confirm * factor)
        .min(rules.interval)
        .max(TimeDelta::seconds(1))
}

/// Tells the API key pair of one app from that of another, without saying which it is: a keyed fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppMark(pub [u8; 16]);

/// 32 hexadecimal digits.
impl fmt::Display for AppMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What is wrong with all links at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TroubleKind {
    /// X refuses links of several apps that worked a short while ago.
    Refused,
    /// X does not answer, or nothing that can be understood.
    Away,
    /// X refuses this server's time.
    Clock,
}

/// Trouble that is X's or ours, not a link's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trouble {
    /// What it is.
    pub kind: TroubleKind,
    /// Since when no link was accepted.
    pub since: DateTime<Utc>,
    /// The marks of the apps that met it, as far as they count.
    pub apps: Vec<String>,
    /// Whether the owner knows.
    pub told: bool,
}

/// To the bot's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TroubleNews {
    /// Many links fail at once; their users are not told.
    Began {
        /// How.
        kind: TroubleKind,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// X accepts links again.
    Over {
        /// When it began.
        since: DateTime<Utc>,
    },
}

/// What one answer says about X as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A link was accepted.
    Good,
    /// A question was in vain, for a reason that is no link's.
    Vain(TroubleKind),
    /// A refusal was confirmed, and links of other apps that worked are refused too.
    Mass,
}

impl Sign {
    /// What an answer is a sign of, if of anything. One app's empty wallet or rate limit is that app's own.
    pub(crate) fn of(answer: Answer<'_>) -> Option<Self> {
        match answer {
            Answer::Judged(Verdict::XUnavailable | Verdict::Unexpected { .. }) => {
                Some(Self::Vain(TroubleKind::Away))
            }
            Answer::Judged(Verdict::ClockSkew { .. }) => Some(Self::Vain(TroubleKind::Clock)),
            Answer::Judged(verdict) => {
                (verdict.outcome() == Outcome::Accepted).then_some(Self::Good)
            }
            Answer::Refused | Answer::PairAccepted => None,
        }
    }
}

impl Trouble {
    /// Apps that have to meet the same trouble before it is told.
    pub(crate) const APPS: usize = 3;

    /// Takes in a sign from a link of `app`.
    pub(crate) fn hear(
        before: Option<Self>,
        sign: Sign,
        app: AppMark,
        now: DateTime<Utc>,
        rules: Rules,
    ) -> (Option<Self>, Option<TroubleNews>) {
        let kind = match sign {
            Sign::Good => {
                let told = before.filter(|trouble| trouble.told);
                let over = |trouble: Self| TroubleNews::Over {
                    since: trouble.since,
                };
                return (None, told.map(over));
            }
            Sign::Vain(kind) => kind,
            Sign::Mass => TroubleKind::Refused,
        };
        let mut trouble = before.unwrap_or_else(|| Self {
            kind,
            since: now,
            apps: Vec::new(),
            told: false,
        });
        trouble.kind = kind;
        let app = app.to_string();
        if trouble.apps.len() < Self::APPS && !trouble.apps.contains(&app) {
            trouble.apps.push(app);
        }
        let lasts = trouble.apps.len() >= Self::APPS && now >= trouble.since + rules.confirm;
        let news = (!trouble.told && (sign == Sign::Mass || lasts)).then_some(TroubleNews::Began {
            kind,
            since: trouble.since,
        });
        trouble.told |= news.is_some();
        (Some(trouble), news)
    }
}

#[cfg(test)]
mod tests;
