//! Tokens by model and key.

use domain::usage::{Group, GroupTotal, Measures, Metric, ModelKeyTokens, OTHERS, UsageQuery, UsageReport};

use super::report::report;
use crate::{Actor, ServiceResult, Services};

/// Maximum number of models whose keys are listed one by one.
const MAX_MODELS: usize = 25;
/// The name of the sum over the keys of a model that isn't one of these, and of keys beyond those that a report lists.
const OTHER_KEYS: &str = "Other keys";
/// The name of the sum over models that a report doesn't list.
const OTHER_MODELS: &str = "Other models";

/// Returns the tokens of each model and key within the query's range and filter, the largest first, as far as the actor may see
/// them. They add up to the total of [`report`](super::report()).
pub async fn model_keys(services: &Services, actor: &Actor, query: &UsageQuery) -> ServiceResult<Vec<ModelKeyTokens>> {
    let by = |group| UsageQuery { group, metric: Metric::Tokens, all_groups: true, compare: None, ..query.clone() };
    let mut rows = Vec::new();
    for (index, model) in groups(report(services, actor, &by(Group::Model)).await?).into_iter().enumerate() {
        let filter = query.filter.with_values(&Group::Model, std::slice::from_ref(&model.key));
        let Some(filter) = filter.filter(|_| index < MAX_MODELS && model.key != OTHERS) else {
            let name = if model.key == OTHERS { OTHER_MODELS.to_owned() } else { model.key };
            rows.push(row(name, OTHERS, OTHER_KEYS.to_owned(), model.total));
            continue;
        };
        let keys = report(services, actor, &UsageQuery { filter, ..by(Group::ApiKey) }).await?;
        let keys = groups(keys).into_iter();
        rows.extend(keys.map(|key| row(model.key.clone(), &key.key, key.label, key.total)));
    }
    rows.retain(|row| row.total() != 0);
    rows.sort_by_key(|row| std::cmp::Reverse(row.total()));
    Ok(rows)
}

/// The groups of a report that lists all of them, and the sum of those that it doesn't list.
fn groups(report: UsageReport) -> Vec<GroupTotal> {
    let mut groups = Vec::with_capacity(report.series.len() + report.other_groups.len());
    for series in report.series {
        let mut group = GroupTotal { key: series.key, label: series.label, total: series.total };
        if group.key == OTHERS {
            for other in &report.other_groups {
                group.total += -other.total;
            }
            group.label = OTHER_KEYS.to_owned();
        }
        groups.push(group);
    }
    groups.extend(report.other_groups);
    groups.retain(|group| !group.total.is_zero());
    groups
}

fn row(model: String, key: &str, key_name: String, total: Measures) -> ModelKeyTokens {
    ModelKeyTokens {
        model,
        api_key: key.parse().ok(),
        key_name,
        tokens_in: total.tokens_in,
        tokens_out: total.tokens_out,
    }
}
