//! What the worst bodies cost: memory in proportion to their size, and not much of it.
//!
//! A binary of its own, because its allocator counts. `cargo bench --bench worst-bodies` counts
//! the instructions for the same bodies.

mod function;
mod shapes;

use function::{call, updated};

/// The largest body that is read.
const LARGEST: usize = 409_600;

/// Bytes held at one time, for each byte of the body.
const MOST_HELD: u64 = 200;

/// Bytes allocated one after the other, for each byte of the body. What is made longer or shorter counts
/// anew.
const MOST_ALLOCATED: u64 = 400;

/// The status of the answer, and bytes allocated and held meanwhile.
fn cost(body: &str) -> (u64, u64, u64) {
    let (function, event) = (function::function(updated(body)), function::event(body));
    // What is made once, such as the endpoint's rules, is no body's cost.
    call(&function, &function::event("{}"));
    let mut status = 0;
    let counted = allocation_counter::measure(|| status = call(&function, &event));
    (status, counted.bytes_total, counted.bytes_max)
}

#[test]
fn the_worst_bodies_cost_memory_in_proportion_to_their_size() {
    let (_, nothing, _) = cost(r#"{"firstName":"J","lastName":"D","email":"j@x.example"}"#);
    let mut beyond = Vec::new();
    for (name, body, expected) in shapes::SHAPES {
        let of = |size| {
            let body = body(size);
            assert!(
                body.len() <= size && body.len() > size - 300,
                "{name}: {} of {size}",
                body.len()
            );
            cost(&body)
        };
        let (_, half, _) = of(LARGEST / 2);
        let (status, total, held) = of(LARGEST);
        let size = LARGEST as u64;
        assert_eq!(status, expected, "{name}");
        println!("{name}: {total} bytes allocated, {held} held");
        let growth =
            total.saturating_sub(nothing) as f64 / half.saturating_sub(nothing).max(1) as f64;
        if held > MOST_HELD * size || total > MOST_ALLOCATED * size {
            beyond.push(format!("{name}: too much"));
        }
        if growth > 2.2 && total > 4 * size {
            beyond.push(format!("{name}: {growth} times as much for twice the body"));
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}
