//! A simulated network to DynamoDB. It holds each request until the test decides about its delivery.
//!
//! No time passes: backoff ends at once and nothing times out, so that the result depends only on the
//! test's decisions.

use std::future::ready;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
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

/// What happens to one request to DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Delivered,
    /// The connection breaks before DynamoDB sees the request.
    RequestLost,
    /// DynamoDB applies the request, and the connection breaks before the response.
    ResponseLost,
    /// DynamoDB applies the request and returns 500.
    FailedAfterWrite,
    /// DynamoDB throttles the request.
    Throttled,
    /// The SDK times out, and the request reaches DynamoDB later.
    Delayed,
}

/// Holds requests; the SDK has one end, the test the other.
pub struct SimulatedNetwork {
    client: SharedHttpClient,
    arrivals: mpsc::UnboundedReceiver<PendingRequest>,
}

/// A held request. Its sender waits for [`PendingRequest::deliver`].
pub struct PendingRequest {
    request: HttpRequest,
    network: SharedHttpConnector,
    sender: oneshot::Sender<Result<HttpResponse, ConnectorError>>,
}

/// A request whose sender no longer waits for the response.
pub struct DelayedRequest {
    request: HttpRequest,
    network: SharedHttpConnector,
}

impl SimulatedNetwork {
    pub fn new() -> Self {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let client = SharedHttpClient::new(Client {
            network: aws_smithy_http_client::Builder::new().build_http(),
            sender,
        });
        Self { client, arrivals }
    }

    /// Sends a client's requests through this network.
    pub fn configure(&self, config: Builder) -> Builder {
        // With the SDK's retry quota, a schedule would depend on those before it.
        let budget = RetryPartition::custom("simulation")
            .token_bucket(TokenBucket::unlimited())
            .build();
        config
            .http_client(self.client.clone())
            .sleep_impl(NoSleep)
            .timeout_config(TimeoutConfig::disabled())
            .retry_partition(budget)
    }

    /// The next request.
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
        let Self {
            request,
            network,
            sender,
        } = self;
        let lost = |what: &str| Err(ConnectorError::io(what.into()));
        let (applied, outcome, delayed) = match delivery {
            Delivery::Delivered => {
                let (applied, response) = apply(&network, request).await;
                (applied, Ok(response), None)
            }
            Delivery::ResponseLost => (
                apply(&network, request).await.0,
                lost("the response is lost on purpose"),
                None,
            ),
            Delivery::FailedAfterWrite => {
                let (applied, _) = apply(&network, request).await;
                (
                    applied,
                    Ok(error_response(500, "InternalServerError")),
                    None,
                )
            }
            Delivery::RequestLost => (false, lost("the request is lost on purpose"), None),
            Delivery::Throttled => (
                false,
                Ok(error_response(
                    400,
                    "ProvisionedThroughputExceededException",
                )),
                None,
            ),
            Delivery::Delayed => {
                let timeout = Err(ConnectorError::timeout(
                    "the request is late on purpose".into(),
                ));
                (false, timeout, Some(DelayedRequest { request, network }))
            }
        };
        assert!(sender.send(outcome).is_ok(), "the SDK waits for a response");
        (applied, delayed)
    }
}

impl DelayedRequest {
    /// Delivers the request. Returns whether DynamoDB applied it.
    pub async fn deliver(self) -> bool {
        apply(&self.network, self.request).await.0
    }
}

async fn apply(network: &SharedHttpConnector, request: HttpRequest) -> (bool, HttpResponse) {
    let response = network.call(request).await.expect("DynamoDB responds");
    (response.status().is_success(), response)
}

fn error_response(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "on purpose"}}"#
    );
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

#[derive(Debug)]
struct Client {
    network: SharedHttpClient,
    sender: mpsc::UnboundedSender<PendingRequest>,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let network = self.network.http_connector(settings, components);
        SharedHttpConnector::new(Connector {
            network,
            sender: self.sender.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    network: SharedHttpConnector,
    sender: mpsc::UnboundedSender<PendingRequest>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (sender, response) = oneshot::channel();
        let waiting = PendingRequest {
            request,
            network: self.network.clone(),
            sender,
        };
        let arrived = self.sender.send(waiting);
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
