//! Headers of a provider's answer that clients see. All others stay here: most of what else providers, and the proxies
//! before them, send is about their own address, the operator's account, or what a browser is to do there.
//!
//! Source: the API references of OpenAI and Anthropic, and what their official SDKs read.

/// A name, or with `*` at its end all that begin with it.
pub(super) const PASSING: &[&str] = &[
    "content-language",
    "content-type",
    "openai-model",
    "openai-poll-after-ms",
    "openai-processing-ms",
    "openai-version",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
];

/// What no operator can add: it acts on the connection, on the caches between, on the browser, or on the client's
/// credentials, in Tollhouse's name; or it is said here anew.
pub(super) const NEVER: &[&str] = &[
    "accept-ch",
    "access-control-*",
    "age",
    "alt-svc",
    "authorization",
    "cache-control",
    "clear-site-data",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-security-policy*",
    "cookie",
    "cross-origin-*",
    "date",
    "keep-alive",
    "link",
    "location",
    "nel",
    "permissions-policy",
    "proxy-*",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "request-id",
    "set-cookie*",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-accel-*",
    "x-content-type-options",
    "x-ratelimit-*",
    "x-request-id",
    "x-sendfile",
    "x-tollhouse-*",
];
