//! API keys: their form, what they may be used for, and requests to create and change them.

mod allowlist;
mod expiration;
mod hint;
mod level;
mod query;
mod request;
mod rotation;
#[cfg(feature = "openapi")]
mod schemas;
mod scope;
mod secret;
mod view;

pub use self::expiration::{DEFAULT_LIFE_DAYS, Expiration, KeyPolicy, MAX_LIFE_DAYS};
pub use self::view::{
    ApiKey, CreatedApiKey, Creator, Descendant, Descendants, KeyClient, LastUse, MAX_CLIENTS_SHOWN,
    MAX_DESCENDANTS_SHOWN, OldSecret, RecentUse, RotatedApiKey, Status,
};
pub use allowlist::{MAX_NETWORKS, Network, allows};
pub use hint::{EXPIRES_SOON_DAYS, Hint, HintKind, UNUSED_DAYS};
pub use level::Level;
pub use query::{KeyPage, KeyQuery, KeySort, PAGE_SIZE};
pub use request::{ApiKeyChanges, MAX_MODELS, MAX_REMINDER_DAYS, NewApiKey};
pub use rotation::{MAX_GRACE_SECONDS, Rotation, validated_grace, validated_request};
pub use scope::Scope;
pub use secret::{InvalidSecret, Secret};
