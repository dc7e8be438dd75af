//! The first page of an organization: the first steps until its first call, then the month's figures.

mod figures;
mod first_steps;
mod latest_calls;
mod recent;

use domain::{overview::Overview as Figures, permissions::Permission};
use leptos::prelude::*;

use self::{figures::figures, first_steps::FirstSteps, latest_calls::LatestCalls, recent::Recent};
use crate::{
    api,
    components::{AsyncView, LiveSign, PageHead, Skeleton, Tiles, ZoneNote},
    lean::When,
    state::{load, use_live, use_organization, use_session},
};

#[component]
pub fn Overview() -> impl IntoView {
    let organization = use_organization();
    let session = use_session();
    let overview = load(move || api::overview::Get { organization: organization.slug() });
    use_live().follow(move || overview.refresh());
    let name = organization.membership().name;
    let greeting = move || {
        let first = session.viewer.with(|viewer| viewer.as_ref()?.name.split_whitespace().next().map(str::to_owned));
        first.map_or_else(|| "Overview".to_owned(), |first| format!("Hello, {first}"))
    };
    view! {
        <PageHead title="Overview" description=move || view! { {greeting} ". This is " {name.clone()} "." }>
            <LiveSign/>
        </PageHead>
        <div class="overview">
            <AsyncView answer=overview skeleton=skeleton let:overview>
                <Content overview/>
            </AsyncView>
        </div>
    }
}

/// The first steps or the figures. Once shown, the first steps stay until they are finished.
#[component]
fn Content(overview: ReadSignal<Figures>) -> impl IntoView {
    let in_first_steps = RwSignal::new(overview.with_untracked(|overview| !overview.ever_called));
    view! {
        <When
            when=move || in_first_steps.get()
            fallback=move || view! { <Month overview/> }
        >
            <FirstSteps overview on_end=move || in_first_steps.set(false)/>
        </When>
    }
}

#[component]
fn Month(overview: ReadSignal<Figures>) -> impl IntoView {
    let organization = use_organization();
    let (slug, to_logs) = (organization.slug(), organization.may(Permission::ViewLogs));
    let tiles = Memo::new(move |_| overview.with(|overview| figures(overview, &slug, to_logs)));
    view! {
        <Tiles label="This month, against the same days of last month" tiles/>
        <Recent overview/>
        <LatestCalls overview/>
        <ZoneNote/>
    }
}

fn skeleton() -> impl IntoView {
    view! {
        <Skeleton lines=5 shape="tiles"/>
        <Skeleton lines=1 shape="chart"/>
        <Skeleton lines=5/>
    }
}
