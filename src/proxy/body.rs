//! A program's body on its way to X: streamed, counted, and cut off at the limit.

use std::{
    error::Error,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// X takes images and chunks of 5 MB; base64 in JSON makes them a third longer.
pub(super) const LIMIT: u64 = 8 * 1024 * 1024;

/// What became of a body, seen from outside while it is being sent.
#[derive(Clone, Default)]
pub(super) struct Fate(Arc<AtomicU8>);

const TOO_LARGE: u8 = 1;
const HALF: u8 = 2;

impl Fate {
    /// It went over the limit.
    pub(super) fn is_too_large(&self) -> bool {
        self.0.load(Ordering::Relaxed) == TOO_LARGE
    }

    /// It ended before its end.
    pub(super) fn is_half(&self) -> bool {
        self.0.load(Ordering::Relaxed) == HALF
    }
}

/// The body was cut off; X gets no end of it, and so does nothing with it.
#[derive(Debug)]
pub(super) struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body was cut off")
    }
}

impl Error for CutOff {}

/// A body of at most [`LIMIT`] bytes.
pub(super) struct Limited<B = Incoming> {
    inner: B,
    left: u64,
    fate: Fate,
}

impl<B> Limited<B> {
    pub(super) fn new(inner: B, fate: Fate) -> Self {
        Self {
            inner,
            left: LIMIT,
            fate,
        }
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
        let frame = match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(_)) => {
                this.fate.0.store(HALF, Ordering::Relaxed);
                return Poll::Ready(Some(Err(CutOff)));
            }
            Some(Ok(frame)) => frame,
        };
        let length = frame.data_ref().map_or(0, Bytes::len);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let Some(left) = this.left.checked_sub(length) else {
            this.fate.0.store(TOO_LARGE, Ordering::Relaxed);
            return Poll::Ready(Some(Err(CutOff)));
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
