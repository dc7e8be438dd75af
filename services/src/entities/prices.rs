//! Versions of models' prices, in nano-dollars.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "prices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub model: String,
    pub effective_from: i64,
    /// Modification time of the file that set the price; `None` for versions stored before that was recorded.
    pub said_at: Option<i64>,
    pub input_per_million: Option<i64>,
    pub cached_input_per_million: Option<i64>,
    pub cache_write_input_per_million: Option<i64>,
    pub cache_write_1h_input_per_million: Option<i64>,
    pub audio_input_per_million: Option<i64>,
    pub output_per_million: Option<i64>,
    pub audio_output_per_million: Option<i64>,
    pub reasoning_output_per_million: Option<i64>,
    pub per_million_characters: Option<i64>,
    pub per_call: Option<i64>,
    pub per_image: Option<i64>,
    pub per_minute: Option<i64>,
    pub per_gb_month: Option<i64>,
    pub per_search: Option<i64>,
    pub per_tool_call: Option<i64>,
    /// In thousandths, like the other factors.
    pub batch_factor: Option<i64>,
    pub flex_factor: Option<i64>,
    pub priority_factor: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
