//! A certificate authority made on the spot, and a TLS server that it vouches for.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;

pub struct Authority {
    /// Where the authority's own certificate is, for clients to trust.
    pub path: PathBuf,
    /// TLS as `localhost`.
    pub server: Arc<ServerConfig>,
}

impl Authority {
    /// Makes an authority and keeps its certificate in `folder`.
    pub fn new(folder: &Path) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "Benchmark");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let path = folder.join("authority.pem");
        std::fs::write(&path, params.self_signed(&key)?.pem())?;
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate()?;
        let certificate =
            CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &issuer)?;
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        Ok(Self {
            path,
            server: Arc::new(server),
        })
    }
}
