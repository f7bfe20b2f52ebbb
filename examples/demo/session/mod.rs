//! A session: takes lines, does what they say, and draws what came of it once the bot has come to rest.

mod help;
mod html;
mod input;
mod program;
mod screen;
mod stage;
mod values;

use std::{collections::VecDeque, io::Write, time::Duration};

use addx_sim::{
    telegram::{Button, ButtonKind, Sent, Tapped},
    x::{AppPermission, AppState},
};
use tokio::sync::mpsc::UnboundedReceiver;

use self::{
    input::{AtX, Command, Input},
    program::Program,
    screen::{Numbered, Screen},
    stage::Stage,
    values::{Values, WORKS},
};

/// Lines that follow one another so quickly were pasted.
const PASTED: Duration = Duration::from_millis(30);

/// How time passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As on the machine: somebody types.
    Live,
    /// It stands still between the lines, and skips what a script would have to wait for: every run reads the same.
    Scripted,
}

/// How a session is shown.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) pace: Pace,
    /// Whether escape sequences may be written.
    pub(crate) color: bool,
    /// The language of the person's Telegram.
    pub(crate) language: &'static str,
}

/// Plays until the lines end.
///
/// # Errors
/// Something could not be started, the bot failed, or `out` is closed.
pub(crate) async fn run(
    mut lines: UnboundedReceiver<String>,
    out: impl Write,
    manner: Manner,
) -> anyhow::Result<()> {
    let mut session = Session::start(out, manner).await?;
    session.welcome()?;
    while let Some(line) = session.next_line(&mut lines).await? {
        session.screen.echo(&line)?;
        if session.take(&line).await? == Next::End {
            break;
        }
    }
    session.screen.end()?;
    session.stage.stop_bot().await
}

#[derive(PartialEq, Eq)]
enum Next {
    Line,
    End,
}

struct Session<W> {
    stage: Stage,
    values: Values,
    screen: Screen<W>,
    manner: Manner,
    last_sent: Option<Sent>,
    /// The program that publishes, once there is one.
    program: Option<Program>,
    /// Lines that were pasted together and are taken one after the other.
    pasted: VecDeque<String>,
}

impl<W: Write> Session<W> {
    async fn start(out: W, manner: Manner) -> anyhow::Result<Self> {
        let stage = Stage::start(manner.pace, manner.language).await?;
        Ok(Self {
            values: Values::new(&stage.x),
            screen: Screen::new(out, manner),
            stage,
            manner,
            last_sent: None,
            program: None,
            pasted: VecDeque::new(),
        })
    }

    fn welcome(&mut self) -> anyhow::Result<()> {
        let text = help::welcome(self.stage.bot_username(), &self.values);
        Ok(self.screen.say(&text)?)
    }

    /// The next line, or several that were pasted at once: those are one message, as they are in Telegram.
    async fn next_line(
        &mut self,
        lines: &mut UnboundedReceiver<String>,
    ) -> anyhow::Result<Option<String>> {
        self.screen.prompt()?;
        if let Some(line) = self.pasted.pop_front() {
            self.screen.say(&line)?;
            return Ok(Some(line));
        }
        let Some(first) = self.typed_line(lines).await? else {
            return Ok(None);
        };
        if self.manner.pace == Pace::Live {
            while let Ok(Some(line)) = tokio::time::timeout(PASTED, lines.recv()).await {
                self.pasted.push_back(line);
            }
        }
        let is_one_message =
            input::is_text(&first) && self.pasted.iter().all(|line| input::is_text(line));
        if !is_one_message {
            return Ok(Some(first));
        }
        let message = self
            .pasted
            .drain(..)
            .fold(first, |all, line| all + "\n" + &line);
        Ok(Some(message))
    }

    /// Waits for a line. What the bot does by itself meanwhile is drawn when it happens.
    async fn typed_line(
        &mut self,
        lines: &mut UnboundedReceiver<String>,
    ) -> anyhow::Result<Option<String>> {
        loop {
            let (screen, person) = (&self.screen, &self.stage.person);
            let chat = tokio::select! {
                biased;
                line = lines.recv() => return Ok(line),
                chat = person.wait_for(|chat| screen.is_outdated(chat)) => chat,
            };
            // Nothing happened for a while: an error to a test, not here.
            if chat.is_ok() {
                self.screen.leave_prompt()?;
                self.show().await?;
                self.screen.prompt()?;
            }
        }
    }

