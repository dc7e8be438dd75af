//! What a model is called for that no request names.

use domain::models::Service;
use serde::Deserialize;

/// What a request may be for that doesn't name a model, where OpenAI's API has a default.
///
/// Source: the request's `model` in [OpenAI's API reference](https://platform.openai.com/docs/api-reference), of
/// moderations, images and videos.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum DefaultFor {
    Images,
    Moderations,
    Videos,
}

impl DefaultFor {
    /// As the configuration says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Moderations => "moderations",
            Self::Videos => "videos",
        }
    }

    /// What its models are for.
    pub const fn service(self) -> Service {
        match self {
            Self::Images => Service::Image,
            Self::Moderations => Service::Chat,
            Self::Videos => Service::Video,
        }
    }
}
