//! Speech and transcriptions, in the form of OpenAI's API reference.
//!
//! Speech is always a WAV of silence, a tenth of a second for each token of the text. The transcript of
//! a sound depends on its bytes. A WAV's length is read from its header; anything else lasts a second
//! for each 16,000 bytes.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    answer_text::AnswerText,
    bodies::{body_response, json_response, named_event},
    error::{SandboxError, SandboxResult},
    input::FormFile,
    request::ReceivedRequest,
    seeds::fingerprint,
    tokens::tokens,
};

/// Samples per second, one byte each.
const SAMPLE_RATE: u32 = 8_000;
/// Longest speech, in tokens: five minutes.
const MAX_SPEECH_TOKENS: i64 = 3_000;
/// Assumed bytes per second of audio that isn't a WAV.
const BYTES_PER_SECOND: u64 = 16_000;
/// Size of the pieces of a body, in bytes.
const PIECE_BYTES: usize = 4_096;

pub(super) fn answer(route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
    match route {
        "/v1/audio/speech" => speech(request),
        _ => transcription(request),
    }
}

fn speech(request: &ReceivedRequest<'_>) -> SandboxResult {
    let input = request.input.text("input").filter(|input| !input.is_empty());
    let input = input.ok_or_else(|| SandboxError::invalid("input", "`input` must be a text."))?;
    let input_tokens = tokens(&input).min(MAX_SPEECH_TOKENS);
    let sound = wav(u32::try_from(input_tokens).unwrap_or(0) * SAMPLE_RATE / 10);
    let pieces: Vec<Bytes> = sound.chunks(PIECE_BYTES).map(Bytes::copy_from_slice).collect();
    if request.input.text("stream_format").as_deref() != Some("sse") {
        return Ok(body_response(pieces, "audio/wav"));
    }
    let delta = |piece: &Bytes| named_event(&json!({"type": "speech.audio.delta", "audio": STANDARD.encode(piece)}));
    let mut events: Vec<Bytes> = pieces.iter().map(delta).collect();
    let usage =
        json!({"input_tokens": input_tokens, "output_tokens": input_tokens * 2, "total_tokens": input_tokens * 3});
    let usage = if request.reports_usage { usage } else { Value::Null };
    events.push(named_event(&json!({"type": "speech.audio.done", "usage": usage})));
    Ok(body_response(events, "text/event-stream"))
}

/// Builds a WAV of silence.
fn wav(samples: u32) -> Vec<u8> {
    let mut wav = Vec::with_capacity(44 + samples as usize);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + samples).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    wav.extend_from_slice(&[1, 0, 1, 0]);
    wav.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    wav.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    // One byte per sample, eight bits each.
    wav.extend_from_slice(&[1, 0, 8, 0]);
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&samples.to_le_bytes());
    wav.resize(44 + samples as usize, 0x80);
    wav
}

/// Returns the length of a sound, in whole seconds.
fn seconds(file: &FormFile) -> u64 {
    let per_second = match file.content.get(..44) {
        Some(head) if head.starts_with(b"RIFF") => {
            u64::from(u32::from_le_bytes([head[28], head[29], head[30], head[31]])).max(1)
        }
        _ => BYTES_PER_SECOND,
    };
    file.bytes.div_ceil(per_second).max(1)
}

fn transcription(request: &ReceivedRequest<'_>) -> SandboxResult {
    let file = request.input.file().ok_or_else(|| SandboxError::invalid("file", "`file` must be there."))?;
    let transcript = AnswerText::new(fingerprint(&file.content), i64::MAX);
    let (text, seconds) = (transcript.text(), seconds(file));
    let usage = match request.reports_usage {
        true => json!({"type": "duration", "seconds": seconds}),
        false => Value::Null,
    };
    let field = |name: &str| request.input.text(name).unwrap_or_default();
    if field("stream") == "true" {
        let delta = |word: &String| named_event(&json!({"type": "transcript.text.delta", "delta": word}));
        let mut events: Vec<Bytes> = transcript.words.iter().map(delta).collect();
        events.push(named_event(&json!({"type": "transcript.text.done", "text": text, "usage": usage})));
        return Ok(body_response(events, "text/event-stream"));
    }
    Ok(match &*field("response_format") {
        "text" => body_response(vec![format!("{text}\n").into()], "text/plain; charset=utf-8"),
        "srt" => {
            let text = format!("1\n00:00:00,000 --> 00:00:{:02},000\n{text}\n\n", seconds.min(59));
            body_response(vec![text.into()], "text/plain; charset=utf-8")
        }
        "vtt" => {
            let text = format!("WEBVTT\n\n00:00:00.000 --> 00:00:{:02}.000\n{text}\n\n", seconds.min(59));
            body_response(vec![text.into()], "text/plain; charset=utf-8")
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
            if field("timestamp_granularities[]") == "word" {
                document["words"] = words(&transcript, seconds);
            }
            json_response(&document)
        }
        "diarized_json" => json_response(&json!({
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
        _ => json_response(&json!({"text": text, "usage": usage})),
    })
}

/// Returns the words with times, each of equal length.
fn words(transcript: &AnswerText, seconds: u64) -> Value {
    // Both are small, so the numbers are exact enough.
    let word_seconds = seconds as f64 / transcript.words.len().max(1) as f64;
    let word = |(index, word): (usize, &String)| {
        let start = index as f64 * word_seconds;
        json!({"word": word.trim(), "start": start, "end": start + word_seconds})
    };
    transcript.words.iter().enumerate().map(word).collect()
}
