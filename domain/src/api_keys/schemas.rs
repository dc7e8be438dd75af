//! Schemas of a key's level, scopes and status for the API's OpenAPI document.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{Level, Scope, Status};
use crate::openapi::choice;

macro_rules! choices {
    ($($name:ident = $description:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                choice(Self::ALL.map(Self::name), $description)
            }
        }

        impl ToSchema for $name {}
    )*};
}

choices! {
    Level = "Level of a key: `read` reads usage, `standard` calls models, and `admin` does both and manages keys.";
    Scope = "Part of the API that a key can be restricted to.";
    Status = "Status of a key. It works while it is `active` or `rotating`; while it is `rotating`, its old secret works too. \
              A key is `disabled` if it was reported as leaked.";
}
