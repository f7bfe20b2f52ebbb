//! The commands that only say something, and being blocked.

use teloxide::types::ChatMemberUpdated;

use crate::{
    domain::{linking::LinkingState, notice::Notice},
    store::unreachable,
    telegram::{
        Telegram,
        schema::HandlerResult,
        turn::{Turn, Visit},
    },
};

pub(in crate::telegram) async fn start(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    say(&telegram, &visit, &state, &Notice::Welcome).await
}

pub(in crate::telegram) async fn help(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    say(&telegram, &visit, &state, &Notice::Help).await
}

pub(in crate::telegram) async fn guide(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    say(&telegram, &visit, &state, &Notice::Guide).await
}

pub(in crate::telegram) async fn privacy(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
) -> HandlerResult {
    say(&telegram, &visit, &state, &Notice::Privacy).await
}

pub(super) async fn say(
    telegram: &Telegram,
    visit: &Visit,
    state: &LinkingState,
    notice: &Notice,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(telegram, visit, state).await? else {
        return Ok(());
    };
    // A command may carry a secret as well.
    if let Some(removal) = visit.deletion {
        turn.say_stray_secret(removal, false).await?;
    }
    turn.say(notice).await?;
    Ok(turn.finish().await?)
}

/// The user blocked the bot: what is under way ends, and its values are wiped. Links stay.
pub(in crate::telegram) async fn membership(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    change: ChatMemberUpdated,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    if change.chat.is_private() {
        if change.new_chat_member.is_present() {
            unreachable::clear(&mut *turn.tx, visit.chat).await?;
        } else {
            turn.forget_chat().await?;
        }
    }
    Ok(turn.finish().await?)
}
