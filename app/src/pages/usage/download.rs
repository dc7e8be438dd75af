//! The chart as a picture.

use leptos::prelude::*;

use crate::{
    addresses::CodePart,
    components::{Icon, IconView, Menu, MenuAction, chart::ChartData},
    layout::LazyPart,
};

/// The format of a picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PictureFormat {
    Png,
    Svg,
}

/// The chart and the format that is asked for, for the code that draws it, which is loaded when it is first needed.
#[derive(Clone, Copy)]
pub(super) struct PictureContext {
    pub(super) wanted: RwSignal<Option<PictureFormat>>,
    pub(super) data: Memo<ChartData>,
    pub(super) hidden: RwSignal<Vec<String>>,
    pub(super) title: Memo<String>,
}

/// A menu that downloads the chart as PNG or SVG, without the series that are hidden.
#[component]
pub(super) fn DownloadMenu(data: Memo<ChartData>, hidden: RwSignal<Vec<String>>, title: Memo<String>) -> impl IntoView {
    let wanted = RwSignal::new(None);
    provide_context(PictureContext { wanted, data, hidden, title });
    let is_wanted = Signal::derive(move || wanted.with(Option::is_some));
    view! {
        <div class="usage-download">
            <Menu
                label="Download chart"
                trigger=|| view! { <IconView icon=Icon::Download/> <span>"Download chart"</span> }
            >
                <MenuAction on_press=move || wanted.set(Some(PictureFormat::Png))>"PNG"</MenuAction>
                <MenuAction on_press=move || wanted.set(Some(PictureFormat::Svg))>"SVG"</MenuAction>
            </Menu>
            <LazyPart part=CodePart::ChartPicture wanted=is_wanted on_failed=move || wanted.set(None)/>
        </div>
    }
}
