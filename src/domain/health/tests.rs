//! What an answer comes to: case by case, and as properties over any order of answers.

use proptest::prelude::*;

use super::*;
use crate::domain::pace::Ask;
use crate::domain::{
    account::{XAccount, XUserId, XUsername},
    verdict::{Permission, Unenrolled, XWords},
};

const RULES: Rules = Rules {
    interval: TimeDelta::hours(24),
    confirm: TimeDelta::minutes(10),
};

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_521_600 + minutes * 60, 0).unwrap()
}

fn connected() -> Verdict {
    Verdict::Connected {
        account: XAccount {
            id: XUserId(2_244_994_945),
            username: XUsername("seedling".to_owned()),
        },
        permission: Permission::ReadWrite,
    }
}

fn works() -> Memory {
    Memory::default().shown(&connected(), at(0))
}

fn hear(memory: Memory, verdict: &Verdict, witness: Witness, minutes: i64) -> Step {
    memory.hear(Answer::Judged(verdict), witness, at(minutes), RULES)
}

/// Everything that says nothing about a link.
fn vain() -> Vec<Verdict> {
    vec![
        Verdict::NoCredits,
        Verdict::SpendCapReached { reset_date: None },
        Verdict::RateLimited { until: None },
        Verdict::RateLimited {
            until: Some(at(100_000)),
        },
        Verdict::ClockSkew { seconds: Some(412) },
        Verdict::XUnavailable,
        Verdict::Unexpected {
            status: 404,
            words: XWords::new(""),
        },
    ]
}

