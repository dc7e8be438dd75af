//! Reads the server's JSON, parsed by the browser, through serde.
//!
//! Errors carry no text, since no page shows it: a failed read counts as no answer. `serde_json`, whose
//! errors say what is wrong and where, was a tenth of what a first visit downloads.

mod within;

use std::fmt;

use js_sys::{Array, JSON, Object, Reflect};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use wasm_bindgen::{JsCast, JsValue};

use self::within::{Entries, Fields, Items};

/// The error for text that isn't JSON and for values of another type.
#[derive(Debug)]
pub(super) struct JsonError;

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for JsonError {}

impl de::Error for JsonError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A parsed JSON value.
pub(super) struct Json(JsValue);

impl From<JsValue> for Json {
    fn from(value: JsValue) -> Self {
        Self(value)
    }
}

impl Json {
    pub(super) fn parse(text: &str) -> Result<Self, JsonError> {
        JSON::parse(text).map(Self).map_err(|_| JsonError)
    }

    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, JsonError> {
        T::deserialize(self)
    }

    /// The member of this name, if the value has it.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = Reflect::get(&self.0, &name.into()).ok()?;
        (!value.is_undefined()).then_some(Self(value))
    }

    /// Removes and returns the member of this name.
    pub(super) fn take(&self, name: &str) -> Option<Self> {
        let value = self.get(name)?;
        Reflect::delete_property(self.0.dyn_ref::<Object>()?, &name.into()).ok()?;
        Some(value)
    }

    fn bool(self) -> Result<bool, JsonError> {
        self.0.as_bool().ok_or(JsonError)
    }

    fn number(self) -> Result<f64, JsonError> {
        self.0.as_f64().ok_or(JsonError)
    }

    /// The number as an integer. JavaScript would round values above 2⁵³, so money is sent as text.
    fn integer(self) -> Result<i64, JsonError> {
        let number = self.number()?;
        #[allow(clippy::cast_possible_truncation)]
        (number.fract() == 0.0).then_some(number as i64).ok_or(JsonError)
    }

    fn text(self) -> Result<String, JsonError> {
        self.0.as_string().ok_or(JsonError)
    }

    fn items(self) -> Result<Items, JsonError> {
        self.0.dyn_into().map(Items::new).map_err(|_| JsonError)
    }

    fn entries(self) -> Result<Entries, JsonError> {
        self.0.dyn_into().map(|object: Object| Entries::new(&object)).map_err(|_| JsonError)
    }
}

/// Implements the `deserialize_…` methods that read one type and pass it to one `visit_…` method.
macro_rules! read {
    ($($deserialize:ident => $visit:ident $read:ident,)*) => {
        $(
            fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
                visitor.$visit(self.$read()?)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Json {
    type Error = JsonError;

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

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let value = &self.0;
        if value.is_null() {
            visitor.visit_unit()
        } else if let Some(boolean) = value.as_bool() {
            visitor.visit_bool(boolean)
        } else if let Some(text) = value.as_string() {
            visitor.visit_string(text)
        } else if let Some(number) = value.as_f64() {
            match self.integer() {
                Ok(integer) => visitor.visit_i64(integer),
                Err(JsonError) => visitor.visit_f64(number),
            }
        } else if Array::is_array(value) {
            visitor.visit_seq(self.items()?)
        } else {
            visitor.visit_map(self.entries()?)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.0.is_null() { visitor.visit_unit() } else { Err(JsonError) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        if !self.0.is_object() {
            return Err(JsonError);
        }
        visitor.visit_map(Fields::new(self, names))
    }

    /// Reads variants without fields. The server's answers tag those with fields, which takes other methods.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_unit()
    }
}
