//! Speech and transcriptions, in the form of OpenAI's API reference.
//!
//! Speech is always a WAV of silence, a tenth of a second for each token of the text. What a sound says follows from its
//! bytes; how long it is is read from a WAV's header, and of anything else a second for each 16,000 bytes.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    Answer, Question, Wrong, answer_text::Told, body, fingerprint, input::File, json as whole, named_event, tokens,
};

/// Samples of a second, one byte each.
const RATE: u32 = 8_000;
/// Longest speech, in tokens: five minutes.
const LONGEST: i64 = 3_000;
/// Bytes of a second of sound that isn't a WAV.
const BYTES_PER_SECOND: u64 = 16_000;
/// A piece of a sound, in bytes.
const PIECE: usize = 4_096;

pub(super) fn answer(path: &str, question: &Question<'_>) -> Answer {
    match path {
        "/v1/audio/speech" => speech(question),
        _ => transcription(question),
    }
}

fn speech(question: &Question<'_>) -> Answer {
    let input = question.input.text("input").filter(|input| !input.is_empty());
    let input = input.ok_or_else(|| Wrong::about("input", "`input` must be a text."))?;
    let read = tokens(&input).min(LONGEST);
    let sound = wav(u32::try_from(read).unwrap_or(0) * RATE / 10);
    let pieces: Vec<Bytes> = sound.chunks(PIECE).map(Bytes::copy_from_slice).collect();
    if question.input.text("stream_format").as_deref() != Some("sse") {
        return Ok(body(pieces, "audio/wav"));
    }
    let delta = |piece: &Bytes| named_event(&json!({"type": "speech.audio.delta", "audio": STANDARD.encode(piece)}));
    let mut events: Vec<Bytes> = pieces.iter().map(delta).collect();
    let usage = json!({"input_tokens": read, "output_tokens": read * 2, "total_tokens": read * 3});
    let usage = if question.reports { usage } else { Value::Null };
    events.push(named_event(&json!({"type": "speech.audio.done", "usage": usage})));
    Ok(body(events, "text/event-stream"))
}

/// So many samples of silence.
fn wav(samples: u32) -> Vec<u8> {
    let mut wav = Vec::with_capacity(44 + samples as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + samples).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    wav.extend_from_slice(&[1, 0, 1, 0]);
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    // One byte for a sample, of eight bits.
    wav.extend_from_slice(&[1, 0, 8, 0]);
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&samples.to_le_bytes());
    wav.resize(44 + samples as usize, 0x80);
    wav
}

/// How long a sound is, in whole seconds.
fn seconds(file: &File) -> u64 {
    let per_second = match file.content.get(..44) {
        Some(head) if head.starts_with(b"RIFF") => {
            u64::from(u32::from_le_bytes([head[28], head[29], head[30], head[31]])).max(1)
        }
        _ => BYTES_PER_SECOND,
    };
    file.bytes.div_ceil(per_second).max(1)
}

fn transcription(question: &Question<'_>) -> Answer {
    let file = question.input.file().ok_or_else(|| Wrong::about("file", "`file` must be there."))?;
    let told = Told::new(fingerprint(&file.content), i64::MAX);
    let (text, seconds) = (told.text(), seconds(file));
    let usage = match question.reports {
        true => json!({"type": "duration", "seconds": seconds}),
        false => Value::Null,
    };
    let form = |name: &str| question.input.text(name).unwrap_or_default();
    if form("stream") == "true" {
        let delta = |word: &String| named_event(&json!({"type": "transcript.text.delta", "delta": word}));
        let mut events: Vec<Bytes> = told.words.iter().map(delta).collect();
        events.push(named_event(&json!({"type": "transcript.text.done", "text": text, "usage": usage})));
        return Ok(body(events, "text/event-stream"));
    }
    Ok(match &*form("response_format") {
        "text" => body(vec![format!("{text}\n").into()], "text/plain; charset=utf-8"),
        "srt" => {
            let text = format!("1\n00:00:00,000 --> 00:00:{:02},000\n{text}\n\n", seconds.min(59));
            body(vec![text.into()], "text/plain; charset=utf-8")
        }
        "vtt" => {
            let text = format!("WEBVTT\n\n00:00:00.000 --> 00:00:{:02}.000\n{text}\n\n", seconds.min(59));
            body(vec![text.into()], "text/plain; charset=utf-8")
        }
        "verbose_json" => {
            let mut document = json!({
                "task": "transcribe",
                "language": "english",
                "duration": seconds,
                "text": text,
                "segments": [],
                "usage": usage,
            });
            if form("timestamp_granularities[]") == "word" {
                document["words"] = words(&told, seconds);
            }
            whole(&document)
        }
        "diarized_json" => whole(&json!({
            "task": "transcribe",
            "duration": seconds,
            "text": text,
            "segments": [{
                "type": "transcript.text.segment",
                "id": "seg_0",
                "start": 0.0,
                "end": seconds,
                "speaker": "A",
                "text": text,
            }],
            "usage": usage,
        })),
        _ => whole(&json!({"text": text, "usage": usage})),
    })
}

/// The words with their times: each takes as long as the others.
fn words(told: &Told, seconds: u64) -> Value {
    // Both are small, so the numbers are exact enough.
    let each = seconds as f64 / told.words.len().max(1) as f64;
    let word = |(index, word): (usize, &String)| {
        let start = index as f64 * each;
        json!({"word": word.trim(), "start": start, "end": start + each})
    };
    told.words.iter().enumerate().map(word).collect()
}
