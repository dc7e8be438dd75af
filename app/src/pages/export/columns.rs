use domain::exports::{ExportSource, FileFormat};
use leptos::prelude::*;

use crate::{
    addresses::ExportAddress,
    components::{CheckList, Fold, SelectOption},
    lean::When,
};

/// The columns of the file: of calls, a member may choose some.
#[component]
pub(super) fn Columns(
    file: Memo<ExportAddress>,
    all: RwSignal<bool>,
    selected: RwSignal<Vec<String>>,
) -> impl IntoView {
    let columns = Memo::new(move |_| file.with(ExportAddress::columns));
    let are_chosen =
        Memo::new(move |_| file.with(|file| file.content() == Some((ExportSource::Calls, FileFormat::Csv))));
    let choices = Memo::new(move |_| {
        columns.with(|columns| columns.iter().map(|column| SelectOption::new(column, column)).collect::<Vec<_>>())
    });
    let summary = Signal::derive(move || {
        let (number, chosen) = (columns.with(Vec::len), selected.with(Vec::len));
        if are_chosen.get() && !all.get() && chosen > 0 { format!("{chosen} of {number}") } else { number.to_string() }
    });
    let names = move || columns.with(|columns| columns.join(", "));
    view! {
        <When when=move || columns.with(|columns| !columns.is_empty())>
            <Fold title="Columns" summary>
                <When
                    when=move || are_chosen.get()
                    fallback=move || view! { <p class="hint">{names}</p> }
                >
                    <CheckList name="columns" legend="Columns" all selected choices all_label="All columns"/>
                </When>
            </Fold>
        </When>
    }
}
