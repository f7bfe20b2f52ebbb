//! Made-up credentials in the shapes of X's, from a seed, so that runs repeat.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

const DIGITS: &[u8] = b"0123456789";
const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// `SplitMix64`: small, seedable, and nothing anybody should protect a secret with.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .filter_map(|_| {
                let size = u64::try_from(alphabet.len()).ok()?;
                let at = usize::try_from(self.next() % size).ok()?;
                alphabet.get(at).copied().map(char::from)
            })
            .collect()
    }

    pub(crate) fn alnum(&mut self, length: usize) -> String {
        self.text(ALNUM, length)
    }

    /// A 19-digit id, above 2^53, as those of today.
    pub(crate) fn snowflake(&mut self) -> u64 {
        1_700_000_000_000_000_000 + self.next() % 300_000_000_000_000_000
    }

    /// An 8-digit App ID.
    pub(crate) fn app_id(&mut self) -> u64 {
        30_000_000 + self.next() % 10_000_000
    }

    pub(crate) fn consumer_key(&mut self) -> String {
        self.alnum(25)
    }

    pub(crate) fn consumer_secret(&mut self) -> String {
        self.alnum(50)
    }

    /// `digits-alnum`, 50 characters in all, but never less than 30 behind the dash.
    pub(crate) fn access_token(&mut self, user_id: u64) -> String {
        let digits = user_id.to_string();
        let rest = 50_usize.saturating_sub(digits.len() + 1).clamp(30, 40);
        format!("{digits}-{}", self.alnum(rest))
    }

    pub(crate) fn access_token_secret(&mut self) -> String {
        self.alnum(45)
    }

    pub(crate) fn request_token(&mut self) -> String {
        self.alnum(27)
    }

    pub(crate) fn request_token_secret(&mut self) -> String {
        self.alnum(32)
    }

    pub(crate) fn pin(&mut self) -> String {
        self.text(DIGITS, 7)
    }

    /// 34 characters of base64url that end in `MTpjaQ`.
    pub(crate) fn client_id(&mut self) -> String {
        let name = self.text(URL_SAFE, 20);
        URL_SAFE_NO_PAD.encode(format!("{name}:1:ci"))
    }

    /// 50 characters that hold both `-` and `_`.
    pub(crate) fn client_secret(&mut self) -> String {
        format!(
            "{}-{}_{}",
            self.alnum(16),
            self.text(URL_SAFE, 16),
            self.alnum(16)
        )
    }

    /// 113 characters: 22 leading `A`, percent-encoded base64 marks, and 50 after the last of them.
    pub(crate) fn bearer_token(&mut self) -> String {
        format!(
            "{}{}{}{}%2B{}%2F{}%3D{}",
            "A".repeat(22),
            self.text(DIGITS, 5),
            "A".repeat(7),
            self.alnum(5),
            self.alnum(6),
            self.alnum(9),
            self.alnum(50)
        )
    }

    /// The opaque value of a `__cf_bm` cookie.
    pub(crate) fn cookie(&mut self) -> String {
        STANDARD.encode(self.alnum(30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_shapes_of_x() {
        let mut seeded = Seeded::new(7);
        assert_eq!(seeded.consumer_key().len(), 25);
        assert_eq!(seeded.consumer_secret().len(), 50);
        let id = seeded.snowflake();
        let token = seeded.access_token(id);
        assert_eq!(token.len(), 50);
        assert!(token.starts_with(&format!("{id}-")));
        assert_eq!(
            seeded.access_token(6_253_282).len(),
            48,
            "old ids keep 40 behind the dash"
        );
        assert_eq!(seeded.access_token_secret().len(), 45);
        assert_eq!(seeded.pin().len(), 7);
        let client_id = seeded.client_id();
        assert_eq!(client_id.len(), 34);
        assert!(client_id.ends_with("MTpjaQ"));
        let client_secret = seeded.client_secret();
        assert_eq!(client_secret.len(), 50);
        assert!(client_secret.contains('-') && client_secret.contains('_'));
        let bearer = seeded.bearer_token();
        assert_eq!(bearer.len(), 113);
        assert!(bearer.starts_with(&"A".repeat(21)));
        let (_, after) = bearer.rsplit_once("%3D").unwrap();
        assert_eq!(after.len(), 50);
    }

    #[test]
    fn the_same_seed_gives_the_same_values() {
        assert_eq!(Seeded::new(1).alnum(20), Seeded::new(1).alnum(20));
        assert_ne!(Seeded::new(1).alnum(20), Seeded::new(2).alnum(20));
    }
}
