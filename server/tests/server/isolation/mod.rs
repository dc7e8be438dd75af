//! Ownership: every operation, by every kind of caller, on their own things, on others', on a mix of both,
//! and on nonexistent ones. On both databases.
//!
//! The tables of `functions`, `sessions`, `management` and `gateway` together list all routes and server
//! functions: a missing one fails a test. Requests name things in braces (`{key}`), so that each can be
//! exchanged, alone and in all mixes: another organization's thing must be answered exactly like a
//! nonexistent one, reveal nothing, reach no provider, and be unchanged afterwards.

mod asking;
mod callers;
mod functions;
mod gateway;
mod keys;
mod management;
mod mixes;
mod pages;
mod references;
mod scene;
mod sessions;
mod things;

use axum::http::Method;
use server::router::{self, PUBLIC_PATHS};

/// The paths that have no organization's data, so that there is nothing to exchange.
const DATALESS_PATHS: &[&str] = &["/healthz", "/readyz", "/metrics", "/openapi.json"];

#[test]
fn every_route_and_server_function_is_in_the_matrix() {
    let dataless = DATALESS_PATHS.iter().map(|path| (Method::GET, *path));
    let mut matrix: Vec<(Method, &str)> = dataless
        .chain(functions::table().iter().map(|function| (Method::POST, function.path)))
        .chain(sessions::TABLE.iter().map(|(path, ..)| (Method::GET, *path)))
        .chain(management::TABLE.iter().map(|operation| (operation.method(), operation.path)))
        .chain(gateway::table().iter().map(|operation| (operation.method.clone(), operation.path)))
        .collect();
    let mut routes = router::all_routes();
    let order = |(method, path): &(Method, &'static str)| (*path, method.to_string());
    matrix.sort_by_key(order);
    matrix.dedup();
    routes.sort_by_key(order);
    assert_eq!(matrix, routes);
}

#[test]
fn what_answers_anybody_is_said_to() {
    let mut answered: Vec<&str> = functions::table()
        .iter()
        .filter(|function| function.access == functions::Access::Anybody)
        .map(|function| function.path)
        .chain(management::TABLE.iter().filter(|operation| operation.scope.is_none()).map(|operation| operation.path))
        // Metrics are only for this machine, or with the token.
        .chain(DATALESS_PATHS.iter().copied().filter(|path| *path != "/metrics"))
        .collect();
    answered.sort_unstable();
    let mut public = PUBLIC_PATHS.to_vec();
    public.sort_unstable();
    assert_eq!(answered, public);
}
