//! Connections to the file, and who has which. Unlike a pool of sqlx's this does not test a connection before and after each
//! use: one to a file does not go away while it rests, and each test is a change of thread and back, as costly as a query.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use futures::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    ConnectOptions as _, Connection as _, Either, Error, Execute, Executor, SqlStr, Sqlite,
    SqliteConnection, Transaction,
    sqlite::{SqliteConnectOptions, SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo},
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
};

use super::jobs::{Bell, News};

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A few connections, each opened when it is needed first. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections {
    options: SqliteConnectOptions,
    /// One for each connection; closed with them.
    permits: Arc<Semaphore>,
    places: Vec<Arc<Mutex<Option<Live>>>>,
}

#[derive(Debug)]
struct Live {
    connection: SqliteConnection,
    /// A transaction may be open that nobody goes on with.
    abandoned: bool,
    /// Its thread is gone.
    broken: bool,
}

/// A connection that nobody else uses meanwhile.
#[derive(Debug)]
pub struct Lent {
    live: OwnedMappedMutexGuard<Option<Live>, Live>,
    // Given back after the connection: whoever has one finds a place that is free.
    _permit: OwnedSemaphorePermit,
}

impl Deref for Lent {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.live.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.live.connection
    }
}

impl Lent {
    /// Lets several statements see the same moment.
    pub async fn snapshot(&mut self) -> Result<Transaction<'_, Sqlite>, Error> {
        // The conversations bench counts these: sqlx notes every statement, but not how one of its transactions begins and ends.
        tracing::trace!("a snapshot");
        self.begin().await
    }

    /// Lets the next one open another connection if this one has lost its thread.
    fn noticing<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        self.live.broken |= matches!(done, Err(Error::WorkerCrashed));
        done
    }
}

impl Connections {
    pub(super) fn new(options: SqliteConnectOptions, count: usize) -> Self {
        Self {
            options,
            permits: Arc::new(Semaphore::new(count)),
            places: (0..count).map(|_| Arc::default()).collect(),
        }
    }

    /// One of them, for several statements. Who comes first is served first.
    pub async fn lend(&self) -> Result<Lent, Error> {
        let waiting = Arc::clone(&self.permits).acquire_owned();
        let permit = tokio::time::timeout(ACQUIRE_TIMEOUT, waiting)
            .await
            .map_err(|_| Error::PoolTimedOut)?
            .map_err(|_| Error::PoolClosed)?;
        let free = self
            .places
            .iter()
            .find_map(|place| Arc::clone(place).try_lock_owned().ok());
        let Some(mut place) = free else {
            return Err(Error::PoolTimedOut);
        };
        match place.as_mut() {
            Some(live) if !live.broken => live.clean().await,
            Some(_) | None => {
                *place = Some(Live {
                    connection: self.options.connect().await?,
                    abandoned: false,
                    broken: false,
                });
            }
        }
        let live =
            OwnedMutexGuard::try_map(place, Option::as_mut).map_err(|_| Error::PoolClosed)?;
        Ok(Lent {
            live,
            _permit: permit,
        })
    }

    /// Runs a statement that is a transaction of its own.
    async fn run<T>(
        &self,
        statement: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut lent = self.lend().await?;
        let done = statement(&mut lent).await;
        lent.noticing(done)
    }

    /// Waits until nobody uses one, and closes them.
    pub(super) async fn close(&self) -> Result<(), Error> {
        let all = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let Ok(_permits) = self.permits.acquire_many(all).await else {
            return Ok(());
        };
        self.permits.close();
        for place in &self.places {
            if let Some(live) = place.lock().await.take() {
                live.connection.close().await?;
            }
        }
        Ok(())
    }
}

impl Live {
    /// Rolls back what nobody goes on with. If that fails there was nothing to roll back: SQLite had done so itself.
    async fn clean(&mut self) {
        if self.abandoned {
            let _ = sqlx::query("ROLLBACK").execute(&mut self.connection).await;
            self.abandoned = false;
        }
    }
}

/// A write transaction. It sees and changes everything or nothing; dropped without a commit, it is rolled back.
#[derive(Debug)]
pub struct Tx {
    lent: Lent,
    writer: Connections,
    /// Another connection whose turn to write this one takes.
    turn: Option<Lent>,
    /// What the runner of jobs is told after the commit.
    news: News,
    bell: Bell,
}

impl Tx {
    /// Begins, and tells the number of the newest primary key that the database has seen. Both are one trip to the
    /// connection's thread.
    pub(super) async fn begin(
        writer: &Connections,
        bell: &Bell,
    ) -> Result<(Self, Option<u32>), Error> {
        let mut tx = Self {
            lent: writer.lend().await?,
            writer: writer.clone(),
            turn: None,
            news: News::default(),
            bell: bell.clone(),
        };
        tx.lent.live.abandoned = true;
        let begun = sqlx::query_scalar("BEGIN IMMEDIATE; SELECT key_id FROM canary WHERE id = 1")
            .fetch_optional(&mut *tx.lent)
            .await;
        let newest_key = tx.lent.noticing(begun)?;
        Ok((tx, newest_key))
    }

