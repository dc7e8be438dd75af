//! What kinds of things providers keep.

use std::str::FromStr;

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    File,
    FineTuningJob,
    Video,
    /// An answer of `/v1/responses`.
    Response,
    /// A chat completion that was asked to be stored.
    ChatCompletion,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::File, Self::FineTuningJob, Self::Video, Self::Response, Self::ChatCompletion];

    /// As the database says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::FineTuningJob => "fine_tuning_job",
            Self::Video => "video",
            Self::Response => "response",
            Self::ChatCompletion => "chat_completion",
        }
    }

    /// Whether what the provider said of it last is kept here. Of answers it isn't: what was said in them is kept where,
    /// and for as long as, its organization wants.
    pub const fn is_described(self) -> bool {
        !matches!(self, Self::Response | Self::ChatCompletion)
    }

    /// The path that tells how a job is getting on, without `/v1`; `None` for what is no job.
    pub const fn job_path(self) -> Option<&'static str> {
        match self {
            Self::FineTuningJob => Some("/fine_tuning/jobs/"),
            Self::Video => Some("/videos/"),
            Self::Response => Some("/responses/"),
            Self::File | Self::ChatCompletion => None,
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(())
    }
}
