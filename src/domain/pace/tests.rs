//! A year with a thousand links, on a clock that jumps from one question to the next: X fails in bursts, links die in every
//! way, some come back. What is decided is the program's own; only X, the links and the order of time are made up.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use chrono::Datelike as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::domain::{
    account::{XAccount, XUserId, XUsername},
    verdict::{Permission, Unenrolled, Verdict, XWords},
    watch::{Answer, AppMark, Change, Sign, TroubleNews},
};

const LINKS: usize = 1000;
const DEATHS: usize = 50;
const OUTAGES: usize = 50;
const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;
const START: i64 = 1_795_521_600;
const RULES: Rules = Rules {
    interval: TimeDelta::hours(24),
    confirm: TimeDelta::minutes(10),
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(START + second, 0).unwrap()
}

fn month(now: i64) -> (i32, u32) {
    (at(now).year(), at(now).month())
}

fn connected() -> Verdict {
    Verdict::Connected {
        account: XAccount {
            id: XUserId(1),
            username: XUsername("seedling".to_owned()),
        },
        permission: Permission::ReadWrite,
    }
}

fn deaths() -> [Verdict; 9] {
    [
        Verdict::ApiKeyPairRejected,
        Verdict::AccessTokenRejected,
        Verdict::AccessSecretRejected,
        Verdict::TokenPairRejected,
        Verdict::AppSuspended,
        Verdict::UserSuspended,
        Verdict::UserLocked,
        Verdict::NotEnrolled {
            who: Unenrolled::App,
        },
        Verdict::NotEnrolled {
            who: Unenrolled::User,
        },
    ]
}

/// What X answers to everybody while it is out.
#[derive(Clone)]
enum Failure {
    Says(Verdict),
    /// A pause until its end.
    Limits,
    /// Refuses everybody, as if every token were revoked.
    Storm,
    /// Answers every second question with 503.
    Flickers,
}

struct Outage {
    from: i64,
    to: i64,
    failure: Failure,
}

struct Death {
    at: i64,
    verdict: Verdict,
    back: Option<i64>,
}

struct Link {
    app: AppMark,
    memory: Memory,
    charged_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    good_at: Option<DateTime<Utc>>,
    due: i64,
    death: Option<Death>,
}

#[derive(Default)]
struct Seen {
    calls: u64,
    charged: BTreeMap<(i32, u32), u64>,
    told: Vec<(i64, usize, Change)>,
    owner: Vec<(i64, TroubleNews)>,
}

struct Year {
    links: Vec<Link>,
    outages: Vec<Outage>,
    good: BTreeSet<(DateTime<Utc>, usize)>,
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    trouble: Option<Trouble>,
    pace: Pace,
    rng: StdRng,
    seen: Seen,
}

impl Year {
    fn new(seed: u64, budget: Option<Dollars>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let failures = [
            Failure::Says(Verdict::XUnavailable),
            Failure::Says(Verdict::ClockSkew { seconds: Some(412) }),
            Failure::Says(Verdict::NoCredits),
            Failure::Says(Verdict::Unexpected {
                status: 404,
                words: XWords::new(""),
            }),
            Failure::Limits,
            Failure::Storm,
            Failure::Flickers,
        ];
        let outages: Vec<Outage> = (0..OUTAGES)
            .map(|number| {
                let from = rng.random_range(2 * DAY..YEAR - 10 * DAY);
                let minutes = [3, 12, 45, 180, 600][rng.random_range(0..5)];
                Outage {
                    from,
                    to: from + minutes * 60,
                    failure: failures[number % failures.len()].clone(),
                }
            })
            .collect();
        let mut links: Vec<Link> = (0..LINKS)
            .map(|number| {
                // A few apps serve several links.
                let app = u8::try_from(number % 250).unwrap();
                let mut mark = [app; 16];
                mark[1] = u8::try_from(number / 300).unwrap();
                Link {
                    app: AppMark(mark),
                    memory: Memory::default().shown(&connected(), at(0)),
                    charged_at: at(0),
                    accepted_at: Some(at(0)),
                    good_at: Some(at(0)),
                    due: rng.random_range(0..DAY),
                    death: None,
                }
            })
            .collect();
        for number in 0..DEATHS {
            let verdict = deaths()[number % deaths().len()].clone();
            let died = rng.random_range(3 * DAY..YEAR - 20 * DAY);
            let back = (number % 5 == 0).then(|| died + rng.random_range(3 * DAY..10 * DAY));
            // Each link dies once.
            links[number * (LINKS / DEATHS)].death = Some(Death {
                at: died,
                verdict,
                back,
            });
        }
        let queue = links
            .iter()
            .enumerate()
            .map(|(number, link)| Reverse((link.due, number)))
            .collect();
        let good = (0..LINKS).map(|number| (at(0), number)).collect();
        Self {
            links,
            outages,
            good,
            queue,
            trouble: None,
            pace: Pace {
                rules: RULES,
                budget,
                working: u64::try_from(LINKS).unwrap(),
            },
            rng,
            seen: Seen::default(),
        }
    }

