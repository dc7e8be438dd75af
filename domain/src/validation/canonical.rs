//! Normalization of texts that look alike to one form, on the server only.
//!
//! Names and addresses are compared, shown side by side and trusted. Variants such as `ｏｗｎｅｒ@example.com`, an
//! accented letter as one character or two, or a name with an invisible character must not pass as different
//! ones.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};

const INVISIBLE: &str = "Remove the invisible characters.";
/// Zero-width (non-)joiners: they join or separate letters in some scripts, and compose emoji.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
/// Variation selectors: they choose between the text and emoji form of a character.
const PRESENTATION: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];
/// The Braille pattern without dots, which looks like a space.
const BLANK_PATTERN: char = '\u{2800}';

/// Whether `c` is invisible and no space: it formats the text around it, such as by turning its direction, or
/// is to be ignored (Unicode's category Cf and its property Default_Ignorable_Code_Point).
pub fn is_invisible(c: char) -> bool {
    !c.is_ascii()
        && (c == BLANK_PATTERN
            || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
            || matches!(
                CodePointMapData::<GeneralCategory>::new().get(c),
                GeneralCategory::Format | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
            ))
}

/// Whether `c` has no place in one line of text: a control character, or [invisible](is_invisible).
pub fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Normalizes to Unicode's NFKC (Annex 15): one form for text in several encodings, widths or styles.
pub fn nfkc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}

