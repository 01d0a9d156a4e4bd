//! The customers table: one conditional `UpdateItem` for each update.

use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use thiserror::Error;

use super::attribute::{self, Item};
use super::condition::{Condition, Reason, stored_version};
use super::error::CallError;
use super::expression::Expression;
use super::response::{UncertainWrite, is_rejection};
use crate::customer::{Change, Customer, CustomerId, CustomerUpdate, ExpectedVersion};

/// At most three writes: the normal one, a second if a verified email changes, a third if someone changes
/// that email in between.
pub const MAX_WRITES: usize = 3;

const OPERATION: &str = "UpdateItem on the customers table";

/// The table that `CUSTOMERS_TABLE` names.
#[derive(Debug)]
pub struct CustomersTable {
    client: Client,
    name: String,
}

/// Why a customer was not updated. Nothing is stored, except possibly after a transient [`CallError`].
#[derive(Debug, Error)]
pub enum UpdateError {
    /// There is no such customer; none is created.
    #[error("no customer has this id")]
    NotFound,
    /// The version is not an expected one. Holds the customer as stored.
    #[error("the customer has another version")]
    OtherVersion(Box<Customer>),
    /// The customer must not exist. Holds the customer as stored.
    #[error("the customer exists")]
    Exists(Box<Customer>),
    #[error("the customer would exceed DynamoDB's 400 KB")]
    TooLarge,
    #[error("the customer would exceed DynamoDB's 32 levels")]
    TooDeep,
    #[error(transparent)]
    Call(#[from] CallError),
}

impl UpdateError {
    /// The error when an attempt without an answer may have stored the update.
    fn uncertain(self) -> Self {
        let error = match self {
            Self::Call(error) => error,
            error => CallError::other(OPERATION, error.to_string(), None, true),
        };
        error.uncertain().into()
    }
}

/// The parts of an update that all its writes share.
struct PendingUpdate<'a> {
    id: &'a CustomerId,
    update: &'a CustomerUpdate<'a>,
    expected_version: &'a ExpectedVersion,
    /// Stored as `updatedAt` and `updatedBy`, by which a request recognises its own write.
    now: String,
    subject: &'a str,
    uncertain: UncertainWrite,
}

enum WriteOutcome {
    Updated(Customer),
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
    /// case. Only a change of a verified address takes more than one write. An update that is already
    /// stored succeeds: the caller repeats it after a lost response.
    pub async fn update(
        &self,
        id: &CustomerId,
        update: &CustomerUpdate<'_>,
        expected_version: &ExpectedVersion,
        subject: &str,
    ) -> Result<Customer, UpdateError> {
        let write = PendingUpdate {
            id,
            update,
            expected_version,
            now: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            subject,
            uncertain: UncertainWrite::default(),
        };
        let result = self.write_until_decided(&write).await;
        result.map_err(|error| match error {
            // A missing customer holds no update; with `If-None-Match: *` nothing is ever written.
            UpdateError::NotFound | UpdateError::Exists(_) | UpdateError::OtherVersion(_) => error,
            error if write.uncertain.occurred() => error.uncertain(),
            error => error,
        })
    }

    async fn write_until_decided(
        &self,
        write: &PendingUpdate<'_>,
    ) -> Result<Customer, UpdateError> {
        let mut condition = Condition::new(write.expected_version, write.update.email());
        for _ in 0..MAX_WRITES {
            let stored = match self.write(write, &condition).await? {
                WriteOutcome::Updated(customer) => return Ok(customer),
                WriteOutcome::ConditionFailed(None) => return Err(UpdateError::NotFound),
                WriteOutcome::ConditionFailed(Some(stored)) => stored,
            };
            match condition.explain(&stored) {
                Reason::InvalidVersion => return Err(invalid_version()),
                Reason::OtherVersion => return write.other_version(stored),
                Reason::Email if write.is_stored(&stored) => return write.show(stored),
                Reason::Email => condition = condition.after(stored),
            }
        }
        let cause = format!("another writer changed the email between each of {MAX_WRITES} writes");
        Err(CallError::other(OPERATION, cause, None, true).into())
    }

