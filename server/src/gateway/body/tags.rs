//! Reads a call's tags from its body: OpenAI's `user`, `safety_identifier` and `metadata`, and Anthropic's
//! `metadata.user_id`.
//!
//! They are meant for the provider, which has rules of its own. So what isn't a tag is left out, and never makes a call
//! fail.

use domain::{
    calls::{CallTags, MAX_TAGS},
    usage::{TagName, parse_tag_name},
};

use crate::{
    gateway::json::raw::{self, RawJson},
    v1::dialect::Dialect,
};

/// The tag of `user`, and of Anthropic's `metadata.user_id`.
pub(in crate::gateway) const USER: &str = "user";
const SAFETY_IDENTIFIER: &str = "safety_identifier";
const METADATA: &str = "metadata";
/// Anthropic's only field of `metadata`. Source: Anthropic's API reference, "Create a Message".
const USER_ID: &str = "user_id";

/// A top-level field of a body that holds tags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TagField {
    User,
    SafetyIdentifier,
    Metadata,
}

impl TagField {
    pub(super) fn from_key(key: &str) -> Option<Self> {
        match key {
            USER => Some(Self::User),
            SAFETY_IDENTIFIER => Some(Self::SafetyIdentifier),
            METADATA => Some(Self::Metadata),
            _ => None,
        }
    }
}

/// Texts of a body that may be tags.
#[derive(Debug, Default)]
pub(in crate::gateway) struct BodyTags {
    user: Option<String>,
    safety_identifier: Option<String>,
    /// Those of `metadata` that are tags, in their order, at most [`MAX_TAGS`].
    metadata: Vec<(TagName, String)>,
    /// `metadata.user_id`.
    user_id: Option<String>,
}

impl BodyTags {
    /// Adds the field `user` of a form.
    pub(in crate::gateway) fn of_user(user: &str) -> Self {
        Self { user: CallTags::checked_value(user).ok(), ..Self::default() }
    }

    /// Adds a field with its JSON. Of repeated fields the last counts, as for most parsers.
    pub(super) fn add(&mut self, field: TagField, json: &str) {
        let Some(value) = raw::value(json.as_bytes()) else { return };
        let text = || CallTags::checked_value(&value.text()?).ok();
        match field {
            TagField::User => self.user = text(),
            TagField::SafetyIdentifier => self.safety_identifier = text(),
            TagField::Metadata => {
                (self.metadata, self.user_id) = (Vec::new(), None);
                value.members(|key, value| self.add_member(key, value));
            }
        }
    }

    fn add_member(&mut self, key: &str, value: RawJson<'_>) {
        let Some(name) = parse_tag_name(key) else { return };
        let is_full = self.metadata.len() >= MAX_TAGS;
        // There may be millions of members, so those that can't be tags aren't read.
        if is_full && key != USER_ID && self.metadata.iter().all(|(other, _)| *other != name) {
            return;
        }
        let Some(value) = value.text().and_then(|text| CallTags::checked_value(&text).ok()) else { return };
        if key == USER_ID {
            self.user_id = Some(value.clone());
        }
        match self.metadata.iter_mut().find(|(other, _)| *other == name) {
            Some((_, other)) => *other = value,
            None if !is_full => self.metadata.push((name, value)),
            None => {}
        }
    }

    /// Leaves out what the organization wants to have redacted in stored bodies, since tags are stored too.
    pub(in crate::gateway) fn without(mut self, redacted: &[String]) -> Self {
        if redacted.is_empty() {
            return self;
        }
        self.user.take_if(|_| is_redacted(&[USER], redacted));
        self.safety_identifier.take_if(|_| is_redacted(&[SAFETY_IDENTIFIER], redacted));
        self.user_id.take_if(|_| is_redacted(&[METADATA, USER_ID], redacted));
        self.metadata.retain(|(name, _)| !is_redacted(&[METADATA, name.as_str()], redacted));
        self
    }

    /// Adds them to those of the headers, which count first: as the fields of this API, in the order `user`,
    /// `safety_identifier`, `metadata`, as long as there is room.
    pub(in crate::gateway) fn add_to(self, tags: &mut CallTags, dialect: Dialect) {
        let (user, safety_identifier, metadata) = match dialect {
            Dialect::OpenAi => (self.user, self.safety_identifier, self.metadata),
            Dialect::Anthropic => (self.user_id, None, Vec::new()),
        };
        for (name, value) in [(USER, user), (SAFETY_IDENTIFIER, safety_identifier)] {
            if let (Some(name), Some(value)) = (parse_tag_name(name), value) {
                tags.add(name, value);
            }
        }
        for (name, value) in metadata {
            tags.add(name, value);
        }
    }
}

