//! What reads the same for everybody: the welcome, the help, the long pages, and what a failure of ours is called.

use super::{
    Form, Join, Key, Language, Message, Press, Text, action::Action, button, labelled, message,
    plain,
};

/// `/start`
pub(crate) fn welcome() -> Message {
    message(
        text!("welcome"),
        vec![vec![button(Action::Add), button(Action::Guide)]],
    )
}

/// `/help`, of these commands.
pub(crate) fn help(commands: &[String]) -> Message {
    let lines = commands.iter().map(|command| {
        text!(
            "help-command",
            command = command.as_str(),
            about = about(command)
        )
    });
    plain(text!("help", commands = Text::joined(lines, Join::Lines)))
}

/// What the menu says of a command.
pub(crate) fn about(command: &str) -> Text {
    Text::entry(format!("menu-{}", command.trim_start_matches('/')))
}

/// `/guide`
pub(crate) fn guide() -> Message {
    plain(text!("guide"))
}

/// `/privacy`
pub(crate) fn privacy() -> Message {
    plain(text!("privacy"))
}

/// `/language`
pub(crate) fn ask_language() -> Message {
    let choice = |language: Language| vec![labelled(language.name(), Action::Language(language))];
    message(text!("ask-language"), Language::ALL.map(choice).to_vec())
}

/// The language is chosen; said in it.
pub(crate) fn language_set() -> Message {
    plain(text!("language-set"))
}

/// What the bot's profile says, at length and in short.
pub(crate) fn profile(language: Language) -> [String; 2] {
    [text!("profile"), text!("profile-short")].map(|text| text.word(language, Form::Plain))
}

/// Why the bot writes unasked.
pub(crate) fn rechecks() -> Message {
    plain(text!("rechecks"))
}

/// A command the bot does not know.
pub(crate) fn unknown_command() -> Message {
    plain(text!("unknown-command"))
}

/// A text outside a flow.
pub(crate) fn nothing_asked() -> Message {
    message(
        text!("nothing-asked"),
        vec![vec![button(Action::Add), button(Action::Accounts)]],
    )
}

/// A group wrote to the bot of this name.
pub(crate) fn private_chats_only(bot: &str) -> Message {
    message(text!("private-chats-only"), vec![vec![private_chat(bot)]])
}

/// Leads from a group to the private chat.
pub(super) fn private_chat(bot: &str) -> Key {
    let address = format!("https://t.me/{bot}?start=group");
    (text!("button-open-chat"), Press::Open(address))
}

/// Something failed on our side. `id` stands in the log too.
pub(crate) fn incident(id: &str) -> Message {
    plain(text!("incident", id = id)).lasting()
}
