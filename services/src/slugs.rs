//! Slugs, the unique names of organizations and projects in paths.

use deunicode::deunicode;
use domain::{api_keys::Secret, validation};

use crate::{ServiceResult, random};

/// Slugs that have another meaning in the dashboard's paths.
const RESERVED: [&str; 6] = ["account", "api", "new", "operator", "sign-in", "sign-up"];
/// Maximum length of a name's part before a random suffix.
const STEM_LENGTH: usize = 33;
/// Length of a random suffix, of which there are over half a billion.
const SUFFIX_LENGTH: usize = 6;
/// Number of suffixes to try; that the first is in use is almost impossible.
const TRIES: usize = 10;

/// The way a slug is made from a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Naming {
    /// The name alone, where that is free: for actors who may see all names.
    Plain,
    /// With a random suffix, so that the slug doesn't reveal whether the name is in use elsewhere.
    WithRandomSuffix,
}

/// Makes slugs for `name`, to be tried in order. Letters of other scripts are transliterated; `kind` is the
/// slug of a name without any letters or digits.
pub(crate) fn candidates(name: &str, kind: &str, naming: Naming) -> ServiceResult<Vec<String>> {
    // Secrets are masked first, since they can't be recognized in lower case.
    // Apostrophes are in a word, or stand for letters that have no other sign.
    let ascii = deunicode(&Secret::redact(name)).replace(['\'', '`'], "");
    let slug = validation::slug(&ascii, kind);
    let stem = slug.get(..STEM_LENGTH).unwrap_or(&slug).trim_end_matches('-').to_owned();
    let plain = (naming == Naming::Plain && !RESERVED.contains(&slug.as_str())).then_some(slug);
    let with_suffix = (0..TRIES).map(|_| Ok(format!("{stem}-{}", random::letters::<SUFFIX_LENGTH>()?)));
    plain.into_iter().map(Ok).chain(with_suffix).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str, naming: Naming) -> String {
        candidates(name, "project", naming).unwrap().remove(0)
    }

    #[test]
    fn a_plain_slug_is_the_name_unless_it_means_something_else() {
        assert_eq!(first("Acme GmbH", Naming::Plain), "acme-gmbh");
        assert!(first("API", Naming::Plain).starts_with("api-"));
    }

    #[test]
    fn a_name_in_another_script_is_transliterated() {
        for (name, slug) in [
            ("Müller & Söhne", "muller-sohne"),
            ("Проект Альфа", "proekt-alfa"),
            ("Ερευνα", "ereuna"),
            ("北京", "bei-jing"),
        ] {
            assert_eq!(first(name, Naming::Plain), slug);
        }
        assert!(first("مشروع البحث", Naming::Plain).starts_with("mshrw"));
        assert_eq!(first("…", Naming::Plain), "project");
    }

    #[test]
    fn an_unforeseen_slug_ends_in_other_characters_each_time() {
        let slugs: std::collections::HashSet<_> =
            candidates("Acme GmbH", "organization", Naming::WithRandomSuffix).unwrap().into_iter().collect();
        assert_eq!(slugs.len(), TRIES);
        assert!(slugs.iter().all(|slug| slug.starts_with("acme-gmbh-") && slug.len() == 16), "{slugs:?}");
    }

    #[test]
    fn a_long_slug_is_cut_so_that_its_end_fits() {
        let slugs = candidates(&"x".repeat(60), "organization", Naming::Plain).unwrap();
        assert!(slugs.iter().all(|slug| slug.len() == 40), "{slugs:?}");
    }
}
