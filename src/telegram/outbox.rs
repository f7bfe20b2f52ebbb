//! Sends what was promised to a chat, in order: its messages, then its card. What fails is tried again later.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Telegram,
    reply::{self, CallError},
    unit::DELETABLE,
    whole,
};
use crate::{
    domain::{
        account::AccountId,
        linking::{Ending, LinkingState},
    },
    messages::{self, Asked, Language, Role, Worded},
    store::{
        StoreError,
        deletions::{self, OWN},
        dialogues::{self, Dialogue},
        health_checks,
        outbox::{self, Promised},
        progress, unreachable,
    },
    support::{backoff::Backoff, failpoint, incident, metrics::Dropped},
};

/// Pauses while Telegram cannot be reached.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));
/// After two messages about a link within this time, the last one is changed instead of a third being sent.
const QUIET_AFTER_TWO: TimeDelta = TimeDelta::hours(24);
/// A message that could not be sent for so long is dropped: whoever reads it then learns nothing from it.
const KEEP_TRYING: TimeDelta = TimeDelta::days(7);

impl Telegram {
    /// Lets a chat's messages go out.
    pub(super) fn wake_writing(&self, chat: i64) {
        let telegram = self.clone();
        self.writing.wake(chat, None::<()>, move |chat, _| {
            let telegram = telegram.clone();
            async move {
                match incident::guard(telegram.write(chat)).await {
                    Ok(Ok(Written::All)) => return,
                    Ok(Ok(Written::SomeLater)) => {}
                    Ok(Err(error)) => {
                        tracing::error!(error = %error, "messages could not be looked up; trying again");
                    }
                    Err(panicked) => {
                        incident::log(&telegram.random, "messages could not be sent", &panicked);
                    }
                }
                telegram.agenda_changed.notify_one();
            }
        });
    }

    /// Sends what is due, until nothing is or something fails.
    async fn write(&self, chat: i64) -> Result<Written, StoreError> {
        loop {
            let now = self.clock.now();
            if self.stop.is_cancelled() || self.pauses.holds(chat, now) {
                return Ok(Written::SomeLater);
            }
            let reader = self.store.reader();
            let (promised, dialogue, language) = outbox::next(reader, &self.vault, chat).await?;
            let went_on = match (promised, dialogue) {
                // It may have been said already, so it goes into the card: once that says that X is being asked.
                (Some(promised), Some(dialogue))
                    if may_be_said(&promised)
                        && is_asking(&dialogue.state)
                        && dialogue.card_message.is_some() =>
                {
                    if dialogue.card_due_at.is_some_and(|at| at > now) {
                        return Ok(Written::SomeLater);
                    }
                    self.draw_card(chat, &dialogue, language).await?
                }
                (Some(promised), _) if promised.due_at > now => return Ok(Written::SomeLater),
                (Some(promised), _) => self.say(chat, &promised, language).await?,
                (None, Some(dialogue)) if dialogue.card_due_at.is_some_and(|at| at <= now) => {
                    if self.draw_card(chat, &dialogue, language).await? {
                        // Whoever changes more meanwhile lets this run once more.
                        return Ok(Written::All);
                    }
                    false
                }
                (None, _) => return Ok(Written::All),
            };
            if !went_on {
                return Ok(Written::SomeLater);
            }
        }
    }

