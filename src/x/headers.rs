//! The headers of X's answers that mean something here, each read with mistrust.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::domain::verdict::Permission;

/// What `x-access-level` says of the token. X sends it without documenting it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// `read`
    Read,
    /// `read-write`, `write`, or `read-write-directmessages`
    Write(Permission),
    /// The header is missing, or holds something else.
    Unsaid,
}

impl Access {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        match text(headers, "x-access-level") {
            Some("read") => Self::Read,
            Some("read-write" | "write") => Self::Write(Permission::ReadWrite),
            Some("read-write-directmessages") => Self::Write(Permission::ReadWriteDirectMessages),
            _ => Self::Unsaid,
        }
    }
}

/// When X wrote the answer. Its `Date` ends in `GMT`, on older servers in `UTC`.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    http_date(text(headers, DATE.as_str())?)
}

/// When X takes requests again, as far as its headers tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wait {
    /// From `retry-after`, in seconds or as a date (RFC 9110 §10.2.3).
    pub(super) retry_after: Option<DateTime<Utc>>,
    /// When the last of the exhausted buckets fills up again (docs.x.com/x-api/fundamentals/rate-limits).
    pub(super) reset: Option<DateTime<Utc>>,
    /// The same of buckets that X says are empty: then the next request would be refused.
    pub(super) empty_until: Option<DateTime<Utc>>,
}

impl Wait {
    /// X's longest window is 24 hours; whatever lies further ahead is not a time to wait for.
    const LONGEST: TimeDelta = TimeDelta::hours(25);

    /// The buckets X counts in: the endpoint's, and two for a day that it does not document.
    const BUCKETS: [&str; 3] = ["x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour"];

    pub(super) fn read(headers: &HeaderMap, now: DateTime<Utc>) -> Self {
        let ahead = |time: &DateTime<Utc>| *time > now && *time <= now + Self::LONGEST;
        let retry_after = text(headers, RETRY_AFTER.as_str())
            .and_then(|value| match value.parse() {
                Ok(seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds)?),
                Err(_) => http_date(value),
            })
            .filter(ahead);
        let resets = |is_meant: fn(Option<i64>) -> bool| {
            Self::BUCKETS
                .iter()
                .filter(|bucket| is_meant(number(headers, bucket, "remaining")))
                .filter_map(|bucket| DateTime::from_timestamp(number(headers, bucket, "reset")?, 0))
                .filter(ahead)
                .max()
        };
        Self {
            retry_after,
            // X often sends a generic bucket of 40000 that is not the one that ran out.
            reset: resets(|remaining| remaining.is_none_or(|remaining| remaining == 0)),
            empty_until: resets(|remaining| remaining == Some(0)),
        }
    }
}

fn number(headers: &HeaderMap, bucket: &str, what: &str) -> Option<i64> {
    text(headers, &format!("{bucket}-{what}"))?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let (time, zone) = text.rsplit_once(' ')?;
    if !matches!(zone, "GMT" | "UTC") {
        return None;
    }
    NaiveDateTime::parse_from_str(time, "%a, %d %b %Y %H:%M:%S")
        .ok()
        .map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x::fake::{NOW, headers};

    fn at(unix_seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(unix_seconds, 0).unwrap()
    }

    fn reset(pairs: &[(&str, &str)]) -> Option<i64> {
        let wait = Wait::read(&headers(pairs), at(NOW));
        wait.reset.map(|time| time.timestamp())
    }

    fn retry_after(value: &str) -> Option<i64> {
        let wait = Wait::read(&headers(&[("retry-after", value)]), at(NOW));
        wait.retry_after.map(|time| time.timestamp())
    }

    #[test]
    fn dates_are_read_with_gmt_and_with_utc() {
        let read = |value| date(&headers(&[("date", value)]));
        assert_eq!(read("Sat, 30 May 2026 09:00:30 GMT"), Some(at(NOW)));
        assert_eq!(
            read("Fri, 07 Jan 2022 08:05:56 UTC"),
            Some(at(1_641_542_756))
        );
        for odd in ["", "yesterday", "Sat, 30 May 2026 09:00:30 CET", "0"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(date(&HeaderMap::new()), None);
    }

    #[test]
    fn every_access_level_is_read_and_what_is_unknown_is_left_unsaid() {
        let read = |value| Access::read(&headers(&[("x-access-level", value)]));
        assert_eq!(read("read"), Access::Read);
        assert_eq!(read("read-write"), Access::Write(Permission::ReadWrite));
        assert_eq!(read("write"), Access::Write(Permission::ReadWrite));
        assert_eq!(
            read("read-write-directmessages"),
            Access::Write(Permission::ReadWriteDirectMessages)
        );
        assert_eq!(read("read-write-everything"), Access::Unsaid);
        assert_eq!(read(""), Access::Unsaid);
        assert_eq!(Access::read(&HeaderMap::new()), Access::Unsaid);
    }

    #[test]
    fn a_reset_is_believed_only_if_it_lies_ahead_within_a_day() {
        let soon = (NOW + 600).to_string();
        assert_eq!(reset(&[("x-rate-limit-reset", &soon)]), Some(NOW + 600));
        for odd in [
            NOW.to_string(),
            (NOW - 1).to_string(),
            (NOW + 26 * 3600).to_string(),
            (NOW * 1000).to_string(),
            i64::MAX.to_string(),
            "-1".to_owned(),
            "soon".to_owned(),
        ] {
            assert_eq!(reset(&[("x-rate-limit-reset", &odd)]), None, "{odd}");
        }
    }

    #[test]
    fn a_bucket_that_is_not_empty_is_not_the_one_to_wait_for() {
        let soon = (NOW + 600).to_string();
        let generic = [
            ("x-rate-limit-limit", "40000"),
            ("x-rate-limit-remaining", "39999"),
            ("x-rate-limit-reset", soon.as_str()),
        ];
        assert_eq!(reset(&generic), None);
        let day = (NOW + 7200).to_string();
        let mut daily = generic.to_vec();
        daily.push(("x-user-limit-24hour-remaining", "0"));
        daily.push(("x-user-limit-24hour-reset", &day));
        assert_eq!(reset(&daily), Some(NOW + 7200));
    }

    #[test]
    fn a_bucket_is_empty_only_if_x_says_so() {
        let soon = (NOW + 600).to_string();
        let reset = ("x-rate-limit-reset", soon.as_str());
        let empty_until = |remaining: Option<&str>| {
            let mut pairs = vec![reset];
            pairs.extend(remaining.map(|remaining| ("x-rate-limit-remaining", remaining)));
            Wait::read(&headers(&pairs), at(NOW)).empty_until
        };
        assert_eq!(empty_until(Some("0")), Some(at(NOW + 600)));
        assert_eq!(empty_until(Some("1")), None);
        assert_eq!(empty_until(None), None);
    }

    #[test]
    fn of_two_empty_buckets_the_later_one_counts() {
        let soon = (NOW + 600).to_string();
        let day = (NOW + 7200).to_string();
        let both = [
            ("x-app-limit-24hour-remaining", "0"),
            ("x-app-limit-24hour-reset", day.as_str()),
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", soon.as_str()),
        ];
        assert_eq!(reset(&both), Some(NOW + 7200));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        assert_eq!(retry_after("90"), Some(NOW + 90));
        assert_eq!(
            retry_after("Sat, 30 May 2026 09:05:30 GMT"),
            Some(NOW + 300)
        );
        for odd in ["0", "-5", "999999999", "9223372036854775807", "later"] {
            assert_eq!(retry_after(odd), None, "{odd}");
        }
    }
}
