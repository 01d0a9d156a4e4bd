//! Test certificates: an authority, and a certificate for `localhost` that it signed. They are valid
//! for a hundred years.
//!
//! To make new ones in `testkit/certificates`:
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
//!   -subj "/CN=Test authority" -addext keyUsage=critical,keyCertSign -keyout authority.key -out authority.pem
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
//!   -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
//!   -CA authority.pem -CAkey authority.key -keyout localhost.key -out localhost.pem
//! rm authority.key
//! ```

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The file of the authority that signed the server's certificate.
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/authority.pem");

const LOCALHOST: &[u8] = include_bytes!("../../certificates/localhost.pem");
const LOCALHOST_KEY: &[u8] = include_bytes!("../../certificates/localhost.key");

/// TLS as `localhost`.
pub fn server_config() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(LOCALHOST).unwrap();
    let key = PrivateKeyDer::from_pem_slice(LOCALHOST_KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}
