//! What the server tells as JSON: the browser parses it, and what is wanted is read from there.
//!
//! Nobody is told what is wrong with an answer that can't be read, only that there is none. So errors hold nothing here, and the code
//! that would word them isn't there: `serde_json`, whose errors tell what and where, was a tenth of what a first visit downloads.

mod within;

use std::fmt;

use js_sys::{Array, JSON, Object, Reflect};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use wasm_bindgen::{JsCast, JsValue};

use self::within::{Entries, Fields, Items};

/// It isn't JSON, or something else than what is wanted.
#[derive(Debug)]
pub(super) struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for Unreadable {}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A value that was parsed from JSON.
pub(super) struct Json(JsValue);

impl From<JsValue> for Json {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

impl Json {
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        JSON::parse(text).map(Self).map_err(|_| Unreadable)
    }

    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Unreadable> {
        T::deserialize(self)
    }

    /// What it holds under this name.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = Reflect::get(&self.0, &name.into()).ok()?;
        (!value.is_undefined()).then_some(Self(value))
    }

    /// The same, which is then gone.
    pub(super) fn take(&self, name: &str) -> Option<Self> {
        let value = self.get(name)?;
        Reflect::delete_property(self.0.dyn_ref::<Object>()?, &name.into()).ok()?;
        Some(value)
    }

    fn bool(self) -> Result<bool, Unreadable> {
        self.0.as_bool().ok_or(Unreadable)
    }

    fn number(self) -> Result<f64, Unreadable> {
        self.0.as_f64().ok_or(Unreadable)
    }

    /// What is larger than 2⁵³ isn't sent as a number, since JavaScript wouldn't keep it: money is text.
    fn integer(self) -> Result<i64, Unreadable> {
        let number = self.number()?;
        #[allow(clippy::cast_possible_truncation)]
        (number.fract() == 0.0).then_some(number as i64).ok_or(Unreadable)
    }

    fn text(self) -> Result<String, Unreadable> {
        self.0.as_string().ok_or(Unreadable)
    }

    fn items(self) -> Result<Items, Unreadable> {
        self.0.dyn_into().map(Items::of).map_err(|_| Unreadable)
    }

    fn entries(self) -> Result<Entries, Unreadable> {
        self.0.dyn_into().map(|object: Object| Entries::of(&object)).map_err(|_| Unreadable)
    }
}

/// Writes how each kind of thing is read.
macro_rules! read {
    ($($deserialize:ident => $visit:ident $read:ident,)*) => {
        $(
            fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
                visitor.$visit(self.$read()?)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Json {
    type Error = Unreadable;

    read! {
        deserialize_bool => visit_bool bool,
        deserialize_i8 => visit_i64 integer,
        deserialize_i16 => visit_i64 integer,
        deserialize_i32 => visit_i64 integer,
        deserialize_i64 => visit_i64 integer,
        deserialize_u8 => visit_i64 integer,
        deserialize_u16 => visit_i64 integer,
        deserialize_u32 => visit_i64 integer,
        deserialize_u64 => visit_i64 integer,
        deserialize_f32 => visit_f64 number,
        deserialize_f64 => visit_f64 number,
        deserialize_char => visit_string text,
        deserialize_str => visit_string text,
        deserialize_string => visit_string text,
        deserialize_identifier => visit_string text,
        deserialize_bytes => visit_seq items,
        deserialize_byte_buf => visit_seq items,
        deserialize_seq => visit_seq items,
        deserialize_map => visit_map entries,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let value = &self.0;
        if value.is_null() {
            visitor.visit_unit()
        } else if let Some(known) = value.as_bool() {
            visitor.visit_bool(known)
        } else if let Some(text) = value.as_string() {
            visitor.visit_string(text)
        } else if let Some(number) = value.as_f64() {
            match self.integer() {
                Ok(integer) => visitor.visit_i64(integer),
                Err(Unreadable) => visitor.visit_f64(number),
            }
        } else if Array::is_array(value) {
            visitor.visit_seq(self.items()?)
        } else {
            visitor.visit_map(self.entries()?)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.0.is_null() { visitor.visit_unit() } else { Err(Unreadable) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        if !self.0.is_object() {
            return Err(Unreadable);
        }
        visitor.visit_map(Fields::of(self, names))
    }

    /// Variants without fields: those with fields are tagged in what the server answers, and read as other things.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_unit()
    }
}
