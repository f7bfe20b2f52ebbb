//! The report of `/diagnose`: an allow-list of fields that is safe to post in public. No value, and no part of one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{credentials::Field, paste::Shape, verdict::KeyPairOutcome};

/// What can be told about an account without telling anything that opens it. Not even its name or its X account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// This program's version.
    pub version: String,
    /// When the report was made.
    pub made_at: DateTime<Utc>,
    /// The verdict's code; `None` before the first check.
    pub verdict: Option<String>,
    /// The HTTP status of an answer that is not understood.
    pub status: Option<u16>,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// When X was last asked.
    pub checked_at: Option<DateTime<Utc>>,
    /// When X last accepted the values.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Whether X has ever confirmed whose account it is.
    pub confirmed: bool,
    /// What X said of the key pair alone, and when.
    pub key_pair: Option<(KeyPairOutcome, DateTime<Utc>)>,
    /// The values in use.
    pub values: Vec<ValueReport>,
    /// New values that wait.
    pub candidate: Vec<ValueReport>,
    /// Seconds by which this server's clock is ahead of X's, as last seen.
    pub clock_difference: Option<i64>,
    /// Messages of the chat that still have to be deleted.
    pub pending_deletions: i64,
}

/// What can be told about one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ValueReport {
    /// Which one.
    pub field: Field,
    /// Its length and whether it is usual.
    pub shape: Shape,
    /// When it came.
    pub received_at: DateTime<Utc>,
}
