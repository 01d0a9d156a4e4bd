//! Runs a property test on the function.

use std::future::Future;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::TestApp;

/// Checks `property` on `cases` generated inputs, all with one app. Fails with the smallest failing
/// input.
pub fn check<T, F>(
    cases: u32,
    inputs: impl Strategy<Value = T>,
    property: impl Fn(Arc<TestApp>, T) -> F,
) where
    T: std::fmt::Debug,
    F: Future<Output = Result<(), TestCaseError>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = Arc::new(runtime.block_on(TestApp::new()));
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let run = |input| runtime.block_on(property(Arc::clone(&app), input));
    let outcome = TestRunner::new(config).run(&inputs, run);
    runtime.block_on(async move { drop(app) });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\ninput: {input:?}"),
        Err(error) => panic!("{error}"),
    }
}
