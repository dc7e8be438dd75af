use leptos::prelude::*;

/// Shows its children while `when` holds, and `fallback` while it doesn't.
///
/// The same as Leptos' `Show`, which is compiled anew for each of its uses, at two kilobytes each.
#[component]
pub fn When(
    #[prop(into)] when: Signal<bool>,
    #[prop(optional, into)] fallback: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    let holds = Memo::new(move |_| when.get());
    move || if holds.get() { children() } else { fallback.run() }
}
