//! The calls behind the numbers, one by one.

mod call_list;
mod call_panel;
mod call_table;
mod controls;
mod cost;
mod facts;
mod more;
mod outcome;
mod timing;

use domain::usage::Filter;
use leptos::prelude::*;

pub(super) use self::outcome::{StatusBadge, cost_text};
use self::{call_list::CallList, call_panel::CallPanel, call_table::CallTable, controls::Controls, more::More};
use super::usage::with_organization;
use crate::{
    addresses::{LogsAddress, Page},
    components::{AsyncView, EmptyState, Icon, IconView, LiveSign, PageHead, Skeleton, When, format_count},
    state::{use_address, use_live, use_organization},
};

/// The calls of a time range, the newest first, with one of them open beside.
#[component]
pub fn Logs() -> impl IntoView {
    let organization = use_organization();
    let address = use_address(LogsAddress::parse);
    let zone = Memo::new(move |_| {
        address.with(|address| address.time_zone.clone()).unwrap_or_else(|| organization.time_zone())
    });
    let list = CallList::new(address);
    use_live().follow(move || list.look_for_news());

    let none = move || list.calls().with(Vec::is_empty);
    view! {
        <PageHead title="Logs" description=|| "Every call, the newest first">
            <LiveSign/>
            <a class="button" href=move || export(&organization.slug(), &address.get()) download rel="external">
                <IconView icon=Icon::Download/>
                "Export CSV"
            </a>
        </PageHead>
        <div class="logs">
            <Controls address zone/>
            <div>
                <NewCalls list/>
                <AsyncView answer=list.first() skeleton=|| view! { <Skeleton lines=12/> } let:_page>
                    <When when=move || !none() fallback=move || view! { <Nothing address/> }>
                        <section class="card table-card">
                            <CallTable list address zone/>
                            <More list/>
                        </section>
                    </When>
                </AsyncView>
            </div>
            <CallPanel list address zone/>
        </div>
    }
}

/// Tells of calls that came since, and puts them on top when pressed.
#[component]
fn NewCalls(list: CallList) -> impl IntoView {
    let text = move || {
        list.news().map(|news| {
            let (count, more) = (i64::try_from(news.count).unwrap_or(i64::MAX), if news.more { "+" } else { "" });
            format!("{}{more} new call{}", format_count(count), if count == 1 && !news.more { "" } else { "s" })
        })
    };
    view! {
        <div class="new-calls" role="status">
            {move || {
                text().map(|text| view! {
                    <button type="button" class="button primary" on:click=move |_| list.take_news()>
                        <IconView icon=Icon::ArrowUp/>
                        {text}
                    </button>
                }.into_any())
            }}
        </div>
    }
}

/// What to do where no call is found.
#[component]
fn Nothing(address: Memo<LogsAddress>) -> impl IntoView {
    let organization = use_organization();
    let bounded = move || address.with(|address| address.from.is_some() || address.to.is_some());
    let filtered = move || address.with(|address| address.filter != Filter::default() || address.outcome.is_some());
    let any_time = move || LogsAddress { from: None, to: None, ..address.get() }.href(&organization.slug());
    let unfiltered =
        move || LogsAddress { filter: Filter::default(), outcome: None, ..address.get() }.href(&organization.slug());
    view! {
        <div class="card">
            <EmptyState icon=Icon::List title="No calls here">
                <p>
                    {move || if bounded() || filtered() {
                        "No call fits the time range and filters above."
                    } else {
                        "Nobody has called a model yet. Create a key and make the first call: it appears here by itself."
                    }}
                </p>
                <p class="acts">
                    <When when=bounded><a class="button" href=any_time>"Any time"</a></When>
                    <When when=filtered><a class="button" href=unfiltered>"Remove the filters"</a></When>
                    <When when=move || !bounded() && !filtered()>
                        <a class="button primary" href=Page::ApiKeys.path(&organization.slug())>"API keys"</a>
                    </When>
                </p>
            </EmptyState>
        </div>
    }
}

/// Where the same comes as CSV.
fn export(organization: &str, address: &LogsAddress) -> String {
    let address = LogsAddress { call: None, ..address.clone() };
    with_organization(organization, address.to_query()).on("/api/calls/export.csv")
}
