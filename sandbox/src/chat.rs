//! Chat completions, in the form of OpenAI's API reference:
//! <https://platform.openai.com/docs/api-reference/chat>.
//!
//! A completion's id contains the seed of its words, so that every server can repeat them at any time. The
//! rest of it is known as long as its request is remembered.

mod forms;

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use self::forms::ChatAnswer;
use crate::{
    bodies::json_response,
    error::{SandboxError, SandboxResult},
    reply::{Reply, ReplyOptions, Stops, max_thought_tokens},
    request::ReceivedRequest,
    seeds::fingerprint,
    text_format::TextFormat,
    tokens::tokens,
    tools::ToolCall,
    turn::Turn,
};

/// Most choices in one answer.
const MAX_CHOICES: u32 = 8;
/// Tokens of each message in addition to its text, which OpenAI counts as well.
const TOKENS_PER_MESSAGE: i64 = 3;
/// The model of a fetched completion whose request isn't remembered.
const DEFAULT_MODEL: &str = "sandbox-1";

#[derive(Deserialize)]
struct ChatRequest {
    model: String,
    messages: Vec<Value>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<i64>,
    max_completion_tokens: Option<i64>,
    n: Option<u32>,
    store: Option<bool>,
    logprobs: Option<bool>,
    reasoning_effort: Option<String>,
    service_tier: Option<String>,
    #[serde(default)]
    stop: Stops,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    response_format: Value,
    #[serde(default)]
    tools: Value,
    #[serde(default)]
    tool_choice: Value,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// The text and author of a message.
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

impl ChatRequest {
    fn seed(&self) -> Result<ChatSeed, SandboxError> {
        let messages: Result<Vec<Message>, _> = self.messages.iter().map(Message::deserialize).collect();
        let messages = messages?;
        let Some(last) = messages.last() else {
            return Err(SandboxError::invalid("messages", "`messages` must hold at least one message."));
        };
        let max_tokens = self.max_completion_tokens.or(self.max_tokens).unwrap_or(i64::from(u32::MAX));
        if max_tokens < 1 {
            return Err(SandboxError::invalid("max_completion_tokens", "`max_completion_tokens` must be at least 1."));
        }
        let choices = self.n.unwrap_or(1);
        if !(1..=MAX_CHOICES).contains(&choices) {
            return Err(SandboxError::invalid("n", format!("`n` must be 1 to {MAX_CHOICES}.")));
        }
        let hash = messages.iter().fold(fingerprint(last.text().as_bytes()), |hash, message| {
            hash.rotate_left(7) ^ fingerprint(format!("{}:{}", message.role, message.text()).as_bytes())
        });
        let prompt_tokens = messages.iter().map(|message| tokens(&message.text()) + TOKENS_PER_MESSAGE).sum();
        Ok(ChatSeed { hash, prompt_tokens, max_tokens, choices })
    }

    /// Returns the service tier in the answer, if one was requested.
    fn tier(&self) -> Option<&str> {
        self.service_tier.as_deref().map(|tier| if tier == "auto" { "default" } else { tier })
    }

