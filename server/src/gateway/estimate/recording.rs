//! How long a recording is, where no provider says: read from its container, without listening to it.
//!
//! What counts is where its sound begins and ends, by all of its packets, and not what the container says of itself: browsers
//! record without saying how long, and what somebody wrote into a head would decide what they are charged.

use std::{
    collections::HashMap,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use symphonia::core::{
    errors::Error,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    packet::Packet,
    units::{TimeBase, Timestamp},
};
use tokio::task::spawn_blocking;

use crate::gateway::payload::Spool;

/// How long is looked through a recording; the rest of a longer one is taken to be like what was seen.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a second, where a container can't be read: at 128 kbit/s, as music and meetings are recorded.
const BYTES_PER_SECOND: u64 = 16_000;

/// A file within a form that was spooled.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Recording {
    pub(in crate::gateway) spool: Spool,
    pub(in crate::gateway) place: Range<u64>,
}

impl Recording {
    /// Its length in milliseconds; by its size where its container can't be read.
    pub(super) async fn length_ms(self) -> i64 {
        let size = self.place.end - self.place.start;
        // A reader that fails on foreign bytes is one that can't read them.
        let measured = spawn_blocking(move || measured(&self, Instant::now() + PATIENCE)).await.ok().flatten();
        measured.unwrap_or_else(|| i64::try_from(size * 1_000 / BYTES_PER_SECOND).unwrap_or(i64::MAX))
    }
}

/// From the first of its sound to the last, in milliseconds; `None` where none is found.
fn measured(recording: &Recording, deadline: Instant) -> Option<i64> {
    let read = Arc::new(AtomicU64::new(0));
    let file = Part { recording: recording.clone(), at: 0, read: Arc::clone(&read) };
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let probe = symphonia::default::get_probe();
    let mut reader = probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default()).ok()?;
    let mut before = 0_i64;
    let mut sounds = Sounds::of(&*reader);
    let is_whole = loop {
        match reader.next_packet() {
            // A head may say that there is more of it than there is.
            Ok(Some(packet)) if packet.data.is_empty() => break true,
            Ok(Some(packet)) => sounds.take(&packet),
            Ok(None) => break true,
            // Other tracks follow, one recording behind another.
            Err(Error::ResetRequired) => {
                before = before.saturating_add(sounds.longest_ms());
                sounds = Sounds::of(&*reader);
            }
            Err(_) => break false,
        }
        if Instant::now() > deadline {
            break false;
        }
    };
    let length = before.saturating_add(sounds.longest_ms());
    let (size, read) = (recording.place.end - recording.place.start, read.load(Ordering::Relaxed).max(1));
    let length =
        if is_whole { length.into() } else { i128::from(length) * i128::from(size.max(read)) / i128::from(read) };
    i64::try_from(length).ok().filter(|length| *length > 0)
}

/// Where each track's sound begins and ends.
struct Sounds {
    tracks: HashMap<u32, (TimeBase, Option<[i64; 2]>)>,
}

impl Sounds {
    fn of(reader: &dyn FormatReader) -> Self {
        let base = reader.media_info().time_base;
        let track = |is_sound: fn(Option<TrackType>) -> bool| {
            let some = reader.tracks().iter().filter(move |track| is_sound(track.track_type()));
            some.filter_map(move |track| Some((track.id, (track.time_base.or(base)?, None)))).collect::<HashMap<_, _>>()
        };
        let known = track(|kind| kind == Some(TrackType::Audio));
        // One of a kind that isn't known may be sound as well.
        Self { tracks: if known.is_empty() { track(|kind| kind.is_none()) } else { known } }
    }

    fn take(&mut self, packet: &Packet) {
        let Some((_, span)) = self.tracks.get_mut(&packet.track_id) else { return };
        // With what is cut off by what the container says of its length.
        let (begin, end) = (packet.pts.get(), packet.pts.saturating_add(packet.block_dur()).get());
        *span = Some(span.map_or([begin, end], |[first, last]| [first.min(begin), last.max(end)]));
    }

