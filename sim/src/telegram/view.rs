//! What a person sees of a chat, and how it reads as a transcript.

use std::fmt;

/// A message as the person sees it, or saw it when it comes from a history.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenMessage {
    /// Its number in the chat.
    pub id: i32,
    /// Whether the bot wrote it.
    pub from_bot: bool,
    /// The words alone, formatting removed; the caption for media.
    pub text: String,
    /// The text as the bot sent it, tags and all; the same as `text` for people's messages.
    pub html: String,
    /// The inline keyboard, row by row.
    pub buttons: Vec<Vec<Button>>,
    /// What kind of thing it is when it is no text: `photo`, `sticker`, `voice`, `document`.
    pub media: Option<&'static str>,
    /// The name and the text of a file that the bot sent.
    pub file: Option<(String, String)>,
    /// When it was sent, in Unix time by the simulator's clock.
    pub date: i64,
    /// How often it had been edited.
    pub edits: u32,
    /// Whether it is gone by now.
    pub deleted: bool,
}

impl SeenMessage {
    /// The button with this visible label.
    #[must_use]
    pub fn button(&self, label: &str) -> Option<&Button> {
        self.buttons
            .iter()
            .flatten()
            .find(|button| button.label == label)
    }

    /// The visible labels, in reading order.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        self.buttons
            .iter()
            .flatten()
            .map(|button| button.label.as_str())
            .collect()
    }
}

/// A button of an inline keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// The words on it.
    pub label: String,
    /// What a tap does.
    pub kind: ButtonKind,
}

impl Button {
    /// The data that a tap sends to the bot, for buttons that send any.
    #[must_use]
    pub fn data(&self) -> Option<&str> {
        match &self.kind {
            ButtonKind::Callback(data) => Some(data),
            ButtonKind::Url(_)
            | ButtonKind::CopyText(_)
            | ButtonKind::WebApp(_)
            | ButtonKind::Other => None,
        }
    }
}

/// What a tap on a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonKind {
    /// Sends this data to the bot.
    Callback(String),
    /// Opens this address.
    Url(String),
    /// Copies this text.
    CopyText(String),
    /// Opens the Mini App at this address.
    WebApp(String),
    /// Something the simulator knows of but does not play.
    Other,
}

/// A chat at one moment: the messages that can be seen, oldest first.
///
/// Its `Display` is a transcript.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chat {
    /// Its identifier: the person's for a private chat.
    pub id: i64,
    /// What can be seen, oldest first.
    pub messages: Vec<SeenMessage>,
}

impl Chat {
    /// The message with this number, if it can be seen.
    #[must_use]
    pub fn message(&self, id: i32) -> Option<&SeenMessage> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// The messages of the bot's that can be seen.
    #[must_use]
    pub fn from_bot(&self) -> impl DoubleEndedIterator<Item = &SeenMessage> {
        self.messages.iter().filter(|message| message.from_bot)
    }

    /// The lowest message of the bot's.
    #[must_use]
    pub fn last_bot_message(&self) -> Option<&SeenMessage> {
        self.from_bot().next_back()
    }

    /// Whether a message of the bot's that can be seen contains these words.
    #[must_use]
    pub fn shows(&self, text: &str) -> bool {
        self.from_bot().any(|message| message.text.contains(text))
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.messages.is_empty() {
            return writeln!(f, "(nothing in the chat)");
        }
        for message in &self.messages {
            write!(f, "{message}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SeenMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.from_bot { "bot" } else { "person" };
        write!(f, "#{} {who}", self.id)?;
        if self.edits > 0 {
            write!(f, ", edit {}", self.edits)?;
        }
        if self.deleted {
            write!(f, ", deleted")?;
        }
        writeln!(f)?;
        if let Some(media) = self.media {
            writeln!(f, "    ({media})")?;
        }
        for line in self.text.lines() {
            writeln!(f, "    {line}")?;
        }
        for row in &self.buttons {
            write!(f, "   ")?;
            for button in row {
                write!(f, " [{}]", button.label)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
