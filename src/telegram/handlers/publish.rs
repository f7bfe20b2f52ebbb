//! Publishing from the chat: `/testpost`, `/post`, and the buttons of a draft.

use teloxide::types::Message;

use crate::{
    domain::{
        account::{AccountId, LinkedAccount},
        facts::{AccountChoice, AccountCommand},
        post::{PostRejection, PostText},
    },
    messages::{self, action::DraftAction, toast},
    store::{
        StoreError, accounts as links,
        posts::{self, PostKind},
    },
    telegram::{
        Telegram,
        handlers::accounts::{self, Meant},
        schema::HandlerResult,
        unit::{Unit, UnitOfWork},
    },
};

pub(in crate::telegram) async fn test(
    telegram: Telegram,
    unit: Unit,
    name: String,
) -> HandlerResult {
    accounts::command(&telegram, &unit, AccountCommand::TestPost, &name).await
}

/// Shows what a test post would be, and asks.
pub(super) async fn ask_test(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    account: AccountId,
) -> Result<(), StoreError> {
    let Some(linked) = usable(telegram, unit, account).await? else {
        return Ok(());
    };
    let text = PostText::test(u32::from_be_bytes(telegram.random.bytes()?));
    let (owner, now) = (unit.chat, telegram.clock.now());
    let draft = posts::draft(
        &mut unit.tx,
        owner,
        Some(account),
        PostKind::Test,
        &text,
        now,
    )
    .await?;
    let account = choice(linked);
    unit.say(|| messages::publishing::ask_test(draft, &account, &text))
        .await
}

/// `/post [name]`, as a reply to a message of the user's own.
pub(in crate::telegram) async fn post(
    telegram: Telegram,
    unit: Unit,
    message: Message,
    name: String,
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let text = match wanted(&message) {
        Ok(text) => text,
        Err(reason) => {
            unit.say(|| messages::publishing::rejected(reason)).await?;
            return Ok(());
        }
    };
    match accounts::meant(unit, &name).await? {
        Meant::One(account) => preview(&telegram, unit, account, &text).await?,
        Meant::OneOf(accounts) => {
            let (owner, now) = (unit.chat, telegram.clock.now());
            let draft =
                posts::draft(&mut unit.tx, owner, None, PostKind::Message, &text, now).await?;
            unit.say(|| messages::publishing::choose_account(draft, &accounts))
                .await?;
        }
        Meant::Unknown => match unit.deletion {
            Some(removal) => unit.say_stray_secret(removal, false).await?,
            None => unit.say(messages::accounts::no_such).await?,
        },
        Meant::NoneYet => {
            unit.say(messages::accounts::none_yet).await?;
        }
    }
    Ok(())
}

/// The text of the message that is replied to.
fn wanted(message: &Message) -> Result<PostText, PostRejection> {
    let replied = message.reply_to_message().ok_or(PostRejection::NotAReply)?;
    let author = |message: &Message| message.from.as_ref().map(|user| user.id);
    if author(replied) != author(message) {
        return Err(PostRejection::NotYours);
    }
    PostText::parse(replied.text().ok_or(PostRejection::NotText)?)
}

async fn preview(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    account: AccountId,
    text: &PostText,
) -> Result<(), StoreError> {
    let Some(linked) = usable(telegram, unit, account).await? else {
        return Ok(());
    };
    let (owner, now) = (unit.chat, telegram.clock.now());
    let draft = posts::draft(
        &mut unit.tx,
        owner,
        Some(account),
        PostKind::Message,
        text,
        now,
    )
    .await?;
    let whose = linked.x_account.clone().map(|account| account.username);
    let account = choice(linked);
    unit.say(|| messages::publishing::ask_post(draft, &account, whose.as_ref(), text))
        .await
}

/// The account, if X has accepted its values; otherwise the user is told what stands in the way.
async fn usable(
    telegram: &Telegram,
    unit: &mut UnitOfWork,
    account: AccountId,
) -> Result<Option<LinkedAccount>, StoreError> {
    let owner = unit.chat;
    let Some(linked) = links::by_id(&mut *unit.tx, owner, account).await? else {
        unit.say(messages::accounts::no_such).await?;
        return Ok(None);
    };
    let keys = telegram
        .linker
        .keys_in(&mut unit.tx, owner, account)
        .await?;
    // A token that may only read is tried: X says so in its own words.
    let obstacle = keys.map_or(Some("not_checked"), |keys| keys.obstacle(true));
    let Some(code) = obstacle else {
        return Ok(Some(linked));
    };
    let account = choice(linked);
    unit.say(|| messages::publishing::cannot_post(&account, code))
        .await?;
    Ok(None)
}

/// A tap on the account that a draft is published with.
pub(in crate::telegram) async fn choose(
    telegram: Telegram,
    unit: Unit,
    (draft, account): (i64, AccountId),
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let known = posts::find_draft(&mut *unit.tx, unit.chat, draft).await?;
    let Some(post) = known.filter(|post| post.account.is_none()) else {
        unit.toast(toast::old_button());
        return Ok(());
    };
    preview(&telegram, unit, account, &post.text).await?;
    Ok(())
}

/// A tap on "Publish" or "Discard".
pub(in crate::telegram) async fn decide(
    unit: Unit,
    (action, draft): (DraftAction, i64),
) -> HandlerResult {
    let unit = &mut *unit.lock().await;
    let known = posts::find_draft(&mut *unit.tx, unit.chat, draft).await?;
    let Some(account) = known.and_then(|post| post.account) else {
        unit.toast(toast::old_button());
        return Ok(());
    };
    match action {
        DraftAction::Drop => {
            posts::finish(&mut *unit.tx, draft).await?;
            unit.say(messages::publishing::dropped).await?;
        }
        DraftAction::Publish => {
            let linked = links::by_id(&mut *unit.tx, unit.chat, account).await?;
            if let Some(linked) = linked
                && posts::confirm(&mut unit.tx, draft, account).await?
            {
                unit.say(|| messages::publishing::posting(&linked.name))
                    .await?;
            }
        }
    }
    Ok(())
}

fn choice(linked: LinkedAccount) -> AccountChoice {
    AccountChoice {
        id: linked.id,
        name: linked.name,
    }
}
