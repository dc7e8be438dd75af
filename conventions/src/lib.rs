//! Reads a crate's modules from its sources, for the checks in `tests/`: the types they define, and the paths they mention.
//!
//! Tests (`#[cfg(test)]`) are left out: they may use what they like.

mod read;
mod resolve;

use std::collections::{HashMap, HashSet};

pub use read::read_crate;
pub use resolve::{Dependency, dependencies};

/// Names from the crate's root, such as `["gateway", "relay"]`.
pub type ModulePath = Vec<String>;

/// One module of a crate, in a file of its own or inline.
#[derive(Debug, Default)]
pub struct Module {
    /// Types, traits and aliases that other modules can see.
    pub public_types: Vec<String>,
    /// Functions, constants and types for other crates that have no doc comment.
    pub undocumented: Vec<String>,
    /// Names of all items, those above included.
    items: HashSet<String>,
    /// What `use` brings into scope: each name, and its path from the root.
    imports: HashMap<String, ModulePath>,
    /// Paths that `use path::*` brings into scope.
    globs: Vec<ModulePath>,
    /// Every path into this crate that the module mentions.
    mentions: Vec<ModulePath>,
}

/// The modules of one crate by their paths.
pub type Modules = HashMap<ModulePath, Module>;
