//! The methods of the Bot API, apart from getUpdates: each checks its parameters as Telegram does and acts on the state.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{
    html::{self, Formatted},
    markup::{self, Allowed},
    people::TapAnswer,
    state::{BOT_ID, Message, Standing, State, Version, bot_json, bot_member_json},
};

/// How old a message may be and still be deleted for everyone.
const DELETABLE_FOR: i64 = 48 * 60 * 60;

/// How long a tap waits for its answer.
const TAP_LIFETIME: i64 = 60;

/// The longest text of a message, in characters.
const MAX_TEXT: usize = 4096;

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";

/// An error object of Telegram's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) retry_after: Option<u32>,
}

impl ApiError {
    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            retry_after: None,
        }
    }

    pub(super) fn bad(reason: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    fn forbidden(reason: &str) -> Self {
        Self::new(403, format!("Forbidden: {reason}"))
    }
}

pub(super) type Outcome = Result<Value, ApiError>;

/// The methods that there are, as the Bot API writes them.
const METHODS: [&str; 25] = [
    "getMe",
    "getUpdates",
    "sendMessage",
    "sendDocument",
    "editMessageText",
    "editMessageReplyMarkup",
    "deleteMessage",
    "deleteMessages",
    "answerCallbackQuery",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "setMyDescription",
    "setMyShortDescription",
    "getWebhookInfo",
    "deleteWebhook",
    "setWebhook",
    "sendChatAction",
    "getChat",
    "getChatMember",
    "leaveChat",
    "logOut",
    "close",
    "setChatMenuButton",
    "setMessageReaction",
];

/// The method's name as the Bot API writes it, whatever the case it was sent in.
pub(super) fn canonical(name: &str) -> Option<&'static str> {
    METHODS
        .into_iter()
        .find(|method| method.eq_ignore_ascii_case(name))
}

/// The parameters of a call; Telegram takes numbers, flags and objects written as strings as well.
pub(super) struct Params<'a>(pub(super) &'a Map<String, Value>);

impl Params<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.trim().parse().ok())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => {
                matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "1")
            }
            _ => false,
        }
    }

    /// An object or array, which may have been sent as JSON in a string.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text).map(Some).map_err(|_| {
                ApiError::bad(format!(
                    "can't parse {} JSON object",
                    name.replace('_', " ")
                ))
            }),
            Some(value) => Ok(Some(value.clone())),
        }
    }

    fn message_id(&self) -> Result<i32, ApiError> {
        match self.int("message_id").map(i32::try_from) {
            Some(Ok(id)) if id > 0 => Ok(id),
            Some(_) => Err(ApiError::bad("MESSAGE_ID_INVALID")),
            None => Err(ApiError::bad("message identifier is not specified")),
        }
    }
}

/// Runs a method on the state; `received` is when the call arrived.
pub(super) fn run(
    state: &mut State,
    method: &str,
    params: &Params<'_>,
    received: Instant,
) -> Outcome {
    match method {
        "getMe" => Ok(get_me(state)),
        "sendMessage" => send_message(state, params),
        "sendDocument" => send_document(state, params),
        "editMessageText" => edit_text(state, params),
        "editMessageReplyMarkup" => edit_markup(state, params),
        "deleteMessage" => delete_one(state, params, received),
        "deleteMessages" => delete_many(state, params, received),
        "answerCallbackQuery" => answer_tap(state, params),
        "setMyCommands" => set_commands(state, params),
        "getMyCommands" => get_commands(state, params),
        "deleteMyCommands" => delete_commands(state, params),
        "setMyDescription" => at_most(params, "description", 512),
        "setMyShortDescription" => at_most(params, "short_description", 120),
        "getWebhookInfo" => Ok(json!({
            "url": "",
            "has_custom_certificate": false,
            "pending_update_count": state.queue.len(),
            "allowed_updates": state.queue.allowed().unwrap_or_default(),
        })),
        "deleteWebhook" => {
            if params.flag("drop_pending_updates") {
                state.queue.drop_pending();
            }
            Ok(json!(true))
        }
        "setWebhook" => Err(ApiError::bad(
            "bad webhook: the simulator delivers updates by getUpdates only",
        )),
        "sendChatAction" => chat_action(state, params),
        "getChat" => get_chat(state, params),
        "getChatMember" => get_chat_member(state, params),
        "leaveChat" => leave_chat(state, params),
        "setMessageReaction" => {
            let chat = chat(state, params)?;
            let id = params.message_id()?;
            state
                .present(chat, id)
                .ok_or_else(|| ApiError::bad("message to react not found"))?;
            Ok(json!(true))
        }
        "logOut" | "close" | "setChatMenuButton" => Ok(json!(true)),
        _ => Err(ApiError::new(404, "Not Found: method not found")),
    }
}

