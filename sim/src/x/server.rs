//! The HTTP server: connections, bodies that misbehave on purpose, the date, and the path of a request through faults.

use std::{
    convert::Infallible,
    fmt, io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body as AxumBody, Bytes, to_bytes},
    http::{HeaderName, HeaderValue, Request, Response, StatusCode, header},
};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::{AbortHandle, JoinSet},
};

use super::{
    DateHeader, Fault, Shared,
    answers::{Answer, AnswerBody},
    clock::http_date,
    endpoints::{self, Endpoint},
    faults::Arrival,
    judge::{Asked, Judged, judge},
    log::{Call, Outcome, Refusal, UnexpectedReason, pattern_of},
    oauth1,
};

/// No call of a client is longer; media come in chunks.
const REQUEST_LIMIT: usize = 16 * 1024 * 1024;
/// One frame of a huge body.
const CHUNK: usize = 64 * 1024;

/// The running server; it stops when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Server {
    pub(crate) async fn start(shared: Arc<Shared>, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(shared, listener)).abort_handle();
        Ok(Self { address, task })
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    // Dropped with this task, which closes the connections.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| serve(Arc::clone(&shared), request));
            // An error is a client that went away, or a connection broken on purpose.
            let _ = http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// A connection that is broken on purpose.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is broken on purpose")
    }
}

impl std::error::Error for Broken {}

impl From<Infallible> for Broken {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Marks a call whose future is dropped, because its client went away.
struct Underway {
    shared: Arc<Shared>,
    number: u64,
    path: String,
    outcome: Outcome,
}

impl Drop for Underway {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            state.faults.leave(self.number);
            state.log.finish(self.number, &self.path, self.outcome);
        }
        self.shared.changed.notify_waiters();
    }
}

async fn serve(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<SimBody>, Broken> {
    let asked = read(request).await?;
    let endpoint = Endpoint::of(&asked.method, &asked.path);
    let (judged, number) = arrive(&shared, &endpoint, &asked);
    let mut underway = Underway {
        shared: Arc::clone(&shared),
        number,
        path: asked.path.clone(),
        outcome: Outcome::Abandoned,
    };
    shared.changed.notify_waiters();
    wait_while_held(&shared, &asked.path, number).await;
    let fault = {
        let mut state = shared.lock();
        state.faults.take(&asked.path, pattern_of(&asked.path))
    };
    let answer = match fault {
        Some(Fault::DropConnection) => {
            underway.outcome = Outcome::Dropped;
            return Err(Broken);
        }
        Some(Fault::LoseAnswer) => {
            underway.outcome = Outcome::Dropped;
            genuine(&shared, &endpoint, &asked, &judged);
            return Err(Broken);
        }
        Some(Fault::Answer(answer)) => answer,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            genuine(&shared, &endpoint, &asked, &judged)
        }
        None => genuine(&shared, &endpoint, &asked, &judged),
    };
    let date = date(&shared);
    let response = response(answer, date);
    underway.outcome = Outcome::Answered(response.status().as_u16());
    Ok(response)
}

async fn read(request: Request<Incoming>) -> Result<Asked, Broken> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(AxumBody::new(body), REQUEST_LIMIT)
        .await
        .map_err(|_| Broken)?
        .to_vec();
    let text = |name: HeaderName| {
        let value = parts.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let is_form = text(header::CONTENT_TYPE).is_some_and(|content_type| {
        let kind = content_type.split(';').next().unwrap_or_default();
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    let query = parts.uri.query().unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let oauth = text(header::AUTHORIZATION)
        .and_then(|header| oauth1::parse_authorization(&header))
        .unwrap_or_default();
    Ok(Asked {
        method: parts.method.as_str().to_owned(),
        path_and_query: match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.clone(),
        },
        path,
        query: oauth1::decode_form(query.as_bytes()),
        form: if is_form {
            oauth1::decode_form(&body)
        } else {
            Vec::new()
        },
        host: text(header::HOST).unwrap_or_default(),
        headers: parts.headers,
        body,
        oauth,
    })
}

/// Judges the request as it arrives, and writes it down.
fn arrive(shared: &Shared, endpoint: &Endpoint, asked: &Asked) -> (Judged, u64) {
    let now = shared.clock.now();
    let mut state = shared.lock();
    let state = &mut *state;
    let judged = judge(&state.world, &mut state.nonces, now, endpoint, asked);
    let names = |pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().map(|(name, _)| name.clone()).collect()
    };
    let refusal = match &judged {
        Judged::Refused(refusal) => Some(*refusal),
        Judged::Bearer | Judged::UnknownBearer => Some(Refusal::OtherScheme),
        Judged::Open | Judged::Signed(_) | Judged::KeyPair(_) => None,
    };
    let mut complain = |reason| state.log.complain(&asked.method, &asked.path, reason);
    if matches!(endpoint, Endpoint::Unknown) {
        complain(UnexpectedReason::UnknownPath);
    }
    match refusal {
        Some(Refusal::Unsigned | Refusal::Malformed | Refusal::OtherScheme) => {
            complain(UnexpectedReason::Unsigned);
        }
        Some(Refusal::NonceReused) => complain(UnexpectedReason::NonceReused),
        Some(_) | None => {}
    }
    if matches!(endpoint, Endpoint::UsersMe) && !asked.query.is_empty() {
        complain(UnexpectedReason::ExtraParameters(names(&asked.query)));
    }
    let (app, user) = match &judged {
        Judged::Signed(signed) => (Some(signed.app), signed.holder.map(|holder| holder.user)),
        Judged::KeyPair(app) => (Some(*app), None),
        Judged::Open | Judged::Bearer | Judged::UnknownBearer | Judged::Refused(_) => (None, None),
    };
    let number = if state.log.recording_off {
        state.log.arrive_unrecorded(&asked.path)
    } else {
        state.log.arrive(Call {
            number: 0,
            method: asked.method.clone(),
            path: asked.path.clone(),
            query_names: names(&asked.query),
            outcome: Outcome::Pending,
            verified: matches!(judged, Judged::Signed(_) | Judged::KeyPair(_)),
            refusal,
            oauth_names: names(&asked.oauth),
            nonce: asked.oauth("oauth_nonce").map(str::to_owned),
            timestamp: asked.oauth("oauth_timestamp").map(str::to_owned),
            user_id: user.map(|user| state.world.users[user].id),
            app_id: app.map(|app| state.world.apps[app].id),
            user_agent: asked.header(header::USER_AGENT).map(str::to_owned),
        })
    };
    (judged, number)
}

