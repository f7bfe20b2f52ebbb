//! The clock of X: the machine's, moved by an offset or replaced, and the `Date` header it writes.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::UNIX_EPOCH,
};

/// A source of Unix seconds.
type Source = Arc<dyn Fn() -> i64 + Send + Sync>;

pub(crate) struct Clock {
    source: Mutex<Option<Source>>,
    offset: AtomicI64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            source: Mutex::new(None),
            offset: AtomicI64::new(0),
        }
    }

    /// Unix seconds, as X sees them.
    pub(crate) fn now(&self) -> i64 {
        let source = self
            .source
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let base = source.map_or_else(machine, |source| source());
        base + self.offset.load(Ordering::Relaxed)
    }

    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn follow(&self, source: Source) {
        *self.source.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator plays a machine of its own, so it has a clock of its own"
)]
fn machine() -> i64 {
    std::time::SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

/// `Fri, 07 Jan 2022 08:05:56 GMT`, with `zone` at the end.
pub(crate) fn http_date(unix: i64, zone: &str) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let days = unix.div_euclid(86_400);
    let second = unix.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], at: i64| {
        usize::try_from(at)
            .ok()
            .and_then(|at| names.get(at).copied())
            .unwrap_or_default()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} {zone}",
        name(&WEEKDAYS, days.rem_euclid(7)),
        name(&MONTHS, month - 1),
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}

/// Year, month (1 to 12) and day of a count of days since 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // The year is taken to begin in March, so that the leap day is its last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_x_writes_them() {
        assert_eq!(
            http_date(1_641_542_756, "UTC"),
            "Fri, 07 Jan 2022 08:05:56 UTC"
        );
        assert_eq!(
            http_date(1_780_131_630, "GMT"),
            "Sat, 30 May 2026 09:00:30 GMT"
        );
        assert_eq!(
            http_date(951_782_400, "GMT"),
            "Tue, 29 Feb 2000 00:00:00 GMT"
        );
        assert_eq!(http_date(0, "GMT"), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