fn get_me(state: &State) -> Value {
    let mut me = bot_json();
    for (flag, value) in [
        ("can_join_groups", true),
        ("can_read_all_group_messages", !state.privacy_mode),
        ("supports_inline_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
    ] {
        me[flag] = json!(value);
    }
    me
}

// Chats

/// The chat a call is about, if the simulator knows it.
fn chat(state: &State, params: &Params<'_>) -> Result<i64, ApiError> {
    let Some(value) = params.get("chat_id") else {
        return Err(ApiError::bad("chat_id is empty"));
    };
    let known = params
        .int("chat_id")
        .filter(|id| state.chats.contains_key(id));
    match known {
        Some(id) => Ok(id),
        None if value.as_str().is_some_and(str::is_empty) => Err(ApiError::bad("chat_id is empty")),
        None => Err(ApiError::bad("chat not found")),
    }
}

/// The chat a call is about, if the bot may write there.
fn writable_chat(state: &State, params: &Params<'_>) -> Result<i64, ApiError> {
    let id = chat(state, params)?;
    let Some(chat) = state.chats.get(&id) else {
        return Err(ApiError::bad("chat not found"));
    };
    match (chat.bot, chat.title.is_some()) {
        (Standing::Member | Standing::Administrator, _) => Ok(id),
        (Standing::Unknown, _) => Err(ApiError::forbidden(
            "bot can't initiate conversation with a user",
        )),
        (Standing::Deactivated, _) => Err(ApiError::forbidden("user is deactivated")),
        (Standing::Kicked | Standing::Left, false) => {
            Err(ApiError::forbidden("bot was blocked by the user"))
        }
        (Standing::Kicked, true) => Err(ApiError::forbidden(
            "bot was kicked from the supergroup chat",
        )),
        (Standing::Left, true) => Err(ApiError::forbidden(
            "bot is not a member of the supergroup chat",
        )),
    }
}

fn chat_action(state: &State, params: &Params<'_>) -> Outcome {
    const ACTIONS: [&str; 12] = [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
        "cancel",
    ];
    writable_chat(state, params)?;
    match params.text("action") {
        Some(action) if ACTIONS.contains(&action) => Ok(json!(true)),
        _ => Err(ApiError::bad("wrong parameter action in request")),
    }
}

fn get_chat(state: &State, params: &Params<'_>) -> Outcome {
    let id = chat(state, params)?;
    let mut chat = state.chat_json(id);
    chat["accent_color_id"] = json!(0);
    chat["max_reaction_count"] = json!(11);
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": true,
        "limited_gifts": true,
        "unique_gifts": true,
        "premium_subscription": true,
    });
    Ok(chat)
}

fn get_chat_member(state: &State, params: &Params<'_>) -> Outcome {
    let chat = chat(state, params)?;
    match params.int("user_id") {
        Some(BOT_ID) => Ok(bot_member_json(
            state
                .chats
                .get(&chat)
                .map_or(Standing::Left, |chat| chat.bot),
        )),
        Some(user) if state.users.contains_key(&user) => {
            Ok(json!({"user": state.user_json(user), "status": "member"}))
        }
        _ => Err(ApiError::bad("user not found")),
    }
}

fn leave_chat(state: &mut State, params: &Params<'_>) -> Outcome {
    let id = writable_chat(state, params)?;
    match state.chats.get_mut(&id) {
        Some(chat) if chat.title.is_some() => {
            chat.bot = Standing::Left;
            Ok(json!(true))
        }
        _ => Err(ApiError::bad(
            "chat member status can't be changed in private chats",
        )),
    }
}

