//! The members of a JSON object that tell how a call went, as the clients of providers read them.

use std::{borrow::Cow, str::FromStr};

use crate::gateway::json::raw::{Value, members};

/// The names that matter anywhere.
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

/// An object's members by these names. Of two with the same name the last holds.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(&'static str, Value<'a>)>);

impl<'a> Members<'a> {
    /// Those of a whole text; `None` where it is no object.
    pub(crate) fn of(json: &'a [u8]) -> Option<Self> {
        let mut found = Self::default();
        members(json, |name, value| found.take(name, value))?;
        Some(found)
    }

    /// Those of a value; none of one that is no object.
    pub(crate) fn in_value(value: Value<'a>) -> Self {
        let mut found = Self::default();
        value.members(|name, value| found.take(name, value));
        found
    }

    fn take(&mut self, name: &str, value: Value<'a>) {
        let Ok(place) = NAMES.binary_search(&name) else { return };
        match self.0.iter_mut().find(|(known, _)| *known == NAMES[place]) {
            Some((_, known)) => *known = value,
            None => self.0.push((NAMES[place], value)),
        }
    }

    /// Those of a member that is an object itself.
    pub(crate) fn within(&self, name: &str) -> Option<Self> {
        self.get(name).filter(|value| value.is_object()).map(Self::in_value)
    }

    fn last(&self, name: &str) -> Option<Value<'a>> {
        debug_assert!(NAMES.contains(&name), "{name} isn't kept");
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.last(name).is_some_and(Value::is_null)
    }

    /// The one by this name, unless it is `null`.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        self.last(name).filter(|value| !value.is_null())
    }

    /// The one by this name, where it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.text()
    }

    /// The one by this name, where it is such a number, or a text that is.
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
