//! What docs/style.md asks of comments, and a program can check.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use conventions::read_crate;

/// SeaORM's manual gives the items of entities their names.
const ENTITIES: &str = "entities";

#[test]
fn what_is_for_other_crates_says_what_it_is() {
    let mut missing = Vec::new();
    for name in ["domain", "services"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src/lib.rs");
        for (path, module) in read_crate(&root).unwrap() {
            if path.first().is_none_or(|first| first != ENTITIES) {
                let place = format!("{name}::{}", path.join("::"));
                missing.extend(module.undocumented.iter().map(|item| format!("{place}: {item}")));
            }
        }
    }
    missing.sort();
    assert!(missing.is_empty(), "items without a doc comment (docs/style.md, rule 6):\n{}", missing.join("\n"));
}
