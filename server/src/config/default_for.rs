//! Endpoints with a default model.

use domain::models::Service;
use serde::Deserialize;

/// A kind of request that may leave out its model, since OpenAI's API has a default.
///
/// Source: the request's `model` in [OpenAI's API reference](https://platform.openai.com/docs/api-reference),
/// of moderations, images and videos.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum DefaultFor {
    Images,
    Moderations,
    Videos,
}

impl DefaultFor {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Moderations => "moderations",
            Self::Videos => "videos",
        }
    }

    /// The service of models that can be the default.
    pub const fn service(self) -> Service {
        match self {
            Self::Images => Service::Image,
            Self::Moderations => Service::Chat,
            Self::Videos => Service::Video,
        }
    }
}
