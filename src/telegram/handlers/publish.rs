//! Publishing from the chat: `/testpost`, `/post`, and the buttons of a draft.

use teloxide::types::{CallbackQuery, Message};

use crate::{
    domain::{
        account::{AccountId, LinkedAccount},
        linking::LinkingState,
        notice::{AccountChoice, Errand, Notice},
        post::{PostRejection, PostText},
    },
    store::{
        StoreError, accounts as links,
        posts::{self, PostKind},
    },
    telegram::{
        Telegram,
        action::DraftAction,
        handlers::{
            accounts::{self, Meant},
            strays,
        },
        reply,
        schema::HandlerResult,
        texts::toast,
        turn::{Turn, Visit},
    },
};

pub(in crate::telegram) async fn test(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    name: String,
) -> HandlerResult {
    accounts::command(&telegram, &visit, &state, Errand::TestPost, &name).await
}

/// Shows what a test post would be, and asks.
pub(super) async fn ask_test(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    account: AccountId,
) -> Result<(), StoreError> {
    let Some(linked) = usable(telegram, turn, account).await? else {
        return Ok(());
    };
    let text = PostText::test(u32::from_be_bytes(telegram.random.bytes()?));
    let (owner, now) = (turn.chat(), telegram.clock.now());
    let draft = posts::draft(
        &mut turn.tx,
        owner,
        Some(account),
        PostKind::Test,
        &text,
        now,
    )
    .await?;
    turn.say(&Notice::AskTestPost {
        draft,
        account: choice(linked),
        text,
    })
    .await
}

/// `/post [name]`, as a reply to a message of the user's own.
pub(in crate::telegram) async fn post(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    message: Message,
    name: String,
) -> HandlerResult {
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    let text = match wanted(&message) {
        Ok(text) => text,
        Err(reason) => {
            turn.say(&Notice::PostRejected { reason }).await?;
            return Ok(turn.finish().await?);
        }
    };
    match accounts::meant(&mut turn, &name).await? {
        Meant::One(account) => preview(&telegram, &mut turn, account, &text).await?,
        Meant::OneOf(accounts) => {
            let (owner, now) = (turn.chat(), telegram.clock.now());
            let draft =
                posts::draft(&mut turn.tx, owner, None, PostKind::Message, &text, now).await?;
            turn.say(&Notice::ChoosePostAccount { draft, accounts })
                .await?;
        }
        Meant::Unknown => match visit.deletion {
            Some(removal) => turn.say_stray_secret(removal, false).await?,
            None => turn.say(&Notice::NoSuchAccount).await?,
        },
        Meant::NoneYet => {
            let accounts = Vec::new();
            turn.say(&Notice::Accounts { accounts }).await?;
        }
    }
    Ok(turn.finish().await?)
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
    turn: &mut Turn<'_>,
    account: AccountId,
    text: &PostText,
) -> Result<(), StoreError> {
    let Some(linked) = usable(telegram, turn, account).await? else {
        return Ok(());
    };
    let (owner, now) = (turn.chat(), telegram.clock.now());
    let draft = posts::draft(
        &mut turn.tx,
        owner,
        Some(account),
        PostKind::Message,
        text,
        now,
    )
    .await?;
    turn.say(&Notice::AskPost {
        draft,
        x_username: linked
            .x_account
            .as_ref()
            .map(|account| account.username.clone()),
        account: choice(linked),
        text: text.clone(),
    })
    .await
}

/// The account, if X has accepted its values; otherwise the user is told what stands in the way.
async fn usable(
    telegram: &Telegram,
    turn: &mut Turn<'_>,
    account: AccountId,
) -> Result<Option<LinkedAccount>, StoreError> {
    let owner = turn.chat();
    let Some(linked) = links::by_id(&mut *turn.tx, owner, account).await? else {
        turn.say(&Notice::NoSuchAccount).await?;
        return Ok(None);
    };
    let keys = telegram.linker.keys(owner, account).await?;
    // A token that may only read is tried: X says so in its own words.
    let obstacle = keys.map_or(Some("not_checked"), |keys| keys.obstacle(true));
    let Some(code) = obstacle else {
        return Ok(Some(linked));
    };
    turn.say(&Notice::CannotPost {
        account: choice(linked),
        code: code.to_owned(),
    })
    .await?;
    Ok(None)
}

/// A tap on the account that a draft is published with.
pub(in crate::telegram) async fn choose(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
    (draft, account): (i64, AccountId),
) -> HandlerResult {
    let known = posts::find_draft(telegram.store.reader(), visit.chat, draft).await?;
    let Some(post) = known.filter(|post| post.account.is_none()) else {
        reply::answer(&telegram.bot, query.id, Some(toast::old_button())).await;
        return strays::ignored(telegram, visit, state).await;
    };
    reply::answer(&telegram.bot, query.id, None).await;
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    preview(&telegram, &mut turn, account, &post.text).await?;
    Ok(turn.finish().await?)
}

/// A tap on "Publish" or "Discard".
pub(in crate::telegram) async fn decide(
    telegram: Telegram,
    visit: Visit,
    state: LinkingState,
    query: CallbackQuery,
    (action, draft): (DraftAction, i64),
) -> HandlerResult {
    let known = posts::find_draft(telegram.store.reader(), visit.chat, draft).await?;
    let Some(account) = known.and_then(|post| post.account) else {
        reply::answer(&telegram.bot, query.id, Some(toast::old_button())).await;
        return strays::ignored(telegram, visit, state).await;
    };
    reply::answer(&telegram.bot, query.id, None).await;
    let Some(mut turn) = Turn::begin(&telegram, &visit, &state).await? else {
        return Ok(());
    };
    match action {
        DraftAction::Drop => {
            posts::finish(&mut *turn.tx, draft).await?;
            turn.say(&Notice::PostDropped).await?;
        }
        DraftAction::Publish => {
            let linked = links::by_id(&mut *turn.tx, visit.chat, account).await?;
            if let Some(linked) = linked
                && posts::confirm(&mut turn.tx, draft, account).await?
            {
                turn.say(&Notice::Posting { name: linked.name }).await?;
            }
        }
    }
    Ok(turn.finish().await?)
}

fn choice(linked: LinkedAccount) -> AccountChoice {
    AccountChoice {
        id: linked.id,
        name: linked.name,
    }
}
