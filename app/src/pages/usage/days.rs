use domain::{
    errors::FieldErrors,
    usage::{CustomRange, Range, parse_day},
};
use leptos::{ev, prelude::*};

use crate::{
    addresses::CodePart,
    components::{Button, ButtonStyle, Dialog, Field},
    layout::LazyPart,
};

/// What the dialog shows and reports, for its code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct DaysContext {
    open: RwSignal<bool>,
    range: Memo<Option<Range>>,
    on_choose: Callback<(CustomRange,)>,
}

/// A dialog for the first and the last day of a custom range.
#[component]
pub(super) fn DaysDialog(
    open: RwSignal<bool>,
    range: Memo<Option<Range>>,
    #[prop(into)] on_choose: Callback<(CustomRange,)>,
) -> impl IntoView {
    provide_context(DaysContext { open, range, on_choose });
    view! { <LazyPart part=CodePart::CustomRange wanted=open on_failed=move || open.set(false)/> }
}

/// The dialog, for the [`DaysContext`] in the context.
#[component]
pub fn CustomRangeDialog() -> impl IntoView {
    let DaysContext { open, range, on_choose } = expect_context();
    view! {
        <Dialog open title="Custom range" on_close=move || open.set(false)>
            <Form open range=range.get_untracked() on_choose/>
        </Dialog>
    }
}

/// The dialog's form, filled with the current range's days.
#[component]
fn Form(open: RwSignal<bool>, range: Option<Range>, on_choose: Callback<(CustomRange,)>) -> impl IntoView {
    let (first, last) = match range {
        Some(Range::Custom(days)) => (days.first().to_string(), days.last().to_string()),
        _ => Default::default(),
    };
    let (first, last) = (RwSignal::new(first), RwSignal::new(last));
    let errors = RwSignal::new(FieldErrors::default());
    let error =
        move |field: &'static str| Signal::derive(move || errors.with(|errors| errors.get(field).map(str::to_owned)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        match days(&first.get_untracked(), &last.get_untracked()) {
            Ok(days) => {
                errors.set(FieldErrors::default());
                open.set(false);
                on_choose.run((days,));
            }
            Err(invalid) => errors.set(invalid),
        }
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body days">
                <Field name="first" label="Start date" kind="date" value=first error=error("first") autofocus=true/>
                <Field name="last" label="End date" kind="date" value=last error=error("last")/>
            </div>
            <footer>
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button style=ButtonStyle::Primary submit=true>"Apply"</Button>
            </footer>
        </form>
    }
}

/// The range from `first` to `last`, or the errors in them.
fn days(first: &str, last: &str) -> Result<CustomRange, FieldErrors> {
    let mut errors = FieldErrors::default();
    let first = errors.check("first", parse_day(first).ok_or("Enter a date."));
    let last = errors.check("last", parse_day(last).ok_or("Enter a date."));
    if let (Some(first), Some(last)) = (first, last) {
        if last < first {
            errors.add("last", "The end date can't be before the start date.");
        } else if let Some(days) = CustomRange::new(first, last) {
            return Ok(days);
        } else if (last - first).num_days() >= CustomRange::MAX_DAYS {
            errors.add("last", "Choose at most ten years.");
        } else {
            errors.add("first", "Choose dates from 2000 to 2199.");
        }
    }
    Err(errors)
}
