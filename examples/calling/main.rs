//! Updates a customer, then edits the returned data and sends it back with `If-Match`.

use serde_json::{Value, json};

fn update_customer(
    id: &str,
    fields: &Value,
    version: Option<&str>,
) -> Result<(u16, String, Value), ureq::Error> {
    let base = std::env::var("URL").unwrap_or_else(|_| "http://127.0.0.1:9000".to_owned());
    // Error responses have a body too.
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let mut request = agent
        .put(format!("{base}/customers/{id}"))
        .header("accessToken", "demo-token-that-may-write");
    if let Some(version) = version {
        request = request.header("If-Match", version);
    }
    let mut response = request.send_json(fields)?;
    let version = response
        .headers()
        .get("X-Customer-Version")
        .and_then(|version| version.to_str().ok());
    let version = version.unwrap_or_default().to_owned();
    Ok((
        response.status().as_u16(),
        version,
        response.body_mut().read_json()?,
    ))
}

fn main() -> Result<(), ureq::Error> {
    let john = json!({"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com"});
    let (_, version, body) = update_customer("638df9e713920facde1a1cfa", &john, None)?;
    let mut edited = body["data"].clone();
    edited["notes"] = json!("from Rust");
    let (status, version, body) =
        update_customer("638df9e713920facde1a1cfa", &edited, Some(&version))?;
    println!("{status} {version} {}", body["data"]["notes"]);
    Ok(())
}