    /// Keeps `turn` until it ends.
    pub(super) fn holding(mut self, turn: Lent) -> Self {
        self.turn = Some(turn);
        self
    }

    /// Makes the changes last.
    pub async fn commit(mut self) -> Result<(), Error> {
        sqlx::query("COMMIT").execute(&mut *self.lent).await?;
        self.lent.live.abandoned = false;
        self.bell.tell(&mut self.news);
        Ok(())
    }

    /// What the runner of jobs is told after the commit.
    pub(super) fn news(&mut self) -> &mut News {
        &mut self.news
    }

    /// Undoes the changes.
    pub(crate) async fn rollback(mut self) -> Result<(), Error> {
        sqlx::query("ROLLBACK").execute(&mut *self.lent).await?;
        self.lent.live.abandoned = false;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.lent
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.lent
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.lent.live.abandoned {
            return;
        }
        // Whoever gets the connection next rolls back. If nobody waits for it that is this task: the file is locked. Until
        // then the turn to write is not given on.
        if let Ok(runtime) = Handle::try_current() {
            let (writer, turn) = (self.writer.clone(), self.turn.take());
            runtime.spawn(async move {
                let rolled_back = writer.lend().await.is_ok();
                drop(turn);
                rolled_back
            });
        }
    }
}

/// Each statement gets a connection of its own.
impl<'c> Executor<'c> for &'c Connections {
    type Database = Sqlite;

    fn fetch_many<'e, 'q, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<SqliteQueryResult, SqliteRow>, Error>>
    where
        'c: 'e,
        E: Execute<'q, Sqlite> + 'q,
        'q: 'e,
    {
        let rows = async move {
            let collected = async |connection: &mut SqliteConnection| {
                connection.fetch_many(query).try_collect::<Vec<_>>().await
            };
            match self.run(collected).await {
                Ok(rows) => rows.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            }
        };
        stream::once(rows).flat_map(stream::iter).boxed()
    }

    fn fetch_optional<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: Execute<'q, Sqlite> + 'q,
        'q: 'e,
    {
        Box::pin(self.run(async |connection| connection.fetch_optional(query).await))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        Box::pin(self.run(async |connection| connection.prepare_with(sql, parameters).await))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<sqlx::Describe<Sqlite>, Error>>
    where
        'c: 'e,
    {
        Box::pin(self.run(async |connection| connection.describe(sql).await))
    }
}

#[cfg(test)]
mod tests {
    use futures::future::try_join_all;

    use super::*;
    use crate::store::Store;

    async fn promise(tx: &mut Tx) {
        sqlx::query("INSERT INTO check_log (owner, kind, at) VALUES (1, 'link', 0)")
            .execute(&mut **tx)
            .await
            .unwrap();
    }

    async fn count(store: &Store) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM check_log WHERE owner = 1")
            .fetch_one(store.reader())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_is_dropped_without_a_commit_is_undone_and_locks_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("addx.db");
        let store = Store::open(&path).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        promise(&mut tx).await;
        drop(tx);
        // Another process: it gets the lock although the bot begins nothing.
        let options = SqliteConnectOptions::new().filename(&path);
        let mut other = options.connect().await.unwrap();
        sqlx::query("DELETE FROM check_log WHERE owner = 2")
            .execute(&mut other)
            .await
            .unwrap();
        assert_eq!(count(&store).await, 0);
        let mut tx = store.begin().await.unwrap();
        promise(&mut tx).await;
        tx.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn whoever_is_broken_off_harms_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        for polls in 0..12 {
            let mut work = Box::pin(async {
                let mut tx = store.begin().await.unwrap();
                promise(&mut tx).await;
                std::future::pending::<()>().await;
            });
            // Broken off at every point where it waits, or right after.
            for _ in 0..polls {
                let _ = futures::poll!(&mut work);
                tokio::task::yield_now().await;
            }
            drop(work);
            let tx = store.begin().await.unwrap();
            assert_eq!(count(&store).await, 0);
            tx.commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_turn_of_a_light_transaction_lasts_until_it_is_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let mut tx = store.begin_light().await.unwrap();
        promise(&mut tx).await;
        drop(tx);
        let mut next = Box::pin(store.writer().lend());
        assert!(futures::poll!(&mut next).is_pending());
        drop(next.await.unwrap());
        let tx = store.begin().await.unwrap();
        assert_eq!(count(&store).await, 0);
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn more_callers_than_connections_are_all_served() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let asking = (0..50).map(|_| async { store.reader().lend().await.map(drop) });
        try_join_all(asking).await.unwrap();
        store.close().await.unwrap();
        assert!(store.reader().lend().await.is_err());
        assert!(store.begin().await.is_err());
    }
}
