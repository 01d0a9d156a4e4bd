//! The response to an update, and the stored customer after it.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::assertions::assert_headers;
use crate::support::{SAMPLE_REQUEST, TestApp, put, sample_customer};

/// The text is a time of the last ten minutes, in UTC with milliseconds and `Z`.
#[track_caller]
fn assert_is_recent_utc_instant(text: &Value) {
    let text = text.as_str().unwrap();
    let instant = humantime::parse_rfc3339(text).unwrap();
    let with_milliseconds = humantime::format_rfc3339_millis(instant);
    assert_eq!(with_milliseconds.to_string(), text);
    let age = std::time::SystemTime::now().duration_since(instant);
    assert!(age.unwrap().as_secs() < 600, "{text}");
}

#[tokio::test]
async fn published_sample_is_stored_and_shown_and_other_attributes_are_kept() {
    let app = TestApp::new().await;
    let unknown = json!({"level": [3, null, "x"]});
    app.store_sample(|customer| customer["loyaltyTier"] = unknown.clone())
        .await;
    let mut data = json!({
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
        "address": [{
            "firstName": "John", "lastName": "Doe", "phoneNumber": "65161861",
            "address1": "12/4, test st", "address2": "", "city": "Elizabeth", "state": "NJ",
            "country": "US", "zipcode": "07202", "isDefaultAddress": false
        }],
        "notes": "NOTE AREA"
    });
    for (event, version) in [
        (put().sample().http_api_event(), 7),
        (put().sample().rest_api_event(), 8),
    ] {
        let response = app.send_event(&event).await;
        let now = &response.data()["updatedAt"];
        assert_is_recent_utc_instant(now);
        data["updatedAt"] = now.clone();
        let message = "Customer updated successfully";
        let expected = json!({"success": true, "message": message, "data": data});
        assert_eq!(response.body, expected);
        let tag = format!("\"{version}\"");
        assert_headers(&response, &[("x-customer-version", &tag)]);
        let mut stored = data.clone();
        stored["loyaltyTier"] = unknown.clone();
        stored["version"] = json!(version);
        stored["updatedBy"] = json!("demo-erp");
        assert_eq!(app.stored().await, stored);
    }
}

#[tokio::test]
async fn missing_customer_gets_404_and_is_not_created() {
    let app = TestApp::new().await;
    let request = put().id("nobody");
    let if_match = ["*", "\"0\"", "\"7\"", "W/\"7\""].map(|value| request.clone().if_match(value));
    for request in [request].into_iter().chain(if_match) {
        let case = format!("{request:?}");
        let response = app.send(request).await;
        let found = (response.status, response.header("x-customer-version"));
        assert_eq!(found, (404, None), "{case}");
        assert_eq!(app.stored_with_id("nobody").await, None);
    }
}

#[tokio::test]
async fn lists_replace_stored_lists_and_text_keeps_every_character() {
    let app = TestApp::new().await;
    let text = " e\u{301} é 😀 \u{200b}\u{200f} <b>&amp;</b> '\"\\ ";
    let empty = json!({
        "firstName": "", "lastName": "", "phoneNumber": "", "address1": "", "address2": "", "city": "",
        "state": "", "country": "", "zipcode": ""
    });
    let sent =
        json!([{"city": "B", "state": null, "isDefaultAddress": null}, {"city": text}, empty]);
    // Null leaves a member of an address out, and no address becomes the default.
    let address = json!([{"city": "B"}, {"city": text}, empty]);
    let meta_fields = json!([{"code": "z", "value": null}, {"code": "a", "value": 2}]);
    let fields = json!({"address": sent, "metaFields": meta_fields, "company": text});
    let response = app.send(put().with(fields)).await;
    let stored = app.stored().await;
    for customer in [response.data(), &stored] {
        assert_eq!(customer["address"], address);
        assert_eq!(customer["metaFields"], meta_fields);
        assert_eq!(customer["company"], text);
    }
}

#[tokio::test]
async fn email_change_by_more_than_letter_case_resets_the_flag_in_one_write() {
    let app = TestApp::new().await;
    let old = Some("john.doe@aximcommerce.com");
    for (before, email, flag, expected) in [
        (old, "new@aximcommerce.com", Some(true), json!(false)),
        (old, "John.DOE@AximCommerce.com", Some(true), json!(true)),
        (old, "john.doe@aximcommerce.com", Some(true), json!(true)),
        (old, "john.doe@aximcommerce.com", Some(false), json!(false)),
        (old, "new@aximcommerce.com", None, Value::Null),
        (None, "new@aximcommerce.com", Some(true), json!(false)),
    ] {
        let case = format!("{before:?} {email} {flag:?}");
        let mut customer = sample_customer();
        let members = customer.as_object_mut().unwrap();
        members.retain(|name, _| *name != "verifiedEmail" && *name != "email");
        members.extend(before.map(|email| ("email".to_owned(), json!(email))));
        members.extend(flag.map(|flag| ("verifiedEmail".to_owned(), json!(flag))));
        app.store(&customer).await;
        let response = app.send(put().with(json!({"email": email}))).await;
        assert_eq!(response.data()["verifiedEmail"], expected == true, "{case}");
        let stored = app.stored().await;
        let flag = stored.get("verifiedEmail").unwrap_or(&Value::Null);
        assert_eq!(*flag, expected, "{case}");
        assert_eq!(stored["email"], email, "{case}");
        assert_eq!(stored["version"], 7, "{case}: one write");
    }
}

#[tokio::test]
async fn list_entries_are_shown_as_stored() {
    let app = TestApp::new().await;
    let entries = json!([{"code": 1, "value": "x", "other": []}, "text", 7, null, [1], {}]);
    app.store_sample(|customer| {
        customer["address"] = entries.clone();
        customer["metaFields"] = entries.clone();
    })
    .await;
    let response = app.send(put()).await;
    assert_eq!(response.data()["address"], entries);
    assert_eq!(response.data()["metaFields"], entries);
    let again = app.send(put().json(response.data())).await;
    let errors = again.validation_errors();
    for entry in ["/address/0", "/address/1", "/metaFields/0/code"] {
        let is_listed = errors.iter().any(|error| error.starts_with(entry));
        assert!(is_listed, "{entry}: {errors:#?}");
    }
}

#[tokio::test]
async fn number_longer_than_64_characters_is_shown_with_an_exponent() {
    let app = TestApp::new().await;
    let sent = "[1e63, 1e64, -1e62, -1e63, 1e125, 1e-63, 12e-64, 12345e60]";
    let body = SAMPLE_REQUEST.replace("12548", sent);
    let response = app.send(put().body(body)).await;
    let zeros = |count: usize| "0".repeat(count);
    let (positive, negative) = (zeros(63), zeros(62));
    let shown = format!("[1{positive},1e64,-1{negative},-1e63,1e125,1e-63,1.2e-63,1.2345e64]");
    assert!(response.text.contains(&shown), "{}", response.text);
}
