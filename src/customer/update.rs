//! A valid update of a customer, parsed from a request's body.

use std::borrow::Cow;

use super::email::{EMAIL, EmailAddress};
use super::field_reader::{FieldReader, Null};
use super::fields::{FIELDS, Write};
use crate::validation::json::{Object, Value};
use crate::validation::{ErrorCode, JsonPointer, ValidationErrors};

/// The changes that one request asks for. [`CustomerUpdate::parse`] is the only constructor.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerUpdate<'a> {
    email: Cow<'a, str>,
    changes: Vec<(&'static str, Change<'a>)>,
}

/// What an update does with one attribute of the customer.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<'a> {
    /// The attribute becomes exactly this value.
    Set(Value<'a>),
    /// The attribute is removed.
    Clear,
}

impl<'a> CustomerUpdate<'a> {
    /// Checks every field of `body` (`docs/API.md#field-rules`). `errors` holds the JSON parser's errors.
    pub fn parse(body: Object<'a>, mut errors: ValidationErrors) -> Result<Self, ValidationErrors> {
        let has = |name: &str| body.iter().any(|(key, _)| key == name);
        if has("success") && has("message") && has("data") {
            let at = JsonPointer::Root.member("data");
            let message = "The body is a whole response; send only the object in its `data`";
            errors.add(&at, ErrorCode::UnknownField, || message.to_owned());
            return Err(errors);
        }
        let mut body = FieldReader::new(body, JsonPointer::Root, &mut errors);
        let mut email = None;
        let mut changes = Vec::with_capacity(FIELDS.len());
        for field in FIELDS {
            let name = field.name;
            let value = match &field.write {
                Write::ReadOnly => body.ignore(name),
                Write::Email => {
                    email = body.text(name, Null::Missing, &EMAIL);
                    email.clone().map(Value::String)
                }
                Write::Required(rule) => body.text(name, Null::Missing, rule).map(Value::String),
                Write::Optional(rule) => {
                    let text = body.text(name, Null::Ambiguous("\"\""), rule);
                    text.map(Value::String)
                }
                Write::List(read) => read(&mut body, name),
            };
            changes.extend(value.map(|value| match value {
                Value::String(text) if text.is_empty() => (name, Change::Clear),
                Value::Array(list) if list.is_empty() => (name, Change::Clear),
                _ => (name, Change::Set(value)),
            }));
        }
        body.reject_unknown();
        match email {
            Some(email) if errors.is_empty() => Ok(Self { email, changes }),
            _ => Err(errors),
        }
    }

