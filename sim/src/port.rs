//! A port of this machine that is kept free for a server that starts later, and perhaps more than once.

use std::{io, net::SocketAddr};

use tokio::net::TcpSocket;

/// A port that nobody else is given while this lives.
#[derive(Debug)]
pub struct ReservedPort {
    /// Bound, so that the system gives the port to nobody, and not listening, so that a server may.
    _socket: TcpSocket,
    address: SocketAddr,
}

impl ReservedPort {
    /// One on loopback.
    ///
    /// # Errors
    /// The system has none.
    pub fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // A server that sets this too may bind the same port, as long as this socket does not listen.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = socket.local_addr()?;
        Ok(Self {
            _socket: socket,
            address,
        })
    }

    /// Where the server is to listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_listens_there_twice_and_nobody_else_is_given_it() {
        let reserved = ReservedPort::new().unwrap();
        for _ in 0..2 {
            let server = TcpListener::bind(reserved.address()).await.unwrap();
            assert_eq!(server.local_addr().unwrap(), reserved.address());
        }
        assert_ne!(ReservedPort::new().unwrap().address(), reserved.address());
    }
}
