//! Prepares captured bodies for storage: assembles, redacts and truncates them.

use std::io::Read;

use axum::http::header::CONTENT_ENCODING;
use domain::{api_keys::Secret, bodies::StoredBody};
use flate2::bufread::GzDecoder;
use services::bodies::{NewBodies, is_understood, redact};

use super::{
    assemble::assemble,
    captured::{CapturedBodies, CapturedSide},
};

pub(super) fn prepare(bodies: CapturedBodies) -> NewBodies {
    let CapturedBodies { organization_id, settings, call_id, started_at, path, request, response, .. } = bodies;
    let stored = |side| prepare_side(side, path, settings.limit as usize, &settings.redact);
    NewBodies {
        organization_id,
        call_id,
        started_at,
        days: settings.days.unwrap_or(1),
        request: stored(request),
        response: stored(response),
    }
}

fn prepare_side(mut side: CapturedSide, path: &str, limit: usize, fields: &[String]) -> StoredBody {
    let (is_stream, total, is_text) = (side.is_stream, side.total, is_text(&side.media_type));
    let headers = std::mem::take(&mut side.headers);
    let is_compressed = is_gzip(&headers);
    let mut bytes = side.into_bytes();
    let mut cut = (bytes.len() as u64) < total;
    if is_compressed {
        let (plain, is_complete) = decompress(&bytes, limit);
        (bytes, cut) = (plain, cut || !is_complete);
    }
    let text = if is_text { into_text(bytes) } else { None };
    let body =
        text.map(|text| if is_stream { (assemble(path, &text, !fields.is_empty()), true) } else { (text, false) });
    // Fields can only be redacted in JSON, so that other text isn't stored if there are some.
    let body = body.filter(|(text, assembled)| fields.is_empty() || *assembled || is_understood(text, cut));
    let assembled = body.as_ref().is_some_and(|(_, assembled)| *assembled);
    let text = body.map(|(text, _)| {
        // Before the text is truncated, since half a secret isn't recognized.
        let mut text = if cut { Secret::redact_cut(&text) } else { Secret::redact(&text) };
        cut |= text.len() > limit;
        // Fields are redacted after that; one whose end is missing is found as well.
        text.truncate(text.floor_char_boundary(limit));
        redact(&text, fields)
    });
    StoredBody { headers, cut: cut && text.is_some(), text, bytes: total, assembled }
}

