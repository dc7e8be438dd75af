//! The management API, with keys of every kind.

mod access;
mod authz;
mod events;
mod keys;
mod leaks;
mod nginx;
mod usage;
mod verify;

use axum::{
    body::Body,
    http::{Method, Response},
};
use serde_json::Value;

use crate::world::{World, json};

const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";

impl World {
    /// The path of the keys of the first organization's project.
    fn project_keys(&self) -> String {
        format!("/v1/organization/projects/{}/api_keys", self.project.id)
    }

    async fn get_with(&self, key: &str, path: &str) -> Response<Body> {
        self.call(&Method::GET, path, Some(key), &Value::Null).await
    }

    /// Sends a request that must succeed, and returns the answer.
    async fn expect_success(&self, method: Method, path: &str, key: &str, body: Value) -> Value {
        let response = self.call(&method, path, Some(key), &body).await;
        let status = response.status();
        let answer = json(response).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    /// Sends a request that must be refused, and returns the error's status, code and param.
    async fn expect_error(&self, method: Method, path: &str, key: &str, body: Value) -> (u16, String, Option<String>) {
        let response = self.call(&method, path, Some(key), &body).await;
        let status = response.status().as_u16();
        let error = json(response).await["error"].clone();
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        assert!(text("message").is_some_and(|message| !message.is_empty()), "{method} {path}: {error}");
        (status, text("code").unwrap(), text("param"))
    }
}
