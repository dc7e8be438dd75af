use leptos::prelude::*;

/// Lists of views, whatever they are.
pub trait CollectAny {
    /// The same as Leptos' `collect_view`, for whose lists everything is compiled anew for each type of view.
    fn collect_any(self) -> Vec<AnyView>;
}

impl<I: Iterator<Item: IntoView>> CollectAny for I {
    fn collect_any(self) -> Vec<AnyView> {
        self.map(|view| view.into_any()).collect()
    }
}
