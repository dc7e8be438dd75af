use jsonschema::{Draft, JSONSchema};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Fills a schema, and checks the value with an independent validator.
fn filled(schema: &Value) -> Value {
    let value = fill(schema).unwrap_or_else(|| panic!("nothing fits {schema}"));
    assert!(is_valid(schema, &value), "{value} doesn't fit {schema}");
    value
}

fn is_valid(schema: &Value, value: &Value) -> bool {
    let validator =
        JSONSchema::options().with_draft(Draft::Draft202012).should_validate_formats(true).compile(schema).unwrap();
    validator.is_valid(value)
}

#[test]
fn what_clients_ask_for_is_filled() {
    for (schema, expected) in [
        (
            json!({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"]}),
            json!({"city": "toll", "days": 1}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "null"}}}),
            json!({"a": true, "b": null}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["b"]}),
            json!({"b": 1}),
        ),
        (json!({"$ref": "#/$defs/Kind", "$defs": {"Kind": {"enum": ["a", "b"]}}}), json!("a")),
        (
            json!({"definitions": {"a/b": {"const": 7}}, "properties": {"x": {"$ref": "#/definitions/a~1b"}},
            "required": ["x"]}),
            json!({"x": 7}),
        ),
        (json!({"anyOf": [{"type": "null"}, {"type": "string"}]}), json!("toll")),
        (json!({"type": ["null", "integer"]}), json!(1)),
        (
            json!({"oneOf": [{"type": "object", "properties": {"t": {"const": "p"}}, "required": ["t"]}, {"type": "null"}]}),
            json!({"t": "p"}),
        ),
        (
            json!({"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer"}}},
            {"properties": {"a": {"minimum": 5}}}], "type": "object"}),
            json!({"a": 5}),
        ),
        (json!({"type": "array", "items": {"type": "string"}}), json!(["toll"])),
        (json!({"type": "array", "items": {"type": "string"}, "minItems": 3}), json!(["toll", "toll 2", "toll 3"])),
        (
            json!({"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "uniqueItems": true}),
            json!(["a", "b"]),
        ),
        (json!({"type": "array", "items": {"type": "string"}, "maxItems": 0}), json!([])),
        (
            json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2}),
            json!([1, "toll 2"]),
        ),
        (json!({"type": "array", "contains": {"const": 4}, "minContains": 2}), json!([4, 4])),
        (
            json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}),
            json!({"toll": 1, "toll 2": 1}),
        ),
        (
            json!({"type": "object", "patternProperties": {"^a": {"type": "integer"}}, "required": ["ab"]}),
            json!({"ab": 1}),
        ),
        (
            json!({"type": "object", "propertyNames": {"enum": ["x", "y"]}, "minProperties": 2}),
            json!({"x": {}, "y": {}}),
        ),
        (
            json!({"type": "object", "patternProperties": {"^[a-z]{2}$": {"type": "integer"}}, "additionalProperties": false,
            "minProperties": 2}),
            json!({"tt": 1, "at": 1}),
        ),
        (json!({"$ref": "#/$defs/a%20b", "$defs": {"a b": {"const": 1}}}), json!(1)),
        (json!({}), json!({})),
        (json!(true), json!({})),
    ] {
        assert_eq!(filled(&schema), expected, "{schema}");
    }
}

#[test]
fn numbers_are_within_their_bounds() {
    for (bounds, expected) in [
        (json!({"minimum": 18, "maximum": 99}), json!(18)),
        (json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1}), json!(0.5)),
        (json!({"exclusiveMinimum": 1}), json!(2)),
        (json!({"maximum": -3}), json!(-4)),
        (json!({"multipleOf": 5}), json!(5)),
        (json!({"multipleOf": 5, "minimum": 11}), json!(15)),
        // In floats, 1.2 divided by 0.1 is less than 12.
        (json!({"multipleOf": 0.1, "minimum": 1.15}), json!(1.3)),
        (json!({"allOf": [{"multipleOf": 2}, {"multipleOf": 3}]}), json!(6)),
        (json!({"multipleOf": 4, "exclusiveMaximum": -4}), json!(-8)),
    ] {
        let mut schema = bounds.clone();
        schema["type"] = "number".into();
        assert_eq!(filled(&schema), expected, "{bounds}");
    }
    assert_eq!(filled(&json!({"type": "integer", "exclusiveMinimum": 4.5})), json!(5));
    assert_eq!(filled(&json!({"type": "integer", "multipleOf": 1.5})), json!(3));
    assert_eq!(fill(&json!({"type": "integer", "minimum": 2.1, "maximum": 2.9})), None);
    // Fewer values than items: they repeat, or there is no list if they must differ.
    let several = |unique: bool| json!({"type": "array", "items": {"type": "integer", "maximum": 0, "minimum": -1}, "minItems": 3, "uniqueItems": unique});
    assert_eq!((filled(&several(false)), fill(&several(true))), (json!([-1, 0, -1]), None));
}

