use leptos::prelude::*;

/// Shows its children while `when` is true, and `fallback` while it isn't.
///
/// Unlike Leptos' `Show`, it isn't compiled again for each of its uses, at two kilobytes each.
#[component]
pub fn When(
    #[prop(into)] when: Signal<bool>,
    #[prop(optional, into)] fallback: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let condition = Memo::new(move |_| when.get());
    move || if condition.get() { children() } else { fallback.run() }
}
