//! Reads from a provider's answer what was used.
//!
//! Source: the `usage` objects of OpenAI's API reference (chat completions and completions, responses, embeddings,
//! images, transcriptions; whole and in streams), of Anthropic's (messages), and of those who speak as they do:
//! `docs/gateway.md` has a table of them. OpenAI counts cached tokens within its input, Anthropic beside it: here they are
//! within.

mod counts;
mod json;
mod names;
mod resolve;
pub(super) mod texts;

pub(super) use counts::Reports;
use domain::money::Tier;
use json::Value;
use names::{Figure, Place};

/// What an answer, or an event of one, says beyond its content.
#[derive(Debug, Default)]
pub(super) struct Reported<'a> {
    pub(super) reports: Reports,
    /// The code of the error that it reports instead of an answer.
    pub(super) error_code: Option<String>,
    /// Whether there is usage and nothing else in it: the chunk that a client may not have asked for.
    pub(super) only_usage: bool,
    /// What kind of event it is.
    pub(super) kind: EventKind,
    /// The id that the provider gave to the answer, unread.
    id: Option<Value<'a>>,
}

/// What an event of a stream is for its end.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum EventKind {
    #[default]
    Other,
    /// Content that the model goes on with.
    Content,
    /// The last of its stream.
    Last,
    /// It may be the last.
    PerhapsLast,
}

impl EventKind {
    /// By its `type`; OpenAI's chunks of chat have none.
    fn of(name: Option<&str>) -> Self {
        match name {
            None => Self::Content,
            Some(
                "response.completed"
                | "response.incomplete"
                | "response.failed"
                | "message_stop"
                | "transcript.text.done"
                | "speech.audio.done",
            ) => Self::Last,
            Some("image_generation.completed" | "image_edit.completed" | "error") => Self::PerhapsLast,
            Some(name) if name.ends_with("delta") && name != "message_delta" => Self::Content,
            Some(_) => Self::Other,
        }
    }
}

impl<'a> Reported<'a> {
    /// Reads a JSON text. What isn't one, or has another form, reports nothing.
    pub(super) fn read(json: &'a [u8]) -> Self {
        let mut answer = Answer::default();
        if json::members(json, |name, value| answer.take(name, value)).is_none() {
            return Self::default();
        }
        let name = answer.r#type.and_then(Value::text);
        let name = name.as_deref();
        let kind = EventKind::of(name);
        // Where the whole answer is within an event: `response` at OpenAI, `message` at Anthropic.
        let inner = |wanted| [answer.response, answer.message].into_iter().flatten().find_map(|it| it.member(wanted));
        let mut reports = answer.reports(inner("usage"));
        let tier = answer.service_tier.or_else(|| inner("service_tier")).and_then(Value::text);
        reports.tier = reports.tier.or(tier.map(|name| Tier::of(&name)));
        if matches!(kind, EventKind::Last | EventKind::Content)
            && let Some(output) = answer.output.or_else(|| inner("output"))
        {
            count_tools(&mut reports, output);
        }
        // Anthropic's first event counts what is still to come as one token or so.
        reports.is_final = reports.is_any() && name != Some("message_start");
        reports.images = match kind {
            EventKind::PerhapsLast if name != Some("error") => Some(1),
            _ => answer.data.and_then(length),
        };
        if reports.media_ms.is_none() {
            reports.media_ms = answer.duration.and_then(counts::number).and_then(counts::millis);
        }
        Self {
            only_usage: reports.is_final && answer.choices.and_then(length) == Some(0),
            error_code: answer.error.and_then(error_code).or_else(|| inner("error").and_then(error_code)),
            kind,
            id: answer.id.or_else(|| inner("id")),
            reports,
        }
    }

    /// The id that the provider gave to the answer.
    pub(super) fn id(&self) -> Option<String> {
        self.id.and_then(Value::text).map(Into::into)
    }
}

