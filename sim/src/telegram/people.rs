//! The people: what they do in Telegram becomes updates for the bot, what they see can be looked at and waited for.

#![expect(
    clippy::must_use_candidate,
    reason = "what people do is done for its effect, the identifiers are a bonus"
)]

use std::{fmt, ops::Deref, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    TelegramSim,
    html::utf16_len,
    state::{BOT_ID, BOT_USERNAME, Message, Standing, State, Version, bot_member_json},
    view::{ButtonKind, Chat, SeenMessage},
};

/// Why a person could not do something, or what did not happen in time; reads as a message with a transcript.
#[derive(Clone)]
pub struct SimError(pub(super) String);

impl fmt::Display for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// As readable as `Display`, since this is what a failed `unwrap` prints.
impl fmt::Debug for SimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SimError {}

/// A message that a person has sent or edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its number in the chat.
    pub message_id: i32,
    /// The update that tells the bot; absent when the bot does not get to see the message.
    pub update_id: Option<u32>,
}

/// A tap on a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tapped {
    /// The identifier that the bot answers with.
    pub query_id: u64,
    /// The message with the button.
    pub message_id: i32,
    /// The update that tells the bot; absent when the bot did not ask for taps.
    pub update_id: Option<u32>,
    chat: i64,
}

/// The bot's answer to a tap, which a client shows for a moment or as an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapAnswer {
    /// The words, often none.
    pub text: String,
    /// Whether they have to be dismissed.
    pub alert: bool,
    /// The address that is opened.
    pub url: Option<String>,
}

/// A chat that can be looked at and waited on: a person's with the bot, or a group.
#[derive(Clone)]
pub struct Room {
    sim: TelegramSim,
    id: i64,
}

impl Room {
    pub(super) fn new(sim: TelegramSim, id: i64) -> Self {
        Self { sim, id }
    }

    /// The identifier of the chat.
    #[must_use]
    pub fn chat_id(&self) -> i64 {
        self.id
    }

    /// What can be seen just now.
    #[must_use]
    pub fn chat(&self) -> Chat {
        self.sim.shared().lock().view(self.id)
    }

    /// Every version of every message, in the order they came to be: also those that were overwritten or deleted.
    ///
    /// While nothing is recorded, only what can be seen just now.
    #[must_use]
    pub fn history(&self) -> Vec<SeenMessage> {
        self.sim
            .shared()
            .lock()
            .history(self.id)
            .into_iter()
            .map(|(_, message)| message)
            .collect()
    }

    /// The lowest message of the bot's that can be seen.
    #[must_use]
    pub fn last_bot_message(&self) -> Option<SeenMessage> {
        self.chat().last_bot_message().cloned()
    }

    /// From now on [`Room::wait_text`] looks at what comes later only.
    ///
    /// Whatever a person does in the chat sets the mark too.
    pub fn mark(&self) {
        let mut state = self.sim.shared().lock();
        set_mark(&mut state, self.id);
    }

    /// Waits until the chat looks as wanted, and returns it.
    ///
    /// # Errors
    ///
    /// When it does not in time; the error shows the chat.
    pub async fn wait_for(&self, mut wanted: impl FnMut(&Chat) -> bool) -> Result<Chat, SimError> {
        let look = |state: &State| {
            let chat = state.view(self.id);
            wanted(&chat).then_some(chat)
        };
        self.wait("the chat to look as wanted", look).await
    }

    /// Waits for a message of the bot's with these words, sent or edited after the mark, and returns that version.
    ///
    /// It is found even when it was overwritten or deleted since, as long as calls are recorded.
    ///
    /// # Errors
    ///
    /// When there is none in time; the error shows the chat.
    pub async fn wait_text(&self, text: &str) -> Result<SeenMessage, SimError> {
        let look = |state: &State| {
            let chat = state.chats.get(&self.id)?;
            let ours = chat
                .messages
                .values()
                .filter(|message| message.from == BOT_ID);
            let versions = ours.flat_map(|message| {
                message
                    .numbered_versions()
                    .map(move |(version, edits)| (message, version, edits))
            });
            versions
                .filter(|(_, version, _)| version.seq > chat.mark && version.text.contains(text))
                .max_by_key(|(_, version, _)| version.seq)
                .map(|(message, version, edits)| message.seen(version, edits))
        };
        self.wait(&format!("the bot to say \"{text}\""), look).await
    }

