//! Measures the length of recordings from their containers, without decoding the audio.
//!
//! The length is that between the first and the last packet. The one in the container's header isn't used:
//! browsers leave it out, and clients could lower their charges by changing it.

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

/// Maximum time for reading a recording. The rest of a longer one is extrapolated.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes per second of an unknown container: 128 kbit/s, as music and meetings are recorded.
const BYTES_PER_SECOND: u64 = 16_000;

/// A file in a spooled form.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Recording {
    pub(in crate::gateway) spool: Spool,
    pub(in crate::gateway) range: Range<u64>,
}

impl Recording {
    /// Measures the length in milliseconds, or estimates it by the size if the container can't be read.
    pub(super) async fn length_ms(self) -> i64 {
        let size = self.range.end - self.range.start;
        // A panic of the reader counts as a container that can't be read.
        let measured = spawn_blocking(move || measure(&self, Instant::now() + READ_TIMEOUT)).await.ok().flatten();
        measured.unwrap_or_else(|| i64::try_from(size * 1_000 / BYTES_PER_SECOND).unwrap_or(i64::MAX))
    }
}

/// Measures from the first to the last packet of audio, in milliseconds; `None` if there is no audio.
fn measure(recording: &Recording, deadline: Instant) -> Option<i64> {
    let read = Arc::new(AtomicU64::new(0));
    let file = SpoolFileReader { recording: recording.clone(), at: 0, read: Arc::clone(&read) };
    let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
    let probe = symphonia::default::get_probe();
    let mut reader = probe.probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default()).ok()?;
    let mut before = 0_i64;
    let mut spans = SoundSpans::new(&*reader);
    let is_complete = loop {
        match reader.next_packet() {
            // A header may announce more than there is.
            Ok(Some(packet)) if packet.data.is_empty() => break true,
            Ok(Some(packet)) => spans.add(&packet),
            Ok(None) => break true,
            // Other tracks follow: several recordings were concatenated.
            Err(Error::ResetRequired) => {
                before = before.saturating_add(spans.longest_ms());
                spans = SoundSpans::new(&*reader);
            }
            Err(_) => break false,
        }
        if Instant::now() > deadline {
            break false;
        }
    };
    let length = before.saturating_add(spans.longest_ms());
    let (size, read) = (recording.range.end - recording.range.start, read.load(Ordering::Relaxed).max(1));
    let length =
        if is_complete { length.into() } else { i128::from(length) * i128::from(size.max(read)) / i128::from(read) };
    i64::try_from(length).ok().filter(|length| *length > 0)
}

/// The first and last moment of each audio track.
struct SoundSpans {
    tracks: HashMap<u32, (TimeBase, Option<[i64; 2]>)>,
}

impl SoundSpans {
    fn new(reader: &dyn FormatReader) -> Self {
        let base = reader.media_info().time_base;
        let tracks = |is_audio: fn(Option<TrackType>) -> bool| {
            let audio = reader.tracks().iter().filter(move |track| is_audio(track.track_type()));
            audio
                .filter_map(move |track| Some((track.id, (track.time_base.or(base)?, None))))
                .collect::<HashMap<_, _>>()
        };
        let audio = tracks(|kind| kind == Some(TrackType::Audio));
        // A track of unknown type may be audio.
        Self { tracks: if audio.is_empty() { tracks(|kind| kind.is_none()) } else { audio } }
    }

    fn add(&mut self, packet: &Packet) {
        let Some((_, span)) = self.tracks.get_mut(&packet.track_id) else { return };
        // Includes samples that the container's header trims.
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

/// Reads a part of a spool as a file.
struct SpoolFileReader {
    recording: Recording,
    at: u64,
    /// The furthest position that was read.
    read: Arc<AtomicU64>,
}

impl SpoolFileReader {
    fn size(&self) -> u64 {
        self.recording.range.end - self.recording.range.start
    }
}

impl Read for SpoolFileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size().saturating_sub(self.at);
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let bytes = self.recording.spool.read(self.recording.range.start + self.at, length)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.at += bytes.len() as u64;
        self.read.fetch_max(self.at, Ordering::Relaxed);
        Ok(bytes.len())
    }
}

impl Seek for SpoolFileReader {
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

impl MediaSource for SpoolFileReader {
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
        budget::{BudgetHolder, ByteBudget},
        payload::{Disk, SpoolWriter},
    };

    /// A tone of one and a half seconds, encoded by FFmpeg's libraries (PyAV 18).
    const MP3: &[u8] = include_bytes!("recordings/tone.mp3");
    const M4A: &[u8] = include_bytes!("recordings/tone.m4a");
    const OPUS: &[u8] = include_bytes!("recordings/tone.opus");
    const FLAC: &[u8] = include_bytes!("recordings/tone.flac");
    const WEBM: &[u8] = include_bytes!("recordings/tone.webm");

    /// Silence of 8,000 samples per second, 16 bits each, in a file whose header
    /// declares `declared` bytes of it.
    fn wav(samples: u32, declared: u32) -> Vec<u8> {
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + declared).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(8_000_u32.to_le_bytes());
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(declared.to_le_bytes());
        bytes.extend(vec![0; samples as usize * 2]);
        bytes
    }

    async fn length(bytes: &[u8]) -> i64 {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path(), ByteBudget::new(1 << 30, 1 << 30));
        let mut spool = SpoolWriter::new(&disk.quota(BudgetHolder::unknown()));
        spool.push(b"before").await.unwrap();
        spool.push(bytes).await.unwrap();
        spool.push(b"behind").await.unwrap();
        let spool = spool.finish().await.unwrap();
        Recording { spool, range: 6..6 + bytes.len() as u64 }.length_ms().await
    }

    #[tokio::test]
    async fn the_length_is_read_from_each_container_that_openai_takes() {
        assert_eq!(length(&wav(12_000, 24_000)).await, 1_500);
        // Long enough to wait on disk.
        assert_eq!(length(&wav(800_000, 1_600_000)).await, 100_000);
        for (name, bytes) in [("mp3", MP3), ("m4a", M4A), ("opus", OPUS), ("flac", FLAC), ("webm", WEBM)] {
            let length = length(bytes).await;
            // Frames count as a whole, even if the tone begins or ends within one.
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
            for (position, byte) in damage {
                let position = position % bytes.len();
                bytes[position] = byte;
            }
            bytes.truncate(bytes.len().min(cut.max(1)));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert!(runtime.block_on(length(&bytes)) >= 0);
        }
    }
}
