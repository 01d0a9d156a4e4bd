//! The body as bytes: strict JSON, and all of its faults at once.

use aws_smithy_types::base64;
use serde_json::json;

use crate::support::store::SAMPLE_REQUEST;
use crate::support::{Stand, put};

#[tokio::test]
async fn what_is_not_one_json_object_is_400() {
    let stand = Stand::new().await;
    let sample = SAMPLE_REQUEST.trim();
    for body in [
        "".to_owned(),
        " ".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        format!("[{sample}]"),
        r#"["John", "Doe", "john@aximcommerce.com"]"#.to_owned(),
        "\"text\"".to_owned(),
        "firstName=John".to_owned(),
        format!("{sample}{sample}"),
        format!("{sample},"),
        format!("{sample}\0"),
        format!("\u{feff}{sample}"),
        sample[..sample.len() - 1].to_owned(),
        sample.replace("\"John\"", "'John'"),
        sample.replace("12548", "012548"),
        sample.replace("12548", "NaN"),
        sample.replace("John", "\\ud800"),
        sample.replace("John", "a\nb"),
    ] {
        let answer = stand.send(put().body(&body)).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.body["code"], "invalid_request");
        assert_eq!(answer.body.get("errors"), None, "{body}");
    }
    for body in [&b"{\"firstName\": \"\xff\"}"[..], b"\xff\xfe{\0}\0"] {
        assert_eq!(stand.send(put().body(body)).await.status, 400);
    }
}

#[tokio::test]
async fn a_syntax_error_has_line_and_column() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().body("{\n  \"firstName\": \"John\"\n  \"lastName\": \"Doe\"\n}"))
        .await;
    assert_eq!(
        answer.body["message"],
        "The body is not valid JSON: expected `,` or `}` at line 3, column 3"
    );
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused_at_any_depth() {
    let stand = Stand::new().await;
    let body = r#"{"firstName": "John", "lastName": "Doe", "email": "john@aximcommerce.com",
        "status": "active", "status": "active", "unknown": {"a": 1, "a": 1},
        "address": [{"city": "A", "c\u0069ty": "B"}],
        "metaFields": [{"code": "c", "value": {"x": [{"y": 1, "y": 2}]}, "code": "d"}]}"#;
    let answer = stand.send(put().body(body)).await;
    assert_eq!(
        answer.faults(),
        [
            "/status duplicate_key",
            "/unknown/a duplicate_key",
            "/address/0/city duplicate_key",
            "/metaFields/0/value/x/0/y duplicate_key",
            "/metaFields/0/code duplicate_key",
            "/unknown unknown_field"
        ]
    );
    assert_eq!(
        answer.body["errors"][0]["message"],
        "The same key comes twice in one object, the second time at line 2, column 29; send it once"
    );
}

#[tokio::test]
async fn a_base64_body_is_decoded_first() {
    let stand = Stand::new().await;
    for mut event in [put().http_api_event(), put().rest_api_event()] {
        event["body"] = json!(base64::encode(SAMPLE_REQUEST));
        event["isBase64Encoded"] = json!(true);
        assert_eq!(stand.send_event(&event).await.data()["firstName"], "John");
    }
}

#[tokio::test]
async fn a_body_of_400_kb_is_read_and_one_byte_more_is_not() {
    let stand = Stand::new().await;
    let padded = |bytes: usize| {
        format!(
            "{}{}",
            SAMPLE_REQUEST,
            " ".repeat(bytes - SAMPLE_REQUEST.len())
        )
    };
    assert_eq!(stand.send(put().body(padded(409_600))).await.status, 200);
    let answer = stand.send(put().body(padded(409_601))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body["message"],
        "The body is larger than 400 KB (409,600 bytes)"
    );
}

#[tokio::test]
async fn a_merged_item_over_dynamodbs_limit_is_400() {
    let stand = Stand::new().await;
    stand
        .store_sample(|customer| customer["unknownToTheFunction"] = json!("x".repeat(250_000)))
        .await;
    let value = "v".repeat(200_000);
    let answer = stand
        .send(put().with(json!({"metaFields": [{"code": "big", "value": value}]})))
        .await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (400, &json!("invalid_request"))
    );
    assert_eq!(
        answer.body["message"],
        "With this update the customer would be larger than the 400 KB that can be stored; shorten notes, address or metaFields"
    );
    assert_eq!(
        stand.stored().await["firstName"],
        "Jon",
        "nothing is half done"
    );
}

#[tokio::test]
async fn unknown_fields_are_refused_at_every_level_with_a_hint() {
    let stand = Stand::new().await;
    let answer = stand
        .send(put().with(json!({
            "emial": "x", "first_name": "x", "Company": "x", "version": 7, "updatedBy": "me", "": 1,
            "address": [{"city": "A", "zipCode": "1", "street": "x"}],
            "metaFields": [{"code": "c", "value": {"anything": {"goes": true}}, "vlaue": 1}]
        })))
        .await;
    let hints: Vec<_> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["pointer"].as_str().unwrap(),
                fault["message"].as_str().unwrap(),
            )
        })
        .collect();
    let plain = "There is no such field; leave it out";
    assert_eq!(
        hints,
        [
            (
                "/address/0/zipCode",
                "There is no such field; did you mean `zipcode`?"
            ),
            ("/address/0/street", plain),
            (
                "/metaFields/0/vlaue",
                "There is no such field; did you mean `value`?"
            ),
            ("/emial", "There is no such field; did you mean `email`?"),
            (
                "/first_name",
                "There is no such field; did you mean `firstName`?"
            ),
            (
                "/Company",
                "There is no such field; did you mean `company`?"
            ),
            ("/version", plain),
            (
                "/updatedBy",
                "There is no such field; did you mean `updatedAt`?"
            ),
            ("/", plain),
        ]
    );
    assert!(
        answer
            .faults()
            .iter()
            .all(|fault| fault.ends_with(" unknown_field"))
    );
}

#[tokio::test]
async fn read_only_names_may_be_sent_and_are_ignored() {
    let stand = Stand::new().await;
    let before = stand.stored().await;
    let read_only = json!({
        "id": "other", "role": "admin", "verifiedEmail": false, "newsletter": false, "isB2B": false,
        "createdBy": {"id": "me"}, "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": 0
    });
    let answer = stand.send(put().with(read_only.clone())).await;
    let after = stand.stored().await;
    for name in [
        "id",
        "role",
        "verifiedEmail",
        "newsletter",
        "isB2B",
        "createdBy",
        "createdAt",
    ] {
        assert_eq!(after[name], before[name], "{name}");
        assert_eq!(answer.data()[name], before[name], "{name}");
    }
    assert_ne!(answer.data()["updatedAt"], json!(0));
}

#[tokio::test]
async fn an_answers_data_can_be_edited_and_sent_back_whole() {
    let stand = Stand::new().await;
    let mut data = stand.send(put()).await.data().clone();
    data["notes"] = json!("edited");
    let mut answer = stand.send(put().json(&data)).await;
    answer.body["data"]["updatedAt"] = data["updatedAt"].clone();
    assert_eq!(answer.data(), &data);
}
