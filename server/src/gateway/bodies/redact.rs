//! From what passed to what is kept: put together, blackened, and cut.

use std::io::Read;

use axum::http::header::CONTENT_ENCODING;
use domain::{api_keys::Secret, bodies::Body};
use flate2::bufread::GzDecoder;
use services::bodies::{NewBodies, is_understood, redact};

use super::{assemble::assemble, tee::Side, writer::Said};

pub(super) fn prepare(said: Said) -> NewBodies {
    let Said { organization_id, chosen, call_id, started_at, path, request, response, .. } = said;
    let kept = |side| body(side, path, chosen.limit as usize, &chosen.redact);
    NewBodies {
        organization_id,
        call_id,
        started_at,
        days: chosen.days.unwrap_or(1),
        request: kept(request),
        response: kept(response),
    }
}

fn body(mut side: Side, path: &str, limit: usize, fields: &[String]) -> Body {
    let (is_stream, total, readable) = (side.is_stream, side.total, is_text(&side.kind));
    let headers = std::mem::take(&mut side.headers);
    let is_packed = is_gzip(&headers);
    let mut bytes = side.into_bytes();
    let mut cut = (bytes.len() as u64) < total;
    if is_packed {
        let (plain, is_whole) = unpacked(&bytes, limit);
        (bytes, cut) = (plain, cut || !is_whole);
    }
    let text = if readable { as_text(bytes) } else { None };
    let whole =
        text.map(|text| if is_stream { (assemble(path, &text, !fields.is_empty()), true) } else { (text, false) });
    // What can't be understood isn't kept where something should be left out of it.
    let whole = whole.filter(|(text, assembled)| fields.is_empty() || *assembled || is_understood(text, cut));
    let assembled = whole.as_ref().is_some_and(|(_, assembled)| *assembled);
    let text = whole.map(|(text, _)| {
        // Before it is cut: half a secret isn't known for one.
        let mut text = if cut { Secret::redact_cut(&text) } else { Secret::redact(&text) };
        cut |= text.len() > limit;
        // Blackened after it is cut: also a field whose end is missing is found.
        text.truncate(text.floor_char_boundary(limit));
        redact(&text, fields)
    });
    Body { headers, cut: cut && text.is_some(), text, bytes: total, assembled }
}

/// Whether these headers say that a body is compressed by gzip.
fn is_gzip(headers: &[(String, String)]) -> bool {
    let mut codings = headers.iter().filter(|(name, _)| name == CONTENT_ENCODING.as_str());
    codings.any(|(_, coding)| matches!(coding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip"))
}

/// What was compressed, up to `limit` bytes and one, and whether that is all of it.
fn unpacked(packed: &[u8], limit: usize) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    let read = GzDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut plain);
    let is_whole = read.is_ok() && plain.len() <= limit;
    (plain, is_whole)
}

/// Whether a body of this type is read by people. One without a type is tried.
fn is_text(kind: &str) -> bool {
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("json")
        || matches!(kind, "application/x-ndjson" | "application/xml" | "application/x-www-form-urlencoded")
}

/// `None` where it is no text. A character that is cut in half is left out.
fn as_text(mut bytes: Vec<u8>) -> Option<String> {
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

    fn side(kind: &str, bytes: &[u8], total: u64) -> Side {
        let mut side = Side { kind: kind.to_owned(), total, ..Side::default() };
        side.push(bytes);
        side
    }

    #[test]
    fn a_compressed_text_is_kept_as_what_it_says() {
        let text = format!(r#"{{"question":"{}"}}"#, "why? ".repeat(1_000));
        let mut packing = GzEncoder::new(Vec::new(), Compression::default());
        packing.write_all(text.as_bytes()).unwrap();
        let packed = packing.finish().unwrap();
        let kept = |bytes: &[u8], limit| {
            let mut side = side("application/json", bytes, packed.len() as u64);
            side.headers = vec![("content-encoding".to_owned(), "GZIP".to_owned())];
            body(side, "", limit, &[])
        };
        let whole = kept(&packed, text.len());
        assert_eq!((whole.text.as_deref(), whole.cut, whole.bytes), (Some(&*text), false, packed.len() as u64));
        let cut = kept(&packed, 100);
        assert_eq!((cut.text.as_deref(), cut.cut), (Some(&text[..100]), true));
        let torn = kept(&packed[..packed.len() - 12], text.len());
        assert!(torn.cut && text.starts_with(&torn.text.unwrap()));
    }

    #[test]
    fn a_cut_text_is_marked_and_stays_black() {
        let text = r#"{"a":"é","secret":"planted"}"#;
        let fields = ["secret".to_owned()];
        for limit in 0..text.len() {
            let kept = body(side("application/json", text.as_bytes(), text.len() as u64), "", limit, &fields);
            assert!(kept.cut && !kept.text.unwrap().contains("pla"), "{limit}");
        }
        let whole = body(side("application/json", text.as_bytes(), text.len() as u64), "", 1_000, &fields);
        assert_eq!((whole.cut, whole.text.unwrap().as_str()), (false, r#"{"a":"é","secret":"[redacted]"}"#));
        // Cut in the middle of a character, as it passed.
        let half = body(side("", &text.as_bytes()[..7], 30), "", 1_000, &[]);
        assert_eq!((half.cut, half.text.unwrap().as_str()), (true, r#"{"a":""#));
    }

    #[test]
    fn what_cant_be_understood_isnt_kept_where_something_should_be_left_out() {
        let fields = ["secret".to_owned()];
        let kept = |kind: &str, text: &str, fields: &[String]| {
            let side =
                Side { is_stream: kind == "text/event-stream", ..side(kind, text.as_bytes(), text.len() as u64) };
            body(side, "/v1/chat/completions", 1_000, fields).text
        };
        for (kind, text) in [
            ("application/json", r#"{"secret":'planted'}"#),
            ("application/json", r#"{"secret":"planted""#),
            ("text/plain", "secret=planted"),
            ("application/x-www-form-urlencoded", "secret=planted"),
            ("application/xml", "<secret>planted</secret>"),
            ("", "planted"),
        ] {
            assert_eq!(kept(kind, text, &fields), None, "{kind}");
            assert_eq!(kept(kind, text, &[]).as_deref(), Some(text), "{kind}");
        }
        let lines = "{\"secret\":\"planted\"}\n{\"a\":1}\n";
        assert_eq!(kept("application/x-ndjson", lines, &fields).unwrap(), "{\"secret\":\"[redacted]\"}\n{\"a\":1}\n");
        for event in [
            r#"{"secret":"planted"}"#,
            r#"{"secret":'planted'}"#,
            r#"{"secret":"planted"#,
            "secret: planted",
            r#"{"secret":"planted"} x"#,
        ] {
            let text = format!("data: {{\"a\":\"kept\"}}\n\ndata: {event}\n\n");
            let kept = kept("text/event-stream", &text, &fields).unwrap();
            assert!(kept.contains("kept") && !kept.contains("planted"), "{event} {kept}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_size() {
        for (kind, bytes) in
            [("audio/mpeg", &b"abc"[..]), ("application/json", b"\xff\xfe"), ("multipart/form-data", b"--x")]
        {
            let kept = body(side(kind, bytes, 3), "", 1_000, &[]);
            assert_eq!((kept.text, kept.bytes, kept.cut), (None, 3, false), "{kind}");
        }
    }
}