    fn replies(&self, seed: &ChatSeed) -> Result<Vec<Reply>, SandboxError> {
        let options = ReplyOptions {
            call: ToolCall::choose(&self.tools, &self.tool_choice, &Turn::of_chat(&self.messages))?,
            format: TextFormat::read(&self.response_format, "response_format")?,
            max_thought_tokens: self.reasoning_effort.as_deref().and_then(|effort| max_thought_tokens(Some(effort))),
            max_tokens: seed.max_tokens,
            stops: self.stop.all(),
        };
        seed.choice_seeds().map(|seed| Reply::new(seed, &options)).collect()
    }
}

pub(super) fn answer(request: &ReceivedRequest<'_>) -> SandboxResult {
    let parsed: ChatRequest = request.input.parse()?;
    let seed = parsed.seed()?;
    let replies = parsed.replies(&seed)?;
    let mut id = seed.id();
    if parsed.store == Some(true) {
        // A stored completion has a unique id, since it can be changed.
        id = format!("{id}_{:x}", fastrand::u64(..));
        request.stored_questions.remember(id.clone(), request.input.json()?);
    }
    let has_logprobs = parsed.logprobs == Some(true);
    let answer = ChatAnswer {
        id: &id,
        model: &parsed.model,
        tier: parsed.tier(),
        replies: &replies,
        prompt_tokens: seed.prompt_tokens,
        has_logprobs,
    };
    let includes_usage = parsed.stream_options.as_ref().and_then(|options| options.include_usage) == Some(true);
    Ok(match parsed.stream {
        Some(true) => answer.stream(includes_usage && request.reports_usage),
        _ => answer.response(request.reports_usage, None),
    })
}

/// Fetches, changes or deletes a stored completion.
pub(super) fn stored(method: &Method, route: &str, request: &ReceivedRequest<'_>) -> SandboxResult {
    let seed = ChatSeed::of(request.id)?;
    let new_metadata = match *method {
        Method::DELETE => {
            request.stored_questions.forget(request.id);
            return Ok(json_response(&json!({"id": request.id, "object": "chat.completion.deleted", "deleted": true})));
        }
        Method::POST => Some(request.input.parse::<MetadataChange>()?.metadata),
        Method::GET => None,
        _ => return Err(SandboxError::not_found()),
    };
    let question = match new_metadata {
        Some(metadata) => request.stored_questions.change(request.id, |question| question.metadata = Some(metadata)),
        None => request.stored_questions.find(request.id).unwrap_or_default(),
    };
    let parsed: Option<ChatRequest> = serde_json::from_slice(&question.body).ok();
    if route.ends_with("/messages") {
        return Ok(json_response(&messages(request.id, parsed.as_ref())));
    }
    let replies = match &parsed {
        Some(parsed) => parsed.replies(&seed)?,
        None => seed.choice_seeds().map(|hash| Reply::words(hash, seed.max_tokens)).collect(),
    };
    let metadata = question.metadata.or_else(|| parsed.as_ref().map(|parsed| parsed.metadata.clone()));
    let metadata = metadata.filter(Value::is_object).unwrap_or_else(|| json!({}));
    let model = parsed.as_ref().map_or(DEFAULT_MODEL, |parsed| &parsed.model);
    let has_logprobs = parsed.as_ref().is_some_and(|parsed| parsed.logprobs == Some(true));
    let tier = parsed.as_ref().and_then(ChatRequest::tier);
    let answer =
        ChatAnswer { id: request.id, model, tier, replies: &replies, prompt_tokens: seed.prompt_tokens, has_logprobs };
    Ok(answer.response(request.reports_usage, Some(&metadata)))
}

/// Lists the messages of a stored completion's request, as far as they are remembered.
fn messages(id: &str, parsed: Option<&ChatRequest>) -> Value {
    let messages = parsed.map(|parsed| parsed.messages.as_slice()).unwrap_or_default();
    let item = |(message, index): (&Value, u32)| {
        let mut message = message.as_object()?.clone();
        message.insert("id".to_owned(), format!("{id}-{index}").into());
        // Content parts have a field of their own here.
        if let Some(parts) = message.get_mut("content").filter(|content| content.is_array()).map(Value::take) {
            message.insert("content_parts".to_owned(), parts);
        }
        Some(Value::Object(message))
    };
    let data: Vec<Value> = messages.iter().zip(0..).filter_map(item).collect();
    let id = |message: Option<&Value>| message.map(|message| message["id"].clone());
    json!({"object": "list", "first_id": id(data.first()), "last_id": id(data.last()), "data": data, "has_more": false})
}

#[derive(Deserialize)]
struct MetadataChange {
    metadata: Value,
}

/// The values in a completion's id, which determine its words.
struct ChatSeed {
    hash: u64,
    /// Tokens of the request.
    prompt_tokens: i64,
    /// Most tokens of each choice.
    max_tokens: i64,
    choices: u32,
}

impl ChatSeed {
    fn id(&self) -> String {
        format!("chatcmpl-sandbox_{:x}_{:x}_{:x}_{:x}", self.hash, self.prompt_tokens, self.max_tokens, self.choices)
    }

    fn of(id: &str) -> Result<Self, SandboxError> {
        let mut parts = id.strip_prefix("chatcmpl-sandbox_").unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let found = (|| {
            let (hash, prompt_tokens, max_tokens, choices) = (part()?, part()?, part()?, part()?);
            let choices = u32::try_from(choices).ok().filter(|choices| *choices <= MAX_CHOICES)?;
            Some(Self {
                hash,
                prompt_tokens: i64::try_from(prompt_tokens).ok()?,
                max_tokens: i64::try_from(max_tokens).ok()?,
                choices,
            })
        })();
        found.ok_or_else(SandboxError::not_found)
    }

    /// Returns the seed of each choice.
    fn choice_seeds(&self) -> impl Iterator<Item = u64> {
        let hash = self.hash;
        (0..self.choices).map(move |index| hash.wrapping_add(index.into()))
    }
}
