//! Erases the operator's secrets from providers' answers, whole or in pieces.
//!
//! A careless provider quotes the request that it rejects, or its own configuration. Each byte of a secret
//! becomes an asterisk, so that lengths stay right and JSON stays valid.

use std::{collections::BTreeSet, fmt, sync::Arc};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use bytes::{Bytes, BytesMut};

/// Minimum length of a secret in bytes. Keys of local providers are words such as `none`, which
/// are common in answers.
const MIN_SECRET_LENGTH: usize = 8;

/// A configuration's secrets, in all forms that an answer may quote. Cheap to clone.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Secrets(Option<Arc<Forms>>);

struct Forms {
    forms: Vec<Vec<u8>>,
    max_length: usize,
    automaton: AhoCorasick,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    pub(in crate::gateway) fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= MIN_SECRET_LENGTH);
        let forms: Vec<Vec<u8>> = secrets.flat_map(forms).collect::<BTreeSet<_>>().into_iter().collect();
        let max_length = forms.iter().map(Vec::len).max().unwrap_or_default();
        if forms.is_empty() {
            return Self::default();
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms);
        match automaton {
            Ok(automaton) => Self(Some(Arc::new(Forms { forms, max_length, automaton }))),
            Err(error) => {
                // More than an automaton supports: hundreds of megabytes.
                tracing::error!(%error, "the configured secrets are too long to be erased from answers");
                Self::default()
            }
        }
    }

    pub(in crate::gateway) fn has_match(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|forms| forms.automaton.is_match(bytes))
    }
}

/// Returns the forms in which answers quote a secret: verbatim, in JSON as several programs
/// write it, and in a URL.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let go_json = ['<', '>', '&']
        .iter()
        .fold(json.clone(), |json, sign| json.replace(*sign, &format!("\\u{:04x}", u32::from(*sign))));
    let encode = |upper: bool| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        let encoded = secret.bytes().map(|byte| match (is_plain(byte), upper) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("%{byte:02X}"),
            (false, false) => format!("%{byte:02x}"),
        });
        encoded.collect::<String>()
    };
    let all = [secret.to_owned(), json.replace('/', "\\/"), json, go_json, encode(true), encode(false)];
    all.into_iter().map(String::into_bytes).collect()
}

/// Erases secrets from a body that arrives in pieces, independent of their boundaries.
#[derive(Debug)]
pub(in crate::gateway) struct SecretEraser {
    secrets: Secrets,
    /// Bytes that may be the beginning of a secret.
    held_back: BytesMut,
}

impl SecretEraser {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self { secrets, held_back: BytesMut::new() }
    }

    /// Adds the next piece, and returns the bytes that can be sent.
    pub(super) fn push(&mut self, piece: Bytes) -> Bytes {
        self.erase(piece, false)
    }

    /// Returns the rest at the end.
    pub(super) fn finish(&mut self) -> Bytes {
        self.erase(Bytes::new(), true)
    }

    /// Returns the number of bytes held back.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_back.len()
    }

    fn erase(&mut self, piece: Bytes, last: bool) -> Bytes {
        let Some(forms) = &self.secrets.0 else { return piece };
        if self.held_back.is_empty() {
            // The common case: nothing to erase, and nothing is copied.
            let found = forms.automaton.is_match(&piece[..]);
            let end = if last { piece.len() } else { forms.partial_match(&piece, 0) };
            if !found {
                self.held_back.extend_from_slice(&piece[end..]);
                return piece.slice(..end);
            }
        }
        let mut all = std::mem::take(&mut self.held_back);
        all.extend_from_slice(&piece);
        let end = forms.erase(&mut all, last);
        self.held_back = all.split_off(end);
        all.freeze()
    }
}

