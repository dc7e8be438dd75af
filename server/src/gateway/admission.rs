//! Decides whether a key admits a request to the gateway.

use std::sync::Arc;

use axum::http::request::Parts;
use domain::{api_keys::Scope, calls::RejectionRule};
use services::api_keys::directory::KeyRecord;

use super::{Gateway, MODELS, endpoint::ENDPOINTS};
use crate::v1::{error::V1Error, state::KeyRejection};

impl Gateway {
    /// Authenticates a request, checks that its key has `scope`, and records the use.
    pub(super) async fn admit(&self, request: &Parts, scope: Scope) -> Result<Arc<KeyRecord>, KeyRejection> {
        let authenticated = self.v1.identify(request).await?;
        let key = &authenticated.key;
        let reject = |refusal| {
            Err(self.v1.record_rejection(KeyRejection { refusal, key: Some(Arc::clone(key)) }, authenticated.ip))
        };
        if !key.grants(scope) {
            let could_have = Scope::of(key.level).contains(&scope);
            let rule = if could_have { RejectionRule::Scope } else { RejectionRule::Level };
            return reject(V1Error::missing_scope(key.level, scope).by_rule(rule));
        }
        if key.project_archived {
            return reject(V1Error::project_archived());
        }
        self.v1.record_use(&authenticated, request);
        Ok(authenticated.key)
    }

    /// Whether a model of this name is on offer.
    pub(crate) fn offers_model(&self, model: &str) -> bool {
        self.offer(model).is_some()
    }

    /// The scope that a path requires, whatever the method; `None` for an unknown path, or one written in a
    /// way that hides which it is.
    pub(crate) fn scope_of_path(path: &str) -> Option<Scope> {
        let segments: Vec<&str> = path.split('/').collect();
        if segments.iter().any(|segment| matches!(*segment, "." | "..") || segment.contains(['%', '\\', ';'])) {
            return None;
        }
        if path.strip_prefix(MODELS).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Some(Scope::Models);
        }
        let fits = |pattern: &str| {
            let pattern: Vec<&str> = pattern.split('/').collect();
            let matches =
                |(pattern, segment): (&&str, &&str)| pattern == segment || *pattern == "{id}" && !segment.is_empty();
            pattern.len() == segments.len() && pattern.iter().zip(&segments).all(matches)
        };
        ENDPOINTS.iter().find(|endpoint| fits(endpoint.path)).map(|endpoint| endpoint.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paths_scope_is_that_of_what_it_calls() {
        for (path, scope) in [
            ("/v1/chat/completions", Some(Scope::Chat)),
            ("/v1/files/file-1/content", Some(Scope::Files)),
            ("/v1/models", Some(Scope::Models)),
            ("/v1/files/../chat/completions", None),
            ("/v1/files/..", None),
            ("/v1/files/%2e%2e", None),
            ("/v1/files//content", None),
            ("//v1/files", None),
            ("/v1", None),
            ("/report.pdf", None),
            ("", None),
        ] {
            assert_eq!(Gateway::scope_of_path(path), scope, "{path}");
        }
    }
}
