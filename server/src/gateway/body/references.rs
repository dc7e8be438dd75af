//! Finds the files that a body refers to, however deep: whose they are is decided here, since providers can't tell.

use std::fmt;

use memchr::memmem;
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

/// Most files that one body may refer to.
pub(in crate::gateway) const MOST_FILES: usize = 100;

/// The ids of all files in a body, which is JSON.
pub(in crate::gateway) fn files(body: &[u8]) -> Vec<String> {
    // Nearly every body has neither the name nor an escape that it could hide in.
    if memmem::find(body, b"file_id").is_none() && memmem::find(body, b"\\u").is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    // The body was read before, so this can be too.
    let _ = Find { is_id: false, found: &mut found }.deserialize(&mut json);
    found
}

struct Find<'f> {
    /// Whether a text here is a file's id.
    is_id: bool,
    found: &'f mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.is_id && self.found.len() <= MOST_FILES {
            self.found.push(text.to_owned());
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { is_id, found } = self;
        while list.next_element_seed(Find { is_id, found: &mut *found })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(is_id) = map.next_key_seed(NamesFile)? {
            map.next_value_seed(Find { is_id, found: &mut *self.found })?;
        }
        Ok(())
    }
}

/// Whether a key is one that names files.
struct NamesFile;

impl<'de> DeserializeSeed<'de> for NamesFile {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NamesFile {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(matches!(key, "file_id" | "file_ids"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_however_deep_and_however_written() {
        let body =
            br#"{"input":[{"content":[{"type":"input_file","file_id":"file-1"},{"file":{"file\u005fid":"file-2"}}]}],
            "tools":[{"container":{"file_ids":["file-3","file-4"]}}],"x":"file_id","n":1.5}"#;
        assert_eq!(files(body), ["file-1", "file-2", "file-3", "file-4"]);
        assert!(files(br#"{"messages":[{"content":"no \u00e9 files, but the word file_id"}]}"#).is_empty());
        assert!(files(b"{}").is_empty());
    }
}
