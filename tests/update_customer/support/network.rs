//! A simulated network to DynamoDB. It holds each request until the test decides how to deliver it.
//!
//! No time passes: backoff ends at once and nothing times out, so that the result depends only on the
//! test's decisions.

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::{mpsc, oneshot};

use super::clock::Clock;

/// How a request to DynamoDB is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// DynamoDB applies the request, and its response arrives.
    Delivered,
    /// The connection breaks before DynamoDB receives the request.
    RequestLost,
    /// DynamoDB applies the request, and the connection breaks before the response.
    ResponseLost,
    /// DynamoDB applies the request and returns 500.
    FailedAfterWrite,
    /// DynamoDB throttles the request and does not apply it.
    Throttled,
    /// The SDK times out.
    Delayed,
    /// A delayed request reaches DynamoDB.
    Late,
}

/// The network. The SDK sends requests into it, the test takes them out.
pub struct SimulatedNetwork {
    client: SharedHttpClient,
    arrivals: mpsc::UnboundedReceiver<PendingRequest>,
}

/// A held request. Its sender waits for [`PendingRequest::deliver`], unless it is delayed already.
pub struct PendingRequest {
    request: HttpRequest,
    connector: SharedHttpConnector,
    sender: Option<oneshot::Sender<Result<HttpResponse, ConnectorError>>>,
}

impl SimulatedNetwork {
    pub fn new() -> Self {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let inner = aws_smithy_http_client::Builder::new().build_http();
        let client = http_client_fn(move |settings, components| {
            let inner = inner.http_connector(settings, components);
            let sender = sender.clone();
            SharedHttpConnector::new(Connector { inner, sender })
        });
        Self { client, arrivals }
    }

    /// Sends a client's requests through this network.
    pub fn configure(&self, config: Builder) -> Builder {
        config
            .http_client(self.client.clone())
            .sleep_impl(Clock::default())
            .timeout_config(TimeoutConfig::disabled())
    }

    /// Waits for the next request.
    pub async fn arrival(&mut self) -> PendingRequest {
        let arrival = self.arrivals.recv().await;
        arrival.expect("the client keeps a sender")
    }
}

impl PendingRequest {
    pub fn body(&self) -> &[u8] {
        self.request.body().bytes().expect("a body in memory")
    }

    /// Delivers the request as `delivery` says. Returns whether DynamoDB applied it, and the request
    /// itself if it is delayed.
    pub async fn deliver(mut self, delivery: Delivery) -> (bool, Option<Self>) {
        let sender = self.sender.take();
        let respond = |outcome| {
            let sent = sender.map(|sender| sender.send(outcome).is_ok());
            assert_ne!(sent, Some(false), "the SDK waits for a response");
        };
        let lost = || Err(ConnectorError::io("lost on purpose".into()));
        match delivery {
            Delivery::RequestLost => respond(lost()),
            Delivery::Throttled => respond(Ok(error_response(400, "ThrottlingException"))),
            Delivery::Delayed => {
                respond(Err(ConnectorError::timeout("delayed on purpose".into())));
                return (false, Some(self));
            }
            _ => {
                let response = self.connector.call(self.request).await;
                let response = response.expect("DynamoDB responds");
                let applied = response.status().is_success();
                respond(match delivery {
                    Delivery::ResponseLost => lost(),
                    Delivery::FailedAfterWrite => Ok(error_response(500, "InternalServerError")),
                    _ => Ok(response),
                });
                return (applied, None);
            }
        }
        (false, None)
    }
}

fn error_response(status: u16, code: &str) -> HttpResponse {
    let body = format!(r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}"}}"#);
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

/// Holds requests, and passes them on to another connector when the test delivers them.
#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    sender: mpsc::UnboundedSender<PendingRequest>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (sender, response) = oneshot::channel();
        let arrived = self.sender.send(PendingRequest {
            request,
            connector: self.inner.clone(),
            sender: Some(sender),
        });
        HttpConnectorFuture::new(async move {
            assert!(arrived.is_ok(), "the test still holds the network");
            response.await.expect("the test delivers every request")
        })
    }
}
