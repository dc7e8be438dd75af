//! Finds the module that defines what a path leads to, through re-exports.

use crate::{ModulePath, Modules};

/// Re-exports of re-exports are followed so far.
const MAX_DEPTH: usize = 16;

/// One module's use of another that is neither around nor inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The innermost module around both.
    pub parent: ModulePath,
    /// The child of `parent` that uses the other.
    pub user: String,
    /// The child of `parent` that is used.
    pub used: String,
    /// What is used, from the crate's root.
    pub item: String,
}

/// All uses between modules that lie beside each other, at any level.
pub fn dependencies(modules: &Modules) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (path, module) in modules {
        for mentioned in &module.mentions {
            let Some(target) = defining_module(modules, mentioned, MAX_DEPTH) else { continue };
            let common = path.iter().zip(&target).take_while(|(here, there)| here == there).count();
            if let (Some(user), Some(used)) = (path.get(common), target.get(common)) {
                let parent = path[..common].to_vec();
                found.push(Dependency { parent, user: user.clone(), used: used.clone(), item: mentioned.join("::") });
            }
        }
    }
    found
}

/// The module where what `path` names is defined; nothing where the path leads out of the crate.
fn defining_module(modules: &Modules, path: &[String], depth: usize) -> Option<ModulePath> {
    let depth = depth.checked_sub(1)?;
    let mut here = ModulePath::new();
    for (at, name) in path.iter().enumerate() {
        let inner = [here.as_slice(), std::slice::from_ref(name)].concat();
        if modules.contains_key(&inner) {
            here = inner;
            continue;
        }
        let module = modules.get(&here)?;
        if module.items.contains(name) {
            return Some(here);
        }
        let rest = &path[at + 1..];
        if let Some(import) = module.imports.get(name) {
            return defining_module(modules, &[import.as_slice(), rest].concat(), depth);
        }
        return module
            .globs
            .iter()
            .filter(|glob| **glob != here)
            .find_map(|glob| {
                let through = [glob.as_slice(), &path[at..]].concat();
                has_name(modules, glob, name).then(|| defining_module(modules, &through, depth)).flatten()
            })
            .or(Some(here));
    }
    Some(here)
}

fn has_name(modules: &Modules, path: &[String], name: &str) -> bool {
    modules.get(path).is_some_and(|module| module.items.contains(name) || module.imports.contains_key(name))
}
