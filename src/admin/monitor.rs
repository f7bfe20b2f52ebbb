//! The pages for whoever watches the bot: `/metrics` for Prometheus, `/healthz` and `/readyz` for whatever starts it. Nothing
//! is looked up unless a page is asked for.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{
        HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE},
    },
    response::IntoResponse,
    routing::get,
};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    store::{Store, counts},
    support::{
        clock::Clock,
        heartbeat::Heartbeat,
        listening::{self, Bounds},
        metrics::{Metrics, Now},
    },
};

/// A connection is for one question, from its first byte to the last of its answer.
const BOUNDS: Bounds = Bounds {
    connections: 16,
    lifetime: Duration::from_secs(10),
    last_request: Duration::ZERO,
};
/// A database that needs longer does not answer.
const DATABASE_LIMIT: Duration = Duration::from_secs(3);
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const HEADERS: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (CONNECTION, "close")];

/// What the pages are made of. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Monitor {
    pub(crate) metrics: Metrics,
    pub(crate) store: Store,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) clock: Clock,
}

impl Monitor {
    /// Answers until `stop`.
    pub(crate) async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "the metrics can be fetched");
            if !address.ip().is_loopback() {
                tracing::warn!(%address, "other machines may fetch the metrics; there is no password");
            }
        }
        let pages = TowerToHyperService::new(self.pages());
        listening::serve(listener, pages, BOUNDS, stop).await;
    }

    fn pages(self) -> Router {
        Router::new()
            .route(
                "/metrics",
                get(async |State(monitor): State<Self>| {
                    let text = monitor.metrics.text(&monitor.look().await);
                    (HEADERS, [(CONTENT_TYPE, METRICS_TYPE)], text)
                }),
            )
            .route(
                "/healthz",
                get(async |State(monitor): State<Self>| {
                    // The file may be of an earlier run, and there may be none yet.
                    let checked = monitor.heartbeat.check();
                    let checked = checked.or_else(|_| monitor.heartbeat.check_this_run());
                    state(checked.map_err(|error| error.to_string()))
                }),
            )
            .route(
                "/readyz",
                get(async |State(monitor): State<Self>| state(monitor.ready().await)),
            )
            .fallback(async || {
                let there_is = "there are /metrics, /healthz and /readyz\n";
                (StatusCode::NOT_FOUND, HEADERS, there_is)
            })
            .method_not_allowed_fallback(async || {
                (StatusCode::METHOD_NOT_ALLOWED, HEADERS, "only GET\n")
            })
            .with_state(self)
    }

    /// Whether the bot can serve its users now.
    async fn ready(&self) -> Result<(), String> {
        self.heartbeat
            .check_this_run()
            .map_err(|error| error.to_string())?;
        match self.waiting().await {
            Some(_) => Ok(()),
            None => Err("the database does not answer".to_owned()),
        }
    }

    async fn look(&self) -> Now {
        let waiting = self.waiting().await;
        let rows = tokio::time::timeout(DATABASE_LIMIT, counts::rows(self.store.reader())).await;
        Now {
            rows: rows.ok().and_then(Result::ok),
            oldest_deletion_s: waiting.map(|waiting| waiting.oldest_deletion_s),
            waiting: waiting.map(|waiting| {
                vec![
                    ("inbox", waiting.updates),
                    ("outbox", waiting.messages),
                    ("checks", waiting.checks),
                    ("calls", waiting.calls),
                    ("posts", waiting.posts),
                    ("deletions", waiting.deletions),
                ]
            }),
            telegram_answered_s: self.heartbeat.age_in_this_run(),
        }
    }

    async fn waiting(&self) -> Option<counts::Waiting> {
        let waiting = counts::waiting(self.store.reader(), self.clock.now());
        match tokio::time::timeout(DATABASE_LIMIT, waiting).await {
            Ok(Ok(waiting)) => Some(waiting),
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

fn state(state: Result<(), String>) -> impl IntoResponse {
    match state {
        Ok(()) => (StatusCode::OK, HEADERS, "ok\n".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, HEADERS, why + "\n"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use chrono::DateTime;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;
    use crate::{config::METRICS, support::listening::listen};

    async fn ask(address: SocketAddr, question: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let question = format!("{question} HTTP/1.1\r\nHost: here\r\n\r\n");
        stream.write_all(question.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn it_is_ready_while_telegram_and_the_database_answer() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("addx.db");
        let store = Store::open(&database).await.unwrap();
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let heartbeat = Heartbeat::beside(&database, clock.clone());
        let monitor = Monitor {
            metrics: Metrics::default(),
            store: store.clone(),
            heartbeat: heartbeat.clone(),
            clock: clock.clone(),
        };
        let anywhere = Some(([127, 0, 0, 1], 0).into());
        let stop = CancellationToken::new();
        let door = listen(METRICS, "metrics", anywhere).await.unwrap().unwrap();
        let listener = door.open(&monitor.metrics, &clock, &stop).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(monitor.serve(listener, stop.clone()));
        let is = |answer: &str, status: &str, text: &str| {
            let head = format!("HTTP/1.1 {status} ");
            assert!(
                answer.starts_with(&head) && answer.ends_with(text),
                "{answer}"
            );
        };

        let never = "Telegram has not answered since the start\n";
        for path in ["/healthz", "/readyz"] {
            is(&ask(address, &format!("GET {path}")).await, "503", never);
        }
        heartbeat.beat();
        for path in ["/healthz", "/readyz"] {
            is(&ask(address, &format!("GET {path}")).await, "200", "ok\n");
        }
        clock.advance(Duration::from_secs(91));
        for path in ["/healthz", "/readyz"] {
            let answer = ask(address, &format!("GET {path}")).await;
            is(&answer, "503", "Telegram last answered 91 s ago\n");
        }
        let page = ask(address, "GET /metrics").await;
        assert!(
            page.contains("\naddx_telegram_answer_age_seconds 91\n"),
            "{page}"
        );
        assert!(
            page.contains("\naddx_queue_depth{queue=\"outbox\"} 0\n"),
            "{page}"
        );
        assert!(
            page.contains("content-type: application/openmetrics-text"),
            "{page}"
        );

        heartbeat.beat();
        store.close().await.unwrap();
        let gone = "the database does not answer\n";
        is(&ask(address, "GET /readyz").await, "503", gone);
        is(&ask(address, "GET /healthz").await, "200", "ok\n");
        let page = ask(address, "GET /metrics").await;
        assert!(page.contains("\naddx_database_up 0\n"), "{page}");

        is(&ask(address, "GET /").await, "404", "\n");
        is(&ask(address, "POST /metrics").await, "405", "only GET\n");
        assert!(
            ask(address, "nonsense\r\n")
                .await
                .starts_with("HTTP/1.1 400 ")
        );
        is(&ask(address, "GET /healthz").await, "200", "ok\n");

        let nowhere = Some(([8, 8, 8, 8], 1).into());
        for address in [Some(address), nowhere] {
            let door = listen(METRICS, "metrics", address).await.unwrap();
            assert!(door.is_some(), "it may be free later");
        }
        stop.cancel();
        serving.await.unwrap();
    }
}
