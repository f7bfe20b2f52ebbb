//! The only code that calls Telegram to write or delete: each call bounded, each failure sorted by what to do about it.

use std::{
    future::IntoFuture,
    hash::{DefaultHasher, Hash, Hasher as _},
    time::Duration,
};

use teloxide::{
    ApiError, Bot, RequestError,
    payloads::{
        AnswerCallbackQuerySetters as _, EditMessageTextSetters as _, SendDocumentSetters as _,
        SendMessageSetters as _,
    },
    prelude::Requester as _,
    types::{
        CallbackQueryId, ChatId, CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup,
        InputFile, LinkPreviewOptions, MessageId, ParseMode,
    },
};

use crate::{
    messages::{Button, Document, Press, Worded},
    support::failpoint,
};

/// A deletion may not hold up what follows it; the queue tries again.
const DELETE_LIMIT: Duration = Duration::from_secs(3);
/// A tap's answer is a courtesy.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// A message that Telegram takes this long to confirm is sent again, so this is long.
const WRITE_LIMIT: Duration = Duration::from_secs(16);

/// Tells two messages apart.
pub(super) fn digest(message: &Worded) -> i64 {
    let mut hasher = DefaultHasher::new();
    (&message.html, &message.buttons).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// A message's buttons as Telegram has them.
fn keyboard(message: &Worded) -> InlineKeyboardMarkup {
    let button = |button: &Button| {
        let label = button.label.clone();
        Some(match &button.press {
            Press::Tell(data) => InlineKeyboardButton::callback(label, data),
            Press::Open(address) => InlineKeyboardButton::url(label, address.parse().ok()?),
            Press::Copy(text) => {
                let text = text.clone();
                InlineKeyboardButton::copy_text_button(label, CopyTextButton { text })
            }
        })
    };
    let rows = message.buttons.iter();
    InlineKeyboardMarkup::new(rows.map(|row| row.iter().filter_map(button)))
}

/// Why Telegram did not do as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// Too many messages; again after this long.
    RetryAfter(Duration),
    /// Telegram did not do it: it could not be reached, or said that it has a problem of its own. Again later.
    Unreachable,
    /// No answer came, so it may be done or not. Again later.
    Unanswered,
    /// The user blocked the bot or is gone: nothing reaches them.
    Blocked,
    /// There is no such message.
    NoSuchMessage,
    /// The message says that already.
    NotModified,
    /// Refused for good.
    Refused,
}

impl CallError {
    /// Whether it may go better later.
    pub(super) fn is_passing(self) -> bool {
        match self {
            Self::RetryAfter(_) | Self::Unreachable | Self::Unanswered => true,
            Self::Blocked | Self::NoSuchMessage | Self::NotModified | Self::Refused => false,
        }
    }
}

/// Deletes a message. A message that is gone already is deleted.
pub(super) async fn delete(bot: &Bot, chat: i64, message: i32) -> Result<(), CallError> {
    let request = bot.delete_message(ChatId(chat), MessageId(message));
    failpoint::hit("delete.before");
    let deleted = bounded(DELETE_LIMIT, request).await;
    failpoint::hit("delete.after");
    match deleted {
        Ok(_) | Err(CallError::NoSuchMessage) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Sends a message. Its number.
pub(super) async fn send(bot: &Bot, chat: i64, message: &Worded) -> Result<i32, CallError> {
    if let Some(Document { name, text }) = &message.document {
        let file = InputFile::memory(text.clone()).file_name(name.clone());
        let request = bot
            .send_document(ChatId(chat), file)
            .caption(&message.html)
            .parse_mode(ParseMode::Html);
        return bounded(WRITE_LIMIT, request).await.map(|sent| sent.id.0);
    }
    let request = bot
        .send_message(ChatId(chat), &message.html)
        .parse_mode(ParseMode::Html)
        .link_preview_options(NO_PREVIEW);
    let request = if message.buttons.is_empty() {
        request
    } else {
        request.reply_markup(keyboard(message))
    };
    bounded(WRITE_LIMIT, request).await.map(|sent| sent.id.0)
}

/// Changes a message. One that says it already is changed.
pub(super) async fn edit(
    bot: &Bot,
    chat: i64,
    number: i32,
    message: &Worded,
) -> Result<(), CallError> {
    let request = bot
        .edit_message_text(ChatId(chat), MessageId(number), &message.html)
        .parse_mode(ParseMode::Html)
        .link_preview_options(NO_PREVIEW)
        .reply_markup(keyboard(message));
    match bounded(WRITE_LIMIT, request).await {
        Ok(_) | Err(CallError::NotModified) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Answers a tap, so that the button stops waiting. Too late is no matter.
pub(super) async fn answer(bot: &Bot, query: CallbackQueryId, toast: Option<String>) {
    let request = bot.answer_callback_query(query);
    let request = match toast {
        Some(text) => request.text(text),
        None => request,
    };
    if let Err(error) = bounded(ANSWER_LIMIT, request).await {
        tracing::debug!(?error, "a tap could not be answered");
    }
}

const NO_PREVIEW: LinkPreviewOptions = LinkPreviewOptions {
    is_disabled: true,
    url: None,
    prefer_small_media: false,
    prefer_large_media: false,
    show_above_text: false,
};

async fn bounded<T>(
    limit: Duration,
    request: impl IntoFuture<Output = Result<T, RequestError>>,
) -> Result<T, CallError> {
    // On a 5xx teloxide itself waits ten seconds before it says so: the limit ends that too.
    match tokio::time::timeout(limit, request.into_future()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(sort(&error)),
        Err(_) => Err(CallError::Unanswered),
    }
}

fn sort(error: &RequestError) -> CallError {
    let error = match error {
        RequestError::RetryAfter(seconds) => CallError::RetryAfter(seconds.duration()),
        RequestError::Network(error) if error.is_connect() => CallError::Unreachable,
        RequestError::Network(_) | RequestError::Io(_) | RequestError::InvalidJson { .. } => {
            CallError::Unanswered
        }
        RequestError::MigrateToChatId(_) => CallError::Refused,
        RequestError::Api(error) => match error {
            ApiError::BotBlocked
            | ApiError::UserDeactivated
            | ApiError::CantInitiateConversation
            | ApiError::ChatNotFound
            | ApiError::BotKicked => CallError::Blocked,
            ApiError::MessageToDeleteNotFound
            | ApiError::MessageToEditNotFound
            | ApiError::MessageIdInvalid => CallError::NoSuchMessage,
            ApiError::MessageNotModified => CallError::NotModified,
            // The operator has to act; what was promised waits for it.
            ApiError::InvalidToken => CallError::Unreachable,
            ApiError::Unknown(text) if is_server_error(text) => CallError::Unreachable,
            _ => CallError::Refused,
        },
    };
    if error == CallError::Refused {
        tracing::warn!("Telegram refused a call for good");
    }
    error
}

/// Telegram's description of a 5xx that came as proper JSON.
fn is_server_error(text: &str) -> bool {
    [
        "Internal Server Error",
        "Bad Gateway",
        "Service Unavailable",
        "Gateway Timeout",
    ]
    .iter()
    .any(|known| text.contains(known))
}
