//! `docs/asvs.md` names a test for each requirement of OWASP's ASVS 5.0.0, levels 1 and 2: all requirements
//! are listed, and all tests exist.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// Number of requirements of level 1 or 2 in version 5.0.0.
const REQUIREMENTS: usize = 253;
const NOT_YET: &str = "not yet";
/// The heading of the last part.
const NOT_APPLYING: &str = "## What doesn't apply";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table() -> String {
    fs::read_to_string(root().join("docs/asvs.md")).unwrap()
}

/// A requirement's number, its level, and the tests or documents for it.
struct Row<'a> {
    number: &'a str,
    level: &'a str,
    shown_by: &'a str,
}

/// The rows of all tables that begin with a requirement.
fn rows(document: &str) -> Vec<Row<'_>> {
    let (applying, _) = document.split_once(NOT_APPLYING).unwrap();
    let cells = applying.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| V")?.split('|').map(str::trim).collect();
        let [number, level, _, shown_by, ""] = cells[..] else { panic!("{line}") };
        Some(Row { number, level, shown_by })
    });
    cells.collect()
}

/// The numbers of the requirements that don't apply.
fn not_applying(document: &str) -> Vec<&str> {
    let (_, part) = document.split_once(NOT_APPLYING).unwrap();
    let lines = part
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .filter(|line| line.starts_with('V'));
    lines
        .flat_map(|line| line.split('|').next().unwrap().split(','))
        .map(|number| number.trim().trim_start_matches('V'))
        .collect()
}

/// A number's parts, for sorting.
fn order(number: &str) -> Vec<u32> {
    number.split('.').map(|part| part.parse().unwrap_or_else(|_| panic!("{number}"))).collect()
}

/// The texts in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The names of all tests: Rust's, which follow an attribute or are in a macro that makes two of each, and
/// the browser's and the clients', which are sentences.
fn tests() -> HashSet<String> {
    let mut tests = HashSet::new();
    let mut folders = ["app", "domain", "end2end", "migrations", "patience", "server", "services"]
        .map(|name| root().join(name))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !["node_modules", "target", "results"].contains(&name) {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                tests.extend(rust_tests(&fs::read_to_string(&path).unwrap()));
            } else if name.ends_with(".ts") {
                tests.extend(browser_tests(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    tests
}

fn rust_tests(source: &str) -> Vec<String> {
    let mut tests = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            let name = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            // Tests in services/tests run on both databases.
            let on_both = line.starts_with("async fn ") && line.contains("(world: &World)");
            if let Some(name) = name.filter(|_| is_test || on_both) {
                tests.push(name.to_owned());
            }
            is_test = false;
        }
    }
    tests
}

fn browser_tests(source: &str) -> Vec<String> {
    source.split("test(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn every_requirement_is_there_once_and_in_order() {
    let document = table();
    let rows = rows(&document);
    let numbers: Vec<&str> = rows.iter().map(|row| row.number).collect();
    assert!(numbers.is_sorted_by_key(|number| order(number)), "{numbers:?}");
    let not_applying = not_applying(&document);
    let all: Vec<&str> = numbers.iter().chain(&not_applying).copied().collect();
    let once: BTreeSet<Vec<u32>> = all.iter().map(|number| order(number)).collect();
    assert_eq!(once.len(), all.len(), "one stands there twice");
    assert_eq!(once.len(), REQUIREMENTS);
    assert!(rows.iter().all(|row| matches!(row.level, "1" | "2")));
}

#[test]
fn every_test_that_is_named_exists() {
    let (document, tests) = (table(), tests());
    assert!(tests.len() > 700, "{}", tests.len());
    for Row { number, shown_by, .. } in rows(&document) {
        let named = quoted(shown_by);
        if shown_by.starts_with(NOT_YET) {
            assert_eq!(named, [""; 0], "V{number} has tests and says that it has none");
            continue;
        }
        let documents: Vec<&str> = shown_by.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(!named.is_empty() || !documents.is_empty(), "V{number} is shown by nothing");
        for test in named {
            assert!(tests.contains(test), "V{number} names {test}, which is no test");
        }
        for link in documents {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let text =
                fs::read_to_string(root().join("docs").join(file)).unwrap_or_else(|_| panic!("V{number}: no {file}"));
            let headings: Vec<String> = text.lines().filter_map(|line| line.strip_prefix('#')).map(anchor).collect();
            assert!(heading.is_none_or(|heading| headings.contains(&heading.to_owned())), "V{number}: no {link}");
        }
    }
}

/// A heading's anchor in URLs.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-')
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn tests_are_found_in_both_languages() {
    let source = "#[tokio::test(flavor = \"multi_thread\")]\n// Why.\nasync fn one() {}\nfn helper() {}\n    async fn two(world: &World) {";
    assert_eq!(rust_tests(source), ["one", "two"]);
    assert_eq!(browser_tests("test(\"a thing, and more\", async () => {"), ["a thing, and more"]);
    assert_eq!(quoted("`a`, `b` and c"), ["a", "b"]);
    assert_eq!(anchor("## Who may do what?"), "who-may-do-what");
}
