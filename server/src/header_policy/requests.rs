//! Headers of clients' requests that providers get. The others are removed: they concern the client's
//! connection, network, browser and credentials.
//!
//! Source: the headers sent by the official SDKs of OpenAI and Anthropic, and by other clients.

/// Headers that pass. A name that ends with `*` is a prefix.
pub(super) const PASSING: &[&str] = &[
    "accept",
    "content-type",
    "user-agent",
    // The providers' own.
    "anthropic-*",
    "idempotency-key",
    "openai-*",
    "x-client-request-id",
    "x-stainless-*",
    // Claude Code and Codex.
    "conversation_id",
    "originator",
    "session_id",
    "x-app",
    "x-codex-*",
    // Node's `fetch`.
    "accept-language",
    "sec-fetch-mode",
    // W3C Trace Context.
    "traceparent",
    "tracestate",
];

/// Headers that no operator can add: they apply to one connection, are set by the gateway, are credentials,
/// choose among the operator's own accounts, or turn the checked request into another one.
pub(super) const NEVER: &[&str] = &[
    "accept-encoding",
    "anthropic-organization*",
    "anthropic-workspace*",
    "api-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "cookie*",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "ocp-apim-subscription-key",
    "openai-organization",
    "openai-project",
    "proxy-*",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-api-key",
    "x-forwarded-*",
    "x-goog-api-key",
    "x-goog-user-project",
    "x-http-method*",
    "x-method-override",
    "x-original-*",
    "x-real-ip",
    "x-rewrite-url",
    "x-tollhouse-*",
];
