//! Comments on what other crates use.

use super::modules_of;

/// SeaORM's manual gives the items of entities their names.
const ENTITIES: &str = "entities";

#[test]
fn what_is_for_other_crates_says_what_it_is() {
    let mut missing = Vec::new();
    for name in ["domain", "outgoing", "sandbox", "services"] {
        for (path, module) in modules_of(name).into_iter().flatten() {
            if path.first().is_none_or(|first| first != ENTITIES) {
                let place = format!("{name}::{}", path.join("::"));
                missing.extend(module.undocumented.iter().map(|item| format!("{place}: {item}")));
            }
        }
    }
    missing.sort();
    assert!(missing.is_empty(), "items without a doc comment (docs/style.md, rule 6):\n{}", missing.join("\n"));
}
