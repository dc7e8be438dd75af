//! The first page of an organization: the first steps until its first call, then the month's figures.

mod attention;
mod figures;
mod first_steps;
mod health;
mod latest_calls;
mod recent;
mod top_groups;

use domain::overview::Overview as Figures;
use leptos::prelude::*;

pub(crate) use self::first_steps::FirstStepsContent;
use self::{
    attention::Attention,
    figures::figures,
    first_steps::FirstSteps,
    health::Health,
    latest_calls::LatestCalls,
    recent::Recent,
    top_groups::{TopKeys, TopModels, TopProjects},
};
use crate::{
    api,
    components::{AsyncView, PageHead, Skeleton, Tiles, ZoneNote},
    lean::When,
    state::{load, use_live, use_organization},
};

#[component]
pub fn Overview() -> impl IntoView {
    let organization = use_organization();
    let overview = load(move || api::overview::Get { organization: organization.slug() });
    use_live().follow(move || overview.refresh());
    view! {
        <PageHead title="Overview" live=true/>
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
            fallback=move || view! { <MonthAndRecent overview/> }
        >
            <FirstSteps overview on_end=move || in_first_steps.set(false)/>
        </When>
    }
}

/// All that is shown once there are calls.
#[component]
fn MonthAndRecent(overview: ReadSignal<Figures>) -> impl IntoView {
    view! {
        <Month overview/>
        <Attention overview/>
        <Recent overview/>
        <TopModels overview/>
        <Health overview/>
        <TopKeys overview/>
        <TopProjects overview/>
        <LatestCalls overview/>
        <ZoneNote/>
    }
}

/// The month's figures. The period that they are compared with is named once, above them.
#[component]
fn Month(overview: ReadSignal<Figures>) -> impl IntoView {
    let organization = use_organization();
    let slug = organization.slug();
    let tiles = Memo::new(move |_| overview.with(|overview| figures(overview, &slug)));
    view! {
        <section class="month-figures" aria-labelledby="month">
            <header>
                <h2 id="month">"This month"</h2>
                <p class="dim">"vs. same period last month"</p>
            </header>
            <Tiles label="This month, compared with the same period last month" tiles/>
        </section>
    }
}

fn skeleton() -> impl IntoView {
    view! {
        <Skeleton lines=5 shape="tiles"/>
        <Skeleton lines=1 shape="chart"/>
        <Skeleton lines=5/>
    }
}
