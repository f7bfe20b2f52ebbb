//! What the demo itself says: the welcome, the list of values, `:help`.

use std::{fmt::Write as _, time::Duration};

use addx_sim::x::Post;

use super::{
    input::COMMANDS,
    program::Program,
    values::{Set, Values, WORKS},
};

/// The first thing that is shown.
pub(super) fn welcome(bot: &str, values: &Values) -> String {
    let mut text = format!(
        "addx demo. You are Ada, in a private chat with @{bot}. The bot is the\n\
         real one; its Telegram and its X exist only inside this program, and every value\n\
         here is made up.\n\n\
         Begin with /start or /addx main. A number taps a button; :help lists more.\n\n"
    );
    if let Some(works) = values.set(WORKS) {
        text += "These four work. Paste them one by one or together, or type the names {works.1}\n\
                 to {works.4} instead:\n\n";
        text += &four(works);
        text.push('\n');
    }
    text + &names(values)
}

/// Every name, with what it leads to.
pub(super) fn names(values: &Values) -> String {
    let mut text = "What you can send, by name, and what the bot should then say:\n\n".to_owned();
    for set in &values.sets {
        let name = format!("{{{}}}", set.name);
        let _ = writeln!(text, "  {name:<14} {:<22} {}", set.verdict, set.about);
    }
    for stray in &values.strays {
        let name = format!("{{{}}}", stray.name);
        let _ = writeln!(
            text,
            "  {name:<14} {:<22} {}",
            "not one of the four", stray.about
        );
    }
    text + "\n{works.1} is the first value of a set, {works} all four in one message.\n\
         :values readonly shows the values of that set. {pin} is the last PIN: after\n\
         [Get it from X with a PIN], :authorize opens X as @seedling.\n\n"
}

/// A set with its values, one a line, in the order in which the bot asks.
pub(super) fn values(set: &Set) -> String {
    format!(
        "{{{}}} leads to {}: {}\n\n{}\n",
        set.name,
        set.verdict,
        set.about,
        four(set)
    )
}

/// A set that there is not was asked for.
pub(super) fn no_set(name: &str) -> String {
    format!("There is no set named {name}; :values lists them.")
}

/// What X shows to somebody who authorised an app.
pub(super) fn pin(set: &Set, pin: &str) -> String {
    format!(
        "At X, as @{}: you tap “Authorize app”, and X shows the PIN {pin}. {{pin}} stands for it.",
        set.user.username
    )
}

/// What *Regenerate* shows at the Access Token.
pub(super) fn new_token(set: &Set) -> String {
    let Set { name, values, .. } = set;
    format!(
        "X made a new token pair, and the old one ends.\n\
         {{{name}.3}} and {{{name}.4}} are these now:\n\n{}\n{}\n\n",
        values[2], values[3]
    )
}

/// What *Regenerate* shows at the Consumer Key.
pub(super) fn new_keys(set: &Set) -> String {
    let Set { name, values, .. } = set;
    format!(
        "X made a new API key pair; the old one ends, and its tokens with it.\n\
         A new token: :regenerate token {name}\n\
         {{{name}.1}} and {{{name}.2}} are these now:\n\n{}\n{}\n\n",
        values[0], values[1]
    )
}

/// `:help`
pub(super) fn help() -> String {
    let mut text = "What you type goes to the bot, except for:\n\n".to_owned();
    let lines = [
        ("1, 2, …", "taps the button with that number"),
        ("[Cancel]", "taps the lowest button with that label"),
        (
            "{works.1}, {works}",
            "becomes the value, all four in one message",
        ),
        ("a\\nb", "is sent as one message of two lines"),
        ("\\7", "is sent as it is, without the backslash"),
    ];
    for (what, meaning) in lines.into_iter().chain(COMMANDS) {
        let _ = writeln!(text, "  {what:<29} {meaning}");
    }
    text + "\n[set] is a name from :values; without it, works is meant.\n\n"
}

/// What a program needs to publish.
pub(super) fn program(program: &Program) -> String {
    format!(
        "The operator made a client, as addx client add does, and gave it your accounts.\n\
         It publishes so, also from another terminal while the demo runs:\n\n{}\n\n\
         :curl text does the same here.\n\n",
        program.as_curl("Hello from curl")
    )
}

/// What is published.
pub(super) fn posts(posts: &[Post]) -> String {
    if posts.is_empty() {
        return "Nothing is published at X.".to_owned();
    }
    let lines: Vec<String> = posts
        .iter()
        .map(|post| format!("x.com/i/status/{}: {}", post.id, post.text))
        .collect();
    lines.join("\n")
}

fn four(set: &Set) -> String {
    set.values
        .iter()
        .fold(String::new(), |text, value| text + value + "\n")
}

/// Says that time was skipped.
pub(super) fn later(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 3600 && seconds % 3600 == 0 => {
            format!("⏩ {} h later", seconds / 3600)
        }
        seconds if seconds > 60 && seconds % 60 == 0 => format!("⏩ {} min later", seconds / 60),
        seconds => format!("⏩ {seconds} s later"),
    }
}
