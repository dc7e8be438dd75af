//! The API, OpenAI's or Anthropic's, that a request is meant for.

use axum::http::HeaderMap;

/// The API that a path belongs to. It decides the form of errors, and which providers understand the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

/// Headers by which requests of Anthropic's clients are recognized.
const ANTHROPICS_HEADERS: [&str; 2] = ["anthropic-version", "anthropic-beta"];
/// Paths of Anthropic's API that are offered.
const OFFERED_ANTHROPICS_PATHS: [&str; 2] = ["/v1/messages", "/v1/messages/count_tokens"];
/// Paths of Anthropic's API that aren't offered and don't exist in OpenAI's.
const ANTHROPICS_PATHS: [&str; 3] = ["/v1/complete", "/v1/skills", "/v1/organizations"];
/// Another such path, below one that is offered.
const ANTHROPICS_BATCHES: &str = "/v1/messages/batches";

/// Whether a path belongs to a part of Anthropic's API that isn't offered, at the right base URL.
pub(crate) fn is_anthropics(path: &str) -> bool {
    ANTHROPICS_PATHS.into_iter().chain([ANTHROPICS_BATCHES]).any(|parent| is_under(path, parent))
}

/// Whether `path` is `parent` or below it.
fn is_under(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Dialect {
    /// The API that a request is meant for, by its path, which needn't exist, and otherwise by its headers.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let mut paths = OFFERED_ANTHROPICS_PATHS.into_iter().chain(ANTHROPICS_PATHS);
        // Also under a wrong base URL.
        let tail = path.find("/v1/").map_or("", |at| &path[at..]);
        if paths.any(|parent| is_under(path, parent) || tail == parent) {
            Self::Anthropic
        } else {
            Self::of_headers(headers)
        }
    }

    /// The API that a request is meant for, by its headers.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Self {
        let is_anthropics = ANTHROPICS_HEADERS.iter().any(|name| headers.contains_key(*name));
        if is_anthropics { Self::Anthropic } else { Self::OpenAi }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_path_belongs_to_the_same_api() {
        let (empty, version) =
            (HeaderMap::new(), HeaderMap::from_iter([("anthropic-version".parse().unwrap(), "1".parse().unwrap())]));
        for path in [
            "/v1/messages",
            "/v1/messages/",
            "/v1/messages/count_tokens",
            "/v1/messages/batches/b-1",
            "/v1/complete",
            "/v1/skills/s-1",
            "/anthropic/v1/messages",
        ] {
            assert_eq!(Dialect::of(path, &empty), Dialect::Anthropic, "{path}");
        }
        for path in ["/v1/chat/completions", "/v1/completions", "/v1/messages2", "/v1/nothing", "/v1", ""] {
            assert_eq!(Dialect::of(path, &empty), Dialect::OpenAi, "{path}");
            assert_eq!(Dialect::of(path, &version), Dialect::Anthropic, "{path}");
        }
    }
}
