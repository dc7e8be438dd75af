//! Reads JSON to its end by a strict grammar, and collects its mentions.
//!
//! The grammar is RFC 8259 in UTF-8 without a byte order mark; texts are Unicode (no lone surrogates),
//! numbers are finite, and the nesting is at most [`MAX_DEPTH`]. Anything else is rejected, since a provider
//! might read it differently.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use services::provider_objects::ObjectKind;

use super::{
    content::ContentNotes,
    names::BodyField,
    path::JsonPath,
    tags::BodyTags,
    tools::{ToolKind, ToolNotes},
};
use crate::{config::UntrackedKind, gateway::references::Mentions, v1::error::V1Error};

/// Maximum nesting of lists and objects, including the body: the parser's own limit for
/// each of the body's values.
const MAX_DEPTH: u8 = 128;

/// Facts collected from a body.
#[derive(Debug, Default)]
pub(super) struct BodyNotes {
    pub(super) mentions: Mentions,
    /// Number of prompts at the top level; each prompt of a list gets its own answers.
    pub(super) prompts: u64,
    pub(super) content: ContentNotes,
    pub(super) tags: BodyTags,
    /// The error that ended reading.
    pub(super) error: Option<V1Error>,
}

/// The kind of a value, as far as it matters for the object around it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ValueKind {
    Text,
    /// The type of an object that refers to another one.
    ReferenceType,
    /// The type of an item that holds reasoning.
    ReasoningType,
    /// The type of a tool.
    ToolType(ToolKind),
    Whole(u64),
    Null,
    Other,
}

/// Reads one value with all its children.
pub(super) struct ValueSeed<'n> {
    notes: &'n mut BodyNotes,
    path: JsonPath,
}

impl<'n> ValueSeed<'n> {
    pub(super) fn new(notes: &'n mut BodyNotes, path: JsonPath) -> Self {
        Self { notes, path }
    }

    /// Reads JSON that was found at this path.
    pub(super) fn read(self, json: &str) -> Result<(), serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(json);
        self.deserialize(&mut json)?;
        json.end()
    }

    fn check_depth<E: Error>(&mut self) -> Result<(), E> {
        if self.path.depth < MAX_DEPTH {
            return Ok(());
        }
        self.notes.error = Some(V1Error::malformed(format!("The body is nested deeper than {MAX_DEPTH} levels.")));
        Err(E::custom("too deep"))
    }

    /// Adds the text at this path as a mention, of the kind that its key implies.
    pub(super) fn add_mentions(&mut self, text: &str) {
        use UntrackedKind::{
            Audio, Character, Container, Conversation, Integration, Prompt, Skill, VectorStore, Voice,
        };
        let mentions = &mut self.notes.mentions;
        mentions.add_text(text);
        let JsonPath { name, parent, top, level, is_free, .. } = self.path;
        if is_free {
            return;
        }
        match (name, parent) {
            (BodyField::FileId, _) => mentions.add_reference(ObjectKind::File, "file_id", text),
            (BodyField::Id, BodyField::Video) => mentions.add_reference(ObjectKind::Video, "video.id", text),
            (BodyField::Conversation, _) if level == 1 => mentions.add_untracked(Conversation, "conversation"),
            (BodyField::Id, BodyField::Conversation) if level == 2 => {
                mentions.add_untracked(Conversation, "conversation.id")
            }
            (BodyField::Id, BodyField::Prompt) if level == 2 => mentions.add_untracked(Prompt, "prompt.id"),
            (BodyField::Container, _) if level <= 2 => mentions.add_untracked(Container, "container"),
            (BodyField::Id, BodyField::Container) => mentions.add_untracked(Container, "container.id"),
            (BodyField::ContainerId, _) => mentions.add_untracked(Container, "container_id"),
            (BodyField::VectorStoreId, _) => mentions.add_untracked(VectorStore, "vector_store_ids"),
            (BodyField::Id, BodyField::Audio) => mentions.add_untracked(Audio, "audio.id"),
            (BodyField::Id, BodyField::Voice) => mentions.add_untracked(Voice, "voice.id"),
            (BodyField::Character, _) | (BodyField::Id, BodyField::Character) if level <= 2 => {
                mentions.add_untracked(Character, "characters")
            }
            // Anthropic's own skills have plain names.
            (BodyField::SkillId, _) if is_custom_skill(text) => mentions.add_untracked(Skill, "skill_id"),
            _ if top == BodyField::Integrations => mentions.add_untracked(Integration, "integrations"),
            _ => {}
        }
    }
}