    fn longest_ms(&self) -> i64 {
        let lengths = self.tracks.values().filter_map(|(base, span)| {
            let [begin, end] = (*span)?;
            let length = base.calc_time(Timestamp::new(end.saturating_sub(begin)))?;
            i64::try_from(length.as_millis()).ok()
        });
        lengths.max().unwrap_or(0)
    }
}

/// A part of a spool, as a file of its own.
struct Part {
    recording: Recording,
    at: u64,
    /// How far it was read.
    read: Arc<AtomicU64>,
}

impl Part {
    fn size(&self) -> u64 {
        self.recording.place.end - self.recording.place.start
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size().saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let bytes = self.recording.spool.read(self.recording.place.start + self.at, length)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.at += bytes.len() as u64;
        self.read.fetch_max(self.at, Ordering::Relaxed);
        Ok(bytes.len())
    }
}

impl Seek for Part {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

impl MediaSource for Part {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.size())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::{
        budget::{Budget, Holder},
        payload::{Disk, Spooling},
    };

    /// One and a half seconds of a tone, written by FFmpeg's libraries (PyAV 18).
    const MP3: &[u8] = include_bytes!("recordings/tone.mp3");
    const M4A: &[u8] = include_bytes!("recordings/tone.m4a");
    const OPUS: &[u8] = include_bytes!("recordings/tone.opus");
    const FLAC: &[u8] = include_bytes!("recordings/tone.flac");
    const WEBM: &[u8] = include_bytes!("recordings/tone.webm");

    /// Silence of 8,000 samples a second, 16 bits each, in a file that says it has so many bytes of it.
    fn wav(samples: u32, said: u32) -> Vec<u8> {
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + said).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(8_000_u32.to_le_bytes());
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(said.to_le_bytes());
        bytes.extend(vec![0; samples as usize * 2]);
        bytes
    }

    async fn length(bytes: &[u8]) -> i64 {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), Budget::new(1 << 30, 1 << 30));
        let mut spooling = Spooling::new(&disk.room(Holder::nobody()));
        spooling.push(b"before").await.unwrap();
        spooling.push(bytes).await.unwrap();
        spooling.push(b"behind").await.unwrap();
        let spool = spooling.finish().await.unwrap();
        Recording { spool, place: 6..6 + bytes.len() as u64 }.length_ms().await
    }

    #[tokio::test]
    async fn the_length_is_read_from_each_container_that_openai_takes() {
        assert_eq!(length(&wav(12_000, 24_000)).await, 1_500);
        // Long enough to wait on disk.
        assert_eq!(length(&wav(800_000, 1_600_000)).await, 100_000);
        for (name, bytes) in [("mp3", MP3), ("m4a", M4A), ("opus", OPUS), ("flac", FLAC), ("webm", WEBM)] {
            let length = length(bytes).await;
            // Frames are whole, also where the tone begins or ends within one.
            assert!((1_450..=1_700).contains(&length), "{name}: {length}");
        }
    }

    #[tokio::test]
    async fn a_recording_that_breaks_off_is_as_long_as_what_is_there() {
        let half = length(&MP3[..MP3.len() / 2]).await;
        assert!((650..=900).contains(&half), "{half}");
        let half = length(&wav(6_000, 24_000)).await;
        assert!((750..=900).contains(&half), "{half}");
    }

    #[tokio::test]
    async fn what_cant_be_read_is_measured_by_its_size() {
        assert_eq!(length(&[7; 160_000]).await, 10_000);
        assert_eq!(length(b"").await, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damaged_recordings_have_a_length(
            which in 0_usize..5, damage in prop::collection::vec((0_usize..20_000, any::<u8>()), 0..40), cut in 0_usize..20_000,
        ) {
            let mut bytes = [MP3, M4A, OPUS, FLAC, WEBM][which].to_vec();
            for (place, byte) in damage {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            bytes.truncate(bytes.len().min(cut.max(1)));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert!(runtime.block_on(length(&bytes)) >= 0);
        }
    }
}
