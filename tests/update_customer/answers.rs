//! The whole of each answer: status, headers, envelope.

use serde_json::{Value, json};

use crate::support::{Answer, CUSTOMER_ID, READ_TOKEN, REQUEST_ID, Stand, put};

/// An instant in UTC with milliseconds and `Z`.
#[track_caller]
fn assert_is_recent_utc_instant(text: &Value) {
    let text = text.as_str().unwrap();
    assert!(
        text.len() == "2026-01-31T12:34:56.789Z".len() && text.ends_with('Z'),
        "{text}"
    );
    let age = std::time::SystemTime::now().duration_since(humantime::parse_rfc3339(text).unwrap());
    assert!(age.unwrap().as_secs() < 600, "{text}");
}

#[track_caller]
fn assert_headers(answer: &Answer, more: &[(&str, &str)]) {
    let mut expected = vec![
        ("cache-control", "no-store"),
        ("content-type", "application/json"),
        ("x-content-type-options", "nosniff"),
    ];
    expected.extend(more);
    expected.sort_unstable();
    let headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(headers, expected);
}

#[tokio::test]
async fn the_published_sample_gets_200_with_every_documented_key() {
    let stand = Stand::new().await;
    for (event, version) in [
        (put().http_api_event(), "\"7\""),
        (put().rest_api_event(), "\"8\""),
    ] {
        let mut answer = stand.send_event(&event).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_headers(&answer, &[("x-customer-version", version)]);
        assert_is_recent_utc_instant(&answer.body["data"]["updatedAt"]);
        answer.body["data"]["updatedAt"] = json!("now");
        let expected = json!({
            "success": true,
            "message": "Customer updated successfully",
            "data": {
                "id": "638df9e713920facde1a1cfa",
                "email": "john@aximcommerce.com",
                "firstName": "John",
                "lastName": "Doe",
                "phoneNumber": "65161861",
                "role": "customer",
                "verifiedEmail": false,
                "company": "6371cd895b77326cf992d5bb",
                "status": "active",
                "newsletter": true,
                "metaFields": [{"code": "p21_contact_id", "value": 12548}],
                "isB2B": true,
                "createdBy": {"id": "6371cd895b77326cf992d5ba", "name": "Axim Commerce"},
                "createdAt": "2022-12-05T14:01:43.000Z",
                "updatedAt": "now",
                "address": [{
                    "firstName": "John", "lastName": "Doe", "phoneNumber": "65161861",
                    "address1": "12/4, test st", "address2": "", "city": "Elizabeth", "state": "NJ",
                    "country": "US", "zipcode": "07202", "isDefaultAddress": false
                }],
                "notes": "NOTE AREA"
            }
        });
        assert_eq!(answer.body, expected);
    }
}

#[tokio::test]
async fn a_customer_with_nothing_stored_shows_every_key_with_its_type() {
    let stand = Stand::new().await;
    stand.store(&json!({"id": "bare"})).await;
    let mut answer = stand.send(put().id("bare").with(json!({}))).await;
    assert_headers(&answer, &[("x-customer-version", "\"1\"")]);
    answer.body["data"]["updatedAt"] = json!("now");
    let expected = json!({
        "id": "bare", "email": "john.doe@aximcommerce.com", "firstName": "John", "lastName": "Doe",
        "phoneNumber": "", "role": "", "verifiedEmail": false, "company": "", "status": "",
        "newsletter": false, "metaFields": [], "isB2B": false, "createdBy": {}, "createdAt": "",
        "updatedAt": "now", "address": [], "notes": ""
    });
    assert_eq!(answer.data(), &expected);
}