    async fn take(&mut self, line: &str) -> anyhow::Result<Next> {
        let read = input::read(line).and_then(|input| self.fill_in(input));
        match read {
            Err(complaint) => self.screen.note(&complaint)?,
            Ok(Input::Nothing) => {}
            Ok(Input::Say(text) | Input::Verbatim(text)) => {
                let sent = self.stage.person.say(&text);
                self.sent(sent).await?;
            }
            Ok(Input::Tap(number)) => self.tap_numbered(number).await?,
            Ok(Input::Press(label)) => self.press(&label).await?,
            Ok(Input::Command(Command::Quit)) => return Ok(Next::End),
            Ok(Input::Command(command)) => self.obey(command).await?,
        }
        Ok(Next::Line)
    }

    fn fill_in(&self, input: Input) -> Result<Input, String> {
        let fill_in = |text: String| self.values.fill_in(&text);
        Ok(match input {
            Input::Say(text) => Input::Say(fill_in(text)?),
            Input::Command(Command::Edit(text)) => Input::Command(Command::Edit(fill_in(text)?)),
            Input::Command(Command::Photo(Some(text))) => {
                Input::Command(Command::Photo(Some(fill_in(text)?)))
            }
            other => other,
        })
    }

    /// Waits until the bot has come to rest, and draws what changed; skips what a script would have to wait for.
    async fn show(&mut self) -> anyhow::Result<()> {
        loop {
            self.stage.rest().await?;
            self.screen.draw(&self.stage.person.chat())?;
            let Some(wait) = self.stage.until_next_answer().await? else {
                return Ok(());
            };
            self.screen.note(&help::later(wait))?;
            self.stage.advance(wait);
        }
    }

    async fn sent(&mut self, sent: Sent) -> anyhow::Result<()> {
        self.last_sent = Some(sent);
        let history = self.stage.person.history();
        let own = history
            .into_iter()
            .rfind(|message| message.id == sent.message_id);
        if let Some(own) = own {
            self.screen.typed(own);
        }
        self.show().await
    }

    async fn tap_numbered(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(numbered) = self.screen.numbered(number).cloned() else {
            return Ok(self.screen.note(&format!(
                "There is no button {number}. To send it as a message: \\{number}"
            ))?);
        };
        self.tap(&numbered).await
    }

    /// Taps the lowest button with a label, drawn lately or not.
    async fn press(&mut self, label: &str) -> anyhow::Result<()> {
        let chat = self.stage.person.chat();
        let found = chat.messages.iter().rev().find_map(|message| {
            let button = message.button(label)?.clone();
            let message = message.id;
            Some(Numbered { message, button })
        });
        match found {
            Some(button) => self.tap(&button).await,
            None => Ok(self.screen.note(&format!(
                "There is no button [{label}]. To send it as a message: \\[{label}]"
            ))?),
        }
    }

    async fn tap(&mut self, numbered: &Numbered) -> anyhow::Result<()> {
        let Numbered { message, button } = numbered;
        let Button { label, kind } = button;
        match kind {
            ButtonKind::Callback(data) => {
                self.screen.note(&format!("👆 {label}"))?;
                let still_there = self.is_still_there(*message, button);
                if !still_there {
                    self.screen
                        .note("(the button is no longer there; a slow phone may still send it)")?;
                }
                let tapped = self.stage.person.tap_data(*message, data);
                self.show().await?;
                self.show_answer(&tapped)
            }
            ButtonKind::Url(address) | ButtonKind::WebApp(address) => Ok(self
                .screen
                .note(&format!("Telegram would open {address}"))?),
            ButtonKind::CopyText(text) => {
                Ok(self.screen.note(&format!("Telegram would copy {text}"))?)
            }
            ButtonKind::Other => Ok(self.screen.note("The demo cannot tap this one.")?),
        }
    }

    fn is_still_there(&self, message: i32, button: &Button) -> bool {
        let chat = self.stage.person.chat();
        let message = chat.message(message);
        message.is_some_and(|message| {
            message
                .buttons
                .iter()
                .flatten()
                .any(|there| there == button)
        })
    }

