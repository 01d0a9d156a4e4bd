//! Configuration from environment variables, read once at start-up.

use std::time::Duration;

use lambda_http::http::Uri;
use thiserror::Error;

/// The default of `ACCESS_TOKEN_CACHE_SECONDS`.
pub(crate) const DEFAULT_ACCESS_TOKEN_CACHE_SECONDS: u64 = 60;

/// All variables that the program reads, apart from AWS's credentials. `docs/OPERATIONS.md` lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub app: AppConfig,
    /// `AWS_REGION`, or else `AWS_DEFAULT_REGION`: the region of the tables.
    pub region: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`: the URL that replaces DynamoDB's own.
    pub endpoint_url: Option<String>,
    /// `AWS_USE_FIPS_ENDPOINT`
    pub use_fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`
    pub use_dual_stack: bool,
    pub ca_bundle: Option<CaBundle>,
    /// Whether `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set: credentials come from there and change.
    pub has_credentials_server: bool,
    /// `AWS_LAMBDA_MAX_CONCURRENCY`: how many requests Lambda sends to this environment at once.
    pub max_concurrency: u32,
    /// Whether `AWS_LAMBDA_RUNTIME_API` is set.
    pub is_in_lambda: bool,
}

/// The function's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConfig {
    /// `CUSTOMERS_TABLE`: the name of the customers table.
    pub customers_table: String,
    /// `ACCESS_TOKENS_TABLE`: the name of the access tokens table.
    pub access_tokens_table: String,
    /// `ACCESS_TOKEN_CACHE_SECONDS`: how long a valid token is cached; 0 disables the cache.
    pub access_token_cache_ttl: Duration,
}

/// A file of certificate authorities that replaces Amazon's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle {
    /// `AWS_CA_BUNDLE`, or else `SSL_CERT_FILE`.
    pub variable: &'static str,
    pub path: String,
}

/// What the log needs before anything else can fail. It is never invalid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// `AWS_LAMBDA_LOG_FORMAT`: `JSON` for JSON lines, anything else for text.
    pub format: String,
    /// `AWS_LAMBDA_LOG_LEVEL`
    pub level: String,
    /// `AWS_LAMBDA_FUNCTION_VERSION`
    pub function_version: Option<String>,
}

