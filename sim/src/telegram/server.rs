//! The HTTP side: reads a call, lets the faults judge it, answers it, and keeps the record.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequest, Multipart, Request, connect_info::Connected},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    serve::{IncomingStream, Listener},
};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use super::{
    Shared, TOKEN,
    call::{Call, CallAnswer, chat_of},
    fault::FaultKind,
    methods::{self, ApiError, Params},
    state::State,
};

/// The largest body that is read.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// How many calls the record holds; the oldest go first.
const MAX_CALLS: usize = 200_000;

/// How many unexpected calls are kept.
const MAX_UNEXPECTED: usize = 1_000;

/// Serves the simulator until it is dropped.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) -> io::Result<()> {
    let stop = Arc::clone(&shared);
    let router = Router::new().fallback(move |request: Request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, request).await }
    });
    axum::serve(
        Cuttable(listener),
        router.into_make_service_with_connect_info::<Cut>(),
    )
    .with_graceful_shutdown(async move { stop.stop.notified().await })
    .await
}

// Connections that can be cut

/// A listener whose connections can be closed by the one who answers on them.
struct Cuttable(TcpListener);

/// The scissors of one connection.
#[derive(Debug, Clone, Default)]
struct Cut(Arc<AtomicBool>);

struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl Listener for Cuttable {
    type Io = CuttableStream;
    type Addr = Cut;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, _) = Listener::accept(&mut self.0).await;
        // Without it the small answers wait for acknowledgements; a failure only costs speed.
        let _ = stream.set_nodelay(true);
        let cut = Cut::default();
        (
            CuttableStream {
                stream,
                cut: cut.clone(),
            },
            cut,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Cut::default())
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.remote_addr().clone()
    }
}

impl CuttableStream {
    fn writable(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::Acquire) {
            Err(io::ErrorKind::ConnectionReset.into())
        } else {
            Ok(())
        }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writable()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writable()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Binds the address of the server.
pub(super) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

// Reading a call

/// The method in a path, or the error for a path that is no call to this bot.
fn method_of(path: &str) -> Result<String, ApiError> {
    let not_found = || ApiError::new(404, "Not Found");
    let rest = path.strip_prefix("/bot").ok_or_else(not_found)?;
    let (token, method) = rest.split_once('/').ok_or_else(not_found)?;
    if token != TOKEN {
        return Err(ApiError::new(401, "Unauthorized"));
    }
    Ok(method.to_owned())
}

/// Query and body as one object of parameters.
async fn params_of(request: Request) -> Result<Map<String, Value>, ApiError> {
    let mut params = Map::new();
    let pairs = |bytes: &[u8], params: &mut Map<String, Value>| {
        for (name, value) in form_urlencoded::parse(bytes) {
            params.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    };
    pairs(
        request.uri().query().unwrap_or_default().as_bytes(),
        &mut params,
    );
    match content_type(request.headers()) {
        "multipart/form-data" => {
            let unreadable = || ApiError::bad("can't parse multipart form");
            let mut form = Multipart::from_request(request, &())
                .await
                .map_err(|_| unreadable())?;
            while let Some(field) = form.next_field().await.map_err(|_| unreadable())? {
                let name = field.name().unwrap_or_default().to_owned();
                if let Some(file) = field.file_name() {
                    params.insert(format!("{name}.name"), json!(file));
                }
                let value = field.bytes().await.map_err(|_| unreadable())?;
                params.insert(
                    name,
                    Value::String(String::from_utf8_lossy(&value).into_owned()),
                );
            }
        }
        "application/json" => {
            let body = read(request.into_body()).await?;
            if !body.is_empty() {
                match serde_json::from_slice(&body) {
                    Ok(Value::Object(body)) => params.extend(body),
                    Ok(Value::Null) => {}
                    _ => return Err(ApiError::bad("can't parse JSON object")),
                }
            }
        }
        _ => pairs(&read(request.into_body()).await?, &mut params),
    }
    Ok(params)
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

async fn read(body: Body) -> Result<Vec<u8>, ApiError> {
    match to_bytes(body, MAX_BODY).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(_) => Err(ApiError::new(413, "Request Entity Too Large")),
    }
}

// Answering

/// A call while it is being answered; leaves the count of those when it is dropped.
struct InFlight<'a> {
    shared: &'a Shared,
    seq: u64,
    at: Instant,
    counted: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.counted {
            self.shared.lock().in_flight -= 1;
            self.shared.changed.notify_waiters();
        }
    }
}

