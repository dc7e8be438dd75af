//! The steps to the first call: create a key, make a call, and watch it arrive.

mod new_key;
mod secret;

use domain::{api_keys::CreatedApiKey, calls::Call, overview::Overview, permissions::Permission};
use leptos::prelude::*;

use self::{
    new_key::NewKeyForm,
    secret::{CreatedKey, SecretGuard},
};
use crate::{
    addresses::{CodePart, LogsAddress},
    components::{Button, Icon, IconView, Name, SnippetKey, Snippets, format_count},
    layout::LazyPart,
    lean::When,
    pages::{
        BodiesQuestion,
        logs::{StatusBadge, cost_text},
    },
    state::use_organization,
};

/// The key that was created here, whose secret is known until the page is left.
#[derive(Clone, Copy)]
struct FirstKey {
    created: RwSignal<Option<CreatedApiKey>>,
    /// Whether its secret was saved elsewhere, as the user says.
    saved: RwSignal<bool>,
}

impl FirstKey {
    fn secret(self) -> Option<String> {
        self.created.with(|created| created.as_ref().map(|created| created.secret.clone()))
    }

    fn is_unsaved(self) -> bool {
        self.created.with(Option::is_some) && !self.saved.get()
    }
}

/// What the steps show and report, for their code, which is a part of its own: few visits need it.
#[derive(Clone, Copy)]
struct FirstStepsContext {
    overview: ReadSignal<Overview>,
    on_end: Callback<()>,
}

/// The steps to the first call.
#[component]
pub(super) fn FirstSteps(overview: ReadSignal<Overview>, #[prop(into)] on_end: Callback<()>) -> impl IntoView {
    provide_context(FirstStepsContext { overview, on_end });
    view! { <LazyPart part=CodePart::FirstSteps wanted=true/> }
}

/// The steps, for the [`FirstStepsContext`] in the context.
#[component]
pub fn FirstStepsContent() -> impl IntoView {
    let FirstStepsContext { overview, on_end } = expect_context();
    let slug = use_organization().slug();
    let key = FirstKey { created: RwSignal::new(None), saved: RwSignal::new(false) };
    // What leaves the page once the user agrees.
    let leaving = RwSignal::new(None::<Callback<()>>);
    let has_key = Memo::new(move |_| key.created.with(Option::is_some) || overview.with(|o| o.active_keys > 0));
    let has_called = Memo::new(move |_| overview.with(|overview| overview.ever_called));
    let first_call = move || overview.with(|overview| overview.latest_calls.first().cloned());
    let end = move || if untrack(|| key.is_unsaved()) { leaving.set(Some(on_end)) } else { on_end.run(()) };
    view! {
        <SecretGuard key leaving/>
        <section class="card first-steps" aria-labelledby="first-steps">
            <h2 id="first-steps">"Three steps to your first call"</h2>
            <ol role="list">
                <li class:done=move || has_key.get()>
                    <StepMark number=1 done=has_key/>
                    <div>
                        <h3>"Create a key"</h3>
                        <KeyStep key has_key/>
                    </div>
                </li>
                <li class:done=move || has_called.get()>
                    <StepMark number=2 done=has_called/>
                    <div>
                        <h3>"Call a model"</h3>
                        <CallStep overview key/>
                    </div>
                </li>
                <li class:done=move || has_called.get()>
                    <StepMark number=3 done=has_called/>
                    <div aria-live="polite">
                        <When
                            when=move || has_called.get()
                            fallback=|| view! {
                                <h3>"Watch it arrive"</h3>
                                <p class="waiting"><span class="spinner" aria-hidden="true"></span>"Waiting for the first call…"</p>
                            }
                        >
                            <h3>"Your first call is here"</h3>
                            {
                                let slug = slug.clone();
                                move || first_call().map(|call| view! { <ArrivedCall call slug=slug.clone()/> })
                            }
                            <p><Button icon=Icon::Usage on_press=end>"Go to overview"</Button></p>
                        </When>
                    </div>
                </li>
            </ol>
        </section>
    }
}

/// The form for the key, then its secret; or who else can create one.
#[component]
fn KeyStep(key: FirstKey, has_key: Memo<bool>) -> impl IntoView {
    let organization = use_organization();
    if !organization.may(Permission::ManageApiKeys) {
        return view! { <p class="dim">"You have view-only access. Ask an admin for a key."</p> }.into_any();
    }
    let has_no_project = Memo::new(move |_| {
        organization.projects.with(|projects| projects.is_some_and(|all| all.iter().all(|project| project.archived)))
    });
    let text = move || match has_key.get() {
        true => "You already have a key. If you didn't save it, create another one.",
        false => "Your app sends this key with every request. You'll see it only once.",
    };
    let form = move || {
        view! {
            <When
                when=move || !has_no_project.get()
                fallback=|| view! {
                    <p class="dim">"You aren't in a project yet. Ask an admin to add you to one, then create your key here."</p>
                }
            >
                <p class="dim">{text}</p>
                <NewKeyForm created=key.created/>
            </When>
        }
    };
    view! {
        <When when=move || key.created.with(Option::is_some) fallback=form>
            {move || key.created.get().map(|created| view! { <CreatedKey created saved=key.saved/> })}
        </When>
    }
    .into_any()
}

/// A first call in several shells and languages, with the key as long as its secret is known.
#[component]
fn CallStep(overview: ReadSignal<Overview>, key: FirstKey) -> impl IntoView {
    let (base_url, model) =
        overview.with_untracked(|overview| (overview.base_url.clone(), overview.example_model.clone()));
    let Some(model) = model else {
        return view! { <p class="dim">"No models are set up yet. Your administrator adds them in tollhouse.toml."</p> }
            .into_any();
    };
    let secret = Memo::new(move |_| key.secret());
    let text = move || match secret.with(Option::is_some) {
        true => "Run one of these: your key is already in them. Any OpenAI client works the same way.",
        false => "Set your key, then run one of these. Any OpenAI client works the same way.",
    };
    let snippets = move || {
        let key = secret.get().map_or(SnippetKey::Environment, SnippetKey::Secret);
        view! { <Snippets base_url=base_url.clone() model=model.clone() key/> }
    };
    view! { <BodiesQuestion/> <p class="dim">{text}</p> {snippets} }.into_any()
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
            <strong><Name name=call.model/></strong>
            <span>{tokens} " tokens"</span>
            <span>{cost}</span>
            <span class="arrived-more">"View details" <IconView icon=Icon::ArrowRight/></span>
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
