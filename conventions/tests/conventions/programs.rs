//! Test programs, which the scripts name one by one.

use std::fs;

use super::{CRATES, folder};

#[test]
fn every_test_program_is_run() {
    let scripts = ["scripts/test", "scripts/lib/check-steps"].map(|path| fs::read_to_string(folder(path)).unwrap());
    let mut programs = Vec::new();
    for tests in CRATES.iter().map(|name| folder(name).join("tests")).filter(|tests| tests.is_dir()) {
        for path in fs::read_dir(tests).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file() {
                programs.push(path.file_stem().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert!(programs.len() > 3, "{programs:?}");
    for program in programs {
        let option = format!("--test {program}");
        let is_run =
            scripts.iter().any(|script| script.split_whitespace().collect::<Vec<_>>().join(" ").contains(&option));
        assert!(is_run, "no step of `make test` runs {option}");
    }
}
