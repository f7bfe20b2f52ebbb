//! The screen: draws what has changed in the chat since it was last drawn, and numbers the buttons.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use addx_sim::telegram::{Button, ButtonKind, Chat, SeenMessage, TapAnswer};

use super::{Manner, Pace, html};

/// As wide as a message gets; Telegram's are narrow too.
const WIDTH: usize = 76;

const BOLD: &str = "1";
const DIM: &str = "2";
const BUTTON: &str = "34";

/// What stands in front of what a person types.
const PROMPT: &str = "you ▸ ";

/// A button as it was numbered.
#[derive(Clone)]
pub(super) struct Numbered {
    pub(super) message: i32,
    pub(super) button: Button,
}

/// Where everything is printed.
pub(super) struct Screen<W> {
    out: W,
    manner: Manner,
    /// The messages as they were last drawn.
    drawn: BTreeMap<i32, SeenMessage>,
    buttons: Vec<Numbered>,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W, manner: Manner) -> Self {
        Self {
            out,
            manner,
            drawn: BTreeMap::new(),
            buttons: Vec::new(),
        }
    }

    /// Asks for a line.
    pub(super) fn prompt(&mut self) -> io::Result<()> {
        if self.manner.pace == Pace::Live {
            let prompt = self.paint(BOLD, PROMPT);
            write!(self.out, "{prompt}")?;
        }
        self.out.flush()
    }

    /// Leaves the line of the prompt, for something that nobody typed.
    pub(super) fn leave_prompt(&mut self) -> io::Result<()> {
        match (self.manner.pace, self.manner.color) {
            (Pace::Live, true) => write!(self.out, "\r\x1b[K"),
            (Pace::Live, false) => writeln!(self.out),
            (Pace::Scripted, _) => Ok(()),
        }
    }

    /// Leaves a prompt that nobody will answer.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match self.manner.pace {
            Pace::Live => writeln!(self.out),
            Pace::Scripted => self.out.flush(),
        }
    }

    /// Repeats a line that a script sends; in a terminal it stands there already.
    pub(super) fn echo(&mut self, line: &str) -> io::Result<()> {
        if self.manner.pace == Pace::Scripted && !line.trim().is_empty() {
            writeln!(self.out, "{PROMPT}{line}")?;
        }
        Ok(())
    }

    /// Something that the demo says itself.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        for line in text.lines() {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Something that the demo says itself, less loudly.
    pub(super) fn note(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(DIM, &format!("  {text}"));
        self.say(&text)
    }

    /// The short answer to a tap.
    pub(super) fn toast(&mut self, answer: &TapAnswer) -> io::Result<()> {
        if answer.text.is_empty() {
            return Ok(());
        }
        self.note(&format!("💬 {}", answer.text))
    }

    /// The button with this number.
    pub(super) fn numbered(&self, number: usize) -> Option<&Numbered> {
        self.buttons.get(number.checked_sub(1)?)
    }

    /// Whether the chat differs from what was drawn.
    pub(super) fn is_outdated(&self, chat: &Chat) -> bool {
        chat.messages.len() != self.drawn.len()
            || chat
                .messages
                .iter()
                .any(|message| self.change(message).is_some())
    }

    /// Draws what has changed. The newest buttons get the numbers.
    pub(super) fn draw(&mut self, chat: &Chat) -> io::Result<()> {
        self.draw_deletions(chat)?;
        let changed: Vec<(Change, &SeenMessage)> = chat
            .messages
            .iter()
            .filter_map(|message| Some((self.change(message)?, message)))
            .collect();
        if changed
            .iter()
            .any(|(_, message)| !message.buttons.is_empty())
        {
            self.buttons.clear();
        }
        for &(change, message) in &changed {
            self.draw_message(change, message)?;
            self.drawn.insert(message.id, message.clone());
        }
        self.end_of_news(!changed.is_empty())
    }

    /// Draws the whole chat as a person would see it.
    pub(super) fn draw_all(&mut self, chat: &Chat) -> io::Result<()> {
        self.buttons.clear();
        if chat.messages.is_empty() {
            return self.note("(the chat is empty)");
        }
        for message in &chat.messages {
            if message.from_bot {
                self.draw_message(Change::New, message)?;
            } else {
                let what = message
                    .media
                    .map(|media| format!("({media}) "))
                    .unwrap_or_default();
                self.say(&format!(
                    "\n  you\n  │ {what}{}",
                    message.text.replace('\n', "\n  │ ")
                ))?;
            }
        }
        self.end_of_news(true)
    }

    /// Sets off what was drawn from what comes next.
    fn end_of_news(&mut self, drawn: bool) -> io::Result<()> {
        if drawn {
            writeln!(self.out)?;
        }
        self.out.flush()
    }

    fn change(&self, message: &SeenMessage) -> Option<Change> {
        match self.drawn.get(&message.id) {
            None => Some(Change::New),
            Some(drawn) if drawn.html != message.html || drawn.buttons != message.buttons => {
                Some(Change::Edited)
            }
            Some(_) => None,
        }
    }

    /// Says which messages are gone: also those that went before they were ever drawn.
    fn draw_deletions(&mut self, chat: &Chat) -> io::Result<()> {
        let gone: Vec<i32> = self
            .drawn
            .keys()
            .copied()
            .filter(|id| chat.message(*id).is_none())
            .collect();
        let gone: Vec<SeenMessage> = gone.iter().filter_map(|id| self.drawn.remove(id)).collect();
        let of_the_bot = gone.iter().filter(|message| message.from_bot).count();
        match gone.len() - of_the_bot {
            0 => {}
            1 => self.note("🗑 the bot deleted your message")?,
            more => self.note(&format!("🗑 the bot deleted {more} of your messages"))?,
        }
        match of_the_bot {
            0 => Ok(()),
            1 => self.note("🗑 the bot took back a message of its own"),
            more => self.note(&format!("🗑 the bot took back {more} messages of its own")),
        }
    }

    /// Notes a message of the person's: it is on the screen, because they typed it.
    pub(super) fn typed(&mut self, message: SeenMessage) {
        self.drawn.insert(message.id, message);
    }

    fn draw_message(&mut self, change: Change, message: &SeenMessage) -> io::Result<()> {
        let who = match change {
            Change::New => "addx",
            Change::Edited => "addx · the same message, updated",
        };
        let who = self.paint(BOLD, who);
        let bar = self.paint(DIM, "│");
        writeln!(self.out, "\n  {who}")?;
        for line in html::lines(&message.html, WIDTH, self.manner.color) {
            writeln!(self.out, "{}", format!("  {bar} {line}").trim_end())?;
        }
        if !message.buttons.is_empty() {
            writeln!(self.out, "  {bar}")?;
        }
        for row in &message.buttons {
            let row: Vec<String> = row
                .iter()
                .map(|button| self.number(message.id, button))
                .collect();
            writeln!(self.out, "  {bar} {}", row.join("   "))?;
        }
        Ok(())
    }

    /// Gives a button the next number, and draws it.
    fn number(&mut self, message: i32, button: &Button) -> String {
        self.buttons.push(Numbered {
            message,
            button: button.clone(),
        });
        let number = self.buttons.len();
        let drawn = self.paint(BUTTON, &format!("[{number}] {}", button.label));
        match &button.kind {
            ButtonKind::Callback(_) | ButtonKind::Other => drawn,
            ButtonKind::Url(address) | ButtonKind::WebApp(address) => {
                format!("{drawn} → {address}")
            }
            ButtonKind::CopyText(text) => format!("{drawn} ⧉ {text}"),
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.manner.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[derive(Clone, Copy)]
enum Change {
    New,
    Edited,
}
