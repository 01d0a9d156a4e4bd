//! The console's sample requests: the events in `events/`, in groups, each with a sentence that says
//! what to look at.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The example runs from a checkout, so it reads the events there.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

type Group = (&'static str, &'static [(&'static str, &'static str)]);

/// Every event that has a button, by its file name without extension.
const GROUPS: [Group; 5] = [
    (
        "Updates",
        &[
            (
                "http-api-sample-200",
                "All nine fields are replaced. The email changes, so `verifiedEmail` becomes false too.",
            ),
            (
                "minimal-body-200",
                "Only the three required fields are sent. What is omitted keeps its stored value.",
            ),
            (
                "clear-fields-200",
                "`null`, `\"\"` and `[]` clear a field: it leaves the stored item, and the response shows it empty.",
            ),
            (
                "digit-exact-numbers-200",
                "38 digits are stored and returned as sent. A JSON parser that uses floating point would round them.",
            ),
            (
                "new-email-unverified-200",
                "A different email resets `verifiedEmail`, in a second UpdateItem with the old email as condition.",
            ),
            (
                "email-letter-case-200",
                "Only the letter case of the email changes, so the address stays verified.",
            ),
            (
                "data-sent-back-200",
                "The `data` of a response is accepted whole. Its read-only members, such as `role`, are ignored.",
            ),
        ],
    ),
    (
        "Versions and retries",
        &[
            (
                "current-if-match-200",
                "`If-Match` names the stored version 6, so the update is made. The response has the next version.",
            ),
            (
                "stale-if-match-412",
                "`If-Match` names an old version: nothing is stored. The response has the version to merge with.",
            ),
            (
                "retry-after-lost-response-200",
                "The version is old, but the customer already holds exactly this: 200, and nothing is written again.",
            ),
            (
                "if-match-any-version-200",
                "`If-Match: *` accepts every version, like a request without the header.",
            ),
            (
                "if-none-match-412",
                "`If-None-Match: *` asks for no update of an existing customer. This one exists.",
            ),
            (
                "unreadable-if-match-400",
                "A version without its quotes is no entity tag. It is rejected, not ignored.",
            ),
        ],
    ),
    (
        "Rejected bodies",
        &[
            (
                "many-errors-400",
                "All errors are returned at once, each with a pointer into the body. Select one to find its place.",
            ),
            (
                "other-systems-names-400",
                "Names that other systems use are rejected with a suggestion: `phone` is `phoneNumber` here.",
            ),
            (
                "key-twice-400",
                "The same key twice is rejected, because parsers disagree on which one counts.",
            ),
            (
                "number-out-of-range-400",
                "A number that DynamoDB cannot store digit for digit is rejected, not rounded.",
            ),
            (
                "not-json-400",
                "The message names line and column of the syntax error.",
            ),
            (
                "array-body-400",
                "The body must be one object, not a list of them.",
            ),
            (
                "empty-body-400",
                "A PUT without a body is an error of its own, not a syntax error.",
            ),
            (
                "wrong-content-type-400",
                "Only `application/json` is accepted. Nothing is guessed from the body.",
            ),
            (
                "compressed-body-400",
                "A compressed body is not decompressed. The message names the reason.",
            ),
        ],
    ),
    (
        "Tokens",
        &[
            (
                "bearer-token-200",
                "The header may hold the bare token or `Bearer <token>`.",
            ),
            (
                "token-missing-401",
                "Without a token, the response says nothing about the body or the customer.",
            ),
            (
                "token-unknown-401",
                "An unknown token and an expired one get the same response.",
            ),
            (
                "token-without-scope-401",
                "This token is valid, but may only read. The tokens table below shows its scopes.",
            ),
            (
                "token-in-authorization-401",
                "The token belongs into `accessToken`. The message says so.",
            ),
            (
                "two-tokens-401",
                "Two tokens in one request are rejected. None of them is tried.",
            ),
        ],
    ),
    (
        "Routes",
        &[
            (
                "unknown-customer-404",
                "The update's condition requires that the customer exists. None is created.",
            ),
            ("other-method-405", "Only PUT exists. `Allow` names it."),
            (
                "other-path-404",
                "Another path is not found, even with a valid token. DynamoDB is not asked.",
            ),
        ],
    ),
];

/// Events without a button. They differ from others only in the event's format, and the gateway makes
/// its own event of each HTTP request.
#[cfg(test)]
const WITHOUT_BUTTON: [&str; 4] = [
    "base64-body-200",
    "http-api-payload-1-200",
    "rest-api-encoded-id-200",
    "rest-api-sample-200",
];

