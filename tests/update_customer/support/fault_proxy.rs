//! A proxy in front of the embedded DynamoDB that injects a fault into the n-th call of an operation.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::clock::{Clock, limits};

/// The calls of an operation that a fault is injected into. The SDK's retries count as calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Calls {
    Always,
    /// The n-th call, counted from 1.
    Nth(usize),
}

/// How the proxy handles a call.
#[derive(Clone)]
pub enum Fault {
    /// Returns a DynamoDB error with this status and code. The engine does not receive the request.
    Error(u16, &'static str),
    /// Closes the connection without a response.
    Close(Engine),
    /// Resets the TCP connection without a response.
    Reset(Engine),
    /// Keeps the connection open without a response.
    Silent(Engine),
    /// Sends these bytes instead of the response and closes the connection.
    Raw(Engine, Arc<[u8]>),
    /// Sends the response one byte at a time, 100 ms apart.
    Trickle,
    /// Changes the response's body. Content-Length matches the changed body.
    Corrupted(fn(&mut Vec<u8>)),
    /// Sends the response up to the middle of its body and closes the connection.
    Truncated,
    /// Runs another writer to its end, and then passes the request on. See [`Fault::other_writer`].
    OtherWriter(Arc<dyn Fn() -> OtherWriter + Send + Sync>),
}

type OtherWriter = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Fault {
    pub fn other_writer<F>(write: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::OtherWriter(Arc::new(move || Box::pin(write())))
    }

    /// An HTTP response, after the engine has applied the request.
    pub fn response(status: &str, body: &str) -> Self {
        let kind = match body.starts_with('<') {
            true => "text/html",
            false => "application/x-amz-json-1.0",
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n");
        let body = body.as_bytes().to_vec();
        Self::Raw(Engine::Applied, Message { head, body }.bytes().into())
    }

    fn engine(&self) -> Engine {
        match self {
            Self::Error(..) => Engine::Untouched,
            Self::Close(engine) | Self::Reset(engine) | Self::Silent(engine) => *engine,
            Self::Raw(engine, _) => *engine,
            _ => Engine::Applied,
        }
    }
}

/// What the embedded DynamoDB does with a request whose response is lost or replaced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Engine {
    /// It does not receive the request.
    Untouched,
    /// It applies the request.
    Applied,
}

#[derive(Default)]
struct State {
    faults: Vec<(&'static str, Calls, Fault)>,
    /// The operation of each call so far.
    calls: Vec<String>,
    applied_updates: usize,
    connections: usize,
    /// The access key that signed each call.
    access_keys: Vec<String>,
}

/// A handle to the running proxy.
#[derive(Clone)]
pub struct FaultProxy {
    pub endpoint: String,
    /// The clock of the SDK that uses the proxy.
    pub clock: Clock,
    state: Arc<Mutex<State>>,
}

impl FaultProxy {
    /// Starts a proxy for the DynamoDB at `engine`, such as `http://127.0.0.1:8000`.
    pub async fn start(engine: &str) -> Self {
        let engine = engine.strip_prefix("http://").expect("plain HTTP");
        let engine = engine.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self {
            endpoint,
            clock: Clock::default(),
            state: Arc::default(),
        };
        let server = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                server.state.lock().unwrap().connections += 1;
                let (server, engine) = (server.clone(), engine.clone());
                tokio::spawn(async move { server.serve(client, &engine).await });
            }
        });
        proxy
    }

    /// Sends a client's requests through the proxy.
    pub fn configure(&self, config: Builder) -> Builder {
        let config = config.sleep_impl(self.clock.clone());
        config.endpoint_url(&self.endpoint)
    }

    /// Injects a fault into these calls of an operation. If several faults match a call, the first one
    /// injected applies.
    pub fn inject(&self, operation: &'static str, calls: Calls, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.faults.push((operation, calls, fault));
    }

    /// The number of calls of an operation, retries included.
    pub fn calls(&self, operation: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.calls.iter().filter(|call| *call == operation).count()
    }

    /// The number of `UpdateItem` calls passed on to the engine.
    pub fn applied_updates(&self) -> usize {
        self.state.lock().unwrap().applied_updates
    }

    /// The number of connections that the SDK has opened.
    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// The access key that signed each call so far.
    pub fn access_keys(&self) -> Vec<String> {
        self.state.lock().unwrap().access_keys.clone()
    }

    /// Counts a call and returns the fault to inject.
    fn count_call(&self, operation: &str, access_key: &str) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        state.access_keys.push(access_key.to_owned());
        state.calls.push(operation.to_owned());
        let nth = state.calls.iter().filter(|call| *call == operation).count();
        let matches = |calls| match calls {
            Calls::Always => true,
            Calls::Nth(wanted) => nth == wanted,
        };
        let mut faults = state.faults.iter();
        faults
            .find(|(name, calls, _)| *name == operation && matches(*calls))
            .map(|(_, _, fault)| fault.clone())
    }

    /// Serves a connection until it ends. `None` means that either side has closed it.
    async fn serve(&self, client: TcpStream, engine: &str) -> Option<()> {
        let mut client = BufReader::new(client);
        loop {
            let request = Message::read(&mut client).await?;
            let target = request.header("x-amz-target")?;
            let operation = target.rsplit('.').next()?.to_owned();
            let signature = request.header("authorization")?;
            let access_key = signature.split_once("Credential=")?.1.split('/').next()?;
            let fault = self.count_call(&operation, access_key);
            if let Some(Fault::OtherWriter(other_writer)) = &fault {
                other_writer().await;
            }
            let mut response = match fault.as_ref().map_or(Engine::Applied, Fault::engine) {
                Engine::Applied => self.pass_on(&request, &operation, engine).await?,
                Engine::Untouched => Message::default(),
            };
            let bytes = match fault {
                None | Some(Fault::OtherWriter(_)) => response.bytes(),
                Some(Fault::Error(status, code)) => aws_error(status, code).bytes(),
                Some(Fault::Corrupted(corrupt)) => {
                    corrupt(&mut response.body);
                    response.bytes()
                }
                Some(Fault::Close(_)) => return None,
                Some(Fault::Reset(_)) => return client.get_ref().set_zero_linger().ok(),
                Some(Fault::Silent(_)) => return self.wait_for_timeout(&mut client).await,
                Some(Fault::Raw(_, bytes)) => return client.write_all(&bytes).await.ok(),
                Some(Fault::Truncated) => {
                    let (mut bytes, half) = (response.bytes(), response.body.len() / 2);
                    bytes.truncate(bytes.len() - half);
                    return client.write_all(&bytes).await.ok();
                }
                Some(Fault::Trickle) => {
                    self.trickle(&mut client, &response.bytes()).await?;
                    continue;
                }
            };
            client.write_all(&bytes).await.ok()?;
        }
    }

    async fn trickle(&self, client: &mut BufReader<TcpStream>, bytes: &[u8]) -> Option<()> {
        for byte in bytes {
            client.write_all(&[*byte]).await.ok()?;
            self.clock.advance(Duration::from_millis(100));
            // The client must receive each byte separately.
            tokio::task::yield_now().await;
        }
        Some(())
    }

    /// Sends a request to the engine and returns its response.
    async fn pass_on(&self, request: &Message, operation: &str, engine: &str) -> Option<Message> {
        let mut engine = BufReader::new(TcpStream::connect(engine).await.ok()?);
        engine.write_all(&request.bytes()).await.ok()?;
        let response = Message::read(&mut engine).await;
        self.state.lock().unwrap().applied_updates += usize::from(operation == "UpdateItem");
        response
    }

    /// Advances the clock to the SDK's timeout, and waits until the SDK closes the connection.
    async fn wait_for_timeout(&self, client: &mut BufReader<TcpStream>) -> Option<()> {
        self.clock.advance(limits().attempt);
        client.read_u8().await.ok().map(|_| ())
    }
}

/// An HTTP request or response.
#[derive(Default)]
struct Message {
    /// The first line and the headers except Content-Length.
    head: String,
    body: Vec<u8>,
}

impl Message {
    async fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            match line.to_ascii_lowercase().strip_prefix("content-length:") {
                Some(text) => length = text.trim().parse().ok()?,
                None if line == "\r\n" => break,
                None => head += &line,
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        Some(Self { head, body })
    }

    /// The operation of a request to DynamoDB, such as `UpdateItem`.
    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let field = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value)
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { head, body } = self;
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        [head.as_bytes(), body].concat()
    }
}

/// A DynamoDB error response, with a message that must not reach the function's caller.
fn aws_error(status: u16, code: &str) -> Message {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = json!({"__type": kind, "message": format!("secret text of {code}")});
    let body = body.to_string().into_bytes();
    let crc = crc32fast::hash(&body);
    let head = format!(
        "HTTP/1.1 {status} Error\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-crc32: {crc}\r\n"
    );
    Message { head, body }
}