    async fn write(
        &self,
        write: &PendingUpdate<'_>,
        condition: &Condition<'_>,
    ) -> Result<WriteOutcome, UpdateError> {
        let id = AttributeValue::S(write.id.as_str().to_owned());
        let resets_verified = condition.resets_verified;
        let mut expression =
            Expression::new(write.update, resets_verified, &write.now, write.subject);
        condition.render(&mut expression);
        let call = self
            .client
            .update_item()
            .table_name(&self.name)
            .key("id", id.clone())
            .update_expression(expression.update)
            .condition_expression(expression.condition)
            .set_expression_attribute_names(
                Some(expression.names).filter(|names| !names.is_empty()),
            )
            .set_expression_attribute_values(Some(expression.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .interceptor(write.uncertain.clone());
        // Box the SDK's future (some 10 KB), so that each wrapper moves a pointer.
        let error = match Box::pin(call.send()).await {
            Ok(mut output) => {
                let item = output.attributes.take();
                let item = item.filter(|item| item.get("id") == Some(&id));
                let unreadable = || CallError::unreadable(OPERATION, output.request_id());
                let customer = item.and_then(|item| customer(item).ok());
                return Ok(WriteOutcome::Updated(customer.ok_or_else(unreadable)?));
            }
            Err(error) => error,
        };
        let is_rejection = error.raw_response().is_some_and(is_rejection);
        match error.as_service_error().filter(|_| is_rejection) {
            Some(UpdateItemError::ConditionalCheckFailedException(failure)) => {
                match failure.item.clone() {
                    Some(item) if item.get("id") != Some(&id) => {
                        Err(CallError::unreadable(OPERATION, error.request_id()).into())
                    }
                    item => Ok(WriteOutcome::ConditionFailed(item)),
                }
            }
            rejection => {
                let limit = rejection.and_then(exceeded_limit);
                Err(limit.unwrap_or_else(|| CallError::new(OPERATION, &error).into()))
            }
        }
    }
}

impl PendingUpdate<'_> {
    /// The result when the customer has a version that is not an expected one.
    fn other_version(&self, stored: Item) -> Result<Customer, UpdateError> {
        let lowest = match self.expected_version {
            ExpectedVersion::NoCustomer => {
                return Err(UpdateError::Exists(customer(stored)?.into()));
            }
            ExpectedVersion::OneOf(versions) => versions.first(),
            ExpectedVersion::Any => None,
        };
        if self.is_applied(&stored) {
            return self.show(stored);
        }
        // An attempt without an answer may have raised the version from an expected one, before somebody else
        // wrote. Then 412 would be untrue, because it says that nothing was stored.
        let is_own = self.is_own(&stored);
        let customer = customer(stored)?;
        let may_be_stored = is_own || lowest.is_some_and(|lowest| *lowest < customer.version());
        let error = UpdateError::OtherVersion(customer.into());
        match may_be_stored && self.uncertain.occurred() {
            true => Err(error.uncertain()),
            false => Err(error),
        }
    }

    /// Whether an attempt without an answer stored the update.
    fn is_stored(&self, stored: &Item) -> bool {
        self.uncertain.occurred() && self.is_own(stored) && self.is_applied(stored)
    }

    /// Whether this request wrote the item last.
    fn is_own(&self, stored: &Item) -> bool {
        let is = |name, text: &str| {
            let stored = stored.get(name).and_then(|stored| stored.as_s().ok());
            stored.is_some_and(|stored| stored == text)
        };
        is("updatedAt", &self.now) && is("updatedBy", self.subject)
    }

    /// Whether the stored customer is already what the update asks for.
    fn is_applied(&self, stored: &Item) -> bool {
        let mut changes = self.update.changes().iter();
        changes.all(|(name, change)| match (change, stored.get(*name)) {
            (Change::Set(value), Some(attribute)) => attribute::eq_json(attribute, value),
            (Change::Set(_), None) => false,
            (Change::Clear, attribute) => attribute.is_none_or(attribute::is_empty),
        })
    }

    /// The stored customer. A field that the update clears is empty, also if another writer stored an empty
    /// value of another type.
    fn show(&self, mut stored: Item) -> Result<Customer, UpdateError> {
        for (name, change) in self.update.changes() {
            if let Change::Clear = change {
                stored.remove(*name);
            }
        }
        customer(stored)
    }
}

fn customer(mut item: Item) -> Result<Customer, UpdateError> {
    let version = stored_version(item.get("version")).ok_or_else(invalid_version)?;
    let stored = |name: &str| item.remove(name).map(attribute::into_json);
    Ok(Customer::new(version, stored))
}

fn invalid_version() -> UpdateError {
    let cause = "the stored attribute version is not a number from 0 to 2^64 - 2";
    CallError::other(OPERATION, cause, None, false).into()
}

/// DynamoDB has no error type for its limits. It words the size differently for the merged item and for one
/// oversized value; both contain these words.
fn exceeded_limit(error: &UpdateItemError) -> Option<UpdateError> {
    let message = error.message().unwrap_or_default();
    match error.code() {
        Some("ValidationException") if message.contains("Item size") => Some(UpdateError::TooLarge),
        Some("ValidationException") if message.contains("Nesting Levels") => {
            Some(UpdateError::TooDeep)
        }
        _ => None,
    }
}
