//! The choice of the log's columns, whose code is loaded with the first that is opened.

use domain::calls::LogColumn;
use leptos::prelude::*;

use super::columns::ColumnChoice;
use crate::{
    api,
    components::{Button, ButtonStyle, Dialog, use_toasts},
    lean::{CollectAny, watch},
    state::{Submission, submission, use_organization},
};

/// The dialog for the [`ColumnChoice`] in the context.
#[component]
pub fn LogColumnsDialog() -> impl IntoView {
    let columns: ColumnChoice = expect_context();
    let (organization, toasts, open) = (use_organization(), use_toasts(), columns.open());
    let save = submission(
        move |columns: &Vec<LogColumn>| api::members::SetLogColumns {
            organization: organization.slug(),
            columns: columns.clone(),
        },
        |_, ()| {},
    );
    watch(move || {
        if let Some(error) = save.error().get() {
            toasts.show_error(&error);
        }
    });
    view! {
        <Dialog open title="Columns" light=true on_close=move || open.set(false)>
            <Choice columns keep=save/>
        </Dialog>
    }
}

#[component]
fn Choice(
    columns: ColumnChoice,
    /// Keeps the columns for the member.
    keep: Submission<Vec<LogColumn>>,
) -> impl IntoView {
    let open = columns.open();
    let draft = RwSignal::new(untrack(|| columns.shown()));
    let toggle = move |column: LogColumn, on: bool| {
        draft.update(|draft| {
            draft.retain(|other| *other != column);
            if on {
                draft.push(column);
            }
        });
    };
    let choice = |column: LogColumn| {
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || draft.with(|draft| draft.contains(&column))
                    on:change=move |event| toggle(column, event_target_checked(&event))
                />
                <span>{column.label()}</span>
            </label>
        }
    };
    let is_empty = Signal::derive(move || draft.with(Vec::is_empty));
    let save = move || {
        let chosen = draft.with_untracked(|draft| LogColumn::sorted(draft));
        // A dialog that closes returns the focus, which the table's new rows mustn't take.
        open.set(false);
        columns.choose(chosen.clone());
        keep.send(chosen);
    };
    view! {
        <div class="dialog-body">
            <fieldset class="column-choice">
                <legend class="visually-hidden">"Columns besides the time"</legend>
                {LogColumn::ALL.into_iter().map(choice).collect_any()}
            </fieldset>
            <p class="faint">"Kept for you in this organization. Phones show two lines for each call instead."</p>
        </div>
        <footer>
            <Button on_press=move || draft.set(LogColumn::DEFAULT.to_vec())>"Default columns"</Button>
            <Button style=ButtonStyle::Primary disabled=is_empty on_press=save>"Save"</Button>
        </footer>
    }
}
