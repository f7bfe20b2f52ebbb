//! Units of work that share a commit. Who writes queues; one after the other works in the same transaction, each behind a
//! savepoint of its own, and one `COMMIT` makes all of it last. Forcing the disk is what a commit costs: twenty writers at
//! once pay it once.
//!
//! A task of its own begins, commits and undoes: whoever works may be broken off at any point, and nobody else hears of it.

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Error, SqliteConnection};
use tokio::{sync::oneshot, time};

use super::{
    KeyringInUse, StoreError,
    connections::{ACQUIRE_TIMEOUT, Connections, Held, Lent, Promise},
    jobs::{Bell, News},
};
use crate::vault::KeyId;

const LIMITS: Limits = Limits {
    units: 64,
    group: Duration::from_millis(5),
    unit: Duration::from_secs(2),
};
/// While writers queue the file is left free for so long now and then: another process asks only now and then, too.
const LEFT_FREE: Duration = Duration::from_millis(1);

#[derive(Clone, Copy)]
struct Limits {
    /// So many units share a commit at most,
    units: usize,
    /// and none begins after so long: those that are done wait for the commit.
    group: Duration,
    /// A unit that works for longer while others wait for it is undone.
    unit: Duration,
}

/// What is said to SQLite around a unit.
struct Around {
    keep_and_go_on: &'static str,
    undo_and_go_on: &'static str,
    keep_and_commit: &'static str,
    undo_and_commit: &'static str,
}

/// Two names take turns: were it one, a savepoint that was not made would let an undoing reach the unit before. Each call
/// stops at what fails, so that no savepoint is made where SQLite has rolled back by itself: it would begin a transaction.
const AROUND: [Around; 2] = [
    Around {
        keep_and_go_on: "RELEASE unit_a; SAVEPOINT unit_b",
        undo_and_go_on: "ROLLBACK TO unit_a; RELEASE unit_a; SAVEPOINT unit_b",
        keep_and_commit: "RELEASE unit_a; COMMIT",
        undo_and_commit: "ROLLBACK TO unit_a; COMMIT",
    },
    Around {
        keep_and_go_on: "RELEASE unit_b; SAVEPOINT unit_a",
        undo_and_go_on: "ROLLBACK TO unit_b; RELEASE unit_b; SAVEPOINT unit_a",
        keep_and_commit: "RELEASE unit_b; COMMIT",
        undo_and_commit: "ROLLBACK TO unit_b; COMMIT",
    },
];

/// A unit of work: it sees and changes everything or nothing. Dropped without a commit, it is undone.
#[derive(Debug)]
pub struct Tx {
    held: Held,
    /// What the runner of jobs is told after the commit.
    news: News,
    bell: Bell,
}

impl Tx {
    /// Makes the changes last, together with those of others; comes back when they do.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let (keep, kept) = oneshot::channel();
        self.held.keep = Some(keep);
        let (mut news, bell) = (std::mem::take(&mut self.news), self.bell.clone());
        drop(self);
        kept.await.unwrap_or(Err(Error::WorkerCrashed.into()))?;
        bell.tell(&mut news);
        Ok(())
    }

    /// What the runner of jobs is told after the commit.
    pub(super) fn news(&mut self) -> &mut News {
        &mut self.news
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.held.connection
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.held.connection
    }
}

/// Those who want to write through a connection. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writers(Arc<Inner>);

struct Inner {
    limits: Limits,
    connections: Connections,
    keyring: KeyringInUse,
    bell: Bell,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// A task serves them.
    served: bool,
}

impl Queue {
    /// Who comes next; whoever has gone meanwhile is left out.
    fn next(&mut self) -> Option<Waiting> {
        std::iter::from_fn(|| self.waiting.pop_front()).find(|waiting| !waiting.is_closed())
    }
}

/// Somebody who wants to begin.
type Waiting = oneshot::Sender<Result<Tx, StoreError>>;

impl Writers {
    pub(super) fn new(connections: Connections, keyring: KeyringInUse, bell: Bell) -> Self {
        Self::limited(connections, keyring, bell, LIMITS)
    }

    fn limited(
        connections: Connections,
        keyring: KeyringInUse,
        bell: Bell,
        limits: Limits,
    ) -> Self {
        Self(Arc::new(Inner {
            limits,
            connections,
            keyring,
            bell,
            queue: Mutex::default(),
        }))
    }

    /// Begins a unit of work.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        let (grant, granted) = oneshot::channel();
        if self.0.enqueue(grant) {
            let serving = Serving {
                writers: Arc::clone(&self.0),
                done: false,
            };
            tokio::spawn(serving.serve());
        }
        time::timeout(ACQUIRE_TIMEOUT, granted)
            .await
            .map_err(|_| Error::PoolTimedOut)?
            .unwrap_or(Err(Error::WorkerCrashed.into()))
    }
}

