//! Bodies as a page shows them: their beginnings, with data in base64 replaced by a few words.

use serde::{Deserialize, Serialize};

use crate::{bytes::format_bytes, time::Timestamp};

/// Maximum number of bytes of one body that a page gets at once. The rest is in a file of its own.
pub const MAX_SHOWN_BYTES: usize = 256 * 1024;

crate::choices! {
    /// A side of a call.
    BodySide, "side" {
        Request = "request", "Request";
        Response = "response", "Response";
    }
}

crate::choices! {
    /// The form in which bodies are shown.
    #[derive(Default)]
    BodyForm, "form" {
        /// Without data in base64, for reading.
        #[default]
        Readable = "readable", "Pretty";
        /// As stored.
        Raw = "raw", "Raw";
    }
}

/// Data in base64 within a body, such as a picture.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BodyMedia {
    /// The text that holds the data, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The media type, such as `image/png`.
    pub media_type: String,
    /// Number of bytes once decoded.
    pub bytes: u64,
}

impl BodyMedia {
    /// Media types that a browser shows as a picture, and that can't hold a script.
    pub const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

    /// Whether a browser can show it as a picture.
    pub fn is_picture(&self) -> bool {
        Self::PICTURES.contains(&self.media_type.as_str())
    }

    /// Its type and size, such as `image/png, 1.2 MB`.
    pub fn label(&self) -> String {
        format!("{}, {}", self.media_type, format_bytes(self.bytes))
    }
}

/// The beginning of a stored request or response.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct BodyView {
    /// Headers by name; values without secrets.
    pub headers: Vec<(String, String)>,
    /// At most [`MAX_SHOWN_BYTES`] of the text; `None` where it isn't text.
    pub text: Option<String>,
    /// Number of bytes transferred.
    pub bytes: u64,
    /// Number of bytes stored.
    pub stored_bytes: u64,
    /// Whether the end wasn't stored, since the body exceeded the limit.
    pub cut: bool,
    /// Whether it was assembled from the events of a stream.
    pub assembled: bool,
    /// Whether the stored text is longer than `text`.
    pub shortened: bool,
    /// Data that the text leaves out.
    pub media: Vec<BodyMedia>,
}

/// Request and response of one call, as a page shows them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BodyViews {
    pub request: BodyView,
    pub response: BodyView,
    /// Time at which they are deleted.
    pub expires_at: Timestamp,
    /// Whether they can be shown as a conversation.
    pub is_conversation: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_what_a_browser_shows_without_running_scripts() {
        let media = BodyMedia { pointer: String::new(), media_type: "image/png".to_owned(), bytes: 1_200_000 };
        assert_eq!((media.label().as_str(), media.is_picture()), ("image/png, 1.2\u{202f}MB", true));
        assert!(!BodyMedia { media_type: "image/svg+xml".to_owned(), ..media }.is_picture(), "it may hold a script");
    }
}
