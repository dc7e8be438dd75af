//! A member's exports of the last day.

use std::time::Duration;

use domain::{
    exports::{Export, ExportState},
    ids::ExportId,
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use crate::{
    api,
    components::{Button, ButtonStyle, FormError, Icon, IconView, TimeStyle, format_count, format_moment},
    lean::{KeyedRow, When, keyed_rows, watch},
    state::{QueryState, Submission, submission, use_organization},
};

/// How often the progress is queried while a file is being made.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The exports, with their progress and their links.
#[component]
pub(super) fn RecentExports(recent: QueryState<Vec<Export>>) -> impl IntoView {
    let organization = use_organization();
    let end = submission(
        move |id: &ExportId| api::exports::Cancel { organization: organization.slug(), id: *id },
        move |_, _| recent.refresh(),
    );
    let ended = RwSignal::new(None::<ExportId>);
    follow_progress(recent);
    // Those that were ended are of no interest.
    let is_listed = |export: &&Export| export.state != ExportState::Canceled;
    let ids = Memo::new(move |_| {
        recent.with(|exports| {
            let exports = exports.map(Vec::as_slice).unwrap_or_default();
            exports.iter().filter(is_listed).map(|export| export.id).collect::<Vec<_>>()
        })
    });
    let rows = move || {
        let row = move |id: ExportId| {
            KeyedRow::new(id.uuid().as_u128(), move || view! { <RecentExport id recent end ended/> }.into_any())
        };
        ids.get().into_iter().map(row).collect::<Vec<_>>()
    };
    view! {
        <When when=move || ids.with(|ids| !ids.is_empty())>
            <section class="recent-exports">
                <h3>"Your exports of the last day"</h3>
                <ul role="list">
                    {keyed_rows(rows)}
                </ul>
                <FormError error=end.error() fields=&[]/>
            </section>
        </When>
    }
}

/// Queries again as long as a file is being made.
fn follow_progress(recent: QueryState<Vec<Export>>) {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = timer.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    watch(move || {
        let is_unfinished = |exports: &Vec<Export>| exports.iter().any(|export| export.state.is_unfinished());
        if recent.with(|exports| exports.is_some_and(is_unfinished)) {
            cancel();
            timer.set_value(set_timeout_with_handle(move || recent.refresh(), POLL_INTERVAL).ok());
        }
    });
    on_cleanup(cancel);
}

#[component]
fn RecentExport(
    id: ExportId,
    recent: QueryState<Vec<Export>>,
    end: Submission<ExportId>,
    /// The export that was ended last.
    ended: RwSignal<Option<ExportId>>,
) -> impl IntoView {
    let organization = use_organization();
    let export = Memo::new(move |_| {
        recent.with(|exports| exports.and_then(|exports| exports.iter().find(|export| export.id == id).cloned()))
    });
    let is_ready = Memo::new(move |_| has_state(export, ExportState::is_ready));
    let is_unfinished = Memo::new(move |_| has_state(export, ExportState::is_unfinished));
    let name = Memo::new(move |_| export.with(|export| export.as_ref().map(name).unwrap_or_default()));
    let text = move || {
        let zone = organization.time_zone();
        export.with(|export| export.as_ref().map(|export| describe(export, &zone)).unwrap_or_default())
    };
    let percent =
        move || export.with(|export| export.as_ref().and_then(Export::percent).map(|percent| percent.to_string()));
    let href = move || {
        export.with(|export| export.as_ref().map(|export| export.href(&organization.slug())).unwrap_or_default())
    };
    let is_ending = Signal::derive(move || end.pending().get() && ended.get() == Some(id));
    let stop = move || {
        if !end.pending().get_untracked() {
            ended.set(Some(id));
            end.send(id);
        }
    };
    view! {
        <li class="recent-export">
            <b>{move || name.get()}</b>
            <span>{text}</span>
            <span class="visually-hidden" role="status">
                {move || is_ready.get().then(|| format!("{} is ready", name.get()))}
            </span>
            <When when=move || is_unfinished.get()>
                <progress max="100" value=percent aria-label=move || format!("Progress of {}", name.get())></progress>
                <Button style=ButtonStyle::Quiet pending=is_ending on_press=stop>"Stop"</Button>
            </When>
            <When when=move || is_ready.get()>
                <a class="button" href=href download rel="external">
                    <IconView icon=Icon::Download/>
                    "Download file"
                </a>
            </When>
        </li>
    }
}

fn has_state(export: Memo<Option<Export>>, is: fn(ExportState) -> bool) -> bool {
    export.with(|export| export.as_ref().is_some_and(|export| is(export.state)))
}

/// What the file holds, such as `Calls, CSV`.
fn name(export: &Export) -> String {
    format!("{}, {}", export.source.label(), export.format.label())
}

/// How far the file is, or until when it can be downloaded.
fn describe(export: &Export, zone: &str) -> String {
    let rows = rows_text(export.rows);
    match export.state {
        ExportState::Waiting => "Waiting".to_owned(),
        ExportState::Running => match export.percent() {
            Some(percent) => format!("{percent}%, {rows}"),
            None => rows,
        },
        ExportState::Ready => {
            let until = export.expires_at.map(|until| format_moment(until, zone, TimeStyle::DayMinute));
            format!("{rows}, until {}", until.unwrap_or_default())
        }
        ExportState::Failed => export.error.clone(),
        ExportState::Canceled => "Stopped".to_owned(),
    }
}

/// A number of rows, such as `1 row`.
pub(super) fn rows_text(rows: u64) -> String {
    let count = format_count(i64::try_from(rows).unwrap_or(i64::MAX));
    format!("{count} {}", if rows == 1 { "row" } else { "rows" })
}
