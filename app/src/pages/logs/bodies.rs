use domain::{
    bodies::{BodiesState, BodyExclusion, BodyForm, BodySide, BodyViews},
    ids::CallId,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use super::{body_view::BodySection, replay::Replay};
use crate::{
    addresses::{CodePart, Page},
    api,
    components::{AsyncView, Segmented, SelectOption, Skeleton, TimeStyle, format_moment},
    layout::LazyPart,
    lean::When,
    state::{load, use_organization},
};

/// The name of the form that shows both bodies together.
const CONVERSATION: &str = "conversation";

/// The call's request and response bodies, if the organization keeps them.
#[component]
pub(super) fn CallBodiesSection(
    /// Id of the call, if it was admitted.
    #[prop(into)]
    call: Signal<Option<CallId>>,
    zone: Memo<String>,
) -> impl IntoView {
    let may_view = use_organization().reach(Permission::ViewBodies).is_some();
    // The form stays as it was chosen while one goes from call to call.
    let shown = RwSignal::new(BodyForm::Readable.name().to_owned());
    // Each call has a query of its own: bodies of another one are never shown with it, even if the query fails.
    move || call.get().filter(|_| may_view).map(|call| view! { <Bodies call shown zone/> })
}

/// The bodies of one call, in the form that is chosen.
#[component]
fn Bodies(call: CallId, shown: RwSignal<String>, zone: Memo<String>) -> impl IntoView {
    let slug = use_organization().slug();
    // A conversation has texts of its own; meanwhile the bodies stay as they were.
    let form = Memo::new(move |_| shown.with(|shown| shown.parse().unwrap_or(BodyForm::Readable)));
    let bodies = load(move || api::bodies::Get { organization: slug.clone(), id: call, form: form.get() });
    let is_kept = Memo::new(move |_| bodies.with(|bodies| matches!(bodies, Some(BodiesState::Kept(_)))));
    let can_converse = Memo::new(move |_| {
        bodies.with(|bodies| matches!(bodies, Some(BodiesState::Kept(bodies)) if bodies.is_conversation))
    });
    let converses = Memo::new(move |_| can_converse.get() && shown.with(|shown| shown == CONVERSATION));
    let chosen = Signal::derive(move || match shown.get() {
        shown if shown == CONVERSATION && !can_converse.get() => BodyForm::Readable.name().to_owned(),
        shown => shown,
    });
    let choices = Signal::derive(move || {
        let conversation = can_converse.get().then(|| SelectOption::new(CONVERSATION, "Conversation"));
        let forms = BodyForm::ALL.map(|form| SelectOption::new(form.name(), form.label()));
        forms.into_iter().chain(conversation).collect::<Vec<_>>()
    });
    view! {
        <section class="call-bodies" aria-label="Request and response">
            <When when=move || is_kept.get()>
                <Segmented label="Format" value=chosen on_change=move |form: String| shown.set(form) choices/>
            </When>
            <AsyncView answer=bodies skeleton=|| view! { <Skeleton lines=4/> } let:bodies>
                {move || match (bodies.get(), converses.get()) {
                    (BodiesState::Kept(_), true) => {
                        view! { <LazyPart part=CodePart::CallConversation wanted=true/> }.into_any()
                    }
                    (state, _) => bodies_view(state, call, form.get_untracked(), &zone.get()),
                }}
            </AsyncView>
            <When when=move || is_kept.get()><Replay/></When>
        </section>
    }
}

fn bodies_view(bodies: BodiesState<BodyViews>, call: CallId, form: BodyForm, zone: &str) -> AnyView {
    match bodies {
        BodiesState::Kept(BodyViews { request, response, expires_at, .. }) => {
            let until = format_moment(expires_at, zone, TimeStyle::Date);
            view! {
                <BodySection side=BodySide::Request body=request call form/>
                <BodySection side=BodySide::Response body=response call form/>
                <p class="faint">"Stored until " {until} "."</p>
            }
            .into_any()
        }
        BodiesState::Excluded { by } => {
            let text = match by {
                BodyExclusion::Header => "Not stored: the request had the header x-tollhouse-log: metadata.",
                BodyExclusion::Key => "Not stored: the key is set to metadata only.",
            };
            missing(text)
        }
        BodiesState::Gone => missing("Not available: retention expired, deleted, or still being saved."),
        BodiesState::Off => view! { <BodiesOff/> }.into_any(),
    }
}

fn missing(text: &'static str) -> AnyView {
    view! {
        <section class="call-body">
            <h3>"Request and response"</h3>
            <p class="faint">{text}</p>
        </section>
    }
    .into_any()
}

#[component]
fn BodiesOff() -> impl IntoView {
    let organization = use_organization();
    let href = Page::Settings.path(&organization.slug()) + "#bodies";
    let may_change = organization.reach(Permission::ManageSettings).is_some_and(Reach::is_organization_wide);
    view! {
        <section class="call-body">
            <h3>"Request and response"</h3>
            <p class="faint">
                "Request and response bodies aren't stored. "
                {may_change.then(|| view! { <a class="link" href=href>"Change in settings"</a> }.into_any())}
            </p>
        </section>
    }
}
