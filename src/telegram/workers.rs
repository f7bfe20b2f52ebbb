//! One worker per chat at a time: a chat's work is strictly in order, chats run side by side.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::task::TaskTracker;

/// The workers that run. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct KeyedWorkers {
    /// For each chat with a worker: whether it was woken again meanwhile.
    woken: Arc<Mutex<HashMap<i64, bool>>>,
    running: TaskTracker,
}

impl KeyedWorkers {
    /// Lets `work` run for a chat: now, or once more after the run that is under way. `work` looks for itself what there
    /// is to do; `first` is handed to it only if it starts now, else it is dropped. Whether it starts now.
    pub(super) fn wake<T, F, W>(&self, chat: i64, first: Option<T>, work: W) -> bool
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send,
        W: Fn(i64, Option<T>) -> F + Send + Sync + 'static,
    {
        {
            let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(again) = woken.get_mut(&chat) {
                *again = true;
                return false;
            }
            woken.insert(chat, false);
        }
        let lane = Worker {
            chat,
            woken: Arc::clone(&self.woken),
        };
        self.running.spawn(async move {
            let mut first = first;
            loop {
                work(chat, first.take()).await;
                if !lane.goes_on() {
                    break;
                }
            }
        });
        true
    }

    /// Waits for the workers that run.
    pub(super) async fn finish(&self) {
        self.running.close();
        self.running.wait().await;
    }
}

/// Frees the chat's place when its worker ends, also by a panic.
struct Worker {
    chat: i64,
    woken: Arc<Mutex<HashMap<i64, bool>>>,
}

impl Worker {
    /// Whether to run once more; if not, the next wake starts a new worker.
    fn goes_on(&self) -> bool {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        match woken.get_mut(&self.chat) {
            Some(again) if *again => {
                *again = false;
                true
            }
            Some(_) | None => {
                woken.remove(&self.chat);
                false
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.woken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&self.chat);
        }
    }
}
