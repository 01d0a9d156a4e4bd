//! Two situations that a single request cannot show: two writers at once, and a late DynamoDB.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::Request;
use serde_json::json;
use testkit::{CUSTOMER_ID, WRITE_TOKEN, sample_customer};

use super::{Console, Deserialize, Failure, Serialize};

#[derive(Deserialize)]
pub struct Options {
    if_match: bool,
}

/// The requests that a demonstration sent, by their numbers, and the customer around all of them.
#[derive(Serialize)]
pub struct Outcome {
    exchanges: Vec<u64>,
    before: Option<String>,
    after: Option<String>,
}

/// Two updates of the same field at the same time. With `if_match`, both name the version that both
/// have read.
pub async fn two_writers(
    State(console): State<Arc<Console>>,
    Query(options): Query<Options>,
) -> Result<Json<Outcome>, Failure> {
    let erp = request("Call before delivery (ERP)", "erp", &options)?;
    let shop = request("Leave at the door (shop)", "shop", &options)?;
    let before = restored(&console).await?;
    let ((erp, _), (shop, _)) = tokio::join!(console.send(erp, false), console.send(shop, false));
    Ok(outcome(&console, vec![erp, shop], before).await)
}

/// One update whose first `UpdateItem` is stored, but whose response comes after the SDK's time limit.
pub async fn late_response(
    State(console): State<Arc<Console>>,
    Query(options): Query<Options>,
) -> Result<Json<Outcome>, Failure> {
    let request = request("Stored before the response was lost", "erp", &options)?;
    let before = restored(&console).await?;
    let (number, _) = console.send(request, true).await;
    Ok(outcome(&console, vec![number], before).await)
}

/// Restores the sample customer and returns it as stored.
async fn restored(console: &Console) -> Result<Option<String>, String> {
    console.tables.restore_sample().await?;
    Ok(console.tables.customer(Some(CUSTOMER_ID)).await)
}

async fn outcome(console: &Console, exchanges: Vec<u64>, before: Option<String>) -> Json<Outcome> {
    let after = console.tables.customer(Some(CUSTOMER_ID)).await;
    Json(Outcome {
        exchanges,
        before,
        after,
    })
}

/// An update of the sample customer's notes that leaves everything else as it is.
fn request(notes: &str, user_agent: &str, options: &Options) -> Result<Request<Bytes>, String> {
    let sample = sample_customer();
    let body = json!({
        "firstName": sample["firstName"], "lastName": sample["lastName"], "email": sample["email"], "notes": notes
    });
    let mut request = Request::put(format!("/customers/{CUSTOMER_ID}"))
        .header("accesstoken", WRITE_TOKEN)
        .header("content-type", "application/json")
        .header("user-agent", user_agent);
    if options.if_match {
        request = request.header("if-match", format!("\"{}\"", sample["version"]));
    }
    let request = request.body(Bytes::from(body.to_string()));
    request.map_err(|error| error.to_string())
}
