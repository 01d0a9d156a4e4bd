//! A server on loopback with one thread for each connection. Dropping it stops it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::ServerError;

/// A running server.
pub struct Listener {
    pub address: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Listener {
    /// Calls `serve` with each connection, on its own thread.
    pub fn start(
        serve: impl Fn(TcpStream) -> Result<(), ServerError> + Send + Sync + 'static,
    ) -> Result<Self, ServerError> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let closed = Arc::new(AtomicBool::new(false));
        let (stop, serve) = (Arc::clone(&closed), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let serve = Arc::clone(&serve);
                thread::spawn(move || {
                    let result = stream.map_err(ServerError::from).and_then(|stream| {
                        stream.set_nodelay(true)?;
                        serve(stream)
                    });
                    if let Err(error) = result {
                        eprintln!("connection of a fake server: {error}");
                    }
                });
            }
        });
        Ok(Self { address, closed })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}
