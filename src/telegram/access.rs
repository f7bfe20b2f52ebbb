//! Whether somebody may use the bot: by the fixed list, or by its owner's word.

use teloxide::types::Update;

use super::Telegram;
use crate::domain::facts::Standing;

/// Whether the person behind an update may use the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// They may.
    Granted,
    /// They may not.
    Denied,
}

impl Admission {
    /// They may.
    pub(super) fn is_granted(self) -> bool {
        self == Self::Granted
    }
}

impl Telegram {
    /// By the fixed list and the owner's word about this person.
    pub(super) fn admission(&self, user: Option<i64>, standing: Option<Standing>) -> Admission {
        let people = &self.linker.people;
        if user.is_some_and(|user| people.admit(user, standing)) {
            Admission::Granted
        } else {
            Admission::Denied
        }
    }
}

/// The person behind an update.
pub(super) fn person(update: &Update) -> Option<i64> {
    update.from().and_then(|user| i64::try_from(user.id.0).ok())
}