// Messages

/// The text of a message after its formatting has been read.
fn formatted(params: &Params<'_>, too_long: &str) -> Result<(Formatted, String), ApiError> {
    let source = params.text("text").unwrap_or_default();
    let formatted = match params
        .text("parse_mode")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None | Some("") => {
            let entities = params.json("entities")?;
            let entities = entities
                .as_ref()
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            Formatted {
                text: source.to_owned(),
                entities,
            }
        }
        Some("html") => html::parse(source)
            .map_err(|reason| ApiError::bad(format!("can't parse entities: {reason}")))?,
        // MarkdownV2 exists too, but is not played: the bot has one way to format.
        Some(_) => return Err(ApiError::bad("unsupported parse_mode")),
    };
    let formatted = html::trim(formatted);
    if formatted.text.is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    if formatted.text.chars().count() > MAX_TEXT {
        return Err(ApiError::bad(too_long));
    }
    Ok((formatted, source.to_owned()))
}

fn checked_markup(params: &Params<'_>, allowed: Allowed) -> Result<Option<Value>, ApiError> {
    match params.json("reply_markup")? {
        None => Ok(None),
        Some(markup) => markup::check(&markup, allowed).map_err(ApiError::bad),
    }
}

/// The message that is replied to, if it is there; an error when it is not and must be.
fn reply_target(state: &State, params: &Params<'_>, chat: i64) -> Result<Option<i32>, ApiError> {
    let parameters = params.json("reply_parameters")?;
    let (id, optional) = match &parameters {
        Some(reply) => (
            reply["message_id"].as_i64(),
            reply["allow_sending_without_reply"]
                .as_bool()
                .unwrap_or(false),
        ),
        None => (
            params.int("reply_to_message_id"),
            params.flag("allow_sending_without_reply"),
        ),
    };
    let Some(id) = id else { return Ok(None) };
    match i32::try_from(id)
        .ok()
        .filter(|id| state.present(chat, *id).is_some())
    {
        Some(id) => Ok(Some(id)),
        None if optional => Ok(None),
        None => Err(ApiError::bad("message to be replied not found")),
    }
}

/// A file that the bot sends along, as a part of the form.
fn send_document(state: &mut State, params: &Params<'_>) -> Outcome {
    let chat = writable_chat(state, params)?;
    let mut caption = params.0.clone();
    let text = params.text("caption").unwrap_or_default();
    caption.insert("text".to_owned(), json!(text));
    let caption = Params(&caption);
    let (Formatted { text, entities }, html) = formatted(&caption, "caption is too long")?;
    let attached = params.text("document").unwrap_or_default();
    let attached = attached.strip_prefix("attach://");
    let attached = attached.ok_or_else(|| ApiError::bad("wrong file identifier"))?;
    let no_file = || ApiError::bad("there is no document in the request");
    let content = params.text(attached).ok_or_else(no_file)?;
    let name = format!("{attached}.name");
    let name = params.text(&name).ok_or_else(no_file)?;
    let (id, now) = (state.next_message(), state.now());
    let version = Version {
        text,
        html,
        entities,
        markup: None,
        seq: 0,
    };
    let mut message = Message::new(id, BOT_ID, now, version);
    message.media = Some("document");
    message.file = Some((name.to_owned(), content.to_owned()));
    let document = json!({
        "file_id": format!("BQACAgIAAxkB{id}"),
        "file_unique_id": format!("AgAD{id}"),
        "file_size": content.len(),
        "file_name": name,
        "mime_type": "application/json",
    });
    message.extra.insert("document".to_owned(), document);
    let json = state.message_json(chat, &message);
    state.store(chat, message);
    Ok(json)
}

