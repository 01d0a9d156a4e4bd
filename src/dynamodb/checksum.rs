//! `x-amz-crc32`: the checksum that DynamoDB sends with each response. The SDK for Rust does not
//! verify it.

use aws_sdk_dynamodb::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Rejects a response whose body does not match its checksum. A damaged body can still be valid
/// JSON, and would be shown as the stored customer or used as a token's grant.
#[derive(Debug)]
pub struct ResponseChecksum;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for ResponseChecksum {
    fn name(&self) -> &'static str {
        "ResponseChecksum"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The first hook at which the SDK has read the whole body.
        let response = context.response();
        let checksum = response.headers().get("x-amz-crc32");
        let (Some(checksum), Some(body)) = (checksum, response.body().bytes()) else {
            return Ok(());
        };
        if checksum.parse() == Ok(crc32fast::hash(body)) {
            return Ok(());
        }
        Err("the response's body does not match its x-amz-crc32 checksum".into())
    }
}
