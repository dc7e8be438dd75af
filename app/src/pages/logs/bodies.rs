use domain::{
    bodies::{BodiesState, CallBodies, StoredBody, indent_json},
    ids::CallId,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use crate::{
    addresses::Page,
    api,
    components::{AsyncView, CopyButton, Skeleton, TimeStyle, format_count, format_moment},
    lean::CollectAny,
    state::{load_when, use_organization},
};

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
    let bodies =
        load_when(move || Some(api::bodies::Get { organization: slug.clone(), id: call.get().filter(|_| may_view)? }));
    move || {
        (may_view && call.get().is_some()).then(|| {
            view! {
                <AsyncView answer=bodies skeleton=|| view! { <Skeleton lines=4/> } let:bodies>
                    {move || bodies_view(bodies.get(), &zone.get())}
                </AsyncView>
            }
        })
    }
}

fn bodies_view(bodies: BodiesState, zone: &str) -> AnyView {
    match bodies {
        BodiesState::Kept(CallBodies { request, response, expires_at }) => {
            let until = format_moment(expires_at, zone, TimeStyle::Date);
            view! {
                <BodySection title="Request" body=request/>
                <BodySection title="Response" body=response/>
                <p class="faint">"Stored until " {until} "."</p>
            }
            .into_any()
        }
        BodiesState::Gone => view! {
            <section class="call-body">
                <h3>"Request and response"</h3>
                <p class="faint">"Not available: retention expired, or still being saved."</p>
            </section>
        }
        .into_any(),
        BodiesState::Off => view! { <BodiesOff/> }.into_any(),
    }
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

#[component]
fn BodySection(title: &'static str, body: StoredBody) -> impl IntoView {
    let StoredBody { headers, text, bytes, cut, assembled } = body;
    let size = format!("{} bytes", format_count(i64::try_from(bytes).unwrap_or(i64::MAX)));
    let note = match (cut, assembled) {
        (true, _) => Some("Truncated."),
        (false, true) => Some("Assembled from the stream."),
        (false, false) => None,
    };
    let headers = headers.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_any();
    let text = text.map(|text| indent_json(&text));
    let copy =
        text.clone().map(|text| view! { <CopyButton text=Signal::stored(text) name=title bare=true/> }.into_any());
    let text = match text {
        // Focusable, so that long text can be scrolled by keyboard.
        Some(text) => view! { <pre tabindex="0" aria-label=title>{text}</pre> }.into_any(),
        None if bytes == 0 => view! { <p class="faint">"Empty."</p> }.into_any(),
        None => view! { <p class="faint">"Not text, so only its size is stored."</p> }.into_any(),
    };
    view! {
        <section class="call-body">
            <header>
                <h3>{title} <span>{size}</span></h3>
                {copy}
            </header>
            {text}
            {note.map(|note| view! { <p class="faint">{note}</p> }.into_any())}
            <details>
                <summary>"Headers"</summary>
                <dl>{headers}</dl>
            </details>
        </section>
    }
}
