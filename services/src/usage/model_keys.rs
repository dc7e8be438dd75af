//! Tokens by model and key.

use std::collections::HashMap;

use domain::{
    ids::ApiKeyId,
    permissions::Permission,
    usage::{Group, ModelKeyTokens, UsageQuery},
};
use sea_orm::{DatabaseConnection, DbErr, QueryResult};
use uuid::Uuid;

use super::{
    buckets, by_tag,
    call_sums::call_value,
    grouped_sums::Selection,
    labels::Labels,
    report::{ReportReader, zone},
    sums::sum,
};
use crate::{Actor, ServiceResult, Services, filters, projects};

/// Maximum number of pairs of a model and a key that are listed, those with most tokens.
const MAX_LISTED: usize = 500;
/// The names in the row that sums all other pairs.
const OTHER_MODELS: &str = "Other models";
const OTHER_KEYS: &str = "Other keys";

/// Input and output tokens by model and key; the nil id stands for no key.
type Tokens = HashMap<(String, Uuid), [i64; 2]>;

/// Returns the tokens of each model and key within the query's range and filter, the largest first, as far as the actor may see
/// them. They add up to the total of [`report`](super::report()).
///
/// One statement reads them all: the table is read again with each call, on each page that shows it.
pub async fn model_keys(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<Vec<ModelKeyTokens>> {
    services.wait_until_stored().await;
    let (database, organization) = (services.database.read(), &actor.organization);
    let scope = projects::scope(database, actor, Permission::ViewUsage).await?;
    filters::check(database, organization.id, &scope, &query.filter).await?;
    let (zone, now) = (zone(organization, query.time_zone.as_deref())?, services.now());
    let whole = buckets::of(query.range, query.view(), zone, now).whole();
    let query = UsageQuery { group: Group::Model, ..query.clone() };
    by_tag::check(database, organization, &query, whole.start(), now).await?;
    let sources = ReportReader { database, organization, scope: &scope, query: &query }.sources(&whole, true);
    let selection = Selection { organization, sources: &sources, scope: &scope, filter: &query.filter };
    let mut pairs: Vec<_> = read(database, &selection).await?.into_iter().collect();
    pairs.retain(|(_, tokens)| total(tokens) != 0);
    // Ties are ordered by model and key, so that rows keep their places when a page is reloaded.
    pairs.sort_by(|(pair, a), (other, b)| total(b).cmp(&total(a)).then_with(|| pair.cmp(other)));
    let others = pairs.split_off(pairs.len().min(MAX_LISTED));
    let key_of = |id: Uuid| Some(id).filter(|id| !id.is_nil()).map(ApiKeyId::new);
    let text_of = |id: Uuid| key_of(id).map(|key| key.to_string()).unwrap_or_default();
    let keys: Vec<String> = pairs.iter().map(|((_, key), _)| text_of(*key)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let labels = Labels::find(database, organization, &Group::ApiKey, &keys).await?;
    let row = |((model, key), [tokens_in, tokens_out]): ((String, Uuid), [i64; 2])| ModelKeyTokens {
        model,
        api_key: key_of(key),
        key_name: labels.get(&text_of(key)),
        tokens_in,
        tokens_out,
    };
    let mut rows: Vec<ModelKeyTokens> = pairs.into_iter().map(row).collect();
    if !others.is_empty() {
        let mut sums = [0; 2];
        others.iter().for_each(|(_, tokens)| add(&mut sums, *tokens));
        let [tokens_in, tokens_out] = sums;
        let (model, key_name) = (OTHER_MODELS.to_owned(), OTHER_KEYS.to_owned());
        rows.push(ModelKeyTokens { model, api_key: None, key_name, tokens_in, tokens_out });
    }
    Ok(rows)
}

/// Sums the selected rollups and calls.
async fn read(database: &DatabaseConnection, selection: &Selection<'_>) -> ServiceResult<Tokens> {
    const NAMES: [&str; 2] = ["tokens_in", "tokens_out"];
    let grouping = [("s.model", "model"), ("s.api_key_id", "api_key")];
    let of_rollups = NAMES.map(|name| sum(&format!("r.{name}"), name)).join(", ");
    let of_calls = NAMES.map(|name| sum(&call_value(name), name)).join(", ");
    let mut tokens = Tokens::new();
    let read = |_bucket: usize, is_added: bool, row: &QueryResult| -> Result<(), DbErr> {
        let more: [i64; 2] = [row.try_get("", "tokens_in")?, row.try_get("", "tokens_out")?];
        let sums = tokens.entry((row.try_get("", "model")?, row.try_get("", "api_key")?)).or_default();
        add(sums, if is_added { more } else { more.map(|count| -count) });
        Ok(())
    };
    selection.for_each_row(database, &grouping, [&of_rollups, &of_calls], read).await?;
    Ok(tokens)
}

fn add(sums: &mut [i64; 2], more: [i64; 2]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(more));
}

fn total([tokens_in, tokens_out]: &[i64; 2]) -> i64 {
    tokens_in.saturating_add(*tokens_out)
}
