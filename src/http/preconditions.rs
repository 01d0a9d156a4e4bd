//! `If-Match` and `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).

use lambda_http::http::{HeaderMap, header};

use super::request::{RequestError, joined};
use crate::customer::{ExpectedVersion, Version};

/// The longest `IN` list that DynamoDB accepts.
const MAX_VERSIONS: usize = 100;

/// Reads both headers (`docs/API.md#optimistic-concurrency`). With `If-None-Match: *`, an existing customer
/// is not updated, whatever `If-Match` says.
pub(crate) fn expected_version(headers: &HeaderMap) -> Result<ExpectedVersion, RequestError> {
    let expected = if_match(headers)?;
    match joined(headers, header::IF_NONE_MATCH) {
        None => Ok(expected),
        Some(value) if value.trim() == "*" => Ok(ExpectedVersion::NoCustomer),
        Some(_) => Err(RequestError::IfNoneMatch),
    }
}

/// Without the header, any version is expected. Weak tags and tags that are not a version (`"07"`, `"abc"`)
/// are accepted and match nothing.
fn if_match(headers: &HeaderMap) -> Result<ExpectedVersion, RequestError> {
    let list = match joined(headers, header::IF_MATCH) {
        Some(list) if list.trim() != "*" => list,
        _ => return Ok(ExpectedVersion::Any),
    };
    let tags = entity_tags(&list).ok_or(RequestError::IfMatch)?;
    let strong = tags.into_iter().filter(|(is_weak, _)| !is_weak);
    let mut versions: Vec<_> = strong.filter_map(|(_, tag)| Version::parse(tag)).collect();
    versions.sort_unstable();
    versions.dedup();
    match versions.len() > MAX_VERSIONS {
        true => Err(RequestError::TooManyVersions(MAX_VERSIONS)),
        false => Ok(ExpectedVersion::OneOf(versions)),
    }
}

/// Parses `1#entity-tag`, with empty list elements (RFC 9110, sections 5.6.1 and 8.8.3): whether each tag is
/// weak, and its text. `None` if the list is malformed or has no tag.
fn entity_tags(list: &str) -> Option<Vec<(bool, &str)>> {
    let mut tags = Vec::new();
    let mut rest = list.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let weak = rest.strip_prefix("W/");
        let (tag, after) = weak.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        let is_allowed = |c: char| c.is_ascii_graphic() || !c.is_ascii();
        if !tag.chars().all(is_allowed) {
            return None;
        }
        tags.push((weak.is_some(), tag));
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?;
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    Some(tags).filter(|tags| !tags.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn expected(name: header::HeaderName, lines: &[&str]) -> Result<ExpectedVersion, RequestError> {
        let lines = lines
            .iter()
            .map(|line| HeaderValue::from_str(line).unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, line);
        }
        expected_version(&headers)
    }

    #[test]
    fn if_match_lists_quoted_versions() {
        let one_of = |versions: &[u64]| {
            let versions = versions.iter().copied().map(Version::from);
            Ok(ExpectedVersion::OneOf(versions.collect()))
        };
        let malformed = || Err(RequestError::IfMatch);
        for (lines, result) in [
            (&[][..], Ok(ExpectedVersion::Any)),
            (&[" * "], Ok(ExpectedVersion::Any)),
            (&["\"7\""], one_of(&[7])),
            (&["\"7\" ,\t\"0\", \"7\""], one_of(&[0, 7])),
            (&["\"7\"", "\"8\""], one_of(&[7, 8])),
            (&[", \"7\",,"], one_of(&[7])),
            (&["W/\"7\", \"8\""], one_of(&[8])),
            // Weak and foreign tags match nothing, nor does a version that cannot be incremented.
            (&["W/\"7\""], one_of(&[])),
            (&["\"abc\""], one_of(&[])),
            (&["\"07\""], one_of(&[])),
            (&["\"+7\""], one_of(&[])),
            (&["\"7.0\""], one_of(&[])),
            (&["\"\""], one_of(&[])),
            (&["\"a,b\""], one_of(&[])),
            (&["\"é\""], one_of(&[])),
            (&["\"18446744073709551615\""], one_of(&[])),
            (&["\"99999999999999999999\""], one_of(&[])),
            (&[""], malformed()),
            (&[","], malformed()),
            (&["7"], malformed()),
            (&["\"7"], malformed()),
            (&["7\""], malformed()),
            (&["\"7\" \"8\""], malformed()),
            (&["*, \"7\""], malformed()),
            (&["\"7\", *"], malformed()),
            (&["w/\"7\""], malformed()),
            (&["\"a b\""], malformed()),
        ] {
            assert_eq!(expected(header::IF_MATCH, lines), result, "{lines:?}");
        }
        let hundred: Vec<_> = (0..100).map(|version| format!("\"{version}\"")).collect();
        let hundred = hundred.join(",");
        assert!(expected(header::IF_MATCH, &[&hundred]).is_ok());
        let more = expected(header::IF_MATCH, &[&hundred, "\"100\""]);
        assert_eq!(more, Err(RequestError::TooManyVersions(100)));
    }

    #[test]
    fn if_none_match_is_a_star() {
        for (lines, result) in [
            (&[" *\t"][..], Ok(ExpectedVersion::NoCustomer)),
            (&["\"7\""], Err(RequestError::IfNoneMatch)),
            (&[""], Err(RequestError::IfNoneMatch)),
            (&["*", "*"], Err(RequestError::IfNoneMatch)),
        ] {
            assert_eq!(expected(header::IF_NONE_MATCH, lines), result, "{lines:?}");
        }
    }
}