    /// Waits until a message is gone.
    ///
    /// # Errors
    ///
    /// When it is still there after the time; the error shows the chat.
    pub async fn wait_deleted(&self, message_id: i32) -> Result<(), SimError> {
        let look = |state: &State| state.present(self.id, message_id).is_none().then_some(());
        self.wait(&format!("message #{message_id} to be deleted"), look)
            .await
    }

    async fn wait<T>(
        &self,
        what: &str,
        look: impl FnMut(&State) -> Option<T>,
    ) -> Result<T, SimError> {
        let changed = {
            let state = self.sim.shared().lock();
            state
                .chats
                .get(&self.id)
                .map(|chat| Arc::clone(&chat.changed))
                .unwrap_or_default()
        };
        self.sim.wait(&changed, what, Some(self.id), look).await
    }
}

/// A person in Telegram, with the private chat with the bot.
#[derive(Clone)]
pub struct Person(Room);

/// A group that the bot is in.
#[derive(Clone)]
pub struct Group(Room);

impl Deref for Person {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.0
    }
}

impl Deref for Group {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.0
    }
}

impl Group {
    pub(super) fn new(room: Room) -> Self {
        Self(room)
    }

    /// Makes the bot an administrator who may delete messages (or an ordinary member again), on behalf of a person.
    pub fn set_bot_admin(&self, by: &Person, admin: bool) {
        let standing = if admin {
            Standing::Administrator
        } else {
            Standing::Member
        };
        let mut state = self.sim.shared().lock();
        change_standing(&mut state, self.id, by.id, standing);
        drop(state);
        self.sim.wake();
    }

    /// A person throws the bot out.
    pub fn remove_bot(&self, by: &Person) {
        let mut state = self.sim.shared().lock();
        change_standing(&mut state, self.id, by.id, Standing::Kicked);
        drop(state);
        self.sim.wake();
    }

    /// A person brings the bot in: a change of membership and a service message.
    pub fn add_bot(&self, by: &Person) -> Sent {
        let mut state = self.sim.shared().lock();
        change_standing(&mut state, self.id, by.id, Standing::Member);
        let mut draft = Draft::media("service");
        draft.extra.insert(
            "new_chat_members".to_owned(),
            json!([super::state::bot_json()]),
        );
        let sent = post(&mut state, self.id, by.id, draft);
        drop(state);
        self.sim.wake();
        sent
    }
}

impl Person {
    pub(super) fn new(room: Room) -> Self {
        Self(room)
    }

    /// The user's identifier, which is that of the private chat as well.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Sets the language that the person's client is in, or none.
    pub fn set_language(&self, code: Option<&str>) {
        if let Some(user) = self.sim.shared().lock().users.get_mut(&self.id) {
            user.language = code.map(str::to_owned);
        }
    }

    // Sending

    /// Writes to the bot.
    pub fn say(&self, text: &str) -> Sent {
        self.send(self.id, Draft::text(text))
    }

    /// Writes in a group; the bot gets to see what its privacy mode lets through.
    pub fn say_in(&self, group: &Group, text: &str) -> Sent {
        self.send(group.id, Draft::text(text))
    }

    /// Writes to the bot in answer to a message.
    pub fn reply_to(&self, message_id: i32, text: &str) -> Sent {
        self.send(
            self.id,
            Draft {
                reply_to: Some(message_id),
                ..Draft::text(text)
            },
        )
    }

    /// Writes in a group in answer to a message.
    pub fn reply_in(&self, group: &Group, message_id: i32, text: &str) -> Sent {
        self.send(
            group.id,
            Draft {
                reply_to: Some(message_id),
                ..Draft::text(text)
            },
        )
    }

    /// Sends a photo.
    pub fn send_photo(&self, caption: Option<&str>) -> Sent {
        let file = self.file();
        self.send(self.id, Draft::photo(&file, caption))
    }

    /// Sends so many photos as one album: a message and an update for each, the caption on the first.
    pub fn send_album(&self, photos: usize, caption: Option<&str>) -> Vec<Sent> {
        let album = json!(self.file());
        (0..photos)
            .map(|place| {
                let file = self.file();
                let mut draft = Draft::photo(&file, caption.filter(|_| place == 0));
                draft
                    .extra
                    .insert("media_group_id".to_owned(), album.clone());
                self.send(self.id, draft)
            })
            .collect()
    }

    /// Sends a sticker.
    pub fn send_sticker(&self) -> Sent {
        let mut draft = Draft::media("sticker");
        draft.extra.insert(
            "sticker".to_owned(),
            json!({
                "file_id": format!("CAACAgIAAxkB{}", self.file()),
                "file_unique_id": format!("AgAD{}", self.file()),
                "file_size": 18_432,
                "width": 512,
                "height": 512,
                "type": "regular",
                "is_animated": false,
                "is_video": false,
                "emoji": "👋",
                "set_name": "Animals",
            }),
        );
        self.send(self.id, draft)
    }

