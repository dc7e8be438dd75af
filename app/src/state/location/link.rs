use leptos::{ev, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::addresses::{Address, Part};

/// The address of the dashboard's own link that was clicked, unless the browser is to open it: in another tab, as a
/// download, or as a place on the same page.
pub(super) fn own_link(event: &ev::MouseEvent) -> Option<String> {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    address_of_link(event)
}

/// The address of the dashboard's own link at which something happens.
fn address_of_link(event: &web_sys::Event) -> Option<String> {
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let link = target.closest("a[href^='/']:not([target], [download], [rel~=external])").ok()??;
    link.get_attribute("href").filter(|address| !address.starts_with("//"))
}

/// Gets the code of the page that a link leads to. Where it doesn't come, following the link will say so.
pub(super) fn load_ahead(event: &web_sys::Event) {
    let part = address_of_link(event).and_then(|address| missing(address.split(['?', '#']).next()?));
    if let Some(part) = part {
        spawn_local(async move {
            let _ = part.load().await;
        });
    }
}

/// The part that is shown at `path`, unless its code has come.
pub(super) fn missing(path: &str) -> Option<Part> {
    Address::parse(path).map(|address| address.part()).filter(|part| part.view().is_none())
}