    fn play(mut self) -> Self {
        while let Some(Reverse((now, number))) = self.queue.pop() {
            if now > YEAR {
                break;
            }
            // The link may have been asked about out of its turn.
            if self.links[number].due == now {
                self.ask(now, number, false);
            }
        }
        self
    }

    /// What X says; `None`: it refuses, and the reason was not asked for.
    fn x(&mut self, now: i64, number: usize, ask: Ask) -> Option<Verdict> {
        let out = self
            .outages
            .iter()
            .find(|outage| (outage.from..outage.to).contains(&now));
        match out.map(|outage| (&outage.failure, outage.to)) {
            Some((Failure::Says(verdict), _)) => return Some(verdict.clone()),
            Some((Failure::Limits, to)) => {
                let until = Some(at(to));
                return Some(Verdict::RateLimited { until });
            }
            Some((Failure::Storm, _)) if ask == Ask::Glance => return None,
            Some((Failure::Storm, _)) => return Some(Verdict::TokenPairRejected),
            Some((Failure::Flickers, _)) if self.rng.random() => {
                return Some(Verdict::XUnavailable);
            }
            Some((Failure::Flickers, _)) | None => {}
        }
        match &self.links[number].death {
            Some(death) if now >= death.at && death.back.is_none_or(|back| now < back) => {
                let of_pair = ["api_key_pair_rejected", "app_suspended"];
                match ask {
                    Ask::KeyPair if !of_pair.contains(&death.verdict.code()) => Some(connected()),
                    Ask::Glance if death.verdict.code().ends_with("_rejected") => None,
                    _ => Some(death.verdict.clone()),
                }
            }
            _ => Some(connected()),
        }
    }

    fn charged(&self, now: i64) -> u64 {
        self.seen.charged.get(&month(now)).copied().unwrap_or(0)
    }

    fn ask(&mut self, now: i64, number: usize, as_witness: bool) -> Outcome {
        let link = &self.links[number];
        let charged = self.charged(now);
        let ask = if as_witness {
            Ask::Glance
        } else {
            let Link {
                memory,
                accepted_at,
                charged_at,
                ..
            } = link;
            self.pace
                .choose(memory, *accepted_at, *charged_at, charged, at(now))
        };
        let said = self.x(now, number, ask);
        self.seen.calls += 1;
        let answer = match &said {
            Some(verdict) if ask == Ask::KeyPair && verdict.outcome() == Outcome::Accepted => {
                Answer::PairAccepted
            }
            Some(verdict) => Answer::Judged(verdict),
            None => Answer::Refused,
        };
        let link = &self.links[number];
        let witness = if !as_witness && link.memory.needs_witness(answer, at(now), RULES) {
            self.witness(now, number)
        } else {
            Witness::NotAsked
        };
        let is_accepted =
            matches!(answer, Answer::Judged(verdict) if verdict.outcome() == Outcome::Accepted);
        let link = &mut self.links[number];
        if is_accepted {
            if budget::is_charged(link.accepted_at, at(now)) {
                *self.seen.charged.entry(month(now)).or_default() += 1;
            }
            link.accepted_at = Some(at(now));
        }
        let step = link.memory.clone().hear(answer, witness, at(now), RULES);
        if let Some(change) = step.tell {
            self.seen.told.push((now, number, change));
        }
        let draw = self.rng.random();
        let plan = self.pace.plan(
            &step.memory,
            step.next,
            is_accepted,
            link.charged_at,
            at(now),
            draw,
        );
        if let Some(good_at) = link.good_at {
            self.good.remove(&(good_at, number));
        }
        link.good_at = link
            .accepted_at
            .filter(|_| step.memory.standing == Standing::Works);
        if let Some(good_at) = link.good_at {
            self.good.insert((good_at, number));
        }
        link.memory = step.memory;
        link.charged_at = plan.charged_at;
        link.due = (plan.due_at - at(0)).num_seconds();
        assert!(link.due > now, "time goes on");
        self.queue.push(Reverse((link.due, number)));
        let sign = match witness {
            Witness::Refused => Some(Sign::Mass),
            _ => Sign::of(answer),
        };
        if let Some(sign) = sign {
            let before = self.trouble.take();
            let (after, news) = Trouble::hear(before, sign, link.app, at(now), RULES);
            self.trouble = after;
            self.seen.owner.extend(news.map(|news| (now, news)));
        }
        match answer {
            Answer::Judged(verdict) => verdict.outcome(),
            Answer::Refused => Outcome::Refused,
            Answer::PairAccepted => Outcome::Undecided,
        }
    }