async fn wait_while_held(shared: &Shared, path: &str, number: u64) {
    loop {
        let mut changed = pin!(shared.changed.notified());
        changed.as_mut().enable();
        let arrival = shared.lock().faults.held(path, number);
        match arrival {
            None => return,
            Some(Arrival::First) => {}
            Some(Arrival::Again) => {
                changed.await;
                continue;
            }
        }
        // Tells whoever waits for this arrival, once.
        shared.changed.notify_waiters();
    }
}

fn genuine(shared: &Shared, endpoint: &Endpoint, asked: &Asked, judged: &Judged) -> Answer {
    let now = shared.clock.now();
    endpoints::respond(&mut shared.lock(), now, endpoint, asked, judged)
}

fn date(shared: &Shared) -> Option<String> {
    let now = shared.clock.now();
    match shared.lock().settings.date {
        DateHeader::Gmt => Some(http_date(now, "GMT")),
        DateHeader::Utc => Some(http_date(now, "UTC")),
        DateHeader::Skewed(seconds) => Some(http_date(now + seconds, "GMT")),
        DateHeader::Missing => None,
    }
}

fn response(answer: Answer, date: Option<String>) -> Response<SimBody> {
    let Ok(status) = StatusCode::from_u16(answer.status) else {
        return unsendable();
    };
    let mut response = Response::new(SimBody::Whole(None));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let dated = answer
        .headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("date"));
    let date = date.filter(|_| !dated);
    for (name, value) in answer
        .headers
        .into_iter()
        .chain(date.map(|date| ("date".to_owned(), date)))
    {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            return unsendable();
        };
        headers.append(name, value);
    }
    match answer.body {
        AnswerBody::Bytes(bytes) => {
            *response.body_mut() = SimBody::Whole(Some(Bytes::from(bytes)));
        }
        AnswerBody::Huge(left) => {
            *response.body_mut() = SimBody::Huge {
                left,
                chunk: Bytes::from(vec![b' '; CHUNK]),
            };
        }
        AnswerBody::Cut(bytes) => {
            headers.insert(
                header::CONTENT_LENGTH,
                HeaderValue::from(bytes.len() + CHUNK),
            );
            *response.body_mut() = SimBody::Cut {
                bytes: Some(Bytes::from(bytes)),
                flushed: false,
            };
        }
    }
    response
}

/// What a test gets for an answer that HTTP cannot carry.
fn unsendable() -> Response<SimBody> {
    let text = "the forced answer has a status or a header that HTTP cannot carry";
    let mut response = Response::new(SimBody::Whole(Some(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// A body as an [`AnswerBody`] describes it.
pub(crate) enum SimBody {
    Whole(Option<Bytes>),
    Huge { left: u64, chunk: Bytes },
    Cut { bytes: Option<Bytes>, flushed: bool },
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Huge { left: 0, .. } => Poll::Ready(None),
            Self::Huge { left, chunk } => {
                let take = usize::try_from(*left).unwrap_or(CHUNK).min(CHUNK);
                *left -= u64::try_from(take).unwrap_or(*left);
                Poll::Ready(Some(Ok(Frame::data(chunk.slice(..take)))))
            }
            Self::Cut { bytes, flushed } => {
                if let Some(bytes) = bytes.take() {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                if *flushed {
                    return Poll::Ready(Some(Err(Broken)));
                }
                // Hyper writes out what it has before it asks again.
                *flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or_default())
            }
            Self::Huge { .. } | Self::Cut { .. } => SizeHint::default(),
        }
    }
}
