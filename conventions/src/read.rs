//! Parses a crate's files into [`Modules`].

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Ident, ImplItem, Item, ItemUse, Macro, TraitItem, UseTree, Visibility,
    visit::{Visit, visit_macro, visit_path},
};

use crate::{Module, ModulePath, Modules};

/// Reads the crate whose root file is `root` (`src/lib.rs` or `src/main.rs`).
///
/// # Errors
///
/// A file can't be read, or isn't Rust.
pub fn read_crate(root: &Path) -> io::Result<Modules> {
    let mut modules = Modules::new();
    let folder = root.parent().map(Path::to_path_buf).unwrap_or_default();
    read_file(root, &folder, Vec::new(), &mut modules)?;
    Ok(modules)
}

/// Reads the module at `path` from its file; those inside it lie in `folder`.
fn read_file(file: &Path, folder: &Path, path: ModulePath, modules: &mut Modules) -> io::Result<()> {
    let text = fs::read_to_string(file)?;
    let parsed = syn::parse_file(&text).map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
    read_items(&parsed.items, folder, path, modules)
}

fn read_items(items: &[Item], folder: &Path, path: ModulePath, modules: &mut Modules) -> io::Result<()> {
    let mut module = Module::default();
    let children: HashSet<String> = items
        .iter()
        .filter_map(|item| if let Item::Mod(inner) = item { Some(inner.ident.to_string()) } else { None })
        .collect();
    for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
        match item {
            Item::Mod(inner) => {
                let name = inner.ident.to_string();
                let inner_path = [path.as_slice(), std::slice::from_ref(&name)].concat();
                match &inner.content {
                    Some((_, items)) => read_items(items, &folder.join(&name), inner_path, modules)?,
                    None => read_file(&file_of(folder, &name), &folder.join(&name), inner_path, modules)?,
                }
            }
            Item::Use(import) => module.add_import(import, &path, &children),
            item => {
                module.add_item(item);
                module.add_undocumented(item);
                Mentions { module: &mut module, path: &path }.visit_item(item);
            }
        }
    }
    modules.insert(path, module);
    Ok(())
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.rs"))
}

impl Module {
    fn add_item(&mut self, item: &Item) {
        let (name, visibility, is_type) = match item {
            Item::Struct(item) => (&item.ident, &item.vis, true),
            Item::Enum(item) => (&item.ident, &item.vis, true),
            Item::Union(item) => (&item.ident, &item.vis, true),
            Item::Trait(item) => (&item.ident, &item.vis, true),
            Item::Type(item) => (&item.ident, &item.vis, true),
            Item::Const(item) => (&item.ident, &item.vis, false),
            Item::Static(item) => (&item.ident, &item.vis, false),
            Item::Fn(item) => (&item.sig.ident, &item.vis, false),
            _ => return,
        };
        if is_type && !matches!(visibility, Visibility::Inherited) {
            self.public_types.push(name.to_string());
        }
        self.items.insert(name.to_string());
    }

    fn add_undocumented(&mut self, item: &Item) {
        let documented: Vec<(&Ident, &Visibility, &[Attribute])> = match item {
            Item::Struct(item) => vec![(&item.ident, &item.vis, &item.attrs)],
            Item::Enum(item) => vec![(&item.ident, &item.vis, &item.attrs)],
            Item::Type(item) => vec![(&item.ident, &item.vis, &item.attrs)],
            Item::Const(item) => vec![(&item.ident, &item.vis, &item.attrs)],
            Item::Static(item) => vec![(&item.ident, &item.vis, &item.attrs)],
            Item::Fn(item) => vec![(&item.sig.ident, &item.vis, &item.attrs)],
            Item::Trait(item) => {
                let methods = item.items.iter().filter_map(|inner| match inner {
                    TraitItem::Fn(method) => Some((&method.sig.ident, &item.vis, method.attrs.as_slice())),
                    _ => None,
                });
                std::iter::once((&item.ident, &item.vis, item.attrs.as_slice())).chain(methods).collect()
            }
            Item::Impl(item) if item.trait_.is_none() => {
                let members = item.items.iter().filter_map(|inner| match inner {
                    ImplItem::Const(member) => Some((&member.ident, &member.vis, member.attrs.as_slice())),
                    ImplItem::Fn(member) => Some((&member.sig.ident, &member.vis, member.attrs.as_slice())),
                    _ => None,
                });
                members.collect()
            }
            _ => Vec::new(),
        };
        let has_comment =
            |attributes: &[Attribute]| attributes.iter().any(|attribute| attribute.path().is_ident("doc"));
        for (name, visibility, attributes) in documented {
            if matches!(visibility, Visibility::Public(_)) && !has_comment(attributes) {
                self.undocumented.push(name.to_string());
            }
        }
    }

    fn add_import(&mut self, import: &ItemUse, here: &ModulePath, children: &HashSet<String>) {
        // `use child::Item` is short for `use self::child::Item`.
        let first = match &import.tree {
            UseTree::Path(path) => Some(path.ident.to_string()),
            _ => None,
        };
        let prefix =
            if first.is_some_and(|first| children.contains(&first)) { vec!["self".to_owned()] } else { Vec::new() };
        self.add_tree(&import.tree, prefix, here);
    }

    fn add_tree(&mut self, tree: &UseTree, mut prefix: Vec<String>, here: &ModulePath) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_tree(&path.tree, prefix, here);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, prefix.clone(), here)),
            UseTree::Glob(_) => {
                if let Some(path) = from_root(&prefix, here) {
                    self.mentions.push(path.clone());
                    self.globs.push(path);
                }
            }
            UseTree::Name(name) => self.add_name(&name.ident, &name.ident, prefix, here),
            UseTree::Rename(rename) => self.add_name(&rename.ident, &rename.rename, prefix, here),
        }
    }

    fn add_name(&mut self, ident: &Ident, name: &Ident, mut path: Vec<String>, here: &ModulePath) {
        // `use a::{self}` brings in `a`.
        let name = if ident == "self" { path.last().cloned() } else { Some(name.to_string()) };
        if ident != "self" {
            path.push(ident.to_string());
        }
        if let (Some(name), Some(path)) = (name, from_root(&path, here)) {
            self.mentions.push(path.clone());
            self.imports.insert(name, path);
        }
    }
}

/// Collects the paths of code that begin with `crate`, `self` or `super`, in macros too.
struct Mentions<'a> {
    module: &'a mut Module,
    path: &'a ModulePath,
}

impl Mentions<'_> {
    fn add(&mut self, path: &[String]) {
        self.module.mentions.extend(from_root(path, self.path));
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.add(&std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.add_tokens(called.tokens.clone());
        visit_macro(self, called);
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.module.add_import(import, self.path, &HashSet::new());
    }
}

/// A path from the crate's root, or nothing where it doesn't begin with `crate`, `self` or `super`.
fn from_root(path: &[String], here: &ModulePath) -> Option<ModulePath> {
    let (first, rest) = path.split_first()?;
    let mut from = match first.as_str() {
        "crate" => Vec::new(),
        "self" => here.clone(),
        "super" => here.split_last()?.1.to_vec(),
        _ => return None,
    };
    for name in rest {
        if name == "super" {
            from.pop()?;
        } else {
            from.push(name.clone());
        }
    }
    Some(from)
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| meta.path().is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
