//! The tokens of pictures that models read.

/// The most tokens of one picture, by the name of a model or the beginning of names.
///
/// Sources: [OpenAI](https://platform.openai.com/docs/guides/images-vision#calculating-costs), where a picture
/// is scaled down to 2,048 pixels and its shorter side to 768, and so has at most 8 tiles next to its base
/// (GPT-4o: 85 + 8 × 170; mini: 2,833 + 8 × 5,667; o1 and o3: 75 + 8 × 150), or is scaled down to 1,536
/// patches, which count 1.62 to 2.46 times in small models; and
/// [Anthropic](https://platform.claude.com/docs/en/build-with-claude/vision). Newer models of OpenAI don't
/// scale pictures down, so that nothing but their window bounds them.
const MAX_TOKENS: [(&str, u64); 11] = [
    ("claude", 4_784),
    ("gpt-4.1", 1_445),
    ("gpt-4.1-mini", 2_489),
    ("gpt-4.1-nano", 3_779),
    ("gpt-4o", 1_445),
    ("gpt-4o-mini", 48_169),
    ("gpt-5-mini", 2_489),
    ("gpt-5-nano", 3_779),
    ("o1", 1_275),
    ("o3", 1_275),
    ("o4-mini", 2_642),
];

/// Returns the most tokens of one picture that a model reads; `None` if none are documented. `name` is that at
/// the provider.
pub(super) fn max_tokens(name: &str) -> Option<u64> {
    // Aggregators put the maker in front.
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_of = |family: &str| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let known = MAX_TOKENS.iter().filter(|(family, _)| is_of(family));
    known.max_by_key(|(family, _)| family.len()).map(|(_, tokens)| *tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_the_tokens_of_the_models_family() {
        for (name, tokens) in [
            ("gpt-4o-2024-08-06", Some(1_445)),
            ("gpt-4o-mini-2024-07-18", Some(48_169)),
            ("anthropic/claude-opus-5", Some(4_784)),
            ("gpt-4.1", Some(1_445)),
            ("gpt-4.15", None),
            ("gpt-6-astra", None),
            ("my-claude", None),
            ("", None),
        ] {
            assert_eq!(max_tokens(name), tokens, "{name}");
        }
    }
}
