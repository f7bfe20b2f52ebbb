//! One connection of a program: how long it may last, and for how long the program may leave an answer lying.

use std::{
    convert::Infallible,
    io::{self, IoSlice},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::answer::Reply;

/// A program has this long to send the head of a request; a connection on which none begins is closed after it.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// A program that takes nothing of its answer for so long is cut off.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// After this a connection takes no further request.
const LIFETIME: Duration = Duration::from_mins(10);
/// The last request on a connection has this long to end. X itself has a minute.
const LAST_REQUEST: Duration = Duration::from_mins(2);
/// A head longer than this is refused.
const HEAD_BYTES: usize = 16 * 1024;

/// Answers the requests on `stream` until the program hangs up, a limit is met, or `stop`.
pub(super) async fn converse<S, A, F>(stream: S, stop: &CancellationToken, answer: A)
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Reply>,
{
    let service = service_fn(|request| {
        let answering = answer(request);
        async move { Ok::<_, Infallible>(answering.await) }
    });
    let stream = Impatient {
        inner: stream,
        waiting: None,
    };
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let enough = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(LIFETIME) => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = enough => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_REQUEST, connection).await.ok()
        }
    };
    // The program went away, was too slow, or did not speak HTTP: its own business.
    if !matches!(ended, Some(Ok(()))) {
        tracing::debug!("a connection of a program broke");
    }
}

/// A stream whose other side has to take something within [`WRITE_LIMIT`].
struct Impatient<S> {
    inner: S,
    /// Runs while nothing is taken.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    fn bounded(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(sleep(WRITE_LIMIT)));
        waiting
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.bounded(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        this.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Either, Full};
    use hyper::{Response, body::Bytes};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: proxy\r\n\r\n";

    /// How long the connection lasts whose other side does what `program` does. The clock stands still but for waits.
    async fn lasts<F: Future<Output = ()>>(
        bytes: usize,
        program: impl FnOnce(DuplexStream) -> F,
    ) -> Duration {
        let begun = Instant::now();
        let (ours, theirs) = duplex(64);
        let stop = CancellationToken::new();
        let conversation = converse(ours, &stop, |_| async move {
            Response::new(Either::Left(Full::new(Bytes::from(vec![b'x'; bytes]))))
        });
        tokio::select! {
            () = conversation => begun.elapsed(),
            () = program(theirs) => unreachable!("the program goes on for ever"),
        }
    }

    async fn read_head(stream: &mut DuplexStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_never_reads_its_answer_is_cut_off() {
        let lasted = lasts(1024 * 1024, |mut stream| async move {
            stream.write_all(REQUEST).await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_eq!(lasted.await.as_secs(), WRITE_LIMIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_reads_a_byte_now_and_then_does_not_keep_its_place_for_ever() {
        let lasted = lasts(1024 * 1024, |mut stream| async move {
            stream.write_all(REQUEST).await.unwrap();
            loop {
                sleep(WRITE_LIMIT / 2).await;
                stream.read_u8().await.unwrap();
            }
        });
        let lasted = lasted.await;
        assert!(lasted <= LIFETIME + LAST_REQUEST, "{lasted:?}");
        assert!(lasted > LIFETIME, "{lasted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_rests_is_closed() {
        let silent = lasts(0, |stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        })
        .await;
        assert_eq!(silent.as_secs(), HEAD_LIMIT.as_secs());
        let after_one = lasts(0, |mut stream| async move {
            stream.write_all(REQUEST).await.unwrap();
            read_head(&mut stream).await;
            std::future::pending::<()>().await;
        });
        assert_eq!(after_one.await.as_secs(), HEAD_LIMIT.as_secs());
        let half_a_head = lasts(0, |mut stream| async move {
            for byte in REQUEST {
                sleep(Duration::from_secs(1)).await;
                stream.write_u8(*byte).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        assert_eq!(half_a_head.await.as_secs(), HEAD_LIMIT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_goes_on_asking_is_told_to_come_anew() {
        let lasted = lasts(0, |mut stream| async move {
            while stream.write_all(REQUEST).await.is_ok() {
                read_head(&mut stream).await;
                sleep(HEAD_LIMIT / 2).await;
            }
            std::future::pending::<()>().await;
        });
        assert_eq!(lasted.await.as_secs(), LIFETIME.as_secs());
    }
}
