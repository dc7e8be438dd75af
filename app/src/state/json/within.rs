//! What arrays and objects hold, one after the other.

use js_sys::{Array, Object};
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};
use wasm_bindgen::{JsCast, JsValue};

use super::{Json, Unreadable};

/// What an array holds.
pub(super) struct Items {
    array: Array,
    next: u32,
}

impl Items {
    pub(super) fn of(array: Array) -> Self {
        Self { array, next: 0 }
    }

    fn left(&self) -> u32 {
        self.array.length() - self.next
    }
}

impl Iterator for Items {
    type Item = JsValue;

    fn next(&mut self) -> Option<JsValue> {
        (self.left() > 0).then(|| {
            self.next += 1;
            self.array.get(self.next - 1)
        })
    }
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        self.next().map(|item| seed.deserialize(Json(item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        usize::try_from(self.left()).ok()
    }
}

/// All that an object holds, by its names.
pub(super) struct Entries {
    pairs: Items,
    /// What belongs to the name that was asked for last.
    value: JsValue,
}

impl Entries {
    pub(super) fn of(object: &Object) -> Self {
        Self { pairs: Items::of(Object::entries(object)), value: JsValue::UNDEFINED }
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        let Some(pair) = self.pairs.next() else { return Ok(None) };
        let pair: Array = pair.unchecked_into();
        self.value = pair.get(1);
        seed.deserialize(Json(pair.get(0))).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        seed.deserialize(Json(std::mem::take(&mut self.value)))
    }
}

/// What an object holds under the names that are wanted. Each is known by its place among them, so that names needn't be compared.
pub(super) struct Fields {
    object: Json,
    names: &'static [&'static str],
    next: usize,
    value: Option<Json>,
}

impl Fields {
    pub(super) fn of(object: Json, names: &'static [&'static str]) -> Self {
        Self { object, names, next: 0, value: None }
    }

    /// Goes on to the next that is there; its place.
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
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        self.step().map(|place| seed.deserialize(place.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        seed.deserialize(self.value.take().ok_or(Unreadable)?)
    }
}
