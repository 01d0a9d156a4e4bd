//! The customers table: one conditional `UpdateItem` for each update.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::attribute::{self, Item};
use super::error::to_error;
use super::update_expression::{EmailCondition, UpdateExpression};
use crate::customer::stored::{self, UnexpectedType};
use crate::customer::{Change, Customer, CustomerId, CustomerUpdate, ExpectedVersion};
use crate::error::{Cause, Error};

/// One write; a second one when a verified email address changes; a third one when another writer
/// changes that address in between.
pub const MAX_WRITES: usize = 3;

/// The table that `CUSTOMERS_TABLE` names.
#[derive(Debug)]
pub struct CustomersTable {
    client: Client,
    name: String,
}

enum WriteOutcome {
    /// The item after the write.
    Updated(Item),
    /// The item as it is, if there is one.
    ConditionFailed(Option<Item>),
}

impl CustomersTable {
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Applies `update` on behalf of `subject` if the customer exists and has an expected version,
    /// and returns the stored customer (`docs/API.md#stored-data`).
    ///
    /// `verifiedEmail` becomes false in the same write when the address changes by more than letter
    /// case. Only a change of a verified address takes more than one write.
    ///
    /// # Errors
    ///
    /// - [`Error::CustomerNotFound`] when there is no such customer; none is created.
    /// - [`Error::VersionConflict`] when the version is not an expected one, unless the update is
    ///   already applied: then the caller retries after a lost response.
    /// - [`Error::InvalidRequest`] when the item would exceed DynamoDB's 400 KB.
    /// - [`Error::Unavailable`] or [`Error::Internal`] when DynamoDB fails, or when a stored
    ///   attribute has an unexpected type.
    pub async fn update(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate,
        expected_version: &ExpectedVersion,
        subject: &str,
    ) -> Result<Customer, Error> {
        let mut email = EmailCondition::UnverifiedOrUnchanged;
        for _ in 0..MAX_WRITES {
            let expression = UpdateExpression::new(update, expected_version, &email, subject);
            let stored = match self.write(id, expression).await? {
                WriteOutcome::Updated(item) => return customer(item),
                WriteOutcome::ConditionFailed(None) => return Err(Error::CustomerNotFound),
                WriteOutcome::ConditionFailed(Some(stored)) => stored,
            };
            let current = stored.get("version").cloned().map(attribute::to_json);
            let current = stored::version(current).map_err(|error| unexpected_type(&error))?;
            if !expected_version.matches(current) {
                return if already_applied(&stored, update) {
                    customer(stored)
                } else {
                    Err(Error::VersionConflict { current })
                };
            }
            email = EmailCondition::after(stored, update.email());
        }
        Err(Error::Unavailable(Cause::new(format!(
            "UpdateItem on the customers table: another writer changed the email between each of \
             {MAX_WRITES} writes"
        ))))
    }

    async fn write(
        &self,
        id: &CustomerId,
        expression: UpdateExpression,
    ) -> Result<WriteOutcome, Error> {
        let result = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("id", AttributeValue::S(id.as_str().to_owned()))
            .update_expression(expression.update)
            .condition_expression(expression.condition)
            .set_expression_attribute_names(Some(expression.names))
            .set_expression_attribute_values(Some(expression.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let error = match result {
            Ok(output) => {
                let item = output.attributes.unwrap_or_default();
                return Ok(WriteOutcome::Updated(item));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
                Ok(WriteOutcome::ConditionFailed(failure.item.clone()))
            }
            Some(error) if is_item_too_large(error) => Err(Error::InvalidRequest(
                "With this update the customer would exceed 400 KB; shorten notes, address or \
                 metaFields"
                    .to_owned(),
            )),
            _ => Err(to_error("UpdateItem on the customers table", &error)),
        }
    }
}

/// DynamoDB has no error type for this. The message is the same in DynamoDB and its emulators.
fn is_item_too_large(error: &UpdateItemError) -> bool {
    let message = error.message().unwrap_or_default();
    error.code() == Some("ValidationException")
        && message.starts_with("Item size to update has exceeded")
}

/// Whether the stored customer is already what `update` asks for.
fn already_applied(stored: &Item, update: &CustomerUpdate) -> bool {
    let mut changes = update.changes().iter();
    changes.all(|(name, change)| match (change, stored.get(*name)) {
        (Change::Set(value), Some(attribute)) => attribute::eq_json(attribute, value),
        (Change::Clear, None) => true,
        _ => false,
    })
}

fn customer(mut item: Item) -> Result<Customer, Error> {
    Customer::from_stored(|name| item.remove(name).map(attribute::to_json))
        .map_err(|error| unexpected_type(&error))
}

fn unexpected_type(error: &UnexpectedType) -> Error {
    Error::Internal(Cause::new(error.to_string()))
}
