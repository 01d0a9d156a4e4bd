//! A proxy in front of the embedded DynamoDB that injects a fault into the n-th call of an operation.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::clock::Clock;

/// Which calls of an operation have the fault. The SDK's retries count as calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Calls {
    Always,
    /// Counted from 1.
    Nth(usize),
    /// Calls on a connection that was used before.
    OnAReusedConnection,
}

/// What the proxy does with a call.
#[derive(Clone)]
pub enum InjectedFault {
    /// Returns an error of DynamoDB without passing the request on.
    Error(u16, &'static str),
    /// Closes the connection.
    Close(Engine),
    /// Resets the connection.
    Reset(Engine),
    /// Sends nothing and keeps the connection open.
    Silent(Engine),
    /// Sends the response one byte at a time, 100 ms apart.
    Trickle,
    /// Changes the bytes of the response's body. Its Content-Length matches.
    Altered(fn(&mut Vec<u8>)),
    /// Sends half of the response and closes the connection.
    Half,
    /// Sends these bytes and closes the connection.
    Raw(Arc<Vec<u8>>),
    /// Lets another writer write first.
    OtherWriter(Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>),
}

/// Whether the proxy passes the request on before the fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Engine {
    Untouched,
    Applied,
}

#[derive(Default)]
struct State {
    faults: Vec<(&'static str, Calls, InjectedFault)>,
    calls: Vec<String>,
    applied: usize,
    connections: usize,
}

/// Controls the proxy.
#[derive(Clone)]
pub struct FaultProxy {
    pub endpoint: String,
    pub clock: Clock,
    state: Arc<Mutex<State>>,
}

impl FaultProxy {
    /// Starts a proxy for the DynamoDB at `engine`, such as `http://127.0.0.1:8000`.
    pub async fn start(engine: &str) -> Self {
        let engine = engine
            .strip_prefix("http://")
            .expect("plain HTTP")
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self {
            endpoint,
            clock: Clock::default(),
            state: Arc::default(),
        };
        let server = proxy.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                server.state.lock().unwrap().connections += 1;
                let (server, engine) = (server.clone(), engine.clone());
                tokio::spawn(async move { server.serve(caller, &engine).await });
            }
        });
        proxy
    }

    /// Adds a fault. If several match a call, the first one applies.
    pub fn on(&self, operation: &'static str, calls: Calls, fault: InjectedFault) {
        self.state
            .lock()
            .unwrap()
            .faults
            .push((operation, calls, fault));
    }

    /// The number of calls of an operation, retries included.
    pub fn calls(&self, operation: &str) -> usize {
        self.state
            .lock()
            .unwrap()
            .calls
            .iter()
            .filter(|call| *call == operation)
            .count()
    }

    /// The number of `UpdateItem` calls passed on.
    pub fn applied(&self) -> usize {
        self.state.lock().unwrap().applied
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Counts a call and returns its fault.
    fn fault(&self, operation: &str, reused: bool) -> Option<InjectedFault> {
        let mut state = self.state.lock().unwrap();
        state.calls.push(operation.to_owned());
        let nth = state.calls.iter().filter(|call| *call == operation).count();
        let met = |calls| match calls {
            Calls::Always => true,
            Calls::Nth(wanted) => nth == wanted,
            Calls::OnAReusedConnection => reused,
        };
        let mut faults = state.faults.iter();
        faults
            .find(|(name, calls, _)| *name == operation && met(*calls))
            .map(|(_, _, fault)| fault.clone())
    }

    /// Serves a connection until its end. `None` means that the client has closed it.
    async fn serve(&self, caller: TcpStream, engine: &str) -> Option<()> {
        let mut caller = BufReader::new(caller);
        let mut reused = false;
        loop {
            let request = Message::read(&mut caller).await?;
            let operation = request
                .header("x-amz-target")?
                .rsplit('.')
                .next()?
                .to_owned();
            let fault = self.fault(&operation, reused);
            reused = true;
            let response = match &fault {
                Some(InjectedFault::Close(Engine::Untouched)) => return None,
                Some(InjectedFault::Reset(Engine::Untouched)) => {
                    return caller.get_ref().set_zero_linger().ok();
                }
                Some(InjectedFault::Silent(Engine::Untouched)) => {
                    return self.silence(&mut caller).await;
                }
                Some(InjectedFault::Raw(bytes)) => return caller.write_all(bytes).await.ok(),
                Some(InjectedFault::Error(status, code)) => aws_error(*status, code),
                Some(InjectedFault::OtherWriter(other_writer)) => {
                    other_writer().await;
                    self.pass_on(&request, &operation, engine).await?
                }
                _ => self.pass_on(&request, &operation, engine).await?,
            };
            match fault {
                Some(InjectedFault::Close(_)) => return None,
                Some(InjectedFault::Reset(_)) => return caller.get_ref().set_zero_linger().ok(),
                Some(InjectedFault::Silent(_)) => return self.silence(&mut caller).await,
                Some(InjectedFault::Trickle) => {
                    for byte in response.bytes() {
                        caller.write_all(&[byte]).await.ok()?;
                        caller.flush().await.ok()?;
                        self.clock.advance(Duration::from_millis(100));
                        // The client must receive each byte separately.
                        tokio::task::yield_now().await;
                    }
                }
                Some(InjectedFault::Half) => {
                    let bytes = response.bytes();
                    return caller
                        .write_all(&bytes[..bytes.len() - response.body.len() / 2])
                        .await
                        .ok();
                }
                Some(InjectedFault::Altered(alter)) => caller
                    .write_all(&response.altered(alter).bytes())
                    .await
                    .ok()?,
                _ => caller.write_all(&response.bytes()).await.ok()?,
            }
        }
    }

    async fn pass_on(&self, request: &Message, operation: &str, engine: &str) -> Option<Message> {
        let mut engine = BufReader::new(TcpStream::connect(engine).await.ok()?);
        engine.write_all(&request.bytes()).await.ok()?;
        let response = Message::read(&mut engine).await;
        self.state.lock().unwrap().applied += usize::from(operation == "UpdateItem");
        response
    }

    /// Advances the clock to the client's timeout and waits until the client closes the connection.
    async fn silence(&self, caller: &mut BufReader<TcpStream>) -> Option<()> {
        self.clock.advance_to_next_end();
        caller.read_u8().await.ok().map(|_| ())
    }
}

/// An HTTP request or response.
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

    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    fn altered(mut self, alter: fn(&mut Vec<u8>)) -> Self {
        alter(&mut self.body);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            format!("{}content-length: {}\r\n\r\n", self.head, self.body.len()).into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An error response of DynamoDB, with a text that must not reach the caller.
fn aws_error(status: u16, code: &str) -> Message {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
    let body = json!({"__type": kind, "message": format!("secret text of {code}")})
        .to_string()
        .into_bytes();
    let sum = crc32fast::hash(&body);
    let head = format!(
        "HTTP/1.1 {status} Refused\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-crc32: {sum}\r\n"
    );
    Message { head, body }
}
