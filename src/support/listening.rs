//! How the bot's servers listen, and how much they give to whoever asks: connections, time, and patience.

use std::{
    convert::Infallible,
    fmt,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{body::Body, http::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{backoff::Backoff, clock::Clock, hardening, metrics::Metrics};
use crate::config::{ConfigError, Variable};

/// Between two tries to take an address.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));

/// This long for the head of a request; a connection on which none begins is closed after it.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Whoever takes nothing of an answer for so long is cut off.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// A head longer than this is refused.
const HEAD_BYTES: usize = 16 * 1024;

/// How much a server gives.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Connections at the same time; more wait.
    pub connections: usize,
    /// After this a connection takes no further request.
    pub lifetime: Duration,
    /// The last request on a connection has this long to end.
    pub last_request: Duration,
}

/// A place to listen at: taken, or to be taken as soon as it can be.
pub(crate) struct Door {
    what: &'static str,
    address: SocketAddr,
    listener: Option<TcpListener>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.what, self.address)
    }
}

/// Takes the address that `variable` asks for, if it asks for one. `what` is told as long as that does not succeed.
pub(crate) async fn listen(
    variable: Variable,
    what: &'static str,
    address: Option<SocketAddr>,
) -> Result<Option<Door>, ConfigError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => Some(listener),
        Err(error) if may_come(&error) => None,
        Err(error) => {
            let problem = format!("cannot listen on {address}: {error}");
            return Err(ConfigError::new(variable, problem));
        }
    };
    Ok(Some(Door {
        what,
        address,
        listener,
    }))
}

/// Somebody else has the address, or the machine does not have it yet.
fn may_come(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable
    )
}

impl Door {
    /// Waits until the address is free. `None`: stopped meanwhile.
    pub(crate) async fn open(
        self,
        metrics: &Metrics,
        clock: &Clock,
        stop: &CancellationToken,
    ) -> Option<TcpListener> {
        let (what, address) = (self.what, self.address);
        metrics.listens(what, self.listener.is_some());
        if self.listener.is_some() {
            return self.listener;
        }
        let attempt = |pause: Duration| async move {
            match TcpListener::bind(address).await {
                Ok(listener) => Ok::<_, Infallible>(Some(listener)),
                Err(error) => {
                    let pause_s = pause.as_secs();
                    tracing::warn!(%error, %address, pause_s, "the bot cannot listen for {what} yet; trying again");
                    Ok(None)
                }
            }
        };
        let Ok(listener) = PAUSES.retry(clock, stop, attempt).await;
        metrics.listens(what, listener.is_some());
        listener
    }
}

/// Serves until `stop`; then the requests under way are finished.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    service: S,
    bounds: Bounds,
    stop: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    // Each may want a connection to X as well, and the bot itself wants some.
    let most = hardening::file_limit() / 4;
    let permits = Arc::new(Semaphore::new(bounds.connections.min(most)));
    let connections = TaskTracker::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (accept(&listener).await, permit)
        };
        let (stream, permit) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        // Answers are short: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let (service, stop) = (service.clone(), stop.clone());
        connections.spawn(async move {
            converse(stream, service, bounds, &stop).await;
            drop(permit);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                // Out of file handles: a moment later there may be some.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Answers the requests on `stream` until the other side hangs up, a limit is met, or `stop`.
async fn converse<S>(
    stream: impl AsyncRead + AsyncWrite,
    service: S,
    bounds: Bounds,
    stop: &CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_LIMIT));
    let mut connection = Box::pin(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(Box::pin(stream)), service),
    );
    let enough = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(bounds.lifetime) => {}
        }
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = enough => {
            connection.as_mut().graceful_shutdown();
            timeout(bounds.last_request, connection).await.ok()
        }
    };
    // The other side went away, was too slow, or did not speak HTTP: its own business.
    if !matches!(ended, Some(Ok(()))) {
        tracing::debug!("a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use hyper::service::service_fn;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;

    const BOUNDS: Bounds = Bounds {
        connections: 1,
        lifetime: Duration::from_mins(10),
        last_request: Duration::from_mins(2),
    };
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: proxy\r\n\r\n";

    /// How long the connection lasts whose other side does what `program` does. The clock stands still but for waits.
    async fn lasts<F: Future<Output = ()>>(
        bytes: usize,
        program: impl FnOnce(DuplexStream) -> F,
    ) -> Duration {
        let begun = Instant::now();
        let (ours, theirs) = duplex(64);
        let stop = CancellationToken::new();
        let service = service_fn(async |_| Ok(Response::new(Body::from(vec![b'x'; bytes]))));
        let conversation = converse(ours, service, BOUNDS, &stop);
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
        assert!(
            lasted <= BOUNDS.lifetime + BOUNDS.last_request,
            "{lasted:?}"
        );
        assert!(lasted > BOUNDS.lifetime, "{lasted:?}");
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
        assert_eq!(lasted.await.as_secs(), BOUNDS.lifetime.as_secs());
    }
}
