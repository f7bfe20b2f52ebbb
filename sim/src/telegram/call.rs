//! The record of what the bot called and what it was answered.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde_json::Value;

/// A call that reached the simulator.
#[derive(Debug, Clone)]
pub struct Call {
    /// Counts the calls from 1, in the order of their arrival.
    pub seq: u64,
    /// The method as the Bot API writes it (`sendMessage`), or as it was sent when there is none of that name.
    pub method: String,
    /// The parameters of query and body together.
    pub params: Value,
    /// When the call had been read.
    pub at: Instant,
    /// What was answered; absent while it is being answered, and for ever when the client went away meanwhile.
    pub answer: Option<CallAnswer>,
}

/// What a call was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallAnswer {
    /// The HTTP status; 0 when the connection was closed instead.
    pub status: u16,
    /// Telegram's description, when it is an error.
    pub error: Option<String>,
    /// Whether a fault made this answer.
    pub faulted: bool,
    /// How long after the arrival it was given.
    pub after: Duration,
}

impl Call {
    /// The chat that the call is about.
    #[must_use]
    pub fn chat(&self) -> Option<i64> {
        chat_of(&self.params)
    }

    /// The message that the call is about.
    #[must_use]
    pub fn message_id(&self) -> Option<i64> {
        self.params["message_id"].as_i64()
    }

    /// The text that the call carries, or nothing.
    #[must_use]
    pub fn text(&self) -> &str {
        self.params["text"].as_str().unwrap_or_default()
    }

    /// Whether it was answered with success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|answer| answer.status == 200 && !answer.faulted)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}({})", self.seq, self.method, self.params)?;
        match &self.answer {
            None => write!(f, " unanswered"),
            Some(answer) => {
                write!(f, " → {}", answer.status)?;
                if let Some(error) = &answer.error {
                    write!(f, " {error}")?;
                }
                if answer.faulted {
                    write!(f, " (fault)")?;
                }
                Ok(())
            }
        }
    }
}

/// The chat that parameters name by its number.
pub(super) fn chat_of(params: &Value) -> Option<i64> {
    let chat = &params["chat_id"];
    chat.as_i64().or_else(|| chat.as_str()?.parse().ok())
}
