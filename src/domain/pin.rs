//! Getting the token pair from X with a PIN: what is exchanged (RFC 5849 §2), and where that stands. No value is part of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    account::XAccount,
    credentials::{Field, Secret},
    flow::{AwaitingValue, Flow, Progress, Remark, times_again},
    paste::is_invisible,
    verdict::Verdict,
};

/// Links to X that a user may have in an hour.
pub(crate) const MAX_PINS_AN_HOUR: usize = 20;

/// What X gives out for one authorisation (RFC 5849 §1.1; X: request token and its secret).
#[derive(Debug)]
pub(crate) struct TemporaryCredentials {
    /// The `oauth_token` of the link that the user opens.
    pub token: Secret,
    /// Its secret.
    pub secret: Secret,
}

/// What the user brings back (RFC 5849 §2.2, `oauth_verifier`; X: PIN).
#[derive(Debug)]
pub(crate) struct Verifier(pub Secret);

impl Verifier {
    /// X's PINs have 7 digits; a few more or less may still be one.
    const LENGTHS: std::ops::RangeInclusive<usize> = 5..=12;

    /// Reads a PIN, with whatever spaces, dashes or invisible characters came with it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Never longer, so no copy stays behind.
        let mut digits = Zeroizing::new(String::with_capacity(16));
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                // As East Asian keyboards write them.
                '\u{ff10}'..='\u{ff19}' => digits.extend(char::from_u32(u32::from(c) - 0xfee0)),
                '-' | '\u{2010}'..='\u{2015}' | '.' | ',' | '`' | '"' | '\'' | ':' => {}
                _ if c.is_whitespace() || is_invisible(c) => {}
                _ if digits.is_empty() && c.is_ascii_alphabetic() => {}
                _ => return None,
            }
            if digits.len() > *Self::LENGTHS.end() {
                return None;
            }
        }
        let label = text.chars().filter(char::is_ascii_alphabetic);
        let label: String = label.take(5).collect();
        let labelled = label.is_empty() || ["pin", "code"].contains(&label.to_lowercase().as_str());
        (labelled && Self::LENGTHS.contains(&digits.len()))
            .then(|| Self(Secret::new(std::mem::take(&mut *digits))))
    }
}

names! {
    /// A part of an authorisation that is under way, as it is kept: the name stands in associated data.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum TemporaryField {
        /// [`TemporaryCredentials::token`]
        Token = "temporary_token",
        /// [`TemporaryCredentials::secret`]
        Secret = "temporary_secret",
        /// [`Verifier`]
        Verifier = "verifier",
    }
}

/// A flow that gets its token pair with a PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwaitingPin {
    /// The flow.
    pub flow: Flow,
    /// Counts the steps, so that a button of an earlier one is told apart.
    pub round: usize,
    /// Where it stands.
    pub stage: PinStage,
    /// What is said about the last message.
    pub remark: Option<PinRemark>,
    /// How often the same was said before, in a row.
    pub again: u32,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PinStage {
    /// X is asked for temporary credentials.
    Requesting,
    /// The link is there; the PIN is asked for.
    Open,
    /// X is given the PIN.
    Exchanging {
        /// An exchange was tried before and its answer did not arrive.
        again: bool,
    },
    /// X has named the account; the user says whether it is the right one.
    Confirming {
        /// Who authorised.
        found: XAccount,
        /// The token may be another link's too, so it is not to be revoked from here.
        in_use: bool,
    },
    /// It was the wrong account, and its token is being revoked.
    Revoking {
        /// Who authorised.
        found: XAccount,
    },
    /// It did not work.
    Failed {
        /// Why.
        problem: PinProblem,
        /// The PIN is kept, and may be tried once more.
        pin_kept: bool,
    },
}

/// Why there is no link, or no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PinProblem {
    /// X's answer.
    Verdict(Verdict),
    /// The user had as many links as one may have.
    Limit {
        /// When the next one is possible.
        until: DateTime<Utc>,
    },
    /// A failure of ours.
    Incident {
        /// Stands in the log too.
        id: String,
    },
}

/// What the card says about the last message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PinRemark {
    /// It has not the form of a PIN.
    NotAPin,
    /// It has the form of another value than those that are asked for.
    NotAsked,
    /// A button is to be tapped first.
    TapFirst,
    /// X is being asked.
    Wait,
    /// A photo, sticker, voice message …
    NotText,
    /// An edit of an earlier message.
    Edited,
    /// A command the bot does not know.
    UnknownCommand,
    /// The user said that X named the wrong account.
    WrongAccount,
    /// The same, and its token has ended.
    Revoked,
    /// The same, and its token could not be ended for certain.
    NotRevoked,
}

impl AwaitingPin {
    /// The flow, now at this stage.
    pub(crate) fn to(self, stage: PinStage) -> Self {
        Self {
            round: self.round + 1,
            stage,
            remark: None,
            again: 0,
            ..self
        }
    }

    /// The same stage, with something said about the last message.
    pub(crate) fn remark(self, remark: PinRemark) -> Self {
        let again = times_again(self.remark == Some(remark), self.again);
        Self {
            remark: Some(remark),
            again,
            ..self
        }
    }

    /// Whose token is here, that X gave out and nobody has said yes to.
    pub(crate) fn token_of(&self) -> Option<&XAccount> {
        match &self.stage {
            PinStage::Confirming { found, .. } | PinStage::Revoking { found } => Some(found),
            _ => None,
        }
    }

    /// The token pair came, and is the user's: as if it had been pasted.
    pub(crate) fn confirmed(self) -> Progress {
        self.flow.receive(&Field::TOKEN_PAIR, None)
    }

    /// Back to the question for the value, to be pasted.
    pub(crate) fn paste_instead(mut self) -> AwaitingValue {
        let got = |field: &Field| !Field::TOKEN_PAIR.contains(field);
        self.flow.received.retain(got);
        self.flow.ask(None::<Remark>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Verifier::parse(text).map(|pin| pin.0.expose().to_owned())
    }

    #[test]
    fn a_pin_is_read_however_it_was_copied() {
        for text in [
            "1234567",
            " 1234567\n",
            "123 45 67",
            "123-4567",
            "123\u{a0}4567",
            "123\u{2011}4567",
            "\u{200b}1234567\u{feff}",
            "１２３４５６７",
            "PIN: 1234567",
            "`1234567`.",
        ] {
            assert_eq!(read(text).as_deref(), Some("1234567"), "{text:?}");
        }
    }

    #[test]
    fn other_texts_are_no_pins() {
        for text in [
            "",
            "1234",
            "1234567890123",
            "hello",
            "12a4567",
            "1234567-AbCdEf",
            "key 1234567",
            "x1y2z3456789",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
