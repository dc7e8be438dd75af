//! Reads a segment, some lines at a time, whatever has happened to it.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use super::entry::{self, Kind};
use crate::metering::CallRecord;

/// About how much is read at once: so many calls as make a good transaction.
const PIECE: u64 = 1024 * 1024;
/// The longest line there can be; more without an end is no line.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// What some lines say.
#[derive(Debug, Default)]
pub(in crate::metering) struct Lines {
    /// Calls that began, with the number of calls that had ended before in these lines.
    pub(in crate::metering) begun: Vec<CallRecord>,
    pub(in crate::metering) ended: Vec<CallRecord>,
    /// How many lines said that a call ended, also those that can't be understood.
    pub(in crate::metering) results: u64,
    /// Lines as they were written, which this version doesn't understand.
    pub(in crate::metering) unknown: Vec<Vec<u8>>,
    /// Places where something stood that nobody wrote like that.
    pub(in crate::metering) damaged: Vec<u64>,
    /// Where the next lines begin.
    pub(in crate::metering) next: u64,
}

/// What to read.
#[derive(Clone, Copy, Debug)]
pub(in crate::metering) struct Part {
    pub(in crate::metering) from: u64,
    /// Where to stop.
    pub(in crate::metering) end: u64,
    /// Whether calls are wanted that began.
    pub(in crate::metering) begun: bool,
}

/// Reads the lines of `part`, or the first of them. Where nothing is left that is worth reading, `next` is the part's end.
pub(in crate::metering) fn read(mut file: &File, part: Part) -> io::Result<Lines> {
    let mut piece = Vec::new();
    let mut size = PIECE;
    loop {
        let wanted = size.min(part.end.saturating_sub(part.from));
        piece.clear();
        file.seek(SeekFrom::Start(part.from))?;
        file.take(wanted).read_to_end(&mut piece)?;
        // The file may be shorter than it was said to be.
        let last = piece.len() as u64 == part.end.saturating_sub(part.from) || (piece.len() as u64) < wanted;
        match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let rest = piece.split_off(end + 1);
                let mut lines = understand(&piece, part);
                if last {
                    lines.next = part.end;
                    note_tail(&rest);
                }
                return Ok(lines);
            }
            None if last => {
                note_tail(&piece);
                return Ok(Lines { next: part.end, ..Lines::default() });
            }
            None if size >= LONGEST_LINE => {
                let next = part.from + piece.len() as u64;
                return Ok(Lines { damaged: vec![part.from], next, ..Lines::default() });
            }
            None => size *= 2,
        }
    }
}

/// The beginning of a line that was being written when the process ended: whoever wrote it was told nothing yet.
fn note_tail(rest: &[u8]) {
    if rest.iter().any(|byte| *byte != 0) {
        tracing::info!("the journal ends within a line, which was never acknowledged");
    }
}

fn understand(piece: &[u8], part: Part) -> Lines {
    let mut lines = Lines { next: part.from + piece.len() as u64, ..Lines::default() };
    let mut place = part.from;
    for whole in piece.split_inclusive(|byte| *byte == b'\n') {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        // Zeros are room that wasn't used, or that didn't come to the disk when the power went.
        let begin = line.iter().rposition(|byte| *byte == 0).map_or(0, |zero| zero + 1);
        let (before, line) = line.split_at(begin);
        if before.iter().any(|byte| *byte != 0) {
            lines.damaged.push(place);
        }
        match entry::read(line) {
            Some((Kind::Begun, json)) if part.begun => match entry::call(json) {
                Ok(call) => lines.begun.push(call),
                Err(_) => lines.unknown.push(whole[begin..].to_vec()),
            },
            Some((Kind::Begun, _)) => {}
            Some((Kind::Ended, json)) => {
                lines.results += 1;
                match entry::call(json) {
                    Ok(call) => lines.ended.push(call),
                    Err(_) => lines.unknown.push(whole[begin..].to_vec()),
                }
            }
            None if line.is_empty() => {}
            None => {
                lines.damaged.push(place + begin as u64);
                lines.results += 1;
            }
        }
        place += whole.len() as u64;
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::entry::{line, tests::a_call},
        *,
    };

    fn written(calls: u128) -> Vec<u8> {
        (0..calls).flat_map(|number| line(Kind::Ended, &a_call(number)).unwrap()).collect()
    }

    /// Reads all that a file of these bytes says.
    fn read_all(bytes: &[u8]) -> Lines {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        let end = bytes.len() as u64;
        let mut all = Lines::default();
        while all.next < end {
            let some = read(&file, Part { from: all.next, end, begun: true }).unwrap();
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
        assert!(bytes.len() as u64 > 2 * PIECE);
        let read = read_all(&bytes);
        assert_eq!(read.ended.len(), 5_000);
        assert!(read.ended.iter().zip(0..).all(|(call, number)| call.id == a_call(number).id));
    }

    #[test]
    fn a_line_longer_than_a_piece_is_read() {
        let mut long = a_call(1);
        long.error_code = "x".repeat(3 * 1024 * 1024).into();
        let bytes = [line(Kind::Ended, &long).unwrap(), written(2)].concat();
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
        fn whatever_stands_there_is_read_to_its_end(noise: Vec<u8>, place in 0_usize..2_000) {
            let mut bytes = written(2);
            let place = place.min(bytes.len());
            bytes.splice(place..place, noise);
            prop_assert!(read_all(&bytes).ended.len() <= 2);
        }
    }
}
