//! The commands that only say something, and being blocked.

use teloxide::types::ChatMemberUpdated;

use crate::{
    domain::notice::Notice,
    store::unreachable,
    telegram::{schema::HandlerResult, unit::Unit},
};

pub(in crate::telegram) async fn start(unit: Unit) -> HandlerResult {
    say(&unit, &Notice::Welcome).await
}

pub(in crate::telegram) async fn help(unit: Unit) -> HandlerResult {
    say(&unit, &Notice::Help).await
}

pub(in crate::telegram) async fn guide(unit: Unit) -> HandlerResult {
    say(&unit, &Notice::Guide).await
}

pub(in crate::telegram) async fn privacy(unit: Unit) -> HandlerResult {
    say(&unit, &Notice::Privacy).await
}

pub(super) async fn say(unit: &Unit, notice: &Notice) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    // A command may carry a secret as well.
    if let Some(removal) = unit.deletion {
        unit.say_stray_secret(removal, false).await?;
    }
    unit.say(notice).await?;
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
