//! Mentions in a query string, which goes to the provider with the path.

use form_urlencoded::parse;
use services::provider_objects::ObjectKind;

use super::Mentions;
use crate::v1::error::V1Error;

/// The parameter that only a body may contain.
const MODEL: &str = "model";

/// Prefixes of ids of tracked objects. An unknown id with such a prefix is answered like another owner's.
/// That of chat completions is missing, since parts of a completion have ids with its prefix.
const TRACKED: [(&str, ObjectKind); 5] = [
    ("file-", ObjectKind::File),
    ("file_", ObjectKind::File),
    ("ftjob-", ObjectKind::FineTuningJob),
    ("resp_", ObjectKind::Response),
    ("video_", ObjectKind::Video),
];

/// Finds mentions in all names and values of a query, with every separator that a provider may use.
pub(in crate::gateway) fn find_mentions(query: Option<&str>) -> Result<Mentions, V1Error> {
    let mut mentions = Mentions::default();
    let Some(query) = query else { return Ok(mentions) };
    // Some servers split at semicolons, as HTML 4 recommended.
    for pair in [query, &query.replace(';', "&")] {
        for (name, value) in parse(pair.as_bytes()) {
            if name.trim().eq_ignore_ascii_case(MODEL) {
                let message = "Send `model` in the body, not in the query.";
                return Err(V1Error::invalid(MODEL, message));
            }
            mentions.add_text(&name);
            mentions.add_text(&value);
            let begins = |(prefix, _): &(&str, _)| value.get(..prefix.len()).is_some_and(|begin| begin == *prefix);
            if let Some((_, kind)) = TRACKED.into_iter().find(begins) {
                mentions.add_reference(kind, "after", &value);
            }
        }
    }
    Ok(mentions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_query_are_found_however_they_are_written() {
        for query in [
            "after=file-1",
            "a=b&x[]=file-1",
            "file-1",
            "a=1;after=file-1",
            "after=%66ile-1",
            "after=%2566ile-1",
            "after=+file-1",
        ] {
            let found = find_mentions(Some(query)).unwrap();
            assert!(found.texts.contains("file-1"), "{query}: {found:?}");
        }
        assert!(find_mentions(None).unwrap().is_empty());
        assert!(find_mentions(Some("limit=x&order=asc")).unwrap().is_empty());
        assert!(find_mentions(Some("Model=gpt-y")).is_err());
    }
}
