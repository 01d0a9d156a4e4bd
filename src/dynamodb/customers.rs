//! The customers table: one conditional `UpdateItem` for each update.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::attribute::Item;
use super::error::{CallError, UpdateError};
use super::response::rejection;
use super::write::{OPERATION, Write, customer};
use crate::customer::{Customer, CustomerId, CustomerUpdate, ExpectedVersion};

/// At most three writes: the normal one, a second if a verified email changes, a third if someone changes
/// that email in between.
const MAX_WRITES: usize = 3;

/// The table that `CUSTOMERS_TABLE` names.
#[derive(Debug)]
pub(crate) struct CustomersTable {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl CustomersTable {
    /// Applies `update` on behalf of `subject` if the customer exists and has an expected version,
    /// and returns the stored customer (`docs/API.md#stored-data`).
    ///
    /// `verifiedEmail` becomes false in the same write when the address changes by more than letter
    /// case. Only a change of a verified address takes more than one write. An update that is already
    /// stored succeeds: the caller repeats it after a lost response.
    pub(crate) async fn update(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate<'_>,
        expected_version: &ExpectedVersion,
        subject: &str,
    ) -> Result<Customer, UpdateError> {
        let mut write = Write::new(update, expected_version, subject);
        let result = async {
            for _ in 0..MAX_WRITES {
                if let Some(customer) = self.write(id, &mut write).await? {
                    return Ok(customer);
                }
            }
            let cause = format!("another writer changed the email between {MAX_WRITES} writes");
            Err(CallError::new(OPERATION, cause, None, true).into())
        };
        result.await.map_err(|error| match error {
            // A missing customer holds no update; with `If-None-Match: *` nothing is ever written.
            UpdateError::NotFound | UpdateError::Exists(_) | UpdateError::OtherVersion(_) => error,
            error if write.uncertain.occurred() => error.uncertain(OPERATION),
            error => error,
        })
    }

    /// Writes once. `None` if the stored email requires another write.
    async fn write(
        &self,
        id: &CustomerId,
        write: &mut Write<'_>,
    ) -> Result<Option<Customer>, UpdateError> {
        let id = AttributeValue::S(id.as_str().to_owned());
        let has_id = |item: &Item| item.get("id") == Some(&id);
        let expression = write.expression();
        let names = Some(expression.names).filter(|names| !names.is_empty());
        let call = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("id", id.clone())
            .update_expression(expression.update)
            .condition_expression(expression.condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(Some(expression.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .interceptor(write.uncertain.clone());
        // Box the SDK's future (some 10 KB), so that each wrapper moves a pointer.
        let error = match Box::pin(call.send()).await {
            Ok(mut output) => {
                let item = output.attributes.take().filter(has_id);
                let customer = item.and_then(|item| customer(item).ok());
                let unreadable = || CallError::unreadable(OPERATION, output.request_id());
                return Ok(Some(customer.ok_or_else(unreadable)?));
            }
            Err(error) => error,
        };
        let rejection = rejection(&error);
        match rejection {
            Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
                let stored = failure.item.clone().ok_or(UpdateError::NotFound)?;
                match has_id(&stored) {
                    true => write.after_failed_condition(stored),
                    false => Err(CallError::unreadable(OPERATION, error.request_id()).into()),
                }
            }
            _ => Err(rejection
                .and_then(exceeded_limit)
                .unwrap_or_else(|| CallError::from_sdk(OPERATION, &error, rejection).into())),
        }
    }
}

/// DynamoDB has no error type for its limits. It words the size differently for the merged item and for one
/// oversized value; both contain these words.
fn exceeded_limit(error: &UpdateItemError) -> Option<UpdateError> {
    let is_invalid = error.code() == Some("ValidationException");
    match error.message().filter(|_| is_invalid)? {
        text if text.contains("Item size") => Some(UpdateError::TooLarge),
        text if text.contains("Nesting Levels") => Some(UpdateError::TooDeep),
        _ => None,
    }
}
