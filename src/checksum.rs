//! `x-amz-crc32`: the sum that DynamoDB sends with each answer, and that the SDK for Rust leaves unread.

use aws_sdk_dynamodb::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Refuses an answer whose body is not the one that DynamoDB summed up. Some damage leaves valid JSON,
/// and would be shown as the stored customer or taken for a token's grant.
#[derive(Debug)]
pub struct AnswerChecksum;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for AnswerChecksum {
    fn name(&self) -> &'static str {
        "AnswerChecksum"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Only here has the SDK read the whole body.
        let answer = context.response();
        let (Some(sum), Some(body)) = (answer.headers().get("x-amz-crc32"), answer.body().bytes())
        else {
            return Ok(());
        };
        if sum.parse() == Ok(crc32fast::hash(body)) {
            return Ok(());
        }
        Err("the answer's body does not have the sum that x-amz-crc32 tells".into())
    }
}