fn send_message(state: &mut State, params: &Params<'_>) -> Outcome {
    let chat = writable_chat(state, params)?;
    let (Formatted { text, entities }, html) = formatted(params, "message is too long")?;
    let markup = checked_markup(params, Allowed::Any)?;
    let reply_to = reply_target(state, params, chat)?;
    let (id, now) = (state.next_message(), state.now());
    let mut message = Message::new(
        id,
        BOT_ID,
        now,
        Version {
            text,
            html,
            entities,
            markup,
            seq: 0,
        },
    );
    message.reply_to = reply_to;
    if let Some(preview) = params.json("link_preview_options")? {
        message
            .extra
            .insert("link_preview_options".to_owned(), preview);
    }
    if params.flag("protect_content") {
        message
            .extra
            .insert("has_protected_content".to_owned(), json!(true));
    }
    let json = state.message_json(chat, &message);
    state.store(chat, message);
    Ok(json)
}

/// The bot's own message that a call wants to edit.
fn editable(state: &State, params: &Params<'_>) -> Result<(i64, i32, Version), ApiError> {
    if params.get("inline_message_id").is_some() {
        return Err(ApiError::bad("MESSAGE_ID_INVALID"));
    }
    let chat = writable_chat(state, params)?;
    let id = params.message_id()?;
    let Some(message) = state.present(chat, id) else {
        return Err(ApiError::bad("message to edit not found"));
    };
    if message.from != BOT_ID {
        return Err(ApiError::bad("message can't be edited"));
    }
    Ok((chat, id, message.version().clone()))
}

fn apply_edit(state: &mut State, chat: i64, id: i32, old: &Version, new: Version) -> Outcome {
    if old.text == new.text && old.entities == new.entities && old.markup == new.markup {
        return Err(ApiError::bad(NOT_MODIFIED));
    }
    state.revise(chat, id, new);
    match state.message(chat, id) {
        Some(message) => Ok(state.message_json(chat, message)),
        None => Err(ApiError::bad("message to edit not found")),
    }
}

fn edit_text(state: &mut State, params: &Params<'_>) -> Outcome {
    let (chat, id, old) = editable(state, params)?;
    let (Formatted { text, entities }, html) = formatted(params, "MESSAGE_TOO_LONG")?;
    let markup = checked_markup(params, Allowed::InlineOnly)?;
    apply_edit(
        state,
        chat,
        id,
        &old,
        Version {
            text,
            html,
            entities,
            markup,
            seq: 0,
        },
    )
}

fn edit_markup(state: &mut State, params: &Params<'_>) -> Outcome {
    let (chat, id, old) = editable(state, params)?;
    let markup = checked_markup(params, Allowed::InlineOnly)?;
    let new = Version {
        markup,
        ..old.clone()
    };
    apply_edit(state, chat, id, &old, new)
}

/// Whether the bot may delete a message; an error that says why not.
fn deletable(state: &State, chat: i64, message: &Message) -> Result<(), ApiError> {
    let group = state.chats.get(&chat).filter(|chat| chat.title.is_some());
    let admin = group.is_some_and(|chat| chat.bot == Standing::Administrator);
    if group.is_some() && !admin && message.from != BOT_ID {
        return Err(ApiError::bad("message can't be deleted"));
    }
    if !admin && state.now() - message.date > DELETABLE_FOR {
        return Err(ApiError::bad("message can't be deleted for everyone"));
    }
    Ok(())
}

/// The chat whose messages a call wants to delete: one that the bot can still read.
fn readable_chat(state: &State, params: &Params<'_>) -> Result<i64, ApiError> {
    let id = chat(state, params)?;
    match state.chats.get(&id) {
        Some(chat) if chat.title.is_some() => writable_chat(state, params),
        Some(_) => Ok(id),
        None => Err(ApiError::bad("chat not found")),
    }
}

fn delete_one(state: &mut State, params: &Params<'_>, received: Instant) -> Outcome {
    let chat = readable_chat(state, params)?;
    let id = params.message_id()?;
    let Some(message) = state.present(chat, id) else {
        return Err(ApiError::bad("message to delete not found"));
    };
    deletable(state, chat, message)?;
    state.delete(chat, id, received);
    Ok(json!(true))
}

