//! The environment variables that configure the function, read once at start.

use std::fmt;
use std::time::Duration;

const DEFAULT_CACHE_SECONDS: u64 = 60;

/// What the function must know before it can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `CUSTOMERS_TABLE`: the name of the customers table.
    pub customers_table: String,
    /// `ACCESS_TOKENS_TABLE`: the name of the access tokens table.
    pub access_tokens_table: String,
    /// `ACCESS_TOKEN_CACHE_SECONDS`: how long a valid token is remembered; 60 unless set, 0 is off.
    pub access_token_cache: Duration,
}

/// A variable that stops the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidEnvironment {
    Missing(&'static str),
    NotSeconds(&'static str),
}

impl fmt::Display for InvalidEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                write!(
                    f,
                    "The environment variable {name} is missing or empty; set it to the table's name"
                )
            }
            Self::NotSeconds(name) => {
                write!(
                    f,
                    "The environment variable {name} must be a whole number of seconds, such as 60"
                )
            }
        }
    }
}

impl std::error::Error for InvalidEnvironment {}

impl Environment {
    /// Reads the variables through `variable`, which is `std::env::var` outside tests.
    ///
    /// # Errors
    ///
    /// [`InvalidEnvironment`], which names the first variable at fault.
    pub fn read(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, InvalidEnvironment> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name| set(name).ok_or(InvalidEnvironment::Missing(name));
        let seconds = |name| match set(name) {
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| InvalidEnvironment::NotSeconds(name)),
            None => Ok(DEFAULT_CACHE_SECONDS),
        };
        Ok(Self {
            customers_table: required("CUSTOMERS_TABLE")?,
            access_tokens_table: required("ACCESS_TOKENS_TABLE")?,
            access_token_cache: Duration::from_secs(seconds("ACCESS_TOKEN_CACHE_SECONDS")?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, InvalidEnvironment> {
        let value = |name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Environment::read(value)
    }

    #[test]
    fn both_tables_are_required_and_tokens_are_remembered_for_a_minute() {
        let read = read(&[("CUSTOMERS_TABLE", "c"), ("ACCESS_TOKENS_TABLE", "t")]).unwrap();
        assert_eq!(
            read,
            Environment {
                customers_table: "c".into(),
                access_tokens_table: "t".into(),
                access_token_cache: Duration::from_secs(60)
            }
        );
    }

    #[test]
    fn a_missing_or_empty_variable_is_named() {
        let sentence = |variables: &[_]| read(variables).unwrap_err().to_string();
        assert_eq!(
            sentence(&[("ACCESS_TOKENS_TABLE", "t")]),
            "The environment variable CUSTOMERS_TABLE is missing or empty; set it to the table's name"
        );
        assert_eq!(
            sentence(&[("CUSTOMERS_TABLE", "c"), ("ACCESS_TOKENS_TABLE", " ")]),
            "The environment variable ACCESS_TOKENS_TABLE is missing or empty; set it to the table's name"
        );
    }

    #[test]
    fn the_cache_time_is_whole_seconds_and_zero_is_off() {
        let with = |seconds| {
            read(&[
                ("CUSTOMERS_TABLE", "c"),
                ("ACCESS_TOKENS_TABLE", "t"),
                ("ACCESS_TOKEN_CACHE_SECONDS", seconds),
            ])
        };
        assert_eq!(with("0").unwrap().access_token_cache, Duration::ZERO);
        assert_eq!(
            with("300").unwrap().access_token_cache,
            Duration::from_secs(300)
        );
        assert_eq!(
            with("").unwrap().access_token_cache,
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