/// Every way in which a link dies.
fn deaths() -> Vec<Verdict> {
    vec![
        Verdict::ApiKeyPairRejected,
        Verdict::AccessTokenRejected,
        Verdict::AccessSecretRejected,
        Verdict::TokenPairRejected,
        Verdict::TokenOfOtherAccount {
            expected: XAccount {
                id: XUserId(1),
                username: XUsername("seedling".to_owned()),
            },
            found: XUserId(2),
        },
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

#[test]
fn one_refusal_is_asked_again_before_anybody_is_told() {
    let first = works().hear(Answer::Refused, Witness::NotAsked, at(0), RULES);
    assert_eq!((first.tell, first.next), (None, Next::At(at(10))));
    assert_eq!(Ask::first(&first.memory), Ask::Whole);
    assert_eq!(first.memory.standing, Standing::Works);

    let answer = Verdict::AccessTokenRejected;
    assert!(
        !first
            .memory
            .needs_witness(Answer::Judged(&answer), at(9), RULES)
    );
    let early = hear(first.memory.clone(), &answer, Witness::Accepted, 9);
    assert_eq!((early.tell, early.next), (None, Next::At(at(10))));

    assert!(
        first
            .memory
            .needs_witness(Answer::Judged(&answer), at(10), RULES)
    );
    let second = hear(first.memory, &answer, Witness::Accepted, 10);
    assert_eq!(
        (second.tell, second.next),
        (Some(Change::Died), Next::Interval)
    );
    assert_eq!(second.memory.since, Some(at(10)));
    let third = second
        .memory
        .hear(Answer::Refused, Witness::NotAsked, at(2000), RULES);
    assert_eq!((third.tell, third.next), (None, Next::Interval));
}

#[test]
fn a_refusal_that_was_a_hiccup_is_forgotten_in_silence() {
    let first = works().hear(Answer::Refused, Witness::NotAsked, at(0), RULES);
    let second = hear(first.memory, &connected(), Witness::NotAsked, 10);
    assert_eq!(second.tell, None);
    assert_eq!(second.memory.suspicion, None);
    let third = second
        .memory
        .hear(Answer::Refused, Witness::NotAsked, at(1440), RULES);
    assert_eq!((third.tell, third.next), (None, Next::At(at(1450))));
}

#[test]
fn while_others_are_refused_too_nobody_is_told_and_it_is_asked_again() {
    for witness in [Witness::Refused, Witness::Undecided, Witness::NotAsked] {
        let mut memory = works()
            .hear(Answer::Refused, Witness::NotAsked, at(0), RULES)
            .memory;
        let mut now = 10;
        for pause in [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440] {
            let step = hear(memory, &Verdict::AccessTokenRejected, witness, now);
            assert_eq!((step.tell, step.next), (None, Next::At(at(now + pause))));
            assert_eq!(step.memory.standing, Standing::Works);
            (memory, now) = (step.memory, now + pause);
        }
        let told = hear(
            memory,
            &Verdict::AccessTokenRejected,
            Witness::Accepted,
            now,
        );
        assert_eq!(told.tell, Some(Change::Died));
    }
}

#[test]
fn a_program_that_is_refused_is_a_first_refusal_and_a_thousand_are_one() {
    let program = ClientName::trusted("parrot".to_owned());
    let refused = |memory: Memory, status, asked_at, minutes| {
        memory.refused_to(&program, status, asked_at, at(minutes), RULES)
    };
    let (memory, due) = refused(works(), 401, Some(at(-60)), 0).unwrap();
    assert_eq!(due, at(10));
    assert_eq!(memory.standing, Standing::Works);
    let suspicion = memory.suspicion.clone().unwrap();
    assert_eq!(suspicion.first_at, at(0));
    assert_eq!(suspicion.program.as_ref(), Some(&program));
    for status in [401, 403] {
        assert_eq!(refused(memory.clone(), status, None, 5), None);
    }
    let answer = Answer::Judged(&Verdict::AccessTokenRejected);
    assert!(memory.needs_witness(answer, at(10), RULES));
    let told = hear(
        memory.clone(),
        &Verdict::AccessTokenRejected,
        Witness::Accepted,
        10,
    );
    assert_eq!(told.tell, Some(Change::Died));
    assert_eq!(refused(told.memory, 401, Some(at(10)), 60), None);

    // X accepts the values all the same: it is not asked more often for that.
    let fine = hear(memory, &connected(), Witness::NotAsked, 10);
    assert_eq!((fine.tell, &fine.memory.suspicion), (None, &None));
    let (_, due) = refused(fine.memory, 401, Some(at(10)), 11).unwrap();
    assert_eq!(due, at(25));
}

#[test]
fn another_refusal_of_a_program_makes_x_be_asked_and_is_none_of_the_link() {
    let program = ClientName::trusted("parrot".to_owned());
    let refused =
        |memory: Memory, asked_at| memory.refused_to(&program, 403, Some(asked_at), at(0), RULES);
    assert_eq!(refused(works(), at(-14)), None, "X was asked a moment ago");
    let (memory, due) = refused(works(), at(-15)).unwrap();
    assert_eq!((due, &memory.suspicion), (at(0), &None));
    assert_eq!(Ask::first(&memory), Ask::QuickCheck);
    assert_eq!(refused(memory.clone(), at(-60)), None);
    let first = memory.hear(Answer::Refused, Witness::NotAsked, at(0), RULES);
    assert_eq!((first.tell, first.next), (None, Next::At(at(10))));
    assert!(!first.memory.suspected);
}

#[test]
fn a_key_pair_that_is_good_ends_a_suspicion_of_the_key_pair_alone() {
    for (refusal, ends) in [
        (Verdict::ApiKeyPairRejected, true),
        (Verdict::AppSuspended, true),
        (Verdict::AccessTokenRejected, false),
    ] {
        let first = hear(works(), &refusal, Witness::NotAsked, 0);
        let pair = first
            .memory
            .hear(Answer::PairAccepted, Witness::NotAsked, at(10), RULES);
        assert_eq!(pair.tell, None);
        assert_eq!(pair.memory.suspicion.is_none(), ends, "{}", refusal.code());
    }
}

#[test]
fn recovery_is_told_at_once_and_once() {
    let dead = works().shown(&Verdict::UserLocked, at(5));
    let step = hear(dead, &connected(), Witness::NotAsked, 60);
    let refused_since = Some(at(5));
    assert_eq!(step.tell, Some(Change::Recovered { refused_since }));
    let again = hear(step.memory, &connected(), Witness::NotAsked, 120);
    assert_eq!(again.tell, None);
}

#[test]
fn what_decides_nothing_is_asked_again_after_longer_and_longer_pauses() {
    let mut memory = works();
    for (times, pause) in [10, 20, 40, 80, 160, 320, 640, 1280, 1440]
        .into_iter()
        .enumerate()
    {
        let step = hear(memory, &Verdict::XUnavailable, Witness::NotAsked, 0);
        assert_eq!(
            (step.tell, step.next),
            (None, Next::At(at(pause))),
            "{times}"
        );
        memory = step.memory;
    }
    assert_eq!(memory.vain_code.as_deref(), Some("x_unavailable"));
    let until = Verdict::RateLimited {
        until: Some(at(5000)),
    };
    let step = hear(memory, &until, Witness::NotAsked, 0);
    assert_eq!(step.next, Next::At(at(5000)));
    let step = hear(step.memory, &connected(), Witness::NotAsked, 5000);
    assert_eq!((step.memory.vain, step.memory.vain_code), (0, None));
}

#[test]
fn a_database_that_was_put_back_learns_in_silence_what_works() {
    let step = hear(Memory::default(), &connected(), Witness::NotAsked, 0);
    assert_eq!(step.tell, None);
    assert_eq!(step.memory.standing, Standing::Works);
    // What does not work is told, as ever: nobody else would say it.
    let first = Memory::default().hear(Answer::Refused, Witness::NotAsked, at(0), RULES);
    let second = hear(first.memory, &Verdict::UserSuspended, Witness::Nobody, 10);
    assert_eq!(second.tell, Some(Change::Died));
}

#[test]
fn what_could_not_be_said_is_said_later() {
    let dead = works()
        .hear(Answer::Refused, Witness::NotAsked, at(0), RULES)
        .memory;
    let dead = hear(dead, &Verdict::UserSuspended, Witness::Nobody, 10).memory;
    let dead = dead.untold(Change::Died);
    let step = dead.hear(Answer::Refused, Witness::NotAsked, at(1440), RULES);
    assert_eq!(step.tell, Some(Change::Died));
    let back = hear(step.memory, &connected(), Witness::NotAsked, 2000);
    let refused_since = Some(at(10));
    let change = Change::Recovered { refused_since };
    assert_eq!(back.tell, Some(change));
    let step = hear(
        back.memory.untold(change),
        &connected(),
        Witness::NotAsked,
        3000,
    );
    assert!(matches!(step.tell, Some(Change::Recovered { .. })));
}

#[test]
fn trouble_is_told_once_when_three_apps_meet_it_and_once_when_it_is_over() {
    let app = |number| AppMark([number; 16]);
    let away = Sign::Vain(TroubleKind::Away);
    let hear = |before, sign, number, minutes| {
        Trouble::hear(before, sign, app(number), at(minutes), RULES)
    };
    let (trouble, news) = hear(None, away, 1, 0);
    assert_eq!(news, None);
    let (trouble, news) = hear(trouble, away, 2, 1);
    assert_eq!(news, None);
    let (trouble, news) = hear(trouble, away, 2, 30);
    assert_eq!(news, None, "two apps are not many");
    let (trouble, news) = hear(trouble, Sign::Vain(TroubleKind::Clock), 3, 31);
    let (kind, since) = (TroubleKind::Clock, at(0));
    assert_eq!(news, Some(TroubleNews::Began { kind, since }));
    let (trouble, news) = hear(trouble, away, 4, 500);
    assert_eq!(news, None);
    let (trouble, news) = hear(trouble, Sign::Good, 5, 600);
    assert_eq!(news, Some(TroubleNews::Over { since }));
    assert_eq!(trouble, None);
    let (trouble, news) = hear(trouble, Sign::Good, 6, 601);
    assert_eq!((trouble, news), (None, None));
}

#[test]
fn trouble_that_is_over_before_it_lasts_is_not_told() {
    let mut trouble = None;
    for number in 1..=9 {
        let app = AppMark([number; 16]);
        let sign = Sign::Vain(TroubleKind::Away);
        let (after, news) = Trouble::hear(trouble, sign, app, at(i64::from(number)), RULES);
        assert_eq!(news, None);
        trouble = after;
    }
    let (after, news) = Trouble::hear(trouble, Sign::Good, AppMark([0; 16]), at(10), RULES);
    assert_eq!((after, news), (None, None));
}

#[test]
fn one_apps_wallet_or_limit_is_no_trouble_of_all() {
    for verdict in vain() {
        let sign = Sign::of(Answer::Judged(&verdict));
        let of_all = ["clock_skew", "x_unavailable", "unexpected"].contains(&verdict.code());
        assert_eq!(sign.is_some(), of_all, "{}", verdict.code());
    }
    for verdict in deaths() {
        assert_eq!(Sign::of(Answer::Judged(&verdict)), None);
    }
}

#[derive(Clone, Debug)]
enum Event {
    Heard(Verdict, Witness),
    QuicklyChecked,
    PairAccepted,
    Shown(Verdict),
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(connected()),
        proptest::sample::select(vain()),
        proptest::sample::select(deaths()),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let witness = proptest::sample::select(vec![
        Witness::NotAsked,
        Witness::Nobody,
        Witness::Accepted,
        Witness::Refused,
        Witness::Undecided,
    ]);
    prop_oneof![
        6 => (any_verdict(), witness).prop_map(|(verdict, witness)| Event::Heard(verdict, witness)),
        2 => Just(Event::QuicklyChecked),
        1 => Just(Event::PairAccepted),
        1 => any_verdict().prop_map(Event::Shown),
    ]
}

proptest! {
    /// Whatever comes in whatever order: who is told, and why.
    #[test]
    fn nobody_is_told_without_two_refusals_and_nothing_is_told_twice(
        events in proptest::collection::vec((any_event(), 1i64..3000), 0..60)
    ) {
        let mut memory = works();
        let mut now = 0;
        // When X refused for the first time since it last accepted.
        let mut refused_at = None;
        let mut user_knows = Standing::Works;
        for (event, minutes) in events {
            now += minutes;
            let before = memory.clone();
            let (step, outcome) = match &event {
                Event::Shown(verdict) => {
                    memory = memory.shown(verdict, at(now));
                    match verdict.outcome() {
                        Outcome::Accepted => (user_knows, refused_at) = (Standing::Works, None),
                        Outcome::Refused => user_knows = Standing::Refused,
                        Outcome::Undecided => prop_assert_eq!(&memory, &before),
                    }
                    continue;
                }
                Event::Heard(verdict, witness) => {
                    (hear(memory, verdict, *witness, now), Some(verdict.outcome()))
                }
                Event::QuicklyChecked => {
                    let step = memory.hear(Answer::Refused, Witness::NotAsked, at(now), RULES);
                    (step, Some(Outcome::Refused))
                }
                Event::PairAccepted => {
                    (memory.hear(Answer::PairAccepted, Witness::NotAsked, at(now), RULES), None)
                }
            };
            if matches!(outcome, Some(Outcome::Undecided) | None) {
                prop_assert_eq!(step.tell, None);
                prop_assert_eq!(step.memory.standing, before.standing);
                // That the key pair is good ends a suspicion of the key pair, and of nothing else.
                let ended = outcome.is_none()
                    && before.suspicion.as_ref().is_some_and(|suspicion| suspicion.of_pair);
                let stays = before.suspicion.clone().filter(|_| !ended);
                prop_assert_eq!(&step.memory.suspicion, &stays);
                if ended {
                    refused_at = None;
                }
            }
            match step.tell {
                Some(Change::Died) => {
                    prop_assert_eq!(user_knows, Standing::Works);
                    let first = refused_at.expect("a refusal before");
                    prop_assert!(now - first >= 10);
                    prop_assert_eq!(outcome, Some(Outcome::Refused));
                    let witnessed = matches!(
                        event,
                        Event::Heard(_, Witness::Accepted | Witness::Nobody)
                    );
                    prop_assert!(witnessed);
                    user_knows = Standing::Refused;
                }
                Some(Change::Recovered { .. }) => {
                    prop_assert_eq!(user_knows, Standing::Refused);
                    prop_assert_eq!(outcome, Some(Outcome::Accepted));
                    user_knows = Standing::Works;
                }
                Some(Change::OnlyReads) => prop_assert!(false, "a refusal says nothing of that"),
                None => {}
            }
            // An acceptance is never kept from somebody who thinks that it is dead.
            if outcome == Some(Outcome::Accepted) {
                prop_assert_eq!(user_knows, Standing::Works);
                prop_assert_eq!(step.memory.standing, Standing::Works);
                refused_at = None;
            }
            if outcome == Some(Outcome::Refused) {
                refused_at = refused_at.or(Some(now));
            }
            if let Next::At(next) = step.next {
                prop_assert!(next > at(now) && next <= at(now).max(at(100_000)) + RULES.interval);
            }
            memory = step.memory;
        }
    }
}
