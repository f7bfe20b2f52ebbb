//! What re-checks cost by X's price list, and how far apart they have to be to stay within a sum.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// X's price for one user that `GET /2/users/me` returns ("User: Read", docs.x.com/x-api/getting-started/pricing),
/// in hundredths of a cent. X charges the same user once per UTC day, charges nothing for a refusal, and nothing for the
/// key pair alone.
pub(crate) const PRICE: u64 = 100;
/// The longest month: what is planned with it is never too much for a shorter one.
const MONTH_DAYS: u64 = 31;
const DAY: u64 = 24 * 60 * 60;
/// A pause is shortened by up to a tenth, so that questions spread over time.
pub(crate) const JITTER: u64 = 10;

/// US dollars, in hundredths of a cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dollars(pub u64);

impl std::fmt::Display for Dollars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Rounded up: nobody is told less than it may be.
        let cents = self.0.div_ceil(100);
        write!(f, "${}.{:02}", cents / 100, cents % 100)
    }
}

/// What a month of re-checks comes to at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Month {
    /// Questions.
    pub calls: u64,
    /// What X charges for them.
    pub price: Dollars,
}

/// The month of `accounts` links that all work, each asked about every `interval`.
pub(crate) fn month(accounts: u64, interval: TimeDelta) -> Month {
    let seconds = seconds(interval);
    let calls = accounts.saturating_mul(calls_each(seconds));
    let charged = accounts.saturating_mul(calls_each(seconds).min(MONTH_DAYS));
    Month {
        calls,
        price: Dollars(charged.saturating_mul(PRICE)),
    }
}

/// What of a sum is planned for the questions in turn: a twentieth is kept for links that are suspected, or work again.
pub(crate) fn planned(budget: Dollars) -> Dollars {
    Dollars(budget.0 - budget.0 / 20)
}

/// How far apart the questions that X charges for have to be, so that a month of `accounts` links costs no more than what
/// is [`planned`] of `budget`. Never less than `interval`.
pub(crate) fn stretched(accounts: u64, interval: TimeDelta, budget: Option<Dollars>) -> TimeDelta {
    let Some(budget) = budget.map(planned) else {
        return interval;
    };
    if month(accounts, interval).price <= budget {
        return interval;
    }
    let charges = budget.0 / PRICE;
    // The shortest pause must be long enough, and pauses are shortened by up to a tenth.
    let month = MONTH_DAYS * DAY;
    let pause = accounts
        .saturating_mul(month)
        .saturating_mul(JITTER)
        .div_ceil(charges.max(1).saturating_mul(JITTER - 1));
    let longest = TimeDelta::days(3660);
    time(pause)
        .map_or(longest, |pause| pause.min(longest))
        .max(interval)
}

/// Whether one more question that X charges for fits into what is left of the month.
pub(crate) fn affords(budget: Option<Dollars>, charged: u64) -> bool {
    budget.is_none_or(|budget| charged.saturating_add(1).saturating_mul(PRICE) <= budget.0)
}

/// Whether X charges for a link that it accepts now, given when it last did.
pub(crate) fn is_charged(last_accepted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_accepted.map(|at| at.date_naive()) != Some(now.date_naive())
}

