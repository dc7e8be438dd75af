//! The answers that came with the page, each taken once.

use domain::{accounts::Welcome, ids::CallId};
use leptos::prelude::document;

use super::json::Json;
use crate::boot::key;

/// The element whose text is the [`Boot`](crate::boot::Boot).
const ELEMENT: &str = "boot";

thread_local! {
    static BOOT: Option<Json> = read();
}

/// Takes the answers out of the page, where they would stay after signing out.
fn read() -> Option<Json> {
    let element = document().get_element_by_id(ELEMENT)?;
    let text = element.text_content()?;
    element.set_text_content(None);
    Json::parse(&text).ok()
}

/// Who looks at the page; `None` where the page came without saying so.
pub fn welcome() -> Option<Welcome> {
    BOOT.with(|boot| boot.as_ref()?.get("welcome")?.read().ok())
}

/// The newest call of the organization when the page was made: what its answers include. Once, since other organizations may
/// be opened later.
pub(super) fn latest_call() -> Option<CallId> {
    BOOT.with(|boot| boot.as_ref()?.take("latest")?.read().ok())
}

/// The answer to a question, which is then gone.
pub(super) fn take(path: &str, arguments: &str) -> Option<Json> {
    BOOT.with(|boot| boot.as_ref()?.get("answers")?.take(&key(path, arguments)))
}
