use domain::exports::{ExportSource, FileFormat, LONG_EXPORT_ROWS, NewExport};
use leptos::{ev, prelude::*};

use super::{
    ExportedFile,
    columns::Columns,
    recent::{RecentExports, rows_text},
};
use crate::{
    addresses::ExportAddress,
    api,
    components::{Button, ButtonStyle, Dialog, ErrorView, FormError, Icon, IconView, Segmented, SelectOption},
    lean::{CollectAny, When},
    state::{load_when, submission, use_organization},
};

/// The dialog, for the [`ExportedFile`] in the context.
#[component]
pub fn ExportDialog() -> impl IntoView {
    let ExportedFile { open, href, facts } = expect_context();
    let organization = use_organization();
    // Of the contents on offer, the page's own is the first.
    let chosen = RwSignal::new(None::<(ExportSource, FileFormat)>);
    let plain = Memo::new(move |_| {
        let file = href.with(|href| ExportAddress::parse(href));
        let content = chosen.get().filter(|content| file.choices().contains(content));
        match content {
            Some(content) => file.with_content(content),
            None => file,
        }
    });
    // Excel takes UTF-8 for another encoding unless the file begins with a byte-order mark; programs trip over one.
    let has_mark = RwSignal::new(false);
    let all_columns = RwSignal::new(true);
    let some_columns = RwSignal::new(Vec::<String>::new());
    let is_csv = Memo::new(move |_| plain.with(|file| !matches!(file.content(), Some((_, FileFormat::JsonLines)))));
    let file = Memo::new(move |_| {
        let mut file = plain.get();
        if is_csv.get() {
            file = file.with_mark(has_mark.get());
        }
        if !all_columns.get() && can_choose_columns(&file) { file.with_columns(&some_columns.get()) } else { file }
    });

    let rows = load_when(move || {
        let new = plain.with(ExportAddress::new_export).filter(|_| open.get())?;
        Some(api::exports::Count { organization: organization.slug(), new })
    });
    let row_count = move || rows.with(|rows| rows.copied().flatten());
    let is_long = Memo::new(move |_| row_count().is_some_and(|rows| rows > LONG_EXPORT_ROWS));
    let count_error = Memo::new(move |_| {
        let is_counted = plain.with(ExportAddress::new_export).is_some();
        rows.progress().error().filter(|_| is_counted)
    });
    // A file of unknown length may be long.
    let needs_job = move || is_long.get() || count_error.with(Option::is_some);
    let recent = load_when(move || {
        let is_shown = open.get() && plain.with(|file| file.content().is_some());
        is_shown.then(|| api::exports::List { organization: organization.slug(), watching: true })
    });
    let has_begun = RwSignal::new(false);
    let start = submission(
        move |new: &NewExport| api::exports::Start { organization: organization.slug(), new: new.clone() },
        move |_, _| {
            has_begun.set(true);
            recent.refresh();
        },
    );
    let start_job = move || {
        if let Some(new) = file.with_untracked(ExportAddress::new_export) {
            start.send(new);
        }
    };
    // The link must still be there when the browser follows it.
    let close_soon = move |_: ev::MouseEvent| request_animation_frame(move || open.set(false));
    let close = move || {
        open.set(false);
        has_begun.set(false);
    };

    let all_facts = move || {
        let mut all = facts.get();
        // The page of usage knows the exact number, and has it among its facts.
        let is_of_calls = plain.with(|file| matches!(file.content(), Some((ExportSource::Calls, _))));
        all.extend(row_count().filter(|_| is_of_calls).map(|rows| ("At most", rows_text(rows))));
        all
    };
    let fact = |(name, value): (&'static str, String)| view! { <dt>{name}</dt> <dd>{value}</dd> };
    view! {
        <Dialog open title="Export" on_close=close>
            <div class="dialog-body">
                <Contents plain chosen/>
                <dl class="facts" hidden=move || all_facts().is_empty()>
                    {move || all_facts().into_iter().map(fact).collect_any()}
                </dl>
                <Columns file=plain all=all_columns selected=some_columns/>
                <When when=move || is_csv.get()>
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=move || has_mark.get()
                            on:change=move |event| has_mark.set(event_target_checked(&event))
                        />
                        <span>"Add a byte-order mark (for Excel)"</span>
                    </label>
                </When>
                <When when=move || is_long.get()>
                    <p class="hint">
                        "This file is long, so it is made in the background. You can leave this page: you'll be notified when it is ready."
                    </p>
                </When>
                {move || {
                    let error = count_error.get()?;
                    Some(view! { <ErrorView error on_retry=move || rows.retry()/> }.into_any())
                }}
                <FormError error=start.error() fields=&[]/>
                <RecentExports recent/>
            </div>
            <footer>
                <Button on_press=close>{move || if has_begun.get() { "Close" } else { "Cancel" }}</Button>
                <When
                    when=needs_job
                    fallback=move || view! {
                        <a
                            class="button primary"
                            href=move || file.with(ExportAddress::href)
                            download
                            rel="external"
                            on:click=close_soon
                        >
                            <IconView icon=Icon::Download/>
                            "Download"
                        </a>
                    }
                >
                    <Button style=ButtonStyle::Primary pending=start.pending() on_press=start_job>"Prepare file"</Button>
                </When>
            </footer>
        </Dialog>
    }
}

/// The choice between the files that can be made of the same data.
#[component]
fn Contents(plain: Memo<ExportAddress>, chosen: RwSignal<Option<(ExportSource, FileFormat)>>) -> impl IntoView {
    let choices = move || {
        plain.with(|file| {
            let choices = file.choices().iter();
            choices
                .map(|(source, format)| SelectOption::new(source.path(*format), label(*source, *format)))
                .collect::<Vec<_>>()
        })
    };
    let value = Signal::derive(move || {
        plain.with(|file| file.content().map_or(String::new(), |(source, format)| source.path(format).to_owned()))
    });
    let choose = move |path: String| {
        let choices = plain.with_untracked(ExportAddress::choices);
        chosen.set(choices.iter().copied().find(|(source, format)| source.path(*format) == path));
    };
    view! {
        <When when=move || plain.with(|file| !file.choices().is_empty())>
            <Segmented label="Format" value on_change=choose choices=Signal::derive(choices)/>
        </When>
    }
}

/// What a file is called among others of the same data.
const fn label(source: ExportSource, format: FileFormat) -> &'static str {
    match (source, format) {
        (ExportSource::Cost, _) => "Cost for finance tools (FOCUS)",
        (_, format) => format.label(),
    }
}

/// Whether the file may have only some of its columns.
fn can_choose_columns(file: &ExportAddress) -> bool {
    file.content() == Some((ExportSource::Calls, FileFormat::Csv))
}
