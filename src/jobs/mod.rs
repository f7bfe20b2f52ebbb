//! What is done at X and Telegram beside the updates: one table, one runner, and a file for each kind of work.
//!
//! A new kind is such a file, and a line where the runner is made.

pub(crate) mod busy;
pub(crate) mod check;
pub(crate) mod pin;
pub(crate) mod post;
mod recheck;
pub(crate) mod revoke;
pub(crate) mod runner;

use std::ops::Deref;

use tokio::sync::mpsc;

use self::busy::Busy;
use crate::{linking::Linker, support::metrics::Metrics, x::XClient};

/// What asks X needs: the use cases, X itself, and whom to wake when there is something to tell. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    linker: Linker,
    x: XClient,
    /// The accounts that X is asked about just now.
    pub(crate) busy: Busy,
    /// Names chats that have something to be told.
    to_write: mpsc::UnboundedSender<i64>,
    metrics: Metrics,
}

impl Deref for Context {
    type Target = Linker;

    fn deref(&self) -> &Linker {
        &self.linker
    }
}

impl Context {
    /// Works with these. `to_write` gets the chats that have something to be told.
    pub fn new(
        linker: Linker,
        x: XClient,
        to_write: mpsc::UnboundedSender<i64>,
        metrics: Metrics,
    ) -> Self {
        Self {
            busy: Busy::new(linker.store.bell().clone()),
            linker,
            x,
            to_write,
            metrics,
        }
    }

    /// Something was promised to this chat.
    fn wake(&self, chat: i64) {
        // The receiver is gone only when the bot stops.
        let _ = self.to_write.send(chat);
    }
}
