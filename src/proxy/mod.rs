//! The signing proxy: a program asks it in the words of X's API, and it signs with the values of an account that the
//! program may use. The program never holds a value; X's answer comes back as it is.
//!
//! Nothing of a request but the rule that allows it, and its status, goes into the log.

mod answer;
mod body;
mod connection;
mod limits;
mod request;
mod uses;

use std::sync::Arc;

use hyper::{Request, body::Incoming};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    answer::{Denial, Reply},
    limits::Limits,
    uses::Uses,
};
use crate::{config::AllowedUsers, linker::Linker, listening::accept, x::XClient};

/// Connections at the same time; more wait.
const CONNECTIONS: usize = 512;

/// The signing proxy. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Proxy(Arc<Parts>);

struct Parts {
    linker: Linker,
    x: XClient,
    allowed: AllowedUsers,
    owner: Option<i64>,
    /// Who shows a token waits here to have it looked up, so that the bot itself always finds a free connection to the
    /// database.
    entrance: Semaphore,
    limits: Limits,
    uses: Uses,
}

impl Proxy {
    /// A proxy over these parts, for the accounts of whoever may use the bot.
    pub(crate) fn new(
        linker: Linker,
        x: XClient,
        allowed: AllowedUsers,
        owner: Option<i64>,
    ) -> Self {
        Self(Arc::new(Parts {
            uses: Uses::new(linker.clone()),
            limits: Limits::default(),
            linker,
            x,
            allowed,
            owner,
            entrance: Semaphore::new(1),
        }))
    }

    /// Serves until `stop`; then the requests under way are finished.
    pub(crate) async fn serve(&self, listener: TcpListener, stop: CancellationToken) {
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "programs can publish here");
            if !address.ip().is_loopback() {
                tracing::warn!(
                    %address,
                    "other machines can reach the proxy, and tokens cross the network readable; put a server with TLS before it"
                );
            }
        }
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept(&listener, &permits) => accepted,
            };
            let Some((stream, permit)) = accepted else {
                continue;
            };
            let (proxy, stop) = (self.clone(), stop.clone());
            connections.spawn(async move {
                proxy.converse(stream, stop).await;
                drop(permit);
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    async fn converse(&self, stream: TcpStream, stop: CancellationToken) {
        // Answers are short: waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        connection::converse(stream, &stop, |request| self.answer(request)).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let answered = crate::incident::guard(self.forward(request)).await;
        match answered {
            Ok(Ok(reply)) => reply,
            Ok(Err(denial)) => denial.into_reply(),
            Err(panicked) => {
                tracing::error!(error = %panicked, "a program's request could not be handled");
                Denial::Failed.into_reply()
            }
        }
    }
}
