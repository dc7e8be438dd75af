//! The values by which a list of calls can be narrowed, each with its number of calls.

use serde::{Deserialize, Serialize};

use crate::usage::Group;

/// The values of each dimension among the calls of a query.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Facets {
    /// One for each of [`Group::FIXED`], in that order; then one for each tag that the query names, and for the most
    /// frequent ones, at most [`Facets::MAX_TAGS`] of both.
    pub facets: Vec<Facet>,
    /// Whether the query's bounds, tags and text are left out, since calls aren't summed by these.
    #[serde(default)]
    pub ignores_bounds: bool,
    /// Whether the counts leave out rare combinations of values, or all but the newest tags, since there are too many.
    #[serde(default)]
    pub is_partial: bool,
}

/// The values of one dimension: those of the calls that match the filters of all other dimensions, so that more than one
/// value can be chosen.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Facet {
    pub dimension: Group,
    /// Values, chosen ones first, then the most frequent, at most [`Facets::MAX_VALUES`] of them.
    pub values: Vec<FacetValue>,
    /// Whether there are more values.
    pub more: bool,
}

/// A value of a dimension.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FacetValue {
    /// The value as in an address and in a search text: an ID, a name, `succeeded`, `429`.
    pub value: String,
    /// The text for people.
    pub label: String,
    /// Number of calls, rejected ones included.
    pub calls: i64,
    /// Whether the query names the value.
    pub is_chosen: bool,
}

impl Facets {
    /// Maximum number of values of one dimension, chosen ones aside.
    pub const MAX_VALUES: usize = 20;
    /// Maximum number of tags.
    pub const MAX_TAGS: usize = 8;

    /// The facet of a dimension, if it has one.
    pub fn get(&self, dimension: &Group) -> Option<&Facet> {
        self.facets.iter().find(|facet| facet.dimension == *dimension)
    }
}
