//! Headers of a client's request that providers see. All others stay here: they are about the client's connection, network,
//! browser and credentials.
//!
//! Source: what the official SDKs of OpenAI and Anthropic send, and the clients that are built on them or beside them.

/// A name, or with `*` at its end all that begin with it.
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
    // What Node's `fetch` says of itself.
    "accept-language",
    "sec-fetch-mode",
    // W3C Trace Context.
    "traceparent",
    "tracestate",
];

/// What no operator can add: it is for one connection only, is said anew to the provider, is a credential, chooses among
/// the operator's own accounts, or makes another request of the one that was checked.
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
