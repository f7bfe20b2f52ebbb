//! Numbers with the things they count: `1 row`, `3 rows`.

use std::fmt::Display;

/// `count` of `noun`, which is given as a single one: `1 entry`, `2 entries`.
pub(crate) fn count<N: Display + Copy + TryInto<u8>>(count: N, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if is_one(count) => format!("{count} {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

/// The same with the verb: `1 row is`, `2 rows are`.
pub(crate) fn are<N: Display + Copy + TryInto<u8>>(number: N, noun: &str) -> String {
    let verb = if is_one(number) { "is" } else { "are" };
    format!("{} {verb}", count(number, noun))
}

fn is_one<N: TryInto<u8>>(count: N) -> bool {
    matches!(count.try_into(), Ok(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_single() {
        assert_eq!(count(0, "row"), "0 rows");
        assert_eq!(count(1_i64, "row"), "1 row");
        assert_eq!(count(2_usize, "entry"), "2 entries");
        assert_eq!(count(2, "day"), "2 days");
        assert_eq!(count(257, "reply"), "257 replies");
        assert_eq!(are(1_u64, "account"), "1 account is");
        assert_eq!(are(-1, "account"), "-1 accounts are");
    }
}
