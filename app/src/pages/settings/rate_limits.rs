//! Rate limits of the organization and of its projects.

mod edit;

use domain::{projects::ProjectRef, rate_limits::SharedLimits};
use leptos::prelude::*;

use self::edit::LimitsDialog;
use crate::{
    api,
    components::{
        AsyncView, Badge, Button, ButtonStyle, CardPosition, Column, DataTable, Name, Section, Skeleton, format_count,
    },
    layout::Unsaved,
    state::{load, use_organization},
};

/// The project that a row's limits are for; `None` for the organization.
type LimitedProject = Option<ProjectRef>;

/// A table of all limits except those of keys, each changed in a dialog.
#[component]
pub(super) fn RateLimitsSection(unsaved: Unsaved) -> impl IntoView {
    let slug = use_organization().slug();
    let limits = load(move || api::rate_limits::List { organization: slug.clone() });
    let edited = RwSignal::new(None::<SharedLimits>);
    let edit = Callback::new(move |subject: LimitedProject| {
        edited.set(limits.with(|all| all.and_then(|all| find(all, &subject).cloned())));
    });
    let close = move || edited.set(None);
    let saved = move || {
        close();
        limits.refresh();
    };
    view! {
        <Section
            id="rate-limits"
            title="Rate limits"
            description="Requests and tokens within any minute, input and output together. The limits of the
                organization, a project and a key all apply; a key's limits are set with the key."
            wide=true
        >
            <AsyncView answer=limits skeleton=|| view! { <Skeleton lines=2/> } let:limits>
                <Table limits edit/>
            </AsyncView>
        </Section>
        {move || edited.get().map(|limits| view! { <LimitsDialog limits unsaved on_close=close on_saved=saved/> })}
    }
}

#[component]
fn Table(limits: ReadSignal<Vec<SharedLimits>>, edit: Callback<LimitedProject>) -> impl IntoView {
    // A changed limit keeps its row, and with it the button that has the focus.
    let subjects = Memo::new(move |_| {
        limits.with(|all| all.iter().map(|limits| limits.project.clone()).collect::<Vec<LimitedProject>>())
    });
    let cell = move |rate: fn(&SharedLimits) -> AnyView| {
        move |subject: &LimitedProject| {
            let subject = subject.clone();
            move || limits.with(|all| find(all, &subject).map(rate))
        }
    };
    let columns = vec![
        Column::new("Scope", |subject: &LimitedProject| match subject {
            Some(project) => view! { <Name name=project.name.clone()/> }.into_any(),
            None => "Organization".into_any(),
        })
        .at(CardPosition::Title),
        Column::new(
            "Requests per minute",
            cell(|row| rate(row.limits.calls_per_minute, row.configured.calls_per_minute)),
        )
        .numeric(),
        Column::new(
            "Tokens per minute",
            cell(|row| rate(row.limits.tokens_per_minute, row.configured.tokens_per_minute)),
        )
        .numeric(),
        Column::new("Edit", move |subject: &LimitedProject| {
            let label = format!("Edit the limits of {}", name(subject));
            let subject = subject.clone();
            view! { <Button style=ButtonStyle::Quiet label on_press=move || edit.run(subject.clone())>"Edit"</Button> }
        })
        .at(CardPosition::Action),
    ];
    view! { <DataTable caption="Rate limits" columns rows=move || subjects.get()/> }
}

fn find<'a>(all: &'a [SharedLimits], subject: &LimitedProject) -> Option<&'a SharedLimits> {
    all.iter().find(|limits| limits.project == *subject)
}

/// The effective limit.
fn rate(set: Option<u32>, configured: Option<u32>) -> AnyView {
    match (set, configured) {
        (Some(limit), _) => format_count(limit.into()).into_any(),
        (None, Some(limit)) => view! { <Badge>"Server default"</Badge> " " {format_count(limit.into())} }.into_any(),
        (None, None) => view! { <span class="faint">"No limit"</span> }.into_any(),
    }
}

/// Name of the limited project or organization within a sentence.
fn name(subject: &LimitedProject) -> String {
    subject.as_ref().map_or_else(|| "the organization".to_owned(), |project| format!("“{}”", project.name))
}
