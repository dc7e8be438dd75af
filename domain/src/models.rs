//! The models that are offered.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::money::Price;

/// The kind of work of a call.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    Chat,
    Embeddings,
    Image,
    Audio,
    Video,
    FineTuning,
    Storage,
}

impl Service {
    /// All services.
    pub const ALL: [Self; 7] =
        [Self::Chat, Self::Embeddings, Self::Image, Self::Audio, Self::Video, Self::FineTuning, Self::Storage];

    /// The service's name in the configuration, the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::FineTuning => "fine_tuning",
            Self::Storage => "storage",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Service {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| {
            format!("{text:?} isn't a service. Use one of chat, embeddings, image, audio, video, fine_tuning, storage.")
        })
    }
}

/// A model as members see it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Model {
    pub name: String,
    pub service: Service,
    /// Current price; `None` where none is known.
    pub price: Option<Price>,
}
