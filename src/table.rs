//! The customers table: one conditional `UpdateItem` for an update.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::attribute::{self, Item};
use crate::customer::{self, Customer, WrongType};
use crate::dynamodb;
use crate::error::{Cause, Error};
use crate::expression::{EmailGuard, Expression};
use crate::if_match::IfMatch;
use crate::request::CustomerId;
use crate::update::{Change, CustomerUpdate};

/// One write, a second one when a verified e-mail address changes, and a third one when another
/// writer changed that address in between.
pub const MAX_WRITES: usize = 3;

/// The table that `CUSTOMERS_TABLE` names.
#[derive(Debug)]
pub struct CustomersTable {
    client: Client,
    name: String,
}

enum Outcome {
    Written(Item),
    /// The condition failed; the item as it is, if there is one.
    Refused(Option<Item>),
}

impl CustomersTable {
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Writes `update` to the customer, in the name of `subject`, if the customer exists and
    /// `if_match` allows it, and returns the customer as stored.
    ///
    /// `verifiedEmail` becomes false in the same write when the address changes by more than letter
    /// case. Only a change of a verified address takes more than one write.
    ///
    /// # Errors
    ///
    /// - [`Error::CustomerNotFound`] when there is no such customer; none is created.
    /// - [`Error::VersionConflict`] when `if_match` is stale, unless the customer holds all that the
    ///   update asks for already: then it is this update whose answer was lost.
    /// - [`Error::InvalidRequest`] when the customer would exceed DynamoDB's 400 KB.
    /// - [`Error::Unavailable`] or [`Error::Internal`] for faults of DynamoDB or of stored data.
    pub async fn update(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate,
        if_match: &IfMatch,
        subject: &str,
    ) -> Result<Customer, Error> {
        let mut guard = EmailGuard::UnverifiedOrSame;
        for _ in 0..MAX_WRITES {
            let stored = match self.write(id, update, if_match, &guard, subject).await? {
                Outcome::Written(item) => return customer(item),
                Outcome::Refused(None) => return Err(Error::CustomerNotFound),
                Outcome::Refused(Some(stored)) => stored,
            };
            let current = customer::version(stored.get("version").cloned().map(attribute::to_json));
            let current = current.map_err(|wrong| wrong_type(&wrong))?;
            if !if_match.matches(current) {
                return if holds(&stored, update) {
                    customer(stored)
                } else {
                    Err(Error::VersionConflict { current })
                };
            }
            guard = EmailGuard::after(stored, update.email());
        }
        Err(Error::Unavailable(Cause::new(format!(
            "UpdateItem on the customers table: another writer changed the email between each of {MAX_WRITES} writes"
        ))))
    }

    async fn write(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate,
        if_match: &IfMatch,
        guard: &EmailGuard,
        subject: &str,
    ) -> Result<Outcome, Error> {
        let expression = Expression::new(update, if_match, guard, subject);
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
            Ok(output) => return Ok(Outcome::Written(output.attributes.unwrap_or_default())),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Outcome::Refused(refusal.item.clone()))
            }
            Some(refusal) if is_item_too_large(refusal) => Err(Error::InvalidRequest(
                "With this update the customer would be larger than the 400 KB that can be stored; \
                 shorten notes, address or metaFields"
                    .to_owned(),
            )),
            _ => Err(dynamodb::fault("UpdateItem on the customers table", &error)),
        }
    }
}

/// DynamoDB has no error type of its own for this, so its text has to tell; it is the same in
/// DynamoDB and in its emulators.
fn is_item_too_large(error: &UpdateItemError) -> bool {
    error.code() == Some("ValidationException")
        && error
            .message()
            .is_some_and(|message| message.starts_with("Item size to update has exceeded"))
}

/// Whether the stored customer is what `update` would make of it.
fn holds(stored: &Item, update: &CustomerUpdate) -> bool {
    update
        .changes()
        .iter()
        .all(|(name, change)| match (change, stored.get(*name)) {
            (Change::Set(value), Some(attribute)) => attribute::holds(attribute, value),
            (Change::Clear, None) => true,
            _ => false,
        })
}

fn customer(mut item: Item) -> Result<Customer, Error> {
    Customer::from_stored(|name| item.remove(name).map(attribute::to_json))
        .map_err(|wrong| wrong_type(&wrong))
}

fn wrong_type(wrong: &WrongType) -> Error {
    Error::Internal(Cause::new(format!(
        "The stored customer's attribute {} is not {}",
        wrong.attribute, wrong.expected
    )))
}
