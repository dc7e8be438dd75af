use leptos::prelude::*;

/// Runs `run` once the page is rendered, and again whenever a signal changes that it has read.
///
/// Like [`Effect::new`], which is compiled for each closure separately, at one and a half kilobytes each.
pub fn watch(run: impl Fn() + 'static) {
    let run: Box<dyn Fn()> = Box::new(run);
    Effect::new(move |_| run());
}
