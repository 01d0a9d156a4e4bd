//! A server on loopback with a thread for each connection, for as long as it is held.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::Failure;

pub struct Listener {
    pub address: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Listener {
    pub fn start(
        serve: impl Fn(TcpStream) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let closed = Arc::new(AtomicBool::new(false));
        let (ends, serve) = (Arc::clone(&closed), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let serve = Arc::clone(&serve);
                thread::spawn(move || {
                    let served = stream.map_err(Failure::from).and_then(|stream| {
                        stream.set_nodelay(true)?;
                        serve(stream)
                    });
                    if let Err(failure) = served {
                        eprintln!("a connection of the benchmark: {failure}");
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
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}
