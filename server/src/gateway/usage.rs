//! Reads from a provider's answer what was used.
//!
//! Source: the `usage` objects of OpenAI's API reference (chat completions and completions, responses, embeddings,
//! images, transcriptions; whole and in streams), of Anthropic's (messages), and of those who speak as they do:
//! `docs/gateway.md` has a table of them. OpenAI counts cached tokens within its input, Anthropic beside it: here they are
//! within.

mod counts;
mod names;
mod resolve;

use super::json::raw::Value;
pub(super) use counts::Reports;
use domain::money::Tier;
use names::{Figure, Place};

use super::answers::signs::begins;

/// What an answer, or an event of one, reports of its use.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) reports: Reports,
}

impl Reported {
    /// Reads a JSON text. What isn't one, or has another form, reports nothing.
    pub(super) fn read(json: &[u8]) -> Self {
        Self::read_called(json, None)
    }

    /// The same of an event that came by this name, if it had one.
    pub(super) fn read_called(json: &[u8], called: Option<&str>) -> Self {
        let mut answer = Answer::default();
        if crate::gateway::json::raw::members(json, |name, value| answer.take(name, value)).is_none() {
            return Self::default();
        }
        let name = answer.r#type.and_then(Value::text);
        let name = name.as_deref().or(called);
        // Where the whole answer is within an event: `response` at OpenAI, `message` at Anthropic.
        let inner = |wanted| [answer.response, answer.message].into_iter().flatten().find_map(|it| it.member(wanted));
        let mut reports = answer.reports(inner("usage"));
        let tier = answer.service_tier.or_else(|| inner("service_tier")).and_then(Value::text);
        reports.tier = reports.tier.or(tier.map(|name| Tier::of(&name)));
        if matches!(name, None | Some("response.completed" | "response.incomplete" | "response.failed"))
            && let Some(output) = answer.output.or_else(|| inner("output"))
        {
            count_tools(&mut reports, output);
        }
        reports.is_final = reports.is_any() && !name.is_some_and(begins);
        reports.images = match name {
            Some("image_generation.completed" | "image_edit.completed") => Some(1),
            _ => answer.data.and_then(length),
        };
        if reports.media_ms.is_none() {
            reports.media_ms = answer.duration.and_then(counts::number).and_then(counts::millis);
        }
        Self { reports }
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

#[cfg(test)]
mod dialects;
#[cfg(test)]
mod tests;
