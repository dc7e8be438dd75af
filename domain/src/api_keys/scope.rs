//! What a key may be used for, finer than its level.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Level;

/// A part of the API that a key can be let into or kept out of.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    Chat,
    Embeddings,
    Images,
    Audio,
    Video,
    Files,
    FineTuning,
    Models,
    UsageRead,
    ApiKeysRead,
    ApiKeysWrite,
    AdminApiKeysRead,
    AdminApiKeysWrite,
}

use Scope::{
    AdminApiKeysRead, AdminApiKeysWrite, ApiKeysRead, ApiKeysWrite, Audio, Chat, Embeddings, Files, FineTuning, Images,
    Models, UsageRead, Video,
};

impl Scope {
    pub const ALL: [Self; 13] = [
        Chat,
        Embeddings,
        Images,
        Audio,
        Video,
        Files,
        FineTuning,
        Models,
        UsageRead,
        ApiKeysRead,
        ApiKeysWrite,
        AdminApiKeysRead,
        AdminApiKeysWrite,
    ];

    /// The scopes that a key of `level` can have.
    pub fn of(level: Level) -> &'static [Self] {
        match level {
            Level::Read => &[UsageRead],
            Level::Standard => &[Chat, Embeddings, Images, Audio, Video, Files, FineTuning, Models],
            Level::Admin => &Self::ALL,
        }
    }

    /// Whether a key of `level` whose list is `scopes` has this one. An empty list stands for all of its level, also
    /// those that are yet to come.
    pub fn is_granted(self, level: Level, scopes: &[Self]) -> bool {
        Self::of(level).contains(&self) && (scopes.is_empty() || scopes.contains(&self))
    }

    /// As the API, the database and addresses say it.
    pub const fn name(self) -> &'static str {
        match self {
            Chat => "chat",
            Embeddings => "embeddings",
            Images => "images",
            Audio => "audio",
            Video => "video",
            Files => "files",
            FineTuning => "fine_tuning",
            Models => "models",
            UsageRead => "usage.read",
            ApiKeysRead => "api_keys.read",
            ApiKeysWrite => "api_keys.write",
            AdminApiKeysRead => "admin_api_keys.read",
            AdminApiKeysWrite => "admin_api_keys.write",
        }
    }

    /// As shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Chat => "Chat",
            Embeddings => "Embeddings",
            Images => "Images",
            Audio => "Audio",
            Video => "Video",
            Files => "Files",
            FineTuning => "Fine-tuning",
            Models => "List models",
            UsageRead => "Read usage",
            ApiKeysRead => "Read API keys",
            ApiKeysWrite => "Manage API keys",
            AdminApiKeysRead => "Read admin keys",
            AdminApiKeysWrite => "Manage admin keys",
        }
    }

    /// The heading it is shown under.
    pub const fn group(self) -> &'static str {
        match self {
            Chat | Embeddings | Images | Audio | Video | Files | FineTuning | Models => "Inference",
            UsageRead => "Monitoring",
            ApiKeysRead | ApiKeysWrite | AdminApiKeysRead | AdminApiKeysWrite => "Management",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| format!("There is no scope {text:?}."))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_read_again() {
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
    }

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