impl Inner {
    fn queue<T>(&self, with: impl FnOnce(&mut Queue) -> T) -> T {
        with(&mut self.queue.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nobody serves yet: the caller has to.
    fn enqueue(&self, grant: Waiting) -> bool {
        self.queue(|queue| {
            queue.waiting.push_back(grant);
            !std::mem::replace(&mut queue.served, true)
        })
    }

    fn next(&self) -> Option<Waiting> {
        self.queue(Queue::next)
    }

    /// If nobody waits, nobody serves any more.
    fn next_or_end(&self) -> Option<Waiting> {
        self.queue(|queue| {
            let next = queue.next();
            queue.served = next.is_some();
            next
        })
    }

    fn is_awaited(&self) -> bool {
        self.queue(|queue| !queue.waiting.is_empty())
    }

    /// Begins the transaction of a group and the savepoint of its first unit.
    async fn open(&self, lent: &mut Lent) -> Result<(), StoreError> {
        // Until it is known to have ended: a transaction that nobody ends must not outlive this task.
        lent.live.broken = true;
        let newest_key = sqlx::query_scalar(
            "BEGIN IMMEDIATE; SAVEPOINT unit_a; SELECT key_id FROM key_check WHERE id = 1",
        )
        .fetch_optional(&mut **lent)
        .await?;
        let Some(watch) = self.keyring.get() else {
            return Ok(());
        };
        // Another process may have made a new primary key and retired the one in use: nothing may be sealed with that.
        let newest_key = KeyId(newest_key.unwrap_or(0));
        if watch.primary() < newest_key {
            watch.take_up(lent).await;
        }
        if watch.primary() < newest_key {
            return Err(StoreError::OldKeyring(newest_key));
        }
        Ok(())
    }

    /// Lets units work until nobody waits or the group is full, and commits.
    async fn group(&self, first: Waiting) {
        let lent = async {
            let turn = self.connections.turn().await?;
            Ok::<_, Error>((self.connections.lend().await?, turn))
        };
        let (mut lent, _turn) = match lent.await {
            Ok(lent) => lent,
            Err(error) => return drop(first.send(Err(error.into()))),
        };
        if let Err(error) = self.open(&mut lent).await {
            roll_back(&mut lent).await;
            return drop(first.send(Err(error)));
        }
        let mut promises = Vec::new();
        match self.work(lent, first, &mut promises).await {
            Ok(()) => {
                for promise in promises {
                    let _ = promise.send(Ok(()));
                }
            }
            Err(error) => fail(promises, error),
        }
        self.connections.used.notify_one();
    }

    /// One unit after the other, and the commit. Who waits for the commit stands in `promises` then.
    async fn work(
        &self,
        mut lent: Lent,
        first: Waiting,
        promises: &mut Vec<Promise>,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let mut next = Some(first);
        for (unit, around) in AROUND.iter().cycle().enumerate() {
            let Some(grant) = next.take() else { break };
            let unit_begun = Instant::now();
            let (held, handed_on) = lent.hand_on();
            // Whoever has gone meanwhile drops it, and has written nothing.
            let (news, bell) = (News::default(), self.bell.clone());
            let _ = grant.send(Ok(Tx { held, news, bell }));
            lent = handed_on.back().await?;
            let mut promise = lent.live.keep.take();
            let full = unit + 1 >= self.limits.units || begun.elapsed() >= self.limits.group;
            let others_wait = !promises.is_empty() || self.is_awaited();
            if others_wait
                && unit_begun.elapsed() > self.limits.unit
                && let Some(late) = promise.take()
            {
                let _ = late.send(Err(StoreError::TooLong));
            }
            let kept = promise.is_some();
            promises.extend(promise);
            next = if full { None } else { self.next() };
            let statements = match (kept, next.is_some()) {
                (true, true) => around.keep_and_go_on,
                (false, true) => around.undo_and_go_on,
                (true, false) => around.keep_and_commit,
                (false, false) if promises.is_empty() => break,
                (false, false) => around.undo_and_commit,
            };
            if let Err(error) = sqlx::query(statements).execute(&mut *lent).await {
                roll_back(&mut lent).await;
                if let Some(unserved) = next {
                    self.queue(|queue| queue.waiting.push_front(unserved));
                }
                return Err(error);
            }
        }
        if promises.is_empty() {
            roll_back(&mut lent).await;
        } else {
            lent.live.broken = false;
        }
        Ok(())
    }
}

/// Ends whatever is open. If that fails nothing was: SQLite has rolled back by itself.
async fn roll_back(lent: &mut Lent) {
    let done = sqlx::query("ROLLBACK").execute(&mut **lent).await;
    lent.live.broken = matches!(done, Err(Error::WorkerCrashed));
}

/// Nothing of a group was kept. One that was alone in it is told why; of several nobody knows whose fault it was.
fn fail(mut promises: Vec<Promise>, error: Error) {
    if promises.len() == 1
        && let Some(alone) = promises.pop()
    {
        return drop(alone.send(Err(error.into())));
    }
    let error = Arc::new(error);
    for promise in promises {
        let _ = promise.send(Err(StoreError::Shared(Arc::clone(&error))));
    }
}

/// The task that serves a queue until nobody waits. If something ends it before, the next one who waits begins another.
struct Serving {
    writers: Arc<Inner>,
    done: bool,
}

impl Serving {
    async fn serve(mut self) {
        let mut left_free = Instant::now();
        while let Some(next) = self.writers.next_or_end() {
            self.writers.group(next).await;
            if left_free.elapsed() >= self.writers.limits.group && self.writers.is_awaited() {
                time::sleep(LEFT_FREE).await;
                left_free = Instant::now();
            }
        }
        self.done = true;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.done {
            self.writers.queue(|queue| *queue = Queue::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

    use super::*;
    use crate::store::Store;

    async fn promise(tx: &mut Tx, owner: i64) {
        sqlx::query("INSERT INTO check_log (owner, kind, at) VALUES (?, 'link', 0)")
            .bind(owner)
            .execute(&mut **tx)
            .await
            .unwrap();
    }

    async fn count_for(store: &Store, owner: i64) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM check_log WHERE owner = ?")
            .bind(owner)
            .fetch_one(store.reader())
            .await
            .unwrap()
    }

    async fn count(store: &Store) -> i64 {
        count_for(store, 1).await
    }

    /// Writers whose groups last as long as somebody waits, however slow the machine is.
    fn patient(store: &Store) -> Writers {
        let limits = Limits {
            units: 64,
            group: Duration::MAX,
            unit: Duration::MAX,
        };
        Writers::limited(
            store.writer().clone(),
            KeyringInUse::default(),
            Bell::default(),
            limits,
        )
    }

    /// Begins, and has `N` others wait already when the first one ends.
    async fn begin_before<const N: usize>(
        writers: &Writers,
    ) -> (
        Tx,
        [futures::future::BoxFuture<'_, Result<Tx, StoreError>>; N],
    ) {
        let first = writers.begin().await.unwrap();
        let mut others = std::array::from_fn(|_| Box::pin(writers.begin()) as _);
        for other in &mut others {
            assert!(futures::poll!(other).is_pending());
        }
        (first, others)
    }

    #[tokio::test]
    async fn what_is_dropped_without_a_commit_is_undone_and_locks_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("addx.db");
        let store = Store::open(&path).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        promise(&mut tx, 1).await;
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
        promise(&mut tx, 1).await;
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
                promise(&mut tx, 1).await;
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
        promise(&mut tx, 1).await;
        drop(tx);
        let mut next = Box::pin(store.writer().lend());
        assert!(futures::poll!(&mut next).is_pending());
        drop(next.await.unwrap());
        let tx = store.begin().await.unwrap();
        assert_eq!(count(&store).await, 0);
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn those_who_wait_share_a_commit_and_go_on_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let writers = patient(&store);
        let (mut first, [dropped, looked, last]) = begin_before(&writers).await;
        promise(&mut first, 1).await;
        let first = tokio::spawn(first.commit());
        let mut dropped = dropped.await.unwrap();
        promise(&mut dropped, 2).await;
        drop(dropped);
        let looked = tokio::spawn(looked.await.unwrap().commit());
        let mut last = last.await.unwrap();
        promise(&mut last, 3).await;
        // Nothing lasts before the commit, and nobody was told that it does.
        assert!(!first.is_finished() && !looked.is_finished());
        assert_eq!(count(&store).await, 0);
        last.commit().await.unwrap();
        first.await.unwrap().unwrap();
        looked.await.unwrap().unwrap();
        let counts = [1, 2, 3].map(|chat| count_for(&store, chat));
        assert_eq!(futures::future::join_all(counts).await, [1, 0, 1]);
    }

    #[tokio::test]
    async fn a_group_ends_when_it_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let writers = Writers::new(
            store.writer().clone(),
            KeyringInUse::default(),
            Bell::default(),
        );
        let mut waiting: Vec<_> = (0..200).map(|_| Box::pin(writers.begin())).collect();
        for unit in &mut waiting {
            assert!(futures::poll!(unit).is_pending());
        }
        let mut first = waiting.remove(0).await.unwrap();
        promise(&mut first, 1).await;
        let first = tokio::spawn(first.commit());
        let mut served = 1;
        while !first.is_finished() {
            let unit = waiting.remove(0).await.unwrap();
            served += 1;
            tokio::spawn(unit.commit());
            tokio::task::yield_now().await;
        }
        // The one after the last may have begun in the next group.
        assert!(served <= LIMITS.units + 2, "{served}");
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn when_sqlite_has_rolled_back_the_whole_group_fails_and_the_next_one_does_not() {
        for keeps in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
            let writers = patient(&store);
            let (mut first, [broken, next]) = begin_before(&writers).await;
            promise(&mut first, 1).await;
            let first = tokio::spawn(first.commit());
            let mut broken = broken.await.unwrap();
            sqlx::query("ROLLBACK").execute(&mut *broken).await.unwrap();
            let broken = keeps.then(|| tokio::spawn(broken.commit()));
            // Were a savepoint made now, it would begin a transaction.
            let mut next = next.await.unwrap();
            let failed = first.await.unwrap().unwrap_err();
            if let Some(broken) = broken {
                assert!(failed.is_passing(), "{failed}");
                assert!(broken.await.unwrap().unwrap_err().is_passing());
            }
            promise(&mut next, 3).await;
            next.commit().await.unwrap();
            assert_eq!(count(&store).await, 0);
            assert_eq!(count_for(&store, 3).await, 1);
        }
    }

    #[tokio::test]
    async fn a_commit_that_fails_fails_for_each_and_leaves_nothing_open() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let tables = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
            CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
        sqlx::raw_sql(tables).execute(store.writer()).await.unwrap();
        let orphan = || sqlx::query("INSERT INTO child VALUES (1)");
        let writers = patient(&store);
        let (mut first, [at_fault]) = begin_before(&writers).await;
        promise(&mut first, 1).await;
        let first = tokio::spawn(first.commit());
        let mut at_fault = at_fault.await.unwrap();
        orphan().execute(&mut *at_fault).await.unwrap();
        assert!(at_fault.commit().await.unwrap_err().is_passing());
        assert!(first.await.unwrap().unwrap_err().is_passing());
        // Alone it is told what is wrong.
        let mut alone = writers.begin().await.unwrap();
        orphan().execute(&mut *alone).await.unwrap();
        assert!(!alone.commit().await.unwrap_err().is_passing());
        let mut next = writers.begin().await.unwrap();
        promise(&mut next, 1).await;
        next.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn whoever_is_broken_off_in_a_group_harms_nobody_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let writers = patient(&store);
        for polls in 0..12 {
            let mut first = writers.begin().await.unwrap();
            promise(&mut first, 100 + polls).await;
            let mut broken_off = Box::pin(async {
                let mut tx = writers.begin().await.unwrap();
                promise(&mut tx, 2).await;
                std::future::pending::<()>().await;
            });
            let _ = futures::poll!(&mut broken_off);
            let mut last = Box::pin(writers.begin());
            let _ = futures::poll!(&mut last);
            let first = tokio::spawn(first.commit());
            for _ in 0..polls {
                let _ = futures::poll!(&mut broken_off);
                tokio::task::yield_now().await;
            }
            drop(broken_off);
            let mut last = last.await.unwrap();
            promise(&mut last, 200 + polls).await;
            last.commit().await.unwrap();
            first.await.unwrap().unwrap();
            let counts = [2, 100 + polls, 200 + polls].map(|chat| count_for(&store, chat));
            assert_eq!(futures::future::join_all(counts).await, [0, 1, 1]);
        }
    }

    #[tokio::test]
    async fn a_unit_that_held_up_others_for_too_long_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("addx.db")).await.unwrap();
        let limits = Limits {
            unit: Duration::ZERO,
            ..LIMITS
        };
        let keyring = KeyringInUse::default();
        let writers = Writers::limited(store.writer().clone(), keyring, Bell::default(), limits);
        let (mut first, [next]) = begin_before(&writers).await;
        promise(&mut first, 1).await;
        assert!(first.commit().await.unwrap_err().is_passing());
        // Nobody waits behind this one.
        let mut next = next.await.unwrap();
        promise(&mut next, 2).await;
        next.commit().await.unwrap();
        assert_eq!(count(&store).await, 0);
        assert_eq!(count_for(&store, 2).await, 1);
    }

    #[tokio::test]
    async fn another_process_gets_in_beside_writers_who_never_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("addx.db");
        let store = Store::open(&path).await.unwrap();
        let restless = async || loop {
            let mut tx = store.begin().await.unwrap();
            promise(&mut tx, 1).await;
            tx.commit().await.unwrap();
        };
        let mut other = SqliteConnectOptions::new()
            .filename(&path)
            .connect()
            .await
            .unwrap();
        let writing = async {
            for _ in 0..3 {
                sqlx::query("DELETE FROM check_log WHERE owner = 1")
                    .execute(&mut other)
                    .await
                    .unwrap();
            }
        };
        tokio::select! {
            () = async { tokio::join!(restless(), restless(), restless()); } => {}
            () = writing => {}
        }
    }
}