    /// Says one thing that was promised. `false` if it has to be tried later.
    async fn say(
        &self,
        chat: i64,
        promised: &Promised,
        language: Language,
    ) -> Result<bool, StoreError> {
        let unopened;
        let message = match &promised.message {
            Ok(message) => message,
            Err(error) => {
                let id = incident::log(&self.random, "a message did not open", error);
                unopened = messages::pages::incident(&id).word(language);
                &unopened
            }
        };
        let begun_at = self.clock.now();
        failpoint::hit("outbox.before_send");
        let sent = match promised.role {
            Role::News(account, change) => {
                let health = health_checks::get(self.store.reader(), account).await?;
                if health.is_some_and(|health| health.memory.standing == change.standing()) {
                    self.send_or_edit(chat, account, message).await?
                } else {
                    // It is no longer true.
                    Ok(None)
                }
            }
            Role::Answer(asked) => {
                let sent = self.send_once(chat, promised, asked, message).await?;
                sent.map(Some)
            }
            Role::Plain | Role::Lasting | Role::Progress(_) => {
                reply::send(&self.bot, chat, message).await.map(Some)
            }
        };
        if let Err(CallError::RetryAfter(wait)) = sent {
            self.pauses.begin(chat, self.clock.now() + whole(wait));
        }
        failpoint::hit("outbox.sent");
        let went_on = self
            .insist(|| self.note_said(chat, promised, message, begun_at, sent))
            .await;
        failpoint::hit("outbox.noted");
        Ok(went_on.unwrap_or(false))
    }

    /// Sends a message; X's answer at most once, as far as that can be known: one that may have been sent already is put
    /// into the message that said that X is being asked. The number of the message that says it.
    async fn send_once(
        &self,
        chat: i64,
        promised: &Promised,
        asked: Asked,
        message: &Worded,
    ) -> Result<Result<i32, CallError>, StoreError> {
        if promised.begun {
            if let Some(before) = progress::get(self.store.reader(), chat, asked).await? {
                failpoint::hit("outbox.before_edit");
                let edited = reply::edit(&self.bot, chat, before, message).await;
                failpoint::hit("outbox.edited");
                match edited {
                    // The user deleted it, or it is too old: better twice than never.
                    Err(CallError::NoSuchMessage | CallError::Refused) => {}
                    edited => return Ok(edited.map(|()| before)),
                }
            }
        } else {
            outbox::begin(self.store.light(), promised.id).await?;
            failpoint::hit("outbox.begun");
        }
        Ok(reply::send(&self.bot, chat, message).await)
    }

    /// Sends a message about a link that nobody asked about; the third within a day takes the place of the second. The
    /// number of a message that was sent.
    async fn send_or_edit(
        &self,
        chat: i64,
        account: AccountId,
        message: &Worded,
    ) -> Result<Result<Option<i32>, CallError>, StoreError> {
        let told = health_checks::told(self.store.reader(), account).await?;
        let day_ago = self.clock.now() - QUIET_AFTER_TWO;
        if let (Some(before), Some((last, _))) = (told.before, told.last)
            && before > day_ago
        {
            match reply::edit(&self.bot, chat, last, message).await {
                // The user deleted it, or it is too old.
                Err(CallError::NoSuchMessage | CallError::Refused) => {}
                edited => return Ok(edited.map(|()| None)),
            }
        }
        Ok(reply::send(&self.bot, chat, message).await.map(Some))
    }

    async fn note_said(
        &self,
        chat: i64,
        promised: &Promised,
        message: &Worded,
        begun_at: DateTime<Utc>,
        sent: Result<Option<i32>, CallError>,
    ) -> Result<bool, StoreError> {
        // What was said is said: the note of it may be forced to disk with what is next.
        let mut tx = self.store.begin_light().await?;
        let now = self.clock.now();
        let mut dropped = None;
        let go_on = match after(sent.map(|_| ()), promised.attempts) {
            After::Later(_) if promised.since + KEEP_TRYING <= now => {
                outbox::finish(&mut *tx, &self.vault, chat, promised, None).await?;
                dropped = Some(Dropped::TooLate);
                true
            }
            After::Done => {
                if sent == Err(CallError::Refused) {
                    dropped = Some(Dropped::Refused);
                }
                let reached_at = sent.is_ok().then_some(begun_at);
                let open =
                    outbox::finish(&mut *tx, &self.vault, chat, promised, reached_at).await?;
                if let Ok(Some(number)) = sent {
                    match promised.role {
                        Role::Progress(asked) => {
                            progress::set(&mut *tx, chat, asked, number).await?;
                        }
                        Role::News(account, _) => {
                            health_checks::note_told(&mut *tx, account, number, now).await?;
                        }
                        Role::Plain | Role::Lasting | Role::Answer(_) => {}
                    }
                    if let Some(dialogue) = open {
                        self.keep_card_last(&mut tx, chat, dialogue, message, number)
                            .await?;
                    }
                }
                true
            }
            After::Later(wait) => {
                let begun = promised.begun || sent == Err(CallError::Unanswered);
                outbox::postpone(&mut *tx, promised.id, now + wait, begun).await?;
                false
            }
            After::Blocked => {
                dropped = Some(Dropped::Blocked);
                self.forget_chat(&mut tx, chat).await?;
                false
            }
        };
        tx.commit().await?;
        if let Some(reason) = dropped {
            self.metrics.message_dropped(reason);
            let chat = self.aliases.of(chat);
            tracing::warn!(%chat, reason = reason.as_str(), "a message was dropped");
        }
        Ok(go_on)
    }