impl Forms {
    /// Erases complete secrets; returns the position of a possible beginning of another one.
    fn erase(&self, bytes: &mut [u8], last: bool) -> usize {
        let mut from = 0;
        loop {
            let partial = if last { bytes.len() } else { self.partial_match(bytes, from) };
            match self.automaton.find(Input::new(&*bytes).range(from..)) {
                // A match where a longer one may begin waits for the next piece.
                Some(found) if found.start() < partial => {
                    bytes[found.range()].fill(b'*');
                    from = found.end();
                }
                _ => return partial,
            }
        }
    }

    /// Finds the position of the first secret from `from` on that is cut off by the end; the
    /// end if there is none.
    fn partial_match(&self, bytes: &[u8], from: usize) -> usize {
        let first = bytes.len().saturating_sub(self.max_length - 1).max(from);
        let is_partial = |at: &usize| {
            let rest = &bytes[*at..];
            self.forms.iter().any(|form| rest.len() < form.len() && form.starts_with(rest))
        };
        (first..bytes.len()).find(is_partial).unwrap_or(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "sk-of/the&operator";

    fn erased(secrets: &[&str], pieces: &[&str]) -> String {
        let mut eraser = SecretEraser::new(Secrets::new(secrets.iter().copied()));
        let mut all = Vec::new();
        for piece in pieces {
            all.extend_from_slice(&eraser.push(Bytes::copy_from_slice(piece.as_bytes())));
        }
        all.extend_from_slice(&eraser.finish());
        assert_eq!(eraser.held_bytes(), 0);
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_secret_is_erased_in_every_form_it_is_quoted_in() {
        for form in ["sk-of/the&operator", "sk-of\\/the&operator", "sk-of/the\\u0026operator", "sk-of%2Fthe%26operator"]
        {
            let text = format!("Bearer {form}, and {form}");
            let stars = "*".repeat(form.len());
            assert_eq!(erased(&[SECRET], &[&text]), format!("Bearer {stars}, and {stars}"));
            assert!(Secrets::new([SECRET]).has_match(text.as_bytes()));
        }
        assert!(!Secrets::new([SECRET]).has_match(b"sk-of"));
    }

    #[test]
    fn words_that_stand_for_no_secret_stay() {
        assert_eq!(erased(&["none"], &["none at all"]), "none at all");
        assert_eq!(erased(&[], &["anything"]), "anything");
    }

    #[test]
    fn of_two_secrets_that_begin_alike_the_longer_one_is_erased() {
        let secrets = ["sk-12345", "sk-12345-longer"];
        assert_eq!(erased(&secrets, &["a sk-123", "45-lon", "ger b"]), format!("a {} b", "*".repeat(15)));
        assert_eq!(erased(&secrets, &["a sk-12345", "-lonely"]), format!("a {}-lonely", "*".repeat(8)));
        assert_eq!(erased(&secrets, &["a sk-12345"]), format!("a {}", "*".repeat(8)));
    }

    #[test]
    fn what_can_be_no_secret_isnt_held_back() {
        let mut eraser = SecretEraser::new(Secrets::new([SECRET]));
        assert_eq!(eraser.push(Bytes::from_static(b"data: {}\n\n")), "data: {}\n\n");
        assert_eq!(eraser.push(Bytes::from_static(b"data: sk-")), "data: ");
        assert_eq!(eraser.push(Bytes::from_static(b"iing\n\n")), "sk-iing\n\n");
    }

    proptest! {
        #[test]
        fn however_an_answer_is_cut_the_same_is_erased(
            text in "(a|b|ab|abababab|aabbaabb|abababababb){0,12}",
            cuts in prop::collection::vec(0usize..100, 0..8),
        ) {
            let secrets = ["abababab", "aabbaabb", "abababababb"];
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            let whole = erased(&secrets, &[&text]);
            prop_assert_eq!(&erased(&secrets, &pieces), &whole);
            prop_assert_eq!(whole.len(), text.len());
            prop_assert!(secrets.iter().all(|secret| !whole.contains(secret)));
        }
    }
}
