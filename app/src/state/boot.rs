//! Answers that came with the page, each taken once.

use domain::{accounts::Welcome, ids::CallId};
use leptos::prelude::document;

use super::json::Json;
use crate::boot::key;

/// Id of the element whose text is the [`Boot`](crate::boot::Boot).
const ELEMENT: &str = "boot";

thread_local! {
    static BOOT: Option<Json> = read();
}

/// Parses the answers and removes them from the page, where they would outlast signing out.
fn read() -> Option<Json> {
    let element = document().get_element_by_id(ELEMENT)?;
    let text = element.text_content()?;
    element.set_text_content(None);
    Json::parse(&text).ok()
}

/// The signed-in user and the sign-up policy; `None` if the page came without them.
pub fn welcome() -> Option<Welcome> {
    BOOT.with(|boot| boot.as_ref()?.get("welcome")?.read().ok())
}

/// Takes the id of the newest call that the page's answers include; `None` from the second time on, when
/// another organization may be open.
pub(super) fn latest_call() -> Option<CallId> {
    BOOT.with(|boot| boot.as_ref()?.take("latest")?.read().ok())
}

/// Takes the answer to a query, if it came with the page and wasn't taken before.
pub(super) fn take(path: &str, arguments: &str) -> Option<Json> {
    BOOT.with(|boot| boot.as_ref()?.get("answers")?.take(&key(path, arguments)))
}
