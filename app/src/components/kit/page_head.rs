use leptos::prelude::*;

use super::{
    button::Button,
    filters::FiltersButton,
    icon::{Icon, IconView},
    live_sign::LiveSign,
    name::Name,
    sheet::Sheet,
};
use crate::{
    lean::watch,
    state::{LiveStatus, use_inbox, use_live},
};

/// A page's heading, in line with its actions. The document's title repeats it after the number of unread
/// notifications, to be seen from other tabs.
#[component]
pub fn PageHead(
    #[prop(into)] title: Signal<String>,
    /// One line under the heading, except on phones.
    #[prop(optional, into)]
    description: Option<ViewFn>,
    /// Address and name of the page to go back to.
    #[prop(optional)]
    back: Option<(Signal<String>, &'static str)>,
    /// Whether the page follows new calls, which a button then shows.
    #[prop(optional)]
    live: bool,
    /// Actions that are in a menu on phones.
    #[prop(optional, into)]
    secondary: Option<ViewFn>,
    /// The page's main actions, the most important last.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let inbox = use_inbox();
    watch(move || {
        let unread = match inbox.map_or(0, |inbox| inbox.count()) {
            0 => String::new(),
            unread => format!("({unread}) "),
        };
        document().set_title(&format!("{unread}{} · Tollhouse", title.get()));
    });
    let back = back.map(|(href, label)| {
        view! {
            <a class="back" href=href>
                <IconView icon=Icon::ChevronLeft/>
                <span class="back-text">{label}</span>
            </a>
        }
    });
    let actions_in_line =
        secondary.as_ref().map(|secondary| view! { <div class="page-acts-wide">{secondary.run()}</div> }.into_any());
    view! {
        <header class="page-head">
            {back}
            // Gets the focus when the page opens, so that screen readers begin here.
            <h1 tabindex="-1">{move || view! { <Name name=title.get()/> }}</h1>
            <div class="page-acts">
                {live.then(|| view! { <LiveSign/> })}
                {actions_in_line}
                <FiltersButton/>
                {children.map(|children| children())}
                {(live || secondary.is_some()).then(|| view! { <MoreActions live secondary/> })}
            </div>
            {description.map(|description| view! { <p>{description.run()}</p> }.into_any())}
        </header>
    }
}

/// The button of phones that opens a sheet with the other actions, marked while the page isn't live.
#[component]
fn MoreActions(live: bool, secondary: Option<ViewFn>) -> impl IntoView {
    let open = RwSignal::new(false);
    let updates = live.then(use_live);
    let is_held =
        move || updates.is_some_and(|updates| matches!(updates.status(), LiveStatus::Paused | LiveStatus::Offline));
    view! {
        <span class="page-acts-narrow" class:marked=is_held>
            <Button icon=Icon::More label="More actions" on_press=move || open.set(true)/>
        </span>
        <Sheet open title="More actions">
            {live.then(|| view! { <LiveSign/> })}
            {secondary.as_ref().map(|secondary| secondary.run())}
        </Sheet>
    }
}
