//! Answers embedded in a page, so that it is filled without another round trip.
//!
//! The server writes [`Boot`] into the page as JSON; the dashboard takes each answer once, by the
//! [`key`](answer_key) of the request it would have sent.

use std::collections::HashMap;

use domain::{accounts::Welcome, ids::CallId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Data embedded in a page.
#[derive(Debug, Deserialize, Serialize)]
pub struct Boot {
    /// The signed-in user, if any.
    pub welcome: Welcome,
    /// The organization's newest call before the answers were produced, so that no later call is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<CallId>,
    /// Answers to the page's first requests, by [`answer_key`].
    pub answers: HashMap<String, Box<RawValue>>,
}

/// Returns the key of an answer: the server function's path and its arguments as JSON, such as
/// `/api/usage/report {"organization":"acme","query":{…}}`.
///
/// A server function's own type holds its arguments: `answer_key(List::PATH, &List { organization })`.
pub fn answer_key(path: &str, arguments: &impl Serialize) -> String {
    key(path, &serde_json::to_string(arguments).unwrap_or_default())
}

/// [`answer_key`] for arguments that are JSON already.
pub(crate) fn key(path: &str, arguments: &str) -> String {
    format!("{path} {arguments}")
}

#[cfg(test)]
mod tests {
    use server_fn::ServerFn;

    use super::*;
    use crate::api::{accounts, api_keys};

    #[test]
    fn a_question_is_known_by_its_path_and_arguments() {
        let request = api_keys::PolicyRequest { organization: "acme".to_owned() };
        assert_eq!(
            answer_key(<api_keys::PolicyRequest as ServerFn>::PATH, &request),
            r#"/api/api_keys/policy {"organization":"acme"}"#
        );
        assert_eq!(
            answer_key(<accounts::Sessions as ServerFn>::PATH, &accounts::Sessions {}),
            "/api/accounts/sessions {}"
        );
    }
}
