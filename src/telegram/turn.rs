//! One update's changes: state, account and promised messages in one transaction, together with the note that the update
//! was handled. A second delivery of the same update finds that note and changes nothing.

use teloxide::types::Message;

use super::{FLOW_LIFETIME, Telegram, reply::CallError, whole};
use crate::{
    domain::{
        linking::{Closed, Ending, LinkingState, Remark},
        notice::Notice,
    },
    failpoint,
    store::{StoreError, Tx, deletions, dialogues, inbox, outbox},
};

/// Telegram deletes no message older than this.
pub(super) const DELETABLE: chrono::TimeDelta = chrono::TimeDelta::hours(48);

/// What is known of an update before it is handled.
#[derive(Clone)]
pub(super) struct Visit {
    /// The update's number.
    pub(super) update: i64,
    /// The chat it came from; in a private chat also the user's id.
    pub(super) chat: i64,
    /// What became of the message, if it had to go.
    pub(super) deletion: Option<Removal>,
}

/// What became of a message that had to go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removal {
    message: i32,
    give_up_at: chrono::DateTime<chrono::Utc>,
    outcome: Result<(), CallError>,
}

impl Removal {
    /// Notes the outcome of deleting `message`.
    pub(super) fn new(message: &Message, outcome: Result<(), CallError>) -> Self {
        Self {
            message: message.id.0,
            give_up_at: message.date + DELETABLE,
            outcome,
        }
    }

    /// A message of which nobody knows whether it is gone: handling it failed before it was deleted.
    pub(super) fn unknown(message: &Message) -> Self {
        Self::new(message, Err(CallError::Unanswered))
    }

    /// Whether the message is gone.
    pub(super) fn is_done(self) -> bool {
        self.outcome.is_ok()
    }
}

/// An open transaction for one update.
pub(super) struct Turn<'a> {
    telegram: &'a Telegram,
    visit: &'a Visit,
    pub(super) tx: Tx,
    /// Deletions wait.
    deletions: bool,
    /// What the user must do about a message that could not be deleted, unless that is said otherwise.
    warning: Option<Notice>,
    /// Other chats that were promised something.
    others: Vec<i64>,
}

impl<'a> Turn<'a> {
    /// Begins. `None`: the update was handled already.
    pub(super) async fn begin(
        telegram: &'a Telegram,
        visit: &'a Visit,
        state: &LinkingState,
    ) -> Result<Option<Self>, StoreError> {
        let mut tx = telegram.store.begin().await?;
        // Noted first: it counts together with all that follows, or not at all.
        if !inbox::finish(&mut *tx, visit.update).await? {
            drop(tx);
            return Ok(None);
        }
        let mut turn = Self {
            telegram,
            visit,
            tx,
            deletions: false,
            warning: None,
            others: Vec::new(),
        };
        if let Some(removal) = visit.deletion {
            turn.deletions |= !removal.is_done();
            turn.warning = record(telegram, &mut turn.tx, visit.chat, removal).await?;
        }
        turn.tell_expiry(state).await?;
        failpoint::hit("turn.begun");
        Ok(Some(turn))
    }

    /// The chat; in a private one also the user, and so the owner of accounts.
    pub(super) fn chat(&self) -> i64 {
        self.visit.chat
    }

    /// Where the dialogue stands now, if it waits for a PIN: X's answers move it too, beside the updates. Every other state
    /// changes only with an update.
    pub(super) async fn newest(&mut self, state: LinkingState) -> Result<LinkingState, StoreError> {
        if !matches!(state, LinkingState::AwaitingPin(_)) {
            return Ok(state);
        }
        let dialogues = &self.telegram.dialogues;
        let dialogue = dialogues.get(&mut *self.tx, self.visit.chat).await?;
        Ok(dialogue.map_or_else(LinkingState::default, |dialogue| dialogue.state))
    }

    /// A flow that had rested too long is mentioned once, with whatever comes next.
    async fn tell_expiry(&mut self, state: &LinkingState) -> Result<(), StoreError> {
        let LinkingState::Closed(closed) = state else {
            return Ok(());
        };
        if closed.ending == Ending::Expired && !closed.told {
            let told = Closed {
                told: true,
                ..closed.clone()
            };
            self.go(&LinkingState::Closed(told)).await?;
            self.say(&Notice::Expired {
                purpose: closed.purpose.clone(),
                deleted: self.visit.deletion.is_some_and(Removal::is_done),
            })
            .await?;
        }
        Ok(())
    }

    /// Promises a message to another chat.
    pub(super) async fn say_to(&mut self, chat: i64, notice: &Notice) -> Result<(), StoreError> {
        self.others.push(chat);
        let now = self.telegram.clock.now();
        let word = || super::notices::word(notice, self.telegram.me.username(), now);
        outbox::push(&mut self.tx, &self.telegram.vault, chat, word, now).await
    }

    /// Promises a message to the chat.
    pub(super) async fn say(&mut self, notice: &Notice) -> Result<(), StoreError> {
        let now = self.telegram.clock.now();
        let word = || super::notices::word(notice, self.telegram.me.username(), now);
        outbox::push(
            &mut self.tx,
            &self.telegram.vault,
            self.visit.chat,
            word,
            now,
        )
        .await
    }

