//! Case conversion of any script by the browser's tables: Rust's own add ten kilobytes.

use js_sys::JsString;

pub fn lower_case(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}

pub fn upper_case(text: &str) -> String {
    JsString::from(text).to_upper_case().into()
}
