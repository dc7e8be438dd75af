//! Dependencies between modules.

use std::collections::{BTreeMap, BTreeSet};

use conventions::{Dependency, dependencies};

use super::{CRATES, modules_of};

#[test]
fn modules_depend_in_one_direction() {
    let mut circles = Vec::new();
    for name in CRATES {
        for modules in modules_of(name) {
            circles.extend(circles_in(name, &dependencies(&modules)));
        }
    }
    assert!(circles.is_empty(), "modules that depend on each other (docs/style.md, rule 9):\n{}", circles.join("\n"));
}

/// Describes each group of sibling modules in which every one depends on every other, directly or through others.
fn circles_in(name: &str, all: &[Dependency]) -> Vec<String> {
    let mut levels: BTreeMap<&[String], Vec<&Dependency>> = BTreeMap::new();
    for dependency in all {
        levels.entry(&dependency.parent).or_default().push(dependency);
    }
    let mut found = Vec::new();
    for (parent, level) in levels {
        let siblings: BTreeSet<&str> = level.iter().flat_map(|edge| [edge.user.as_str(), edge.used.as_str()]).collect();
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            siblings.iter().map(|from| (*from, reachable(from, &level))).collect();
        let mut described: BTreeSet<&str> = BTreeSet::new();
        for from in &siblings {
            let circle: Vec<&str> =
                siblings.iter().copied().filter(|to| reach[from].contains(to) && reach[to].contains(from)).collect();
            if circle.is_empty() || !described.insert(circle[0]) {
                continue;
            }
            let within = |edge: &&&Dependency| circle.contains(&&*edge.user) && circle.contains(&&*edge.used);
            let edges: BTreeSet<String> = level
                .iter()
                .filter(within)
                .map(|edge| format!("    {} uses {} for {}", edge.user, edge.used, edge.item))
                .collect();
            let place = [&[name.to_owned()], parent].concat().join("::");
            let edges: Vec<String> = edges.into_iter().collect();
            found.push(format!("{place}: {}\n{}", circle.join(", "), edges.join("\n")));
        }
    }
    found
}

fn reachable<'a>(from: &str, edges: &[&'a Dependency]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = vec![from];
    while let Some(user) = next.pop() {
        for edge in edges.iter().filter(|edge| edge.user == user) {
            if reached.insert(edge.used.as_str()) {
                next.push(&edge.used);
            }
        }
    }
    reached
}
