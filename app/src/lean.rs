//! Lean stand-ins for code of Leptos and of Rust's library that would make every visit download more.

use std::cmp::Ordering;

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

/// A row of [`keyed_rows`].
pub struct KeyedRow {
    key: u128,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

impl KeyedRow {
    /// A row whose view is made only if the list had none of this key before.
    pub fn new(key: u128, view: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self { key, view: Box::new(view) }
    }
}

/// Shows rows that keep their views as long as their keys stay.
///
/// Leptos' `For` is compiled again for each type of row, at four and a half kilobytes each; here it is compiled once.
pub fn keyed_rows(rows: impl Fn() -> Vec<KeyedRow> + Send + 'static) -> AnyView {
    let rows: Box<dyn Fn() -> Vec<KeyedRow> + Send> = Box::new(rows);
    let (key, children) = (|row: &KeyedRow| row.key, |row: KeyedRow| (row.view)());
    view! { <For each=rows key=key children=children/> }.into_any()
}

/// Returns the indices of `count` rows in their order. Sorting indices instead of rows is compiled once for all types of
/// rows, at four kilobytes each.
pub fn sorted_indices(count: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..count).collect();
    indices.sort_by(|a, b| order(*a, *b));
    indices
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
