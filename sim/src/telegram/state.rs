//! The world behind the simulator: people, chats and messages, and their JSON as the Bot API writes it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::{
    call::Call,
    fault::Faults,
    markup,
    updates::Queue,
    view::{Chat, SeenMessage},
};

/// The bot's own user id, the first half of its token.
pub(super) const BOT_ID: i64 = 4_200_000_042;
/// The bot's username.
pub(super) const BOT_USERNAME: &str = "addx_sim_bot";
const BOT_NAME: &str = "addx";

/// How many taps can be answered before the oldest is forgotten.
const TAPS: usize = 20_000;

/// A person with a Telegram account.
pub(super) struct User {
    pub(super) first_name: String,
    pub(super) username: Option<String>,
    pub(super) language: Option<String>,
}

/// How the bot stands in a chat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// A private chat that the person has not begun.
    Unknown,
    Member,
    Administrator,
    /// Blocked by the person, or thrown out of the group.
    Kicked,
    Left,
    /// A private chat whose person has deleted the account.
    Deactivated,
}

/// A chat with everything ever said in it that is still kept.
pub(super) struct ChatState {
    /// The title of a group; absent for a private chat.
    pub(super) title: Option<String>,
    pub(super) bot: Standing,
    pub(super) messages: BTreeMap<i32, Message>,
    /// Changes after this one are news to the person.
    pub(super) mark: u64,
    /// Woken by every change that can be seen.
    pub(super) changed: Arc<Notify>,
}

/// A message with all its versions.
pub(super) struct Message {
    pub(super) id: i32,
    /// The sender's user id: the bot's, or a person's.
    pub(super) from: i64,
    pub(super) date: i64,
    pub(super) edit_date: Option<i64>,
    pub(super) media: Option<&'static str>,
    /// The name and the text of a file that the bot sent.
    pub(super) file: Option<(String, String)>,
    /// Fields besides the text: media, origin, album.
    pub(super) extra: Map<String, Value>,
    pub(super) reply_to: Option<i32>,
    /// All versions, the last one in force; only that one while nothing is recorded.
    pub(super) versions: Vec<Version>,
    pub(super) edits: u32,
    pub(super) handed: Option<Instant>,
    pub(super) deleted: Option<Instant>,
}

/// A text of a message, with what hung on it.
#[derive(Clone, Default)]
pub(super) struct Version {
    pub(super) text: String,
    pub(super) html: String,
    pub(super) entities: Vec<Value>,
    pub(super) markup: Option<Value>,
    pub(super) seq: u64,
}

/// A tap on a button that waits for its answer.
pub(super) struct Tap {
    pub(super) chat: i64,
    pub(super) date: i64,
    pub(super) answer: Option<super::people::TapAnswer>,
}

/// Everything the simulator knows.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, not a state machine in disguise"
)]
pub(super) struct State {
    pub(super) users: HashMap<i64, User>,
    pub(super) chats: HashMap<i64, ChatState>,
    pub(super) queue: Queue,
    pub(super) taps: BTreeMap<u64, Tap>,
    pub(super) commands: BTreeMap<(String, String), Vec<Value>>,
    pub(super) faults: Faults,
    pub(super) calls: VecDeque<Call>,
    pub(super) unexpected: Vec<Call>,
    pub(super) expected_errors: Vec<String>,
    pub(super) recording: bool,
    pub(super) latencies: Vec<Duration>,
    pub(super) patience: Duration,
    pub(super) privacy_mode: bool,
    /// Counts getUpdates calls: a call that is no longer the newest was ended by a newer one.
    pub(super) poll: u64,
    /// Whether a getUpdates call waits for updates just now.
    pub(super) polling: bool,
    /// Calls other than getUpdates that have no answer yet.
    pub(super) in_flight: usize,
    pub(super) closed: bool,
    clock_offset: i64,
    next_call: u64,
    next_user: i64,
    next_group: i64,
    next_message: i32,
    next_tap: u64,
    next_file: u64,
    seq: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            users: HashMap::new(),
            chats: HashMap::new(),
            queue: Queue::default(),
            taps: BTreeMap::new(),
            commands: BTreeMap::new(),
            faults: Faults::default(),
            calls: VecDeque::new(),
            unexpected: Vec::new(),
            expected_errors: Vec::new(),
            recording: true,
            latencies: Vec::new(),
            patience: Duration::from_secs(10),
            privacy_mode: true,
            poll: 0,
            polling: false,
            in_flight: 0,
            closed: false,
            clock_offset: 0,
            next_call: 0,
            next_user: 7_100_000_001,
            next_group: -1_002_100_000_001,
            next_message: 1,
            next_tap: 1_803_886_000_000_000_001,
            next_file: 1,
            seq: 0,
        }
    }
}

impl State {
    // Numbers and time

