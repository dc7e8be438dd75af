//! Headers of providers' answers that clients get. The others are removed: most of them concern the
//! provider's own address, the operator's account, or browsers.
//!
//! Source: the API references of OpenAI and Anthropic, and the headers that their official SDKs read.

/// Headers that pass. A name that ends with `*` is a prefix.
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

/// Headers that no operator can add: they act on connections, caches, browsers or the client's credentials on
/// Tollhouse's behalf, or the gateway sets them.
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