    fn show_answer(&mut self, tapped: &Tapped) -> anyhow::Result<()> {
        if let Some(answer) = self.stage.person.answer_to(tapped) {
            self.screen.toast(&answer)?;
        }
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> anyhow::Result<()> {
        match command {
            Command::Help => self.screen.say(&help::help())?,
            Command::Values(None) => self.screen.say(&help::names(&self.values))?,
            Command::Values(Some(set)) => self.show_values(&set)?,
            Command::AtX(act, set) => self.act_at_x(&act, set.as_deref().unwrap_or(WORKS))?,
            Command::Authorize(set) => self.authorize(set.as_deref().unwrap_or(WORKS))?,
            Command::XDown => {
                self.stage.set_x_down(true);
                self.screen.note("X answers nothing but 503 now.")?;
            }
            Command::XUp => {
                self.stage.set_x_down(false);
                self.screen.note("X answers again.")?;
            }
            Command::Restart => {
                self.stage.stop_bot().await?;
                self.stage.start_bot().await?;
                self.screen
                    .note("The bot was stopped and runs again, on the same database.")?;
                self.show().await?;
            }
            Command::Wait(time) => {
                self.screen.note(&help::later(time))?;
                self.stage.advance(time);
                self.show().await?;
            }
            Command::Photo(caption) => {
                let sent = self.stage.person.send_photo(caption.as_deref());
                self.sent(sent).await?;
            }
            Command::Edit(text) => self.edit(&text).await?,
            Command::Reply(text) => match self.last_sent {
                Some(last) => {
                    let sent = self.stage.person.reply_to(last.message_id, &text);
                    self.sent(sent).await?;
                }
                None => self.screen.note("You have not said anything yet.")?,
            },
            Command::Client => {
                let Some(program) = self.stage.new_program().await? else {
                    return Ok(self.screen.note("Link an account first: /addx main")?);
                };
                self.screen.say(&help::program(&program))?;
                self.program = Some(program);
                // The bot looks for what another process has promised its user once a minute.
                let minute = Duration::from_mins(1);
                self.screen.note(&help::later(minute))?;
                self.stage.advance(minute);
                self.show().await?;
            }
            Command::Curl(text) => {
                let answer = match &self.program {
                    Some(program) => program.post(&text).await?,
                    None => "There is no program yet; :client makes one.".to_owned(),
                };
                self.screen.note(&answer)?;
                self.show().await?;
            }
            Command::Posts => {
                let posts = help::posts(&self.stage.x.posts());
                self.screen.note(&posts)?;
            }
            Command::Chat => {
                let chat = self.stage.person.chat();
                self.screen.draw_all(&chat)?;
            }
            Command::Quit => {}
        }
        Ok(())
    }

    async fn edit(&mut self, text: &str) -> anyhow::Result<()> {
        let edited = self
            .last_sent
            .and_then(|sent| self.stage.person.edit(sent.message_id, text).ok());
        match edited {
            Some(sent) => self.sent(sent).await,
            None => Ok(self
                .screen
                .note("Your last message is gone, so it cannot be edited.")?),
        }
    }

    /// What a person does behind the newest link to X: the PIN.
    fn authorize(&mut self, name: &str) -> anyhow::Result<()> {
        let chat = self.stage.person.chat();
        let link = chat.messages.iter().rev().find_map(|message| {
            let mut buttons = message.buttons.iter().flatten();
            buttons.find_map(|button| match &button.kind {
                ButtonKind::Url(address) => address.split_once("oauth_token="),
                _ => None,
            })
        });
        let Some((_, token)) = link else {
            let none = "There is no link to X; [Get it from X with a PIN] asks for one.";
            return Ok(self.screen.note(none)?);
        };
        let token = token.split('&').next().unwrap_or_default();
        let Some(set) = self.values.set(name) else {
            return self.show_values(name);
        };
        let said = match self.stage.x.authorize(token, &set.user) {
            Ok(pin) => {
                let said = help::pin(set, &pin);
                self.values.pin = Some(pin);
                said
            }
            Err(error) => format!("X says: {error}."),
        };
        Ok(self.screen.note(&said)?)
    }

    fn show_values(&mut self, name: &str) -> anyhow::Result<()> {
        match self.values.set(name) {
            Some(set) => self.screen.say(&help::values(set))?,
            None => self.screen.note(&help::no_set(name))?,
        }
        Ok(())
    }

    fn act_at_x(&mut self, act: &AtX, name: &str) -> anyhow::Result<()> {
        let Some(set) = self.values.set_mut(name) else {
            return self.show_values(name);
        };
        let done = match act {
            AtX::RegenerateToken => {
                set.regenerate_token();
                return Ok(self.screen.say(&help::new_token(set))?);
            }
            AtX::RegenerateKeys => {
                set.regenerate_keys();
                return Ok(self.screen.say(&help::new_keys(set))?);
            }
            AtX::PermissionRead => {
                set.app.set_permission(AppPermission::Read);
                "The app is on Read now. Tokens that exist keep what they may do."
            }
            AtX::PermissionWrite => {
                set.app.set_permission(AppPermission::ReadWrite);
                "The app is on Read and write now. Tokens that exist keep what they may do."
            }
            AtX::CreditsEmpty => {
                set.app.set_state(AppState::NoCredits);
                "The app's prepaid credits are used up now."
            }
            AtX::CreditsFull => {
                set.app.set_state(AppState::Enrolled);
                "The app has credits now."
            }
            AtX::Kill => {
                set.app.revoke(&set.user);
                "The user has revoked the token at X. The bot asks by itself once a minute here: :wait 1m"
            }
        };
        Ok(self.screen.note(done)?)
    }
}
