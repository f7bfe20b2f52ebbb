//! How the two servers listen: for the metrics, and for programs.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use crate::config::{ConfigError, Variable};

/// Takes the address that `variable` asks for.
pub(crate) async fn listen(
    variable: Variable,
    address: SocketAddr,
) -> Result<TcpListener, ConfigError> {
    let listener = TcpListener::bind(address).await;
    listener
        .map_err(|error| ConfigError::new(variable, format!("cannot listen on {address}: {error}")))
}

/// The next connection, once there is room for it.
pub(crate) async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be taken");
            // Out of file handles: a moment later there may be some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}
