//! The position of a value in a body.

use super::names::BodyField;

/// The position of a value by its keys, without lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct JsonPath {
    pub(super) name: BodyField,
    /// The key of the enclosing object.
    pub(super) parent: BodyField,
    /// The key at the top level.
    pub(super) top: BodyField,
    /// Number of enclosing objects.
    pub(super) level: u8,
    /// Number of enclosing lists and objects.
    pub(super) depth: u8,
    /// Whether the client chooses the keys: in schemas, arguments and metadata.
    pub(super) is_free: bool,
}

impl JsonPath {
    /// The body itself.
    pub(super) const BODY: Self = Self {
        name: BodyField::Other,
        parent: BodyField::Other,
        top: BodyField::Other,
        level: 0,
        depth: 0,
        is_free: false,
    };

    /// Returns the path of a value in the object at this path.
    pub(super) fn child(self, name: BodyField) -> Self {
        let (level, depth) = (self.level.saturating_add(1), self.depth.saturating_add(1));
        let top = if self.level == 0 { name } else { self.top };
        let is_free = match name {
            BodyField::Schema | BodyField::InputSchema => true,
            // In Anthropic's API, the arguments of a tool call. OpenAI's `input` is at the top level.
            BodyField::Input => self.level > 0,
            _ => false,
        };
        Self { name, parent: self.name, top, level, depth, is_free: self.is_free || is_free }
    }

    /// Whether it is the value of a parameter, or in its list.
    pub(super) fn is_parameter(self, name: BodyField) -> bool {
        self.level == 1 && self.name == name
    }

    /// Whether a model may read the value, in a form that the API defines.
    pub(super) fn is_content(self) -> bool {
        let is_prompt = matches!(
            self.top,
            BodyField::Messages
                | BodyField::Input
                | BodyField::Instructions
                | BodyField::Medium
                | BodyField::Prompt
                | BodyField::System
        );
        is_prompt && !self.is_free
    }

    /// Whether it is the data or the address of a picture, in OpenAI's form or Anthropic's.
    pub(super) fn is_picture(self) -> bool {
        match self.name {
            BodyField::ImageUrl => true,
            BodyField::Url => matches!(self.parent, BodyField::ImageUrl | BodyField::Source),
            BodyField::Data => self.parent == BodyField::Source,
            _ => false,
        }
    }
}