    /// Unix time by the simulator's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "Telegram's clock: the one place where the simulator reads the time"
    )]
    pub(super) fn now(&self) -> i64 {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        i64::try_from(real)
            .unwrap_or(i64::MAX)
            .saturating_add(self.clock_offset)
    }

    pub(super) fn shift_clock(&mut self, seconds: i64) {
        self.clock_offset = self.clock_offset.saturating_add(seconds);
    }

    pub(super) fn next_user(&mut self) -> i64 {
        let id = self.next_user;
        self.next_user += 1;
        id
    }

    pub(super) fn next_group(&mut self) -> i64 {
        let id = self.next_group;
        self.next_group -= 1;
        id
    }

    pub(super) fn next_message(&mut self) -> i32 {
        let id = self.next_message;
        self.next_message += 1;
        id
    }

    pub(super) fn next_call(&mut self) -> u64 {
        self.next_call += 1;
        self.next_call
    }

    pub(super) fn next_file(&mut self) -> u64 {
        self.next_file += 1;
        self.next_file
    }

    pub(super) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    pub(super) fn next_tap(&mut self, chat: i64) -> u64 {
        let id = self.next_tap;
        self.next_tap += 1;
        let date = self.now();
        self.taps.insert(
            id,
            Tap {
                chat,
                date,
                answer: None,
            },
        );
        if self.taps.len() > TAPS {
            self.taps.pop_first();
        }
        id
    }

    // People and chats

    /// Makes the person and the private chat, unless they are there.
    pub(super) fn ensure_user(&mut self, id: i64) {
        self.next_user = self.next_user.max(id.saturating_add(1));
        self.users.entry(id).or_insert_with(|| User {
            first_name: format!("Person {id}"),
            username: None,
            language: Some("en".to_owned()),
        });
        self.ensure_chat(id, None, Standing::Unknown);
    }

    pub(super) fn ensure_chat(&mut self, id: i64, title: Option<String>, bot: Standing) {
        self.chats.entry(id).or_insert_with(|| ChatState {
            title,
            bot,
            messages: BTreeMap::new(),
            mark: 0,
            changed: Arc::default(),
        });
    }

    pub(super) fn message(&self, chat: i64, id: i32) -> Option<&Message> {
        self.chats.get(&chat)?.messages.get(&id)
    }

    pub(super) fn message_mut(&mut self, chat: i64, id: i32) -> Option<&mut Message> {
        self.chats.get_mut(&chat)?.messages.get_mut(&id)
    }

    /// A message that is still there.
    pub(super) fn present(&self, chat: i64, id: i32) -> Option<&Message> {
        self.message(chat, id)
            .filter(|message| message.deleted.is_none())
    }

    /// Puts a message into its chat and wakes who waits for it.
    pub(super) fn store(&mut self, chat: i64, mut message: Message) {
        let seq = self.next_seq();
        for version in &mut message.versions {
            version.seq = seq;
        }
        if message.id >= self.next_message {
            self.next_message = message.id.saturating_add(1);
        }
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.messages.insert(message.id, message);
            chat.changed.notify_waiters();
        }
    }

    /// Gives a message a new version.
    pub(super) fn revise(&mut self, chat: i64, id: i32, mut version: Version) {
        version.seq = self.next_seq();
        let (now, recording) = (self.now(), self.recording);
        let Some(chat) = self.chats.get_mut(&chat) else {
            return;
        };
        if let Some(message) = chat.messages.get_mut(&id) {
            if !recording {
                message.versions.clear();
            }
            message.versions.push(version);
            message.edits += 1;
            message.edit_date = Some(now);
        }
        chat.changed.notify_waiters();
    }

    /// Takes a message out of sight.
    pub(super) fn delete(&mut self, chat: i64, id: i32, received: Instant) {
        let recording = self.recording;
        self.next_seq();
        let Some(chat) = self.chats.get_mut(&chat) else {
            return;
        };
        if let Some(message) = chat.messages.get_mut(&id) {
            message.deleted = Some(received);
            if message.from != BOT_ID
                && let Some(handed) = message.handed
            {
                self.latencies
                    .push(received.saturating_duration_since(handed));
            }
            if !recording {
                chat.messages.remove(&id);
            }
        }
        chat.changed.notify_waiters();
    }

    // What people see

    pub(super) fn view(&self, chat: i64) -> Chat {
        let messages = self.chats.get(&chat).map(|chat| {
            let present = chat
                .messages
                .values()
                .filter(|message| message.deleted.is_none());
            present
                .map(|message| message.seen(message.version(), message.edits))
                .collect()
        });
        Chat {
            id: chat,
            messages: messages.unwrap_or_default(),
        }
    }

    /// Every version of every message, in the order they came to be, with its sequence number.
    pub(super) fn history(&self, chat: i64) -> Vec<(u64, SeenMessage)> {
        let mut versions: Vec<_> = self
            .chats
            .get(&chat)
            .into_iter()
            .flat_map(|chat| chat.messages.values())
            .flat_map(|message| {
                message
                    .numbered_versions()
                    .map(|(version, edits)| (version.seq, message.seen(version, edits)))
            })
            .collect();
        versions.sort_by_key(|(seq, _)| *seq);
        versions
    }

    // JSON

    pub(super) fn user_json(&self, id: i64) -> Value {
        if id == BOT_ID {
            return bot_json();
        }
        let Some(user) = self.users.get(&id) else {
            return json!({"id": id, "is_bot": false, "first_name": format!("Person {id}")});
        };
        let mut json = json!({"id": id, "is_bot": false, "first_name": user.first_name});
        if let Some(username) = &user.username {
            json["username"] = json!(username);
        }
        if let Some(language) = &user.language {
            json["language_code"] = json!(language);
        }
        json
    }

    pub(super) fn chat_json(&self, id: i64) -> Value {
        if let Some(title) = self.chats.get(&id).and_then(|chat| chat.title.as_ref()) {
            return json!({"id": id, "title": title, "type": "supergroup"});
        }
        let mut json = json!({"id": id, "first_name": "", "type": "private"});
        if let Some(user) = self.users.get(&id) {
            json["first_name"] = json!(user.first_name);
            if let Some(username) = &user.username {
                json["username"] = json!(username);
            }
        }
        json
    }

    pub(super) fn message_json(&self, chat: i64, message: &Message) -> Value {
        let mut json = self.bare_message_json(chat, message);
        if let Some(replied) = message.reply_to.and_then(|id| self.present(chat, id)) {
            json["reply_to_message"] = self.bare_message_json(chat, replied);
        }
        json
    }

    fn bare_message_json(&self, chat: i64, message: &Message) -> Value {
        let mut json = json!({
            "message_id": message.id,
            "from": self.user_json(message.from),
            "chat": self.chat_json(chat),
            "date": message.date,
        });
        let version = message.version();
        let Some(fields) = json.as_object_mut() else {
            return json;
        };
        if let Some(date) = message.edit_date {
            fields.insert("edit_date".to_owned(), json!(date));
        }
        for (name, value) in &message.extra {
            fields.insert(name.clone(), value.clone());
        }
        let (text, entities) = if message.media.is_some() {
            ("caption", "caption_entities")
        } else {
            ("text", "entities")
        };
        if !version.text.is_empty() {
            fields.insert(text.to_owned(), json!(version.text));
        }
        if !version.entities.is_empty() {
            fields.insert(entities.to_owned(), json!(version.entities));
        }
        if let Some(markup) = &version.markup {
            fields.insert("reply_markup".to_owned(), markup.clone());
        }
        json
    }

    /// The message for a callback query: empty and dated 0 when it is gone.
    pub(super) fn tapped_json(&self, chat: i64, id: i32) -> Value {
        match self.present(chat, id) {
            Some(message) => self.message_json(chat, message),
            None => json!({"chat": self.chat_json(chat), "message_id": id, "date": 0}),
        }
    }
}

