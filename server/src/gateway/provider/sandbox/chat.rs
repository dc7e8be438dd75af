//! Chat completions, in the form of OpenAI's API reference: <https://platform.openai.com/docs/api-reference/chat>.
//!
//! A completion's id holds what its words follow from, so that every server can give them again, at any time. What else
//! it said is known as long as its question is remembered.

mod forms;

use serde::Deserialize;
use serde_json::{Value, json as value};

use self::forms::Whole;
use super::{
    Answer, Question, Wrong, fingerprint, json,
    reply::{Reply, Stops, Wanted, effort},
    text_format::Form,
    tokens,
    tools::ToolCall,
    turn::Turn,
};
use crate::gateway::endpoint::Verb;

/// Most answers to one question.
const MOST_CHOICES: u32 = 8;
/// Tokens that each message takes besides its text, as OpenAI counts them too.
const TOKENS_PER_MESSAGE: i64 = 3;
/// The model that a completion which is asked for again says it is of, where its question isn't remembered.
const MODEL: &str = "sandbox-1";

#[derive(Deserialize)]
struct Asked {
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

/// What a message says.
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

impl Asked {
    fn seed(&self) -> Result<Seed, Wrong> {
        let messages: Result<Vec<Message>, _> = self.messages.iter().map(Message::deserialize).collect();
        let messages = messages?;
        let Some(last) = messages.last() else {
            return Err(Wrong::about("messages", "`messages` must hold at least one message."));
        };
        let most = self.max_completion_tokens.or(self.max_tokens).unwrap_or(i64::from(u32::MAX));
        if most < 1 {
            return Err(Wrong::about("max_completion_tokens", "`max_completion_tokens` must be at least 1."));
        }
        let choices = self.n.unwrap_or(1);
        if !(1..=MOST_CHOICES).contains(&choices) {
            return Err(Wrong::about("n", format!("`n` must be 1 to {MOST_CHOICES}.")));
        }
        let hash = messages.iter().fold(fingerprint(last.text().as_bytes()), |hash, message| {
            hash.rotate_left(7) ^ fingerprint(format!("{}:{}", message.role, message.text()).as_bytes())
        });
        let prompt = messages.iter().map(|message| tokens(&message.text()) + TOKENS_PER_MESSAGE).sum();
        Ok(Seed { hash, prompt, most, choices })
    }

    /// The tier that it is said to be answered by, where one was asked for.
    fn tier(&self) -> Option<&str> {
        self.service_tier.as_deref().map(|tier| if tier == "auto" { "default" } else { tier })
    }

