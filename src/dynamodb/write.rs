//! An update of a customer: what its writes ask of DynamoDB, and what a failed condition means.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::{self, Item};
use super::error::{CallError, UpdateError};
use super::expression::Expression;
use super::response::UncertainWrite;
use crate::customer::fields::FIELDS;
use crate::customer::{Change, Customer, CustomerUpdate, ExpectedVersion, Version};
use crate::validation::number;

pub(super) const OPERATION: &str = "UpdateItem on the customers table";

/// The condition of each write is that the customer exists, has an expected version, and has an email address for
/// which the write keeps or resets `verifiedEmail` correctly.
pub(super) struct Write<'a> {
    update: &'a CustomerUpdate<'a>,
    expected_version: &'a ExpectedVersion,
    /// Stored as `updatedAt` and `updatedBy`, by which a request recognises its own write.
    now: String,
    subject: &'a str,
    pub(super) uncertain: UncertainWrite,
    /// The verified address that a failed write returned, and which must still be stored.
    observed_email: Option<Option<AttributeValue>>,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        update: &'a CustomerUpdate<'a>,
        expected_version: &'a ExpectedVersion,
        subject: &'a str,
    ) -> Self {
        Self {
            update,
            expected_version,
            now: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            subject,
            uncertain: UncertainWrite::default(),
            observed_email: None,
        }
    }

    /// The text of the next `UpdateItem`.
    pub(super) fn expression(&self) -> Expression {
        // Has room for every field, so that nothing is reallocated.
        let mut expression = Expression {
            update: String::with_capacity(1_024),
            condition: String::with_capacity(256),
            names: HashMap::new(),
            values: Item::with_capacity(FIELDS.len() + 8),
        };
        expression.update += "SET version = if_not_exists(version, :v0) + :one";
        expression.condition += "attribute_exists(id)";
        expression.number(":v0", Version::ZERO);
        expression.number(":one", Version::from(1));
        expression.set("updatedAt", AttributeValue::S(self.now.clone()));
        expression.set("updatedBy", AttributeValue::S(self.subject.to_owned()));
        for (name, change) in self.update.changes() {
            if let Change::Set(value) = change {
                expression.set(name, attribute::from_json(value));
            }
        }
        self.require_version(&mut expression);
        self.require_email(&mut expression);
        let mut separator = " REMOVE ";
        for (name, change) in self.update.changes() {
            if let Change::Clear = change {
                expression.update += separator;
                let path = expression.path(name);
                expression.update += &path;
                separator = ", ";
            }
        }
        expression
    }

    fn require_version(&self, expression: &mut Expression) {
        match self.expected_version {
            // `BETWEEN` is false for a version of another type, so no type check is needed.
            ExpectedVersion::Any => {
                expression.condition +=
                    " AND (attribute_not_exists(version) OR version BETWEEN :v0 AND :max)";
                expression.number(":max", Version::MAX);
            }
            ExpectedVersion::OneOf(versions) if !versions.is_empty() => {
                let placeholders: Vec<_> = (0..versions.len()).map(|i| format!(":e{i}")).collect();
                let known = format!("version IN ({})", placeholders.join(", "));
                expression.condition += &match versions.contains(&Version::ZERO) {
                    true => format!(" AND (attribute_not_exists(version) OR {known})"),
                    false => format!(" AND {known}"),
                };
                for (placeholder, &version) in placeholders.iter().zip(versions) {
                    expression.number(placeholder, version);
                }
            }
            // Always fails, on purpose: the failure returns the customer, if there is one.
            ExpectedVersion::OneOf(_) | ExpectedVersion::NoCustomer => {
                expression.condition += " AND attribute_not_exists(id)";
            }
        }
    }

    /// Requires an unverified or unchanged address at first, and then the observed one, whose verification it keeps
    /// or resets.
    fn require_email(&self, expression: &mut Expression) {
        let Some(observed) = &self.observed_email else {
            // Each update sets `:email`, because the email is required.
            expression.condition += " AND (attribute_not_exists(verifiedEmail) OR \
                                     verifiedEmail = :false OR email = :email)";
            return expression.value(":false", AttributeValue::Bool(false));
        };
        if let Some(email) = observed {
            expression.condition += " AND email = :observedEmail";
            expression.value(":observedEmail", email.clone());
        } else {
            expression.condition += " AND attribute_not_exists(email)";
        }
        let old = observed.as_ref().and_then(|email| email.as_s().ok());
        if !old.is_some_and(|old| self.update.email().eq_ignore_case(old)) {
            expression.set("verifiedEmail", AttributeValue::Bool(false));
        }
    }

    /// The result when DynamoDB found the condition false for `stored`. `None` if the email was the reason, which
    /// the next write considers.
    pub(super) fn after_failed_condition(
        &mut self,
        mut stored: Item,
    ) -> Result<Option<Customer>, UpdateError> {
        let is_expected = is_expected(self.expected_version, stored.get("version"));
        let is_expected = is_expected.ok_or_else(invalid_version)?;
        if let ExpectedVersion::NoCustomer = self.expected_version {
            return Err(UpdateError::Exists(customer(stored)?.into()));
        }
        let is_uncertain = self.uncertain.occurred();
        let is_own = is_uncertain && self.is_own(&stored);
        if (is_own || !is_expected) && self.is_applied(&stored) {
            // A cleared field is shown empty, also if another writer stored an empty value of another type.
            let changes = self.update.changes().iter();
            for (name, _) in changes.filter(|(_, change)| *change == Change::Clear) {
                stored.remove(*name);
            }
            return customer(stored).map(Some);
        }
        if let (false, ExpectedVersion::OneOf(versions)) = (is_expected, self.expected_version) {
            // An attempt without an answer may have raised the version from an expected one, before somebody else
            // wrote. Then 412 would be untrue, because it says that nothing was stored.
            let customer = customer(stored)?;
            let is_raised = versions.iter().any(|version| *version < customer.version());
            let error = UpdateError::OtherVersion(customer.into());
            return match is_own || (is_raised && is_uncertain) {
                true => Err(error.uncertain(OPERATION)),
                false => Err(error),
            };
        }
        // Every stored value other than false counts as verified, whatever its type.
        let verified = stored.remove("verifiedEmail");
        let is_verified = !matches!(verified, None | Some(AttributeValue::Bool(false)));
        self.observed_email = is_verified.then(|| stored.remove("email"));
        Ok(None)
    }

    /// Whether this request wrote the item last.
    fn is_own(&self, stored: &Item) -> bool {
        let is = |name, text: &str| stored.get(name) == Some(&AttributeValue::S(text.to_owned()));
        is("updatedAt", &self.now) && is("updatedBy", self.subject)
    }

    /// Whether the stored customer is already what the update asks for.
    fn is_applied(&self, stored: &Item) -> bool {
        let mut changes = self.update.changes().iter();
        changes.all(|(name, change)| match (change, stored.get(*name)) {
            (Change::Set(_), None) => false,
            (Change::Set(value), Some(attribute)) => attribute::eq_json(attribute, value),
            (Change::Clear, attribute) => attribute.is_none_or(attribute::is_empty),
        })
    }
}

