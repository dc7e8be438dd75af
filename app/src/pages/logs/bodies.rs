use domain::{
    bodies::{BodiesState, BodyExclusion, BodyForm, BodySide, BodyViews},
    ids::CallId,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use super::{body_view::BodySection, conversation::ConversationView, replay::Replay};
use crate::{
    addresses::Page,
    api,
    components::{AsyncView, Segmented, SelectOption, Skeleton, TimeStyle, format_moment},
    lean::When,
    state::{load_when, use_organization},
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
    let organization = use_organization();
    let may_view = organization.reach(Permission::ViewBodies).is_some();
    let slug = organization.slug();
    let shown = RwSignal::new(BodyForm::Readable.name().to_owned());
    // A conversation has texts of its own; meanwhile the bodies stay as they were.
    let form = Memo::new(move |_| shown.with(|shown| shown.parse().unwrap_or(BodyForm::Readable)));
    let bodies = load_when(move || {
        let id = call.get().filter(|_| may_view)?;
        Some(api::bodies::Get { organization: slug.clone(), id, form: form.get() })
    });
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
    move || {
        (may_view && call.get().is_some()).then(|| {
            view! {
                <section class="call-bodies" aria-label="Request and response">
                    <When when=move || is_kept.get()>
                        <Segmented
                            label="Form"
                            value=chosen
                            on_change=move |form: String| shown.set(form)
                            choices
                        />
                    </When>
                    <AsyncView answer=bodies skeleton=|| view! { <Skeleton lines=4/> } let:bodies>
                        {move || match (bodies.get(), converses.get()) {
                            (BodiesState::Kept(_), true) => view! { <ConversationView call/> }.into_any(),
                            (state, _) => bodies_view(state, call.get_untracked(), form.get_untracked(), &zone.get()),
                        }}
                    </AsyncView>
                    <When when=move || is_kept.get()>
                        <Replay call/>
                    </When>
                </section>
            }
        })
    }
}

fn bodies_view(bodies: BodiesState<BodyViews>, call: Option<CallId>, form: BodyForm, zone: &str) -> AnyView {
    match (bodies, call) {
        (BodiesState::Kept(BodyViews { request, response, expires_at, .. }), Some(call)) => {
            let until = format_moment(expires_at, zone, TimeStyle::Date);
            view! {
                <BodySection side=BodySide::Request body=request call form/>
                <BodySection side=BodySide::Response body=response call form/>
                <p class="faint">"Stored until " {until} "."</p>
            }
            .into_any()
        }
        (BodiesState::Excluded { by }, _) => {
            let text = match by {
                BodyExclusion::Header => "Not stored: the request had the header x-tollhouse-log: metadata.",
                BodyExclusion::Key => "Not stored: the key is set to metadata only.",
            };
            missing(text)
        }
        (BodiesState::Kept(_) | BodiesState::Gone, _) => {
            missing("Not available: retention expired, deleted, or still being saved.")
        }
        (BodiesState::Off, _) => view! { <BodiesOff/> }.into_any(),
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
