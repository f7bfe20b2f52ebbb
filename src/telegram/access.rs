//! Whether somebody may use the bot: by the fixed list, or by its owner's word.

use teloxide::types::Update;

use super::Telegram;
use crate::store::{StoreError, Tx, access};

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
    /// By the fixed list and the owner's word.
    pub(super) async fn admission(
        &self,
        tx: &mut Tx,
        update: &Update,
    ) -> Result<Admission, StoreError> {
        let user = update.from().and_then(|user| i64::try_from(user.id.0).ok());
        let Some(user) = user else {
            return Ok(Admission::Denied);
        };
        let standing = match self.linker.people.owner {
            Some(owner) if owner != user => access::standing(&mut **tx, user).await?,
            _ => None,
        };
        Ok(if self.linker.people.admit(user, standing) {
            Admission::Granted
        } else {
            Admission::Denied
        })
    }
}