    fn witness(&mut self, now: i64, number: usize) -> Witness {
        let since = self.pace.witnesses_since(self.charged(now), at(now));
        let mut apps = vec![self.links[number].app];
        let mut hearing = Hearing::default();
        while apps.len() <= Hearing::APPS {
            let lately = self.good.iter().rev().take(100);
            let found = lately
                .filter(|(good_at, _)| *good_at >= since)
                .find(|(_, other)| !apps.contains(&self.links[*other].app));
            let Some((_, other)) = found.copied() else {
                return hearing.close(0, 0);
            };
            apps.push(self.links[other].app);
            let outcome = self.ask(now, other, true);
            if let Some(witness) = hearing.hear(outcome) {
                return witness;
            }
        }
        hearing.close(0, 0)
    }

    /// When X last began to answer again, for a link that died at `died`: nothing can be known before.
    fn known_from(&self, died: i64, within: i64) -> i64 {
        let mut from = died;
        loop {
            let hindered = self
                .outages
                .iter()
                .filter(|outage| outage.from < from + within && outage.to > from);
            match hindered.map(|outage| outage.to).max() {
                Some(end) if end > from => from = end,
                _ => return from,
            }
        }
    }
}

/// Every death and every return is told, in time; nothing else is.
fn assert_told(year: &Year, interval: impl Fn(&Verdict) -> i64) -> usize {
    let confirm = RULES.confirm.num_seconds();
    let mut clear = 0;
    for (number, link) in year.links.iter().enumerate() {
        let told: Vec<(i64, Change)> = year
            .seen
            .told
            .iter()
            .filter(|(_, whose, _)| *whose == number)
            .map(|(when, _, change)| (*when, *change))
            .collect();
        let Some(death) = &link.death else {
            assert_eq!(told, [], "a false alarm about link {number}");
            continue;
        };
        let within = interval(&death.verdict) + confirm;
        let from = year.known_from(death.at, within);
        let (when, change) = told[0];
        assert_eq!(change, Change::Died);
        assert!(when >= death.at && when <= from + within, "{number}");
        clear += usize::from(from == death.at);
        match death.back {
            None => assert_eq!(told.len(), 1, "{number} {told:?}"),
            Some(back) => {
                assert_eq!(told.len(), 2, "{number} {told:?}");
                let from = year.known_from(back, within);
                let (when, change) = told[1];
                assert!(matches!(change, Change::Recovered { .. }));
                assert!(when >= back && when <= from + within, "{number}");
            }
        }
    }
    clear
}

#[test]
fn in_a_year_every_death_is_told_in_time_and_nobody_is_alarmed_in_vain() {
    let year = Year::new(1, None).play();
    let clear = assert_told(&year, |_| RULES.interval.num_seconds());
    assert!(clear >= DEATHS / 2, "most deaths are met by no outage");
    let told = year.seen.told.len();
    assert_eq!(told, DEATHS + DEATHS / 5);

    // The list price: a cent a link and day.
    let links = u64::try_from(LINKS).unwrap();
    let charged: u64 = year.seen.charged.values().sum();
    assert!(charged <= links * 366);
    let month = budget::month(links, RULES.interval);
    for charged in year.seen.charged.values() {
        assert!(Dollars(charged * budget::PRICE) <= month.price);
    }
    assert!(
        year.seen.calls <= month.calls * 12 + 20_000,
        "{}",
        year.seen.calls
    );

    // The owner hears of trouble, once each time, and of its end.
    let began = |news: &TroubleNews| matches!(news, TroubleNews::Began { .. });
    let news: Vec<bool> = year
        .seen
        .owner
        .iter()
        .map(|(_, news)| began(news))
        .collect();
    assert!(
        news.len() >= 10 && news.len() <= 2 * OUTAGES,
        "{}",
        news.len()
    );
    for pair in news.chunks(2) {
        assert_eq!(pair, [true, false]);
    }
    for (when, news) in &year.seen.owner {
        let met = year
            .outages
            .iter()
            .any(|outage| (outage.from..outage.to).contains(when));
        assert!(met || !began(news), "an alarm without an outage");
    }
}

#[test]
fn in_a_year_with_a_sum_no_month_costs_more() {
    // Half of what a month would cost.
    let budget = Dollars(150 * 10_000);
    let year = Year::new(4, Some(budget)).play();
    let mut most = 0;
    for (month, charged) in &year.seen.charged {
        let spent = Dollars(charged * budget::PRICE);
        assert!(spent <= budget, "{month:?}: {spent}");
        most = most.max(*charged);
    }
    assert!(
        most * budget::PRICE > budget.0 / 2,
        "and the sum is used: {most}"
    );
    let long = year.pace.charged_interval().num_seconds();
    assert!(long > 2 * DAY && long < 3 * DAY, "{long}");
    assert_told(&year, |verdict| {
        // The free question finds these at the interval that was asked for.
        match verdict {
            Verdict::ApiKeyPairRejected | Verdict::AppSuspended => DAY,
            _ => long + DAY,
        }
    });
}
