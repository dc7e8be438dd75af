//! Encodes and decodes the journal's lines: `1a2b3c4d e {"id":"call_…",…}`.
//!
//! A line has the CRC-32 of all that follows, the kind of entry, and the call
//! as JSON, which never holds a line break. So a damaged line spoils no other,
//! later versions read what earlier ones wrote, and people can read it too.

use crate::{ServiceError, ServiceResult, metering::CallRecord};

/// Length of the checksum's digits and the space after them.
const HEAD: usize = 9;

/// The kind of a line: the call's begin or its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::metering) enum EntryKind {
    /// The call is about to be forwarded.
    Begun,
    /// The call is over; this is its final record.
    Ended,
}

impl EntryKind {
    const fn letter(self) -> u8 {
        match self {
            Self::Begun => b'b',
            Self::Ended => b'e',
        }
    }
}

/// Encodes a line, including its line break.
pub(in crate::metering) fn encode_line(kind: EntryKind, call: &CallRecord) -> ServiceResult<Vec<u8>> {
    let mut line = Vec::with_capacity(1024);
    line.extend([b' '; HEAD]);
    line.extend([kind.letter(), b' ']);
    serde_json::to_writer(&mut line, call)
        .map_err(|error| ServiceError::Internal(format!("a call can't be written down: {error}")))?;
    let mut sum = crc32fast::hash(&line[HEAD..]);
    for digit in line[..HEAD - 1].iter_mut().rev() {
        *digit = b"0123456789abcdef"[(sum & 15) as usize];
        sum >>= 4;
    }
    line.push(b'\n');
    Ok(line)
}

/// Returns kind and JSON of a line without its line break; `None` if it is damaged.
pub(in crate::metering) fn decode_line(line: &[u8]) -> Option<(EntryKind, &[u8])> {
    let (sum, rest) = (line.get(..HEAD - 1)?, line.get(HEAD..)?);
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if line[HEAD - 1] != b' ' || crc32fast::hash(rest) != sum {
        return None;
    }
    let kind = match rest.get(..2)? {
        b"b " => EntryKind::Begun,
        b"e " => EntryKind::Ended,
        _ => return None,
    };
    Some((kind, &rest[2..]))
}

/// Parses the JSON of a line.
pub(in crate::metering) fn decode_call(json: &[u8]) -> Result<CallRecord, serde_json::Error> {
    serde_json::from_slice(json)
}

#[cfg(test)]
pub(super) mod tests {
    use std::{borrow::Cow, sync::Arc};

    use domain::{
        calls::{CallTags, CountSource, Outcome},
        ids::{ApiKeyId, CallId, OrganizationId, ProjectId, SecretId},
        models::Service,
        money::{Money, PriceParts, Quantities},
        time::Timestamp,
    };
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    pub(in crate::metering) fn a_call(number: u128) -> CallRecord {
        CallRecord {
            id: CallId::new(Uuid::from_u128(number)),
            organization_id: OrganizationId::new(Uuid::from_u128(1)),
            time_zone: chrono_tz::Asia::Kathmandu,
            project_id: Some(ProjectId::new(Uuid::from_u128(2))),
            api_key_id: ApiKeyId::new(Uuid::from_u128(3)),
            secret_id: SecretId::new(Uuid::from_u128(4)),
            member_id: None,
            started_at: Timestamp::from_millis(1_800_000_000_123),
            model: Arc::from("gpt-ü\n\"x\""),
            service: Service::Chat,
            endpoint: Cow::Borrowed("/v1/chat/completions"),
            provider: Arc::from("upstream"),
            status: 200,
            outcome: Outcome::Succeeded,
            streamed: true,
            times: 1,
            measured: CountSource::Reported,
            used: Quantities { tokens_in: 5, tokens_out: 7, ..Quantities::default() },
            cost: Some(Money::from_nanos(i64::MAX)),
            price_id: None,
            unpriced: PriceParts::NONE,
            duration_us: 1_234_567,
            first_byte_us: Some(1),
            error_code: Cow::Borrowed(""),
            rejection: None,
            tags: CallTags::default(),
            client_request_id: None,
            attempts: Vec::new(),
            body_exclusion: None,
        }
    }

    #[test]
    fn a_call_is_read_as_it_was_written() {
        let written = a_call(7);
        let line = encode_line(EntryKind::Ended, &written).unwrap();
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let (kind, json) = decode_line(line.strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!(kind, EntryKind::Ended);
        assert_eq!(format!("{:?}", decode_call(json).unwrap()), format!("{written:?}"));
    }

    #[test]
    fn tags_are_written_only_where_there_are_any_and_read_from_journals_without_them() {
        let mut tagged = a_call(7);
        tagged.tags.add("customer".parse().unwrap(), "acme".to_owned());
        let written = serde_json::to_string(&tagged).unwrap();
        assert!(written.contains(r#","tags":{"customer":"acme"}"#), "{written}");
        assert_eq!(decode_call(written.as_bytes()).unwrap().tags, tagged.tags);
        // As a server of an earlier version wrote it.
        let old = serde_json::to_string(&a_call(7)).unwrap();
        assert!(!old.contains("tags"));
        assert!(decode_call(old.as_bytes()).unwrap().tags.is_empty());
    }

    proptest! {
        #[test]
        fn no_changed_byte_goes_unnoticed(position in 0_usize..400, other: u8) {
            let mut line = encode_line(EntryKind::Begun, &a_call(7)).unwrap();
            line.pop();
            let position = position % line.len();
            let is_unchanged = line[position].eq_ignore_ascii_case(&other);
            line[position] = other;
            prop_assert!(is_unchanged || decode_line(&line).is_none());
        }

        #[test]
        fn any_bytes_are_a_line_or_none(bytes: Vec<u8>) {
            let _ = decode_line(&bytes);
        }
    }
}
