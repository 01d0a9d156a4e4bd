//! The cost of DynamoDB without the SDK: a handler that signs and sends the same `UpdateItem` for every
//! event, over a connection that is open before the first one, and returns the response.

mod connection;
mod signature;

use std::env;

use lambda_http::{Error, Request, service_fn};

use crate::connection::Connection;
use crate::signature::Credentials;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let update = env::var("UPDATE_ITEM")?;
    let credentials = Credentials {
        region: env::var("AWS_REGION")?,
        access_key_id: env::var("AWS_ACCESS_KEY_ID")?,
        secret_access_key: env::var("AWS_SECRET_ACCESS_KEY")?,
        session_token: env::var("AWS_SESSION_TOKEN")?,
    };
    let endpoint = env::var("AWS_ENDPOINT_URL_DYNAMODB")?;
    let root_certificates = env::var("SSL_CERT_FILE")?;
    let connection = Connection::open(&endpoint, root_certificates.as_ref(), credentials).await?;
    lambda_http::run(service_fn(|_: Request| connection.update_item(&update))).await
}
