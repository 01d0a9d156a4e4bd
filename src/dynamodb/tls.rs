//! The certificate authorities that TLS trusts: Amazon's, or those of a CA bundle.

use std::fs;

use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_types::base64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;
use webpki::anchor_from_trusted_cert;

use crate::config::CaBundle;

/// The five roots of Amazon Trust Services, which asks custom trust stores to hold all of them. They are compiled in,
/// because reading a system's store takes longer than the rest of the start-up.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// A CA bundle that cannot be used, which stops the start-up.
#[derive(Debug, Error)]
#[error("The environment variable {0} must name a file of PEM certificates; {1}: {2}")]
pub struct CaBundleError(&'static str, String, String);

/// The roots of `bundle`, for a proxy or a private endpoint; Amazon's without one.
pub fn trust_store(bundle: Option<CaBundle>) -> Result<TrustStore, CaBundleError> {
    let Some(CaBundle { variable, path }) = bundle else {
        return Ok(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS));
    };
    load_ca_bundle(&path).map_err(|reason| CaBundleError(variable, path, reason))
}

/// The certificates of a PEM file. Skips certificates that cannot be roots; system bundles contain some.
fn load_ca_bundle(path: &str) -> Result<TrustStore, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let mut store = None;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        if anchor_from_trusted_cert(&certificate).is_ok() {
            let roots = store.unwrap_or_else(TrustStore::empty);
            store = Some(roots.with_pem_certificate(pem(&certificate)));
        }
    }
    store.ok_or_else(|| "it has no CA certificate".to_owned())
}

/// The SDK accepts roots in PEM only.
fn pem(certificate: &[u8]) -> String {
    let text = base64::encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use tempfile::NamedTempFile;

    fn amazon_certificates() -> impl Iterator<Item = CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes()).map(Result::unwrap)
    }

    #[test]
    fn exactly_the_five_amazon_roots_are_trusted_without_a_bundle() {
        let hashes = amazon_certificates().map(|root| {
            let hash = Sha256::digest(root);
            let digits = hash.iter().map(|byte| format!("{byte:02x}"));
            digits.collect::<String>()
        });
        let mut found: Vec<_> = hashes.collect();
        found.sort_unstable();
        let roots = [
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4", // Amazon Root CA 3
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4", // Amazon Root CA 2
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5", // Starfield Services
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e", // Amazon Root CA 1
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092", // Amazon Root CA 4
        ];
        assert_eq!(found, roots);
        let amazon = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
        let store = trust_store(None).unwrap();
        assert_eq!(format!("{store:?}"), format!("{amazon:?}"));
    }

    /// The roots of a bundle with this text.
    fn roots(text: &str) -> Result<usize, String> {
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        let store = load_ca_bundle(&path)?;
        Ok(format!("{store:?}").matches("CertificatePEM").count())
    }

    #[test]
    fn ca_bundle_has_the_certificates_that_can_be_roots() {
        let root = pem(&amazon_certificates().next().unwrap());
        let none = pem(b"no certificate");
        let bundle = [&root, "# a comment\n", &none, &root].concat();
        assert_eq!(roots(&bundle), Ok(2));
        assert_eq!(roots(&none), Err("it has no CA certificate".to_owned()));
    }
}
