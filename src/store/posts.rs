//! The table `posts`: what users asked to publish, until it is known what became of it. What is to be done about one is a job.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{
    StoreError, Tx, account_id,
    jobs::{self, Kind, NewJob},
};
use crate::domain::{
    account::AccountId,
    post::{PostId, PostText},
};

/// The kind of the jobs that publish.
pub(crate) const PUBLICATION: Kind = Kind("post");
/// The kind of those that delete test posts.
pub(crate) const DELETION: Kind = Kind("unpost");

/// What a post is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostKind {
    /// To see whether it works; deleted at once.
    Test,
    /// One of the user's messages.
    Message,
}

/// How far a post has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PostState {
    /// Shown, and not confirmed.
    Draft,
    /// Confirmed, not sent.
    Waiting,
    /// A test post that is to be deleted.
    Posted(PostId),
}

impl PostState {
    /// Its name, as the table has it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Waiting => "waiting",
            Self::Posted(_) => "posted",
        }
    }
}

/// A post.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// Its number here.
    pub id: i64,
    /// Who asked for it.
    pub owner: i64,
    /// With which account, once that is chosen.
    pub account: Option<AccountId>,
    /// What for.
    pub kind: PostKind,
    /// How far it has come.
    pub state: PostState,
    /// Its text.
    pub text: PostText,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    owner: i64,
    account_id: Option<Vec<u8>>,
    kind: String,
    state: String,
    text: String,
    post_id: Option<String>,
}

impl TryFrom<Row> for Post {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |reason| StoreError::Corrupt {
            table: "posts",
            reason,
        };
        let account = row
            .account_id
            .map(|id| account_id("posts", id))
            .transpose()?;
        let number = row.post_id.as_deref().and_then(PostId::parse);
        let state = match (row.state.as_str(), number) {
            ("draft", _) => PostState::Draft,
            ("waiting", _) => PostState::Waiting,
            ("posted", Some(number)) => PostState::Posted(number),
            _ => return Err(corrupt("unknown state")),
        };
        Ok(Self {
            id: row.id,
            owner: row.owner,
            account,
            kind: match row.kind.as_str() {
                "test" => PostKind::Test,
                "message" => PostKind::Message,
                _ => return Err(corrupt("unknown kind")),
            },
            state,
            text: PostText::trusted(row.text),
        })
    }
}

/// Keeps a draft in place of the owner's last one. Its number.
pub(crate) async fn draft(
    tx: &mut Tx,
    owner: i64,
    account: Option<AccountId>,
    kind: PostKind,
    text: &PostText,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    sqlx::query("DELETE FROM posts WHERE owner = ? AND state = 'draft'")
        .bind(owner)
        .execute(&mut **tx)
        .await?;
    Ok(sqlx::query_scalar(
        "INSERT INTO posts (owner, account_id, kind, state, text, created_at)
         VALUES (?, ?, ?, 'draft', ?, ?) RETURNING id",
    )
    .bind(owner)
    .bind(account.map(|account| account.bytes().to_vec()))
    .bind(match kind {
        PostKind::Test => "test",
        PostKind::Message => "message",
    })
    .bind(text.as_str())
    .bind(now.timestamp())
    .fetch_one(&mut **tx)
    .await?)
}

/// A draft of `owner`'s.
pub(crate) async fn find_draft(
    db: impl SqliteExecutor<'_>,
    owner: i64,
    id: i64,
) -> Result<Option<Post>, StoreError> {
    sqlx::query_as::<_, Row>("SELECT * FROM posts WHERE id = ? AND owner = ? AND state = 'draft'")
        .bind(id)
        .bind(owner)
        .fetch_optional(db)
        .await?
        .map(TryInto::try_into)
        .transpose()
}

