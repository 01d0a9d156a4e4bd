//! The expressions of one `UpdateItem`: the update, and the condition under which it happens.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::{self, Item};
use super::stored::UnexpectedType;
use crate::customer::expected_version::MAX_VERSION;
use crate::customer::fields::{FIELDS, Field};
use crate::customer::{Change, CustomerUpdate, ExpectedVersion, emails_eq_ignore_case};

/// The write's condition on the stored email address.
pub enum EmailCondition {
    /// The stored address is not verified, or the update does not change it.
    UnverifiedOrUnchanged,
    /// The stored address is still the one that an earlier write observed.
    Observed {
        email: Option<AttributeValue>,
        reset_verified: bool,
    },
}

impl EmailCondition {
    /// The condition of the next write, after one that observed `stored`.
    pub fn after(mut stored: Item, new_email: &str) -> Self {
        if stored.get("verifiedEmail") != Some(&AttributeValue::Bool(true)) {
            return Self::UnverifiedOrUnchanged;
        }
        let email = stored.remove("email");
        let same =
            matches!(&email, Some(AttributeValue::S(old)) if emails_eq_ignore_case(old, new_email));
        Self::Observed {
            email,
            reset_verified: !same,
        }
    }

    /// Whether the write sets `verifiedEmail` to false.
    fn resets_verified(&self) -> bool {
        matches!(
            self,
            Self::Observed {
                reset_verified: true,
                ..
            }
        )
    }
}

/// The names that need a placeholder because they are reserved words of DynamoDB (Developer Guide,
/// "Reserved words in DynamoDB"). Each placeholder makes the request longer.
const RESERVED: [&str; 2] = ["role", "status"];

