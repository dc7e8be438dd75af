//! Schemas for the API's OpenAPI document, of types that are texts in JSON.

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

#[cfg(target_arch = "wasm32")]
compile_error!("the dashboard doesn't need the feature `openapi`, which would enlarge its download");

/// Pattern of an id after its prefix: 128 bits in base 32, whose two spare bits lead.
const ID_DIGITS: &str = "[0-7][0-9a-hjkmnp-tv-z]{25}";

/// Schema of an id with this prefix.
pub(crate) fn id(prefix: &str, description: &str) -> RefOr<Schema> {
    text(description).pattern(Some(format!("^{prefix}_{ID_DIGITS}$"))).into()
}

/// Schema of a text that is one of `names`.
pub(crate) fn choice<const N: usize>(names: [&'static str; N], description: &str) -> RefOr<Schema> {
    text(description).enum_values(Some(names)).into()
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}
