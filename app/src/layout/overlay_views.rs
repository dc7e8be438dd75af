//! The views of the overlays, whose code is a part of its own.

use leptos::prelude::*;

use super::{
    lazy_part::LazyPart, more_sheet::MoreSheet, overlays::Overlays, palette::Palette, shortcut_list::ShortcutList,
    switcher_sheet::SwitcherSheet,
};
use crate::addresses::CodePart;

/// The overlays, whose code is loaded with the first that opens.
#[component]
pub(super) fn LazyOverlays() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    view! {
        <LazyPart
            part=CodePart::Overlays
            wanted=Signal::derive(move || overlays.are_wanted())
            on_failed=move || overlays.close()
        />
    }
}

/// All overlays, for the [`Overlays`] in the context.
#[component]
pub fn OverlayViews() -> impl IntoView {
    view! { <Palette/> <ShortcutList/> <MoreSheet/> <SwitcherSheet/> }
}
