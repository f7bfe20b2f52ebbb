//! Whether somebody may use the bot: by the fixed list, or by its owner's word.

use teloxide::types::Update;

use super::Telegram;
use crate::{
    domain::notice::Standing,
    store::{StoreError, access},
};

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
    /// Without an owner the fixed list alone decides. With one, an empty list lets nobody in, the owner's word adds to the
    /// list, and whom they blocked stays out.
    pub(super) async fn admission(&self, update: &Update) -> Result<Admission, StoreError> {
        let user = update.from().and_then(|user| i64::try_from(user.id.0).ok());
        let Some(user) = user else {
            return Ok(Admission::Denied);
        };
        let granted = match self.owner {
            None => self.allowed.contains(user),
            Some(owner) if owner == user => true,
            Some(_) => match access::standing(self.store.reader(), user).await? {
                Some(Standing::Granted) => true,
                Some(Standing::Blocked) => false,
                Some(Standing::Asked | Standing::Refused) | None => self.allowed.lists(user),
            },
        };
        Ok(if granted {
            Admission::Granted
        } else {
            Admission::Denied
        })
    }
}
