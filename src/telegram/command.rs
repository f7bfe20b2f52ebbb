//! The commands, with the descriptions that Telegram's menu shows. Doc comments on them would show there too.

use teloxide::{macros::BotCommands, utils::command::BotCommands as _};

/// A command in a private chat. What follows a command is its argument; none means an empty text.
#[derive(BotCommands, Clone, PartialEq, Eq)]
#[command(rename_rule = "lowercase")]
pub(crate) enum Command {
    #[command(description = "link an X account, step by step")]
    Addx(String),
    #[command(description = "your linked accounts and what X says of them")]
    Accounts,
    #[command(description = "ask X again about an account")]
    Verify(String),
    #[command(description = "give new keys after regenerating them in X")]
    Rotate(String),
    #[command(description = "erase an account and its keys")]
    Unlink(String),
    #[command(description = "see whether an account can publish: post something and delete it")]
    Testpost(String),
    #[command(description = "publish a message of yours: reply to it with this")]
    Post(String),
    #[command(description = "where to find the four values in X, and what goes wrong")]
    Guide,
    #[command(description = "leave what is under way and wipe what was entered")]
    Cancel,
    #[command(description = "a report without secrets, to ask for help with")]
    Diagnose(String),
    #[command(description = "what was done with your accounts, and when")]
    History,
    #[command(description = "everything this bot holds about you, less the secrets")]
    Mydata,
    #[command(description = "people who asked to use this bot", hide)]
    Users,
    #[command(description = "let somebody no longer use this bot", hide)]
    Block(String),
    #[command(description = "what this bot keeps, and what Telegram still sees")]
    Privacy,
    #[command(description = "what this bot can do")]
    Help,
    #[command(description = "begin", hide)]
    Start(String),
}

impl Command {
    /// Those that are shown, with their descriptions.
    pub(super) fn described() -> Vec<(String, String)> {
        let all = Self::bot_commands().into_iter();
        all.map(|each| (each.command, each.description)).collect()
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
            | Self::Users
            | Self::Block(_)
            | Self::Help
            | Self::Start(_) => false,
        }
    }
}