/// The parts of an answer that matter here, unread: whatever form they have, the others can be read.
#[derive(Default)]
struct Answer<'a> {
    r#type: Option<Value<'a>>,
    usage: Option<Value<'a>>,
    /// Where others than OpenAI and Anthropic put their usage.
    elsewhere: Option<Value<'a>>,
    timings: Option<Value<'a>>,
    service_tier: Option<Value<'a>>,
    /// What a response is made of.
    output: Option<Value<'a>>,
    choices: Option<Value<'a>>,
    data: Option<Value<'a>>,
    duration: Option<Value<'a>>,
    error: Option<Value<'a>>,
    id: Option<Value<'a>>,
    response: Option<Value<'a>>,
    message: Option<Value<'a>>,
}

impl<'a> Answer<'a> {
    fn take(&mut self, name: &str, value: Value<'a>) {
        let place = match name {
            "type" => &mut self.r#type,
            "usage" => &mut self.usage,
            // Groq's streams.
            "x_groq" => return self.elsewhere = value.member("usage").or(self.elsewhere),
            // Cohere's own API, Gemini's, and Bedrock's streams of Anthropic's models.
            "meta" | "usageMetadata" | "amazon-bedrock-invocationMetrics" => &mut self.elsewhere,
            // llama.cpp.
            "timings" => &mut self.timings,
            "service_tier" => &mut self.service_tier,
            "output" => &mut self.output,
            "choices" => &mut self.choices,
            "data" => &mut self.data,
            "duration" => &mut self.duration,
            "error" => &mut self.error,
            "id" => &mut self.id,
            "response" => &mut self.response,
            "message" => &mut self.message,
            _ => return,
        };
        *place = Some(value).filter(|value| !value.is_null());
    }

    /// What the first place says that says anything.
    fn reports(&self, inner: Option<Value<'a>>) -> Reports {
        let usual = [self.usage, inner, self.elsewhere].into_iter();
        let places = usual.chain(std::iter::once_with(|| self.usage_of_a_choice())).map(|value| (Place::Usage, value));
        let mut places = places.chain([(Place::Timings, self.timings)]);
        let read = places.find_map(|(place, value)| Some(Reports::read(place, value?)).filter(Reports::is_any));
        read.unwrap_or_default()
    }

    /// Moonshot's streams tell it within their last choice.
    fn usage_of_a_choice(&self) -> Option<Value<'a>> {
        let mut found = None;
        self.choices?.items(|choice| found = choice.member("usage").or(found))?;
        found
    }
}

/// Counts the tools that a provider ran itself, where its usage doesn't: OpenAI's is told by what the response is made of. Of its
/// searches those cost something that search; what is opened or looked through is in them.
///
/// Source: <https://platform.openai.com/docs/pricing#built-in-tools>.
fn count_tools(reports: &mut Reports, output: Value<'_>) {
    if reports.get(Figure::Searches).is_some() || reports.get(Figure::ToolCalls).is_some() {
        return;
    }
    // Anything but a list has none.
    let _ = output.items(|item| match item.member("type").and_then(Value::text).as_deref() {
        Some("web_search_call") => {
            let action = item.member("action").and_then(|action| action.member("type")).and_then(Value::text);
            if action.is_none_or(|action| action == "search") {
                reports.add(Figure::Searches, 1);
            }
        }
        Some("file_search_call" | "code_interpreter_call") => reports.add(Figure::ToolCalls, 1),
        _ => {}
    });
}

/// How many items a list has.
fn length(list: Value<'_>) -> Option<i64> {
    let mut length = 0;
    list.items(|_| length += 1)?;
    Some(length)
}

/// The code of `{"code": …, "type": …}`, where it may be a text, a number, or missing, as the log keeps it: short, and plain
/// ASCII whatever the provider sent. Anthropic's errors have a type instead.
fn error_code(error: Value<'_>) -> Option<String> {
    if !error.is_object() {
        return None;
    }
    let code = error.member("code").filter(|code| !code.is_null());
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let text = code.or_else(|| error.member("type")).and_then(Value::text).unwrap_or_default();
    let text: String = text.chars().filter(plain).take(64).collect();
    Some(if text.is_empty() { "upstream_error".to_owned() } else { text })
}

#[cfg(test)]
mod dialects;
#[cfg(test)]
mod tests;