    fn replies(&self, seed: &Seed) -> Result<Vec<Reply>, Wrong> {
        let wanted = Wanted {
            call: ToolCall::wanted(&self.tools, &self.tool_choice, &Turn::of_chat(&self.messages))?,
            form: Form::read(&self.response_format, "response_format")?,
            thinks: self.reasoning_effort.as_deref().and_then(|asked| effort(Some(asked))),
            most: seed.most,
            stops: self.stop.all(),
        };
        seed.each().map(|seed| Reply::new(seed, &wanted)).collect()
    }
}

pub(super) fn answer(question: &Question<'_>) -> Answer {
    let asked: Asked = question.input.parse()?;
    let seed = asked.seed()?;
    let replies = asked.replies(&seed)?;
    let mut id = seed.id();
    if asked.store == Some(true) {
        // What is stored is a thing of its own, which can be changed.
        id = format!("{id}_{:x}", fastrand::u64(..));
        question.questions.note(id.clone(), question.input.json()?);
    }
    let logprobs = asked.logprobs == Some(true);
    let answer =
        Whole { id: &id, model: &asked.model, tier: asked.tier(), replies: &replies, prompt: seed.prompt, logprobs };
    let wants_usage = asked.stream_options.as_ref().and_then(|options| options.include_usage) == Some(true);
    Ok(match asked.stream {
        Some(true) => answer.stream(wants_usage && question.reports),
        _ => answer.whole(question.reports, None),
    })
}

/// A completion that was stored: told or deleted again, or with other metadata.
pub(super) fn stored(verb: Verb, path: &str, question: &Question<'_>) -> Answer {
    let seed = Seed::of(question.id)?;
    let changed = match verb {
        Verb::Delete => {
            question.questions.forget(question.id);
            return Ok(json(&value!({"id": question.id, "object": "chat.completion.deleted", "deleted": true})));
        }
        Verb::Get => None,
        Verb::Post => Some(question.input.parse::<Changed>()?.metadata),
    };
    let remembered = match changed {
        Some(metadata) => question.questions.change(question.id, |known| known.metadata = Some(metadata)),
        None => question.questions.find(question.id).unwrap_or_default(),
    };
    let asked: Option<Asked> = serde_json::from_slice(&remembered.body).ok();
    if path.ends_with("/messages") {
        return Ok(json(&messages(question.id, asked.as_ref())));
    }
    let replies = match &asked {
        Some(asked) => asked.replies(&seed)?,
        None => seed.each().map(|hash| Reply::words(hash, seed.most)).collect(),
    };
    let metadata = remembered.metadata.or_else(|| asked.as_ref().map(|asked| asked.metadata.clone()));
    let metadata = metadata.filter(Value::is_object).unwrap_or_else(|| value!({}));
    let model = asked.as_ref().map_or(MODEL, |asked| &asked.model);
    let logprobs = asked.as_ref().is_some_and(|asked| asked.logprobs == Some(true));
    let tier = asked.as_ref().and_then(Asked::tier);
    let answer = Whole { id: question.id, model, tier, replies: &replies, prompt: seed.prompt, logprobs };
    Ok(answer.whole(question.reports, Some(&metadata)))
}

/// What was said to it, as far as that is remembered.
fn messages(id: &str, asked: Option<&Asked>) -> Value {
    let messages = asked.map(|asked| asked.messages.as_slice()).unwrap_or_default();
    let told = |(message, index): (&Value, u32)| {
        let mut message = message.as_object()?.clone();
        message.insert("id".to_owned(), format!("{id}-{index}").into());
        // Parts stand beside the content there.
        if let Some(parts) = message.get_mut("content").filter(|content| content.is_array()).map(Value::take) {
            message.insert("content_parts".to_owned(), parts);
        }
        Some(Value::Object(message))
    };
    let data: Vec<Value> = messages.iter().zip(0..).filter_map(told).collect();
    let id = |message: Option<&Value>| message.map(|message| message["id"].clone());
    value!({"object": "list", "first_id": id(data.first()), "last_id": id(data.last()), "data": data, "has_more": false})
}

#[derive(Deserialize)]
struct Changed {
    metadata: Value,
}

/// What an answer follows from.
struct Seed {
    hash: u64,
    /// Tokens of the question.
    prompt: i64,
    /// Most tokens of each choice.
    most: i64,
    choices: u32,
}

impl Seed {
    fn id(&self) -> String {
        format!("chatcmpl-sandbox_{:x}_{:x}_{:x}_{:x}", self.hash, self.prompt, self.most, self.choices)
    }

    fn of(id: &str) -> Result<Self, Wrong> {
        let mut parts = id.strip_prefix("chatcmpl-sandbox_").unwrap_or_default().split('_');
        let mut part = || u64::from_str_radix(parts.next()?, 16).ok();
        let found = (|| {
            let (hash, prompt, most, choices) = (part()?, part()?, part()?, part()?);
            let choices = u32::try_from(choices).ok().filter(|choices| *choices <= MOST_CHOICES)?;
            Some(Self { hash, prompt: i64::try_from(prompt).ok()?, most: i64::try_from(most).ok()?, choices })
        })();
        found.ok_or_else(Wrong::not_found)
    }

    /// What each choice follows from.
    fn each(&self) -> impl Iterator<Item = u64> {
        let hash = self.hash;
        (0..self.choices).map(move |index| hash.wrapping_add(index.into()))
    }
}
