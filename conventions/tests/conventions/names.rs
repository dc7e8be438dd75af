//! Names of types.

use std::collections::BTreeMap;

use super::{CRATES, modules_of};

/// Names that a library's macros or its manual give to types, one in each module.
const GIVEN_NAMES: [&str; 7] = ["ActiveModel", "Column", "Entity", "Migration", "Model", "PrimaryKey", "Relation"];
/// The state behind a cheaply cloned handle, as in the standard library.
const INNER: &str = "Inner";

#[test]
fn no_two_public_types_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in CRATES {
        for (path, module) in modules_of(name).into_iter().flatten() {
            for defined in &module.public_types {
                places.entry(defined.clone()).or_default().push(format!("{name}::{}", path.join("::")));
            }
        }
    }
    assert!(places.len() > 500, "only {} types were read", places.len());
    let shared: Vec<String> = places
        .iter()
        .filter(|(name, places)| places.len() > 1 && *name != INNER && !GIVEN_NAMES.contains(&name.as_str()))
        .map(|(name, places)| format!("{name}: {}", places.join(", ")))
        .collect();
    assert!(shared.is_empty(), "types of one name (docs/style.md, rule 4):\n{}", shared.join("\n"));
}
