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
use tokio::sync::{
    Mutex, Notify, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot,
};

use super::StoreError;

/// How long a caller waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// A few connections, each opened when it is needed first. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections {
    options: SqliteConnectOptions,
    /// One for each connection; closed with them.
    permits: Arc<Semaphore>,
    places: Vec<Place>,
    /// Another connection that writes to the same file: not at the same time, since SQLite lets the two take turns only by
    /// trying again and again.
    pub(super) turn: Option<Box<Self>>,
    /// Told after each statement and each group: who writes may have left something in the log.
    pub(super) used: Arc<Notify>,
}

type Place = Arc<Mutex<Option<Live>>>;

#[derive(Debug)]
pub(super) struct Live {
    pub(super) connection: SqliteConnection,
    /// Its thread is gone, or nobody knows whether a transaction is open.
    pub(super) broken: bool,
    /// Who waits for the commit of what was just written; else it is undone.
    pub(super) keep: Option<Promise>,
}

/// Hears how the commit went.
pub(super) type Promise = oneshot::Sender<Result<(), StoreError>>;

/// A connection in somebody's hands.
pub(super) type Held = OwnedMappedMutexGuard<Option<Live>, Live>;

/// A connection that nobody else uses meanwhile.
#[derive(Debug)]
pub struct Lent {
    pub(super) live: Held,
    place: Place,
    // Given back after the connection: whoever has one finds a place that is free.
    permit: OwnedSemaphorePermit,
}

/// What remains of a connection that was handed on: nobody else gets it.
pub(super) struct HandedOn {
    place: Place,
    permit: OwnedSemaphorePermit,
}

impl HandedOn {
    /// Waits until whoever it was handed to lets go of it.
    pub(super) async fn back(self) -> Result<Lent, Error> {
        let (place, permit) = (self.place, self.permit);
        let live = live(Arc::clone(&place).lock_owned().await)?;
        Ok(Lent {
            live,
            place,
            permit,
        })
    }
}

fn live(place: OwnedMutexGuard<Option<Live>>) -> Result<Held, Error> {
    OwnedMutexGuard::try_map(place, Option::as_mut).map_err(|_| Error::PoolClosed)
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

    /// Hands it on: [`HandedOn::back`] waits for it.
    pub(super) fn hand_on(self) -> (Held, HandedOn) {
        let (place, permit) = (self.place, self.permit);
        (self.live, HandedOn { place, permit })
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
            turn: None,
            used: Arc::default(),
        }
    }

    /// One that never writes at the same time as `other`.
    pub(super) fn beside(other: &Self, options: SqliteConnectOptions) -> Self {
        Self {
            turn: Some(Box::new(other.clone())),
            used: Arc::clone(&other.used),
            ..Self::new(options, 1)
        }
    }

    /// The turn to write, where there are two that do.
    pub(super) async fn turn(&self) -> Result<Option<Lent>, Error> {
        match &self.turn {
            Some(other) => Ok(Some(Box::pin(other.lend()).await?)),
            None => Ok(None),
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
            .find_map(|place| Some((place, Arc::clone(place).try_lock_owned().ok()?)));
        let Some((place, mut held)) = free else {
            return Err(Error::PoolTimedOut);
        };
        match held.as_mut() {
            Some(live) if !live.broken => {}
            Some(_) | None => {
                // One that is broken is closed first: it may hold the lock.
                *held = None;
                *held = Some(Live {
                    connection: self.options.connect().await?,
                    broken: false,
                    keep: None,
                });
            }
        }
        Ok(Lent {
            live: live(held)?,
            place: Arc::clone(place),
            permit,
        })
    }

    /// Runs a statement that is a transaction of its own.
    async fn run<T>(
        &self,
        statement: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _turn = self.turn().await?;
        let mut lent = self.lend().await?;
        let done = statement(&mut lent).await;
        self.used.notify_one();
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

    use crate::store::Store;

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
