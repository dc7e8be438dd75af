//! Bounds what a call can use, before it is forwarded, by its request and the limits of its model.
//!
//! The bounds hold for every provider that does what its API reference says. A token of text has at least one
//! byte, so the request's bytes bound the tokens of its texts. What isn't known to be text, or isn't in the
//! request, is bounded by the context window alone. `domain::money::UsageBounds` computes the cost.

mod pictures;

use axum::http::{HeaderMap, HeaderValue};
use domain::{
    models::Service,
    money::{Charging, Unbounded, UsageBound, UsageBounds},
};
use memchr::memmem;

use super::{
    body::RequestBody,
    endpoint::{Endpoint, MeteredUnit},
    form::FormNotes,
    offers::Offer,
};
use crate::v1::dialect::Dialect;

/// Tokens that a provider adds to a prompt. Anthropic's instructions for tools have
/// [some hundred](https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview); other templates are
/// shorter, and what they add to each message is less than the JSON around it.
const TEMPLATE_TOKENS: u64 = 1_024;
/// Tokens by which a provider describes a tool that it has defined and the client runs:
/// [up to 735, and 499 once](https://platform.claude.com/docs/en/agents-and-tools/tool-use/computer-use-tool).
const DESCRIBED_TOOL_TOKENS: u64 = 1_536;
/// The window for requests that ask for Anthropic's
/// [long context](https://platform.claude.com/docs/en/build-with-claude/context-windows), in tokens.
const LONG_WINDOW: u64 = 1_000_000;
/// Parts of the names of models that search or run tools though a request doesn't ask for it: Perplexity's,
/// Groq's systems, OpenAI's models for search, and OpenRouter's suffix.
const TOOL_MODELS: [&str; 4] = ["sonar", "compound", "search", ":online"];

/// The limits of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModelLimits<'o> {
    /// The providers' name for the model.
    name: &'o str,
    /// Most tokens of an answer.
    max_output: Option<u64>,
    /// Most tokens of prompt and answer together.
    window: Option<u64>,
}

impl<'o> ModelLimits<'o> {
    /// The limits of a model on offer, for a request with these headers.
    pub(super) fn new(offer: &'o Offer, headers: &HeaderMap) -> Self {
        let is_long_beta = |beta: &HeaderValue| memmem::find(beta.as_bytes(), b"context-1m").is_some();
        let is_long = headers.get_all("anthropic-beta").iter().any(is_long_beta);
        let window = offer.context_window.map(u64::from);
        Self {
            name: offer.upstream_json.trim_matches('"'),
            max_output: offer.max_output_tokens.map(u64::from),
            window: window.map(|window| if is_long { window.max(LONG_WINDOW) } else { window }),
        }
    }
}

/// Bounds a call with a JSON body, whose text to be spoken has a number of `characters`.
pub(super) fn of_json(
    endpoint: &Endpoint,
    model: &ModelLimits<'_>,
    body: &RequestBody,
    characters: i64,
) -> UsageBounds {
    let charging = charging(endpoint);
    if charging == Charging::Never {
        return UsageBounds::default();
    }
    if endpoint.service == Service::FineTuning {
        return unknown_training();
    }
    if let Some(name) = &body.content.unknown_parameter {
        return UsageBounds::unbounded(charging, &Unbounded::Parameter(name.clone()));
    }
    let request = JsonRequest { endpoint, model, body };
    let uses = request.tool_uses().map(count).ok_or(Unbounded::HostedTools);
    let bounds = UsageBounds {
        charging,
        tokens_in: request.tokens_in(),
        tokens_out: request.tokens_out(),
        searches: uses.clone(),
        tool_calls: uses,
        characters: Ok(characters),
        tier: body.content.tier,
        ..UsageBounds::nothing()
    };
    match endpoint.metered_unit {
        MeteredUnit::Free => UsageBounds::default(),
        MeteredUnit::Job => of_video(body.content.media_ms),
        MeteredUnit::Media => unknown_length(),
        MeteredUnit::Images => {
            UsageBounds { images: body.answers(endpoint).map(count).ok_or(Unbounded::Answers), ..bounds }
        }
        MeteredUnit::Tokens | MeteredUnit::TokensIn | MeteredUnit::FreeUnlessPriced => bounds,
    }
}

/// Bounds a call with a form.
pub(super) fn of_form(endpoint: &Endpoint, model: &ModelLimits<'_>, form: &FormNotes) -> UsageBounds {
    if endpoint.metered_unit == MeteredUnit::Media {
        return unknown_length();
    }
    if let Some(name) = &form.unknown_field {
        return UsageBounds::unbounded(Charging::Always, &Unbounded::Parameter(name.clone()));
    }
    if endpoint.metered_unit == MeteredUnit::Job {
        return of_video(form.seconds.map(|seconds| seconds.saturating_mul(1_000)));
    }
    let answers = form.answers.unwrap_or(1);
    let of_each = |most: Option<u64>, reason| most.map(|most| count(most.saturating_mul(answers))).ok_or(reason);
    UsageBounds {
        tokens_in: of_each(model.window, Unbounded::Content),
        tokens_out: of_each(model.max_output.or(model.window), Unbounded::Output),
        images: Ok(count(answers)),
        ..UsageBounds::nothing()
    }
}