    /// Something was said below the card of an open flow: the card moves below it. The question whether to go on is the
    /// card itself until it is answered.
    async fn keep_card_last(
        &self,
        tx: &mut crate::store::Tx,
        chat: i64,
        mut dialogue: Dialogue,
        said: &Worded,
        number: i32,
    ) -> Result<(), StoreError> {
        if dialogue.state.flow_id().is_none() {
            return Ok(());
        }
        let now = self.clock.now();
        let card = dialogue.card_message;
        if card == Some(number) {
            // It was tapped before this was noted.
            return Ok(());
        }
        if let Some(card) = card {
            deletions::insert(tx, OWN, chat, card, None, now + DELETABLE).await?;
        }
        if messages::flow::asks_about(said, &dialogue.state) {
            dialogue.adopt_card(number);
        } else if card.is_some() {
            dialogue.detach_card();
            dialogue.redraw(now);
        } else {
            return Ok(());
        }
        dialogues::save_card(&mut **tx, chat, &dialogue).await
    }

    /// Draws the card of a chat. `false` if it has to be tried later.
    async fn draw_card(
        &self,
        chat: i64,
        dialogue: &Dialogue,
        language: Language,
    ) -> Result<bool, StoreError> {
        let around = self.linker.surroundings(chat, &dialogue.state).await?;
        let now = self.clock.now();
        let card = || messages::card::card(&dialogue.state, &around, now);
        let word = || card().map(|card| card.word(language));
        let card = match incident::catch(word) {
            Ok(card) => card,
            Err(panicked) => {
                incident::log(&self.random, "a card could not be worded", &panicked);
                None
            }
        };
        failpoint::hit(if dialogue.card_message.is_some() {
            "card.before_edit"
        } else {
            "card.before_send"
        });
        let digest = card.as_ref().map(reply::digest);
        let drawn = match &card {
            Some(card) => match dialogue.card_message {
                Some(message) if dialogue.card_digest == digest => Ok(Some(message)),
                Some(message) => match reply::edit(&self.bot, chat, message, card).await {
                    // The user deleted it, or it is too old: a new one takes its place.
                    Err(CallError::NoSuchMessage | CallError::Refused) => {
                        reply::send(&self.bot, chat, card).await.map(Some)
                    }
                    edited => edited.map(|()| Some(message)),
                },
                None => reply::send(&self.bot, chat, card).await.map(Some),
            },
            None => Ok(None),
        };
        if let Err(CallError::RetryAfter(wait)) = drawn {
            self.pauses.begin(chat, self.clock.now() + whole(wait));
        }
        failpoint::hit(if dialogue.card_message.is_some() {
            "card.edited"
        } else {
            "card.sent"
        });
        let went_on = self
            .insist(|| self.note_drawn(chat, dialogue, drawn, digest))
            .await;
        failpoint::hit("card.noted");
        Ok(went_on.unwrap_or(false))
    }

