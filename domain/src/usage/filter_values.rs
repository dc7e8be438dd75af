//! The values of a filter by dimension, as text: for chips, menus and series, which treat all dimensions alike.

use std::str::FromStr;

use super::{
    OTHERS,
    filter::{Filter, Group, TagFilter},
    tags::OTHER_TAG_VALUES,
};

impl Filter {
    /// The values of one dimension as text; of a tag, the values of its name.
    pub fn values(&self, group: &Group) -> Vec<String> {
        fn texts<T: ToString>(values: &[T]) -> Vec<String> {
            values.iter().map(T::to_string).collect()
        }
        match group {
            Group::Model => self.models.clone(),
            Group::ApiKey => texts(&self.api_keys),
            Group::Project => texts(&self.projects),
            Group::Member => texts(&self.members),
            Group::Service => texts(&self.services),
            Group::Endpoint => self.endpoints.clone(),
            Group::Provider => self.providers.clone(),
            Group::Status => texts(&self.statuses),
            Group::Tag(name) => self.tags.iter().filter(|tag| tag.name == *name).map(|tag| tag.value.clone()).collect(),
        }
    }

    /// The filter with these values of one dimension instead of its own; `None` if one of them can't be one, or if they are
    /// more than [`MAX_VALUES`](Self::MAX_VALUES).
    #[must_use]
    pub fn with_values(&self, group: &Group, values: &[String]) -> Option<Self> {
        fn parse<T: FromStr>(values: &[String]) -> Option<Vec<T>> {
            values.iter().map(|value| value.parse().ok()).collect()
        }
        if values.len() > Self::MAX_VALUES {
            return None;
        }
        let is_name = |value: &String| !value.is_empty() && value != OTHERS && value != OTHER_TAG_VALUES;
        let names = || values.iter().all(is_name).then(|| values.to_vec());
        let mut filter = self.clone();
        match group {
            Group::Model => filter.models = names()?,
            Group::ApiKey => filter.api_keys = parse(values)?,
            Group::Project => filter.projects = parse(values)?,
            Group::Member => filter.members = parse(values)?,
            Group::Service => filter.services = parse(values)?,
            Group::Endpoint => filter.endpoints = names()?,
            Group::Provider => filter.providers = names()?,
            Group::Status => filter.statuses = parse(values)?,
            Group::Tag(name) => {
                filter.tags.retain(|tag| tag.name != *name);
                filter.tags.extend(names()?.into_iter().map(|value| TagFilter { name: name.clone(), value }));
            }
        }
        Some(filter)
    }

    /// The filter narrowed to one value of a dimension; `None` if that can't be, or changes nothing.
    #[must_use]
    pub fn narrowed(&self, group: &Group, value: &str) -> Option<Self> {
        self.with_values(group, &[value.to_owned()]).filter(|narrowed| narrowed != self)
    }

    /// The filter with one more value of a dimension; `None` if it can't have it, or has it.
    #[must_use]
    pub fn with_value(&self, group: &Group, value: &str) -> Option<Self> {
        let mut values = self.values(group);
        if values.iter().any(|other| other == value) {
            return None;
        }
        values.push(value.to_owned());
        self.with_values(group, &values)
    }

    /// The filter without one value of a dimension.
    #[must_use]
    pub fn without_value(&self, group: &Group, value: &str) -> Self {
        let mut values = self.values(group);
        values.retain(|other| other != value);
        self.with_values(group, &values).unwrap_or_else(|| self.clone())
    }

    /// The dimensions that have values, in the order in which they are offered, each tag by its name.
    pub fn dimensions(&self) -> Vec<Group> {
        let mut dimensions: Vec<Group> = Group::FIXED.into_iter().collect();
        for tag in &self.tags {
            let group = Group::Tag(tag.name.clone());
            if !dimensions.contains(&group) {
                dimensions.push(group);
            }
        }
        dimensions.retain(|group| !self.values(group).is_empty());
        dimensions
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn customer() -> Group {
        "tag.customer".parse().unwrap()
    }

    /// A dimension and two different values of it.
    fn any_values() -> impl Strategy<Value = (Group, [&'static str; 2])> {
        prop::sample::select(vec![
            (Group::Model, ["gpt-5-mini", "sandbox-1"]),
            (Group::ApiKey, ["key_01h2xcejqtf2nbrexx3vqjhp41", "key_00000000000000000000000000"]),
            (Group::Project, ["proj_01h2xcejqtf2nbrexx3vqjhp41", "proj_00000000000000000000000000"]),
            (Group::Service, ["chat", "video"]),
            (Group::Endpoint, ["/v1/chat/completions", "/v1/videos"]),
            (Group::Provider, ["openai", "sandbox"]),
            (Group::Status, ["4xx", "429"]),
            (customer(), ["acme", "a: b"]),
            ("tag.plan".parse().unwrap(), ["free", "pro"]),
        ])
    }

    #[test]
    fn what_can_not_be_a_value_narrows_nothing() {
        let filter = Filter::default();
        for (group, value) in [
            (Group::Model, ""),
            (Group::ApiKey, OTHERS),
            (Group::Model, OTHERS),
            (Group::Status, "0"),
            (Group::Service, "mail"),
            (Group::Provider, ""),
            (customer(), ""),
            (customer(), OTHER_TAG_VALUES),
        ] {
            assert_eq!(filter.narrowed(&group, value), None, "{group} {value:?}");
        }
    }

    #[test]
    fn a_narrow_filter_is_not_narrowed_again() {
        let filter = Filter::default().narrowed(&Group::Model, "gpt-5-mini").unwrap();
        assert_eq!(filter.narrowed(&Group::Model, "gpt-5-mini"), None);
        assert_eq!(filter.with_value(&Group::Model, "gpt-5-mini"), None);
    }

    #[test]
    fn a_dimension_has_no_more_values_than_allowed() {
        let values: Vec<String> = (0..=Filter::MAX_VALUES).map(|number| format!("model-{number}")).collect();
        assert_eq!(Filter::default().with_values(&Group::Model, &values), None);
        assert!(Filter::default().with_values(&Group::Model, &values[1..]).is_some());
    }

    proptest! {
        #[test]
        fn what_was_added_can_be_taken_away(
            steps in prop::collection::vec((any_values(), 0_usize..2), 0..12),
        ) {
            let mut filter = Filter::default();
            for ((group, values), index) in &steps {
                filter = filter.with_value(group, values[*index]).unwrap_or(filter);
            }
            let different: std::collections::HashSet<_> =
                steps.iter().map(|((group, values), index)| (group.to_string(), values[*index])).collect();
            prop_assert_eq!(filter.len(), different.len());
            for ((group, values), index) in &steps {
                prop_assert_eq!(filter.dimensions().contains(group), !filter.values(group).is_empty());
                filter = filter.without_value(group, values[*index]);
            }
            prop_assert!(filter.is_empty() && filter.dimensions().is_empty());
        }
    }
}
