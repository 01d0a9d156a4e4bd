//! Adds a line to a customer's notes. Nothing is lost when others write or the network fails meanwhile.

use std::thread::sleep;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::Agent;

/// Status, version and customer.
type Reply = (u16, String, Value);

/// Sends an update, again after 429, 500, 503 and lost responses.
fn send(id: &str, fields: &Value, condition: (&str, &str)) -> Result<Reply, String> {
    let mut failure = String::new();
    for delay in [1, 2, 4, 8, 0] {
        match send_once(id, fields, condition) {
            Ok((status @ (200 | 412), version, body)) => {
                let body: Result<Value, _> = serde_json::from_str(&body);
                let mut body = body.map_err(|error| error.to_string())?;
                return Ok((status, version, body["data"].take()));
            }
            Ok((status, _, body)) => {
                failure = format!("{status} {body}");
                if ![429, 500, 503].contains(&status) {
                    break;
                }
            }
            Err(error) => failure = error.to_string(),
        }
        sleep(Duration::from_secs(delay));
    }
    Err(failure)
}

/// Returns status, version and body. A firewall's body need not be JSON.
fn send_once(
    id: &str,
    fields: &Value,
    (name, value): (&str, &str),
) -> Result<(u16, String, String), ureq::Error> {
    let variable = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let url = variable("URL", "http://127.0.0.1:9000");
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(35)))
        .build()
        .into();
    let id = utf8_percent_encode(id, NON_ALPHANUMERIC);
    let token = variable("ACCESS_TOKEN", "demo-token-that-may-write");
    let request = agent.put(format!("{url}/customers/{id}"));
    let request = request.header("accessToken", token).header(name, value);
    let mut response = request.send_json(fields)?;
    let version = response.headers().get("X-Customer-Version");
    let version = version.and_then(|version| version.to_str().ok());
    let version = version.unwrap_or_default().to_owned();
    let body = response.body_mut().read_to_string()?;
    Ok((response.status().as_u16(), version, body))
}

/// Sends the required fields and what `change` returns for the stored customer.
fn edit(id: &str, change: impl Fn(&Value) -> Value) -> Result<Reply, String> {
    // With If-None-Match, nothing is written: 412 has the stored customer.
    let anybody = json!({"firstName": "-", "lastName": "-", "email": "nobody@example.com"});
    let mut reply = send(id, &anybody, ("If-None-Match", "*"))?;
    while let (412, version, mut customer) = reply {
        let mut fields = change(&customer);
        for name in ["firstName", "lastName", "email"] {
            fields[name] = customer[name].take();
        }
        reply = send(id, &fields, ("If-Match", &version))?;
    }
    Ok(reply)
}

fn add_note(customer: &Value) -> Value {
    let line = "from Rust";
    match customer["notes"].as_str().unwrap_or_default() {
        "" => json!({ "notes": line }),
        // An earlier attempt may be stored although its response was lost.
        notes if notes.contains(line) => json!({}),
        notes => json!({ "notes": format!("{notes}\n{line}") }),
    }
}

fn main() -> Result<(), String> {
    let id = std::env::args().nth(1);
    let id = id.as_deref().unwrap_or("638df9e713920facde1a1cfa");
    let (_, version, customer) = edit(id, add_note)?;
    let notes = customer["notes"].as_str().unwrap_or_default();
    println!("{version} {notes}");
    Ok(())
}
