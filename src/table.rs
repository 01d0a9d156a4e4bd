//! The customers table: one conditional `UpdateItem` for an update.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::attribute;
use crate::customer::{Customer, WrongType};
use crate::dynamodb;
use crate::error::{Cause, Error};
use crate::field::same_email_but_for_case;
use crate::if_match::IfMatch;
use crate::request::CustomerId;
use crate::update::{Change, CustomerUpdate};

/// One write, a second one when a verified e-mail address changes, and a third one when another
/// writer changed that address in between.
pub const MAX_WRITES: usize = 3;

type Item = HashMap<String, AttributeValue>;

/// The table that `CUSTOMERS_TABLE` names.
#[derive(Debug)]
pub struct CustomersTable {
    client: Client,
    name: String,
}

/// What a write may assume about the stored e-mail address.
enum EmailGuard {
    /// The address stays, or the stored one is not marked as verified.
    UnverifiedOrSame,
    /// The address is the one that was seen, with this change to `verifiedEmail`.
    Seen { email: Option<AttributeValue>, reset_verified: bool },
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
            let current = version(&stored)?;
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
        match result {
            Ok(output) => Ok(Outcome::Written(output.attributes.unwrap_or_default())),
            Err(SdkError::ServiceError(refusal)) if refusal.err().is_conditional_check_failed_exception() => {
                match refusal.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(refusal) => {
                        Ok(Outcome::Refused(refusal.item))
                    }
                    _ => Ok(Outcome::Refused(None)),
                }
            }
            Err(SdkError::ServiceError(refusal)) if is_item_too_large(refusal.err()) => {
                Err(Error::InvalidRequest(
                    "With this update the customer would be larger than the 400 KB that can be stored; \
                     shorten notes, address or metaFields"
                        .to_owned(),
                ))
            }
            Err(error) => Err(dynamodb::fault("UpdateItem on the customers table", &error)),
        }
    }
}

impl EmailGuard {
    /// The guard for the next write, after one that met `stored`.
    fn after(mut stored: Item, new_email: &str) -> Self {
        if stored.get("verifiedEmail") != Some(&AttributeValue::Bool(true)) {
            return Self::UnverifiedOrSame;
        }
        let email = stored.remove("email");
        let same = matches!(&email, Some(AttributeValue::S(old)) if same_email_but_for_case(old, new_email));
        Self::Seen { email, reset_verified: !same }
    }
}

/// DynamoDB has no error type of its own for this, so its text has to tell; it is the same in
/// DynamoDB and in its emulators.
fn is_item_too_large(error: &UpdateItemError) -> bool {
    error.code() == Some("ValidationException")
        && error.message().is_some_and(|message| message.starts_with("Item size to update has exceeded"))
}

fn version(stored: &Item) -> Result<u64, Error> {
    let version = match stored.get("version") {
        None => Some(0),
        Some(AttributeValue::N(text)) => text.parse().ok(),
        Some(_) => None,
    };
    version.ok_or_else(|| wrong_type(&WrongType { attribute: "version", expected: "a whole number" }))
}

/// Whether the stored customer is what `update` would make of it.
fn holds(stored: &Item, update: &CustomerUpdate) -> bool {
    update.changes().iter().all(|(name, change)| match (change, stored.get(*name)) {
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

/// The parts of an `UpdateItem`. Every name is a `#placeholder`: `status` and others are reserved.
#[derive(Default)]
struct Expression {
    update: String,
    condition: String,
    names: HashMap<String, String>,
    values: Item,
}

impl Expression {
    fn new(update: &CustomerUpdate, if_match: &IfMatch, guard: &EmailGuard, subject: &str) -> Self {
        let mut expression = Self::default();
        let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let mut set = vec![
            expression.assign("updatedAt", AttributeValue::S(now)),
            expression.assign("updatedBy", AttributeValue::S(subject.to_owned())),
            expression.next_version(),
        ];
        let mut remove = Vec::new();
        for (name, change) in update.changes() {
            match change {
                Change::Set(value) => set.push(expression.assign(name, attribute::from_json(value))),
                Change::Clear => remove.push(expression.name(name)),
            }
        }

        let mut conditions = vec![format!("attribute_exists({})", expression.name("id"))];
        conditions.extend(expression.version_condition(if_match));
        conditions.push(expression.email_condition(guard, update.email()));
        if matches!(guard, EmailGuard::Seen { reset_verified: true, .. }) {
            set.push(expression.assign("verifiedEmail", AttributeValue::Bool(false)));
        }

        expression.condition = conditions.join(" AND ");
        expression.update = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression.update += &format!(" REMOVE {}", remove.join(", "));
        }
        expression
    }

    fn next_version(&mut self) -> String {
        let (version, zero, one) =
            (self.name("version"), self.value("v0", number(0)), self.value("one", number(1)));
        format!("{version} = if_not_exists({version}, {zero}) + {one}")
    }

    fn version_condition(&mut self, if_match: &IfMatch) -> Option<String> {
        let versions = match if_match {
            IfMatch::Any => return None,
            // Nothing matches, yet the write has to find out whether the customer exists: no version
            // is below zero.
            IfMatch::OneOf(versions) if versions.is_empty() => {
                return Some(format!(
                    "#version = {}",
                    self.value("none", AttributeValue::N("-1".to_owned()))
                ));
            }
            IfMatch::OneOf(versions) => versions,
        };
        let list: Vec<_> =
            versions.iter().map(|&version| self.value(&format!("v{version}"), number(version))).collect();
        let condition = format!("#version IN ({})", list.join(", "));
        Some(match versions.contains(&0) {
            true => format!("(attribute_not_exists(#version) OR {condition})"),
            false => condition,
        })
    }

    fn email_condition(&mut self, guard: &EmailGuard, new_email: &str) -> String {
        let stored = self.name("email");
        match guard {
            EmailGuard::UnverifiedOrSame => {
                let verified = self.name("verifiedEmail");
                let yes = self.value("verified", AttributeValue::Bool(true));
                let same = self.value("email", AttributeValue::S(new_email.to_owned()));
                format!("(attribute_not_exists({verified}) OR {verified} <> {yes} OR {stored} = {same})")
            }
            EmailGuard::Seen { email: Some(email), .. } => {
                format!("{stored} = {}", self.value("seenEmail", email.clone()))
            }
            EmailGuard::Seen { email: None, .. } => format!("attribute_not_exists({stored})"),
        }
    }

    fn assign(&mut self, name: &str, value: AttributeValue) -> String {
        format!("{} = {}", self.name(name), self.value(name, value))
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, name: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{name}");
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