/// Whether a field, or one around it, is among `redacted`, which may name parents too: see
/// [`services::bodies::redact`].
fn is_redacted(path: &[&str], redacted: &[String]) -> bool {
    redacted.iter().any(|field| {
        let field: Vec<&str> = field.split('.').collect();
        let is_field = |path: &[&str]| {
            let end = path.iter().rev().zip(field.iter().rev());
            path.len() >= field.len() && end.into_iter().all(|(name, other)| name.eq_ignore_ascii_case(other))
        };
        (1..=path.len()).any(|length| is_field(&path[..length]))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn tags(body: &Value, dialect: Dialect, before: &[(&str, &str)]) -> String {
        let mut found = BodyTags::default();
        for (key, value) in body.as_object().unwrap() {
            if let Some(field) = TagField::from_key(key) {
                found.add(field, &value.to_string());
            }
        }
        let mut tags = CallTags::default();
        for (name, value) in before {
            tags.add(name.parse().unwrap(), (*value).to_owned());
        }
        found.add_to(&mut tags, dialect);
        let pairs: Vec<String> = tags.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        pairs.join(" ")
    }

    #[test]
    fn each_api_has_its_fields() {
        let body = json!({
            "user": "u-1", "safety_identifier": "s-1", "metadata": { "Customer": "acme", "user_id": "u-2", "n": 7 }, "tags": "x",
        });
        let found = tags(&body, Dialect::OpenAi, &[]);
        assert_eq!(found, "customer:acme safety_identifier:s-1 user:u-1 user_id:u-2");
        assert_eq!(tags(&body, Dialect::Anthropic, &[]), "user:u-2");
    }

    #[test]
    fn headers_come_first_then_the_user_and_no_more_than_fit() {
        let metadata: Value =
            (0..20).map(|number| (format!("m{number:02}"), json!("x"))).collect::<serde_json::Map<_, _>>().into();
        let body = json!({ "user": "u-1", "metadata": metadata });
        let before = [("h1", "a"), ("h2", "a"), ("h3", "a"), ("h4", "a"), ("h5", "a"), ("h6", "a"), ("m00", "h")];
        assert_eq!(tags(&body, Dialect::OpenAi, &before), "h1:a h2:a h3:a h4:a h5:a h6:a m00:h user:u-1");
        let own = json!({ "user": "u-1", "metadata": { "user": "u-2" } });
        assert_eq!(tags(&own, Dialect::OpenAi, &[]), "user:u-1");
        assert_eq!(tags(&own, Dialect::OpenAi, &[("user", "u-0")]), "user:u-0");
    }

    #[test]
    fn of_many_members_the_first_names_count_with_their_last_value() {
        let many: Vec<String> = (0..20).map(|number| format!(r#""m{number:02}":"x""#)).collect();
        let mut found = BodyTags::default();
        found.add(TagField::Metadata, &format!(r#"{{{},"m00":"last","user_id":"u-1"}}"#, many.join(",")));
        assert_eq!((found.metadata.len(), found.metadata[0].1.as_str()), (MAX_TAGS, "last"));
        assert_eq!(found.user_id.as_deref(), Some("u-1"));
    }

    #[test]
    fn redacted_fields_are_no_tags() {
        let left = |redacted: &[&str]| {
            let mut found = BodyTags::default();
            found.add(TagField::User, r#""u-1""#);
            found.add(TagField::SafetyIdentifier, r#""s-1""#);
            found.add(TagField::Metadata, r#"{"Customer":"acme","plan":"pro"}"#);
            let mut tags = CallTags::default();
            let redacted: Vec<String> = redacted.iter().map(|field| (*field).to_owned()).collect();
            found.without(&redacted).add_to(&mut tags, Dialect::OpenAi);
            tags.iter().map(|(name, _)| name.as_str().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(left(&["other", "customer.name", "metadata.plan.x"]), "customer plan safety_identifier user");
        assert_eq!(left(&["USER", "metadata.customer"]), "plan safety_identifier");
        assert_eq!(left(&["customer", "safety_identifier"]), "plan user");
        assert_eq!(left(&["metadata"]), "safety_identifier user");
    }

    #[test]
    fn what_is_no_tag_is_left_out() {
        for body in [
            json!({ "user": 7, "safety_identifier": null, "metadata": ["a"] }),
            json!({ "user": "", "metadata": "a" }),
            json!({ "user": "x".repeat(129), "metadata": { "": "a", "a b": "a", "1": "a", "list": ["a"], "a": "b\nc" } }),
        ] {
            assert_eq!(tags(&body, Dialect::OpenAi, &[]), "", "{body}");
        }
    }
}
