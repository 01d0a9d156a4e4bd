//! The condition of an `UpdateItem`: for DynamoDB as an expression, and for the caller as the reason of its
//! failure.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::Item;
use super::expression::Expression;
use crate::customer::{EmailAddress, ExpectedVersion, Version};
use crate::validation::number;

/// The customer exists, has an expected version, and its email address is one for which the write keeps or
/// resets `verifiedEmail` correctly.
#[derive(Debug)]
pub(super) struct Condition<'a> {
    expected_version: &'a ExpectedVersion,
    new_email: &'a EmailAddress<'a>,
    /// The stored address that a failed write returned, and which must still be stored.
    observed_email: Option<Option<AttributeValue>>,
    /// Whether the write sets `verifiedEmail` to false.
    pub(super) resets_verified: bool,
}

/// Why a condition was false for a stored customer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// `version` is not a number from 0 to 2^64 - 2.
    InvalidVersion,
    /// The version is not an expected one.
    OtherVersion,
    /// The stored email prevents this write; retry with [`Condition::after`].
    Email,
}

impl<'a> Condition<'a> {
    /// The condition of a request's first write.
    pub(super) fn new(
        expected_version: &'a ExpectedVersion,
        new_email: &'a EmailAddress<'a>,
    ) -> Self {
        Self {
            expected_version,
            new_email,
            observed_email: None,
            resets_verified: false,
        }
    }

    /// The condition to retry with, now that a failed write returned `stored`. Every stored `verifiedEmail`
    /// other than false counts as verified, whatever its type.
    pub(super) fn after(self, mut stored: Item) -> Self {
        let verified = stored.remove("verifiedEmail");
        if matches!(verified, None | Some(AttributeValue::Bool(false))) {
            return Self::new(self.expected_version, self.new_email);
        }
        let email = stored.remove("email");
        let old = email.as_ref().and_then(|email| email.as_s().ok());
        Self {
            resets_verified: !old.is_some_and(|old| self.new_email.eq_ignore_case(old)),
            observed_email: Some(email),
            ..self
        }
    }

    /// Adds the condition to an expression.
    pub(super) fn render(&self, expression: &mut Expression) {
        expression.condition += "attribute_exists(id)";
        self.render_version(expression);
        self.render_email(expression);
    }

    fn render_version(&self, expression: &mut Expression) {
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

    fn render_email(&self, expression: &mut Expression) {
        match &self.observed_email {
            None => {
                expression.condition += " AND (attribute_not_exists(verifiedEmail) OR \
                                         verifiedEmail = :false OR email = :email)";
                expression.value(":false", AttributeValue::Bool(false));
                let email = self.new_email.as_str().to_owned();
                expression.value(":email", AttributeValue::S(email));
            }
            Some(Some(email)) => {
                expression.condition += " AND email = :observedEmail";
                expression.value(":observedEmail", email.clone());
            }
            Some(None) => expression.condition += " AND attribute_not_exists(email)",
        }
    }

    /// Why DynamoDB found the condition false for `stored`.
    pub(super) fn explain(&self, stored: &Item) -> Reason {
        let attribute = stored.get("version");
        let version = stored_version(attribute).filter(|version| *version <= Version::MAX);
        let Some(version) = version else {
            return Reason::InvalidVersion;
        };
        // Another system may have stored a fraction, which matches no `If-Match`.
        let is_equal = |text: &String| number::equal(text, &version.to_string());
        let is_whole = attribute.is_none_or(|stored| stored.as_n().is_ok_and(is_equal));
        match self.expected_version {
            ExpectedVersion::Any if is_whole || version < Version::MAX => Reason::Email,
            ExpectedVersion::Any => Reason::InvalidVersion,
            ExpectedVersion::OneOf(versions) if is_whole && versions.contains(&version) => {
                Reason::Email
            }
            _ => Reason::OtherVersion,
        }
    }
}

/// The stored version, without its fraction; an absent one is 0. `None` if it is not a number from 0 to
/// 2^64 - 1.
pub(super) fn stored_version(attribute: Option<&AttributeValue>) -> Option<Version> {
    match attribute {
        None => Some(Version::ZERO),
        Some(stored) => number::whole_part(stored.as_n().ok()?).map(Version::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> AttributeValue {
        AttributeValue::N(text.to_owned())
    }

    fn with_version(version: AttributeValue) -> Item {
        Item::from([("version".to_owned(), version)])
    }

    fn explain(expected: &ExpectedVersion, stored: &Item) -> Reason {
        let email = EmailAddress::parse("a@example.com".into()).unwrap();
        Condition::new(expected, &email).explain(stored)
    }

    #[test]
    fn version_to_update_is_a_number_from_0_to_2_to_the_64_minus_2() {
        let any = ExpectedVersion::Any;
        let valid = ["0", "7", "7.0", "7.5", "1e2", "18446744073709551614"];
        for version in valid {
            let stored = with_version(number(version));
            assert_eq!(explain(&any, &stored), Reason::Email, "{version}");
        }
        assert_eq!(explain(&any, &Item::new()), Reason::Email);
        for version in [
            number("18446744073709551615"),
            number("18446744073709551614.5"),
            number("18446744073709551616"),
            number("-1"),
            AttributeValue::Null(true),
            AttributeValue::S("7".to_owned()),
        ] {
            let stored = with_version(version);
            assert_eq!(explain(&any, &stored), Reason::InvalidVersion, "{stored:?}");
        }
    }

    #[test]
    fn other_version_is_the_reason_before_the_email() {
        let seven = ExpectedVersion::OneOf(vec![7.into()]);
        let zero = ExpectedVersion::OneOf(vec![Version::ZERO]);
        let stored = |version| with_version(number(version));
        assert_eq!(explain(&seven, &stored("7.0")), Reason::Email);
        assert_eq!(explain(&seven, &stored("8")), Reason::OtherVersion);
        assert_eq!(explain(&seven, &stored("7.5")), Reason::OtherVersion);
        assert_eq!(explain(&zero, &Item::new()), Reason::Email);
        let none = ExpectedVersion::NoCustomer;
        assert_eq!(explain(&none, &stored("7")), Reason::OtherVersion);
    }
}
