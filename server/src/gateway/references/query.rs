//! What a query mentions, which goes to the provider with the path.

use form_urlencoded::parse;
use services::provider_objects::Kind;

use super::Mentions;
use crate::v1::error::Refusal;

/// What something is decided by where a request has a body: the body says it, and nothing else.
const DECIDED: &str = "model";

/// What ids begin with that are known to be of what is tracked here: one that nobody made is answered as somebody else's is.
/// What is within a chat completion has an id that begins like its own.
const TRACKED: [(&str, Kind); 5] = [
    ("file-", Kind::File),
    ("file_", Kind::File),
    ("ftjob-", Kind::FineTuningJob),
    ("resp_", Kind::Response),
    ("video_", Kind::Video),
];

/// All names and values of a query, as whoever reads it may separate them.
pub(in crate::gateway) fn mentions(query: Option<&str>) -> Result<Mentions, Refusal> {
    let mut mentions = Mentions::default();
    let Some(query) = query else { return Ok(mentions) };
    // Some separate by semicolons, as HTML 4 recommended.
    for pair in [query, &query.replace(';', "&")] {
        for (name, value) in parse(pair.as_bytes()) {
            if name.trim().eq_ignore_ascii_case(DECIDED) {
                let message = "`model` belongs into the body, not into the address.";
                return Err(Refusal::invalid(DECIDED, message));
            }
            mentions.text(&name);
            mentions.text(&value);
            let begins = |(prefix, _): &(&str, _)| value.get(..prefix.len()).is_some_and(|begin| begin == *prefix);
            if let Some((_, kind)) = TRACKED.into_iter().find(begins) {
                mentions.named(kind, "after", &value);
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
            let found = mentions(Some(query)).unwrap();
            assert!(found.texts.contains("file-1"), "{query}: {found:?}");
        }
        assert!(mentions(None).unwrap().is_empty());
        assert!(mentions(Some("limit=x&order=asc")).unwrap().is_empty());
        assert!(mentions(Some("Model=gpt-y")).is_err());
    }
}