    /// Sends a voice message.
    pub fn send_voice(&self) -> Sent {
        let mut draft = Draft::media("voice");
        draft.extra.insert(
            "voice".to_owned(),
            json!({
                "file_id": format!("AwACAgIAAxkB{}", self.file()),
                "file_unique_id": format!("AgAD{}", self.file()),
                "file_size": 9_216,
                "duration": 3,
                "mime_type": "audio/ogg",
            }),
        );
        self.send(self.id, draft)
    }

    /// Sends a file.
    pub fn send_document(&self, file_name: &str, caption: Option<&str>) -> Sent {
        let mut draft = Draft {
            text: caption.unwrap_or_default().to_owned(),
            ..Draft::media("document")
        };
        draft.extra.insert(
            "document".to_owned(),
            json!({
                "file_id": format!("BQACAgIAAxkB{}", self.file()),
                "file_unique_id": format!("AgAD{}", self.file()),
                "file_size": 2_048,
                "file_name": file_name,
                "mime_type": "text/plain",
            }),
        );
        self.send(self.id, draft)
    }

    /// Forwards somebody else's message to the bot.
    pub fn forward(&self, text: &str) -> Sent {
        let mut draft = Draft::text(text);
        let date = self.sim.now() - 3_600;
        draft.extra.insert(
            "forward_origin".to_owned(),
            json!({"type": "hidden_user", "sender_user_name": "Grace", "date": date}),
        );
        self.send(self.id, draft)
    }

    /// Edits an own message in the private chat: its text, or its caption.
    ///
    /// # Errors
    ///
    /// When there is no such message (any more), or it is the bot's.
    pub fn edit(&self, message_id: i32, text: &str) -> Result<Sent, SimError> {
        let mut state = self.sim.shared().lock();
        self.open(&mut state);
        let Some(message) = state
            .present(self.id, message_id)
            .filter(|message| message.from == self.id)
        else {
            let chat = state.view(self.id);
            return Err(SimError(format!(
                "there is no own message #{message_id} to edit in\n{chat}"
            )));
        };
        let version = Version {
            text: text.to_owned(),
            html: text.to_owned(),
            entities: command_entities(text),
            ..message.version().clone()
        };
        state.revise(self.id, message_id, version);
        set_mark(&mut state, self.id);
        let json = state
            .message(self.id, message_id)
            .map(|message| state.message_json(self.id, message));
        let update_id = json.and_then(|json| push(&mut state, "edited_message", json, None));
        drop(state);
        self.sim.wake();
        Ok(Sent {
            message_id,
            update_id,
        })
    }

    fn file(&self) -> String {
        format!("{:014}", self.sim.shared().lock().next_file())
    }

    fn send(&self, chat: i64, draft: Draft) -> Sent {
        let mut state = self.sim.shared().lock();
        if chat == self.id {
            self.open(&mut state);
        }
        let sent = post(&mut state, chat, self.id, draft);
        drop(state);
        self.sim.wake();
        sent
    }

    /// Begins the private chat; a bot that was blocked is unblocked first, since a client lets nobody write before that.
    fn open(&self, state: &mut State) {
        match state.chats.get(&self.id).map(|chat| chat.bot) {
            Some(Standing::Kicked) => {
                change_standing(state, self.id, self.id, Standing::Member);
            }
            Some(Standing::Unknown) => {
                if let Some(chat) = state.chats.get_mut(&self.id) {
                    chat.bot = Standing::Member;
                }
            }
            _ => {}
        }
    }

    // Tapping

    /// Taps the button with this label below a message.
    ///
    /// # Errors
    ///
    /// When the person sees no such button there, or one that sends nothing to the bot.
    pub fn tap(&self, message_id: i32, label: &str) -> Result<Tapped, SimError> {
        self.tap_button(self.id, Some(message_id), label)
    }

    /// Taps the lowest button with this label.
    ///
    /// # Errors
    ///
    /// When the person sees no such button, or one that sends nothing to the bot.
    pub fn press(&self, label: &str) -> Result<Tapped, SimError> {
        self.tap_button(self.id, None, label)
    }

