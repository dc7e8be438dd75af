//! The columns of the log, which each member chooses.

use domain::calls::LogColumn;
use leptos::prelude::*;

use crate::{
    addresses::CodePart,
    api,
    components::{Button, ButtonStyle, Icon, use_toasts},
    layout::LazyPart,
    lean::watch,
    state::{Submission, load, submission, use_organization},
};

/// The columns that the member chose.
#[derive(Clone, Copy)]
pub(super) struct ColumnChoice {
    shown: Memo<Vec<LogColumn>>,
    /// What was chosen since the page was opened.
    chosen: RwSignal<Option<Vec<LogColumn>>>,
    save: Submission<Vec<LogColumn>>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
}

impl ColumnChoice {
    pub(super) fn new() -> Self {
        let organization = use_organization();
        let stored = load(move || api::members::LogColumns { organization: organization.slug() });
        let save = submission(
            move |columns: &Vec<LogColumn>| api::members::SetLogColumns {
                organization: organization.slug(),
                columns: columns.clone(),
            },
            |_, ()| {},
        );
        let chosen = RwSignal::new(None::<Vec<LogColumn>>);
        let shown = Memo::new(move |_| {
            let stored = || stored.with(|stored| stored.cloned()).unwrap_or_else(|| LogColumn::DEFAULT.to_vec());
            chosen.get().unwrap_or_else(stored)
        });
        Self { shown, chosen, save, open: RwSignal::new(false) }
    }

    /// The columns to show.
    pub(super) fn shown(&self) -> Vec<LogColumn> {
        self.shown.get()
    }

    /// Whether the columns are other than the default ones.
    pub(super) fn is_chosen(&self) -> bool {
        self.shown.with(|shown| *shown != LogColumn::DEFAULT)
    }

    /// Shows these columns at once, and keeps them for the member.
    pub(super) fn choose(&self, columns: Vec<LogColumn>) {
        self.chosen.set(Some(columns.clone()));
        self.save.send(columns);
    }

    /// Whether the dialog is open.
    pub(super) fn open(&self) -> RwSignal<bool> {
        self.open
    }
}

/// The button that opens the choice of columns, whose code is loaded with the first that is opened.
#[component]
pub(super) fn ColumnsButton(columns: ColumnChoice) -> impl IntoView {
    let (toasts, open) = (use_toasts(), columns.open);
    provide_context(columns);
    watch(move || {
        if let Some(error) = columns.save.error().get() {
            toasts.show_error(&error);
        }
    });
    view! {
        <span class="log-columns">
            <Button style=ButtonStyle::Quiet icon=Icon::Settings on_press=move || open.set(true)>"Columns"</Button>
        </span>
        <LazyPart part=CodePart::LogColumns wanted=open on_failed=move || open.set(false)/>
    }
}
