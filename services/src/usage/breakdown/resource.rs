//! The parts of usage that are broken down apart from each other.

/// A part of usage, after OpenAI's resources of usage.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UsageResource {
    /// All calls, for their costs.
    Costs,
    /// All calls, for the distributions of their durations.
    Latencies,
    /// Calls of chat models, without moderations.
    Completions,
    Embeddings,
    Moderations,
    Images,
    /// Texts that were spoken.
    Speeches,
    /// Audio other than speeches.
    Transcriptions,
    /// Calls for which the provider searched the web. They are part of another resource too.
    WebSearches,
    Videos,
    /// Nothing, for resources that no call uses.
    Unmetered,
}

impl UsageResource {
    /// The condition on series `s`.
    pub(super) const fn condition(self) -> &'static str {
        match self {
            Self::Costs | Self::Latencies | Self::WebSearches => "TRUE",
            Self::Completions => "s.service = 'chat' AND s.endpoint <> '/v1/moderations'",
            Self::Moderations => "s.service = 'chat' AND s.endpoint = '/v1/moderations'",
            Self::Embeddings => "s.service = 'embeddings'",
            Self::Images => "s.service = 'image'",
            Self::Speeches => "s.service = 'audio' AND s.endpoint = '/v1/audio/speech'",
            Self::Transcriptions => "s.service = 'audio' AND s.endpoint <> '/v1/audio/speech'",
            Self::Videos => "s.service = 'video'",
            Self::Unmetered => "FALSE",
        }
    }

    /// Whether its quantities are in calls only: rollups have neither characters nor searches.
    pub(super) const fn is_of_calls(self) -> bool {
        matches!(self, Self::Speeches | Self::WebSearches)
    }
}
