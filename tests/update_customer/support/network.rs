//! A network to DynamoDB that stops each request at a gate and does with it what it is told: lets it
//! pass, or loses it or its response on the way.
//!
//! No time passes: the SDK's pauses are over at once and nothing times out by the clock, so that what
//! happens depends on nothing but the decisions at the gate.

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
    Passes,
    /// The connection breaks before DynamoDB sees the request.
    RequestLost,
    /// DynamoDB carries it out, and the connection breaks before the response is here.
    AnswerLost,
    /// DynamoDB carries it out and says that it could not.
    AnsweredWith500,
    /// DynamoDB has no capacity and does nothing.
    Throttled,
    /// The SDK gives it up, and it reaches DynamoDB later.
    Late,
}

/// Where requests wait; one end for the SDK, the other for the test.
pub struct SimulatedNetwork {
    client: SharedHttpClient,
    arrivals: mpsc::UnboundedReceiver<Waiting>,
}

/// A request at the gate, whose sender waits for what [`Waiting::send`] makes of it.
pub struct Waiting {
    request: HttpRequest,
    network: SharedHttpConnector,
    sender: oneshot::Sender<Result<HttpResponse, ConnectorError>>,
}

/// A request that arrives when nobody waits for its response any more.
pub struct Late {
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

    /// Makes a client's requests go through this gate.
    pub fn configure(&self, config: Builder) -> Builder {
        // A real environment's budget for retries would make one schedule depend on those before it.
        let budget = RetryPartition::custom("gate")
            .token_bucket(TokenBucket::unlimited())
            .build();
        config
            .http_client(self.client.clone())
            .sleep_impl(NoSleep)
            .timeout_config(TimeoutConfig::disabled())
            .retry_partition(budget)
    }

    /// The next request that comes to the gate.
    pub async fn arrival(&mut self) -> Waiting {
        self.arrivals.recv().await.expect("the gate keeps a sender")
    }
}

impl Waiting {
    /// Lets `fate` happen. Tells whether DynamoDB carried the request out, and gives back one that
    /// is to arrive later.
    pub async fn send(self, fate: Delivery) -> (bool, Option<Late>) {
        let Self {
            request,
            network,
            sender,
        } = self;
        let lost = |what: &str| Err(ConnectorError::io(what.into()));
        let (applied, outcome, late) = match fate {
            Delivery::Passes => {
                let (applied, response) = carry_out(&network, request).await;
                (applied, Ok(response), None)
            }
            Delivery::AnswerLost => (
                carry_out(&network, request).await.0,
                lost("the response is lost on purpose"),
                None,
            ),
            Delivery::AnsweredWith500 => {
                let (applied, _) = carry_out(&network, request).await;
                (applied, Ok(refusal(500, "InternalServerError")), None)
            }
            Delivery::RequestLost => (false, lost("the request is lost on purpose"), None),
            Delivery::Throttled => (
                false,
                Ok(refusal(400, "ProvisionedThroughputExceededException")),
                None,
            ),
            Delivery::Late => {
                let timeout = Err(ConnectorError::timeout(
                    "the request is late on purpose".into(),
                ));
                (false, timeout, Some(Late { request, network }))
            }
        };
        assert!(
            sender.send(outcome).is_ok(),
            "the SDK still waits for an response"
        );
        (applied, late)
    }
}

impl Late {
    /// Lets it arrive. Tells whether DynamoDB carried it out.
    pub async fn send(self) -> bool {
        carry_out(&self.network, self.request).await.0
    }
}

async fn carry_out(network: &SharedHttpConnector, request: HttpRequest) -> (bool, HttpResponse) {
    let response = network.call(request).await.expect("the engine responses");
    (response.status().is_success(), response)
}

fn refusal(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        r#"{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "on purpose"}}"#
    );
    HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body))
}

#[derive(Debug)]
struct Client {
    network: SharedHttpClient,
    sender: mpsc::UnboundedSender<Waiting>,
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
    sender: mpsc::UnboundedSender<Waiting>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (sender, response) = oneshot::channel();
        let waiting = Waiting {
            request,
            network: self.network.clone(),
            sender,
        };
        let arrived = self.sender.send(waiting);
        HttpConnectorFuture::new(async move {
            assert!(arrived.is_ok(), "the gate is still there");
            response.await.expect("the gate decides on every request")
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