/// The month that a charge counts for.
pub(crate) fn month_of(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// A pause, shortened by up to a tenth: `draw` is any number.
pub fn jittered(pause: TimeDelta, draw: u64) -> TimeDelta {
    let seconds = seconds(pause);
    let cut = draw % (seconds / JITTER + 1);
    time((seconds - cut).max(1)).unwrap_or(pause)
}

/// A time as a person says it.
pub(crate) fn spoken(time: TimeDelta) -> String {
    let seconds = seconds(time);
    match seconds {
        _ if seconds > 2 * DAY && !seconds.is_multiple_of(3600) => {
            let tenths = (seconds * 10).div_ceil(DAY);
            format!("{}.{} days", tenths / 10, tenths % 10)
        }
        _ if seconds >= 3600 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}

/// Questions about one link in the longest month, with the shortest pauses.
fn calls_each(interval: u64) -> u64 {
    (MONTH_DAYS * DAY * JITTER).div_ceil(interval.max(1) * (JITTER - 1))
}

fn time(seconds: u64) -> Option<TimeDelta> {
    TimeDelta::try_seconds(i64::try_from(seconds).ok()?)
}

fn seconds(interval: TimeDelta) -> u64 {
    u64::try_from(interval.num_seconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_costs_a_cent_a_link_however_often_x_is_asked() {
        let daily = month(10, TimeDelta::hours(24));
        assert_eq!(daily.price, Dollars(10 * 31 * PRICE));
        assert_eq!(daily.price.to_string(), "$3.10");
        assert_eq!(month(10, TimeDelta::seconds(90)).price, daily.price);
        assert!(month(10, TimeDelta::days(5)).price < daily.price);
        assert_eq!(month(0, TimeDelta::hours(24)).price.to_string(), "$0.00");
    }

    #[test]
    fn without_a_sum_and_within_it_the_interval_stays() {
        let day = TimeDelta::hours(24);
        assert_eq!(stretched(1_000_000, day, None), day);
        assert_eq!(stretched(10, day, Some(Dollars(32_700))), day);
        assert!(stretched(10, day, Some(Dollars(32_600))) > day);
        assert_eq!(planned(Dollars(32_700)), Dollars(31_065));
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        for (seconds, said) in [
            (90, "90 s"),
            (600, "10 min"),
            (86_400, "24 h"),
            (432_000, "120 h"),
            (437_123, "5.1 days"),
        ] {
            assert_eq!(spoken(TimeDelta::seconds(seconds)), said);
        }
    }

    #[test]
    fn nothing_to_spend_is_nothing_spent() {
        assert!(!affords(Some(Dollars(0)), 0));
        assert!(affords(Some(Dollars(PRICE)), 0));
        assert!(!affords(Some(Dollars(PRICE)), 1));
        assert!(affords(None, u64::MAX));
    }

    #[test]
    fn x_charges_once_per_day_in_utc() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let now = at(1_795_521_600).unwrap();
        assert!(is_charged(None, now));
        assert!(!is_charged(at(1_795_521_600 - 12 * 3600), now));
        assert!(is_charged(at(1_795_521_600 - 12 * 3600 - 1), now));
    }

    #[test]
    fn the_table_for_readers_is_what_the_program_reckons_with() {
        let page = include_str!("../../docs/rechecks.md");
        let thousands = |number: u64| match number {
            ..1000 => number.to_string(),
            _ => format!("{},{:03}", number / 1000, number % 1000),
        };
        for (written, interval) in [
            ("`90s`", TimeDelta::seconds(90)),
            ("`1h`", TimeDelta::hours(1)),
            ("`12h`", TimeDelta::hours(12)),
            ("`24h` (default)", TimeDelta::hours(24)),
            ("`72h`", TimeDelta::hours(72)),
            ("`168h`", TimeDelta::hours(168)),
        ] {
            let price = |links| month(links, interval).price;
            let row = format!(
                "| {written} | {} | {} | {} | {} | {} |\n",
                thousands(month(1, interval).calls),
                price(1),
                price(10),
                price(100),
                price(1000)
            );
            assert!(page.contains(&row), "{row}");
        }
    }

    proptest! {
        #[test]
        fn what_is_stretched_fits(
            accounts in 1u64..200_000,
            seconds in 1i64..10_000_000,
            cents in 1u64..10_000_000,
        ) {
            let (interval, budget) = (TimeDelta::seconds(seconds), Dollars(cents * 100));
            let pause = stretched(accounts, interval, Some(budget));
            prop_assert!(pause >= interval);
            if pause > interval && pause < TimeDelta::days(3660) {
                // Even if every pause is as short as may be.
                let month = u128::from(accounts) * 31 * 86_400 * 10;
                let spent = month.div_ceil(9 * u128::try_from(pause.num_seconds()).unwrap());
                prop_assert!(spent <= u128::from(cents), "{spent} {cents}");
            }
        }

        #[test]
        fn a_pause_is_shortened_by_a_tenth_at_most(seconds in 1i64..100_000_000, draw: u64) {
            let pause = TimeDelta::seconds(seconds);
            let cut = jittered(pause, draw);
            prop_assert!(cut <= pause && cut >= TimeDelta::seconds(1));
            prop_assert!(cut >= pause - TimeDelta::seconds(seconds / 10));
        }
    }
}
