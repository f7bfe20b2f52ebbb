//! What the bot does with an update: a file per thing a user does.

pub(super) mod access;
pub(super) mod accounts;
pub(super) mod basics;
pub(super) mod callbacks;
pub(super) mod fallback;
pub(super) mod link;
pub(super) mod pin;
pub(super) mod programs;
pub(super) mod publish;
pub(super) mod records;
pub(super) mod rotate;