/// A missing or invalid environment variable, which stops the start-up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("The environment variable {0} is missing or empty; set it to {1}")]
    Missing(&'static str, &'static str),
    #[error("The environment variable {0} must be a whole number of seconds, such as 60")]
    NotSeconds(&'static str),
    #[error("The environment variable {0} must be a URL, such as http://localhost:8000")]
    NotUrl(&'static str),
}

impl LogConfig {
    /// Reads the variables through `variable`, which is `std::env::var` outside tests.
    pub fn from_env(variable: impl Fn(&'static str) -> Option<String>) -> Self {
        Self {
            format: variable("AWS_LAMBDA_LOG_FORMAT").unwrap_or_default(),
            level: variable("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default(),
            function_version: variable("AWS_LAMBDA_FUNCTION_VERSION"),
        }
    }
}

impl Config {
    /// Reads the variables through `variable`, which is `std::env::var` outside tests. An empty variable
    /// counts as missing.
    pub fn from_env(
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        let first_set = |names: [&'static str; 2]| {
            let mut names = names.into_iter();
            names.find_map(|name| set(name).map(|value| (name, value)))
        };
        let table = |name| set(name).ok_or(ConfigError::Missing(name, "the table's name"));
        let is_true = |name| set(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));

        let app = AppConfig {
            customers_table: table("CUSTOMERS_TABLE")?,
            access_tokens_table: table("ACCESS_TOKENS_TABLE")?,
            access_token_cache_ttl: Duration::from_secs(cache_seconds(set)?),
        };
        let region = first_set(["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let missing_region = ConfigError::Missing("AWS_REGION", "the tables' region");
        let endpoint_url = first_set(["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"]);
        let ca_bundle = first_set(["AWS_CA_BUNDLE", "SSL_CERT_FILE"]);
        Ok(Self {
            app,
            region: region.ok_or(missing_region)?.1,
            endpoint_url: endpoint_url.map(checked_url).transpose()?,
            use_fips: is_true("AWS_USE_FIPS_ENDPOINT"),
            use_dual_stack: is_true("AWS_USE_DUALSTACK_ENDPOINT"),
            ca_bundle: ca_bundle.map(|(variable, path)| CaBundle { variable, path }),
            has_credentials_server: set("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some(),
            max_concurrency: max_concurrency(set),
            is_in_lambda: set("AWS_LAMBDA_RUNTIME_API").is_some(),
        })
    }
}

fn cache_seconds(set: impl Fn(&'static str) -> Option<String>) -> Result<u64, ConfigError> {
    const NAME: &str = "ACCESS_TOKEN_CACHE_SECONDS";
    let seconds = set(NAME).map(|text| text.trim().parse());
    let seconds = seconds.unwrap_or(Ok(DEFAULT_ACCESS_TOKEN_CACHE_SECONDS));
    seconds.map_err(|_| ConfigError::NotSeconds(NAME))
}

/// 1 unless the variable is a positive number, as `lambda_runtime` reads it.
fn max_concurrency(set: impl Fn(&'static str) -> Option<String>) -> u32 {
    let number = set("AWS_LAMBDA_MAX_CONCURRENCY").and_then(|text| text.parse().ok());
    number.unwrap_or(1).max(1)
}

fn checked_url((name, url): (&'static str, String)) -> Result<String, ConfigError> {
    match url.parse::<Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) => Ok(url),
        _ => Err(ConfigError::NotUrl(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configuration of the required variables and `variables`, which may replace them.
    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let required = [
            ("CUSTOMERS_TABLE", "c"),
            ("ACCESS_TOKENS_TABLE", "t"),
            ("AWS_REGION", "r"),
        ];
        Config::from_env(|name| {
            let mut all = variables.iter().chain(&required);
            let found = all.find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults() {
        let expected = Config {
            app: AppConfig {
                customers_table: "c".into(),
                access_tokens_table: "t".into(),
                access_token_cache_ttl: Duration::from_secs(60),
            },
            region: "r".into(),
            endpoint_url: None,
            use_fips: false,
            use_dual_stack: false,
            ca_bundle: None,
            has_credentials_server: false,
            max_concurrency: 1,
            is_in_lambda: false,
        };
        assert_eq!(read(&[]), Ok(expected.clone()));
        let empty = [
            ("ACCESS_TOKEN_CACHE_SECONDS", ""),
            ("AWS_ENDPOINT_URL", ""),
            ("AWS_CA_BUNDLE", ""),
            ("AWS_USE_FIPS_ENDPOINT", "no"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", ""),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "0"),
            ("AWS_LAMBDA_RUNTIME_API", ""),
        ];
        assert_eq!(read(&empty), Ok(expected));
    }

    #[test]
    fn every_variable_is_read() {
        let all = [
            ("CUSTOMERS_TABLE", "customers"),
            ("ACCESS_TOKENS_TABLE", "tokens"),
            ("ACCESS_TOKEN_CACHE_SECONDS", "300"),
            ("AWS_REGION", "eu-west-1"),
            (
                "AWS_ENDPOINT_URL",
                "https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com/",
            ),
            ("AWS_USE_FIPS_ENDPOINT", "TRUE"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
            ("SSL_CERT_FILE", "/roots.pem"),
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "http://169.254.170.23/",
            ),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "32"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ];
        let expected = Config {
            app: AppConfig {
                customers_table: "customers".into(),
                access_tokens_table: "tokens".into(),
                access_token_cache_ttl: Duration::from_secs(300),
            },
            region: "eu-west-1".into(),
            endpoint_url: Some("https://vpce-1.dynamodb.us-east-1.vpce.amazonaws.com/".into()),
            use_fips: true,
            use_dual_stack: true,
            ca_bundle: Some(CaBundle {
                variable: "SSL_CERT_FILE",
                path: "/roots.pem".into(),
            }),
            has_credentials_server: true,
            max_concurrency: 32,
            is_in_lambda: true,
        };
        assert_eq!(read(&all), Ok(expected));
    }

    #[test]
    fn first_variable_that_is_set_wins() {
        let regions = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "d")];
        assert_eq!(read(&regions).unwrap().region, "d");
        let urls = [
            ("AWS_ENDPOINT_URL", "http://b"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://a"),
        ];
        assert_eq!(
            read(&urls).unwrap().endpoint_url.as_deref(),
            Some("http://a")
        );
        let bundles = [("SSL_CERT_FILE", "/b"), ("AWS_CA_BUNDLE", "/a")];
        assert_eq!(
            read(&bundles).unwrap().ca_bundle.unwrap().variable,
            "AWS_CA_BUNDLE"
        );
    }

    #[test]
    fn error_names_the_variable() {
        let table = "is missing or empty; set it to the table's name";
        let url = "must be a URL, such as http://localhost:8000";
        for (name, value, expected) in [
            ("CUSTOMERS_TABLE", "", table),
            ("ACCESS_TOKENS_TABLE", " ", table),
            (
                "AWS_REGION",
                "",
                "is missing or empty; set it to the tables' region",
            ),
            ("AWS_ENDPOINT_URL", "localhost:8000", url),
            ("AWS_ENDPOINT_URL_DYNAMODB", "not a url", url),
            ("AWS_ENDPOINT_URL", "127.0.0.1:8000", url),
            ("AWS_ENDPOINT_URL", "ftp://localhost", url),
            ("AWS_ENDPOINT_URL", "http://", url),
            ("AWS_ENDPOINT_URL", "/", url),
            (
                "ACCESS_TOKEN_CACHE_SECONDS",
                "-1",
                "must be a whole number of seconds, such as 60",
            ),
            (
                "ACCESS_TOKEN_CACHE_SECONDS",
                "1.5",
                "must be a whole number of seconds, such as 60",
            ),
            (
                "ACCESS_TOKEN_CACHE_SECONDS",
                "60s",
                "must be a whole number of seconds, such as 60",
            ),
        ] {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert_eq!(
                message,
                format!("The environment variable {name} {expected}"),
                "{value}"
            );
        }
    }
}