    /// Taps the button with this label below a message in a group.
    ///
    /// # Errors
    ///
    /// When the person sees no such button there, or one that sends nothing to the bot.
    pub fn tap_in(&self, group: &Group, message_id: i32, label: &str) -> Result<Tapped, SimError> {
        self.tap_button(group.id, Some(message_id), label)
    }

    /// Sends the tap of a button that need not be there, as a hostile or outdated client does.
    ///
    /// A message that is gone is shown to the bot as an inaccessible one.
    pub fn tap_data(&self, message_id: i32, data: &str) -> Tapped {
        self.send_tap(self.id, message_id, data)
    }

    /// The bot's answer to a tap, if there is one yet.
    #[must_use]
    pub fn answer_to(&self, tapped: &Tapped) -> Option<TapAnswer> {
        self.sim
            .shared()
            .lock()
            .taps
            .get(&tapped.query_id)
            .and_then(|tap| tap.answer.clone())
    }

    /// Waits for the bot's answer to a tap.
    ///
    /// # Errors
    ///
    /// When there is none in time; the error shows the chat.
    pub async fn wait_answer(&self, tapped: &Tapped) -> Result<TapAnswer, SimError> {
        let room = Room::new(self.sim.clone(), tapped.chat);
        let look = |state: &State| {
            state
                .taps
                .get(&tapped.query_id)
                .and_then(|tap| tap.answer.clone())
        };
        room.wait("the tap to be answered", look).await
    }

    fn tap_button(
        &self,
        chat_id: i64,
        message_id: Option<i32>,
        label: &str,
    ) -> Result<Tapped, SimError> {
        let chat = self.sim.shared().lock().view(chat_id);
        let found = chat
            .messages
            .iter()
            .rev()
            .filter(|message| message_id.is_none_or(|id| id == message.id))
            .find_map(|message| message.button(label).map(|button| (message.id, button)));
        let Some((message_id, button)) = found else {
            let place = message_id.map_or_else(String::new, |id| format!(" below #{id}"));
            return Err(SimError(format!(
                "there is no button [{label}]{place} in\n{chat}"
            )));
        };
        match &button.kind {
            ButtonKind::Callback(data) => Ok(self.send_tap(chat_id, message_id, data)),
            kind => Err(SimError(format!(
                "the button [{label}] sends nothing to the bot: {kind:?}"
            ))),
        }
    }

    fn send_tap(&self, chat: i64, message_id: i32, data: &str) -> Tapped {
        let mut state = self.sim.shared().lock();
        if chat == self.id {
            self.open(&mut state);
        }
        set_mark(&mut state, chat);
        let query_id = state.next_tap(chat);
        let query = json!({
            "id": query_id.to_string(),
            "from": state.user_json(self.id),
            "message": state.tapped_json(chat, message_id),
            "chat_instance": (chat.wrapping_mul(-6_364_136_223_846_793_005)).to_string(),
            "data": data,
        });
        let update_id = push(&mut state, "callback_query", query, None);
        drop(state);
        self.sim.wake();
        Tapped {
            query_id,
            message_id,
            update_id,
            chat,
        }
    }

    // Blocking

    /// Blocks the bot: it is told, and its messages are refused from now on.
    pub fn block(&self) -> Option<u32> {
        self.stand(Standing::Kicked)
    }

    /// Lets the bot write again: it is told.
    pub fn unblock(&self) -> Option<u32> {
        self.stand(Standing::Member)
    }

    /// Deletes the person's account; the bot is not told, its messages are refused from now on.
    pub fn deactivate(&self) {
        if let Some(chat) = self.sim.shared().lock().chats.get_mut(&self.id) {
            chat.bot = Standing::Deactivated;
        }
    }

    fn stand(&self, standing: Standing) -> Option<u32> {
        let mut state = self.sim.shared().lock();
        let update_id = change_standing(&mut state, self.id, self.id, standing);
        drop(state);
        self.sim.wake();
        update_id
    }
}

// What happens in the world

/// A message that a person is about to send.
struct Draft {
    text: String,
    media: Option<&'static str>,
    extra: Map<String, Value>,
    reply_to: Option<i32>,
}

impl Draft {
    fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            media: None,
            extra: Map::new(),
            reply_to: None,
        }
    }

    fn media(kind: &'static str) -> Self {
        Self {
            media: Some(kind),
            ..Self::text("")
        }
    }

    fn photo(file: &str, caption: Option<&str>) -> Self {
        let mut draft = Self {
            text: caption.unwrap_or_default().to_owned(),
            ..Self::media("photo")
        };
        let size = |name: &str, width: u32, bytes: u32| {
            json!({
                "file_id": format!("AgACAgIAAxkB{file}{name}"),
                "file_unique_id": format!("AQAD{file}{name}"),
                "file_size": bytes,
                "width": width,
                "height": width * 3 / 4,
            })
        };
        draft.extra.insert(
            "photo".to_owned(),
            json!([size("s", 90, 1_301), size("x", 800, 61_440)]),
        );
        draft
    }
}

