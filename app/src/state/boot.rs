//! The answers that came with the page, each taken once.

use std::cell::RefCell;

use domain::accounts::Welcome;
use leptos::prelude::document;

use crate::boot::{Boot, key};

/// The element whose text is the [`Boot`].
const ELEMENT: &str = "boot";

thread_local! {
    static BOOT: RefCell<Option<Boot>> = RefCell::new(read());
}

fn read() -> Option<Boot> {
    let text = document().get_element_by_id(ELEMENT)?.text_content()?;
    serde_json::from_str(&text).ok()
}

/// Who looks at the page; `None` where the page came without saying so.
pub fn welcome() -> Option<Welcome> {
    BOOT.with_borrow(|boot| boot.as_ref().map(|boot| boot.welcome.clone()))
}

/// The answer to a question, as JSON, which is then gone.
pub(super) fn take(path: &str, arguments: &str) -> Option<String> {
    let answers = |boot: &mut Option<Boot>| boot.as_mut()?.answers.remove(&key(path, arguments));
    BOOT.with_borrow_mut(answers).map(|answer| Box::<str>::from(answer).into_string())
}
