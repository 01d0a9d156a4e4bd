//! `If-Match` and `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).

use std::collections::BTreeSet;

use lambda_http::http::{HeaderMap, header};

use super::request::{RequestError, joined};
use crate::customer::{ExpectedVersion, Version};

/// The longest `IN` list that DynamoDB accepts.
const MAX_VERSIONS: usize = 100;

/// Reads both headers (`docs/API.md#optimistic-concurrency`). With `If-None-Match: *`, an existing customer
/// is not updated, whatever `If-Match` says.
pub(crate) fn expected_version(headers: &HeaderMap) -> Result<ExpectedVersion, RequestError> {
    let expected = match joined(headers, header::IF_MATCH) {
        Some(list) if list.trim() != "*" => {
            let versions = versions(&list).ok_or(RequestError::IfMatch)?;
            if versions.len() > MAX_VERSIONS {
                return Err(RequestError::TooManyVersions(MAX_VERSIONS));
            }
            ExpectedVersion::OneOf(versions.into_iter().collect())
        }
        _ => ExpectedVersion::Any,
    };
    match joined(headers, header::IF_NONE_MATCH) {
        None => Ok(expected),
        Some(value) if value.trim() == "*" => Ok(ExpectedVersion::NoCustomer),
        Some(_) => Err(RequestError::IfNoneMatch),
    }
}

/// Parses `1#entity-tag`, with empty list elements (RFC 9110, sections 5.6.1 and 8.8.3). Weak tags and tags that
/// are not a version (`"07"`, `"abc"`) match nothing. `None` if the list is malformed or has no tag.
fn versions(list: &str) -> Option<BTreeSet<Version>> {
    let is_allowed = |c: char| c.is_ascii_graphic() || !c.is_ascii();
    let mut versions = BTreeSet::new();
    let mut rest = list.trim_matches([' ', '\t', ',']);
    loop {
        let weak = rest.strip_prefix("W/");
        let (tag, after) = weak.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        if !tag.chars().all(is_allowed) {
            return None;
        }
        if weak.is_none() {
            versions.extend(Version::parse(tag));
        }
        let after = after.trim_start_matches([' ', '\t']);
        if after.is_empty() {
            return Some(versions);
        }
        rest = after.strip_prefix(',')?;
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn parse(name: header::HeaderName, lines: &[&str]) -> Result<ExpectedVersion, RequestError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_str(line).unwrap());
        }
        expected_version(&headers)
    }

    fn one_of(versions: &[u64]) -> Result<ExpectedVersion, RequestError> {
        let versions = versions.iter().copied().map(Version::from);
        Ok(ExpectedVersion::OneOf(versions.collect()))
    }

    #[test]
    fn if_match_lists_versions_in_quotes() {
        for (lines, expected) in [
            (&[][..], Ok(ExpectedVersion::Any)),
            (&[" * "], Ok(ExpectedVersion::Any)),
            (&["\"7\" ,\t\"0\", \"7\""], one_of(&[0, 7])),
            (&["\"7\"", "\"8\""], one_of(&[7, 8])),
            (&[", \"7\",,"], one_of(&[7])),
            (&["W/\"7\", \"8\""], one_of(&[8])),
            (&["\"18446744073709551614\""], one_of(&[u64::MAX - 1])),
            (&["\"18446744073709551615\""], one_of(&[])),
            (&["\"99999999999999999999\""], one_of(&[])),
        ] {
            assert_eq!(parse(header::IF_MATCH, lines), expected, "{lines:?}");
        }
        for tag in [
            "W/\"7\"", "\"abc\"", "\"07\"", "\"+7\"", "\"-1\"", "\"7.0\"", "\"\"", "\"a,b\"",
            "\"é\"",
        ] {
            assert_eq!(parse(header::IF_MATCH, &[tag]), one_of(&[]), "{tag}");
        }
        for malformed in [
            "", " ", ",", "7", "\"7", "7\"", "\"7\"8\"", "*,\"7\"", "\"7\",*", "w/\"7\"", "\"a b\"",
        ] {
            let found = parse(header::IF_MATCH, &[malformed]);
            assert_eq!(found, Err(RequestError::IfMatch), "{malformed}");
        }
        let versions: Vec<_> = (0..101).map(|version| format!("\"{version}\"")).collect();
        assert!(parse(header::IF_MATCH, &[&versions[1..].join(",")]).is_ok());
        let found = parse(header::IF_MATCH, &[&versions.join(",")]);
        assert_eq!(found, Err(RequestError::TooManyVersions(100)));
    }

    #[test]
    fn if_none_match_is_a_star() {
        let star = parse(header::IF_NONE_MATCH, &[" *\t"]);
        assert_eq!(star, Ok(ExpectedVersion::NoCustomer));
        for lines in [&[""][..], &["\"7\""], &["*", "*"]] {
            let found = parse(header::IF_NONE_MATCH, lines);
            assert_eq!(found, Err(RequestError::IfNoneMatch), "{lines:?}");
        }
    }
}
