use domain::api_keys::{CreatedApiKey, Expiration, Level, NewApiKey};
use leptos::{ev, prelude::*};

use crate::{
    addresses::{Page, Query},
    api,
    components::{Button, ButtonStyle, Field, FormError, Icon, Select, SelectOption, focus_soon},
    lean::When,
    pages::usage::plural,
    state::{PendingPress, load, now, submission, use_organization},
};

/// The name that is suggested for the key.
const NAME: &str = "my-first-key";

/// A short form for a key that can call all models; the other settings have their defaults.
#[component]
pub(super) fn NewKeyForm(created: RwSignal<Option<CreatedApiKey>>) -> impl IntoView {
    let organization = use_organization();
    let policy = load(move || api::api_keys::PolicyRequest { organization: organization.slug() });
    // After an error, the server validates alone.
    let is_loading = Signal::derive(move || {
        let policy_known = policy.progress().has_answer() || policy.progress().error().is_some();
        !policy_known || organization.projects.with(|projects| projects.is_none())
    });
    let life = Memo::new(move |_| policy.with(|policy| policy.copied().unwrap_or_default()).default_life_days());
    let (name, chosen) = (RwSignal::new(NAME.to_owned()), RwSignal::new(String::new()));
    let projects = Memo::new(move |_| {
        organization.projects.with(|projects| {
            let open = projects.into_iter().flatten().filter(|project| !project.archived);
            open.map(|project| SelectOption::new(project.id.to_string(), &project.name)).collect::<Vec<_>>()
        })
    });
    let project = Memo::new(move |_| match chosen.get() {
        chosen if chosen.is_empty() => {
            projects.with(|all| all.first().map(|one| one.value.clone()).unwrap_or_default())
        }
        chosen => chosen,
    });
    let create = submission(
        move |input: &NewApiKey| api::api_keys::Create { organization: organization.slug(), input: input.clone() },
        move |_, answer| {
            created.set(Some(answer));
            focus_soon(".first-steps .secret .copy");
        },
    );
    // The project and the policy may still be unknown.
    let pressed = PendingPress::new(is_loading, move || {
        let plain = NewApiKey::plain(name.get(), Level::Standard, project.with(|id| id.parse().ok()));
        let input = NewApiKey { life: Expiration::Days(life.get()), ..plain };
        create.send_validated(input.validated(now()));
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        pressed.press();
    };
    let more = Query::default().with("new", Some("key")).append_to(&Page::ApiKeys.path(&organization.slug()));
    view! {
        <form class="new-key" on:submit=submit novalidate>
            <FormError error=create.error() fields=&["name"]/>
            <Field name="name" label="Name" value=name error=create.field("name")/>
            <When when=move || projects.with(|projects| projects.len() > 1)>
                <Select
                    name="project_id"
                    label="Project"
                    value=project
                    on_change=move |project: String| chosen.set(project)
                    choices=projects
                    error=create.field("project_id")
                />
            </When>
            <Button
                style=ButtonStyle::Primary
                icon=Icon::Plus
                submit=true
                pending=Signal::derive(move || pressed.is_waiting() || create.pending().get())
            >
                "Create key"
            </Button>
        </form>
        <p class="dim">
            {move || format!("It can call all models and expires in {}. ", plural(life.get().into(), "day"))}
            <a class="link" href=more>"More options"</a>
        </p>
    }
}