/// Bounds the job of making a video from another one, whose length isn't in the request.
pub(super) fn of_remix() -> UsageBounds {
    of_video(None)
}

/// Bounds the job of making a video, which is charged by its length when it is done.
fn of_video(media_ms: Option<u64>) -> UsageBounds {
    UsageBounds { media_ms: media_ms.map(count).ok_or(Unbounded::Length), ..UsageBounds::nothing() }
}

/// Bounds the job of training a model, which is charged by trained tokens: those of a file that the provider
/// keeps, with pictures at addresses, times a number of epochs that the provider may choose.
fn unknown_training() -> UsageBounds {
    UsageBounds { tokens_in: Err(Unbounded::Training), ..UsageBounds::nothing() }
}

/// Bounds the transcription of a recording: neither its bytes nor what its container says bound its length.
fn unknown_length() -> UsageBounds {
    UsageBounds::unbounded(Charging::Always, &Unbounded::Length)
}

const fn charging(endpoint: &Endpoint) -> Charging {
    match endpoint.metered_unit {
        MeteredUnit::Free => Charging::Never,
        MeteredUnit::FreeUnlessPriced => Charging::IfPriced,
        MeteredUnit::Tokens | MeteredUnit::TokensIn | MeteredUnit::Images | MeteredUnit::Media | MeteredUnit::Job => {
            Charging::Always
        }
    }
}

/// A request with a JSON body.
struct JsonRequest<'a> {
    endpoint: &'a Endpoint,
    model: &'a ModelLimits<'a>,
    body: &'a RequestBody,
}

impl JsonRequest<'_> {
    fn tokens_in(&self) -> UsageBound {
        // Each picture of an answer may have the whole prompt.
        let times = match self.endpoint.metered_unit {
            MeteredUnit::Images => self.body.answers(self.endpoint).ok_or(Unbounded::Answers)?,
            _ => self.runs()?,
        };
        // From the second run on, the results of tools belong to the prompt.
        let written = if self.runs()? > 1 { None } else { self.written_tokens() };
        let each = [written, self.window()].into_iter().flatten().min().ok_or(Unbounded::Content)?;
        Ok(count(each.saturating_mul(times)))
    }

    fn tokens_out(&self) -> UsageBound {
        if self.endpoint.service == Service::Embeddings {
            return Ok(0);
        }
        let each = self.body.output_tokens(self.endpoint, self.model.max_output, self.model.window);
        Ok(count(each.ok_or(Unbounded::Output)?.saturating_mul(self.runs()?)))
    }

    /// The most tokens of what is in the request; `None` if its bytes don't bound it.
    fn written_tokens(&self) -> Option<u64> {
        let content = &self.body.content;
        if content.has_foreign {
            return None;
        }
        let pictures = match content.pictures {
            0 => 0,
            pictures => pictures.saturating_mul(pictures::max_tokens(self.model.name)?),
        };
        let text = (self.body.bytes().len() as u64).saturating_sub(content.picture_bytes);
        let tools = content.tools.described.saturating_mul(DESCRIBED_TOOL_TOKENS);
        Some([text, pictures, tools].into_iter().fold(TEMPLATE_TOKENS, u64::saturating_add))
    }

    /// The model's window, if all of the prompt has to fit into it: not the texts of a list, of which each may
    /// fill it, as for embeddings and moderations.
    fn window(&self) -> Option<u64> {
        let is_one_prompt = match self.endpoint.metered_unit {
            MeteredUnit::Tokens => self.body.prompts() == 1,
            MeteredUnit::Images => true,
            _ => false,
        };
        self.model.window.filter(|_| is_one_prompt)
    }

    /// How often the model may run: once, and again after each tool that the provider runs.
    fn runs(&self) -> Result<u64, Unbounded> {
        self.tool_uses().map(|uses| uses.saturating_add(1)).ok_or(Unbounded::HostedTools)
    }

    /// The most tools that the provider can run; `None` if nothing limits them.
    ///
    /// Sources: OpenAI's [`max_tool_calls`](https://platform.openai.com/docs/api-reference/responses/create), and
    /// Anthropic's [`max_uses`](https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool).
    fn tool_uses(&self) -> Option<u64> {
        let tools = &self.body.content.tools;
        let is_tool_model = TOOL_MODELS.iter().any(|part| self.model.name.contains(part));
        match self.endpoint.dialect {
            _ if is_tool_model || tools.has_remote => None,
            _ if tools.hosted == 0 => Some(0),
            Dialect::Anthropic => Some(tools.max_uses).filter(|_| !tools.has_unlimited),
            // Other paths have no such parameter.
            Dialect::OpenAi if self.endpoint.path == "/v1/responses" => self.body.content.max_tool_calls,
            Dialect::OpenAi => None,
        }
    }
}

/// A number as a quantity, which saturates.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
