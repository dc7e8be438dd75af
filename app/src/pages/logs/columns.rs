//! The columns of the log, which each member chooses.

use domain::calls::LogColumn;
use leptos::prelude::*;

use crate::{
    addresses::CodePart,
    api,
    components::{Button, ButtonStyle, Icon},
    layout::LazyPart,
    state::{load, use_organization},
};

/// The columns that the member chose.
#[derive(Clone, Copy)]
pub(super) struct ColumnChoice {
    shown: Memo<Vec<LogColumn>>,
    /// What was chosen since the page was opened.
    chosen: RwSignal<Option<Vec<LogColumn>>>,
    /// Whether the dialog is open.
    open: RwSignal<bool>,
}

impl ColumnChoice {
    pub(super) fn new() -> Self {
        let organization = use_organization();
        let stored = load(move || api::members::LogColumns { organization: organization.slug() });
        let chosen = RwSignal::new(None::<Vec<LogColumn>>);
        let shown = Memo::new(move |_| {
            let stored = || stored.with(|stored| stored.cloned()).unwrap_or_else(|| LogColumn::DEFAULT.to_vec());
            chosen.get().unwrap_or_else(stored)
        });
        Self { shown, chosen, open: RwSignal::new(false) }
    }

    /// The columns to show.
    pub(super) fn shown(&self) -> Vec<LogColumn> {
        self.shown.get()
    }

    /// Whether the columns are other than the default ones.
    pub(super) fn is_chosen(&self) -> bool {
        self.shown.with(|shown| *shown != LogColumn::DEFAULT)
    }

    /// Shows these columns.
    pub(super) fn choose(&self, columns: Vec<LogColumn>) {
        self.chosen.set(Some(columns));
    }

    /// Whether the dialog is open.
    pub(super) fn open(&self) -> RwSignal<bool> {
        self.open
    }
}

/// The button that opens the choice of columns, whose code is loaded with the first that is opened.
#[component]
pub(super) fn ColumnsButton(columns: ColumnChoice) -> impl IntoView {
    let open = columns.open;
    provide_context(columns);
    view! {
        <span class="log-columns">
            <Button style=ButtonStyle::Quiet icon=Icon::Settings on_press=move || open.set(true)>"Columns"</Button>
        </span>
        <LazyPart part=CodePart::LogColumns wanted=open on_failed=move || open.set(false)/>
    }
}