#[tokio::test]
async fn a_field_fault_names_pointer_code_and_sentence() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().with(json!({"address": [{"country": "us"}]})))
        .await;
    assert_eq!(answer.status, 400);
    assert_headers(&answer, &[]);
    let expected = json!({
        "success": false,
        "message": "`country` must be written in capitals, such as `US`",
        "code": "invalid_request",
        "errors": [{
            "pointer": "/address/0/country",
            "code": "invalid_country",
            "message": "`country` must be written in capitals, such as `US`"
        }],
        "requestId": REQUEST_ID
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn an_answer_without_field_faults_has_no_errors() {
    let stand = Stand::new().await;
    let unknown = stand.send(put().id("nobody")).await;
    assert_eq!(unknown.status, 404);
    assert_headers(&unknown, &[]);
    let expected = json!({
        "success": false, "message": "No customer has this id", "code": "customer_not_found",
        "requestId": REQUEST_ID
    });
    assert_eq!(unknown.body, expected);

    let syntax = stand.send(put().body("{\n \"firstName\": }")).await;
    assert_eq!(syntax.status, 400);
    assert_headers(&syntax, &[]);
    let expected = json!({
        "success": false,
        "message": "The body is not valid JSON: expected value at line 2, column 15",
        "code": "invalid_request", "requestId": REQUEST_ID
    });
    assert_eq!(syntax.body, expected);
}

#[tokio::test]
async fn a_401_says_how_to_authenticate() {
    let stand = Stand::new().await;
    for (request, challenge, code, message) in [
        (
            put().without_header("accessToken"),
            "Bearer",
            "token_missing",
            "Send an access token in the accessToken header",
        ),
        (
            put().token("unknown"),
            "Bearer error=\"invalid_token\"",
            "token_invalid",
            "The access token is not valid; send a current one in the accessToken header",
        ),
        (
            put().token(READ_TOKEN),
            "Bearer error=\"insufficient_scope\"",
            "insufficient_permission",
            "The access token lacks the scope customers:write",
        ),
    ] {
        let answer = stand.send(request).await;
        assert_eq!(answer.status, 401);
        assert_headers(&answer, &[("www-authenticate", challenge)]);
        let expected =
            json!({"success": false, "message": message, "code": code, "requestId": REQUEST_ID});
        assert_eq!(answer.body, expected);
    }
}

#[tokio::test]
async fn a_stale_if_match_gets_412_with_the_current_version() {
    let stand = Stand::new().await;
    let answer = stand.send(put().if_match("\"5\"")).await;
    assert_eq!(answer.status, 412);
    assert_headers(&answer, &[("x-customer-version", "\"6\"")]);
    let expected = json!({
        "success": false,
        "message": "The customer has changed since the version in If-Match; look at X-Customer-Version, merge and try again",
        "code": "version_conflict", "requestId": REQUEST_ID
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn several_faults_are_counted_and_the_first_is_told() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().json(&json!({"firstName": 1, "emial": "j@x.com"})))
        .await;
    assert_eq!(
        answer.body["message"],
        "4 faults in the body. The first: `firstName` must be a string"
    );
    assert_eq!(
        answer.faults(),
        [
            "/firstName invalid_type",
            "/lastName required",
            "/email required",
            "/emial unknown_field"
        ]
    );
    assert_eq!(
        answer.body["errors"][3]["message"],
        "There is no such field; did you mean `email`?"
    );
}

#[tokio::test]
async fn a_hundred_faults_are_listed_at_most() {
    let stand = Stand::new().await;
    let list: Vec<_> = (0..150).map(|_| json!({})).collect();
    let answer = stand.send(put().with(json!({"address": list}))).await;
    assert_eq!(answer.faults().len(), 100);
    assert_eq!(answer.faults()[99], "/address/99 empty_object");
    assert_eq!(
        answer.body["message"],
        "150 faults in the body, the first 100 listed. The first: An address must hold at least one value"
    );
}

#[tokio::test]
async fn values_are_never_echoed() {
    let stand = Stand::new().await;
    let secret = "s3cr3t-value\u{7}";
    let answer = stand
        .send(put().json(&json!({
            "firstName": secret, "lastName": [secret], "email": secret, "phoneNumber": secret, "status": secret,
            "company": secret, "notes": secret, "unknown": secret,
            "address": [{"country": secret, "city": secret, "isDefaultAddress": secret}],
            "metaFields": [{"code": secret, "value": 1}, secret]
        })))
        .await;
    assert_eq!(answer.faults().len(), 13, "{}", answer.body);
    assert!(
        !answer.body.to_string().contains("s3cr3t"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_id_in_data_is_the_id_of_the_path() {
    let stand = Stand::new().await;
    let answer = stand.send(put().with(json!({"id": "other"}))).await;
    assert_eq!(answer.data()["id"], CUSTOMER_ID);
}
