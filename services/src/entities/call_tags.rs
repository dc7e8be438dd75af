//! Tags of calls, for searches: the same that the calls hold as JSON.

use domain::calls::CallTags;
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub value: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The text of a column `tags`; `None` for no tags.
pub(crate) fn to_json(tags: &CallTags) -> Option<String> {
    // Texts can't fail to serialize.
    if tags.is_empty() { None } else { serde_json::to_string(tags).ok() }
}

/// Parses the text of a column `tags`.
pub(crate) fn parse(json: Option<&str>) -> CallTags {
    json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}
