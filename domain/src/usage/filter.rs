//! Filters of usage and calls, and the dimensions by which usage is grouped.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
    outcomes::{Outcome, OutcomeFilter},
    text::from_text,
};

/// A filter of usage and calls. A call matches if, in each dimension that has values, it has one of them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Filter {
    pub projects: Vec<ProjectId>,
    pub api_keys: Vec<ApiKeyId>,
    /// The members who created the calls' keys.
    pub members: Vec<UserId>,
    pub models: Vec<String>,
    pub services: Vec<Service>,
    /// Paths such as `/v1/chat/completions`.
    pub endpoints: Vec<String>,
    pub providers: Vec<String>,
    pub statuses: Vec<StatusFilter>,
    pub tags: Vec<TagFilter>,
}

impl Filter {
    /// Maximum number of values in one dimension.
    pub const MAX_VALUES: usize = 50;

    /// Whether all calls match.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Number of values in all dimensions.
    pub fn len(&self) -> usize {
        let Self { projects, api_keys, members, models, services, endpoints, providers, statuses, tags } = self;
        let lengths = [
            projects.len(),
            api_keys.len(),
            members.len(),
            models.len(),
            services.len(),
            endpoints.len(),
            providers.len(),
            statuses.len(),
            tags.len(),
        ];
        lengths.iter().sum()
    }
}

/// A filter of how calls ended: `errors`, an outcome such as `refused`, a class such as `4xx`, or a status such as `429`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum StatusFilter {
    Outcome(OutcomeFilter),
    /// The first digit of an HTTP status, from 2 to 5.
    Class(u8),
    /// An HTTP status, from 100 to 599.
    Code(u16),
}

impl StatusFilter {
    /// The filter as people read it: `Errors`, `Rejected`, `4xx`, `429`.
    pub fn label(self) -> String {
        match self {
            Self::Outcome(OutcomeFilter::Errors) => "Errors".to_owned(),
            Self::Outcome(OutcomeFilter::Only(outcome)) => outcome.label().to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for StatusFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcome(outcome) => outcome.fmt(f),
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Code(code) => code.fmt(f),
        }
    }
}

impl FromStr for StatusFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(outcome) = text.parse() {
            return Ok(Self::Outcome(outcome));
        }
        let class =
            text.strip_suffix("xx").and_then(|class| class.parse().ok()).filter(|class| (2..=5).contains(class));
        let code = || text.parse().ok().filter(|code| (100..=599).contains(code));
        class.map(Self::Class).or_else(|| code().map(Self::Code)).ok_or_else(|| {
            let outcomes = Outcome::ALL.map(Outcome::name).join(", ");
            format!("{text:?} isn't a status. Use errors, {outcomes}, a class such as 4xx, or a status such as 429.")
        })
    }
}

impl Serialize for StatusFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StatusFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// The name of a tag: 1 to 32 lower-case letters, digits, `_` and `-`, beginning with a letter.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TagName(String);

impl TagName {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 32;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TagName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.len() <= Self::MAX_LENGTH
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "{text:?} isn't a tag's name: use up to 32 lower-case letters, digits, \"_\" and \"-\", a letter first."
        ))
    }
}

/// A tag with a value, as text `customer:acme`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TagFilter {
    pub name: TagName,
    pub value: String,
}

impl fmt::Display for TagFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.value)
    }
}

impl FromStr for TagFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once(':').ok_or_else(|| format!("{text:?} isn't a tag such as customer:acme."))?;
        Ok(Self { name: name.parse()?, value: value.to_owned() })
    }
}

impl Serialize for TagFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TagFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// The dimension by which calls are grouped to series.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum Group {
    #[default]
    Model,
    ApiKey,
    Project,
    Member,
    Service,
    Endpoint,
    Provider,
    /// The HTTP status that was sent to the client.
    Status,
    /// The values of one tag: `tag.customer` as text.
    Tag(TagName),
}

impl Group {
    /// All dimensions but tags, in the order in which they are offered.
    pub const FIXED: [Self; 8] = [
        Self::Model,
        Self::ApiKey,
        Self::Project,
        Self::Member,
        Self::Service,
        Self::Endpoint,
        Self::Provider,
        Self::Status,
    ];

    /// The longest range that can be grouped by a tag, in days: tags aren't in rollups.
    pub const MAX_TAG_DAYS: i64 = 90;

    /// The label shown to people.
    pub fn label(&self) -> &str {
        match self {
            Self::Model => "Model",
            Self::ApiKey => "Key",
            Self::Project => "Project",
            Self::Member => "Member",
            Self::Service => "Service",
            Self::Endpoint => "Endpoint",
            Self::Provider => "Provider",
            Self::Status => "Status",
            Self::Tag(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "model",
            Self::ApiKey => "key",
            Self::Project => "project",
            Self::Member => "member",
            Self::Service => "service",
            Self::Endpoint => "endpoint",
            Self::Provider => "provider",
            Self::Status => "status",
            Self::Tag(name) => return write!(f, "tag.{name}"),
        })
    }
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("tag.") {
            return name.parse().map(Self::Tag);
        }
        Self::FIXED.into_iter().find(|group| group.to_string() == text).ok_or_else(|| {
            let names = Self::FIXED.map(|group| group.to_string()).join(", ");
            format!("{text:?} isn't a valid group. Use one of {names}, or a tag such as tag.customer.")
        })
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}
