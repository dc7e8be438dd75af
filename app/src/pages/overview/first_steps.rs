use domain::{calls::Call, overview::Overview, permissions::Permission};
use leptos::prelude::*;

use crate::{
    addresses::{LogsAddress, Page, Query},
    components::{Button, ButtonLink, ButtonStyle, Icon, IconView, SnippetKey, Snippets, format_count, snippet},
    lean::When,
    pages::logs::{StatusBadge, cost_text},
    state::use_organization,
};

/// A command that reads the key, so that it doesn't stay in the shell's history. Works in bash and zsh.
const EXPORT: &str = "printf 'Key: '; read -rs TOLLHOUSE_KEY; export TOLLHOUSE_KEY";

/// The steps to the first call: create a key, make a call, and see it here.
#[component]
pub(super) fn FirstSteps(overview: ReadSignal<Overview>, #[prop(into)] on_end: Callback<()>) -> impl IntoView {
    let organization = use_organization();
    let slug = organization.slug();
    let may_create = organization.may(Permission::ManageApiKeys);
    let create_href = Query::default().with("new", Some("key")).append_to(&Page::ApiKeys.path(&slug));
    let has_key = Memo::new(move |_| overview.with(|overview| overview.active_keys > 0));
    let has_called = Memo::new(move |_| overview.with(|overview| overview.ever_called));
    let (base_url, model) = overview.with_untracked(|o| (o.base_url.clone(), o.example_model.clone()));

    let key_text = match may_create {
        true => {
            "A key says who calls: your program sends it along with each call. It is shown once, so keep it at hand."
        }
        false => "Ask an admin or owner for a key: your role here is to look.",
    };
    let call = match model {
        Some(model) => view! { <FirstCall base_url model/> }.into_any(),
        None => {
            view! { <p class="dim">"No model is set up yet: your operator adds one to tollhouse.toml."</p> }.into_any()
        }
    };
    let first_call = move || overview.with(|overview| overview.latest_calls.first().cloned());
    view! {
        <section class="card first-steps" aria-labelledby="first-steps">
            <h2 id="first-steps">"Three steps to your first call"</h2>
            <ol role="list">
                <li class:done=move || has_key.get()>
                    <StepMark number=1 done=has_key/>
                    <div>
                        <h3>"Create a key"</h3>
                        <p class="dim">{key_text}</p>
                        {may_create.then(|| view! {
                            <p><ButtonLink href=create_href style=ButtonStyle::Primary icon=Icon::Plus>"Create key"</ButtonLink></p>
                        }.into_any())}
                    </div>
                </li>
                <li class:done=move || has_called.get()>
                    <StepMark number=2 done=has_called/>
                    <div>
                        <h3>"Call a model"</h3>
                        <p class="dim">"Put the key into your shell, then paste one of these. Any OpenAI client works the same way."</p>
                        {call}
                    </div>
                </li>
                <li class:done=move || has_called.get()>
                    <StepMark number=3 done=has_called/>
                    <div aria-live="polite">
                        <When
                            when=move || has_called.get()
                            fallback=|| view! {
                                <h3>"See it here"</h3>
                                <p class="waiting"><span class="spinner" aria-hidden="true"></span>"Waiting for the first call…"</p>
                            }
                        >
                            <h3>"Your first call is here"</h3>
                            {
                                let slug = slug.clone();
                                move || first_call().map(|call| view! { <ArrivedCall call slug=slug.clone()/> })
                            }
                            <p><Button icon=Icon::Usage on_press=on_end>"Go to the overview"</Button></p>
                        </When>
                    </div>
                </li>
            </ol>
        </section>
    }
}

/// A first call in several languages, ready to paste once the key is in `TOLLHOUSE_KEY`.
#[component]
fn FirstCall(base_url: String, model: String) -> impl IntoView {
    view! {
        {snippet("Key", EXPORT.to_owned())}
        <Snippets base_url model key=SnippetKey::Environment/>
    }
}

/// The first call, with a link to its details.
#[component]
fn ArrivedCall(call: Call, slug: String) -> impl IntoView {
    let href = LogsAddress { call: Some(call.id), ..LogsAddress::default() }.href(&slug);
    let tokens = format_count(call.used.tokens_in.saturating_add(call.used.tokens_out));
    let cost = cost_text(&call);
    view! {
        <a class="arrived" href=href>
            <StatusBadge status=call.known_status() outcome=call.outcome times=call.times/>
            <strong>{call.model}</strong>
            <span>{tokens} " tokens"</span>
            <span>{cost}</span>
            <span class="arrived-more">"See its details" <IconView icon=Icon::ArrowRight/></span>
        </a>
    }
}

/// A step's number, or a check mark once it is done.
#[component]
fn StepMark(number: u8, done: Memo<bool>) -> impl IntoView {
    view! {
        <span class="step-mark">
            <When when=move || done.get() fallback=move || number>
                <IconView icon=Icon::Check/>
                <span class="visually-hidden">"Done:"</span>
            </When>
        </span>
    }
}