    /// Opens a flow, with a card of its own.
    pub(super) async fn open_flow(&mut self, state: &LinkingState) -> Result<(), StoreError> {
        self.go(state).await?;
        dialogues::detach_card(&mut *self.tx, self.visit.chat).await
    }

    /// Moves the dialogue to `state`; its card follows.
    pub(super) async fn go(&mut self, state: &LinkingState) -> Result<(), StoreError> {
        let expires_at = state
            .flow_id()
            .map(|_| self.telegram.clock.now() + FLOW_LIFETIME);
        let dialogues = &self.telegram.dialogues;
        dialogues
            .put(&mut *self.tx, self.visit.chat, state, expires_at)
            .await
    }

    /// Ends the dialogue; its card says how, and what is to say about the last message.
    pub(super) async fn close_flow(
        &mut self,
        before: &LinkingState,
        ending: Ending,
        remark: Option<Remark>,
    ) -> Result<(), StoreError> {
        let purpose = before.flow().map(|flow| flow.purpose.clone());
        let told = ending != Ending::Expired;
        self.go(&LinkingState::Closed(Closed {
            purpose,
            ending,
            told,
            remark,
        }))
        .await
    }

    /// Says that a secret came unasked, and what became of it.
    pub(super) async fn say_stray_secret(
        &mut self,
        removal: Removal,
        in_group: bool,
    ) -> Result<(), StoreError> {
        self.warning = None;
        let deleted = removal.is_done();
        self.say(&Notice::StraySecret { deleted, in_group }).await
    }

    /// Asks whether to go on with the open flow, in the place of its card.
    pub(super) async fn ask_about_open_flow(
        &mut self,
        state: &LinkingState,
        may_start_over: bool,
    ) -> Result<(), StoreError> {
        let Some(flow) = state.flow_id() else {
            return Ok(());
        };
        let chat = self.visit.chat;
        self.drop_card().await?;
        dialogues::hold_card(&mut *self.tx, chat).await?;
        self.say(&Notice::FlowOpen {
            flow,
            step: state.step(),
            purpose: state.flow().map(|flow| flow.purpose.clone()),
            may_start_over,
        })
        .await
    }

    /// Draws the card again, in the place of the question that stands there.
    pub(super) async fn redraw_card(&mut self) -> Result<(), StoreError> {
        let now = self.telegram.clock.now();
        dialogues::redraw(&mut *self.tx, self.visit.chat, now).await
    }

    /// Lets the next card be a new message, below all others; the old one is deleted.
    pub(super) async fn renew_card(&mut self) -> Result<(), StoreError> {
        self.drop_card().await?;
        let now = self.telegram.clock.now();
        dialogues::redraw(&mut *self.tx, self.visit.chat, now).await
    }

    /// Deletes the card's message.
    pub(super) async fn drop_card(&mut self) -> Result<(), StoreError> {
        let chat = self.visit.chat;
        let dialogue = self.telegram.dialogues.get(&mut *self.tx, chat).await?;
        if let Some(card) = dialogue.and_then(|dialogue| dialogue.card_message) {
            self.delete_own(card).await?;
            dialogues::detach_card(&mut *self.tx, chat).await?;
        }
        Ok(())
    }

    /// Ends what is under way in a chat that cannot be reached any more.
    pub(super) async fn forget_chat(&mut self) -> Result<(), StoreError> {
        self.telegram
            .forget_chat(&mut self.tx, self.visit.chat)
            .await
    }

    /// Deletes one of the bot's own messages, soon.
    pub(super) async fn delete_own(&mut self, message: i32) -> Result<(), StoreError> {
        self.deletions = true;
        let now = self.telegram.clock.now();
        let chat = self.visit.chat;
        deletions::insert(&mut *self.tx, chat, message, now, now + DELETABLE, false).await
    }

    /// Commits, and lets the chat's messages go out.
    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        if let Some(warning) = self.warning.take() {
            self.say(&warning).await?;
        }
        failpoint::hit("turn.before_commit");
        self.tx.commit().await?;
        failpoint::hit("turn.committed");
        self.telegram.linker.wake_checks();
        self.telegram.linker.wake_posts();
        self.telegram.wake_writing(self.visit.chat);
        for chat in self.others {
            self.telegram.wake_writing(chat);
        }
        if self.deletions {
            self.telegram.wake_deleting(self.visit.chat);
            self.telegram.agenda_changed.notify_one();
        }
        Ok(())
    }
}

/// Writes down what is left to do about a message that had to go. What the user is to be told, if it is up to them.
pub(super) async fn record(
    telegram: &Telegram,
    tx: &mut Tx,
    chat: i64,
    removal: Removal,
) -> Result<Option<Notice>, StoreError> {
    let now = telegram.clock.now();
    let wait = match removal.outcome {
        Ok(()) => return Ok(None),
        Err(CallError::RetryAfter(wait)) => whole(wait),
        Err(CallError::Unreachable | CallError::Unanswered) => std::time::Duration::from_secs(1),
        Err(
            CallError::Blocked
            | CallError::Refused
            | CallError::NoSuchMessage
            | CallError::NotModified,
        ) => return Ok(Some(Notice::NotDeleted { trying: false })),
    };
    deletions::insert(
        &mut **tx,
        chat,
        removal.message,
        now + wait,
        removal.give_up_at,
        true,
    )
    .await?;
    Ok(None)
}