impl Message {
    /// A new message with one version.
    pub(super) fn new(id: i32, from: i64, date: i64, version: Version) -> Self {
        Self {
            id,
            from,
            date,
            edit_date: None,
            media: None,
            file: None,
            extra: Map::new(),
            reply_to: None,
            versions: vec![version],
            edits: 0,
            handed: None,
            deleted: None,
        }
    }

    /// The version in force.
    pub(super) fn version(&self) -> &Version {
        static EMPTY: Version = Version {
            text: String::new(),
            html: String::new(),
            entities: Vec::new(),
            markup: None,
            seq: 0,
        };
        self.versions.last().unwrap_or(&EMPTY)
    }

    /// The versions that are kept, each with the number of edits that led to it.
    pub(super) fn numbered_versions(&self) -> impl Iterator<Item = (&Version, u32)> {
        let kept = u32::try_from(self.versions.len()).unwrap_or(u32::MAX);
        let first = (self.edits + 1).saturating_sub(kept);
        self.versions.iter().zip(first..)
    }

    pub(super) fn seen(&self, version: &Version, edits: u32) -> SeenMessage {
        SeenMessage {
            id: self.id,
            from_bot: self.from == BOT_ID,
            text: version.text.clone(),
            html: version.html.clone(),
            buttons: markup::buttons(version.markup.as_ref()),
            media: self.media,
            file: self.file.clone(),
            date: self.date,
            edits,
            deleted: self.deleted.is_some(),
        }
    }
}

/// The bot as a user.
pub(super) fn bot_json() -> Value {
    json!({"id": BOT_ID, "is_bot": true, "first_name": BOT_NAME, "username": BOT_USERNAME})
}

/// The bot as a member of a chat.
pub(super) fn bot_member_json(standing: Standing) -> Value {
    let user = bot_json();
    match standing {
        Standing::Member | Standing::Unknown | Standing::Deactivated => {
            json!({"user": user, "status": "member"})
        }
        Standing::Left => json!({"user": user, "status": "left"}),
        Standing::Kicked => json!({"user": user, "status": "kicked", "until_date": 0}),
        Standing::Administrator => json!({
            "user": user,
            "status": "administrator",
            "can_be_edited": false,
            "is_anonymous": false,
            "can_manage_chat": true,
            "can_delete_messages": true,
            "can_manage_video_chats": false,
            "can_restrict_members": false,
            "can_promote_members": false,
            "can_change_info": false,
            "can_invite_users": true,
            "can_pin_messages": false,
            "can_post_stories": false,
            "can_edit_stories": false,
            "can_delete_stories": false,
            "can_manage_topics": false,
        }),
    }
}
