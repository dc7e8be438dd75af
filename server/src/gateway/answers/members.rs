//! The members of JSON objects that show how a call went. Duplicate names resolve as in clients of
//! providers: the last one wins.

use std::{borrow::Cow, str::FromStr};

use crate::gateway::json::raw::{RawJson, members};

/// All names of members that any reader asks for, sorted.
const NAMES: [&str; 33] = [
    "base_resp",
    "choices",
    "code",
    "content",
    "data",
    "delta",
    "detail",
    "error",
    "error_code",
    "error_message",
    "error_msg",
    "errors",
    "finish_reason",
    "http_code",
    "id",
    "index",
    "input_tokens",
    "message",
    "msg",
    "object",
    "output",
    "response",
    "results",
    "segments",
    "status",
    "status_code",
    "stop_reason",
    "success",
    "task",
    "text",
    "type",
    "usage",
    "words",
];

/// Members of an object with one of [`NAMES`]. Of two with one name, the last one wins.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(&'static str, RawJson<'a>)>);

impl<'a> Members<'a> {
    /// Reads the members of a JSON text; `None` if it isn't an object.
    pub(crate) fn of(json: &'a [u8]) -> Option<Self> {
        let mut found = Self::default();
        members(json, |name, value| found.insert(name, value))?;
        Some(found)
    }

    /// Reads the members of a value; empty unless it is an object.
    pub(crate) fn in_value(value: RawJson<'a>) -> Self {
        let mut found = Self::default();
        value.members(|name, value| found.insert(name, value));
        found
    }

    fn insert(&mut self, name: &str, value: RawJson<'a>) {
        let Ok(index) = NAMES.binary_search(&name) else { return };
        match self.0.iter_mut().find(|(name, _)| *name == NAMES[index]) {
            Some((_, last)) => *last = value,
            None => self.0.push((NAMES[index], value)),
        }
    }

    /// Reads the members of a member that is an object.
    pub(crate) fn nested(&self, name: &str) -> Option<Self> {
        self.get(name).filter(|value| value.is_object()).map(Self::in_value)
    }

    fn last(&self, name: &str) -> Option<RawJson<'a>> {
        debug_assert!(NAMES.contains(&name), "{name} isn't kept");
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.last(name).is_some_and(RawJson::is_null)
    }

    /// Returns the value of a member, unless it is `null`.
    pub(crate) fn get(&self, name: &str) -> Option<RawJson<'a>> {
        self.last(name).filter(|value| !value.is_null())
    }

    /// Returns the value of a member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.text()
    }

    /// Returns the value of a member that is a number of this type, or a string of one.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        let value = self.get(name)?;
        let text = value.text().or_else(|| std::str::from_utf8(value.raw()).ok().map(Cow::Borrowed))?;
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        assert!(NAMES.is_sorted());
        for name in NAMES {
            let json = format!(r#"{{"x":1,"{name}":null,"{name}":"7"}}"#);
            let members = Members::of(json.as_bytes()).unwrap();
            assert_eq!((members.text(name).as_deref(), members.number::<u16>(name)), (Some("7"), Some(7)), "{name}");
        }
    }
}
