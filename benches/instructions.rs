//! The processor instructions of a request, from the event's text to the response's, with a DynamoDB inside the process.
//! Callgrind counts them, so the load of the machine does not matter. A count over its limit is an error.
//!
//! ```sh
//! cargo bench -p benches --bench instructions
//! ```

#![expect(clippy::expect_used, reason = "a panic ends the benchmark")]

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use testkit::SAMPLE_REQUEST;
use testkit::bodies::{SHAPES, of_size};
use testkit::canned_dynamodb::{app_with_update, event, updated};
use testkit::invoke::respond;
use tokio::runtime::{Builder, Runtime};
use update_customer::App;

/// The calls of one measurement, because the SDK's hash maps make each a little different.
const CALLS: u64 = 20;

/// The longest body that the function reads, in bytes.
const LONGEST_BODY: usize = 409_600;

/// Instructions for each byte of the longest body, whatever is in it. A cost that grows faster than the body exceeds it.
const MAX_PER_BYTE: u64 = 2_400;

fn limit(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    LibraryBenchmarkConfig::default().tool(callgrind).clone()
}

/// The function, and the event that it handles.
struct Function {
    app: App,
    runtime: Runtime,
    event: String,
    /// How each response starts.
    expected: String,
}

impl Function {
    fn new(body: &str, status: u64) -> Self {
        Self {
            app: app_with_update(updated(body)),
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            event: event(body),
            expected: format!("{{\"statusCode\":{status},"),
        }
    }

    fn call(&self) {
        let response = respond(&self.app, &self.event, "request");
        let response = self.runtime.block_on(response).expect("an event");
        assert!(response.starts_with(&self.expected), "{response:.1000}");
    }
}

/// The function that knows the token, after calls that fill the SDK's caches.
fn warm(body: String) -> Function {
    let function = Function::new(&body, 200);
    for _ in 0..5 {
        function.call();
    }
    function
}

fn most_expensive(name: &str) -> Function {
    let shape = SHAPES.into_iter().find(|(known, ..)| *known == name);
    let (_, body, status) = shape.expect("a shape");
    Function::new(&body(LONGEST_BODY), status)
}

// A limit is 2 % over the count for all calls that was printed. If a change is worth more, raise it in the same commit.
#[library_benchmark]
#[bench::sample(args = (SAMPLE_REQUEST.to_owned()), setup = warm, config = limit(CALLS * 986_000))]
#[bench::body_of_10_kb(args = (of_size(10_000)), setup = warm, config = limit(CALLS * 7_551_000))]
#[bench::body_of_100_kb(args = (of_size(100_000)), setup = warm, config = limit(CALLS * 69_075_000))]
fn warm_calls(function: Function) -> Function {
    for _ in 0..CALLS {
        function.call();
    }
    function
}

const _: () = assert!(SHAPES.len() == 13, "measure each of them");

#[library_benchmark(config = limit(MAX_PER_BYTE * LONGEST_BODY as u64), setup = most_expensive)]
#[benches::of(
    "deepest nesting",
    "nested too deeply",
    "most levels",
    "most keys in one value",
    "shortest elements",
    "longest number",
    "most numbers of 38 digits",
    "most metafields",
    "most addresses",
    "most escapes",
    "most unknown fields",
    "most near misses",
    "most duplicate keys"
)]
fn most_expensive_bodies(function: Function) -> Function {
    function.call();
    function
}

library_benchmark_group!(
    name = requests,
    benchmarks = [warm_calls, most_expensive_bodies]
);
main!(library_benchmark_groups = requests);
