//! The dialog that asks for the tag to group by.

use domain::{
    errors::FieldErrors,
    usage::{Group, TagName},
};
use leptos::{ev, prelude::*};

use crate::{
    addresses::CodePart,
    components::{Button, ButtonStyle, Dialog, Field},
    layout::LazyPart,
};

/// What the dialog shows and reports, for its code, which is loaded when it first opens.
#[derive(Clone, Copy)]
struct TagContext {
    open: RwSignal<bool>,
    on_choose: Callback<(Group,)>,
}

/// A dialog for the name of a tag.
#[component]
pub(super) fn TagDialog(open: RwSignal<bool>, #[prop(into)] on_choose: Callback<(Group,)>) -> impl IntoView {
    provide_context(TagContext { open, on_choose });
    view! { <LazyPart part=CodePart::TagDialog wanted=open on_failed=move || open.set(false)/> }
}

/// The dialog, for the [`TagContext`] in the context.
#[component]
pub fn TagDialogContent() -> impl IntoView {
    let TagContext { open, .. } = expect_context();
    view! {
        <Dialog open title="Group by a tag" on_close=move || open.set(false)>
            <Form/>
        </Dialog>
    }
}

/// The dialog's form, empty each time it opens.
#[component]
fn Form() -> impl IntoView {
    let TagContext { open, on_choose } = expect_context();
    let name = RwSignal::new(String::new());
    let errors = RwSignal::new(FieldErrors::default());
    let error = Signal::derive(move || errors.with(|errors| errors.get("tag").map(str::to_owned)));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let mut invalid = FieldErrors::default();
        let typed = name.get_untracked();
        if let Some(tag) = invalid.check("tag", typed.trim().parse::<TagName>()) {
            open.set(false);
            on_choose.run((Group::Tag(tag),));
        }
        errors.set(invalid);
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="dialog-body">
                <p class="dim">
                    "Calls get tags from the header " <code>"x-tollhouse-tag-NAME"</code>
                    " and from OpenAI's metadata. Usage by tag is kept for 90 days."
                </p>
                <Field name="tag" label="Tag" value=name error autofocus=true/>
            </div>
            <footer>
                <Button on_press=move || open.set(false)>"Cancel"</Button>
                <Button style=ButtonStyle::Primary submit=true>"Apply"</Button>
            </footer>
        </form>
    }
}
