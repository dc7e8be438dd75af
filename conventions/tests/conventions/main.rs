//! What docs/style.md asks of names, comments and modules, and a program can check.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod comments;
mod modules;
mod names;
mod programs;

use std::{
    fs,
    path::{Path, PathBuf},
};

use conventions::{Modules, read_crate};

const CRATES: [&str; 11] = [
    "app",
    "bench",
    "conventions",
    "domain",
    "frontend",
    "migrations",
    "outgoing",
    "patience",
    "sandbox",
    "server",
    "services",
];

/// The workspace's folder `name`.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The modules of each program or library in a crate.
fn modules_of(name: &str) -> Vec<Modules> {
    let files = fs::read_dir(folder(name).join("src")).unwrap().map(|entry| entry.unwrap().path());
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
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
    let listed: Vec<String> = CRATES.iter().map(|name| format!("\"{name}\"")).collect();
    assert_eq!(members, format!("members = [{}]", listed.join(", ")));
}
