//! The table `posts`: what users asked to publish, until it is known what became of it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};

use super::{StoreError, Tx, account_id, time};
use crate::domain::{
    account::AccountId,
    post::{PostId, PostText},
};

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
    /// Handed to X; what came of it is not written down.
    Sending,
    /// A test post that is to be deleted.
    Posted(PostId),
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
    /// How often it was tried to delete it.
    pub attempts: u32,
    /// When something is to be done about it.
    pub due_at: Option<DateTime<Utc>>,
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
    attempts: u32,
    due_at: Option<i64>,
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
            ("sending", _) => PostState::Sending,
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
            attempts: row.attempts,
            due_at: row.due_at.map(time),
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
pub(crate) async fn confirm(
    db: impl SqliteExecutor<'_>,
    id: i64,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE posts SET state = 'waiting', due_at = ?
         WHERE id = ? AND state = 'draft' AND account_id IS NOT NULL",
    )
    .bind(now.timestamp())
    .bind(id)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The next post about which something is to be done, due or not.
pub(crate) async fn next(db: impl SqliteExecutor<'_>) -> Result<Option<Post>, StoreError> {
    sqlx::query_as::<_, Row>(
        "SELECT * FROM posts WHERE due_at IS NOT NULL ORDER BY due_at, id LIMIT 1",
    )
    .fetch_optional(db)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// From now on it may have been published. `false`: somebody else has it, or it is gone.
pub(crate) async fn begin_sending(
    db: impl SqliteExecutor<'_>,
    id: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE posts SET state = 'sending' WHERE id = ? AND state = 'waiting'")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A test post was published, and is to be deleted. `false`: its account was erased meanwhile.
pub(crate) async fn posted(
    db: impl SqliteExecutor<'_>,
    id: i64,
    number: &PostId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done =
        sqlx::query("UPDATE posts SET state = 'posted', post_id = ?, due_at = ? WHERE id = ?")
            .bind(number.as_str())
            .bind(now.timestamp())
            .bind(id)
            .execute(db)
            .await?;
    Ok(done.rows_affected() > 0)
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

/// Lets another account delete the test posts of this one.
pub(crate) async fn hand_over(
    db: impl SqliteExecutor<'_>,
    from: AccountId,
    into: AccountId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE posts SET account_id = ? WHERE account_id = ? AND state = 'posted'")
        .bind(into.bytes().as_slice())
        .bind(from.bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// Comes back to a post later.
pub(crate) async fn postpone(
    db: impl SqliteExecutor<'_>,
    id: i64,
    due_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE posts SET attempts = attempts + 1, due_at = ? WHERE id = ?")
        .bind(due_at.timestamp())
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets a post. `false`: it was gone.
pub(crate) async fn finish(db: impl SqliteExecutor<'_>, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM posts WHERE id = ?")
        .bind(id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
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