pub(super) fn customer(mut item: Item) -> Result<Customer, UpdateError> {
    let version = stored_version(item.get("version")).ok_or_else(invalid_version)?;
    let stored = |name: &str| item.remove(name).map(attribute::into_json);
    Ok(Customer::new(version, stored))
}

/// The stored version, without its fraction; an absent one is 0. `None` if it is not a number from 0 to
/// 2^64 - 1.
fn stored_version(attribute: Option<&AttributeValue>) -> Option<Version> {
    match attribute {
        None => Some(Version::ZERO),
        Some(stored) => number::whole_part(stored.as_n().ok()?).map(Version::from),
    }
}

/// Whether a stored version is an expected one. `None` if it is not a number from 0 to 2^64 - 2.
fn is_expected(expected: &ExpectedVersion, stored: Option<&AttributeValue>) -> Option<bool> {
    let version = stored_version(stored)?;
    // Another system may have stored a fraction, which matches no `If-Match`.
    let is_equal = |text: &String| number::equal(text, &version.to_string());
    let is_whole = stored.is_none_or(|stored| stored.as_n().is_ok_and(is_equal));
    let is_valid = version < Version::MAX || (version == Version::MAX && is_whole);
    is_valid.then(|| match expected {
        ExpectedVersion::Any => true,
        ExpectedVersion::OneOf(versions) => is_whole && versions.contains(&version),
        ExpectedVersion::NoCustomer => false,
    })
}

fn invalid_version() -> UpdateError {
    let cause = "the stored attribute version is not a number from 0 to 2^64 - 2";
    CallError::new(OPERATION, cause, None, false).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_a_number_from_0_to_2_to_the_64_minus_2_and_an_expected_one() {
        let n = |text: &str| Some(AttributeValue::N(text.to_owned()));
        let any = &ExpectedVersion::Any;
        let seven = &ExpectedVersion::OneOf(vec![7.into()]);
        let zero = &ExpectedVersion::OneOf(vec![Version::ZERO]);
        for (expected, stored, found) in [
            (any, None, Some(true)),
            (any, n("0"), Some(true)),
            (any, n("7.5"), Some(true)),
            (any, n("1e2"), Some(true)),
            (any, n("18446744073709551614"), Some(true)),
            (any, n("18446744073709551614.5"), None),
            (any, n("18446744073709551615"), None),
            (any, n("18446744073709551616"), None),
            (any, n("-1"), None),
            (any, Some(AttributeValue::Null(true)), None),
            (any, Some(AttributeValue::S("7".to_owned())), None),
            (seven, n("7.0"), Some(true)),
            (seven, n("7.5"), Some(false)),
            (seven, n("8"), Some(false)),
            (zero, None, Some(true)),
            (&ExpectedVersion::NoCustomer, n("7"), Some(false)),
        ] {
            let is_expected = is_expected(expected, stored.as_ref());
            assert_eq!(is_expected, found, "{expected:?} {stored:?}");
        }
    }
}
