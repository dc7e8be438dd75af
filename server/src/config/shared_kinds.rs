//! What requests may refer to though nobody knows whose it is.

use serde::Deserialize;

/// A kind of thing that providers keep, and that isn't tracked here: whoever knows its id could use it.
///
/// Source: the API references of OpenAI and Anthropic, for what the offered endpoints take.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Untracked {
    /// A spoken answer, to be heard again.
    Audio,
    /// Of videos.
    Character,
    /// Where a provider runs programs.
    Container,
    Conversation,
    /// An account of the operator's somewhere else, such as for the figures of a fine-tuning job.
    Integration,
    /// A part of an earlier response.
    Item,
    /// A prompt that is kept at the provider.
    Prompt,
    Skill,
    VectorStore,
    /// One that was made of somebody's.
    Voice,
}

impl Untracked {
    /// As the configuration says it.
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
pub struct Shared(u16);

impl Shared {
    pub const fn holds(self, kind: Untracked) -> bool {
        self.0 & (1 << kind as u16) != 0
    }
}

impl FromIterator<Untracked> for Shared {
    fn from_iter<I: IntoIterator<Item = Untracked>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |shared, kind| shared | 1 << kind as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_is_shared() {
        let shared: Shared = [Untracked::VectorStore, Untracked::Audio].into_iter().collect();
        assert!(shared.holds(Untracked::Audio) && shared.holds(Untracked::VectorStore));
        assert!(!shared.holds(Untracked::Prompt) && !Shared::default().holds(Untracked::Audio));
    }
}
