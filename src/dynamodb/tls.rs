//! The certificate authorities that TLS trusts: Amazon's, or those of a CA bundle.

use std::fs;

use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_types::base64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;
use webpki::anchor_from_trusted_cert;

use crate::config::CaBundle;

/// The five roots of Amazon Trust Services, which asks custom trust stores to hold all of them.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// A CA bundle that cannot be used, which stops the start-up.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "The environment variable {} must name a file of PEM certificates; {}: {reason}",
    .bundle.variable,
    .bundle.path
)]
pub struct CaBundleError {
    bundle: CaBundle,
    reason: String,
}

/// The roots of `bundle`, for a proxy or a private endpoint; [`amazon_roots`] without one.
pub fn trust_store(bundle: Option<CaBundle>) -> Result<TrustStore, CaBundleError> {
    let Some(bundle) = bundle else {
        return Ok(amazon_roots());
    };
    load_ca_bundle(&bundle.path).map_err(|reason| CaBundleError { bundle, reason })
}

/// The five roots of Amazon Trust Services. They are compiled in, because reading a system's store
/// takes longer than the rest of the start-up.
pub fn amazon_roots() -> TrustStore {
    TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
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

    fn amazon_certificates() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn exactly_the_five_amazon_roots_are_compiled_in() {
        let mut found: Vec<_> = amazon_certificates()
            .iter()
            .map(|root| hex(&Sha256::digest(root)))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                // Amazon Root CA 3
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                // Amazon Root CA 2
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                // Starfield Services Root Certificate Authority - G2
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
                // Amazon Root CA 1
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                // Amazon Root CA 4
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
            ]
        );
    }

    #[test]
    fn ca_bundle_replaces_amazon_roots() {
        let text = |store: &TrustStore| format!("{store:?}");
        let named = |store: &TrustStore| text(store).matches("CertificatePEM").count();
        assert_eq!(
            text(&amazon_roots()),
            text(&TrustStore::empty().with_pem_certificate(AMAZON_ROOTS))
        );
        assert_eq!(text(&trust_store(None).unwrap()), text(&amazon_roots()));

        let file =
            std::env::temp_dir().join(format!("update-customer-bundle-{}.pem", std::process::id()));
        let root = &amazon_certificates()[0];
        fs::write(
            &file,
            format!(
                "{}# a comment\n{}{}",
                pem(root),
                pem(b"no certificate"),
                pem(root)
            ),
        )
        .unwrap();
        let path = file.to_str().unwrap();
        let from = |path: &str| {
            trust_store(Some(CaBundle {
                variable: "SSL_CERT_FILE",
                path: path.to_owned(),
            }))
        };
        assert_eq!(
            named(&from(path).unwrap()),
            2,
            "what cannot be a root is left out"
        );

        fs::write(&file, pem(b"no certificate")).unwrap();
        let message = from(path).unwrap_err().to_string();
        assert_eq!(
            message,
            format!(
                "The environment variable SSL_CERT_FILE must name a file of PEM certificates; {path}: it \
                 has no CA certificate"
            )
        );
        fs::remove_file(&file).unwrap();
        let message = from(path).unwrap_err().to_string();
        let start = format!(
            "The environment variable SSL_CERT_FILE must name a file of PEM certificates; {path}: "
        );
        assert!(message.starts_with(&start), "{message}");
    }
}
