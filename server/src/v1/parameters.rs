//! Descriptions of parameters for the OpenAPI document, where no type has them.

use utoipa::openapi::{
    Array, ArrayBuilder, Object, ObjectBuilder, RefOr, Required, Schema, Type,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::ArrayItems,
};

/// Describes an optional parameter of the query.
pub(crate) fn query_param(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    optional_param(ParameterIn::Query, name, description, schema)
}

/// Describes an optional header.
pub(crate) fn header_param(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    optional_param(ParameterIn::Header, name, description, schema)
}

fn optional_param(place: ParameterIn, name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(Required::False);
    parameter.description(Some(description)).schema(Some(schema)).build()
}

/// Schema of a text that is one of `names`.
pub(crate) fn one_of(names: &[&str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.iter().copied())).build()
}

/// Schema of a whole number.
pub(crate) fn integer(min: i64, max: i64) -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max)).build()
}

/// Schema of a list, whose items may also be separated by commas.
pub(crate) fn list_of(item: impl Into<ArrayItems>) -> Array {
    ArrayBuilder::new().items(item).build()
}
