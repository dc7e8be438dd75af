//! The dimensions by which a span's usage is grouped.

use domain::{
    ids::{ApiKeyId, ProjectId, UserId},
    models::Service,
};
use sea_orm::QueryResult;
use uuid::Uuid;

use crate::{ServiceError, ServiceResult};

/// A dimension by which a span's usage is grouped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpanGroup {
    Project,
    /// The member who created the calls' keys.
    Member,
    ApiKey,
    Model,
    Service,
    Endpoint,
    Provider,
    ImageSource,
}

impl SpanGroup {
    /// The name of its column in results.
    const fn name(self) -> &'static str {
        match self {
            Self::Project => "project_id",
            Self::Member => "member_id",
            Self::ApiKey => "api_key_id",
            Self::Model => "model",
            Self::Service => "service",
            Self::Endpoint => "endpoint",
            Self::Provider => "provider",
            Self::ImageSource => "image_source",
        }
    }

    /// Its value, as an expression of series `s`.
    pub(super) const fn expression(self) -> &'static str {
        match self {
            Self::Project => "s.project_id",
            Self::Member => "s.member_id",
            Self::ApiKey => "s.api_key_id",
            Self::Model => "s.model",
            Self::Service => "s.service",
            Self::Endpoint => "s.endpoint",
            Self::Provider => "s.provider",
            Self::ImageSource => ImageSource::EXPRESSION,
        }
    }

    /// The expression with its name.
    pub(super) fn selected(self) -> String {
        format!("{} AS {}", self.expression(), self.name())
    }
}

/// How images were made, by OpenAI's names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImageSource {
    Generation,
    Edit,
    Variation,
}

impl ImageSource {
    /// All sources.
    pub const ALL: [Self; 3] = [Self::Generation, Self::Edit, Self::Variation];

    /// The source of a call, by its endpoint; empty for other endpoints.
    const EXPRESSION: &'static str = "CASE s.endpoint WHEN '/v1/images/generations' THEN 'image.generation' \
         WHEN '/v1/images/edits' THEN 'image.edit' WHEN '/v1/images/variations' THEN 'image.variation' ELSE '' END";

    /// OpenAI's name of the source.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generation => "image.generation",
            Self::Edit => "image.edit",
            Self::Variation => "image.variation",
        }
    }

    /// The path to which such calls go.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::Generation => "/v1/images/generations",
            Self::Edit => "/v1/images/edits",
            Self::Variation => "/v1/images/variations",
        }
    }
}

/// The group of a part of a span's usage. Dimensions that aren't grouped by, or that its calls don't have, are `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SpanKey {
    pub project: Option<ProjectId>,
    pub member: Option<UserId>,
    pub api_key: Option<ApiKeyId>,
    pub model: Option<String>,
    pub service: Option<Service>,
    pub endpoint: Option<String>,
    pub provider: Option<String>,
    /// See [`ImageSource::name`].
    pub image_source: Option<String>,
}

impl SpanKey {
    /// Reads the columns of `groups`.
    pub(super) fn read(row: &QueryResult, groups: &[SpanGroup]) -> ServiceResult<Self> {
        let mut key = Self::default();
        for group in groups {
            match group {
                SpanGroup::Project => key.project = read_id(row, *group)?.map(ProjectId::new),
                SpanGroup::Member => key.member = read_id(row, *group)?.map(UserId::new),
                SpanGroup::ApiKey => key.api_key = read_id(row, *group)?.map(ApiKeyId::new),
                SpanGroup::Model => key.model = Some(row.try_get("", group.name())?),
                SpanGroup::Service => {
                    let service: String = row.try_get("", group.name())?;
                    key.service = Some(service.parse().map_err(ServiceError::Internal)?);
                }
                SpanGroup::Endpoint => key.endpoint = read_text(row, *group)?,
                SpanGroup::Provider => key.provider = read_text(row, *group)?,
                SpanGroup::ImageSource => key.image_source = read_text(row, *group)?,
            }
        }
        Ok(key)
    }
}

/// Reads an id; the nil id stands for none.
fn read_id(row: &QueryResult, group: SpanGroup) -> ServiceResult<Option<Uuid>> {
    let id: Uuid = row.try_get("", group.name())?;
    Ok(Some(id).filter(|id| !id.is_nil()))
}

/// Reads a text; an empty one stands for none.
fn read_text(row: &QueryResult, group: SpanGroup) -> ServiceResult<Option<String>> {
    let text: String = row.try_get("", group.name())?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_names_sources_by_their_endpoints() {
        for source in ImageSource::ALL {
            let case = format!("WHEN '{}' THEN '{}'", source.endpoint(), source.name());
            assert!(ImageSource::EXPRESSION.contains(&case), "{case}");
        }
    }
}
