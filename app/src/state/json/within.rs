//! Access to the items of arrays and the members of objects.

use js_sys::{Array, Object};
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};
use wasm_bindgen::{JsCast, JsValue};

use super::{Json, JsonError};

/// The items of an array.
pub(super) struct Items {
    array: Array,
    next: u32,
}

impl Items {
    pub(super) fn new(array: Array) -> Self {
        Self { array, next: 0 }
    }

    fn remaining(&self) -> u32 {
        self.array.length() - self.next
    }
}

impl Iterator for Items {
    type Item = JsValue;

    fn next(&mut self) -> Option<JsValue> {
        (self.remaining() > 0).then(|| {
            self.next += 1;
            self.array.get(self.next - 1)
        })
    }
}

impl<'de> SeqAccess<'de> for Items {
    type Error = JsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, JsonError> {
        self.next().map(|item| seed.deserialize(Json(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        usize::try_from(self.remaining()).ok()
    }
}

/// All members of an object, as names and values.
pub(super) struct Entries {
    pairs: Items,
    /// The value of the name that was read last.
    value: JsValue,
}

impl Entries {
    pub(super) fn new(object: &Object) -> Self {
        Self { pairs: Items::new(Object::entries(object)), value: JsValue::UNDEFINED }
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, JsonError> {
        let Some(pair) = self.pairs.next() else { return Ok(None) };
        let pair: Array = pair.unchecked_into();
        self.value = pair.get(1);
        seed.deserialize(Json(pair.get(0))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        seed.deserialize(Json(std::mem::take(&mut self.value)))
    }
}

/// The members of an object that a struct has fields for. Each is identified by the index of its field, so
/// that names needn't be compared.
pub(super) struct Fields {
    object: Json,
    names: &'static [&'static str],
    next: usize,
    value: Option<Json>,
}

impl Fields {
    pub(super) fn new(object: Json, names: &'static [&'static str]) -> Self {
        Self { object, names, next: 0, value: None }
    }

    /// Advances to the next field that the object has, and returns its index.
    fn step(&mut self) -> Option<u64> {
        while let Some(name) = self.names.get(self.next) {
            self.next += 1;
            self.value = self.object.get(name);
            if self.value.is_some() {
                return u64::try_from(self.next - 1).ok();
            }
        }
        None
    }
}

impl<'de> MapAccess<'de> for Fields {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, JsonError> {
        self.step().map(|index| seed.deserialize(index.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        seed.deserialize(self.value.take().ok_or(JsonError)?)
    }
}
