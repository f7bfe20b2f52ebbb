//! The signing proxy: a program asks it in the words of X's API, and it signs with the values of an account that the
//! program may use. The program never holds a value; X's answer comes back as it is.
//!
//! Nothing of a request but the rule that allows it, and its status, goes into the log.

mod answer;
mod body;
mod limits;
mod quota;
mod request;
mod uses;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::{IntoResponse as _, Response};
use hyper::{Request, body::Incoming, service::service_fn};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use self::{answer::ProxyError, limits::Limits, quota::Quotas, uses::Uses};
use crate::{
    linking::Linker,
    support::{
        listening::{self, Bounds},
        metrics::Metrics,
    },
    x::XClient,
};

const BOUNDS: Bounds = Bounds {
    connections: 512,
    lifetime: Duration::from_mins(10),
    // X itself has a minute.
    last_request: Duration::from_mins(2),
};

/// The signing proxy. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Proxy(Arc<Parts>);

struct Parts {
    linker: Linker,
    x: XClient,
    metrics: Metrics,
    /// Who shows a token waits here to have it looked up, so that the bot itself always finds a free connection to the
    /// database.
    entrance: Semaphore,
    limits: Limits,
    quotas: Quotas,
    uses: Uses,
}

impl Proxy {
    /// A proxy over these parts, for the accounts of whoever may use the bot.
    pub(crate) fn new(linker: Linker, x: XClient, metrics: Metrics) -> Self {
        Self(Arc::new(Parts {
            uses: Uses::new(linker.clone()),
            limits: Limits::default(),
            quotas: Quotas::default(),
            linker,
            x,
            metrics,
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
        // No router: a path is read in one way only, and a body that axum has wrapped cannot be handed to the HTTP client.
        let proxy = self.clone();
        let service = service_fn(move |request| {
            let proxy = proxy.clone();
            async move { Ok::<_, Infallible>(proxy.answer(request).await) }
        });
        listening::serve(listener, service, BOUNDS, stop).await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response {
        match crate::support::incident::guard(self.forward(request)).await {
            Ok(answered) => answered.into_response(),
            Err(panicked) => {
                tracing::error!(error = %panicked, "a program's request could not be handled");
                ProxyError::Failed.into_response()
            }
        }
    }
}
