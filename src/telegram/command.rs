//! The commands. What Telegram's menu says of them stands in the catalogues.

use teloxide::{macros::BotCommands, types::BotCommand, utils::command::BotCommands as _};

use crate::messages::{self, Form, Language};

/// A command in a private chat. What follows a command is its argument; none means an empty text.
#[derive(BotCommands, Clone, PartialEq, Eq)]
#[command(rename_rule = "lowercase")]
pub(crate) enum Command {
    Addx(String),
    Accounts,
    Verify(String),
    Rotate(String),
    Unlink(String),
    Testpost(String),
    Post(String),
    Guide,
    Cancel,
    Diagnose(String),
    History,
    Mydata,
    Language,
    #[command(hide)]
    Users,
    #[command(hide)]
    Block(String),
    Privacy,
    Help,
    #[command(hide)]
    Start(String),
}

impl Command {
    /// Those that are shown.
    pub(super) fn shown() -> Vec<String> {
        let all = Self::bot_commands().into_iter();
        all.map(|each| each.command).collect()
    }

    /// Telegram's menu.
    pub(super) fn menu(language: Language) -> Vec<BotCommand> {
        let described = |command: String| {
            let about = messages::pages::about(&command).word(language, Form::Plain);
            BotCommand::new(command, about)
        };
        Self::shown().into_iter().map(described).collect()
    }

    /// Whether everybody may use it, on the list of allowed users or not: to leave, to erase, and to know what is kept.
    pub(super) fn is_for_everybody(&self) -> bool {
        match self {
            Self::Unlink(_) | Self::Privacy | Self::Cancel | Self::Mydata => true,
            Self::Addx(_)
            | Self::Accounts
            | Self::Verify(_)
            | Self::Rotate(_)
            | Self::Testpost(_)
            | Self::Post(_)
            | Self::Guide
            | Self::Diagnose(_)
            | Self::History
            | Self::Language
            | Self::Users
            | Self::Block(_)
            | Self::Help
            | Self::Start(_) => false,
        }
    }
}
