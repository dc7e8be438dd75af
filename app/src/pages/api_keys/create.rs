use domain::{
    api_keys::{CreatedApiKey, Level, NewApiKey},
    ids::ProjectId,
    permissions::Permission,
};
use leptos::{ev, prelude::*};

use crate::{
    addresses::Query,
    api,
    components::{
        Button, CheckList, Choice, Dialog, Field, FormError, Look, Notice, RadioCards, Select, TextArea, Tone, When,
        format_money,
    },
    state::{act, load_when, use_address, use_organization, watch},
};

/// What is offered for a key's life, in days; empty is never, and [`OTHER`] is typed.
const LIVES: [(&str, &str); 5] =
    [("30", "30 days"), ("90", "90 days"), ("180", "180 days"), (OTHER, "Other"), ("", "Never")];
const OTHER: &str = "other";
const DEFAULT_LIFE: &str = "90";

/// The form for a new key. What was typed stays when it is closed, until the key is made.
#[component]
pub(super) fn CreateSheet(
    open: RwSignal<bool>,
    #[prop(into)] on_close: Callback<()>,
    #[prop(into)] on_created: Callback<(CreatedApiKey,)>,
) -> impl IntoView {
    let draft = Draft::new();
    view! {
        <Dialog open title="Create key" sheet=true on_close>
            <Form draft on_cancel=move || open.set(false) on_created/>
        </Dialog>
    }
}

/// What was typed so far.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    description: RwSignal<String>,
    project: RwSignal<String>,
    level: RwSignal<String>,
    models: RwSignal<Vec<String>>,
    life: RwSignal<String>,
    days: RwSignal<String>,
}

impl Draft {
    fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
            project: RwSignal::new(String::new()),
            level: RwSignal::new(Level::Standard.name().to_owned()),
            models: RwSignal::new(Vec::new()),
            life: RwSignal::new(DEFAULT_LIFE.to_owned()),
            days: RwSignal::new(String::new()),
        }
    }

    fn clear(&self) {
        self.name.set(String::new());
        self.description.set(String::new());
        self.models.set(Vec::new());
        self.days.set(String::new());
        self.life.set(DEFAULT_LIFE.to_owned());
        self.level.set(Level::Standard.name().to_owned());
    }

    fn level(&self) -> Level {
        self.level.with(|level| level.parse().unwrap_or(Level::Standard))
    }

    fn read(&self) -> NewApiKey {
        let level = self.level();
        let project: Option<ProjectId> = self.project.with(|project| project.parse().ok());
        let days = match self.life.get().as_str() {
            "" => None,
            // What is no number is no number of days that is allowed.
            OTHER => Some(self.days.with(|days| days.trim().parse().unwrap_or_default())),
            days => days.parse().ok(),
        };
        NewApiKey {
            name: self.name.get(),
            description: self.description.get(),
            project_id: project.filter(|_| level.needs_project()),
            level,
            models: if level.may_call_models() { self.models.get() } else { Vec::new() },
            expires_in_days: days,
        }
    }
}

