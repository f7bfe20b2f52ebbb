//! A year with a thousand links, on a clock that jumps from one question to the next: X fails in bursts, links die in every
//! way, some come back, programs publish with some of them, and once the database is put back. What is decided is the program's own; only X, the links and the order of time are made up.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use chrono::Datelike as _;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::domain::{
    account::{XAccount, XUserId, XUsername},
    client::ClientName,
    health::{Answer, AppMark, Change, DOUBT_INTERVAL, Sign, TroubleNews},
    verdict::{Permission, Unenrolled, Verdict, XWords},
};

const LINKS: usize = 1000;
const DEATHS: usize = 50;
const OUTAGES: usize = 50;
const DAY: i64 = 86_400;
const HOUR: i64 = 3600;
/// A program publishes this often.
const POSTS: i64 = 3 * HOUR;
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
    asked_at: Option<DateTime<Utc>>,
    pair_at: Option<DateTime<Utc>>,
    due: i64,
    death: Option<Death>,
}

impl Link {
    fn is_dead(&self, now: i64) -> bool {
        self.death
            .as_ref()
            .is_some_and(|death| now >= death.at && death.back.is_none_or(|back| now < back))
    }
}

/// Half of the links that die, and as many others, are used by a program.
fn has_program(number: usize) -> bool {
    matches!(number % 40, 0 | 7)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The database is put back.
    Restore,
    /// A program publishes.
    Post(usize),
    /// A link is due.
    Due(usize),
}

#[derive(Default)]
struct Seen {
    calls: u64,
    charged: BTreeMap<(i32, u32), u64>,
    told: Vec<(i64, usize, Change)>,
    owner: Vec<(i64, TroubleNews)>,
    /// Refusals of programs that made a link doubtful.
    suspicions: BTreeMap<usize, Vec<i64>>,
}

