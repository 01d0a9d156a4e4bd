//! The operations of the API, one row each.

use lambda_http::http::Method;

/// Where an operation is, and who may call it.
pub(crate) struct Route {
    pub method: Method,
    /// The path before its one parameter.
    pub path: &'static str,
    /// The last segment of the path, as API Gateway names it.
    pub parameter: &'static str,
    /// The scope that an access token needs.
    pub scope: &'static str,
    pub operation: Operation,
}

/// What a route does. `handler` has the steps of each.
pub(crate) enum Operation {
    UpdateCustomer,
}

pub(crate) const ROUTES: &[Route] = &[Route {
    method: Method::PUT,
    path: "/customers/",
    parameter: "customer_id",
    scope: "customers:write",
    operation: Operation::UpdateCustomer,
}];
