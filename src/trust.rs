//! Whose certificates TLS trusts: Amazon's authorities, or a bundle that takes their place.

use std::fmt;
use std::fs;

use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_types::base64;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use webpki::anchor_from_trusted_cert;

/// The variables that name a bundle, the AWS tools' own one first.
const VARIABLES: [&str; 2] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"];

/// The five roots of Amazon Trust Services, picked from Mozilla's list by the build script.
const AMAZON: &str = include_str!(concat!(env!("OUT_DIR"), "/amazon-roots.pem"));

/// A bundle that stops the start.
#[derive(Debug)]
pub struct InvalidBundle {
    variable: &'static str,
    path: String,
    reason: String,
}

impl fmt::Display for InvalidBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variable,
            path,
            reason,
        } = self;
        write!(
            f,
            "The environment variable {variable} must name a file of PEM certificates; {path}: {reason}"
        )
    }
}

impl std::error::Error for InvalidBundle {}

/// The roots of the bundle that `AWS_CA_BUNDLE` or else `SSL_CERT_FILE` names, for a proxy or a
/// private endpoint; [`amazon`]'s where neither is set. `variable` is `std::env::var` outside tests.
///
/// # Errors
///
/// [`InvalidBundle`] when the file cannot be read or holds no certificate.
pub fn from_environment(
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<TrustStore, InvalidBundle> {
    let set = |name| {
        variable(name)
            .filter(|path| !path.is_empty())
            .map(|path| (name, path))
    };
    let Some((variable, path)) = VARIABLES.into_iter().find_map(set) else {
        return Ok(amazon());
    };
    let roots = bundle(&path);
    roots.map(store).map_err(|reason| InvalidBundle {
        variable,
        path,
        reason,
    })
}

/// The five roots of Amazon Trust Services. They are compiled in: reading a system's whole store
/// takes longer than all the rest of a start.
pub fn amazon() -> TrustStore {
    TrustStore::empty().with_pem_certificate(AMAZON)
}

/// The certificates of a PEM file. One that cannot be a root is left out, as systems' stores have some.
fn bundle(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = fs::read(path).map_err(|error| error.to_string())?;
    let all: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let roots: Vec<_> = all
        .into_iter()
        .filter(|root| anchor_from_trusted_cert(root).is_ok())
        .collect();
    if roots.is_empty() {
        Err("it holds no certificate of an authority".to_owned())
    } else {
        Ok(roots)
    }
}

/// The SDK takes roots in PEM alone.
fn store(roots: Vec<CertificateDer<'static>>) -> TrustStore {
    roots.iter().fold(TrustStore::empty(), |store, root| {
        store.with_pem_certificate(pem(root))
    })
}

fn pem(certificate: &[u8]) -> String {
    let text = base64::encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::lower_case_hex;
    use sha2::{Digest, Sha256};

    fn amazon_roots() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(AMAZON.as_bytes())
            .collect::<Result<_, _>>()
            .unwrap()
    }

    #[test]
    fn exactly_amazons_five_roots_are_built_in() {
        let mut found: Vec<_> = amazon_roots()
            .iter()
            .map(|root| lower_case_hex(&Sha256::digest(root)))
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
    fn a_bundle_replaces_them_and_aws_ca_bundle_comes_first() {
        let text = |store: &TrustStore| format!("{store:?}");
        let named = |store: &TrustStore| text(store).matches("CertificatePEM").count();
        assert_eq!(
            text(&amazon()),
            text(&TrustStore::empty().with_pem_certificate(AMAZON))
        );
        assert_eq!(text(&from_environment(|_| None).unwrap()), text(&amazon()));
        assert_eq!(
            text(&from_environment(|_| Some(String::new())).unwrap()),
            text(&amazon())
        );

        let file =
            std::env::temp_dir().join(format!("update-customer-bundle-{}.pem", std::process::id()));
        let root = &amazon_roots()[0];
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
        let from = |aws: &str, ssl: &str| {
            from_environment(|name| {
                Some(if name == "AWS_CA_BUNDLE" { aws } else { ssl }.to_owned())
            })
        };
        assert_eq!(
            named(&from("", path).unwrap()),
            2,
            "what cannot be a root is left out"
        );
        assert_eq!(named(&from(path, "/no/such/file").unwrap()), 2);

        fs::write(&file, pem(b"no certificate")).unwrap();
        let sentence = from("", path).unwrap_err().to_string();
        assert_eq!(
            sentence,
            format!(
                "The environment variable SSL_CERT_FILE must name a file of PEM certificates; {path}: it holds no certificate of an authority"
            )
        );
        fs::remove_file(&file).unwrap();
        let sentence = from(path, "").unwrap_err().to_string();
        assert!(
            sentence.starts_with("The environment variable AWS_CA_BUNDLE must name"),
            "{sentence}"
        );
    }
}
