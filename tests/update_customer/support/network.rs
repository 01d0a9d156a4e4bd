//! A simulated network to DynamoDB. It holds each request until the test decides how to deliver it.
//!
//! No time passes: backoff ends at once and nothing times out, so that the result depends only on the
//! test's decisions.

use std::future::ready;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{AsyncSleep, Builder, Sleep};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::{mpsc, oneshot};

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

/// A held request. Its sender waits for [`PendingRequest::deliver`].
pub struct PendingRequest {
    request: HttpRequest,
    connector: SharedHttpConnector,
    sender: oneshot::Sender<Result<HttpResponse, ConnectorError>>,
}

/// A request whose sender no longer waits for the response.
pub struct DelayedRequest {
    request: HttpRequest,
    connector: SharedHttpConnector,
}

impl SimulatedNetwork {
    pub fn new() -> Self {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let client = SharedHttpClient::new(Client {
            inner: aws_smithy_http_client::Builder::new().build_http(),
            sender,
        });
        Self { client, arrivals }
    }

    /// Sends a client's requests through this network.
    pub fn configure(&self, config: Builder) -> Builder {
        config
            .http_client(self.client.clone())
            .sleep_impl(NoSleep)
            .timeout_config(TimeoutConfig::disabled())
    }

    /// Waits for the next request.
    pub async fn arrival(&mut self) -> PendingRequest {
        self.arrivals
            .recv()
            .await
            .expect("the client keeps a sender")
    }
}

impl PendingRequest {
    /// Delivers the request as `delivery` says. Returns whether DynamoDB applied it, and the request
    /// itself if it is delayed.
    pub async fn deliver(self, delivery: Delivery) -> (bool, Option<DelayedRequest>) {
        let (request, connector) = (self.request, self.connector);
        let lost = || Err(ConnectorError::io("lost on purpose".into()));
        let mut applied = false;
        let mut delayed = None;
        let outcome = match delivery {
            Delivery::RequestLost => lost(),
            Delivery::Throttled => Ok(error_response(400, "ThrottlingException")),
            Delivery::Delayed => {
                delayed = Some(DelayedRequest { request, connector });
                Err(ConnectorError::timeout("delayed on purpose".into()))
            }
            Delivery::Delivered | Delivery::ResponseLost | Delivery::FailedAfterWrite => {
                let response;
                (applied, response) = apply(&connector, request).await;
                match delivery {
                    Delivery::Delivered => Ok(response),
                    Delivery::ResponseLost => lost(),
                    _ => Ok(error_response(500, "InternalServerError")),
                }
            }
            Delivery::Late => unreachable!("a pending request is not late"),
        };
        assert!(
            self.sender.send(outcome).is_ok(),
            "the SDK waits for a response"
        );
        (applied, delayed)
    }
}

impl DelayedRequest {
    /// Delivers the request. Returns whether DynamoDB applied it.
    pub async fn deliver(self) -> bool {
        apply(&self.connector, self.request).await.0
    }
}

/// Sends a request to DynamoDB. Returns whether DynamoDB applied it, and the response.
async fn apply(connector: &SharedHttpConnector, request: HttpRequest) -> (bool, HttpResponse) {
    let response = connector.call(request).await.expect("DynamoDB responds");
    (response.status().is_success(), response)
}

fn error_response(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "on purpose"}}"#
    );
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

/// Holds requests, and passes them on to an HTTP client when the test delivers them.
#[derive(Debug)]
struct Client {
    inner: SharedHttpClient,
    sender: mpsc::UnboundedSender<PendingRequest>,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector {
            inner,
            sender: self.sender.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    sender: mpsc::UnboundedSender<PendingRequest>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (sender, response) = oneshot::channel();
        let pending = PendingRequest {
            request,
            connector: self.inner.clone(),
            sender,
        };
        let arrived = self.sender.send(pending);
        HttpConnectorFuture::new(async move {
            assert!(arrived.is_ok(), "the test still holds the network");
            response.await.expect("the test delivers every request")
        })
    }
}

#[derive(Debug)]
struct NoSleep;

impl AsyncSleep for NoSleep {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(ready(()))
    }
}
