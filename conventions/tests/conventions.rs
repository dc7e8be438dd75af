//! What docs/style.md asks of modules and names, and a program can check.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use conventions::{Modules, read_crate};

const CRATES: [&str; 9] =
    ["app", "bench", "conventions", "domain", "frontend", "migrations", "patience", "server", "services"];

/// Names that a library's macros or its manual give to types, one in each module.
const GIVEN_NAMES: [&str; 7] = ["ActiveModel", "Column", "Entity", "Migration", "Model", "PrimaryKey", "Relation"];
/// The state behind a cheaply cloned handle, as in the standard library.
const INNER: &str = "Inner";

/// The modules of each program or library in a crate.
fn modules_of(name: &str) -> Vec<Modules> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src");
    let files = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path());
    let (roots, others): (Vec<PathBuf>, Vec<PathBuf>) =
        files.filter(|path| path.is_file()).partition(|path| is_root(path));
    // Programs that the manifest lists are files beside each other.
    let roots = if roots.is_empty() { others } else { roots };
    roots.iter().map(|root| read_crate(root).unwrap()).collect()
}

fn is_root(path: &Path) -> bool {
    path.ends_with("lib.rs") || path.ends_with("main.rs")
}

#[test]
fn every_crate_is_looked_at() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
    let listed: Vec<String> = CRATES.iter().map(|name| format!("\"{name}\"")).collect();
    assert_eq!(members, format!("members = [{}]", listed.join(", ")));
}

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