/// Whether a skill was created by a user.
fn is_custom_skill(id: &str) -> bool {
    id.trim().get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("skill_"))
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ValueKind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ValueKind, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ValueKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<ValueKind, E> {
        self.add_mentions(text);
        if self.path.level == 1 && self.path.name == BodyField::Prompt {
            self.notes.prompts += 1;
        }
        self.notes.content.add_text(self.path, text);
        Ok(match self.path {
            JsonPath { name: BodyField::Type, top: BodyField::Tools, level: 2, .. } => {
                ValueKind::ToolType(ToolKind::of(text))
            }
            JsonPath { name: BodyField::Type, .. } => type_kind(text.trim()),
            _ => ValueKind::Text,
        })
    }

    fn visit_unit<E: Error>(self) -> Result<ValueKind, E> {
        Ok(ValueKind::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<ValueKind, E> {
        Ok(ValueKind::Other)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<ValueKind, E> {
        self.visit_f64(number as f64)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<ValueKind, E> {
        self.notes.content.add_number(self.path, Some(number), number as f64);
        Ok(ValueKind::Whole(number))
    }

    /// The parser rejects infinite numbers.
    fn visit_f64<E: Error>(self, number: f64) -> Result<ValueKind, E> {
        self.notes.content.add_number(self.path, None, number);
        Ok(ValueKind::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<ValueKind, A::Error> {
        self.check_depth()?;
        let path = JsonPath { depth: self.path.depth + 1, ..self.path };
        if path.level == 1 && path.name == BodyField::Prompt && path.depth == 3 {
            // A prompt of tokens.
            self.notes.prompts += 1;
        }
        while list.next_element_seed(ValueSeed { notes: &mut *self.notes, path })?.is_some() {}
        Ok(ValueKind::Other)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<ValueKind, A::Error> {
        self.check_depth()?;
        let is_item = self.path.is_parameter(BodyField::Input);
        let is_tool = self.path.is_parameter(BodyField::Tools);
        let mut item = Item::default();
        let mut tool = ToolNotes::default();
        while let Some(name) = map.next_key_seed(NameSeed(&mut self.notes.mentions))? {
            let path = self.path.child(name);
            let kind = map.next_value_seed(ValueSeed { notes: &mut *self.notes, path })?;
            if kind != ValueKind::Null {
                self.notes.content.add_key(path);
            }
            if is_item {
                item.add_field(name, kind);
            }
            if is_tool {
                add_tool_field(&mut tool, name, kind);
            }
        }
        if item.is_reference() {
            self.notes.mentions.add_untracked(UntrackedKind::Item, "input");
        }
        // A stored prompt, and reasoning that the provider keeps, are looked up by their ids.
        self.notes.content.has_foreign |= item.is_kept_reasoning() || self.path.is_parameter(BodyField::Prompt);
        if is_tool {
            self.notes.content.tools.add(&tool);
        }
        Ok(ValueKind::Other)
    }
}

/// Maps the type of an object.
fn type_kind(name: &str) -> ValueKind {
    if name.eq_ignore_ascii_case("item_reference") {
        ValueKind::ReferenceType
    } else if name == "reasoning" {
        ValueKind::ReasoningType
    } else {
        ValueKind::Text
    }
}

fn add_tool_field(tool: &mut ToolNotes, name: BodyField, kind: ValueKind) {
    match (name, kind) {
        (BodyField::Type, ValueKind::ToolType(kind)) => tool.kinds.push(kind),
        (BodyField::InputSchema, _) => tool.has_input_schema = true,
        (BodyField::MaxUses, ValueKind::Whole(uses)) => tool.max_uses = tool.max_uses.max(Some(uses)),
        (BodyField::MaxUses, ValueKind::Null) => {}
        (BodyField::MaxUses, _) => tool.max_uses = Some(u64::MAX),
        _ => {}
    }
}

/// An input item of the responses API.
#[derive(Debug, Default)]
struct Item {
    is_reasoning: bool,
    has_encrypted_content: bool,
    has_id: bool,
    has_reference_type: bool,
    has_type: bool,
    has_role: bool,
    has_invalid_type: bool,
}

impl Item {
    fn add_field(&mut self, name: BodyField, kind: ValueKind) {
        match (name, kind) {
            (BodyField::Id, _) => self.has_id = true,
            (BodyField::Type, ValueKind::ReferenceType) => self.has_reference_type = true,
            (BodyField::Type, ValueKind::ReasoningType) => (self.has_type, self.is_reasoning) = (true, true),
            (BodyField::Type, ValueKind::Text) => self.has_type = true,
            (BodyField::Type, _) => self.has_invalid_type = true,
            (BodyField::EncryptedContent, ValueKind::Text) => self.has_encrypted_content = true,
            (BodyField::Role, ValueKind::Text) => self.has_role = true,
            _ => {}
        }
    }

    /// Whether it stands for reasoning that the provider keeps.
    fn is_kept_reasoning(&self) -> bool {
        self.is_reasoning && !self.has_encrypted_content
    }

    /// Whether the item is a reference: it has the type of one, or an id without type and role. Source:
    /// OpenAI's `ItemReferenceParam`.
    fn is_reference(&self) -> bool {
        self.has_reference_type || (self.has_id && !self.has_role && (self.has_invalid_type || !self.has_type))
    }
}

/// Reads a key. It is a mention as well, since it may be an id.
pub(super) struct NameSeed<'n>(pub(super) &'n mut Mentions);

impl<'de> DeserializeSeed<'de> for NameSeed<'_> {
    type Value = BodyField;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<BodyField, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed<'_> {
    type Value = BodyField;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<BodyField, E> {
        self.0.add_text(key);
        Ok(BodyField::from_key(key))
    }
}
