//! A call's request as code that sends it again. Text and code are loaded when this is first unfolded.

use domain::{
    bodies::{BodiesState, BodyForm, BodyViews},
    calls::CallReplay,
};
use leptos::prelude::*;

use super::open_call::PanelCall;
use crate::{
    addresses::CodePart,
    api,
    components::{AsyncView, CopyButton, Skeleton, Tab, Tabs},
    layout::LazyPart,
    lean::When,
    state::{load_when, use_organization},
};

/// A button that unfolds the code.
#[component]
pub(super) fn Replay() -> impl IntoView {
    let is_open = RwSignal::new(false);
    view! {
        <section class="call-replay">
            <button
                type="button"
                class="link"
                aria-expanded=move || is_open.get().to_string()
                on:click=move |_| is_open.update(|open| *open = !*open)
            >
                "Replay as code"
            </button>
            <When when=move || is_open.get()><LazyPart part=CodePart::CallReplay wanted=true/></When>
        </section>
    }
}

/// The code for the [`PanelCall`] in the context.
#[component]
pub fn ReplayCode() -> impl IntoView {
    let PanelCall { details, .. } = expect_context();
    let call = Memo::new(move |_| details.with(|details| details.map(|details| details.call.id)));
    let slug = use_organization().slug();
    let bodies =
        load_when(move || Some(api::bodies::Get { organization: slug.clone(), id: call.get()?, form: BodyForm::Raw }));
    let endpoint = move || details.with(|details| details.map(|details| details.call.endpoint.clone()));
    view! {
        <AsyncView answer=bodies skeleton=|| view! { <Skeleton lines=4/> } let:bodies>
            {move || code_view(bodies.get(), &endpoint().unwrap_or_default())}
        </AsyncView>
    }
}

fn code_view(bodies: BodiesState<BodyViews>, endpoint: &str) -> AnyView {
    let origin = window().location().origin().unwrap_or_default();
    let request = match bodies {
        BodiesState::Kept(BodyViews { request, .. }) if !request.cut && !request.shortened => request,
        _ => return unavailable(),
    };
    let text = request.text.unwrap_or_default();
    let Some(replay) = CallReplay::new(&origin, endpoint, &request.headers, &text) else { return unavailable() };
    let note = text.contains("\"[redacted]\"").then(|| {
        view! { <p class="faint">"Some values were redacted: fill them in before you send it."</p> }.into_any()
    });
    let tabs = vec![tab("curl", replay.curl()), tab("Python", replay.python()), tab("JavaScript", replay.javascript())];
    view! {
        <p class="faint">"Set TOLLHOUSE_KEY to a key first. Sending it again is a new call, with its own cost."</p>
        {note}
        <Tabs label="Language" tabs/>
    }
    .into_any()
}

fn tab(label: &'static str, text: String) -> Tab {
    Tab::new(label, move || {
        let text = text.clone();
        view! {
            <div class="snippet">
                // Scrolls sideways, so it must be reachable by keyboard.
                <pre tabindex="0" role="region" aria-label=label><code>{text.clone()}</code></pre>
                <CopyButton text name="code"/>
            </div>
        }
        .into_any()
    })
}

fn unavailable() -> AnyView {
    view! { <p class="faint">"Only requests whose whole body is stored as JSON, up to 256 KB, can be replayed."</p> }
        .into_any()
}