fn delete_many(state: &mut State, params: &Params<'_>, received: Instant) -> Outcome {
    let chat = readable_chat(state, params)?;
    let ids = params.json("message_ids")?;
    let Some(ids) = ids
        .as_ref()
        .and_then(Value::as_array)
        .filter(|ids| !ids.is_empty())
    else {
        return Err(ApiError::bad("message identifiers are not specified"));
    };
    if ids.len() > 100 {
        return Err(ApiError::bad("too many messages to delete"));
    }
    let ids: Vec<i32> = ids
        .iter()
        .filter_map(|id| i32::try_from(id.as_i64()?).ok())
        .collect();
    for message in ids.iter().filter_map(|id| state.present(chat, *id)) {
        deletable(state, chat, message)?;
    }
    for id in ids {
        if state.present(chat, id).is_some() {
            state.delete(chat, id, received);
        }
    }
    Ok(json!(true))
}

// Taps

fn answer_tap(state: &mut State, params: &Params<'_>) -> Outcome {
    const TOO_OLD: &str = "query is too old and response timeout expired or query ID is invalid";
    let text = params.text("text").unwrap_or_default().to_owned();
    if text.chars().count() > 200 {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    let now = state.now();
    let id = params
        .int("callback_query_id")
        .and_then(|id| u64::try_from(id).ok());
    let Some(tap) = id.and_then(|id| state.taps.get_mut(&id)) else {
        return Err(ApiError::bad(TOO_OLD));
    };
    if now - tap.date > TAP_LIFETIME {
        return Err(ApiError::bad(TOO_OLD));
    }
    let answer = TapAnswer {
        text,
        alert: params.flag("show_alert"),
        url: params.text("url").map(str::to_owned),
    };
    tap.answer.get_or_insert(answer);
    let chat = tap.chat;
    if let Some(chat) = state.chats.get(&chat) {
        chat.changed.notify_waiters();
    }
    Ok(json!(true))
}

// The bot's own settings

/// Where a command list belongs: the scope, keys sorted, and the language.
fn command_place(params: &Params<'_>) -> Result<(String, String), ApiError> {
    let scope = params
        .json("scope")?
        .unwrap_or_else(|| json!({"type": "default"}));
    let kind = scope["type"].as_str().unwrap_or_default();
    let known = [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    ];
    if !known.contains(&kind) {
        return Err(ApiError::bad(
            "can't parse BotCommandScope: invalid type specified",
        ));
    }
    let language = params.text("language_code").unwrap_or_default();
    if !(language.is_empty()
        || (language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase())))
    {
        return Err(ApiError::bad("invalid language code specified"));
    }
    let place = if scope.as_object().is_some_and(|scope| scope.len() == 1) {
        kind.to_owned()
    } else {
        scope.to_string()
    };
    Ok((place, language.to_owned()))
}

fn set_commands(state: &mut State, params: &Params<'_>) -> Outcome {
    let place = command_place(params)?;
    let commands = params.json("commands")?;
    let Some(commands) = commands.as_ref().and_then(Value::as_array) else {
        return Err(ApiError::bad("expected an Array of BotCommand"));
    };
    if commands.len() > 100 {
        return Err(ApiError::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in commands {
        let name = command["command"].as_str().unwrap_or_default();
        let name = name.strip_prefix('/').unwrap_or(name);
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(known) {
            return Err(ApiError::bad("BOT_COMMAND_INVALID"));
        }
        let description = command["description"].as_str().unwrap_or_default();
        if !(1..=256).contains(&description.chars().count()) {
            return Err(ApiError::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    state.commands.insert(place, commands.clone());
    Ok(json!(true))
}

fn get_commands(state: &State, params: &Params<'_>) -> Outcome {
    Ok(json!(
        state
            .commands
            .get(&command_place(params)?)
            .cloned()
            .unwrap_or_default()
    ))
}

fn delete_commands(state: &mut State, params: &Params<'_>) -> Outcome {
    state.commands.remove(&command_place(params)?);
    Ok(json!(true))
}

fn at_most(params: &Params<'_>, name: &str, limit: usize) -> Outcome {
    if params.text(name).unwrap_or_default().chars().count() > limit {
        return Err(ApiError::bad(format!("{name} is too long")));
    }
    Ok(json!(true))
}
