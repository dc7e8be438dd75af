//! Chat completions, in the form of OpenAI's API reference.

use axum::http::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{ProviderBody, Wrong, body, fingerprint, json, to_bytes, tokens};

/// Longest answer, in words, before anything limits it.
const LONGEST: u64 = 48;
/// Most answers to one question.
const MOST_CHOICES: u32 = 8;
/// Tokens that each message takes besides its text, as OpenAI counts them too.
const TOKENS_PER_MESSAGE: i64 = 3;

const WORDS: [&str; 24] = [
    "a",
    "barrier",
    "bridge",
    "call",
    "clear",
    "counts",
    "each",
    "every",
    "gate",
    "key",
    "keeps",
    "ledger",
    "lifts",
    "minute",
    "opens",
    "passes",
    "road",
    "small",
    "steady",
    "the",
    "toll",
    "traveller",
    "when",
    "with",
];

#[derive(Deserialize)]
struct Question {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    n: Option<u32>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Message {
    fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => parts.iter().filter_map(|part| part.text.as_deref()).collect(),
        }
    }
}

#[derive(Clone, Copy, Serialize)]
struct Usage {
    prompt_tokens: i64,
    completion_tokens: i64,
    total_tokens: i64,
}

#[derive(Serialize)]
struct Completion<'a, C> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<C>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Said<'a>,
    finish_reason: &'static str,
    logprobs: Option<()>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    finish_reason: Option<&'static str>,
    logprobs: Option<()>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
    refusal: Option<()>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

pub(super) fn answer(bytes: &Bytes) -> Result<Response<ProviderBody>, Wrong> {
    let question: Question = serde_json::from_slice(bytes)?;
    let Some(last) = question.messages.last() else {
        return Err(Wrong::about("messages", "`messages` must hold at least one message."));
    };
    let most = question.max_completion_tokens.or(question.max_tokens).unwrap_or(i64::MAX);
    if most < 1 {
        return Err(Wrong::about("max_completion_tokens", "`max_completion_tokens` must be at least 1."));
    }
    let choices = question.n.unwrap_or(1);
    if !(1..=MOST_CHOICES).contains(&choices) {
        return Err(Wrong::about("n", format!("`n` must be 1 to {MOST_CHOICES}.")));
    }
    let seed = question.messages.iter().fold(fingerprint(last.text().as_bytes()), |seed, message| {
        seed.rotate_left(7) ^ fingerprint(format!("{}:{}", message.role, message.text()).as_bytes())
    });
    let told: Vec<Told> = (0..choices).map(|index| Told::new(seed.wrapping_add(index.into()), most)).collect();
    let prompt: i64 = question.messages.iter().map(|message| tokens(&message.text()) + TOKENS_PER_MESSAGE).sum();
    let completion: i64 = told.iter().map(Told::tokens).sum();
    let usage = Usage { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
    let id = format!("chatcmpl-sandbox-{seed:016x}");
    Ok(if question.stream == Some(true) {
        let wanted = question.stream_options.and_then(|options| options.include_usage) == Some(true);
        stream(&id, &question.model, &told, wanted.then_some(usage))
    } else {
        whole(&id, &question.model, &told, usage)
    })
}

/// What one choice says, word by word.
struct Told {
    words: Vec<String>,
    finish_reason: &'static str,
}

impl Told {
    fn new(seed: u64, most_tokens: i64) -> Self {
        let length = 8 + seed % (LONGEST - 8);
        let mut state = seed;
        let mut words: Vec<String> = Vec::new();
        let mut text = String::new();
        for position in 0..length {
            // SplitMix64's step: a full-period sequence of well-mixed numbers.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = WORDS[usize::try_from(mixed >> 40).unwrap_or(0) % WORDS.len()];
            let mut word = if position == 0 { word.to_owned() } else { format!(" {word}") };
            if position + 1 == length {
                word.push('.');
            }
            text.push_str(&word);
            if tokens(&text) > most_tokens {
                return Self { words, finish_reason: "length" };
            }
            words.push(word);
        }
        Self { words, finish_reason: "stop" }
    }

    fn text(&self) -> String {
        self.words.concat()
    }

    fn tokens(&self) -> i64 {
        tokens(&self.text())
    }
}

fn whole(id: &str, model: &str, told: &[Told], usage: Usage) -> Response<ProviderBody> {
    let texts: Vec<String> = told.iter().map(Told::text).collect();
    let choices = told.iter().zip(&texts).zip(0..).map(|((told, text), index)| Choice {
        index,
        message: Said { role: "assistant", content: text, refusal: None },
        finish_reason: told.finish_reason,
        logprobs: None,
    });
    json(&Completion {
        id,
        object: "chat.completion",
        created: CREATED,
        model,
        choices: choices.collect(),
        usage: Some(Some(usage)),
    })
}

/// With `usage`, each chunk has a `usage` of null and a last one has it, as OpenAI does.
fn stream(id: &str, model: &str, told: &[Told], usage: Option<Usage>) -> Response<ProviderBody> {
    let event = |choices: Vec<ChunkChoice<'_>>, last: Option<Usage>| {
        let chunk = Completion {
            id,
            object: "chat.completion.chunk",
            created: CREATED,
            model,
            choices,
            usage: usage.map(|_| last),
        };
        Bytes::from([b"data: ", &*to_bytes(&chunk), b"\n\n"].concat())
    };
    let mut events = Vec::new();
    for (told, index) in told.iter().zip(0..) {
        let one = |delta, finish_reason| event(vec![ChunkChoice { index, delta, finish_reason, logprobs: None }], None);
        events.push(one(Delta { role: Some("assistant"), content: Some("") }, None));
        events.extend(told.words.iter().map(|word| one(Delta { role: None, content: Some(word) }, None)));
        events.push(one(Delta::default(), Some(told.finish_reason)));
    }
    if usage.is_some() {
        events.push(event(Vec::new(), usage));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    body(events, "text/event-stream")
}

/// When every answer says it was made, in seconds of Unix time: the same question gets the same bytes.
const CREATED: u64 = 1_767_225_600;