/// Lets a draft be published. `false`: it was already, or is gone.
pub(crate) async fn confirm(tx: &mut Tx, id: i64, account: AccountId) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE posts SET state = 'waiting' WHERE id = ? AND state = 'draft' AND account_id = ?",
    )
    .bind(id)
    .bind(account.bytes().as_slice())
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    jobs::hand_over(tx, NewJob::with(account, PUBLICATION, id.to_string())).await?;
    Ok(true)
}

/// The post of a job.
pub(crate) async fn get(db: impl SqliteExecutor<'_>, id: i64) -> Result<Option<Post>, StoreError> {
    sqlx::query_as::<_, Row>("SELECT * FROM posts WHERE id = ?")
        .bind(id)
        .fetch_optional(db)
        .await?
        .map(TryInto::try_into)
        .transpose()
}

/// A test post was published, and is to be deleted. `false`: its account was erased meanwhile.
pub(crate) async fn posted(
    tx: &mut Tx,
    id: i64,
    account: AccountId,
    number: &PostId,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE posts SET state = 'posted', post_id = ? WHERE id = ?")
        .bind(number.as_str())
        .bind(id)
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    jobs::hand_over(tx, NewJob::with(account, DELETION, id.to_string())).await?;
    Ok(true)
}

/// The numbers of an account's test posts that stand at X.
pub(crate) async fn standing(
    db: impl SqliteExecutor<'_>,
    account: AccountId,
) -> Result<Vec<PostId>, StoreError> {
    let numbers: Vec<String> =
        sqlx::query_scalar("SELECT post_id FROM posts WHERE account_id = ? AND state = 'posted'")
            .bind(account.bytes().as_slice())
            .fetch_all(db)
            .await?;
    let numbers = numbers.iter();
    Ok(numbers.filter_map(|number| PostId::parse(number)).collect())
}

/// The same of all accounts.
pub(crate) async fn all_standing(db: impl SqliteExecutor<'_>) -> Result<Vec<PostId>, StoreError> {
    let numbers: Vec<String> =
        sqlx::query_scalar("SELECT post_id FROM posts WHERE state = 'posted' ORDER BY id")
            .fetch_all(db)
            .await?;
    let numbers = numbers.iter();
    Ok(numbers.filter_map(|number| PostId::parse(number)).collect())
}

/// Everything that a user asked for and that is kept.
pub(crate) async fn of_owner(
    db: impl SqliteExecutor<'_>,
    owner: i64,
) -> Result<Vec<Post>, StoreError> {
    sqlx::query_as::<_, Row>("SELECT * FROM posts WHERE owner = ? ORDER BY id")
        .bind(owner)
        .fetch_all(db)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
}

/// Lets another account delete the test posts of this one.
pub(crate) async fn give_to(
    tx: &mut Tx,
    from: AccountId,
    into: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE posts SET account_id = ? WHERE account_id = ? AND state = 'posted'")
        .bind(into.bytes().as_slice())
        .bind(from.bytes().as_slice())
        .execute(&mut **tx)
        .await?;
    jobs::give_to(&mut **tx, DELETION, from, into).await
}

/// Forgets a post. `false`: it was gone.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM posts WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Forgets what was not confirmed, and what was and X was not asked for yet. Whose each was that was confirmed.
pub(crate) async fn discard_unsent(tx: &mut Tx) -> Result<Vec<i64>, StoreError> {
    sqlx::query("DELETE FROM posts WHERE state = 'draft'")
        .execute(&mut **tx)
        .await?;
    let owners = sqlx::query_scalar(
        "DELETE FROM posts WHERE id IN (SELECT key FROM jobs WHERE kind = 'post' AND claims = 0)
         RETURNING owner",
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM jobs WHERE kind = 'post' AND claims = 0")
        .execute(&mut **tx)
        .await?;
    Ok(owners)
}

/// Forgets drafts that nobody confirmed.
pub(crate) async fn purge_drafts(
    db: impl SqliteExecutor<'_>,
    before: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM posts WHERE state = 'draft' AND created_at < ?")
        .bind(before.timestamp())
        .execute(db)
        .await?;
    Ok(())
}
