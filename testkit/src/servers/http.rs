//! Enough of an HTTP/1.1 server on loopback for the SDK and the Lambda runtime.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::ServerError;

/// A request's head as text, and its body.
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; `None` when the client has closed it.
    pub fn read(stream: &mut impl Read) -> io::Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(16 * 1024);
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if fill(stream, &mut bytes)? == 0 {
                return Ok(None);
            }
        };
        let mut body = bytes.split_off(end);
        let head = String::from_utf8(bytes).map_err(io::Error::other)?;
        let mut request = Self {
            head,
            body: Vec::new(),
        };
        if request.header("transfer-encoding").is_some() {
            return Err(io::Error::other("chunked bodies are not supported"));
        }
        let length = request
            .header("content-length")
            .map_or(Ok(0), str::parse)
            .map_err(io::Error::other)?;
        let known = body.len();
        body.resize(length, 0);
        stream.read_exact(&mut body[known..])?;
        request.body = body;
        Ok(Some(request))
    }

    /// The method and the path.
    pub fn line(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

fn fill(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let known = bytes.len();
    bytes.resize(known + 16 * 1024, 0);
    let read = stream.read(&mut bytes[known..]);
    // A client that was killed resets the connection.
    let read = match read {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
        Err(_) => Ok(0),
        read => read,
    };
    bytes.truncate(known + *read.as_ref().unwrap_or(&0));
    read
}

/// The bytes of a response.
pub fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    [text.as_bytes(), body].concat()
}

/// A server with one thread for each connection. Dropping it stops it.
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
