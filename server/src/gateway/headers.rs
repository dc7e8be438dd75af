//! Which headers cross the gateway.

use axum::http::{HeaderMap, HeaderName, header};

/// Concerns one connection only (RFC 9110, section 7.6.1), besides what `Connection` names.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The client's credentials, what it says of its own network, and what is said anew for the provider's connection.
///
/// `accept-encoding` is among them so that usage can be read from the answer, and OpenAI's organization and project
/// since they would choose among the operator's own.
fn stays_with_client(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "x-api-key"
            | "api-key"
            | "cookie"
            | "host"
            | "content-length"
            | "expect"
            | "accept-encoding"
            | "forwarded"
            | "x-real-ip"
            | "via"
            | "openai-organization"
            | "openai-project"
    ) || name.starts_with("x-forwarded-")
}

/// What is said anew for the client's connection, or is no business of its: cookies, the operator's account, and
/// promises about the provider's own address.
fn stays_with_provider(name: &str) -> bool {
    matches!(
        name,
        "set-cookie"
            | "content-length"
            | "x-request-id"
            | "request-id"
            | "anthropic-organization-id"
            | "openai-organization"
            | "openai-project"
            | "alt-svc"
            | "strict-transport-security"
            | "via"
            | "date"
    )
}

/// The headers of a client's request that a provider sees.
pub(super) fn for_provider(headers: HeaderMap) -> HeaderMap {
    without(headers, stays_with_client)
}

/// The headers of a provider's answer that a client sees.
pub(super) fn for_client(headers: HeaderMap) -> HeaderMap {
    without(headers, stays_with_provider)
}

fn without(mut headers: HeaderMap, stays: fn(&str) -> bool) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let stays_here = |name: &&HeaderName| is_hop_by_hop(name.as_str()) || stays(name.as_str()) || named.contains(name);
    let staying: Vec<HeaderName> = headers.keys().filter(stays_here).cloned().collect();
    for name in staying {
        headers.remove(name);
    }
    headers
}

/// Whether the body is a stream of server-sent events.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let essence = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    essence
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn credentials_and_connections_stay_on_their_side() {
        let sent = headers(&[
            ("authorization", "Bearer x"),
            ("x-api-key", "x"),
            ("api-key", "x"),
            ("cookie", "x"),
            ("x-forwarded-for", "::1"),
            ("x-forwarded-proto", "https"),
            ("connection", "close, X-Private"),
            ("x-private", "x"),
            ("te", "trailers"),
            ("content-type", "application/json"),
            ("accept", "*/*"),
            ("x-stainless-lang", "python"),
            ("user-agent", "x"),
        ]);
        let mut left: Vec<_> = for_provider(sent).keys().map(ToString::to_string).collect();
        left.sort();
        assert_eq!(left, ["accept", "content-type", "user-agent", "x-stainless-lang"]);

        let answered = headers(&[
            ("set-cookie", "x"),
            ("x-request-id", "x"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/json"),
            ("openai-processing-ms", "5"),
            ("openai-organization", "x"),
        ]);
        let mut left: Vec<_> = for_client(answered).keys().map(ToString::to_string).collect();
        left.sort();
        assert_eq!(left, ["content-type", "openai-processing-ms"]);
    }

    #[test]
    fn all_values_of_a_header_pass_or_none() {
        let mut sent = HeaderMap::new();
        for (name, value) in [("x-a", "1"), ("cookie", "1"), ("x-a", "2"), ("cookie", "2")] {
            sent.append(name, value.parse().unwrap());
        }
        let left = for_provider(sent);
        assert_eq!(left.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(left.len(), 2);
    }

    #[test]
    fn event_streams_are_told_by_their_type() {
        assert!(is_event_stream(&headers(&[("content-type", "Text/Event-Stream; charset=utf-8")])));
        assert!(!is_event_stream(&headers(&[("content-type", "application/json")])));
        assert!(!is_event_stream(&HeaderMap::new()));
    }
}