async fn answer(shared: &Shared, request: Request) -> Response {
    let cut = request
        .extensions()
        .get::<ConnectInfo<Cut>>()
        .map(|info| info.0.clone())
        .unwrap_or_default();
    let method = match method_of(request.uri().path()) {
        Ok(method) => method,
        Err(error) => {
            let (call, ..) = arrive(shared, request.uri().path(), Map::new());
            return finish(shared, &call, Err(error), false);
        }
    };
    let params = match params_of(request).await {
        Ok(params) => params,
        Err(error) => {
            let (call, ..) = arrive(shared, &method, Map::new());
            return finish(shared, &call, Err(error), false);
        }
    };
    let Some(method) = methods::canonical(&method) else {
        let (call, ..) = arrive(shared, &method, params);
        return finish(
            shared,
            &call,
            Err(ApiError::new(404, "Not Found: method not found")),
            false,
        );
    };
    let (call, params, sentence) = arrive(shared, method, params);
    if !sentence.delay.is_zero() {
        tokio::time::sleep(sentence.delay).await;
    }
    match sentence.fault {
        None => {
            let outcome = perform(shared, method, &params, call.at).await;
            finish(shared, &call, outcome, false)
        }
        Some((kind, effect)) => {
            let outcome = if effect {
                Some(perform(shared, method, &params, call.at).await)
            } else {
                None
            };
            spoil(shared, &call, kind, outcome, &cut)
        }
    }
}

/// Takes a call into the record and asks the faults about it.
fn arrive<'a>(
    shared: &'a Shared,
    method: &str,
    params: Map<String, Value>,
) -> (InFlight<'a>, Map<String, Value>, super::fault::Sentence) {
    let at = Instant::now();
    let params = Value::Object(params);
    let counted = method != "getUpdates";
    let mut state = shared.lock();
    let seq = state.next_call();
    if counted {
        state.in_flight += 1;
    }
    let sentence = state.faults.judge(method, chat_of(&params), at);
    if state.recording {
        if state.calls.len() >= MAX_CALLS {
            state.calls.pop_front();
        }
        state.calls.push_back(Call {
            seq,
            method: method.to_owned(),
            params: params.clone(),
            at,
            answer: None,
        });
    }
    drop(state);
    let params = if let Value::Object(params) = params {
        params
    } else {
        Map::new()
    };
    (
        InFlight {
            shared,
            seq,
            at,
            counted,
        },
        params,
        sentence,
    )
}

/// Does what the call asks for; the result is JSON in text.
async fn perform(
    shared: &Shared,
    method: &str,
    params: &Map<String, Value>,
    at: Instant,
) -> Result<String, ApiError> {
    let params = Params(params);
    if method == "getUpdates" {
        return get_updates(shared, &params).await;
    }
    let outcome = methods::run(&mut shared.lock(), method, &params, at);
    shared.changed.notify_waiters();
    outcome.map(|value| value.to_string())
}

/// A getUpdates call while it lasts, also when the client goes away.
struct Waiting<'a> {
    shared: &'a Shared,
    mine: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if state.poll == self.mine {
            state.polling = false;
        }
    }
}