/// Normalizes a name to NFKC, with one space for each run of white space.
///
/// # Errors
/// The name contains an invisible character.
pub fn name(text: &str) -> Result<String, String> {
    let text: String = text.chars().filter(|c| !PRESENTATION.contains(c)).collect();
    let text = nfkc(&text);
    reject(&text, is_invisible)?;
    // Line breaks and other control characters are rejected later.
    let is_space = |c: char| c.is_whitespace() && !c.is_control();
    Ok(text.split(is_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Rejects a description with characters that hide text or turn its direction.
///
/// # Errors
/// The description contains an invisible character other than those that join letters and emoji.
pub fn check_description(text: &str) -> Result<(), String> {
    reject(text, |c| is_invisible(c) && !JOINERS.contains(&c) && !PRESENTATION.contains(&c))
}

/// Normalizes a mail address to lower case and NFKC, its host to ASCII as in DNS (IDNA, by UTS 46 without
/// transitional forms).
///
/// A text without an `@` is returned without a check of its host.
///
/// # Errors
/// The address contains an invisible character, or its host isn't a valid name.
pub fn email(text: &str) -> Result<String, String> {
    // Lower-casing can leave NFKC, so the text is normalized again.
    let text = nfkc(&nfkc(text.trim()).to_lowercase()).into_owned();
    reject(&text, is_invisible)?;
    let Some((local, host)) = text.rsplit_once('@') else { return Ok(text) };
    if host.is_ascii() && !host.split('.').any(|label| label.starts_with("xn--")) {
        return Ok(text);
    }
    let ascii = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify);
    let ascii = ascii.map_err(|_| "Enter an email address such as mira@example.com.".to_owned())?;
    Ok(format!("{local}@{ascii}"))
}

/// Folds a text for searches: NFKC, without differences of case. `Straße` and `STRASSE` become equal, as do all
/// sigmas.
pub fn fold(text: &str) -> String {
    let text = nfkc(text);
    // Each letter by itself, since the lower case of a sigma depends on its place. Twice, since `ẞ` has only a lower
    // case, and `ß` only an upper one of several letters.
    let folded: String =
        text.chars().flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    nfkc(&folded).into_owned()
}

fn reject(text: &str, is_invalid: impl Fn(char) -> bool) -> Result<(), String> {
    if text.chars().any(is_invalid) { Err(INVISIBLE.to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super as validation;

    #[test]
    fn addresses_that_look_alike_are_one() {
        for (written, address) in [
            ("ｏｗｎｅｒ@ｅｘａｍｐｌｅ．ｃｏｍ", "owner@example.com"),
            ("owner＠example.com", "owner@example.com"),
            ("OWNER@EXAMPLE.COM", "owner@example.com"),
            ("jose\u{301}@example.com", "josé@example.com"),
            ("jos\u{e9}@example.com", "josé@example.com"),
            ("ﬁnn@example.com", "finn@example.com"),
            ("mira@M\u{fc}ller.example", "mira@xn--mller-kva.example"),
            ("mira@mu\u{308}ller.example", "mira@xn--mller-kva.example"),
            ("mira@XN--MLLER-KVA.example", "mira@xn--mller-kva.example"),
            ("mira@例え。テスト", "mira@xn--r8jz45g.xn--zckzah"),
            ("mira@straße.example", "mira@xn--strae-oqa.example"),
            ("mira+tag@sub.example-1.com", "mira+tag@sub.example-1.com"),
        ] {
            assert_eq!(validation::email(written).as_deref(), Ok(address), "{written:?}");
        }
    }

    #[test]
    fn texts_that_differ_in_case_fold_to_one() {
        for (texts, folded) in [
            (&["web", "Web", "WEB", "ｗｅｂ"][..], "web"),
            (&["Übersicht", "ÜBERSICHT", "u\u{308}bersicht"], "übersicht"),
            (&["Straße", "STRASSE", "STRAẞE"], "strasse"),
            (&["ΣΊΣΥΦΟΣ", "Σίσυφος", "σίσυφοσ"], "σίσυφοσ"),
            (&["ﬁnn", "FINN"], "finn"),
            (&["50%_*?[\\"], "50%_*?[\\"),
        ] {
            for text in texts {
                assert_eq!(validation::canonical::fold(text), folded, "{text:?}");
            }
        }
    }

    #[test]
    fn addresses_with_something_hidden_are_refused() {
        for hidden in [
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{ad}',
            '\u{feff}',
            '\u{200d}',
            '\u{fe0f}',
            '\u{115f}',
            '\u{3164}',
            '\u{ffa0}',
            '\u{34f}',
            '\u{61c}',
            '\u{180e}',
            '\u{2800}',
            '\u{e0041}',
            '\u{2028}',
            '\u{0}',
            '\u{85}',
        ] {
            for written in [format!("ow{hidden}ner@example.com"), format!("owner@exa{hidden}mple.com")] {
                assert!(validation::email(&written).is_err(), "{written:?}");
            }
        }
        for wrong in [
            "a@xn--a.example",
            "a@xn--mller-kva-.example",
            "a@b\u{3002}\u{3002}c",
            "a@b\u{ff0f}c",
            "a（b@example.com",
            "a\u{3000}b@example.com",
            "a\u{a0}b@example.com",
            "\u{ff1c}a@b.com",
        ] {
            assert!(validation::email(wrong).is_err(), "{wrong:?}: {:?}", validation::email(wrong));
        }
    }

    #[test]
    fn names_that_look_alike_are_one() {
        for (written, name) in [
            ("Ａｃｍｅ", "Acme"),
            ("Zoe\u{308}", "Zoë"),
            ("Acme\u{a0} \u{2003}Corp", "Acme Corp"),
            ("\u{3000}Acme ", "Acme"),
            ("♥\u{fe0f} team", "♥ team"),
            ("Ada Löwe 3", "Ada Löwe 3"),
            ("日本 チーム", "日本 チーム"),
            ("חברה", "חברה"),
        ] {
            assert_eq!(validation::name(written).as_deref(), Ok(name), "{written:?}");
        }
        for wrong in [
            "Ac\u{200b}me",
            "\u{202e}emcA",
            "Acme\u{2069}",
            "\u{3164}",
            "a\u{ad}b",
            "\u{2800}",
            "\u{feff}",
            "a\nb",
            "a\tb",
            "\u{2028}",
        ] {
            assert!(validation::name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn descriptions_may_join_but_neither_hide_nor_turn() {
        for right in ["one\ntwo\tthree", "👩\u{200d}💻 at ❤\u{fe0f}", "می\u{200c}خواهم", "Ａ"] {
            assert_eq!(validation::description(right).as_deref(), Ok(right));
        }
        for wrong in ["a\u{202e}b", "a\u{200b}b", "a\u{2066}b\u{2069}", "\u{e0041}"] {
            assert!(validation::description(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn accepted_addresses_are_accepted_again(text in "\\PC{1,12}@\\PC{1,12}") {
            if let Ok(accepted) = validation::email(&text) {
                prop_assert_eq!(validation::email(&accepted), Ok(accepted.clone()));
                prop_assert!(accepted.rsplit_once('@').unwrap().1.is_ascii());
            }
        }
    }
}
