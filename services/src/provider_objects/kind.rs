//! Kinds of provider objects.

use std::str::FromStr;

/// The kind of an object that a provider keeps.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ObjectKind {
    File,
    FineTuningJob,
    Video,
    /// An answer of `/v1/responses`.
    Response,
    /// A chat completion with `store`.
    ChatCompletion,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::File, Self::FineTuningJob, Self::Video, Self::Response, Self::ChatCompletion];

    /// The stored name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::FineTuningJob => "fine_tuning_job",
            Self::Video => "video",
            Self::Response => "response",
            Self::ChatCompletion => "chat_completion",
        }
    }

    /// Whether the provider's latest document is stored here. Answers aren't: their text is kept only where,
    /// and for as long as, the organization wants.
    pub const fn is_described(self) -> bool {
        !matches!(self, Self::Response | Self::ChatCompletion)
    }

    /// The path of a job's status, without `/v1`; `None` for kinds that aren't jobs.
    pub const fn job_path(self) -> Option<&'static str> {
        match self {
            Self::FineTuningJob => Some("/fine_tuning/jobs/"),
            Self::Video => Some("/videos/"),
            Self::Response => Some("/responses/"),
            Self::File | Self::ChatCompletion => None,
        }
    }
}

impl FromStr for ObjectKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}