    /// The customer's email address after this update.
    pub(crate) fn email(&self) -> EmailAddress<'_> {
        EmailAddress(&self.email)
    }

    /// The changes in the order of [`FIELDS`], at most one for each attribute.
    pub fn changes(&self) -> &[(&'static str, Change<'a>)] {
        &self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::json::parse;
    use crate::validation::rows;

    /// The changes of a body, or `pointer: code: message` of each error.
    fn read(members: &str) -> Result<Vec<(&'static str, String)>, Vec<String>> {
        let required = r#""firstName": "J", "lastName": "D", "email": "j@example.com""#;
        let body = format!(
            "{{{members}{}{required}}}",
            if members.is_empty() { "" } else { ", " }
        );
        let (object, errors) = parse(body.as_bytes()).unwrap();
        match CustomerUpdate::parse(object, errors) {
            Ok(update) => {
                let changes = update.changes().iter().map(|(name, change)| match change {
                    Change::Set(value) => (*name, serde_json::to_string(value).unwrap()),
                    Change::Clear => (*name, "cleared".to_owned()),
                });
                Ok(changes.skip(3).collect())
            }
            Err(errors) => {
                let errors = errors.as_slice().iter();
                let errors = errors.map(|error| {
                    let code: &str = error.code.into();
                    format!("{}: {code}: {}", error.pointer, error.message)
                });
                Err(errors.collect())
            }
        }
    }

    #[test]
    fn empty_values_clear_and_read_only_values_are_ignored() {
        let members = r#""phoneNumber": "", "notes": "n", "address": [], "metaFields": [], "id": null, "createdBy": 1"#;
        let expected = [
            ("phoneNumber", "cleared"),
            ("notes", "\"n\""),
            ("address", "cleared"),
            ("metaFields", "cleared"),
        ];
        let expected = expected.map(|(name, change)| (name, change.to_owned()));
        assert_eq!(read(members), Ok(expected.to_vec()));
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn list_entries_are_stored_without_nulls_but_with_metafield_values() {
        let members = r#"
            "address": [{"city": "", "state": null, "isDefaultAddress": null, "country": "US"}],
            "metaFields": [{"value": null, "code": "c"}]"#;
        let expected = [
            ("address", r#"[{"city":"","country":"US"}]"#),
            ("metaFields", r#"[{"code":"c","value":null}]"#),
        ];
        let expected = expected.map(|(name, change)| (name, change.to_owned()));
        assert_eq!(read(members), Ok(expected.to_vec()));
    }

    #[test]
    fn message_names_the_field_and_what_to_send() {
        let table = r#"
            "status": 1 → /status: invalid_type: `status` must be a string
            "address": {} → /address: invalid_type: `address` must be an array
            "address": [{"city": "x"}, 1] → /address/1: invalid_type: entry 1 of `address` must be an object
            "metaFields": [null] → /metaFields/0: invalid_type: entry 0 of `metaFields` must be an object
            "metaFields": [{"code": "a"}] → /metaFields/0/value: required: `value` is required; it may be null
            "metaFields": [{"code": null, "value": 1}] → /metaFields/0/code: required: `code` is required
        "#;
        let others = [
            (
                r#""address": [{"city": null}]"#,
                "/address/0: empty_object: entry 0 of `address` is empty; send at least one member \
                 that is not null",
            ),
            (
                r#""address": [{"isDefaultAddress": "true"}]"#,
                "/address/0/isDefaultAddress: invalid_type: `isDefaultAddress` must be true or false",
            ),
            (
                r#""address": [{"isDefaultAddress": true}, {"isDefaultAddress": true}]"#,
                "/address/1/isDefaultAddress: multiple_defaults: `isDefaultAddress` must be true for \
                 one address at most",
            ),
            (
                r#""metaFields": [{"code": "a", "value": 1}, {"code": "a", "value": 1}]"#,
                "/metaFields/1/code: duplicate_code: `code` must be unique in `metaFields`",
            ),
        ];
        for (members, expected) in rows(table).chain(others) {
            assert_eq!(read(members), Err(vec![expected.to_owned()]), "{members}");
        }
        for (name, empty) in [("notes", "\"\""), ("address", "[]"), ("metaFields", "[]")] {
            let expected = format!(
                "/{name}: invalid_type: `{name}` is null: leave it out to keep the stored value, or \
                 send {empty} to clear it"
            );
            assert_eq!(read(&format!("\"{name}\": null")), Err(vec![expected]));
        }
    }

    #[test]
    fn unknown_field_is_named_with_its_odd_character_and_a_suggestion() {
        let table = "
            companyId → is not a field
            emial → is not a field; did you mean `email`?
            mobile → is not a field; did you mean `phoneNumber`?
            created_at → is not a field; did you mean `createdAt`, which is read-only?
            compan\u{443} → contains U+0443 at character 7 and is not a field; did you mean `company`?
            a b → contains a space at character 2 and is not a field
        ";
        for (key, expected) in rows(table) {
            let errors = read(&format!("\"{key}\": 1")).unwrap_err();
            assert_eq!(
                errors,
                [format!("/{key}: unknown_field: `{key}` {expected}")]
            );
        }
        let errors = read("\"\u{feff}notes\": 1").unwrap_err();
        let expected = "/\u{feff}notes: unknown_field: `notes` contains U+FEFF at character 1 and is not \
                        a field; did you mean `notes`?";
        assert_eq!(errors, [expected]);
        let long = "k".repeat(100);
        let errors = read(&format!("\"{long}\": 1")).unwrap_err();
        let expected = format!(
            "/{long}: unknown_field: `{}…` is not a field",
            "k".repeat(64)
        );
        assert_eq!(errors, [expected]);
        let errors = read(r#""address": [{"zip": "1"}]"#).unwrap_err();
        let expected =
            "/address/0/zip: unknown_field: `zip` is not a field; did you mean `zipcode`?";
        assert_eq!(errors, [expected]);
    }

    #[test]
    fn whole_response_is_named_in_one_sentence() {
        let errors = read(r#""success": true, "message": "", "data": {}"#).unwrap_err();
        let expected = "/data: unknown_field: The body is a whole response; send only the object in its `data`";
        assert_eq!(errors, [expected]);
        for two in [
            r#""success": 1, "message": 1"#,
            r#""success": 1, "data": 1"#,
            r#""message": 1, "data": 1"#,
        ] {
            assert_eq!(read(two).unwrap_err().len(), 2, "{two}");
        }
    }
}
