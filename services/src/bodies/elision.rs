//! Leaves data in base64 out of bodies, and names what was redacted.

use domain::bodies::{BodyMedia, MAX_SHOWN_BYTES};

use super::{media::recognize, strings::StringValues};

/// The value that replaces redacted ones in stored bodies.
const REDACTED: &str = "[redacted]";

/// Replaces data in base64 by its type and size, and redacted values by their field's name. Returns the data that was
/// replaced, as far as a pointer can name it.
pub(super) fn elide(text: &str) -> (String, Vec<BodyMedia>) {
    let (mut out, mut copied, mut found) = (String::with_capacity(text.len().min(MAX_SHOWN_BYTES)), 0, Vec::new());
    let mut values = StringValues::new(text);
    while let Some(range) = values.next() {
        let value = &text[range.clone()];
        let replacement = if value == REDACTED {
            redaction(values.name())
        } else if let Some(data) = recognize(values.name(), value) {
            let pointer = values.pointer();
            let has_pointer = pointer.is_some();
            let media = data.describe(pointer.unwrap_or_default());
            let label = format!("[{}]", media.label());
            if has_pointer {
                found.push(media);
            }
            label
        } else {
            continue;
        };
        out.push_str(&text[copied..range.start]);
        out.push_str(&replacement);
        copied = range.end;
    }
    out.push_str(&text[copied..]);
    (out, found)
}

/// The text that stands for the redacted value of a field.
fn redaction(name: &str) -> String {
    // A name with other characters would have to be escaped.
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c));
    if is_plain { format!("[REDACTED {name}]") } else { "[REDACTED]".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_redacted_values_are_named() {
        let picture = format!("data:image/png;base64,{}", "A".repeat(4_000));
        let text = format!(r#"{{"user":"[redacted]","x":[{{"url":"{picture}"}}],"y":"text"}}"#);
        let (shown, media) = elide(&text);
        let shown = shown.replace('\u{202f}', " ");
        assert_eq!(shown, r#"{"user":"[REDACTED user]","x":[{"url":"[image/png, 3.0 kB]"}],"y":"text"}"#);
        let [media] = &media[..] else { panic!("{media:?}") };
        assert_eq!((media.pointer.as_str(), media.bytes), ("/x/0/url", 3_000));
        let (shown, media) = elide(&format!(r#"{{"{}":["{picture}"]}}"#, "a".repeat(2_000)));
        let shown = shown.replace('\u{202f}', " ");
        assert!(shown.ends_with(r#"["[image/png, 3.0 kB]"]}"#) && media.is_empty(), "no pointer is that long");
        assert_eq!(elide(r#"{"a\"b":"[redacted]"}"#).0, r#"{"a\"b":"[REDACTED]"}"#);
        assert_eq!(elide(r#"["[redacted]","cut o"#).0, r#"["[REDACTED]","cut o"#);
    }
}
