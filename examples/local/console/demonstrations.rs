//! Two situations that a single request cannot show: two writers at once, and a late DynamoDB.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;
use serde_json::{Value, json};
use testkit::{CUSTOMER_ID, WRITE_TOKEN, sample_customer};

use crate::gateway::{Gateway, Request};

/// The requests that a demonstration sent, by their numbers, and the customer around all of them.
#[derive(Debug, Serialize)]
pub struct Outcome {
    exchanges: Vec<u64>,
    before: Option<String>,
    after: Option<String>,
}

/// Two updates of the same field at the same time. With `if_match`, both name the version that both
/// have read.
pub async fn two_writers(gateway: &Gateway, if_match: bool) -> Result<Outcome, String> {
    let before = restored(gateway).await?;
    let erp = request("Call before delivery (ERP)", "erp", if_match)?;
    let shop = request("Leave at the door (shop)", "shop", if_match)?;
    let ((erp, _), (shop, _)) = tokio::join!(gateway.send(erp, false), gateway.send(shop, false));
    outcome(gateway, vec![erp, shop], before).await
}

/// One update whose first `UpdateItem` is stored, but whose response comes after the SDK's time limit.
pub async fn late_response(gateway: &Gateway, if_match: bool) -> Result<Outcome, String> {
    let before = restored(gateway).await?;
    let request = request("Stored before the response was lost", "erp", if_match)?;
    let (number, _) = gateway.send(request, true).await;
    outcome(gateway, vec![number], before).await
}

/// Restores the sample customer and returns it as stored.
async fn restored(gateway: &Gateway) -> Result<Option<String>, String> {
    gateway.tables.restore_sample().await?;
    Ok(gateway.tables.customer(CUSTOMER_ID).await)
}

async fn outcome(
    gateway: &Gateway,
    exchanges: Vec<u64>,
    before: Option<String>,
) -> Result<Outcome, String> {
    Ok(Outcome {
        exchanges,
        before,
        after: gateway.tables.customer(CUSTOMER_ID).await,
    })
}

/// An update of the sample customer's notes that leaves everything else as it is.
fn request(notes: &str, user_agent: &str, if_match: bool) -> Result<Request, String> {
    let sample = sample_customer();
    let mut body: Value = json!({});
    for field in ["firstName", "lastName", "email"] {
        body[field] = sample[field].clone();
    }
    body["notes"] = notes.into();

    let mut headers = HeaderMap::new();
    let mut header = |name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        headers.insert(HeaderName::from_static(name), value);
        Ok::<_, String>(())
    };
    header("accesstoken", WRITE_TOKEN)?;
    header("content-type", "application/json")?;
    header("user-agent", user_agent)?;
    if if_match {
        header("if-match", &format!("\"{}\"", sample["version"]))?;
    }
    let uri = format!("/customers/{CUSTOMER_ID}").parse::<Uri>();
    Ok(Request {
        method: Method::PUT,
        uri: uri.map_err(|error| error.to_string())?,
        headers,
        body: Bytes::from(body.to_string()),
    })
}
