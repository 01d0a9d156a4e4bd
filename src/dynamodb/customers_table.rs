//! The customers table: one conditional `UpdateItem` for each update.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::attribute::{self, Item};
use super::error::to_error;
use super::lost_responses::LostResponses;
use super::stored::{self, Customer, UnexpectedType};
use super::update_expression::{self, EmailCondition, UpdateExpression};
use crate::customer::{Change, CustomerId, CustomerUpdate, ExpectedVersion};
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
    /// - [`Error::CustomerExists`] when the customer must not exist.
    /// - [`Error::InvalidRequest`] when the item would exceed DynamoDB's 400 KB or its nesting depth.
    /// - [`Error::Unavailable`] or [`Error::Internal`] when DynamoDB fails. Unless the error is
    ///   [`Error::Unavailable`], the update is not stored.
    /// - [`Error::Internal`] when a stored attribute that the update leaves as it is has an unexpected
    ///   type. Nothing is written.
    pub async fn update(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate<'_>,
        expected_version: &ExpectedVersion,
        subject: &str,
    ) -> Result<Customer, Error> {
        let lost = LostResponses::default();
        let result = self.write_until_decided(id, update, expected_version, subject, &lost);
        result.await.map_err(|error| {
            if lost.occurred() && may_follow_a_stored_write(&error, expected_version) {
                let text = error.cause().map_or(error.to_string(), str::to_owned);
                let after = "after an attempt that got no response and may be stored";
                Error::Unavailable(Cause::new(format!("{text} ({after})")))
            } else {
                error
            }
        })
    }

    async fn write_until_decided(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate<'_>,
        expected_version: &ExpectedVersion,
        subject: &str,
        lost: &LostResponses,
    ) -> Result<Customer, Error> {
        let mut email = EmailCondition::UnverifiedOrUnchanged;
        for _ in 0..MAX_WRITES {
            let expression = UpdateExpression::new(update, expected_version, &email, subject);
            let stored = match self.write(id, expression, lost).await? {
                WriteOutcome::Updated(item) => return customer(item),
                WriteOutcome::ConditionFailed(None) => return Err(Error::CustomerNotFound),
                WriteOutcome::ConditionFailed(Some(stored)) => stored,
            };
            let current = stored::version(stored.get("version"));
            let current = current.map_err(|error| internal(&error))?;
            if let Some(error) = update_expression::unexpected_type(&stored, update, &email) {
                return Err(internal(&error));
            }
            if !expected_version.matches(current) {
                return match expected_version {
                    ExpectedVersion::Absent => Err(Error::CustomerExists { current }),
                    _ if already_applied(&stored, update) => {
                        customer(without_cleared(stored, update))
                    }
                    _ => Err(Error::VersionConflict { current }),
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
        lost: &LostResponses,
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
            .customize()
            .interceptor(lost.clone())
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
            Some(error) if let Some(message) = limit_message(error) => {
                Err(Error::InvalidRequest(message.to_owned()))
            }
            _ => Err(to_error("UpdateItem on the customers table", &error)),
        }
    }
}

/// What the caller must change when the item would exceed a limit of DynamoDB. It has no error type for
/// this. A merged item and a single value that are too large have different messages.
fn limit_message(error: &UpdateItemError) -> Option<&'static str> {
    let message = error.message().unwrap_or_default();
    if error.code() != Some("ValidationException") {
        None
    } else if message.contains("Item size") {
        Some(
            "With this update the customer would exceed 400 KB; shorten notes, address or metaFields",
        )
    } else if message.contains("Nesting Levels") {
        Some("With this update the customer would be nested too deeply; flatten metaFields")
    } else {
        None
    }
}

/// Whether the update's own write may be stored although a later one failed with `error`.
fn may_follow_a_stored_write(error: &Error, expected_version: &ExpectedVersion) -> bool {
    match (error, expected_version) {
        // Nothing of it is left, or no version allowed a write.
        (Error::CustomerNotFound | Error::CustomerExists { .. }, _) => false,
        // Only together with a write of somebody else: the update would otherwise be already applied.
        (Error::VersionConflict { current }, ExpectedVersion::OneOf(versions)) => versions
            .first()
            .is_some_and(|lowest| current.saturating_sub(*lowest) >= 2),
        _ => true,
    }
}

/// Whether the stored customer is already what `update` asks for.
fn already_applied(stored: &Item, update: &CustomerUpdate<'_>) -> bool {
    let mut changes = update.changes().iter();
    changes.all(|(name, change)| match (change, stored.get(*name)) {
        (Change::Set(value), Some(attribute)) => attribute::eq_json(attribute, value),
        (Change::Clear, attribute) => attribute.is_none_or(attribute::is_empty),
        _ => false,
    })
}

/// A cleared field that another writer stored as an empty value is shown as empty, whatever its type.
fn without_cleared(mut stored: Item, update: &CustomerUpdate<'_>) -> Item {
    for (name, change) in update.changes() {
        if let Change::Clear = change {
            stored.remove(*name);
        }
    }
    stored
}

fn customer(item: Item) -> Result<Customer, Error> {
    item.try_into().map_err(|error| internal(&error))
}

fn internal(error: &UnexpectedType) -> Error {
    Error::Internal(Cause::new(error.to_string()))
}
