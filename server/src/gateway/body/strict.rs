//! Reads JSON to its end by one strict grammar, and notes what it mentions on the way.
//!
//! RFC 8259 in UTF-8 without a byte order mark; texts are Unicode (no half of a surrogate pair), numbers are finite, and
//! nothing is nested deeper than [`DEEPEST`]. What can't be read so is refused: a provider might read it, and differently.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use services::provider_objects::Kind;

use super::names::Name;
use crate::{config::Untracked, gateway::references::Mentions, v1::error::Refusal};

/// How many lists and objects may stand in each other, the body itself included: as many as the parser follows within each of
/// the body's values.
const DEEPEST: u8 = 128;

/// What was noted of a body.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) mentions: Mentions,
    /// How many prompts there are at the top: a list of them is answered one by one.
    pub(super) prompts: u64,
    /// What made reading end.
    pub(super) fault: Option<Refusal>,
}

/// Where a value stands: between which names, lists left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    name: Name,
    /// The name of the object around, and of what stands at the body's top.
    above: Name,
    top: Name,
    /// How many objects are around.
    level: u8,
    /// How many lists and objects are around.
    depth: u8,
    /// Whether names mean what the client wants them to: in schemas, arguments, metadata.
    free: bool,
}

impl Place {
    /// The body itself.
    pub(super) const BODY: Self =
        Self { name: Name::Other, above: Name::Other, top: Name::Other, level: 0, depth: 0, free: false };

    /// Of a value within the object that stands here.
    pub(super) fn of(self, name: Name) -> Self {
        let (level, depth) = (self.level.saturating_add(1), self.depth.saturating_add(1));
        let top = if self.level == 0 { name } else { self.top };
        let free = match name {
            Name::Schema => true,
            // Anthropic's tools: what a model wants to call one with. OpenAI's is the body's own.
            Name::Input => self.level > 0,
            _ => false,
        };
        Self { name, above: self.name, top, level, depth, free: self.free || free }
    }
}

/// What a value was, as far as it matters for what it is a part of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Was {
    Text,
    /// A text that says that the object around it refers to another.
    ReferenceType,
    Other,
}

/// One value, with all in it.
pub(super) struct Value<'n> {
    notes: &'n mut Notes,
    place: Place,
}

impl<'n> Value<'n> {
    pub(super) fn new(notes: &'n mut Notes, place: Place) -> Self {
        Self { notes, place }
    }

    /// Reads a JSON text that was found at the place, by the same grammar.
    pub(super) fn read(self, json: &str) -> Result<(), serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(json);
        self.deserialize(&mut json)?;
        json.end()
    }

    fn check_depth<E: Error>(&mut self) -> Result<(), E> {
        if self.place.depth < DEEPEST {
            return Ok(());
        }
        self.notes.fault = Some(Refusal::malformed(format!("The body is nested deeper than {DEEPEST} levels.")));
        Err(E::custom("too deep"))
    }

    /// What a text at this place refers to by the name that it has.
    pub(super) fn note(&mut self, text: &str) {
        use Untracked::{Audio, Character, Container, Conversation, Integration, Prompt, Skill, VectorStore, Voice};
        let mentions = &mut self.notes.mentions;
        mentions.text(text);
        let Place { name, above, top, level, free, .. } = self.place;
        if free {
            return;
        }
        match (name, above) {
            (Name::FileId, _) => mentions.named(Kind::File, "file_id", text),
            (Name::Id, Name::Video) => mentions.named(Kind::Video, "video.id", text),
            (Name::Conversation, _) if level == 1 => mentions.untracked(Conversation, "conversation"),
            (Name::Id, Name::Conversation) if level == 2 => mentions.untracked(Conversation, "conversation.id"),
            (Name::Id, Name::Prompt) if level == 2 => mentions.untracked(Prompt, "prompt.id"),
            (Name::Container, _) if level <= 2 => mentions.untracked(Container, "container"),
            (Name::Id, Name::Container) => mentions.untracked(Container, "container.id"),
            (Name::ContainerId, _) => mentions.untracked(Container, "container_id"),
            (Name::VectorStoreId, _) => mentions.untracked(VectorStore, "vector_store_ids"),
            (Name::Id, Name::Audio) => mentions.untracked(Audio, "audio.id"),
            (Name::Id, Name::Voice) => mentions.untracked(Voice, "voice.id"),
            (Name::Character, _) | (Name::Id, Name::Character) if level <= 2 => {
                mentions.untracked(Character, "characters")
            }
            // Anthropic's own have plain names.
            (Name::SkillId, _) if is_made(text) => mentions.untracked(Skill, "skill_id"),
            _ if top == Name::Integrations => mentions.untracked(Integration, "integrations"),
            _ => {}
        }
    }
}

/// Whether a skill is one that somebody made.
fn is_made(id: &str) -> bool {
    id.trim().get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("skill_"))
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Was;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Was, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Was;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<Was, E> {
        self.note(text);
        if self.place.level == 1 && self.place.name == Name::Prompt {
            self.notes.prompts += 1;
        }
        let refers = self.place.name == Name::Type && text.trim().eq_ignore_ascii_case("item_reference");
        Ok(if refers { Was::ReferenceType } else { Was::Text })
    }

    fn visit_unit<E: Error>(self) -> Result<Was, E> {
        Ok(Was::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Was, E> {
        Ok(Was::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Was, E> {
        Ok(Was::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Was, E> {
        Ok(Was::Other)
    }

    /// The parser refuses those that are none.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Was, E> {
        Ok(Was::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Was, A::Error> {
        self.check_depth()?;
        let place = Place { depth: self.place.depth + 1, ..self.place };
        if place.level == 1 && place.name == Name::Prompt && place.depth == 3 {
            // A prompt's tokens.
            self.notes.prompts += 1;
        }
        while list.next_element_seed(Value { notes: &mut *self.notes, place })?.is_some() {}
        Ok(Was::Other)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Was, A::Error> {
        self.check_depth()?;
        let is_item = self.place.level == 1 && self.place.name == Name::Input;
        let mut item = Item::default();
        while let Some(name) = map.next_key_seed(Key(&mut self.notes.mentions))? {
            let was = map.next_value_seed(Value { notes: &mut *self.notes, place: self.place.of(name) })?;
            if is_item {
                item.has(name, was);
            }
        }
        if item.refers() {
            self.notes.mentions.untracked(Untracked::Item, "input");
        }
        Ok(Was::Other)
    }
}

/// A part of a conversation, as the responses API takes it.
#[derive(Debug, Default)]
struct Item {
    has_id: bool,
    is_reference: bool,
    is_typed: bool,
    is_said: bool,
    is_untyped: bool,
}

impl Item {
    fn has(&mut self, name: Name, was: Was) {
        match (name, was) {
            (Name::Id, _) => self.has_id = true,
            (Name::Type, Was::ReferenceType) => self.is_reference = true,
            (Name::Type, Was::Text) => self.is_typed = true,
            (Name::Type, Was::Other) => self.is_untyped = true,
            (Name::Role, Was::Text) => self.is_said = true,
            _ => {}
        }
    }

    /// What has no type and nobody's role is a reference, as what says so is: OpenAI's `ItemReferenceParam`.
    fn refers(&self) -> bool {
        self.is_reference || (self.has_id && !self.is_said && (self.is_untyped || !self.is_typed))
    }
}

/// An object's name for something, which may be an id as well.
pub(super) struct Key<'n>(pub(super) &'n mut Mentions);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Name, E> {
        self.0.text(key);
        Ok(Name::of(key))
    }
}
