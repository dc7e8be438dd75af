//! Takes the operator's secrets out of what providers answer, whole or piece by piece.
//!
//! A careless provider quotes the request that it refuses, or its own configuration. Each byte of a secret becomes an
//! asterisk, so that lengths stay right and JSON stays JSON.

use std::{collections::BTreeSet, fmt, sync::Arc};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use bytes::{Bytes, BytesMut};

/// Shortest text that is taken for a secret, in bytes: local providers are asked with words such as `none`, which answers
/// are full of.
const SHORTEST: usize = 8;

/// The secrets of a configuration, in the forms that an answer may quote them in. Cheap to clone.
#[derive(Clone, Default)]
pub(in crate::gateway) struct Secrets(Option<Arc<Forms>>);

struct Forms {
    forms: Vec<Vec<u8>>,
    longest: usize,
    automaton: AhoCorasick,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    pub(in crate::gateway) fn new<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST);
        let forms: Vec<Vec<u8>> = secrets.flat_map(forms).collect::<BTreeSet<_>>().into_iter().collect();
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        if forms.is_empty() {
            return Self::default();
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms);
        match automaton {
            Ok(automaton) => Self(Some(Arc::new(Forms { forms, longest, automaton }))),
            Err(error) => {
                // More than an automaton can hold: hundreds of megabytes.
                tracing::error!(%error, "the configured secrets are too long to be erased from answers");
                Self::default()
            }
        }
    }

    pub(in crate::gateway) fn are_in(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|forms| forms.automaton.is_match(bytes))
    }
}

/// How answers quote a secret: as it is, in JSON as several programs write it, and in an address.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let go = ['<', '>', '&']
        .iter()
        .fold(json.clone(), |json, sign| json.replace(*sign, &format!("\\u{:04x}", u32::from(*sign))));
    let encode = |upper: bool| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        let encoded = secret.bytes().map(|byte| match (plain(byte), upper) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("%{byte:02X}"),
            (false, false) => format!("%{byte:02x}"),
        });
        encoded.collect::<String>()
    };
    let all = [secret.to_owned(), json.replace('/', "\\/"), json, go, encode(true), encode(false)];
    all.into_iter().map(String::into_bytes).collect()
}

/// Erases secrets from a body that comes in pieces, wherever they were cut.
#[derive(Debug)]
pub(in crate::gateway) struct Erasing {
    secrets: Secrets,
    /// What may be the beginning of a secret.
    held: BytesMut,
}

impl Erasing {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self { secrets, held: BytesMut::new() }
    }

    /// Takes the next piece, and gives back what may go on.
    pub(super) fn push(&mut self, piece: Bytes) -> Bytes {
        self.take(piece, false)
    }

    /// What is left at the end.
    pub(super) fn finish(&mut self) -> Bytes {
        self.take(Bytes::new(), true)
    }

    /// How many bytes are held back.
    pub(super) fn holds(&self) -> usize {
        self.held.len()
    }

    fn take(&mut self, piece: Bytes, last: bool) -> Bytes {
        let Some(forms) = &self.secrets.0 else { return piece };
        if self.held.is_empty() {
            // The usual case: nothing to erase, and nothing is copied.
            let found = forms.automaton.is_match(&piece[..]);
            let end = if last { piece.len() } else { forms.beginning(&piece, 0) };
            if !found {
                self.held.extend_from_slice(&piece[end..]);
                return piece.slice(..end);
            }
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(&piece);
        let end = forms.erase(&mut all, last);
        self.held = all.split_off(end);
        all.freeze()
    }
}

impl Forms {
    /// Erases what can be; gives back where what may still become a secret begins.
    fn erase(&self, bytes: &mut [u8], last: bool) -> usize {
        let mut from = 0;
        loop {
            let open = if last { bytes.len() } else { self.beginning(bytes, from) };
            match self.automaton.find(Input::new(&*bytes).range(from..)) {
                // One that begins where a longer one may begin waits for what follows.
                Some(found) if found.start() < open => {
                    bytes[found.range()].fill(b'*');
                    from = found.end();
                }
                _ => return open,
            }
        }
    }

    /// Where the first secret begins, at `from` or behind it, of which only the beginning is there; else the end.
    fn beginning(&self, bytes: &[u8], from: usize) -> usize {
        let first = bytes.len().saturating_sub(self.longest - 1).max(from);
        let begins = |at: &usize| {
            let rest = &bytes[*at..];
            self.forms.iter().any(|form| rest.len() < form.len() && form.starts_with(rest))
        };
        (first..bytes.len()).find(begins).unwrap_or(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "sk-of/the&operator";

    fn erased(secrets: &[&str], pieces: &[&str]) -> String {
        let mut erasing = Erasing::new(Secrets::new(secrets.iter().copied()));
        let mut all = Vec::new();
        for piece in pieces {
            all.extend_from_slice(&erasing.push(Bytes::copy_from_slice(piece.as_bytes())));
        }
        all.extend_from_slice(&erasing.finish());
        assert_eq!(erasing.holds(), 0);
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn a_secret_is_erased_in_every_form_it_is_quoted_in() {
        for form in ["sk-of/the&operator", "sk-of\\/the&operator", "sk-of/the\\u0026operator", "sk-of%2Fthe%26operator"]
        {
            let text = format!("Bearer {form}, and {form}");
            let stars = "*".repeat(form.len());
            assert_eq!(erased(&[SECRET], &[&text]), format!("Bearer {stars}, and {stars}"));
            assert!(Secrets::new([SECRET]).are_in(text.as_bytes()));
        }
        assert!(!Secrets::new([SECRET]).are_in(b"sk-of"));
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
        let mut erasing = Erasing::new(Secrets::new([SECRET]));
        assert_eq!(erasing.push(Bytes::from_static(b"data: {}\n\n")), "data: {}\n\n");
        assert_eq!(erasing.push(Bytes::from_static(b"data: sk-")), "data: ");
        assert_eq!(erasing.push(Bytes::from_static(b"iing\n\n")), "sk-iing\n\n");
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