/// Whether the headers declare a body compressed by gzip.
fn is_gzip(headers: &[(String, String)]) -> bool {
    let mut codings = headers.iter().filter(|(name, _)| name == CONTENT_ENCODING.as_str());
    codings.any(|(_, coding)| matches!(coding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip"))
}

/// Decompresses at most `limit` + 1 bytes. Returns them, and whether they are complete and within the limit.
fn decompress(compressed: &[u8], limit: usize) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    let read = GzDecoder::new(compressed).take(limit as u64 + 1).read_to_end(&mut plain);
    let is_complete = read.is_ok() && plain.len() <= limit;
    (plain, is_complete)
}

/// Whether a body of this type is text. A body without a type may be.
fn is_text(media_type: &str) -> bool {
    media_type.is_empty()
        || media_type.starts_with("text/")
        || media_type.ends_with("json")
        || matches!(media_type, "application/x-ndjson" | "application/xml" | "application/x-www-form-urlencoded")
}

/// Converts UTF-8 to text, without an incomplete character at its end; `None` if it isn't UTF-8.
fn into_text(mut bytes: Vec<u8>) -> Option<String> {
    if let Err(error) = std::str::from_utf8(&bytes) {
        if error.error_len().is_some() {
            return None;
        }
        bytes.truncate(error.valid_up_to());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn side(media_type: &str, bytes: &[u8], total: u64) -> CapturedSide {
        let mut side = CapturedSide { media_type: media_type.to_owned(), total, ..CapturedSide::default() };
        side.push(bytes);
        side
    }

    #[test]
    fn a_compressed_text_is_kept_as_what_it_says() {
        let text = format!(r#"{{"question":"{}"}}"#, "why? ".repeat(1_000));
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let compressed = encoder.finish().unwrap();
        let stored = |bytes: &[u8], limit| {
            let mut side = side("application/json", bytes, compressed.len() as u64);
            side.headers = vec![("content-encoding".to_owned(), "GZIP".to_owned())];
            prepare_side(side, "", limit, &[])
        };
        let complete = stored(&compressed, text.len());
        assert_eq!(
            (complete.text.as_deref(), complete.cut, complete.bytes),
            (Some(&*text), false, compressed.len() as u64)
        );
        let cut = stored(&compressed, 100);
        assert_eq!((cut.text.as_deref(), cut.cut), (Some(&text[..100]), true));
        let torn = stored(&compressed[..compressed.len() - 12], text.len());
        assert!(torn.cut && text.starts_with(&torn.text.unwrap()));
    }

    #[test]
    fn a_cut_text_is_marked_and_stays_black() {
        let text = r#"{"a":"é","secret":"planted"}"#;
        let fields = ["secret".to_owned()];
        for limit in 0..text.len() {
            let stored = prepare_side(side("application/json", text.as_bytes(), text.len() as u64), "", limit, &fields);
            assert!(stored.cut && !stored.text.unwrap().contains("pla"), "{limit}");
        }
        let complete = prepare_side(side("application/json", text.as_bytes(), text.len() as u64), "", 1_000, &fields);
        assert_eq!((complete.cut, complete.text.unwrap().as_str()), (false, r#"{"a":"é","secret":"[redacted]"}"#));
        // Captured only up to the middle of a character.
        let half = prepare_side(side("", &text.as_bytes()[..7], 30), "", 1_000, &[]);
        assert_eq!((half.cut, half.text.unwrap().as_str()), (true, r#"{"a":""#));
    }

    #[test]
    fn what_cant_be_understood_isnt_kept_where_something_should_be_left_out() {
        let fields = ["secret".to_owned()];
        let stored = |kind: &str, text: &str, fields: &[String]| {
            let side = CapturedSide {
                is_stream: kind == "text/event-stream",
                ..side(kind, text.as_bytes(), text.len() as u64)
            };
            prepare_side(side, "/v1/chat/completions", 1_000, fields).text
        };
        for (kind, text) in [
            ("application/json", r#"{"secret":'planted'}"#),
            ("application/json", r#"{"secret":"planted""#),
            ("text/plain", "secret=planted"),
            ("application/x-www-form-urlencoded", "secret=planted"),
            ("application/xml", "<secret>planted</secret>"),
            ("", "planted"),
        ] {
            assert_eq!(stored(kind, text, &fields), None, "{kind}");
            assert_eq!(stored(kind, text, &[]).as_deref(), Some(text), "{kind}");
        }
        let lines = "{\"secret\":\"planted\"}\n{\"a\":1}\n";
        assert_eq!(stored("application/x-ndjson", lines, &fields).unwrap(), "{\"secret\":\"[redacted]\"}\n{\"a\":1}\n");
        for event in [
            r#"{"secret":"planted"}"#,
            r#"{"secret":'planted'}"#,
            r#"{"secret":"planted"#,
            "secret: planted",
            r#"{"secret":"planted"} x"#,
        ] {
            let text = format!("data: {{\"a\":\"kept\"}}\n\ndata: {event}\n\n");
            let stored = stored("text/event-stream", &text, &fields).unwrap();
            assert!(stored.contains("kept") && !stored.contains("planted"), "{event} {stored}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_size() {
        for (kind, bytes) in
            [("audio/mpeg", &b"abc"[..]), ("application/json", b"\xff\xfe"), ("multipart/form-data", b"--x")]
        {
            let stored = prepare_side(side(kind, bytes, 3), "", 1_000, &[]);
            assert_eq!((stored.text, stored.bytes, stored.cut), (None, 3, false), "{kind}");
        }
    }
}
