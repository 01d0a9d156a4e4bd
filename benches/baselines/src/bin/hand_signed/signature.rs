//! AWS Signature Version 4 of a request to DynamoDB.

use std::fmt::Write;
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::connection::{CONTENT_TYPE, TARGET};

const SIGNED_HEADERS: &str = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";

pub struct Credentials {
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
}

pub struct Signed {
    /// For `x-amz-date`.
    pub date: String,
    pub authorization: String,
}

impl Credentials {
    pub fn sign(&self, host: &str, body: &str, now: SystemTime) -> Signed {
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
