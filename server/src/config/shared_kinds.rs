//! Kinds of provider objects that requests may refer to although their owner isn't known.

use serde::Deserialize;

/// A kind of object that providers store and that isn't tracked here: any caller that knows its id could use
/// it.
///
/// Source: the API references of OpenAI and Anthropic, for the parameters of the offered endpoints.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum UntrackedKind {
    /// A spoken answer that is referred to again.
    Audio,
    /// A character in videos.
    Character,
    /// An environment in which a provider runs programs.
    Container,
    Conversation,
    /// An account of the operator with another service, such as for the figures of a fine-tuning job.
    Integration,
    /// A part of an earlier response.
    Item,
    /// A prompt stored at the provider.
    Prompt,
    Skill,
    VectorStore,
    /// A custom voice, made from a recording.
    Voice,
}

impl UntrackedKind {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Character => "character",
            Self::Container => "container",
            Self::Conversation => "conversation",
            Self::Integration => "integration",
            Self::Item => "item",
            Self::Prompt => "prompt",
            Self::Skill => "skill",
            Self::VectorStore => "vector_store",
            Self::Voice => "voice",
        }
    }
}

/// The kinds that all organizations may refer to; none unless configured.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SharedKinds(u16);

impl SharedKinds {
    pub const fn contains(self, kind: UntrackedKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }
}

impl FromIterator<UntrackedKind> for SharedKinds {
    fn from_iter<I: IntoIterator<Item = UntrackedKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |shared, kind| shared | 1 << kind as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_shared() {
        let shared: SharedKinds = [UntrackedKind::VectorStore, UntrackedKind::Audio].into_iter().collect();
        assert!(shared.contains(UntrackedKind::Audio) && shared.contains(UntrackedKind::VectorStore));
        assert!(!shared.contains(UntrackedKind::Prompt) && !SharedKinds::default().contains(UntrackedKind::Audio));
    }
}