/// Puts a person's message into a chat and tells the bot, if it may see it.
fn post(state: &mut State, chat: i64, from: i64, draft: Draft) -> Sent {
    let (message_id, date) = (state.next_message(), state.now());
    let version = Version {
        html: draft.text.clone(),
        entities: command_entities(&draft.text),
        text: draft.text,
        markup: None,
        seq: 0,
    };
    let mut message = Message::new(message_id, from, date, version);
    message.media = draft.media;
    message.extra = draft.extra;
    message.reply_to = draft
        .reply_to
        .filter(|id| state.present(chat, *id).is_some());
    let visible = bot_sees(state, chat, &message);
    let json = state.message_json(chat, &message);
    state.store(chat, message);
    set_mark(state, chat);
    let update_id = if visible {
        push(state, "message", json, Some((chat, message_id)))
    } else {
        None
    };
    Sent {
        message_id,
        update_id,
    }
}

/// Whether a message reaches the bot, privacy mode of groups considered.
fn bot_sees(state: &State, chat: i64, message: &Message) -> bool {
    let Some(room) = state.chats.get(&chat) else {
        return false;
    };
    if room.title.is_none() {
        return true;
    }
    match room.bot {
        Standing::Administrator => true,
        Standing::Member => {
            let text = message.version().text.as_str();
            let command = text.starts_with('/')
                && text
                    .split_whitespace()
                    .next()
                    .and_then(|word| word.split_once('@'))
                    .is_none_or(|(_, bot)| bot.eq_ignore_ascii_case(BOT_USERNAME));
            let reply = message
                .reply_to
                .and_then(|id| state.present(chat, id))
                .is_some_and(|replied| replied.from == BOT_ID);
            !state.privacy_mode || command || reply || message.media == Some("service")
        }
        Standing::Unknown | Standing::Kicked | Standing::Left | Standing::Deactivated => false,
    }
}

/// Queues an update, unless the bot does not want its kind.
pub(super) fn push(
    state: &mut State,
    kind: &str,
    payload: Value,
    message: Option<(i64, i32)>,
) -> Option<u32> {
    if !state.queue.wants(kind) {
        return None;
    }
    let mut update = Map::new();
    update.insert(kind.to_owned(), payload);
    Some(state.queue.push(Value::Object(update), message))
}

fn set_mark(state: &mut State, chat: i64) {
    let seq = state.seq();
    if let Some(chat) = state.chats.get_mut(&chat) {
        chat.mark = seq;
    }
}

/// Changes how the bot stands in a chat, and tells it.
fn change_standing(state: &mut State, chat: i64, by: i64, new: Standing) -> Option<u32> {
    let room = state.chats.get_mut(&chat)?;
    let old = std::mem::replace(&mut room.bot, new);
    if old == new {
        return None;
    }
    let update = json!({
        "chat": state.chat_json(chat),
        "from": state.user_json(by),
        "date": state.now(),
        "old_chat_member": bot_member_json(old),
        "new_chat_member": bot_member_json(new),
    });
    push(state, "my_chat_member", update, None)
}

/// The commands in a text, as entities.
fn command_entities(text: &str) -> Vec<Value> {
    let mut entities = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        if let Some(length) = command_length(word) {
            entities.push(json!({"type": "bot_command", "offset": offset, "length": length}));
        }
        offset += utf16_len(word);
    }
    entities
}

/// How long the command is that a word begins with.
fn command_length(word: &str) -> Option<usize> {
    let name = |text: &str| {
        text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(text.len())
    };
    let rest = word.strip_prefix('/')?;
    let command = name(rest);
    if !(1..=64).contains(&command) {
        return None;
    }
    let bot = rest[command..].strip_prefix('@').map_or(0, name);
    Some(1 + command + if bot == 0 { 0 } else { 1 + bot })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_with_their_bot_and_place() {
        assert_eq!(
            command_entities("/addx main 🔑 /help@addx_sim_bot"),
            [
                json!({"type": "bot_command", "offset": 0, "length": 5}),
                json!({"type": "bot_command", "offset": 14, "length": 18}),
            ]
        );
        assert!(command_entities("a/b / 1/2").is_empty());
    }
}
