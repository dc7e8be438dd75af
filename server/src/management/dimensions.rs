//! The dimensions by which usage and costs are grouped and filtered, by OpenAI's names.

use domain::{
    ids::{ApiKeyId, UserId},
    models::Service,
    usage::Filter,
};
use services::usage::breakdown::{ImageSource, SpanGroup};
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema, path::Parameter},
};

use crate::v1::{
    error::V1Error,
    input::QueryParams,
    parameters::{list_of, one_of, query_param},
};

/// A value of `group_by`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum GroupName {
    ProjectId,
    UserId,
    ApiKeyId,
    Model,
    /// Of costs: the model.
    LineItem,
    Batch,
    ServiceTier,
    ApiSource,
    ImageSize,
    ImageSource,
    ContextLevel,
    VectorStoreId,
    /// Tollhouse's own, like those below.
    Service,
    Endpoint,
    Provider,
}

impl GroupName {
    /// The text in a query.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ProjectId => "project_id",
            Self::UserId => "user_id",
            Self::ApiKeyId => "api_key_id",
            Self::Model => "model",
            Self::LineItem => "line_item",
            Self::Batch => "batch",
            Self::ServiceTier => "service_tier",
            Self::ApiSource => "api_source",
            Self::ImageSize => "size",
            Self::ImageSource => "source",
            Self::ContextLevel => "context_level",
            Self::VectorStoreId => "vector_store_id",
            Self::Service => "service",
            Self::Endpoint => "endpoint",
            Self::Provider => "provider",
        }
    }

    /// The dimension of calls; `None` where all calls have the same value, or it isn't recorded.
    const fn dimension(self) -> Option<SpanGroup> {
        match self {
            Self::ProjectId => Some(SpanGroup::Project),
            Self::UserId => Some(SpanGroup::Member),
            Self::ApiKeyId => Some(SpanGroup::ApiKey),
            Self::Model | Self::LineItem => Some(SpanGroup::Model),
            Self::ImageSource => Some(SpanGroup::ImageSource),
            Self::Service => Some(SpanGroup::Service),
            Self::Endpoint => Some(SpanGroup::Endpoint),
            Self::Provider => Some(SpanGroup::Provider),
            Self::Batch
            | Self::ServiceTier
            | Self::ApiSource
            | Self::ImageSize
            | Self::ContextLevel
            | Self::VectorStoreId => None,
        }
    }
}

/// The dimensions by which a query groups.
pub(super) struct Grouping(Vec<GroupName>);

impl Grouping {
    /// Reads `group_by`, whose values are some of `names`.
    pub(super) fn read(query: &QueryParams, names: &[GroupName]) -> Result<Self, V1Error> {
        let groups = query.many("group_by", |text| {
            names.iter().copied().find(|group| group.name() == text).ok_or_else(|| {
                let names: Vec<&str> = names.iter().map(|group| group.name()).collect();
                format!("{text:?} isn't a dimension of this usage. `group_by` must be {}.", names.join(", "))
            })
        })?;
        Ok(Self(groups))
    }

    /// The dimensions of calls, each once.
    pub(super) fn dimensions(&self) -> Vec<SpanGroup> {
        let mut dimensions = Vec::new();
        for dimension in self.0.iter().filter_map(|group| group.dimension()) {
            if !dimensions.contains(&dimension) {
                dimensions.push(dimension);
            }
        }
        dimensions
    }

    /// Whether calls came from batches, of which there are none; `None` unless grouped by it.
    pub(super) fn batch(&self) -> Option<bool> {
        self.0.contains(&GroupName::Batch).then_some(false)
    }

    /// OpenAI's name for calls that aren't its agents'; `None` unless grouped by it.
    pub(super) fn api_source(&self) -> Option<&'static str> {
        self.0.contains(&GroupName::ApiSource).then_some("unlabeled")
    }
}

/// A parameter that restricts results.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FilterName {
    UserIds,
    ApiKeyIds,
    Models,
    /// Of costs: models.
    LineItems,
    Batch,
    ImageSizes,
    ImageSources,
    ContextLevels,
    VectorStoreIds,
    /// Tollhouse's own, like those below.
    Services,
    Endpoints,
    Providers,
}