#[component]
fn Form(
    draft: Draft,
    #[prop(into)] on_cancel: Callback<()>,
    #[prop(into)] on_created: Callback<(CreatedApiKey,)>,
) -> impl IntoView {
    let organization = use_organization();
    let query = use_address(Query::parse);
    let slug = StoredValue::new(organization.slug());
    let projects = Signal::derive(move || {
        let projects = organization.projects.with(|projects| projects.cloned().unwrap_or_default());
        let open = projects.into_iter().filter(|project| !project.archived);
        open.map(|project| Choice::new(project.id.to_string(), project.name)).collect::<Vec<_>>()
    });
    // Begins with the project that the page shows, or the first.
    watch(move || {
        let offered = projects.get();
        let shown = query.with(|query| query.text("project").map(str::to_owned));
        let known = |value: &String| offered.iter().any(|choice| choice.value == *value);
        if !draft.project.with_untracked(known) {
            let first = shown.filter(known).or_else(|| offered.first().map(|choice| choice.value.clone()));
            draft.project.set(first.unwrap_or_default());
        }
    });
    let models = load_when(move || Some(api::models::List { organization: slug.get_value() }));
    let model_choices = Signal::derive(move || {
        let models = models.with(|models| models.cloned().unwrap_or_default());
        models
            .into_iter()
            .map(|model| {
                let price = model.price.and_then(|price| price.input_per_million);
                let price = price.map(|price| format!("{} / M in", format_money(price)));
                Choice::new(model.name.clone(), model.name).described(price.unwrap_or_default())
            })
            .collect::<Vec<_>>()
    });
    let create = act(
        move |input: &NewApiKey| api::api_keys::Create { organization: slug.get_value(), input: input.clone() },
        move |_, created| {
            draft.clear();
            on_created.run((created,));
        },
    );
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        create.send_validated(draft.read().validated());
    };
    let may_make_admins = organization.may(Permission::CreateAdminKey);
    let levels: Vec<_> = Level::ALL
        .into_iter()
        .filter(|level| *level != Level::Admin || may_make_admins)
        .map(|level| Choice::new(level.name(), level_label(level)).described(level_description(level)))
        .collect();
    let lives: Vec<_> = LIVES.into_iter().map(|(days, label)| Choice::new(days, label)).collect();
    let no_project = move || organization.projects.with(|projects| projects.is_some_and(Vec::is_empty));
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <FormError
                    error=create.error()
                    fields=&["name", "description", "project_id", "models", "expires_in_days"]
                />
                <Field
                    name="name"
                    label="Name"
                    value=draft.name
                    placeholder="web-production"
                    hint="What uses it, and where. It names the key in usage and logs."
                    error=create.field("name")
                    autofocus=true
                />
                <TextArea
                    name="description"
                    label="Description"
                    optional=true
                    value=draft.description
                    error=create.field("description")
                />
                <RadioCards
                    name="level"
                    legend="Level"
                    value=draft.level
                    choices=levels
                    on_change=move |level: String| draft.level.set(level)
                />
                <When when=move || draft.level().needs_project()>
                    <Select
                        name="project_id"
                        label="Project"
                        value=draft.project
                        on_change=move |project: String| draft.project.set(project)
                        choices=projects
                        hint="Its calls are counted here."
                        error=create.field("project_id")
                    />
                    <When when=no_project>
                        <Notice tone=Tone::Warning>
                            "No project is assigned to you. An admin of the organization can do so."
                        </Notice>
                    </When>
                </When>
                <When when=move || draft.level().may_call_models()>
                    <CheckList
                        name="models"
                        legend="Models"
                        none="all, also new ones"
                        selected=draft.models
                        choices=model_choices
                        error=create.field("models")
                    />
                </When>
                <RadioCards
                    name="life"
                    legend="Expires after"
                    inline=true
                    value=draft.life
                    choices=lives.clone()
                    on_change=move |life: String| draft.life.set(life)
                    hint="Can't be changed afterwards."
                    error=Signal::derive(move || {
                        create.field("expires_in_days").get().filter(|_| draft.life.with(|life| life != OTHER))
                    })
                />
                <When when=move || draft.life.with(|life| life == OTHER)>
                    <Field
                        name="expires_in_days"
                        label="Days"
                        kind="number"
                        value=draft.days
                        error=create.field("expires_in_days")
                    />
                </When>
            </div>
            <footer>
                <Button on_press=on_cancel>"Cancel"</Button>
                <Button look=Look::Primary submit=true pending=create.pending()>"Create key"</Button>
            </footer>
        </form>
    }
}

const fn level_label(level: Level) -> &'static str {
    match level {
        Level::Read => "Read",
        Level::Standard => "Standard",
        Level::Admin => "Admin",
    }
}

const fn level_description(level: Level) -> &'static str {
    match level {
        Level::Read => "For monitoring. It can't call models.",
        Level::Standard => "Calls models. What a program in production needs.",
        Level::Admin => "For managing the organization. Belongs to no project; keep it off clients.",
    }
}
