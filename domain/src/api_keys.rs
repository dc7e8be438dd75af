//! API keys: what they look like, what they may do, and how one is asked for.

mod allowlist;
mod expiration;
mod hint;
mod level;
mod query;
mod request;
mod rotation;
mod scope;
mod secret;
mod status;
mod view;

pub use self::expiration::{KeyPolicy, LONGEST_LIFE_DAYS, Life};
pub use self::view::{
    ApiKey, Client, CreatedApiKey, Creator, Descendant, Descendants, LastUse, MOST_CLIENTS, MOST_DESCENDANTS,
    OldSecret, ProjectRef, RecentUse, RotatedApiKey,
};
pub use allowlist::{MOST_NETWORKS, Network, allows};
pub use hint::{EXPIRES_SOON_DAYS, Hint, HintKind, UNUSED_DAYS};
pub use level::Level;
pub use query::{KeyPage, KeyQuery, KeySort, PAGE_SIZE};
pub use request::{ApiKeyChanges, LONGEST_REMINDER_DAYS, MOST_MODELS, NewApiKey};
pub use rotation::{LONGEST_GRACE_SECONDS, Rotation, validated_grace, validated_request};
pub use scope::Scope;
pub use secret::{InvalidSecret, Secret};
pub use status::Status;
