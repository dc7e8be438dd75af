use domain::{
    bodies::{Bodies, Body, KeptBodies, indented},
    calls::Outcome,
    ids::CallId,
    permissions::{Permission, Reach},
};
use leptos::prelude::*;

use crate::{
    addresses::Page,
    api,
    components::{AsyncView, CollectAny, CopyButton, Skeleton, TimeStyle, format_count, format_moment},
    state::{load_when, use_organization},
};

/// What was said in the call: request and response, as far as the organization keeps them.
#[component]
pub(super) fn Said(
    /// Of a call that was let in.
    #[prop(into)]
    call: Signal<Option<CallId>>,
    zone: Memo<String>,
) -> impl IntoView {
    let organization = use_organization();
    let may = organization.reach(Permission::ViewBodies).is_some();
    let slug = organization.slug();
    let kept =
        load_when(move || Some(api::bodies::Get { organization: slug.clone(), id: call.get().filter(|_| may)? }));
    move || {
        (may && call.get().is_some()).then(|| {
            view! {
                <AsyncView answer=kept skeleton=|| view! { <Skeleton lines=4/> } let:kept>
                    {move || shown(kept.get(), &zone.get())}
                </AsyncView>
            }
        })
    }
}

/// Calls that were turned away never have any.
pub(super) fn is_let_in(outcome: Outcome) -> bool {
    outcome != Outcome::Refused
}

fn shown(kept: KeptBodies, zone: &str) -> AnyView {
    match kept {
        KeptBodies::Kept(Bodies { request, response, expires_at }) => {
            let until = format_moment(expires_at, zone, TimeStyle::Date);
            view! {
                <Side title="Request" body=request/>
                <Side title="Response" body=response/>
                <p class="faint">"Kept until " {until} "."</p>
            }
            .into_any()
        }
        KeptBodies::Gone => view! {
            <section class="said">
                <h3>"Request and response"</h3>
                <p class="faint">"Not kept: they were deleted when their days were over, or are still being written."</p>
            </section>
        }
        .into_any(),
        KeptBodies::Off => view! { <Off/> }.into_any(),
    }
}

#[component]
fn Off() -> impl IntoView {
    let organization = use_organization();
    let href = Page::Settings.path(&organization.slug());
    let may = organization.reach(Permission::ManageSettings) == Some(Reach::Organization);
    view! {
        <section class="said">
            <h3>"Request and response"</h3>
            <p class="faint">
                "This organization doesn't keep them. "
                {may.then(|| view! { <a class="link" href=href>"Settings"</a> }.into_any())}
            </p>
        </section>
    }
}

#[component]
fn Side(title: &'static str, body: Body) -> impl IntoView {
    let Body { headers, text, bytes, cut, assembled } = body;
    let size = format!("{} bytes", format_count(i64::try_from(bytes).unwrap_or(i64::MAX)));
    let note = match (cut, assembled) {
        (true, _) => Some("Cut: it was longer than what is kept."),
        (false, true) => Some("Put together from the pieces of a stream."),
        (false, false) => None,
    };
    let headers = headers.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> }).collect_any();
    let text = match text {
        Some(text) => {
            let text = indented(&text);
            let copied = text.clone();
            view! {
                <div class="said-text">
                    <CopyButton text=Signal::stored(copied) what=title bare=true/>
                    // Longer than the panel, it scrolls, also by the keyboard.
                    <pre tabindex="0" aria-label=title>{text}</pre>
                </div>
            }
            .into_any()
        }
        None if bytes == 0 => view! { <p class="faint">"Empty."</p> }.into_any(),
        None => view! { <p class="faint">"No text, so only its size is kept."</p> }.into_any(),
    };
    view! {
        <section class="said">
            <h3>{title} <span>{size}</span></h3>
            {text}
            {note.map(|note| view! { <p class="faint">{note}</p> }.into_any())}
            <details>
                <summary>"Headers"</summary>
                <dl>{headers}</dl>
            </details>
        </section>
    }
}
