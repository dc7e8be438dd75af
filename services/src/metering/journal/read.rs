//! Reads a segment some lines at a time, however damaged it is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use super::entry::{self, EntryKind};
use crate::metering::CallRecord;

/// Bytes to read at once, about as many as the calls of a good transaction take.
const PIECE_BYTES: u64 = 1024 * 1024;
/// Maximum bytes of a line; anything longer without a line break is damage.
const MAX_LINE_LENGTH: u64 = 64 * 1024 * 1024;

/// The contents of some lines.
#[derive(Debug, Default)]
pub(in crate::metering) struct JournalLines {
    /// Calls that began, if the range asked for them.
    pub(in crate::metering) begun: Vec<CallRecord>,
    pub(in crate::metering) ended: Vec<CallRecord>,
    /// Number of lines that end a call, including damaged ones and those this version can't parse.
    pub(in crate::metering) results: u64,
    /// Intact lines that this version can't parse.
    pub(in crate::metering) unknown: Vec<Vec<u8>>,
    /// Offsets of damaged lines.
    pub(in crate::metering) damaged: Vec<u64>,
    /// Offset after these lines.
    pub(in crate::metering) next: u64,
}

/// The part of a segment to read.
#[derive(Clone, Copy, Debug)]
pub(in crate::metering) struct ReadRange {
    pub(in crate::metering) from: u64,
    pub(in crate::metering) end: u64,
    /// Whether to parse the lines of calls that begin.
    pub(in crate::metering) with_begun: bool,
}

/// Reads the lines of `range`, or the first of them. With
/// nothing left worth reading, `next` is the range's end.
pub(in crate::metering) fn read(mut file: &File, range: ReadRange) -> io::Result<JournalLines> {
    let mut piece = Vec::new();
    let mut size = PIECE_BYTES;
    loop {
        let length = size.min(range.end.saturating_sub(range.from));
        piece.clear();
        file.seek(SeekFrom::Start(range.from))?;
        file.take(length).read_to_end(&mut piece)?;
        // The file may be shorter than the range.
        let last = piece.len() as u64 == range.end.saturating_sub(range.from) || (piece.len() as u64) < length;
        match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let rest = piece.split_off(end + 1);
                let mut lines = parse_lines(&piece, range);
                if last {
                    lines.next = range.end;
                    log_torn_tail(&rest);
                }
                return Ok(lines);
            }
            None if last => {
                log_torn_tail(&piece);
                return Ok(JournalLines { next: range.end, ..JournalLines::default() });
            }
            None if size >= MAX_LINE_LENGTH => {
                let next = range.from + piece.len() as u64;
                return Ok(JournalLines { damaged: vec![range.from], next, ..JournalLines::default() });
            }
            None => size *= 2,
        }
    }
}

/// Logs the beginning of a line that was being written when the process ended.
fn log_torn_tail(rest: &[u8]) {
    if rest.iter().any(|byte| *byte != 0) {
        tracing::info!("the journal ends within a line, which was never acknowledged");
    }
}

fn parse_lines(piece: &[u8], range: ReadRange) -> JournalLines {
    let mut lines = JournalLines { next: range.from + piece.len() as u64, ..JournalLines::default() };
    let mut offset = range.from;
    for full_line in piece.split_inclusive(|byte| *byte == b'\n') {
        let line = full_line.strip_suffix(b"\n").unwrap_or(full_line);
        // Zeros are preallocated bytes, or bytes that didn't reach the disk before a power failure.
        let begin = line.iter().rposition(|byte| *byte == 0).map_or(0, |zero| zero + 1);
        let (before, line) = line.split_at(begin);
        if before.iter().any(|byte| *byte != 0) {
            lines.damaged.push(offset);
        }
        match entry::decode_line(line) {
            Some((EntryKind::Begun, json)) if range.with_begun => match entry::decode_call(json) {
                Ok(call) => lines.begun.push(call),
                Err(_) => lines.unknown.push(full_line[begin..].to_vec()),
            },
            Some((EntryKind::Begun, _)) => {}
            Some((EntryKind::Ended, json)) => {
                lines.results += 1;
                match entry::decode_call(json) {
                    Ok(call) => lines.ended.push(call),
                    Err(_) => lines.unknown.push(full_line[begin..].to_vec()),
                }
            }
            None if line.is_empty() => {}
            None => {
                lines.damaged.push(offset + begin as u64);
                lines.results += 1;
            }
        }
        offset += full_line.len() as u64;
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::entry::{encode_line, tests::a_call},
        *,
    };

    fn written(calls: u128) -> Vec<u8> {
        (0..calls).flat_map(|number| encode_line(EntryKind::Ended, &a_call(number)).unwrap()).collect()
    }

    /// Reads all lines of a file with these bytes.
    fn read_all(bytes: &[u8]) -> JournalLines {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        let end = bytes.len() as u64;
        let mut all = JournalLines::default();
        while all.next < end {
            let some = read(&file, ReadRange { from: all.next, end, with_begun: true }).unwrap();
            assert!(some.next > all.next);
            all.ended.extend(some.ended);
            all.begun.extend(some.begun);
            all.damaged.extend(some.damaged);
            all.next = some.next;
        }
        all
    }

    #[test]
    fn many_pieces_are_read_one_after_another() {
        let bytes = written(5_000);
        assert!(bytes.len() as u64 > 2 * PIECE_BYTES);
        let read = read_all(&bytes);
        assert_eq!(read.ended.len(), 5_000);
        assert!(read.ended.iter().zip(0..).all(|(call, number)| call.id == a_call(number).id));
    }

    #[test]
    fn a_line_longer_than_a_piece_is_read() {
        let mut long = a_call(1);
        long.error_code = "x".repeat(3 * 1024 * 1024).into();
        let bytes = [encode_line(EntryKind::Ended, &long).unwrap(), written(2)].concat();
        assert_eq!(read_all(&bytes).ended.len(), 3);
    }

    #[test]
    fn a_torn_end_is_ignored() {
        let bytes = written(3);
        for lost in 1..bytes.len() / 3 {
            let read = read_all(&[&bytes[..bytes.len() - lost], &[0; 5_000]].concat());
            assert_eq!((read.ended.len(), read.damaged.len()), (2, 0), "{lost}");
        }
    }

    #[test]
    fn a_hole_and_a_damaged_line_cost_no_other() {
        let mut bytes = written(4);
        let line = bytes.len() / 4;
        bytes[line + 20] ^= 1;
        let read = read_all(&bytes);
        assert_eq!((read.ended.len(), read.damaged.as_slice()), (3, [line as u64].as_slice()));
        // From the middle of the second line to the middle of the third there is nothing.
        let mut bytes = written(4);
        bytes[line + 100..2 * line + 50].fill(0);
        let read = read_all(&bytes);
        assert_eq!((read.ended.len(), read.damaged.len()), (2, 2));
    }

    proptest! {
        #[test]
        fn whatever_stands_there_is_read_to_its_end(noise: Vec<u8>, position in 0_usize..2_000) {
            let mut bytes = written(2);
            let position = position.min(bytes.len());
            bytes.splice(position..position, noise);
            prop_assert!(read_all(&bytes).ended.len() <= 2);
        }
    }
}
