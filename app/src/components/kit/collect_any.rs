use leptos::prelude::*;

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
