//! Sends what was promised to a chat, in order: its messages, then its card. What fails is tried again later.

use std::time::Duration;

use super::{
    Telegram,
    reply::{self, CallError},
    texts,
};
use crate::{
    domain::linking::LinkingState,
    store::{
        StoreError,
        dialogues::{self, Dialogue},
        outbox, values,
    },
};

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A message that failed so often for another reason than the network is dropped.
const MAX_ATTEMPTS: u32 = 100;

impl Telegram {
    /// Lets a chat's messages go out.
    pub(super) fn wake_writing(&self, chat: i64) {
        let telegram = self.clone();
        self.writing.wake(chat, None::<()>, move |chat, _| {
            let telegram = telegram.clone();
            async move {
                match telegram.write(chat).await {
                    Ok(Written::All) => {}
                    Ok(Written::SomeLater) => telegram.agenda_changed.notify_one(),
                    Err(error) => {
                        tracing::error!(error = %error, "messages could not be sent; trying again");
                        telegram.agenda_changed.notify_one();
                    }
                }
            }
        });
    }

    /// Sends what is due, until nothing is or something fails.
    async fn write(&self, chat: i64) -> Result<Written, StoreError> {
        loop {
            if self.stop.is_cancelled() {
                return Ok(Written::SomeLater);
            }
            if let Some(promised) = outbox::next(self.store.reader(), chat).await? {
                if promised.due_at > self.clock.now() {
                    return Ok(Written::SomeLater);
                }
                let sent = match texts::notice(&promised.notice, &self.words()) {
                    Some(reply) => reply::send(&self.bot, chat, reply).await.map(|_| ()),
                    None => Ok(()),
                };
                let mut tx = self.store.begin().await?;
                let go_on = match after(sent, promised.attempts) {
                    After::Done => {
                        outbox::finish(&mut *tx, promised.id).await?;
                        true
                    }
                    After::Later(wait) => {
                        outbox::postpone(&mut *tx, promised.id, self.clock.now() + wait).await?;
                        false
                    }
                    After::Unreachable => {
                        self.forget_chat(&mut tx, chat).await?;
                        false
                    }
                };
                tx.commit().await?;
                if go_on {
                    continue;
                }
                return Ok(Written::SomeLater);
            }
            let dialogue = self.dialogues.get(self.store.reader(), chat).await?;
            match dialogue {
                Some(dialogue)
                    if dialogue
                        .card_due_at
                        .is_some_and(|at| at <= self.clock.now()) =>
                {
                    if !self.draw_card(chat, &dialogue).await? {
                        return Ok(Written::SomeLater);
                    }
                }
                Some(_) | None => return Ok(Written::All),
            }
        }
    }

    /// Draws the card of a chat. `false` if it has to be tried later.
    async fn draw_card(&self, chat: i64, dialogue: &Dialogue) -> Result<bool, StoreError> {
        let key_pair = match dialogue.state.account() {
            Some(account) => values::data_key(self.store.reader(), chat, account)
                .await?
                .and_then(|wrapped| wrapped.key_pair)
                .map(|(outcome, _)| outcome),
            None => None,
        };
        let drawn = match texts::card(&dialogue.state, key_pair, &self.words()) {
            Some(card) => match dialogue.card_message {
                Some(message) => match reply::edit(&self.bot, chat, message, card.clone()).await {
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
        let (message, sent) = match drawn {
            Ok(message) => (message, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let mut tx = self.store.begin().await?;
        let go_on = match after(sent, dialogue.card_attempts) {
            After::Done => {
                let newest = self.dialogues.get(&mut *tx, chat).await?;
                let over = newest.is_some_and(|newest| {
                    newest.revision == dialogue.revision && is_over(&newest.state)
                });
                if over {
                    self.dialogues.remove(&mut *tx, chat).await?;
                } else if let Some(message) = message.or(dialogue.card_message) {
                    dialogues::card_drawn(&mut *tx, chat, dialogue.revision, message).await?;
                }
                true
            }
            After::Later(wait) => {
                dialogues::postpone_card(&mut *tx, chat, self.clock.now() + wait).await?;
                false
            }
            After::Unreachable => {
                self.forget_chat(&mut tx, chat).await?;
                false
            }
        };
        tx.commit().await?;
        Ok(go_on)
    }

    /// Ends what is under way in a chat that cannot be reached: its flow, its values, what it was promised.
    pub(super) async fn forget_chat(
        &self,
        tx: &mut crate::store::Tx,
        chat: i64,
    ) -> Result<(), StoreError> {
        if let Some(dialogue) = self.dialogues.get(&mut **tx, chat).await? {
            self.linker.wipe(tx, chat, &dialogue.state).await?;
            self.dialogues.remove(&mut **tx, chat).await?;
        }
        outbox::drop_chat(&mut **tx, chat).await?;
        self.erased();
        Ok(())
    }

    fn words(&self) -> texts::Words<'_> {
        texts::Words {
            bot_username: self.me.username(),
            now: self.clock.now(),
        }
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
        | LinkingState::ConfirmingValue(_) => false,
    }
}

enum Written {
    All,
    /// Something has to be tried again at its time.
    SomeLater,
}

enum After {
    Done,
    Later(Duration),
    Unreachable,
}

fn after(sent: Result<(), CallError>, attempts: u32) -> After {
    match sent {
        Ok(()) => After::Done,
        Err(CallError::RetryAfter(wait)) => After::Later(wait),
        Err(CallError::Unreachable) if attempts < MAX_ATTEMPTS => {
            let pause = Duration::from_secs(1 << attempts.min(9));
            After::Later(pause.min(LONGEST_PAUSE))
        }
        Err(CallError::Blocked) => After::Unreachable,
        // Trying again would be refused again.
        Err(
            CallError::Unreachable
            | CallError::Refused
            | CallError::NoSuchMessage
            | CallError::NotModified,
        ) => After::Done,
    }
}
