//! Scopes of keys, which restrict them further than their level.

use super::Level;

crate::choices! {
    /// A part of the API that a key's list of scopes can grant.
    #[derive(Ord, PartialOrd)]
    Scope, "scope" {
        Chat = "chat", "Chat";
        Embeddings = "embeddings", "Embeddings";
        Images = "images", "Images";
        Audio = "audio", "Audio";
        Video = "video", "Video";
        Files = "files", "Files";
        FineTuning = "fine_tuning", "Fine-tuning";
        Models = "models", "List models";
        UsageRead = "usage.read", "Read usage";
        ApiKeysRead = "api_keys.read", "Read API keys";
        ApiKeysWrite = "api_keys.write", "Manage API keys";
        AdminApiKeysRead = "admin_api_keys.read", "Read admin keys";
        AdminApiKeysWrite = "admin_api_keys.write", "Manage admin keys";
        EventsWrite = "events.write", "Send usage events";
        KeysVerify = "keys.verify", "Verify keys";
        Authz = "authz", "Authorize requests";
    }
}

use Scope::{
    AdminApiKeysRead, AdminApiKeysWrite, ApiKeysRead, ApiKeysWrite, Audio, Authz, Chat, Embeddings, EventsWrite, Files,
    FineTuning, Images, KeysVerify, Models, UsageRead, Video,
};

impl Scope {
    /// The scopes that a key of `level` can have.
    pub fn of(level: Level) -> &'static [Self] {
        match level {
            Level::Read => &[UsageRead],
            Level::Standard => &[Chat, Embeddings, Images, Audio, Video, Files, FineTuning, Models],
            Level::Admin => &Self::ALL,
        }
    }

    /// Whether a key of `level` with the list `scopes` has this scope. An empty list grants all scopes of the
    /// level, also ones added in later versions.
    pub fn is_granted(self, level: Level, scopes: &[Self]) -> bool {
        Self::of(level).contains(&self) && (scopes.is_empty() || scopes.contains(&self))
    }

    /// The heading under which the scope is shown.
    pub const fn group(self) -> &'static str {
        match self {
            Chat | Embeddings | Images | Audio | Video | Files | FineTuning | Models => "Inference",
            UsageRead => "Monitoring",
            ApiKeysRead | ApiKeysWrite | AdminApiKeysRead | AdminApiKeysWrite => "Management",
            EventsWrite | KeysVerify | Authz => "Your own gateways",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_grants_what_the_level_can_have() {
        assert!(Chat.is_granted(Level::Standard, &[]));
        assert!(!UsageRead.is_granted(Level::Standard, &[]));
        assert!(UsageRead.is_granted(Level::Read, &[]));
        assert!(!Chat.is_granted(Level::Read, &[]));
        assert!(AdminApiKeysWrite.is_granted(Level::Admin, &[]));
    }

    #[test]
    fn a_list_grants_no_more_than_the_level() {
        assert!(!Embeddings.is_granted(Level::Standard, &[Chat]));
        assert!(!ApiKeysWrite.is_granted(Level::Standard, &[ApiKeysWrite]));
    }
}
