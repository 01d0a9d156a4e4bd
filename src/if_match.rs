//! `If-Match`: the versions of a customer that a caller is ready to overwrite (RFC 9110, 13.1.1).

use lambda_http::http::{HeaderMap, header};

use crate::error::Error;

/// DynamoDB's longest `IN` list.
const MOST_VERSIONS: usize = 100;

/// What the stored version must be for the write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// Any version (`*`, or no header): the customer must only exist.
    Any,
    /// One of these; none when no tag can be a version of ours.
    OneOf(Vec<u64>),
}

impl IfMatch {
    /// Reads the header's list of entity tags. A weak tag, or one that is not the canonical text of a
    /// version, is well formed and matches nothing.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] when the value is no list of entity tags, or names more than 100
    /// versions.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, Error> {
        let values = headers.get_all(header::IF_MATCH);
        if values.iter().next().is_none() {
            return Ok(Self::Any);
        }
        let mut lines = Vec::new();
        for value in values {
            lines.push(value.to_str().map_err(|_| unreadable())?);
        }
        let list = lines.join(",");
        if list.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut versions = Vec::new();
        for tag in entity_tags(&list)? {
            if let EntityTag::Strong(opaque) = tag {
                versions.extend(
                    opaque
                        .parse()
                        .ok()
                        .filter(|version: &u64| version.to_string() == opaque),
                );
            }
        }
        versions.sort_unstable();
        versions.dedup();
        if versions.len() > MOST_VERSIONS {
            let sentence = format!("If-Match may name {MOST_VERSIONS} versions at most");
            return Err(Error::InvalidRequest(sentence));
        }
        Ok(Self::OneOf(versions))
    }

    pub fn matches(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

enum EntityTag<'a> {
    Strong(&'a str),
    Weak,
}

/// Reads `1#entity-tag`, empty list elements allowed (RFC 9110, 5.6.1 and 8.8.3).
fn entity_tags(list: &str) -> Result<Vec<EntityTag<'_>>, Error> {
    let mut tags = Vec::new();
    let mut rest = list.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let inner = quoted.strip_prefix('"').ok_or_else(unreadable)?;
        let (opaque, after) = inner.split_once('"').ok_or_else(unreadable)?;
        if !opaque.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unreadable());
        }
        tags.push(if weak {
            EntityTag::Weak
        } else {
            EntityTag::Strong(opaque)
        });
        rest = after.trim_start_matches([' ', '\t']);
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').ok_or_else(unreadable)?;
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    if tags.is_empty() {
        Err(unreadable())
    } else {
        Ok(tags)
    }
}

fn unreadable() -> Error {
    Error::InvalidRequest(
        "If-Match must be * or a list of quoted versions, such as \"7\", as X-Customer-Version gives them"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    fn parse(lines: &[&str]) -> Result<IfMatch, Error> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        IfMatch::from_headers(&headers)
    }

    #[test]
    fn versions_come_as_quoted_tags_in_a_list() {
        assert_eq!(parse(&["\"7\""]), Ok(IfMatch::OneOf(vec![7])));
        assert_eq!(
            parse(&["\"7\" ,\t\"0\", \"7\""]),
            Ok(IfMatch::OneOf(vec![0, 7]))
        );
        assert_eq!(parse(&["\"7\"", "\"8\""]), Ok(IfMatch::OneOf(vec![7, 8])));
        assert_eq!(parse(&[", \"7\",,"]), Ok(IfMatch::OneOf(vec![7])));
    }

    #[test]
    fn no_header_and_a_star_match_every_version() {
        assert_eq!(parse(&[]), Ok(IfMatch::Any));
        assert_eq!(parse(&[" * "]), Ok(IfMatch::Any));
    }

    #[test]
    fn weak_tags_and_tags_that_are_no_version_match_nothing() {
        for value in [
            "W/\"7\"", "\"abc\"", "\"07\"", "\"+7\"", "\"-1\"", "\"7.0\"", "\"\"", "\"a,b\"",
        ] {
            assert_eq!(parse(&[value]), Ok(IfMatch::OneOf(vec![])), "{value}");
        }
        assert_eq!(parse(&["W/\"7\", \"8\""]), Ok(IfMatch::OneOf(vec![8])));
        assert_eq!(
            parse(&["\"99999999999999999999\""]),
            Ok(IfMatch::OneOf(vec![]))
        );
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
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
