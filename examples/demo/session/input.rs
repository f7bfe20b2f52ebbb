//! What a typed line means: something to send, a tap, or a command to the demo itself.

use std::time::Duration;

/// A line, understood.
pub(super) enum Input {
    Nothing,
    /// A message to the bot, with names of values in it.
    Say(String),
    /// A message to the bot that is sent as it is.
    Verbatim(String),
    /// A tap on the button with this number.
    Tap(usize),
    /// A tap on the newest button with this label.
    Press(String),
    Command(Command),
}

/// What the demo does itself. The bot sees only what comes of it.
pub(super) enum Command {
    Help,
    /// All names, or one set with its values.
    Values(Option<String>),
    AtX(AtX, Option<String>),
    /// Open the link that the bot gave, as the user of a set.
    Authorize(Option<String>),
    XDown,
    XUp,
    Restart,
    Wait(Duration),
    Photo(Option<String>),
    Edit(String),
    Reply(String),
    /// Let a program publish.
    Client,
    /// Publish as that program would.
    Curl(String),
    Posts,
    Chat,
    Quit,
}

/// What the owner of an app does in X's console, or X itself does.
pub(super) enum AtX {
    RegenerateToken,
    RegenerateKeys,
    PermissionRead,
    PermissionWrite,
    CreditsEmpty,
    CreditsFull,
    Kill,
}

/// Every command, for `:help`.
pub(super) const COMMANDS: [(&str, &str); 18] = [
    (
        ":values [set]",
        "the names again, or one set with its values",
    ),
    (
        ":authorize [set]",
        "at X: open the bot's link as the set's user, get {pin}",
    ),
    (
        ":regenerate token [set]",
        "at X: a new token pair, for /rotate",
    ),
    (
        ":regenerate keys [set]",
        "at X: a new API key pair; its tokens end",
    ),
    (
        ":permission read|write [set]",
        "at X: what tokens made after this may do",
    ),
    (":credits empty|full [set]", "at X: the prepaid credits"),
    (":kill [set]", "at X: revoke the token; the bot notices"),
    (":x down|up", "X answers nothing but 503, and answers again"),
    (":restart", "stop and start the bot on its database"),
    (":wait 31m", "let time pass (s, m, h)"),
    (":photo [caption]", "send a photo"),
    (":edit text", "edit your last message, if it is still there"),
    (":reply /post", "reply to your last message"),
    (":client", "let a program publish, and show how it does"),
    (":curl text", "publish as that program does"),
    (":posts", "what is published at X"),
    (":chat", "the chat as it looks now"),
    (":quit", "end; so does the end of the input"),
];

/// Reads a line.
///
/// # Errors
/// A command of the demo that there is not, with what there is.
pub(super) fn read(line: &str) -> Result<Input, String> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Input::Nothing);
    }
    if let Some(as_it_is) = line.strip_prefix('\\') {
        return Ok(Input::Verbatim(as_it_is.to_owned()));
    }
    if let Some(command) = line.strip_prefix(':') {
        return command_of(command)
            .map(Input::Command)
            .ok_or_else(|| format!("There is no :{command} here; :help lists what there is."));
    }
    if line.len() <= 2
        && let Ok(number) = line.parse()
    {
        return Ok(Input::Tap(number));
    }
    let label = line
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(label) = label {
        return Ok(Input::Press(label.to_owned()));
    }
    Ok(Input::Say(line.replace("\\n", "\n")))
}

/// Whether a line is a message, and no command of the bot's.
pub(super) fn is_text(line: &str) -> bool {
    !line.trim().starts_with('/') && matches!(read(line), Ok(Input::Say(_)))
}

fn command_of(text: &str) -> Option<Command> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let optional = || Some(rest.to_owned()).filter(|rest| !rest.is_empty());
    Some(match word {
        "help" | "h" | "?" => Command::Help,
        "values" => Command::Values(optional()),
        "authorize" => Command::Authorize(optional()),
        "restart" => Command::Restart,
        "wait" => Command::Wait(duration(rest)?),
        "photo" => Command::Photo(optional()),
        "edit" if !rest.is_empty() => Command::Edit(rest.to_owned()),
        "reply" if !rest.is_empty() => Command::Reply(rest.to_owned()),
        "client" => Command::Client,
        "curl" if !rest.is_empty() => Command::Curl(rest.to_owned()),
        "posts" => Command::Posts,
        "chat" => Command::Chat,
        "quit" | "exit" | "q" => Command::Quit,
        "x" if rest == "down" => Command::XDown,
        "x" if rest == "up" => Command::XUp,
        _ => at_x(word, rest)?,
    })
}

fn at_x(word: &str, rest: &str) -> Option<Command> {
    let mut words = rest.split_whitespace();
    let act = match word {
        "kill" => AtX::Kill,
        _ => match (word, words.next()?) {
            ("regenerate", "token") => AtX::RegenerateToken,
            ("regenerate", "keys") => AtX::RegenerateKeys,
            ("permission", "read") => AtX::PermissionRead,
            ("permission", "write") => AtX::PermissionWrite,
            ("credits", "empty") => AtX::CreditsEmpty,
            ("credits", "full") => AtX::CreditsFull,
            _ => return None,
        },
    };
    Some(Command::AtX(act, words.next().map(str::to_owned)))
}

/// `90s`, `31m` or `2h`, up to a year.
fn duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    let count: u32 = text.get(..text.len() - 1)?.parse().ok()?;
    let seconds = u64::from(count) * unit;
    (seconds <= 366 * 24 * 3600).then_some(Duration::from_secs(seconds))
}