#[test]
fn texts_have_their_format_pattern_and_length() {
    for format in
        ["date-time", "date", "time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "json-pointer", "regex"]
    {
        filled(&json!({"type": "string", "format": format}));
    }
    for (schema, expected) in [
        (json!({"minLength": 6, "maxLength": 8}), "tollto"),
        (json!({"maxLength": 2}), "to"),
        (json!({"pattern": "^[A-Z]{3}-\\d{4}$"}), "TTT-1111"),
        (json!({"pattern": "^(a|b)+x?$", "minLength": 3}), "aax"),
        (json!({"pattern": "^[^@ ]+@[a-z]+\\.(com|org)$"}), "t@t.com"),
        (json!({"pattern": "^(?!t)(?=.*[0-9])[a-z0-9]{4}$"}), "11tt"),
        (json!({"pattern": "^(?=.*[A-Z])(?=.*\\d).{8,}$"}), "T1!@-_tT"),
        (json!({"pattern": "^(?=.*[A-Z])(?=.*\\d).+$", "minLength": 8}), "T1!@-_tT"),
        (json!({"pattern": "^a.*z$", "minLength": 10}), "attttttttz"),
        (json!({"pattern": "c{2,}", "format": "unheard-of"}), "cc"),
        (json!({"format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}), "2026-01-01"),
        (json!({"format": "email", "maxLength": 8}), "t@t.co"),
        (json!({"format": "jwt"}), "eyJhbGciOiJIUzI1NiJ9.e30.dG9sbA"),
        (json!({"contentEncoding": "base64"}), "dG9sbA=="),
        (json!({"contentMediaType": "application/json"}), "{}"),
        (json!({"contentMediaType": "application/json", "contentSchema": {"type": "integer"}}), "1"),
    ] {
        let mut schema = schema;
        schema["type"] = "string".into();
        assert_eq!(filled(&schema), expected, "{schema}");
    }
    // As zod writes it: a time without a zone, which JSON Schema's format requires.
    let zods = json!({"type": "string", "format": "time", "pattern": "^(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?$"});
    assert_eq!(fill(&zods).unwrap(), "11:11", "the pattern is what the client holds it against");
}

#[test]
fn texts_of_a_list_differ_where_they_must() {
    for (items, expected) in [
        (json!({"maxLength": 2}), ["to", "2t", "3t"]),
        (json!({"format": "email"}), ["toll@example.com", "toll2@example.com", "toll3@example.com"]),
        (json!({"format": "date"}), ["2026-01-01", "2026-01-02", "2026-01-03"]),
        (json!({"pattern": "^[a-z]{2}$"}), ["tt", "at", "bt"]),
        (json!({"pattern": "^(red|green|blue)$"}), ["red", "green", "blue"]),
        (json!({"pattern": "^(?=.*\\d)[a-z0-9]{2}$"}), ["11", "1t", "0t"]),
    ] {
        let mut items = items;
        items["type"] = "string".into();
        let list = json!({"type": "array", "items": items, "minItems": 3, "uniqueItems": true});
        assert_eq!(filled(&list), json!(expected), "{list}");
    }
    let uuids =
        json!({"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 40, "uniqueItems": true});
    filled(&uuids);
    let same = json!({"type": "array", "items": {"type": "string", "pattern": "^ab$"}, "minItems": 2});
    assert_eq!(filled(&same), json!(["ab", "ab"]), "they needn't");
}

#[test]
fn values_that_are_named_are_held_against_the_rest() {
    for (schema, expected) in [
        (json!({"enum": ["a", "abc"], "minLength": 2}), json!("abc")),
        (json!({"enum": ["abc", "a"], "maxLength": 2}), json!("a")),
        (json!({"enum": ["a", "B1"], "pattern": "^[A-Z]"}), json!("B1")),
        (json!({"enum": [1, 4, 6], "multipleOf": 3}), json!(6)),
        (json!({"enum": [1, 4, 6], "minimum": 2, "exclusiveMaximum": 6}), json!(4)),
        (json!({"anyOf": [{"const": 1}, {"const": 2}], "minimum": 2}), json!(2)),
    ] {
        assert_eq!(filled(&schema), expected, "{schema}");
    }
    assert_eq!(fill(&json!({"const": "a", "pattern": "b"})), None);
}

#[test]
fn what_holds_itself_ends() {
    let node = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "required": ["value", "next", "children"]}}});
    assert_eq!(filled(&node), json!({"value": 1, "next": null, "children": []}));
    let sum = json!({"$ref": "#/$defs/sum", "$defs": {"sum": {"anyOf": [
        {"type": "object", "properties": {"left": {"$ref": "#/$defs/sum"}, "right": {"$ref": "#/$defs/sum"}},
            "required": ["left", "right"]}, {"type": "number"}]}}});
    assert_eq!(filled(&sum), json!(1));
    let tree = json!({"type": "object", "properties": {"child": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["child"]});
    filled(&tree);
    let base = json!({"$defs": {"base": {"properties": {"x": {"type": "string"}}, "required": ["x"]}},
        "allOf": [{"$ref": "#/$defs/base"}], "type": "object",
        "properties": {"other": {"$ref": "#/$defs/base"}}, "required": ["other"]});
    assert_eq!(filled(&base), json!({"other": {"x": "toll"}, "x": "toll"}), "twice isn't for ever");
}

#[test]
fn what_nothing_fits_is_told() {
    for schema in [
        json!(false),
        json!({"not": {}}),
        json!({"type": "string", "minLength": 3, "maxLength": 2}),
        json!({"allOf": [{"type": "string"}, {"type": "integer"}]}),
        json!({"enum": []}),
        json!({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}),
        json!({"type": "array", "items": {"type": "null"}, "minItems": 2, "uniqueItems": true}),
        json!({"allOf": [{"type": "integer", "multipleOf": 2}, {"multipleOf": 3}], "minimum": 7, "maximum": 11}),
        json!({"type": "string", "pattern": "^abc$", "minLength": 10}),
        json!({"type": "string", "format": "email", "maxLength": 4}),
        json!({"$ref": "#/$defs/a"}),
        json!({"$ref": "https://elsewhere.example/schema"}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
    ] {
        assert_eq!(fill(&schema), None, "{schema}");
    }
}

#[test]
fn schemas_that_would_take_for_ever_are_given_up() {
    let mut defs = Map::new();
    for level in 0..40 {
        let next = json!({"$ref": format!("#/$defs/{}", level + 1)});
        let schema = json!({"type": "object", "properties": {"a": next, "b": next}, "required": ["a", "b"]});
        defs.insert(level.to_string(), schema);
    }
    assert_eq!(fill(&json!({"$ref": "#/$defs/0", "$defs": defs})), None);
    let mut chain = Map::new();
    for level in 0..10_000 {
        chain.insert(level.to_string(), json!({"anyOf": [{"$ref": format!("#/$defs/{}", level + 1)}]}));
    }
    assert_eq!(fill(&json!({"$ref": "#/$defs/0", "$defs": chain})), None);
    for schema in [
        json!({"type": "array", "items": {"type": "string"}, "minItems": 1e9}),
        json!({"type": "string", "minLength": 1e12}),
        json!({"type": "object", "minProperties": 1e9}),
        json!({"allOf": vec![json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}); 1_000]}),
        // A small request with a large answer.
        json!({"type": "array", "minItems": 1_000, "items": {"type": "string", "minLength": 65_536}}),
        json!({"type": "array", "minItems": 1_000, "items": {"type": "array", "minItems": 1_000}}),
        json!({"type": "array", "minItems": 1_000, "items": {"const": "long".repeat(1_000)}}),
        json!({"type": "array", "minItems": 1_000, "items": {"required": ["long".repeat(1_000)]}}),
        // Many attempts, each with a long text.
        json!({"type": "string", "pattern": "^(?!a)a{60000}$", "minLength": 1}),
    ] {
        assert_eq!(fill(&schema), None);
    }
    fill(&json!({"type": "string", "pattern": "((a{1000}){1000}){1000}"}));
    fill(&json!({"type": "string", "pattern": "^(a+)+$", "minLength": 40, "maxLength": 41}));
    fill(&json!({"type": "string", "pattern": "(?:){1000}".repeat(300)}));
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0..9_usize, 0..9_usize)
            .prop_map(|(min, more)| json!({"type": "string", "minLength": min, "maxLength": min + more})),
        (-50..50_i32, 0..9_i32, 1..4_i32).prop_map(
            |(min, more, step)| json!({"type": "integer", "minimum": min, "maximum": min + more, "multipleOf": step})
        ),
        (-9.0..9.0_f64, 0.1..9.0_f64)
            .prop_map(|(min, more)| json!({"type": "number", "exclusiveMinimum": min, "exclusiveMaximum": min + more})),
        prop::collection::vec("[a-c]{1,3}", 1..4).prop_map(|values| json!({"enum": values})),
        Just(json!({"type": ["null", "boolean"]})),
        Just(
            json!({"type": "object", "properties": {"n": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "required": ["n"]})
        ),
        "\\^[a-d]{1,2}\\[x-z\\]\\{1,3\\}(\\\\d\\+)?\\$"
            .prop_map(|pattern| json!({"type": "string", "pattern": pattern})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (prop::collection::btree_map("[a-e]", inner.clone(), 1..4), any::<bool>()).prop_map(|(properties, strict)| {
                let required: Vec<_> = properties.keys().take(properties.len() - usize::from(!strict)).cloned().collect();
                json!({"type": "object", "properties": properties, "required": required, "additionalProperties": !strict})
            }),
            (inner.clone(), 0..4_usize, any::<bool>())
                .prop_map(|(items, min, unique)| json!({"type": "array", "items": items, "minItems": min, "uniqueItems": unique})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|variants| json!({"anyOf": variants})),
            prop::collection::vec(inner, 1..3).prop_map(|all| json!({"allOf": all})),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_found_always_fits(schema in schema()) {
        if let Some(value) = fill(&schema) {
            prop_assert!(is_valid(&schema, &value), "{} doesn't fit {}", value, schema);
        }
    }
}
