//! The answers that travel with a page, so that it is filled without another round trip.
//!
//! The server puts [`Boot`] into the page as JSON; the dashboard takes each answer
//! once, by the [`key`](answer_key) of the question it would have asked.

use std::collections::HashMap;

use domain::{accounts::Welcome, ids::CallId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a page brings along.
#[derive(Debug, Deserialize, Serialize)]
pub struct Boot {
    /// Who looks at it.
    pub welcome: Welcome,
    /// The newest call of its organization before the answers were made, so that none is missed after them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<CallId>,
    /// The answers to what the page asks first, by [`answer_key`].
    pub answers: HashMap<String, Box<RawValue>>,
}

/// The key of an answer: the server function's path and its arguments as JSON, such as
/// `/api/usage/report {"organization":"acme","query":{…}}`.
///
/// A server function's own type holds its arguments: `answer_key(List::PATH, &List { organization })`.
pub fn answer_key(path: &str, arguments: &impl Serialize) -> String {
    key(path, &serde_json::to_string(arguments).unwrap_or_default())
}

/// The same for arguments that are JSON already.
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
        let question = api_keys::PolicyQuestion { organization: "acme".to_owned() };
        assert_eq!(
            answer_key(<api_keys::PolicyQuestion as ServerFn>::PATH, &question),
            r#"/api/api_keys/policy {"organization":"acme"}"#
        );
        assert_eq!(
            answer_key(<accounts::Sessions as ServerFn>::PATH, &accounts::Sessions {}),
            "/api/accounts/sessions {}"
        );
    }
}
