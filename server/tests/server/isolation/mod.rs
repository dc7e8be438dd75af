//! Whose is what: every operation that there is, by everybody, about what is theirs, what is another's, a mix of both, and
//! what doesn't exist. On both databases.
//!
//! The tables of `functions`, `sessions`, `management` and `gateway` together are the list of routes and server
//! functions: one that is missing from them fails a test. Requests name things in braces (`{key}`), so that all of them
//! can be exchanged, each by itself and in all mixes: what is another's is answered exactly as what doesn't exist, tells
//! nothing, reaches no provider, and is what it was afterwards.

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

/// What watches the server asks: no data of any organization, so that there is nothing to be exchanged.
const MONITORS: &[&str] = &["/healthz", "/readyz", "/metrics"];

#[test]
fn every_route_and_server_function_is_in_the_matrix() {
    let monitors = MONITORS.iter().map(|path| (Method::GET, *path));
    let mut matrix: Vec<(Method, &str)> = monitors
        .chain(functions::table().iter().map(|function| (Method::POST, function.path)))
        .chain(sessions::TABLE.iter().map(|(path, ..)| (Method::GET, *path)))
        .chain(management::TABLE.iter().map(|operation| (operation.method(), operation.path)))
        .chain(gateway::table().iter().map(|operation| (operation.method.clone(), operation.path)))
        .collect();
    let mut routes = router::listed();
    let order = |(method, path): &(Method, &'static str)| (*path, method.to_string());
    matrix.sort_by_key(order);
    matrix.dedup();
    routes.sort_by_key(order);
    assert_eq!(matrix, routes);
}

#[test]
fn what_answers_anybody_is_said_to() {
    let mut anybodys: Vec<&str> = functions::table()
        .iter()
        .filter(|function| function.least == functions::Least::Anybody)
        .map(|function| function.path)
        .chain(management::TABLE.iter().filter(|operation| operation.scope.is_none()).map(|operation| operation.path))
        // Metrics are told to this machine, or to whoever has the token.
        .chain(MONITORS.iter().copied().filter(|path| *path != "/metrics"))
        .collect();
    anybodys.sort_unstable();
    let mut public = PUBLIC_PATHS.to_vec();
    public.sort_unstable();
    assert_eq!(anybodys, public);
}
