//! Input, output and total tokens of each model and key, in one table.

use domain::usage::{ModelKeyTokens, UsageQuery};
use leptos::prelude::*;

use super::links::Links;
use crate::{
    addresses::CodePart,
    api,
    components::{AsyncView, CardPosition, Column, Count, DataTable, Name, Skeleton},
    layout::LazyPart,
    lean::When,
    state::{load, use_live, use_organization},
};

/// The links of the page, for the table's code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct TokenContext(Memo<Links>);

/// A section that opens the table.
#[component]
pub(super) fn TokenSection(links: Memo<Links>) -> impl IntoView {
    provide_context(TokenContext(links));
    let details = NodeRef::<leptos::html::Details>::new();
    let open = RwSignal::new(false);
    let on_toggle = move |_| open.set(details.get_untracked().is_some_and(|details| details.open()));
    view! {
        <section class="card table-card usage-tokens">
            <details node_ref=details on:toggle=on_toggle>
                <summary>"Tokens by model and key"</summary>
                <When when=move || open.get()><LazyPart part=CodePart::TokenTable wanted=true/></When>
            </details>
        </section>
    }
}

/// The table, for the [`TokenContext`] in the context.
#[component]
pub fn TokenTable() -> impl IntoView {
    let TokenContext(links) = expect_context();
    // Tokens depend on the range and the filter only.
    let query = Memo::new(move |_| {
        let UsageQuery { range, time_zone, filter, .. } = links.with(|links| links.address.query.clone());
        UsageQuery { range, time_zone, filter, ..UsageQuery::default() }
    });
    let organization = use_organization();
    let report = load(move || api::usage::ModelKeys { organization: organization.slug(), query: query.get() });
    use_live().follow(move || report.refresh());
    let skeleton = || view! { <Skeleton lines=5/> };
    view! {
        <AsyncView answer=report skeleton=skeleton let:rows>
            <Rows rows links/>
        </AsyncView>
    }
}

#[component]
fn Rows(rows: ReadSignal<Vec<ModelKeyTokens>>, links: Memo<Links>) -> impl IntoView {
    let columns = vec![
        Column::new("Model", move |row: &ModelKeyTokens| {
            let name = if row.model.is_empty() { "Unknown model".to_owned() } else { row.model.clone() };
            let href = links.with(|links| links.model_key(&row.model, row.api_key));
            match href {
                Some(href) => {
                    view! { <a class="series-name" href=href title="Show only this"><Name name/></a> }.into_any()
                }
                None => view! { <span class="series-name"><Name name/></span> }.into_any(),
            }
        })
        .at(CardPosition::Title),
        Column::new("Key", |row: &ModelKeyTokens| view! { <Name name=row.key_name.clone()/> }).at(CardPosition::Below),
        Column::new("Input tokens", |row: &ModelKeyTokens| view! { <Count value=row.tokens_in/> }).numeric(),
        Column::new("Output tokens", |row: &ModelKeyTokens| view! { <Count value=row.tokens_out/> }).numeric(),
        Column::new("Total tokens", |row: &ModelKeyTokens| view! { <Count value=row.total()/> })
            .numeric()
            .at(CardPosition::Value),
    ];
    let foot = move || {
        move || {
            rows.with(|rows| {
                let sum = |part: fn(&ModelKeyTokens) -> i64| rows.iter().map(part).fold(0, i64::saturating_add);
                let cells = [
                    ("at-detail numeric", "Input tokens", sum(|row| row.tokens_in)),
                    ("at-detail numeric", "Output tokens", sum(|row| row.tokens_out)),
                    ("at-value numeric", "Total tokens", sum(ModelKeyTokens::total)),
                ];
                let cells = cells.map(|(class, label, sum)| {
                    view! { <td role="cell" class=class data-label=label><Count value=sum/></td> }.into_any()
                });
                view! {
                    <tr role="row">
                        <td role="rowheader" class="at-title">"Total"</td>
                        <td role="cell" class="at-below"></td>
                        {cells.into_iter().collect::<Vec<_>>()}
                    </tr>
                }
            })
        }
    };
    view! { <DataTable caption="Tokens by model and key" columns rows=move || rows.get() foot=foot/> }
}
