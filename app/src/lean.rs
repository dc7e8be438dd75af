//! Lean stand-ins for code of Leptos and of Rust's library that would make every visit download more.

use js_sys::JsString;
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

/// Collects views of any type into a list.
pub trait CollectAny {
    /// Unlike Leptos' `collect_view`, this doesn't compile all code for lists again for each type of view.
    fn collect_any(self) -> Vec<AnyView>;
}

impl<I: Iterator<Item: IntoView>> CollectAny for I {
    fn collect_any(self) -> Vec<AnyView> {
        self.map(|view| view.into_any()).collect()
    }
}

/// Runs `run` once the page is rendered, and again whenever a signal changes that it has read.
///
/// Like [`Effect::new`], which is compiled for each closure separately, at one and a half kilobytes each.
pub fn watch(run: impl Fn() + 'static) {
    let run: Box<dyn Fn()> = Box::new(run);
    Effect::new(move |_| run());
}

/// Converts text of any script to lower case by the browser's tables: Rust's own add ten kilobytes.
pub fn lower_case(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}

/// Converts text to upper case, as [`lower_case`] does to lower case.
pub fn upper_case(text: &str) -> String {
    JsString::from(text).to_upper_case().into()
}
