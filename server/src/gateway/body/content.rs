//! Notes what a request contains or asks for that its bytes don't bound: pictures, files, tools of the provider.
//!
//! What isn't known to be text counts as something that only the model's context window bounds.

use domain::money::Tier;

use super::{names::BodyField, parameters::ParameterEffect, path::JsonPath, tools::ToolSums};
use crate::gateway::json::base64::{is_base64, is_medium_url};

/// Facts about a request that decide what its call can cost at most.
#[derive(Debug, Default)]
pub(in crate::gateway) struct ContentNotes {
    /// Number of pictures.
    pub(in crate::gateway) pictures: u64,
    /// Length of the pictures that are in the request itself, in bytes of base64.
    pub(in crate::gateway) picture_bytes: u64,
    /// Whether it has content whose bytes don't bound its tokens, or aren't in it: audio, documents, files,
    /// stored conversations.
    pub(in crate::gateway) has_foreign: bool,
    pub(in crate::gateway) tools: ToolSums,
    /// How often tools may be run in total, as far as that is limited.
    pub(in crate::gateway) max_tool_calls: Option<u64>,
    /// The length of a requested video, in milliseconds.
    pub(in crate::gateway) media_ms: Option<u64>,
    /// The only tier besides the standard one at which the request may be processed.
    pub(in crate::gateway) tier: Option<Tier>,
    has_tier: bool,
    /// The first parameter of unknown effect.
    pub(in crate::gateway) unknown_parameter: Option<String>,
}

/// Types of content that are text, or whose pictures, addresses and texts are noted by their keys; sorted.
///
/// Sources: the content of messages and items in the API references of OpenAI and Anthropic.
#[rustfmt::skip]
static TEXT_TYPES: &[&str] = &[
    "apply_patch_call", "apply_patch_call_output", "base64", "char_location", "computer_call",
    "computer_call_output", "computer_screenshot", "custom", "custom_tool_call", "custom_tool_call_output",
    "ephemeral", "file_citation", "function", "function_call", "function_call_output", "image", "image_url",
    "input_image", "input_text", "local_shell_call", "local_shell_call_output", "message", "output_text",
    "reasoning", "reasoning.encrypted", "reasoning.summary", "reasoning.text", "reasoning_text",
    "redacted_thinking", "refusal", "search_result", "search_result_location", "server_tool_use", "summary_text",
    "text", "thinking", "tool_result", "tool_use", "url", "url_citation", "web_search_result",
    "web_search_result_location", "web_search_tool_result",
];

impl ContentNotes {
    /// Notes a parameter that has a value.
    pub(super) fn add_parameter(&mut self, effect: ParameterEffect) {
        match effect {
            ParameterEffect::Known => {}
            ParameterEffect::Reference => self.has_foreign = true,
            ParameterEffect::Unknown(name) => {
                self.unknown_parameter.get_or_insert(name);
            }
        }
    }

    /// Notes a text.
    pub(super) fn add_text(&mut self, path: JsonPath, text: &str) {
        if path.is_parameter(BodyField::ServiceTier) {
            // A parser might use either of two.
            self.tier = if self.has_tier { None } else { requested_tier(text) };
            self.has_tier = true;
        } else if path.is_parameter(BodyField::Seconds) {
            self.add_seconds(text.trim().parse().unwrap_or(f64::INFINITY));
        } else if path.is_parameter(BodyField::MaxToolCalls) {
            self.add_max_tool_calls(u64::MAX);
        } else if path.is_parameter(BodyField::Medium) {
            self.has_foreign = true;
        } else if path.top == BodyField::ContextManagement {
            // Summaries are calls of their own. Other edits only leave content out.
            if path.name == BodyField::Type && text.trim().starts_with("compact") {
                self.add_parameter(ParameterEffect::Unknown("context_management".to_owned()));
            }
        } else if path.is_content() {
            self.add_content(path, text);
        }
    }

    fn add_content(&mut self, path: JsonPath, text: &str) {
        if path.name == BodyField::Type {
            self.has_foreign |= TEXT_TYPES.binary_search(&text).is_err();
        } else if path.is_picture() {
            self.pictures += 1;
            if is_medium_url(text) || (path.name == BodyField::Data && is_base64(text)) {
                self.picture_bytes += text.len() as u64;
            }
        }
    }

    /// Notes a key whose value isn't `null`.
    pub(super) fn add_key(&mut self, path: JsonPath) {
        let is_foreign =
            matches!(path.name, BodyField::Audio | BodyField::FileId | BodyField::Medium | BodyField::Video);
        self.has_foreign |= is_foreign && path.is_content();
    }

    /// Notes a number; `None` for a negative one or one that isn't whole.
    pub(super) fn add_number(&mut self, path: JsonPath, whole: Option<u64>, number: f64) {
        if path.is_parameter(BodyField::MaxToolCalls) {
            self.add_max_tool_calls(whole.unwrap_or(u64::MAX));
        } else if path.is_parameter(BodyField::Seconds) {
            self.add_seconds(number);
        }
    }

    /// Notes the largest of several values. What can't be read counts as absurdly many.
    fn add_max_tool_calls(&mut self, calls: u64) {
        self.max_tool_calls = self.max_tool_calls.max(Some(calls));
    }

    /// Notes the longest of several lengths. What can't be read counts as absurdly long.
    pub(super) fn add_seconds(&mut self, seconds: f64) {
        // The conversion saturates.
        let ms = if seconds >= 0.0 { (seconds * 1_000.0).ceil() as u64 } else { u64::MAX };
        self.media_ms = self.media_ms.max(Some(ms));
    }
}

/// The tier that a request asks for; `None` if its provider chooses, as it does by default.
///
/// A provider may always process a call at the standard tier instead. Sources: `service_tier` at
/// [OpenAI](https://platform.openai.com/docs/api-reference/responses/create),
/// [Anthropic](https://platform.claude.com/docs/en/api/service-tiers) and
/// [Groq](https://console.groq.com/docs/service-tiers).
fn requested_tier(name: &str) -> Option<Tier> {
    match name {
        "default" | "standard_only" | "on_demand" => Some(Tier::Standard),
        "flex" | "priority" => Some(Tier::of(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_order_and_there_once() {
        assert!(TEXT_TYPES.is_sorted_by(|first, second| first < second));
    }

    #[test]
    fn only_a_tier_that_is_asked_for_once_excludes_others() {
        let path = JsonPath::BODY.child(BodyField::ServiceTier);
        let tier = |names: &[&str]| {
            let mut notes = ContentNotes::default();
            names.iter().for_each(|name| notes.add_text(path, name));
            notes.tier
        };
        assert_eq!(tier(&["default"]), Some(Tier::Standard));
        assert_eq!(tier(&["priority"]), Some(Tier::Priority));
        for names in [&[][..], &["auto"], &["of_tomorrow"], &["default", "priority"], &["default", "x", "default"]] {
            assert_eq!(tier(names), None, "{names:?}");
        }
    }

    #[test]
    fn what_cant_be_read_is_absurdly_much() {
        let mut notes = ContentNotes::default();
        for (seconds, ms) in [(8.0, 8_000), (0.0005, 8_000), (9.0, 9_000), (-1.0, u64::MAX), (f64::NAN, u64::MAX)] {
            notes.add_seconds(seconds);
            assert_eq!(notes.media_ms, Some(ms), "{seconds}");
        }
    }
}