/// Headers that a client or a gateway adds by itself.
const IMPLIED_HEADERS: [&str; 3] = ["host", "user-agent", "x-forwarded-proto"];

/// How titles spell the words of file names.
const SPELLINGS: [(&str, &str); 8] = [
    ("If match", "If-Match"),
    ("If none match", "If-None-Match"),
    ("if match", "If-Match"),
    ("content type", "Content-Type"),
    ("Http api", "HTTP API"),
    ("json", "JSON"),
    ("authorization", "Authorization"),
    ("systems names", "systems' names"),
];

/// A request of the console.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// The file name without extension.
    name: &'static str,
    title: String,
    group: &'static str,
    /// The status of the response, from the file name.
    status: String,
    explanation: &'static str,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    /// Whether `body` is the base64 of what to send.
    is_base64: bool,
}

/// What a sample takes from an API Gateway event (payload 2.0).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: String,
    headers: std::collections::BTreeMap<String, String>,
    request_context: RequestContext,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
struct RequestContext {
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// Reads the samples in the order of their buttons.
pub fn read() -> Result<Vec<Sample>, String> {
    let samples = GROUPS.iter().flat_map(|&(group, samples)| {
        let samples = samples.iter();
        samples.map(move |&(name, explanation)| sample(group, name, explanation))
    });
    samples.collect()
}

fn sample(
    group: &'static str,
    name: &'static str,
    explanation: &'static str,
) -> Result<Sample, String> {
    let path = Path::new(FOLDER).join(name).with_extension("json");
    let text = fs::read_to_string(&path);
    let event = text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let event: Event = serde_json::from_str(&event)
        .map_err(|error| format!("{} is no event: {error}", path.display()))?;
    let (words, status) = name.rsplit_once('-').unwrap_or((name, ""));
    let mut headers: Vec<_> = event.headers.into_iter().collect();
    headers.retain(|(name, _)| !IMPLIED_HEADERS.contains(&name.as_str()));
    Ok(Sample {
        name,
        title: title(words),
        group,
        status: status.to_owned(),
        explanation,
        method: event.request_context.http.method,
        target: event.raw_path,
        headers,
        body: event.body.unwrap_or_default(),
        is_base64: event.is_base64_encoded,
    })
}

/// `stale-if-match` becomes `Stale If-Match`.
fn title(words: &str) -> String {
    let mut title = words.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    for (from, to) in SPELLINGS {
        title = title.replace(from, to);
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_event_has_one_button_or_is_left_out_on_purpose() {
        let files: BTreeSet<_> = fs::read_dir(FOLDER)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                path.file_stem().unwrap().to_str().unwrap().to_owned()
            })
            .collect();
        let buttons = GROUPS.iter().flat_map(|(_, samples)| samples.iter());
        let mut names: Vec<_> = buttons.map(|(name, _)| name.to_string()).collect();
        names.extend(WITHOUT_BUTTON.map(str::to_owned));
        let unique: BTreeSet<_> = names.iter().cloned().collect();
        assert_eq!(names.len(), unique.len(), "an event has two explanations");
        let differences: Vec<_> = files.symmetric_difference(&unique).collect();
        assert!(
            differences.is_empty(),
            "only a file or only explained: {differences:?}"
        );
    }

    #[test]
    fn samples_are_the_events_without_what_a_client_adds() {
        let samples = read().unwrap();
        let find = |name| samples.iter().find(|sample| sample.name == name).unwrap();
        let stale = find("stale-if-match-412");
        assert_eq!(stale.title, "Stale If-Match");
        assert_eq!(
            (stale.status.as_str(), stale.method.as_str()),
            ("412", "PUT")
        );
        assert_eq!(stale.target, "/customers/638df9e713920facde1a1cfa");
        let names: Vec<_> = stale
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["accesstoken", "content-type", "if-match"]);
        assert!(find("compressed-body-400").is_base64);
        assert_eq!(find("other-method-405").method, "GET");
    }

    #[test]
    fn explanations_are_one_or_two_short_sentences() {
        for sample in read().unwrap() {
            let length = sample.explanation.len();
            assert!((20..=125).contains(&length), "{}: {length}", sample.name);
            assert!(sample.explanation.ends_with('.'), "{}", sample.name);
        }
    }
}
