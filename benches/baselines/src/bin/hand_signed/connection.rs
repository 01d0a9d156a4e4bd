//! One HTTP/1.1 connection to DynamoDB over TLS.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use lambda_http::Error;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::signature::Credentials;

pub const TARGET: &str = "DynamoDB_20120810.UpdateItem";
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

pub struct Connection {
    host: String,
    credentials: Credentials,
    sender: Mutex<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub async fn open(
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
    pub async fn update_item(&self, body: &str) -> Result<String, Error> {
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