impl FilterName {
    /// The parameter's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::UserIds => "user_ids",
            Self::ApiKeyIds => "api_key_ids",
            Self::Models => "models",
            Self::LineItems => "line_items",
            Self::Batch => "batch",
            Self::ImageSizes => "sizes",
            Self::ImageSources => "sources",
            Self::ContextLevels => "context_levels",
            Self::VectorStoreIds => "vector_store_ids",
            Self::Services => "services",
            Self::Endpoints => "endpoints",
            Self::Providers => "providers",
        }
    }

    /// Its description for the OpenAPI document.
    pub(super) fn parameter(self) -> Parameter {
        let (description, schema): (&str, RefOr<Schema>) = match self {
            Self::UserIds => (
                "Members to restrict the results to: those who created the keys of the calls.",
                list_of(UserId::schema()).into(),
            ),
            Self::ApiKeyIds => ("Keys to restrict the results to.", list_of(ApiKeyId::schema()).into()),
            Self::Models => ("Models to restrict the results to.", list_of(String::schema()).into()),
            Self::LineItems => (
                "Line items to restrict the results to, which are models; not together with `models`.",
                list_of(String::schema()).into(),
            ),
            Self::Batch => (
                "Whether to return usage of batches only, of which there is none, or that of other calls; both by default.",
                one_of(&["true", "false"]).into(),
            ),
            Self::ImageSizes => (
                "OpenAI's filter, which is rejected: sizes of images aren't recorded.",
                list_of(String::schema()).into(),
            ),
            Self::ImageSources => (
                "Ways of making images to restrict the results to.",
                list_of(one_of(&ImageSource::ALL.map(ImageSource::name))).into(),
            ),
            Self::ContextLevels => (
                "OpenAI's filter, which is rejected: context levels of searches aren't recorded.",
                list_of(String::schema()).into(),
            ),
            Self::VectorStoreIds => (
                "OpenAI's filter, which changes nothing: there are no vector stores.",
                list_of(String::schema()).into(),
            ),
            Self::Services => {
                ("Services to restrict the results to.", list_of(one_of(&Service::ALL.map(Service::name))).into())
            }
            Self::Endpoints => (
                "Paths of requests, such as `/v1/chat/completions`, to restrict the results to.",
                list_of(String::schema()).into(),
            ),
            Self::Providers => ("Providers to restrict the results to.", list_of(String::schema()).into()),
        };
        query_param(self.name(), description, schema)
    }

    /// Adds the parameter's values to `filter`, and returns whether any call may match.
    pub(super) fn read(self, query: &QueryParams, filter: &mut Filter) -> Result<bool, V1Error> {
        let name = self.name();
        let text = |text: &str| Ok::<_, String>(text.to_owned());
        match self {
            Self::UserIds => filter.members = query.many(name, str::parse)?,
            Self::ApiKeyIds => filter.api_keys = query.many(name, str::parse)?,
            Self::Models => filter.models = query.many(name, text)?,
            Self::LineItems => {
                let items = query.many(name, text)?;
                if !items.is_empty() && !filter.models.is_empty() {
                    let message = "A line item is a model. Use either `models` or `line_items`.";
                    return Err(V1Error::invalid(name, message));
                }
                filter.models.extend(items);
            }
            Self::Batch => {
                let batch =
                    query.one(name, |text| text.parse::<bool>().map_err(|_| "`batch` must be true or false."))?;
                return Ok(batch != Some(true));
            }
            Self::ImageSources => {
                let sources = query.many(name, parse_source)?;
                filter.endpoints = sources.into_iter().map(|source| source.endpoint().to_owned()).collect();
            }
            Self::ImageSizes => return reject(query, name, "Sizes of images aren't recorded."),
            Self::ContextLevels => return reject(query, name, "Context levels of searches aren't recorded."),
            Self::VectorStoreIds => {}
            Self::Services => filter.services = query.many(name, str::parse)?,
            Self::Endpoints => filter.endpoints = query.many(name, text)?,
            Self::Providers => filter.providers = query.many(name, text)?,
        }
        Ok(true)
    }
}

/// Rejects a filter by values that aren't recorded, if there is one: to ignore it would give wrong sums.
fn reject(query: &QueryParams, name: &'static str, message: &'static str) -> Result<bool, V1Error> {
    query.many(name, |_| Err::<(), _>(message))?;
    Ok(true)
}

fn parse_source(text: &str) -> Result<ImageSource, String> {
    ImageSource::ALL
        .into_iter()
        .find(|source| source.name() == text)
        .ok_or_else(|| format!("{text:?} isn't a source. Use {}.", ImageSource::ALL.map(ImageSource::name).join(", ")))
}