/// The expressions with their placeholders.
pub struct UpdateExpression {
    pub update: String,
    pub condition: String,
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl UpdateExpression {
    pub fn new(
        update: &CustomerUpdate<'_>,
        expected_version: &ExpectedVersion,
        email: &EmailCondition,
        subject: &str,
    ) -> Self {
        // Capacity for every field, so that nothing is reallocated.
        let capacity = FIELDS.len() + 8;
        let mut expression = Self {
            update: String::with_capacity(32 * capacity),
            condition: String::with_capacity(2_048),
            names: HashMap::with_capacity(RESERVED.len()),
            values: HashMap::with_capacity(capacity),
        };
        expression.set_fields(update, email, subject);
        expression.remove_fields(update);
        expression.condition(update, expected_version, email);
        expression
    }

    fn set_fields(&mut self, update: &CustomerUpdate<'_>, email: &EmailCondition, subject: &str) {
        let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        self.update += "SET version = if_not_exists(version, :v0) + :one";
        self.value(":v0", number(0));
        self.value(":one", number(1));
        self.set("updatedAt", AttributeValue::S(now));
        self.set("updatedBy", AttributeValue::S(subject.to_owned()));
        for (name, change) in update.changes() {
            if let Change::Set(value) = change {
                self.set(name, attribute::from_json(value));
            }
        }
        if email.resets_verified() {
            self.set("verifiedEmail", AttributeValue::Bool(false));
        }
    }

    fn remove_fields(&mut self, update: &CustomerUpdate<'_>) {
        let mut separator = " REMOVE ";
        for (name, change) in update.changes() {
            if let Change::Clear = change {
                let path = self.path(name);
                self.update += separator;
                self.update += &path;
                separator = ", ";
            }
        }
    }

    fn condition(
        &mut self,
        update: &CustomerUpdate<'_>,
        expected_version: &ExpectedVersion,
        email: &EmailCondition,
    ) {
        self.condition += "attribute_exists(id)";
        self.version_condition(expected_version);
        self.email_condition(email, update.email());
        self.type_conditions(update, email);
    }

    fn version_condition(&mut self, expected_version: &ExpectedVersion) {
        match expected_version {
            // A comparison is also false for a version that is not a number.
            ExpectedVersion::Any => {
                self.condition +=
                    " AND (attribute_not_exists(version) OR version BETWEEN :v0 AND :max)";
                self.value(":max", number(MAX_VERSION));
            }
            // Never true, but the failed write still finds out whether the customer exists.
            ExpectedVersion::Absent => self.condition += " AND attribute_not_exists(id)",
            ExpectedVersion::OneOf(versions) if versions.is_empty() => {
                self.condition += " AND attribute_not_exists(id)";
            }
            ExpectedVersion::OneOf(versions) => {
                let list: Vec<_> = (0..versions.len())
                    .map(|index| format!(":e{index}"))
                    .collect();
                let known = format!("version IN ({})", list.join(", "));
                self.condition += &match versions.contains(&0) {
                    true => format!(" AND (attribute_not_exists(version) OR {known})"),
                    false => format!(" AND {known}"),
                };
                for (placeholder, &version) in list.iter().zip(versions) {
                    self.value(placeholder, number(version));
                }
            }
        }
    }

    fn email_condition(&mut self, email: &EmailCondition, new_email: &str) {
        match email {
            EmailCondition::UnverifiedOrUnchanged => {
                self.condition += " AND (attribute_not_exists(verifiedEmail) OR verifiedEmail <> :verified \
                                   OR email = :email)";
                self.value(":verified", AttributeValue::Bool(true));
                self.value(":email", AttributeValue::S(new_email.to_owned()));
            }
            EmailCondition::Observed {
                email: Some(email), ..
            } => {
                self.condition += " AND email = :observedEmail";
                self.value(":observedEmail", email.clone());
            }
            EmailCondition::Observed { email: None, .. } => {
                self.condition += " AND attribute_not_exists(email)"
            }
        }
    }

    /// The write must not happen if its response could not show the customer.
    fn type_conditions(&mut self, update: &CustomerUpdate<'_>, email: &EmailCondition) {
        let mut types = vec!["NULL"];
        for field in kept_fields(update, email) {
            let path = self.path(field.name);
            let type_name = attribute::type_name(field.field_type);
            for part in [
                " AND (attribute_not_exists(",
                &path,
                ") OR attribute_type(",
                &path,
                ", :",
                type_name,
                ") OR attribute_type(",
                &path,
                ", :NULL))",
            ] {
                self.condition += part;
            }
            if !types.contains(&type_name) {
                types.push(type_name);
            }
        }
        for type_name in types {
            let value = AttributeValue::S(type_name.to_owned());
            self.values.insert([":", type_name].concat(), value);
        }
    }

    /// Appends `, name = :name` to the SET clause.
    fn set(&mut self, name: &str, value: AttributeValue) {
        let placeholder = [":", name].concat();
        let path = self.path(name);
        for part in [", ", &path, " = ", &placeholder] {
            self.update += part;
        }
        self.values.insert(placeholder, value);
    }

    /// The attribute of this name, as the expressions refer to it.
    fn path<'a>(&mut self, name: &'a str) -> Cow<'a, str> {
        if !RESERVED.contains(&name) {
            return Cow::Borrowed(name);
        }
        let placeholder = ["#", name].concat();
        self.names.insert(placeholder.clone(), name.to_owned());
        Cow::Owned(placeholder)
    }

    fn value(&mut self, placeholder: &str, value: AttributeValue) {
        self.values.insert(placeholder.to_owned(), value);
    }
}

/// The first attribute that makes [`UpdateExpression`]'s condition fail because of its type.
pub fn unexpected_type(
    stored: &Item,
    update: &CustomerUpdate<'_>,
    email: &EmailCondition,
) -> Option<UnexpectedType> {
    let mut fields = kept_fields(update, email);
    let unexpected = fields.find(|field| {
        let attribute = stored.get(field.name);
        attribute.is_some_and(|attribute| !attribute::has_type(attribute, field.field_type))
    });
    unexpected.map(UnexpectedType::of)
}

/// The fields that the write leaves as they are, so that the response shows what is stored.
fn kept_fields<'a>(
    update: &'a CustomerUpdate<'_>,
    email: &'a EmailCondition,
) -> impl Iterator<Item = &'static Field> + 'a {
    let is_written = |name| match name {
        // The key, and what each update sets.
        "id" | "updatedAt" => true,
        "verifiedEmail" if email.resets_verified() => true,
        name => update.changes().iter().any(|(changed, _)| *changed == name),
    };
    FIELDS.iter().filter(move |field| !is_written(field.name))
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