    async fn note_drawn(
        &self,
        chat: i64,
        dialogue: &Dialogue,
        drawn: Result<Option<i32>, CallError>,
        digest: Option<i64>,
    ) -> Result<bool, StoreError> {
        // A statement is a transaction of its own, and need not be forced to disk by itself: the card would be drawn again.
        let light = self.store.light();
        match after(drawn.map(|_| ()), dialogue.card_attempts) {
            After::Done => {
                let message = drawn.ok().flatten().or(dialogue.card_message);
                if is_over(&dialogue.state) {
                    let asking = is_asking(&dialogue.state);
                    dialogues::last_card_drawn(light, chat, dialogue, message, digest, asking)
                        .await?;
                } else if let Some(message) = message {
                    let noted = dialogues::card_drawn(light, chat, dialogue, message, digest);
                    if !noted.await? && Some(message) != dialogue.card_message {
                        // It was to be a new one, before this one was known.
                        let mut tx = self.store.begin().await?;
                        let give_up_at = self.clock.now() + DELETABLE;
                        deletions::insert(&mut tx, OWN, chat, message, None, give_up_at).await?;
                        tx.commit().await?;
                    }
                }
                Ok(true)
            }
            After::Later(wait) => {
                dialogues::postpone_card(light, chat, self.clock.now() + wait).await?;
                Ok(false)
            }
            After::Blocked => {
                let mut tx = self.store.begin().await?;
                self.forget_chat(&mut tx, chat).await?;
                tx.commit().await?;
                Ok(false)
            }
        }
    }

    /// Ends what is under way in a chat that cannot be reached: its flow, its values, what it was promised.
    pub(super) async fn forget_chat(
        &self,
        tx: &mut crate::store::Tx,
        chat: i64,
    ) -> Result<(), StoreError> {
        if let Some(dialogue) = dialogues::get(&mut **tx, &self.vault, chat).await? {
            self.linker.wipe(tx, chat, &dialogue.state).await?;
            dialogues::remove(&mut **tx, chat).await?;
        }
        progress::clear_all(&mut **tx, chat).await?;
        // What they do not know about their links they are told when they are back.
        for (account, change) in outbox::news(&mut **tx, chat).await? {
            if let Some(health) = health_checks::get(&mut **tx, account).await? {
                let memory = health.memory.untold(change);
                health_checks::set_memory(&mut **tx, account, &memory).await?;
            }
        }
        unreachable::note(&mut **tx, chat, self.clock.now()).await?;
        outbox::drop_chat(&mut **tx, chat).await
    }
}

/// Whether a dialogue has nothing left to say once its card is drawn.
fn is_over(state: &LinkingState) -> bool {
    match state {
        LinkingState::Idle => true,
        // Kept until the user knows.
        LinkingState::Closed(closed) => closed.told,
        LinkingState::AwaitingName(_)
        | LinkingState::AwaitingValue(_)
        | LinkingState::ConfirmingValue(_)
        | LinkingState::AwaitingPin(_) => false,
    }
}

/// Whether it is an answer of X's that may have been said already.
fn may_be_said(promised: &Promised) -> bool {
    promised.begun && promised.role == Role::Answer(Asked::Check)
}

/// Whether the card says that X is being asked now.
fn is_asking(state: &LinkingState) -> bool {
    matches!(state, LinkingState::Closed(closed) if closed.ending == Ending::Submitted)
}

enum Written {
    All,
    /// Something has to be tried again at its time.
    SomeLater,
}

enum After {
    Done,
    Later(Duration),
    Blocked,
}

fn after(sent: Result<(), CallError>, attempts: u32) -> After {
    match sent {
        Err(CallError::RetryAfter(wait)) => After::Later(whole(wait)),
        Err(CallError::Unreachable | CallError::Unanswered) => After::Later(PAUSES.pause(attempts)),
        Err(CallError::Blocked) => After::Blocked,
        // Done, or trying again would be refused again.
        Ok(()) | Err(CallError::Refused | CallError::NoSuchMessage | CallError::NotModified) => {
            After::Done
        }
    }
}
