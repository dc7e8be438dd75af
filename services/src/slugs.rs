//! Names for paths, each used once.

use std::collections::HashSet;

use domain::validation;

/// Those that mean something else in the dashboard's paths.
const RESERVED: [&str; 6] = ["account", "api", "new", "operator", "sign-in", "sign-up"];
/// What is left of a name when a number is put behind it.
const STEM_LENGTH: usize = 34;

/// The part that all slugs made of `name` begin with.
pub(crate) fn stem(name: &str) -> String {
    let slug = validation::slug(name);
    slug.get(..STEM_LENGTH).unwrap_or(&slug).trim_end_matches('-').to_owned()
}

/// Slugs for `name` that aren't among `taken`, the best first: `acme`, `acme-2`, `acme-3` …
pub(crate) fn free(name: &str, taken: &HashSet<String>) -> impl Iterator<Item = String> {
    let stem = stem(name);
    let first = validation::slug(name);
    std::iter::once(first)
        .chain((2u32..).map(move |number| format!("{stem}-{number}")))
        .filter(|slug| !RESERVED.contains(&slug.as_str()) && !taken.contains(slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str, taken: &[&str]) -> String {
        free(name, &taken.iter().map(|slug| (*slug).to_owned()).collect()).next().unwrap()
    }

    #[test]
    fn a_taken_or_reserved_slug_gets_a_number() {
        assert_eq!(first("Acme GmbH", &[]), "acme-gmbh");
        assert_eq!(first("Acme GmbH", &["acme-gmbh", "acme-gmbh-2"]), "acme-gmbh-3");
        assert_eq!(first("API", &[]), "api-2");
    }

    #[test]
    fn a_long_slug_is_cut_so_that_the_number_fits() {
        let name = "x".repeat(60);
        assert_eq!(first(&name, &[]).len(), 40);
        assert!(first(&name, &[&"x".repeat(40)]).len() <= 40);
    }
}
