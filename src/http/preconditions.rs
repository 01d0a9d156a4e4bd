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

    fn if_none_match(lines: &[&str]) -> Result<ExpectedVersion, RequestError> {
        let mut headers =
            HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static("\"7\""))]);
        for line in lines {
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_str(line).unwrap());
        }
        expected_version(&headers)
    }

    #[test]
    fn if_none_match_star_expects_no_customer() {
        for value in ["*", " *\t"] {
            assert_eq!(if_none_match(&[value]), Ok(ExpectedVersion::NoCustomer));
        }
        assert_eq!(
            if_none_match(&[]),
            Ok(ExpectedVersion::OneOf(vec![7.into()]))
        );
        for lines in [
            &["\"7\""][..],
            &[""],
            &["*, \"7\""],
            &["*", "*"],
            &["W/\"7\""],
        ] {
            assert_eq!(
                if_none_match(lines),
                Err(RequestError::IfNoneMatch),
                "{lines:?}"
            );
        }
    }

    fn parse(lines: &[&str]) -> Result<ExpectedVersion, RequestError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        expected_version(&headers)
    }

    #[test]
    fn parses_lists_of_quoted_versions() {
        assert_eq!(
            parse(&["\"7\""]),
            Ok(ExpectedVersion::OneOf(vec![7.into()]))
        );
        assert_eq!(
            parse(&["\"7\" ,\t\"0\", \"7\""]),
            Ok(ExpectedVersion::OneOf(vec![0.into(), 7.into()]))
        );
        assert_eq!(
            parse(&["\"7\"", "\"8\""]),
            Ok(ExpectedVersion::OneOf(vec![7.into(), 8.into()]))
        );
        assert_eq!(
            parse(&[", \"7\",,"]),
            Ok(ExpectedVersion::OneOf(vec![7.into()]))
        );
    }

    #[test]
    fn no_header_and_star_mean_any_version() {
        assert_eq!(parse(&[]), Ok(ExpectedVersion::Any));
        assert_eq!(parse(&[" * "]), Ok(ExpectedVersion::Any));
    }

    #[test]
    fn weak_and_foreign_tags_match_nothing() {
        for value in [
            "W/\"7\"", "\"abc\"", "\"07\"", "\"+7\"", "\"-1\"", "\"7.0\"", "\"\"", "\"a,b\"",
        ] {
            assert_eq!(
                parse(&[value]),
                Ok(ExpectedVersion::OneOf(vec![])),
                "{value}"
            );
        }
        assert_eq!(
            parse(&["W/\"7\", \"8\""]),
            Ok(ExpectedVersion::OneOf(vec![8.into()]))
        );
        for version in ["18446744073709551615", "99999999999999999999"] {
            assert_eq!(
                parse(&[&format!("\"{version}\"")]),
                Ok(ExpectedVersion::OneOf(vec![])),
                "{version} cannot be incremented"
            );
        }
    }

    #[test]
    fn rejects_malformed_lists() {
        for value in [
            "",
            " ",
            ",",
            "7",
            "\"7",
            "7\"",
            "\"7\" \"8\"",
            "*, \"7\"",
            "\"7\", *",
            "w/\"7\"",
            "\"a b\"",
        ] {
            assert_eq!(parse(&[value]), Err(RequestError::IfMatch), "{value:?}");
        }
        let hundred: Vec<_> = (0..100).map(|version| format!("\"{version}\"")).collect();
        assert!(parse(&[&hundred.join(",")]).is_ok());
        assert!(parse(&[&hundred.join(","), "\"100\""]).is_err());
    }
}
