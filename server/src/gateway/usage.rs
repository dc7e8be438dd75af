//! Reads usage from providers' answers.
//!
//! Source: the `usage` objects of OpenAI's API reference (chat completions and completions, responses,
//! embeddings, images, transcriptions; streamed and not), of Anthropic's (messages), and of compatible
//! providers, which a table in `docs/gateway.md` lists. OpenAI counts cached tokens within its input,
//! Anthropic apart from it: here they are within.

mod counts;
mod names;
mod resolve;

use super::{answers::signs::is_initial_event, json::raw::RawJson};
pub(super) use counts::UsageReports;
use domain::money::Tier;
use names::{CountKind, CountParent};

/// The usage that an answer or a stream event reports.
#[derive(Debug, Default)]
pub(super) struct ReportedUsage {
    pub(super) reports: UsageReports,
}

impl ReportedUsage {
    /// Reads a JSON text. Anything else, and JSON of another form, reports nothing.
    pub(super) fn read(json: &[u8]) -> Self {
        Self::read_named(json, None)
    }

    /// Reads the data of an event, with the name of its `event` field, if any.
    pub(super) fn read_named(json: &[u8], event_name: Option<&str>) -> Self {
        let mut answer = AnswerMembers::default();
        if crate::gateway::json::raw::members(json, |name, value| answer.insert(name, value)).is_none() {
            return Self::default();
        }
        let name = answer.r#type.and_then(RawJson::text);
        let name = name.as_deref().or(event_name);
        // The member with the whole answer: `response` at OpenAI, `message` at Anthropic.
        let inner = |name| [answer.response, answer.message].into_iter().flatten().find_map(|inner| inner.member(name));
        let mut reports = answer.reports(inner("usage"));
        let tier = answer.service_tier.or_else(|| inner("service_tier")).and_then(RawJson::text);
        reports.tier = reports.tier.or(tier.map(|name| Tier::of(&name)));
        if matches!(name, None | Some("response.completed" | "response.incomplete" | "response.failed"))
            && let Some(output) = answer.output.or_else(|| inner("output"))
        {
            count_tools(&mut reports, output);
        }
        reports.is_final = reports.is_any() && !name.is_some_and(is_initial_event);
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

/// The relevant members of an answer, unparsed, so that one of unexpected form doesn't
/// prevent reading the others.
#[derive(Default)]
struct AnswerMembers<'a> {
    r#type: Option<RawJson<'a>>,
    usage: Option<RawJson<'a>>,
    /// Usage under a name that neither OpenAI nor Anthropic uses.
    other_usage: Option<RawJson<'a>>,
    timings: Option<RawJson<'a>>,
    service_tier: Option<RawJson<'a>>,
    /// The items of a response.
    output: Option<RawJson<'a>>,
    choices: Option<RawJson<'a>>,
    data: Option<RawJson<'a>>,
    duration: Option<RawJson<'a>>,
    response: Option<RawJson<'a>>,
    message: Option<RawJson<'a>>,
}

impl<'a> AnswerMembers<'a> {
    fn insert(&mut self, name: &str, value: RawJson<'a>) {
        let member = match name {
            "type" => &mut self.r#type,
            "usage" => &mut self.usage,
            // Groq's streams.
            "x_groq" => return self.other_usage = value.member("usage").or(self.other_usage),
            // Cohere's own API, Gemini's, and Bedrock's streams of Anthropic's models.
            "meta" | "usageMetadata" | "amazon-bedrock-invocationMetrics" => &mut self.other_usage,
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
        *member = Some(value).filter(|value| !value.is_null());
    }

    /// Returns the usage in the first place that has any.
    fn reports(&self, inner: Option<RawJson<'a>>) -> UsageReports {
        let usages = [self.usage, inner, self.other_usage].into_iter();
        let objects =
            usages.chain(std::iter::once_with(|| self.choice_usage())).map(|value| (CountParent::Usage, value));
        let mut objects = objects.chain([(CountParent::Timings, self.timings)]);
        let found =
            objects.find_map(|(parent, value)| Some(UsageReports::read(parent, value?)).filter(UsageReports::is_any));
        found.unwrap_or_default()
    }

    /// Returns the usage in the last choice that has any, as in Moonshot's streams.
    fn choice_usage(&self) -> Option<RawJson<'a>> {
        let mut found = None;
        self.choices?.items(|choice| found = choice.member("usage").or(found))?;
        found
    }
}

/// Counts the tools that a provider ran, unless its usage does: at OpenAI they are items of the response. Of
/// its search calls only those that search are charged; opening and looking through pages is included.
///
/// Source: <https://platform.openai.com/docs/pricing#built-in-tools>.
fn count_tools(reports: &mut UsageReports, output: RawJson<'_>) {
    if reports.get(CountKind::Searches).is_some() || reports.get(CountKind::ToolCalls).is_some() {
        return;
    }
    // A value that isn't a list has no items.
    let _ = output.items(|item| match item.member("type").and_then(RawJson::text).as_deref() {
        Some("web_search_call") => {
            let action = item.member("action").and_then(|action| action.member("type")).and_then(RawJson::text);
            if action.is_none_or(|action| action == "search") {
                reports.add(CountKind::Searches, 1);
            }
        }
        Some("file_search_call" | "code_interpreter_call") => reports.add(CountKind::ToolCalls, 1),
        _ => {}
    });
}

/// Returns the number of items in a list.
fn length(list: RawJson<'_>) -> Option<i64> {
    let mut length = 0;
    list.items(|_| length += 1)?;
    Some(length)
}

#[cfg(test)]
mod dialects;
#[cfg(test)]
mod tests;