async fn get_updates(shared: &Shared, params: &Params<'_>) -> Result<String, ApiError> {
    let limit = match params.int("limit") {
        Some(limit) => usize::try_from(limit.clamp(1, 100)).unwrap_or(100),
        None => 100,
    };
    let timeout = u64::try_from(params.int("timeout").unwrap_or(0).clamp(0, 50)).unwrap_or(0);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(timeout);
    let allowed = params.json("allowed_updates")?;
    let mine = {
        let mut state = shared.lock();
        if let Some(Value::Array(kinds)) = allowed {
            state.queue.allow(
                kinds
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            );
        }
        if let Some(offset) = params.int("offset") {
            let keep = state.recording;
            state.queue.confirm(offset, keep);
        }
        state.poll += 1;
        state.poll
    };
    let _waiting = Waiting { shared, mine };
    // Ends the getUpdates call before this one, and wakes who waits for confirmations.
    shared.pushed.notify_waiters();
    shared.changed.notify_waiters();
    loop {
        let pushed = shared.pushed.notified();
        tokio::pin!(pushed);
        pushed.as_mut().enable();
        {
            let mut state = shared.lock();
            if state.poll != mine || state.closed {
                return Err(ApiError::new(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            if let Some(updates) = hand_over(&mut state, limit) {
                return Ok(updates);
            }
            if tokio::time::Instant::now() >= deadline {
                return Ok("[]".to_owned());
            }
            state.polling = true;
        }
        shared.changed.notify_waiters();
        // Whichever comes first, the state tells what to do next.
        let _ = tokio::time::timeout_at(deadline, pushed).await;
    }
}

fn hand_over(state: &mut State, limit: usize) -> Option<String> {
    let now = Instant::now();
    let keep = state.recording;
    let (updates, messages) = state.queue.hand_over(limit, now, keep)?;
    for (chat, id) in messages {
        if let Some(message) = state.message_mut(chat, id) {
            message.handed.get_or_insert(now);
        }
    }
    Some(updates)
}

fn ok_body(result: &str) -> String {
    format!("{{\"ok\":true,\"result\":{result}}}")
}

fn error_body(error: &ApiError) -> String {
    let mut body = json!({"ok": false, "error_code": error.code, "description": error.description});
    if let Some(seconds) = error.retry_after {
        body["parameters"] = json!({"retry_after": seconds});
    }
    body.to_string()
}

fn respond(status: u16, content_type: &'static str, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// Answers a call and writes the answer into the record.
fn finish(
    shared: &Shared,
    call: &InFlight<'_>,
    outcome: Result<String, ApiError>,
    faulted: bool,
) -> Response {
    let (status, error, body) = match outcome {
        Ok(result) => (200, None, ok_body(&result)),
        Err(error) => (
            error.code,
            Some(error.description.clone()),
            error_body(&error),
        ),
    };
    record(shared, call, status, error, faulted);
    respond(status, "application/json", body)
}

fn record(shared: &Shared, call: &InFlight<'_>, status: u16, error: Option<String>, faulted: bool) {
    let mut state = shared.lock();
    let answer = CallAnswer {
        status,
        error,
        faulted,
        after: call.at.elapsed(),
    };
    let wrong = !faulted
        && !matches!(answer.status, 200 | 403)
        && !answer.error.as_ref().is_some_and(|error| {
            state
                .expected_errors
                .iter()
                .any(|expected| error.contains(expected.as_str()))
        });
    let unexpected = match state.calls.binary_search_by_key(&call.seq, |call| call.seq) {
        Ok(place) => {
            let recorded = &mut state.calls[place];
            recorded.answer = Some(answer);
            wrong.then(|| recorded.clone())
        }
        Err(_) => wrong.then(|| Call {
            seq: call.seq,
            method: "(not recorded)".to_owned(),
            params: Value::Null,
            at: call.at,
            answer: Some(answer),
        }),
    };
    if let Some(unexpected) = unexpected
        && !state.closed
        && state.unexpected.len() < MAX_UNEXPECTED
    {
        state.unexpected.push(unexpected);
    }
}

/// Answers a struck call: with the fault, after its effect if that has been done.
fn spoil(
    shared: &Shared,
    call: &InFlight<'_>,
    kind: FaultKind,
    outcome: Option<Result<String, ApiError>>,
    cut: &Cut,
) -> Response {
    match kind {
        FaultKind::TooManyRequests { retry_after, .. } => {
            let description = format!("Too Many Requests: retry after {retry_after}");
            let error = ApiError {
                code: 429,
                description,
                retry_after: Some(retry_after),
            };
            finish(shared, call, Err(error), true)
        }
        FaultKind::Status { code, html } => {
            let status = StatusCode::from_u16(code).ok();
            let reason = status
                .and_then(|status| status.canonical_reason())
                .unwrap_or("Error");
            if !html {
                return finish(shared, call, Err(ApiError::new(code, reason)), true);
            }
            record(shared, call, code, Some(reason.to_owned()), true);
            let page = format!(
                "<html>\r\n<head><title>{code} {reason}</title></head>\r\n<body>\r\n<center><h1>{code} {reason}</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
            );
            respond(code, "text/html", page)
        }
        FaultKind::DropConnection => {
            record(shared, call, 0, Some("connection closed".to_owned()), true);
            // The answer never leaves: the first write on the cut connection fails and closes it.
            cut.0.store(true, Ordering::Release);
            respond(200, "application/json", String::new())
        }
        FaultKind::DeleteRefused => finish(
            shared,
            call,
            Err(ApiError::bad("message can't be deleted")),
            true,
        ),
        FaultKind::BadRequest(reason) => finish(shared, call, Err(ApiError::bad(reason)), true),
        FaultKind::InvalidJson => {
            record(shared, call, 200, Some("body breaks off".to_owned()), true);
            let body = match outcome {
                Some(Err(error)) => error_body(&error),
                Some(Ok(result)) => ok_body(&result),
                None => ok_body("true"),
            };
            let mut end = body.len().saturating_sub(2);
            while !body.is_char_boundary(end) {
                end -= 1;
            }
            respond(200, "application/json", body[..end].to_owned())
        }
        // A delay was served before; what is left is the call itself.
        FaultKind::Delay(_) => finish(
            shared,
            call,
            outcome.unwrap_or_else(|| Ok("true".to_owned())),
            true,
        ),
    }
}
