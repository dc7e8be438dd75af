//! A request and its response as a conversation.

use serde::{Deserialize, Serialize};

use super::{BodyMedia, BodySide};

/// The turns of a conversation, in their order: those of the request, then the answer.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Conversation {
    pub turns: Vec<ConversationTurn>,
    /// Names of the tools that the model was offered.
    pub tools: Vec<String>,
    /// Whether later turns, or ends of texts, are left out.
    pub shortened: bool,
}

/// What one party contributed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ConversationTurn {
    /// The role as the API names it: `system`, `user`, `assistant`, `tool`.
    pub role: String,
    /// The body that it is from.
    pub side: BodySide,
    pub parts: Vec<TurnPart>,
}

/// A part of a turn.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TurnPart {
    Text {
        text: String,
    },
    /// The model's reasoning, or a summary of it.
    Reasoning {
        text: String,
    },
    /// The model's reason to refuse.
    Refusal {
        text: String,
    },
    /// A picture or other data in the body.
    Media {
        media: BodyMedia,
    },
    /// A picture or file elsewhere, by its URL. It is never loaded: the other side would learn who looks at it.
    Link {
        url: String,
    },
    ToolCall {
        id: String,
        name: String,
        arguments: String,
    },
    ToolResult {
        id: String,
        text: String,
    },
    /// Anything else, as JSON.
    Other {
        text: String,
    },
}
