//! Picks Amazon's certificate authorities out of Mozilla's list, so that the program holds five
//! certificates instead of a hundred and forty.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use base64::prelude::{BASE64_STANDARD, Engine};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// What the names of Amazon Trust Services' five roots have and no other root has. DynamoDB's
/// endpoints may move from one of the five to another, so all are trusted.
const NAMES: [&[u8]; 2] = [
    b"Amazon Root CA ",
    b"Starfield Services Root Certificate Authority - G2",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut pem = String::new();
    for root in TLS_SERVER_ROOT_CERTS {
        if NAMES
            .iter()
            .any(|name| root.windows(name.len()).any(|bytes| bytes == *name))
        {
            let text = BASE64_STANDARD.encode(root);
            pem += &format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        }
    }
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join("amazon-roots.pem"),
        pem,
    )?;
    Ok(())
}
