//! The cost of DynamoDB without the SDK: a handler that signs and sends the same `UpdateItem` for every
//! event, over a connection that is open before the first one, and returns the response.

use std::env;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use lambda_http::{Error, Request, service_fn};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const TARGET: &str = "DynamoDB_20120810.UpdateItem";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const SIGNED_HEADERS: &str = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";

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

/// One HTTP/1.1 connection to DynamoDB over TLS.
struct Connection {
    host: String,
    credentials: Credentials,
    sender: Mutex<SendRequest<Full<Bytes>>>,
}

impl Connection {
    async fn open(
        endpoint: &str,
        root_certificates: &Path,
        credentials: Credentials,
    ) -> Result<Self, Error> {
        let host = endpoint.trim_start_matches("https://").to_owned();
        let name = host.split(':').next().unwrap_or_default().to_owned();
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(root_certificates)? {
            roots.add(certificate?)?;
        }
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(&host).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from(name)?, stream)
            .await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            host,
            credentials,
            sender: Mutex::new(sender),
        })
    }

    /// Sends the request and returns the body of the response.
    async fn update_item(&self, body: &str) -> Result<String, Error> {
        let signed = self.credentials.sign(&self.host, body, SystemTime::now());
        let request = hyper::Request::post("/")
            .header("host", &self.host)
            .header("content-type", CONTENT_TYPE)
            .header("x-amz-target", TARGET)
            .header("x-amz-date", signed.date)
            .header("x-amz-security-token", &self.credentials.session_token)
            .header("authorization", signed.authorization)
            .body(Full::from(body.to_owned()))?;
        let mut sender = self.sender.lock().await;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(format!("DynamoDB returned {status}").into());
        }
        Ok(String::from_utf8(body.into())?)
    }
}

struct Credentials {
    region: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

struct Signed {
    /// For `x-amz-date`.
    date: String,
    authorization: String,
}

impl Credentials {
    /// Signs a request to DynamoDB (AWS Signature Version 4).
    fn sign(&self, host: &str, body: &str, now: SystemTime) -> Signed {
        let date = humantime::format_rfc3339_seconds(now)
            .to_string()
            .replace(['-', ':'], "");
        let day = &date[..8];
        let scope = format!("{day}/{}/dynamodb/aws4_request", self.region);
        let request = format!(
            "POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{date}\n\
             x-amz-security-token:{}\nx-amz-target:{TARGET}\n\n{SIGNED_HEADERS}\n{}",
            self.session_token,
            hex(&Sha256::digest(body)),
        );
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(request))
        );
        let mut key = hmac(format!("AWS4{}", self.secret_access_key).as_bytes(), day);
        for part in [&self.region, "dynamodb", "aws4_request"] {
            key = hmac(&key, part);
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={SIGNED_HEADERS}, Signature={}",
            self.access_key_id,
            hex(&hmac(&key, &text)),
        );
        Signed {
            date,
            authorization,
        }
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC accepts a key of any length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn signature_equals_that_of_boto3() {
        let credentials = Credentials {
            region: "us-east-1".to_owned(),
            access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: "token".to_owned(),
        };
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_670_248_903);
        let signed = credentials.sign("localhost:8000", "{}", time);
        assert_eq!(signed.date, "20221205T140143Z");
        let signature = signed.authorization.rsplit('=').next();
        assert_eq!(
            signature,
            Some("4e64f706e860e92327ae9a8ec9f2f462940e4621034432d388d40d6be1c839ea")
        );
    }
}
