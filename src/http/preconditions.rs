//! `If-Match` and `If-None-Match` (RFC 9110, sections 13.1.1 and 13.1.2).

use lambda_http::http::{HeaderMap, header};

use crate::customer::ExpectedVersion;
use crate::customer::expected_version::MAX_VERSION;
use crate::error::Error;

/// The longest `IN` list that DynamoDB accepts.
const MAX_VERSIONS: usize = 100;

/// Reads both headers (`docs/API.md#optimistic-concurrency`). `If-None-Match: *` expects that there is
/// no customer, whatever `If-Match` says.
///
/// # Errors
///
/// [`Error::InvalidRequest`] when `If-Match` is not a list of entity tags or has more than 100 versions,
/// and when `If-None-Match` is not `*`.
pub fn expected_version(headers: &HeaderMap) -> Result<ExpectedVersion, Error> {
    let expected = if_match(headers)?;
    let mut if_none_match = headers.get_all(header::IF_NONE_MATCH).iter();
    match (if_none_match.next(), if_none_match.next()) {
        (None, _) => Ok(expected),
        (Some(value), None) if value.as_bytes().trim_ascii() == b"*" => Ok(ExpectedVersion::Absent),
        _ => {
            let message = "If-None-Match must be *; to update only a certain version, use If-Match";
            Err(Error::InvalidRequest(message.to_owned()))
        }
    }
}

/// Without the header, any version is expected. A weak tag, or a tag that is not the canonical text of a
/// version that can be updated, is well formed but matches nothing.
fn if_match(headers: &HeaderMap) -> Result<ExpectedVersion, Error> {
    let values = headers.get_all(header::IF_MATCH);
    if values.iter().next().is_none() {
        return Ok(ExpectedVersion::Any);
    }
    let mut lines = Vec::new();
    for value in values {
        lines.push(String::from_utf8_lossy(value.as_bytes()));
    }
    let list = lines.join(",");
    if list.trim() == "*" {
        return Ok(ExpectedVersion::Any);
    }
    let mut versions = Vec::new();
    for tag in entity_tags(&list)? {
        if let EntityTag::Strong(opaque) = tag {
            let version = opaque.parse().ok();
            versions.extend(
                version.filter(|version: &u64| {
                    *version <= MAX_VERSION && version.to_string() == opaque
                }),
            );
        }
    }
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > MAX_VERSIONS {
        let message = format!("If-Match must not list more than {MAX_VERSIONS} versions");
        return Err(Error::InvalidRequest(message));
    }
    Ok(ExpectedVersion::OneOf(versions))
}

enum EntityTag<'a> {
    Strong(&'a str),
    Weak,
}

/// Parses `1#entity-tag`, with empty list elements (RFC 9110, sections 5.6.1 and 8.8.3).
fn entity_tags(list: &str) -> Result<Vec<EntityTag<'_>>, Error> {
    let mut tags = Vec::new();
    let mut rest = list.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let inner = quoted.strip_prefix('"').ok_or_else(malformed)?;
        let (opaque, after) = inner.split_once('"').ok_or_else(malformed)?;
        if !opaque
            .chars()
            .all(|c| c.is_ascii_graphic() || !c.is_ascii())
        {
            return Err(malformed());
        }
        tags.push(if weak {
            EntityTag::Weak
        } else {
            EntityTag::Strong(opaque)
        });
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').ok_or_else(malformed)?;
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    if tags.is_empty() {
        Err(malformed())
    } else {
        Ok(tags)
    }
}

fn malformed() -> Error {
    let message = "If-Match must be * or a list of versions in double quotes, such as \"7\"; \
                   X-Customer-Version has the current one";
    Error::InvalidRequest(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn if_none_match(lines: &[&str]) -> Result<ExpectedVersion, Error> {
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
            assert_eq!(if_none_match(&[value]), Ok(ExpectedVersion::Absent));
        }
        assert_eq!(if_none_match(&[]), Ok(ExpectedVersion::OneOf(vec![7])));
        for lines in [
            &["\"7\""][..],
            &[""],
            &["*, \"7\""],
            &["*", "*"],
            &["W/\"7\""],
        ] {
            let parsed = if_none_match(lines);
            assert!(matches!(parsed, Err(Error::InvalidRequest(_))), "{lines:?}");
        }
    }

    fn parse(lines: &[&str]) -> Result<ExpectedVersion, Error> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        expected_version(&headers)
    }

    #[test]
    fn parses_lists_of_quoted_versions() {
        assert_eq!(parse(&["\"7\""]), Ok(ExpectedVersion::OneOf(vec![7])));
        assert_eq!(
            parse(&["\"7\" ,\t\"0\", \"7\""]),
            Ok(ExpectedVersion::OneOf(vec![0, 7]))
        );
        assert_eq!(
            parse(&["\"7\"", "\"8\""]),
            Ok(ExpectedVersion::OneOf(vec![7, 8]))
        );
        assert_eq!(parse(&[", \"7\",,"]), Ok(ExpectedVersion::OneOf(vec![7])));
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
            Ok(ExpectedVersion::OneOf(vec![8]))
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
            assert!(
                matches!(parse(&[value]), Err(Error::InvalidRequest(_))),
                "{value:?}"
            );
        }
        let hundred: Vec<_> = (0..100).map(|version| format!("\"{version}\"")).collect();
        assert!(parse(&[&hundred.join(",")]).is_ok());
        assert!(parse(&[&hundred.join(","), "\"100\""]).is_err());
    }
}
