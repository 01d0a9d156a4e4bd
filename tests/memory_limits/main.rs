//! The memory that the worst request bodies take: in proportion to their size, and within a bound.
//!
//! A binary of its own, because its allocator counts. `cargo bench -p benches --bench
//! instructions` counts the instructions for the same bodies.

use testkit::bodies::SHAPES;
use testkit::canned_dynamodb::{app_with_update, call, event, updated};

/// The longest body that the function reads.
const MAX_BODY_BYTES: usize = 409_600;

/// Bytes in use at one time, for each byte of the body.
const MAX_BYTES_IN_USE: u64 = 100;

/// The same for nested lists: the SDK reserves room for four elements in each list of a response.
const MAX_BYTES_IN_USE_BY_NESTED_LISTS: u64 = 140;

/// Bytes allocated in total, for each byte of the body. A reallocation counts anew.
const MAX_BYTES_ALLOCATED: u64 = 250;

/// The status of the response, and the bytes allocated in total and in use at one time.
fn measure(body: &str) -> (u64, u64, u64) {
    let (app, request) = (app_with_update(updated(body)), event(body));
    // What the SDK initialises once does not belong to a body.
    call(&app, &event("{}"));
    let mut status = 0;
    let counted = allocation_counter::measure(|| status = call(&app, &request));
    (status, counted.bytes_total, counted.bytes_max)
}

#[test]
fn memory_is_proportional_to_the_body() {
    let (_, minimum, _) = measure(r#"{"firstName":"J","lastName":"D","email":"j@x.example"}"#);
    // A quarter of the size shows the same proportion.
    let size = if testkit::is_full_run() {
        MAX_BODY_BYTES
    } else {
        MAX_BODY_BYTES / 4
    };
    let mut violations = Vec::new();
    for (name, body, expected) in SHAPES {
        let measure = |size| {
            let body = body(size);
            let length = body.len();
            assert!(length <= size && length > size - 1_000, "{name}: {length}");
            measure(&body)
        };
        let (_, half, _) = measure(size / 2);
        let (status, total, in_use) = measure(size);
        let size = size as u64;
        assert_eq!(status, expected, "{name}");
        println!("{name}: {total} bytes allocated, {in_use} in use");
        let max_in_use = match name {
            "deepest nesting" => MAX_BYTES_IN_USE_BY_NESTED_LISTS,
            _ => MAX_BYTES_IN_USE,
        };
        if in_use > max_in_use * size || total > MAX_BYTES_ALLOCATED * size {
            violations.push(format!("{name}: {total} allocated, {in_use} in use"));
        }
        let above_minimum = |bytes: u64| bytes.saturating_sub(minimum).max(1) as f64;
        let growth = above_minimum(total) / above_minimum(half);
        if growth > 2.2 && total > 4 * size {
            violations.push(format!("{name}: {growth} times as much for twice the body"));
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
}
