use leptos::prelude::*;

/// Runs `run` once the page stands, and again whenever something changes that it has read.
///
/// The same as [`Effect::new`], which is compiled anew for each closure it is given, at one and a half kilobytes each.
pub fn watch(run: impl Fn() + 'static) {
    let run: Box<dyn Fn()> = Box::new(run);
    Effect::new(move |_| run());
}