struct Year {
    links: Vec<Link>,
    outages: Vec<Outage>,
    good: BTreeSet<(DateTime<Utc>, usize)>,
    queue: BinaryHeap<Reverse<(i64, Event)>>,
    trouble: Option<Trouble>,
    pace: Pace,
    rng: StdRng,
    seen: Seen,
    end: i64,
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
                    asked_at: Some(at(0)),
                    pair_at: None,
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
        let mut queue: BinaryHeap<_> = links
            .iter()
            .enumerate()
            .map(|(number, link)| Reverse((link.due, Event::Due(number))))
            .collect();
        for number in (0..LINKS).filter(|number| has_program(*number)) {
            queue.push(Reverse((rng.random_range(0..POSTS), Event::Post(number))));
        }
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
            end: YEAR,
        }
    }

    /// The database is put back at this time, and X refuses everybody from `late` seconds later on, for so long.
    fn with_restore(mut self, restored: i64, late: i64, lasts: i64) -> Self {
        self.queue.push(Reverse((restored, Event::Restore)));
        let from = restored + late;
        self.end = from + lasts + 5 * DAY;
        self.outages
            .retain(|outage| outage.to < restored - DAY || outage.from > from + lasts + 2 * DAY);
        self.outages.push(Outage {
            from,
            to: from + lasts,
            failure: Failure::Storm,
        });
        self
    }

    fn play(mut self) -> Self {
        while let Some(Reverse((now, event))) = self.queue.pop() {
            if now > self.end {
                break;
            }
            match event {
                Event::Restore => self.restore(now),
                Event::Post(number) => {
                    self.post(now, number);
                    let next = now + POSTS - self.rng.random_range(0..600);
                    self.queue.push(Reverse((next, event)));
                }
                // The link may have been asked about out of its turn.
                Event::Due(number) if self.links[number].due == now => {
                    self.ask(now, number, None);
                }
                Event::Due(_) => {}
            }
        }
        self
    }

    /// Nothing is known any more; the links are asked about at five a second.
    fn restore(&mut self, now: i64) {
        self.good.clear();
        self.trouble = None;
        for (number, link) in self.links.iter_mut().enumerate() {
            link.memory = Memory::default();
            (link.good_at, link.asked_at, link.pair_at) = (None, None, None);
            link.due = now + 1 + i64::try_from(number).unwrap() / 5;
            self.queue.push(Reverse((link.due, Event::Due(number))));
        }
    }

    /// A program publishes, unless the link is known to be refused; a refusal makes it doubtful.
    fn post(&mut self, now: i64, number: usize) {
        if self.links[number].memory.standing == Standing::Refused {
            return;
        }
        let status = match self.x(now, number, Ask::QuickCheck) {
            None => 401,
            Some(verdict) if verdict.outcome() == Outcome::Refused => 403,
            Some(_) => return,
        };
        let program = ClientName::trusted("parrot".to_owned());
        let link = &mut self.links[number];
        let memory = link.memory.clone();
        if let Some((memory, due_at)) =
            memory.refused_to(&program, status, link.asked_at, at(now), RULES)
        {
            link.memory = memory;
            self.seen.suspicions.entry(number).or_default().push(now);
            let due = (due_at - at(0)).num_seconds().max(now + 1);
            if due < link.due {
                link.due = due;
                self.queue.push(Reverse((due, Event::Due(number))));
            }
        }
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
            Some((Failure::Storm, _)) if ask == Ask::QuickCheck => return None,
            Some((Failure::Storm, _)) if ask == Ask::KeyPair => {
                return Some(Verdict::ApiKeyPairRejected);
            }
            Some((Failure::Storm, _)) => return Some(Verdict::TokenPairRejected),
            Some((Failure::Flickers, _)) if self.rng.random() => {
                return Some(Verdict::XUnavailable);
            }
            Some((Failure::Flickers, _)) | None => {}
        }
        match &self.links[number].death {
            Some(death) if self.links[number].is_dead(now) => {
                let of_pair = ["api_key_pair_rejected", "app_suspended"];
                match ask {
                    Ask::KeyPair if !of_pair.contains(&death.verdict.code()) => Some(connected()),
                    Ask::QuickCheck if death.verdict.code().ends_with("_rejected") => None,
                    _ => Some(death.verdict.clone()),
                }
            }
            _ => Some(connected()),
        }
    }

    fn charged(&self, now: i64) -> u64 {
        self.seen.charged.get(&month(now)).copied().unwrap_or(0)
    }

    /// Asks about a link. What X said; `None`: it refused, and the reason was not asked for.
    fn ask(&mut self, now: i64, number: usize, as_witness: Option<Ask>) -> (Ask, Option<Verdict>) {
        let link = &self.links[number];
        let charged = self.charged(now);
        let ask = as_witness.unwrap_or_else(|| {
            let accepted_at = link.accepted_at;
            self.pace
                .choose(&link.memory, accepted_at, link.charged_at, charged, at(now))
        });
        let said = self.x(now, number, ask);
        self.seen.calls += 1;
        let answer = answer(ask, said.as_ref());
        let link = &self.links[number];
        let witness = if as_witness.is_none() && link.memory.needs_witness(answer, at(now), RULES) {
            self.witness(now, number, answer)
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
        link.asked_at = Some(at(now));
        if ask == Ask::KeyPair {
            link.pair_at = Some(at(now));
        }
        link.due = (plan.due_at - at(0)).num_seconds();
        assert!(link.due > now, "time goes on");
        self.queue.push(Reverse((link.due, Event::Due(number))));
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
        (ask, said)
    }

    /// As the database chooses: links of other apps that are not known to be refused, those that X accepted last first.
    fn find_witness(&self, apps: &[AppMark], calling: Calling) -> Option<usize> {
        let since = calling.accepted_since;
        let fits = |number: &usize| {
            let link = &self.links[*number];
            !apps.contains(&link.app)
                && link.memory.standing != Standing::Refused
                && since.is_none_or(|since| link.good_at.is_some_and(|good_at| good_at >= since))
                && calling
                    .pair_asked_before
                    .is_none_or(|before| link.pair_at.is_none_or(|pair_at| pair_at <= before))
        };
        let mut good = self.good.iter().rev().map(|(_, number)| *number);
        let unjudged = || (0..LINKS).filter(|number| self.links[*number].good_at.is_none());
        good.find(fits).or_else(|| unjudged().find(fits))
    }

    fn witness(&mut self, now: i64, number: usize, refusal: Answer<'_>) -> Witness {
        let mut apps = vec![self.links[number].app];
        let mut hearing = Hearing::default();
        for calling in self.pace.callings(refusal, self.charged(now), at(now)) {
            while apps.len() <= Hearing::LINKS
                && let Some(other) = self.find_witness(&apps, calling)
            {
                apps.push(self.links[other].app);
                let (ask, said) = self.ask(now, other, Some(calling.ask));
                if let Some(witness) = hearing.hear(answer(ask, said.as_ref())) {
                    return witness;
                }
            }
        }
        let others: Vec<&Link> = self
            .links
            .iter()
            .filter(|link| !apps.contains(&link.app) && link.memory.standing != Standing::Refused)
            .collect();
        let suspected: BTreeSet<AppMark> = others
            .iter()
            .filter(|link| {
                link.memory.suspicion.is_some() && link.asked_at >= Some(self.pace.lately(at(now)))
            })
            .map(|link| link.app)
            .collect();
        hearing.close(!others.is_empty(), suspected.len())
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

/// What an answer amounts to.
fn answer(ask: Ask, said: Option<&Verdict>) -> Answer<'_> {
    match said {
        Some(verdict) if ask == Ask::KeyPair && verdict.outcome() == Outcome::Accepted => {
            Answer::PairAccepted
        }
        Some(verdict) => Answer::Judged(verdict),
        None => Answer::Refused,
    }
}

/// Every death and every return is told, in time; nothing else is. How many deaths met no outage, and how many a program
/// noticed first.
fn assert_told(year: &Year, interval: impl Fn(&Verdict) -> i64) -> (usize, usize) {
    let confirm = RULES.confirm.num_seconds();
    let (mut clear, mut noticed) = (0, 0);
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
        // A program meets it with its next post, or the one after that if X was asked a moment ago.
        let soon = 2 * POSTS + DOUBT_INTERVAL.num_seconds() + confirm;
        let soon = if has_program(number) {
            soon.min(within)
        } else {
            within
        };
        let from = year.known_from(death.at, soon);
        let (when, change) = told[0];
        assert_eq!(change, Change::Died);
        assert!(when >= death.at && when <= from + soon, "{number}");
        let suspicions = year.seen.suspicions.get(&number);
        noticed += usize::from(suspicions.is_some_and(|suspicions| {
            suspicions
                .iter()
                .any(|suspect| (death.at..when).contains(suspect))
        }));
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
    (clear, noticed)
}

#[test]
fn in_a_year_every_death_is_told_in_time_and_nobody_is_alarmed_in_vain() {
    let year = Year::new(1, None).play();
    let (clear, noticed) = assert_told(&year, |_| RULES.interval.num_seconds());
    assert!(clear >= DEATHS / 2, "most deaths are met by no outage");
    assert!(noticed >= DEATHS / 4, "programs noticed {noticed} first");
    let alive = |number: &usize| year.links[*number].death.is_none();
    assert!(
        year.seen.suspicions.keys().any(alive),
        "programs were refused in outages too"
    );
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

#[test]
fn with_nothing_to_spend_dead_key_pairs_are_told_in_time_and_nobody_is_alarmed_in_vain() {
    let year = Year::new(5, Some(Dollars(0))).play();
    assert_eq!(year.seen.charged.values().sum::<u64>(), 0);
    for (number, link) in year.links.iter().enumerate() {
        let told = year
            .seen
            .told
            .iter()
            .filter(|(_, whose, _)| *whose == number);
        let told: Vec<i64> = told.map(|(when, ..)| *when).collect();
        let Some(death) = &link.death else {
            assert_eq!(told, [0; 0], "a false alarm about link {number}");
            continue;
        };
        if matches!(
            death.verdict,
            Verdict::ApiKeyPairRejected | Verdict::AppSuspended
        ) {
            let within = DAY + RULES.confirm.num_seconds() + HOUR;
            let from = year.known_from(death.at, within);
            assert!(told[0] >= death.at && told[0] <= from + within, "{number}");
        }
    }
}

#[test]
fn a_database_that_is_put_back_while_x_refuses_everybody_alarms_nobody_in_vain() {
    // Before anything was learned again, in the middle of that, and after it.
    for late in [0, 100, 900] {
        let (restored, lasts) = (180 * DAY, 10 * HOUR);
        let year = Year::new(6, None)
            .with_restore(restored, late, lasts)
            .play();
        let (from, over) = (restored + late, restored + late + lasts);
        let within = RULES.interval.num_seconds() + RULES.confirm.num_seconds();
        let mut again = 0;
        for (number, link) in year.links.iter().enumerate() {
            let told = year
                .seen
                .told
                .iter()
                .filter(|(_, whose, _)| *whose == number);
            let died: Vec<i64> = told
                .filter(|(_, _, change)| *change == Change::Died)
                .map(|(when, ..)| *when)
                .collect();
            let Some(death) = &link.death else {
                assert_eq!(died, [0; 0], "a false alarm about link {number}");
                continue;
            };
            for when in &died {
                assert!(link.is_dead(*when), "{number}");
                assert!(!(from..over).contains(when), "{number} during the failure");
            }
            // Who was told before the copy was made is told again: nobody knows.
            if link.is_dead(restored) && link.is_dead(over + within) {
                let after = died.iter().find(|when| **when > restored).unwrap();
                assert!(*after <= over + within, "{number}");
                again += 1;
            } else if death.at + within < restored || died.len() > 1 {
                assert_eq!(died.len(), 1, "{number}");
            }
        }
        assert!(again > 0);
        let alarm = |(when, news): &(i64, TroubleNews)| {
            (from..over).contains(when) && matches!(news, TroubleNews::Began { .. })
        };
        assert_eq!(year.seen.owner.iter().filter(|each| alarm(each)).count(), 1);
    }
}
