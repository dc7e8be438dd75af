//! Names for paths, each used once.

use domain::{api_keys::Secret, validation};

use crate::{ServiceResult, random};

/// Those that mean something else in the dashboard's paths.
const RESERVED: [&str; 6] = ["account", "api", "new", "operator", "sign-in", "sign-up"];
/// What is left of a name when random characters are put behind it.
const STEM_LENGTH: usize = 33;
/// How many random characters there are: half a billion ends.
const END_LENGTH: usize = 6;
/// How often another end is tried: that the first is taken is next to impossible.
const TRIES: usize = 10;

/// How something gets its name for paths.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Naming {
    /// By its name as it is, where that is free: for those who see all the names there are.
    Plain,
    /// With an end that nobody foresees, so that it tells nothing of whether somebody else has the same name.
    Unforeseen,
}

/// Slugs for `name` to be tried in this order.
pub(crate) fn candidates(name: &str, naming: Naming) -> ServiceResult<Vec<String>> {
    // Without secrets: in small letters they wouldn't be known for what they are.
    let slug = validation::slug(&Secret::redact(name));
    let stem = slug.get(..STEM_LENGTH).unwrap_or(&slug).trim_end_matches('-').to_owned();
    let plain = (naming == Naming::Plain && !RESERVED.contains(&slug.as_str())).then_some(slug);
    let unforeseen = (0..TRIES).map(|_| Ok(format!("{stem}-{}", random::letters::<END_LENGTH>()?)));
    plain.into_iter().map(Ok).chain(unforeseen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str, naming: Naming) -> String {
        candidates(name, naming).unwrap().remove(0)
    }

    #[test]
    fn a_plain_slug_is_the_name_unless_it_means_something_else() {
        assert_eq!(first("Acme GmbH", Naming::Plain), "acme-gmbh");
        assert!(first("API", Naming::Plain).starts_with("api-"));
    }

    #[test]
    fn an_unforeseen_slug_ends_in_other_characters_each_time() {
        let slugs: std::collections::HashSet<_> =
            candidates("Acme GmbH", Naming::Unforeseen).unwrap().into_iter().collect();
        assert_eq!(slugs.len(), TRIES);
        assert!(slugs.iter().all(|slug| slug.starts_with("acme-gmbh-") && slug.len() == 16), "{slugs:?}");
    }

    #[test]
    fn a_long_slug_is_cut_so_that_its_end_fits() {
        let slugs = candidates(&"x".repeat(60), Naming::Plain).unwrap();
        assert!(slugs.iter().all(|slug| slug.len() == 40), "{slugs:?}");
    }
}
