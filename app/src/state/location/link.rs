use leptos::{ev, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::addresses::{Address, CodePart};

/// The address of the clicked link to one of the dashboard's pages. `None` for links that the browser opens
/// itself: in another tab, as a download, or as an anchor on the same page.
pub(super) fn own_link(event: &ev::MouseEvent) -> Option<String> {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    address_of_link(event)
}

/// The address of the dashboard's own link that an event comes from.
fn address_of_link(event: &web_sys::Event) -> Option<String> {
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = target.closest("a[href^='/']:not([target], [download], [rel~=external])").ok()??;
    link.get_attribute("href").filter(|address| !address.starts_with("//"))
}

/// Loads the code of the page that a link leads to. Errors are left to the navigation that follows the link.
pub(super) fn preload(event: &web_sys::Event) {
    let part = address_of_link(event).and_then(|address| missing_part(address.split(['?', '#']).next()?));
    if let Some(part) = part {
        spawn_local(async move {
            let _ = part.load().await;
        });
    }
}

/// The code that the page at `path` needs, unless it has loaded.
pub(super) fn missing_part(path: &str) -> Option<CodePart> {
    Address::parse(path).map(|address| address.part()).filter(|part| part.view().is_none())
}
