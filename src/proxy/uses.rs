//! Notes every use in the audit trail before X is asked. Uses that come at the same time are noted in one transaction.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{domain::audit::Act, linking::Linker, store::StoreError, support::incident};

/// Uses that wait to be noted; more wait before the door.
const WAITING: usize = 1024;
/// Uses in one transaction.
const BATCH: usize = 256;
const NOT_NOTED: &str = "uses of accounts could not be noted, so X was not asked";

struct Waiting {
    act: Act,
    noted: oneshot::Sender<bool>,
}

/// The writer of uses. It ends when the last clone is gone.
#[derive(Clone)]
pub(super) struct Uses(Arc<mpsc::Sender<Waiting>>);

impl Uses {
    pub(super) fn new(linker: Linker) -> Self {
        let (sender, mut waiting) = mpsc::channel::<Waiting>(WAITING);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while waiting.recv_many(&mut batch, BATCH).await > 0 {
                let noted = match incident::guard(note(&linker, &batch)).await {
                    Ok(Ok(())) => true,
                    Ok(Err(error)) => {
                        tracing::error!(%error, "{NOT_NOTED}");
                        false
                    }
                    Err(panicked) => {
                        incident::log(&linker.random, NOT_NOTED, &panicked);
                        false
                    }
                };
                for use_ in batch.drain(..) {
                    // Gone: the program went away meanwhile.
                    let _ = use_.noted.send(noted);
                }
            }
        });
        Self(Arc::new(sender))
    }

    /// Notes a use. `false`: it is not noted, and may not happen.
    pub(super) async fn note(&self, act: Act) -> bool {
        let (noted, answer) = oneshot::channel();
        let sent = self.0.send(Waiting { act, noted }).await;
        sent.is_ok() && answer.await.unwrap_or(false)
    }
}

async fn note(linker: &Linker, batch: &[Waiting]) -> Result<(), StoreError> {
    let acts = batch.iter().map(|waiting| waiting.act.clone()).collect();
    linker.note_uses(acts).await
}
