//! Embeddings, in the form of OpenAI's API reference.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    bodies::json_response,
    error::{SandboxError, SandboxResult},
    seeds::fingerprint,
    tokens::tokens,
};

const DEFAULT_DIMENSIONS: usize = 256;
const MAX_DIMENSIONS: usize = 4096;
/// Most inputs in one call, as with OpenAI.
const MAX_INPUTS: usize = 2048;
/// Most numbers in one answer: 12 MiB of text.
const MAX_NUMBERS: usize = 1 << 20;

#[derive(Deserialize)]
struct EmbeddingsRequest {
    model: String,
    input: Input,
    dimensions: Option<usize>,
    encoding_format: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Tokens(Vec<i64>),
    TokenLists(Vec<Vec<i64>>),
}

#[derive(Serialize)]
struct EmbeddingsAnswer<'a> {
    object: &'static str,
    data: Vec<Embedding>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Embedding {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Vector {
    Floats(Vec<f32>),
    Base64(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: i64,
    total_tokens: i64,
}

pub(super) fn answer(bytes: &Bytes) -> SandboxResult {
    let request: EmbeddingsRequest = serde_json::from_slice(bytes)?;
    let dimensions = request.dimensions.unwrap_or(DEFAULT_DIMENSIONS);
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err(SandboxError::invalid("dimensions", format!("`dimensions` must be 1 to {MAX_DIMENSIONS}.")));
    }
    let base64 = match request.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => return Err(SandboxError::invalid("encoding_format", "`encoding_format` must be float or base64.")),
    };
    let inputs = inputs(request.input);
    if inputs.is_empty() || inputs.len() > MAX_INPUTS || inputs.iter().any(|(bytes, _)| bytes.is_empty()) {
        return Err(SandboxError::invalid(
            "input",
            format!("`input` must be 1 to {MAX_INPUTS} texts, none of them empty."),
        ));
    }
    if inputs.len() * dimensions > MAX_NUMBERS {
        let message = format!("That would be more than {MAX_NUMBERS} numbers; send fewer texts at once.");
        return Err(SandboxError::invalid("input", message));
    }
    let input_tokens = inputs.iter().map(|(_, tokens)| tokens).sum();
    let data = inputs.iter().enumerate().map(|(index, (bytes, _))| {
        let vector = vector(bytes, dimensions);
        let embedding = if base64 {
            Vector::Base64(STANDARD.encode(vector.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()))
        } else {
            Vector::Floats(vector)
        };
        Embedding { object: "embedding", index, embedding }
    });
    Ok(json_response(&EmbeddingsAnswer {
        object: "list",
        data: data.collect(),
        model: &request.model,
        usage: Usage { prompt_tokens: input_tokens, total_tokens: input_tokens },
    }))
}

/// Converts each input to bytes and its number of tokens.
fn inputs(input: Input) -> Vec<(Vec<u8>, i64)> {
    let text = |text: String| {
        let tokens = tokens(&text);
        (text.into_bytes(), tokens)
    };
    let list = |list: Vec<i64>| {
        let count = i64::try_from(list.len()).unwrap_or(i64::MAX);
        (list.iter().flat_map(|token| token.to_le_bytes()).collect(), count)
    };
    match input {
        Input::Text(one) => vec![text(one)],
        Input::Texts(many) => many.into_iter().map(text).collect(),
        Input::Tokens(one) => vec![list(one)],
        Input::TokenLists(many) => many.into_iter().map(list).collect(),
    }
}

/// Makes a vector of length 1 that depends on the bytes only.
fn vector(bytes: &[u8], dimensions: usize) -> Vec<f32> {
    let mut state = fingerprint(bytes);
    let mut vector: Vec<f32> = (0..dimensions)
        .map(|_| {
            // xorshift64 (Marsaglia 2003), kept off zero, where it would stay.
            state = state.max(1);
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // The upper 24 bits fill a float's mantissa: uniform in -1 to 1.
            (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        })
        .collect();
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|number| *number /= length);
    vector
}
