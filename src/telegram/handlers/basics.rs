//! The commands that only say something, and being blocked.

use teloxide::types::ChatMemberUpdated;

use crate::{
    messages::{self, Message},
    store::unreachable,
    telegram::{Command, schema::HandlerResult, unit::Unit},
};

pub(in crate::telegram) async fn start(unit: Unit) -> HandlerResult {
    say(&unit, messages::pages::welcome).await
}

pub(in crate::telegram) async fn help(unit: Unit) -> HandlerResult {
    say(&unit, || messages::pages::help(&Command::shown())).await
}

pub(in crate::telegram) async fn guide(unit: Unit) -> HandlerResult {
    say(&unit, messages::pages::guide).await
}

pub(in crate::telegram) async fn language(unit: Unit) -> HandlerResult {
    say(&unit, messages::pages::ask_language).await
}

pub(in crate::telegram) async fn privacy(unit: Unit) -> HandlerResult {
    say(&unit, messages::pages::privacy).await
}

pub(super) async fn say(unit: &Unit, word: impl FnOnce() -> Message) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    // A command may carry a secret as well.
    if let Some(removal) = unit.deletion {
        unit.say_stray_secret(removal, false).await?;
    }
    unit.say(word).await?;
    Ok(())
}

/// The user blocked the bot: what is under way ends, and its values are wiped. Links stay.
pub(in crate::telegram) async fn membership(
    unit: Unit,
    change: ChatMemberUpdated,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    if change.chat.is_private() {
        if change.new_chat_member.is_present() {
            unreachable::clear(&mut *unit.tx, unit.chat).await?;
        } else {
            unit.forget_chat().await?;
        }
    }
    Ok(())
}
