//! A program's body on its way to X: streamed, counted, and cut off at a limit: of its length, and of the time it takes.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// X takes images and chunks of 5 MB; base64 in JSON makes them a third longer.
pub(super) const LIMIT: u64 = 8 * 1024 * 1024;
/// The longest pause between two pieces of a body.
const PAUSE_LIMIT: Duration = Duration::from_secs(10);
/// All pauses of a body together; less than the minute that X has, so that X's slowness is not taken for the program's.
const WAITING_LIMIT: Duration = Duration::from_secs(40);

/// Why a body was cut off. X gets no end of it, and so does nothing with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body was cut off")]
pub(super) enum CutOff {
    /// It went over the limit.
    TooLarge,
    /// It ended before its end.
    Half,
    /// It did not come in time.
    Slow,
}

/// What became of a body, seen from outside while it is being sent; empty as long as it is not cut off.
pub(super) type Fate = Arc<OnceLock<CutOff>>;

/// A body of at most [`LIMIT`] bytes, for which X is not kept waiting longer than [`WAITING_LIMIT`].
pub(super) struct Limited<B = Incoming> {
    inner: B,
    left: u64,
    /// What is left of the time for pauses.
    patience: Duration,
    /// Runs while the program sends nothing.
    pause: Option<Pause>,
    fate: Fate,
}

struct Pause {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<B> Limited<B> {
    pub(super) fn new(inner: B, fate: Fate) -> Self {
        Self {
            inner,
            left: LIMIT,
            patience: WAITING_LIMIT,
            pause: None,
            fate,
        }
    }

    fn cut_off(&self, why: CutOff) -> CutOff {
        *self.fate.get_or_init(|| why)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Limited<B> {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) else {
            let patience = this.patience.min(PAUSE_LIMIT);
            let pause = this.pause.get_or_insert_with(|| Pause {
                since: Instant::now(),
                end: Box::pin(sleep(patience)),
            });
            let over = pause.end.as_mut().poll(context);
            return over.map(|()| Some(Err(this.cut_off(CutOff::Slow))));
        };
        if let Some(pause) = this.pause.take() {
            this.patience = this.patience.saturating_sub(pause.since.elapsed());
        }
        let frame = match frame {
            None => return Poll::Ready(None),
            Some(Err(_)) => return Poll::Ready(Some(Err(this.cut_off(CutOff::Half)))),
            Some(Ok(frame)) => frame,
        };
        let length = frame.data_ref().map_or(0, Bytes::len);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let Some(left) = this.left.checked_sub(length) else {
            return Poll::Ready(Some(Err(this.cut_off(CutOff::TooLarge))));
        };
        this.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    /// What becomes of a body that comes in pieces after these pauses, and when that is known.
    async fn sent(pauses: impl IntoIterator<Item = Duration>) -> (bool, Fate, Duration) {
        let begun = Instant::now();
        let pieces =
            stream::iter(pauses.into_iter().collect::<Vec<_>>()).then(|pause| async move {
                sleep(pause).await;
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"piece")))
            });
        let fate = Fate::default();
        let body = Limited::new(StreamBody::new(Box::pin(pieces)), fate.clone());
        let whole = body.collect().await.is_ok();
        (whole, fate, begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_cut_off() {
        let (whole, fate, took) = sent([Duration::from_secs(1), Duration::from_hours(1)]).await;
        assert!(!whole && fate.get() == Some(&CutOff::Slow));
        assert_eq!(took.as_secs(), 1 + PAUSE_LIMIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_cut_off() {
        let (whole, fate, took) = sent([PAUSE_LIMIT / 2; 100]).await;
        assert!(!whole && fate.get() == Some(&CutOff::Slow));
        assert_eq!(took.as_secs(), WAITING_LIMIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_that_comes_in_time_is_whole() {
        let (whole, fate, _) = sent([PAUSE_LIMIT / 2; 7]).await;
        assert!(whole && fate.get().is_none());
    }
}
