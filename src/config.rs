//! Configuration from environment variables, read once at start-up.

use std::time::Duration;

use lambda_http::http::Uri;
use thiserror::Error;

/// The default of `ACCESS_TOKEN_CACHE_SECONDS`.
pub const DEFAULT_ACCESS_TOKEN_CACHE_SECONDS: u64 = 60;

/// The function's own settings. `docs/OPERATIONS.md` also lists AWS's variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CUSTOMERS_TABLE`: the name of the customers table.
    pub customers_table: String,
    /// `ACCESS_TOKENS_TABLE`: the name of the access tokens table.
    pub access_tokens_table: String,
    /// `ACCESS_TOKEN_CACHE_SECONDS`: how long a valid token is cached; 0 disables the cache.
    pub access_token_cache_ttl: Duration,
}

/// A missing or invalid environment variable, which stops the start-up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("The environment variable {0} is missing or empty; set it to the table's name")]
    Missing(&'static str),
    #[error("The environment variable {0} must be a whole number of seconds, such as 60")]
    NotSeconds(&'static str),
    #[error(
        "The environment variable AWS_REGION is missing or empty; set it to the tables' region"
    )]
    MissingRegion,
    #[error("The environment variable {0} must be a URL, such as http://localhost:8000")]
    NotUrl(&'static str),
}

impl Config {
    /// Reads the variables through `variable`, which is `std::env::var` outside tests.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first variable that is missing or invalid.
    pub fn from_env(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name| set(name).ok_or(ConfigError::Missing(name));
        let seconds = |name| match set(name) {
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| ConfigError::NotSeconds(name)),
            None => Ok(DEFAULT_ACCESS_TOKEN_CACHE_SECONDS),
        };
        Ok(Self {
            customers_table: required("CUSTOMERS_TABLE")?,
            access_tokens_table: required("ACCESS_TOKENS_TABLE")?,
            access_token_cache_ttl: Duration::from_secs(seconds("ACCESS_TOKEN_CACHE_SECONDS")?),
        })
    }
}

/// The region of the tables: `AWS_REGION`, or else `AWS_DEFAULT_REGION`.
///
/// # Errors
///
/// [`ConfigError::MissingRegion`] when both are missing or empty.
pub fn region(variable: impl Fn(&'static str) -> Option<String>) -> Result<String, ConfigError> {
    let region = first_set(&variable, ["AWS_REGION", "AWS_DEFAULT_REGION"]);
    region.map_or(Err(ConfigError::MissingRegion), |(_, region)| Ok(region))
}

/// The URL that replaces DynamoDB's own: `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`.
///
/// # Errors
///
/// [`ConfigError::NotUrl`] for a text that is not a URL with the scheme `http` or `https`.
pub fn endpoint_url(
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<Option<String>, ConfigError> {
    let names = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"];
    let Some((name, url)) = first_set(&variable, names) else {
        return Ok(None);
    };
    match url.parse::<Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) => Ok(Some(url)),
        _ => Err(ConfigError::NotUrl(name)),
    }
}

fn first_set(
    variable: impl Fn(&'static str) -> Option<String>,
    names: [&'static str; 2],
) -> Option<(&'static str, String)> {
    let set = |name| Some((name, variable(name).filter(|value| !value.is_empty())?));
    names.into_iter().find_map(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_is_required() {
        let region = |variables: &[(&str, &str)]| region(lookup(variables));
        assert_eq!(
            region(&[("AWS_REGION", "r"), ("AWS_DEFAULT_REGION", "d")]),
            Ok("r".into())
        );
        assert_eq!(
            region(&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "d")]),
            Ok("d".into())
        );
        assert_eq!(region(&[]), Err(ConfigError::MissingRegion));
    }

    #[test]
    fn endpoint_must_be_a_url() {
        let endpoint = |variables: &[(&str, &str)]| endpoint_url(lookup(variables));
        assert_eq!(endpoint(&[("AWS_ENDPOINT_URL", "")]), Ok(None));
        for url in [
            "http://localhost:8000",
            "https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com/",
        ] {
            assert_eq!(
                endpoint(&[("AWS_ENDPOINT_URL", url)]),
                Ok(Some(url.to_owned()))
            );
        }
        let both = [
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://a"),
            ("AWS_ENDPOINT_URL", "http://b"),
        ];
        assert_eq!(endpoint(&both), Ok(Some("http://a".to_owned())));
        for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"] {
            for text in [
                "not a url",
                "localhost:8000",
                "127.0.0.1:8000",
                "ftp://localhost",
                "http://",
                "/",
            ] {
                assert_eq!(
                    endpoint(&[(name, text)]),
                    Err(ConfigError::NotUrl(name)),
                    "{text}"
                );
            }
        }
    }

    fn lookup<'a>(
        variables: &'a [(&'a str, &'a str)],
    ) -> impl Fn(&'static str) -> Option<String> + 'a {
        |name| {
            let variable = variables.iter().find(|(key, _)| *key == name);
            variable.map(|(_, value)| (*value).to_owned())
        }
    }

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_env(lookup(variables))
    }

    #[test]
    fn tables_are_required_and_the_cache_ttl_defaults_to_60_s() {
        let read = read(&[("CUSTOMERS_TABLE", "c"), ("ACCESS_TOKENS_TABLE", "t")]).unwrap();
        assert_eq!(
            read,
            Config {
                customers_table: "c".into(),
                access_tokens_table: "t".into(),
                access_token_cache_ttl: Duration::from_secs(60)
            }
        );
    }

    #[test]
    fn error_names_the_missing_variable() {
        let message = |variables: &[_]| read(variables).unwrap_err().to_string();
        assert_eq!(
            message(&[("ACCESS_TOKENS_TABLE", "t")]),
            "The environment variable CUSTOMERS_TABLE is missing or empty; set it to the table's name"
        );
        assert_eq!(
            message(&[("CUSTOMERS_TABLE", "c"), ("ACCESS_TOKENS_TABLE", " ")]),
            "The environment variable ACCESS_TOKENS_TABLE is missing or empty; set it to the table's name"
        );
    }

    #[test]
    fn cache_ttl_is_whole_seconds() {
        let with = |seconds| {
            read(&[
                ("CUSTOMERS_TABLE", "c"),
                ("ACCESS_TOKENS_TABLE", "t"),
                ("ACCESS_TOKEN_CACHE_SECONDS", seconds),
            ])
        };
        assert_eq!(with("0").unwrap().access_token_cache_ttl, Duration::ZERO);
        assert_eq!(
            with("300").unwrap().access_token_cache_ttl,
            Duration::from_secs(300)
        );
        assert_eq!(
            with("").unwrap().access_token_cache_ttl,
            Duration::from_secs(60)
        );
        for value in ["-1", "1.5", "60s"] {
            assert_eq!(
                with(value).unwrap_err().to_string(),
                "The environment variable ACCESS_TOKEN_CACHE_SECONDS must be a whole number of seconds, such as 60"
            );
        }
    }
}
