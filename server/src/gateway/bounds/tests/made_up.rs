//! Made-up requests, prices and reports of providers: no call is charged more than its worst case.
//!
//! What a request allows is computed here from the parts that it is made of, not from its JSON.

mod reports;

use std::sync::LazyLock;

use domain::money::{Factor, Money, Price, Quantities, Tier, WorstCase};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use services::metering::MAX_TOKENS;
use tokio::runtime::Runtime;

use self::reports::{charged, report_of, usage_of};
use super::*;
use crate::gateway::estimate::{OutputCounter, Prompt, complete, estimate};

const COMPLETIONS: &str = "/v1/completions";
const EMBEDDINGS: &str = "/v1/embeddings";
const IMAGES: &str = "/v1/images/generations";
const VIDEOS: &str = "/v1/videos";

/// Tokens that nothing limits but what a report may hold.
const UNLIMITED: u64 = MAX_TOKENS as u64;

/// A part of a prompt.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// A picture, and whether it is in the request itself.
    Picture(bool),
    /// Something that isn't in the request.
    File,
}

/// A request before it is written as JSON.
#[derive(Clone, Debug)]
struct MadeUpRequest {
    path: &'static str,
    model: ModelLimits<'static>,
    parts: Vec<Part>,
    /// Names and values of parameters that limit answers.
    limits: Vec<(&'static str, Value)>,
    answers: Option<Value>,
    /// Uses of a tool that the provider runs: `None` without one, `Some(None)` without a limit.
    tool: Option<Option<u64>>,
    tier: Option<&'static str>,
    seconds: u64,
}

/// The most that a provider may use for a request.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    tokens_in: u64,
    tokens_out: u64,
    tool_uses: u64,
    images: u64,
    media_ms: u64,
    /// The only tier besides the standard one.
    tier: Option<Tier>,
}

/// The documented tokens of a picture, by the model's name.
fn picture_tokens(name: &str) -> u64 {
    match name {
        "gpt-4o" => 85 + 8 * 170,
        "vendor/gpt-4o-mini" => 2_833 + 8 * 5_667,
        "claude-opus-5" => 4_784,
        _ => UNLIMITED,
    }
}

impl MadeUpRequest {
    fn json(&self) -> Value {
        let parts: Vec<Value> = self.parts.iter().map(|part| self.part(part)).collect();
        let texts: Vec<&str> = self.texts().collect();
        let mut request = match self.path {
            CHAT | MESSAGES => json!({ "messages": [{ "role": "user", "content": parts }] }),
            RESPONSES => json!({ "input": [{ "role": "user", "content": parts }] }),
            EMBEDDINGS => json!({ "input": texts }),
            COMPLETIONS => json!({ "prompt": texts }),
            _ => json!({ "prompt": texts.concat() }),
        };
        for (name, value) in &self.limits {
            request[*name] = value.clone();
        }
        if let Some(answers) = &self.answers {
            request["n"] = answers.clone();
        }
        if let Some(tier) = self.tier {
            request["service_tier"] = json!(tier);
        }
        if let Some(uses) = self.tool {
            let kind = if self.path == MESSAGES { "web_search_20250305" } else { "web_search" };
            request["tools"] = json!([{ "type": kind, "name": "web_search", "max_uses": uses }]);
            request["max_tool_calls"] = json!(uses);
        }
        if self.path == VIDEOS {
            request["seconds"] = json!(self.seconds.to_string());
        }
        request
    }

    fn part(&self, part: &Part) -> Value {
        let data = "iVBORw0KGgo".repeat(200);
        let address = |is_inline: bool| match is_inline {
            true => format!("data:image/png;base64,{data}"),
            false => "https://example.com/a.png".to_owned(),
        };
        match (self.path, part) {
            (MESSAGES, Part::Picture(true)) => {
                json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": data } })
            }
            (MESSAGES, Part::Picture(false)) => {
                json!({ "type": "image", "source": { "type": "url", "url": address(false) } })
            }
            (MESSAGES, Part::File) => json!({ "type": "document", "source": { "type": "file", "file_id": "file_1" } }),
            (RESPONSES, Part::Text(text)) => json!({ "type": "input_text", "text": text }),
            (RESPONSES, Part::Picture(is_inline)) => {
                json!({ "type": "input_image", "image_url": address(*is_inline) })
            }
            (RESPONSES, Part::File) => json!({ "type": "input_file", "file_url": "https://example.com/a.pdf" }),
            (_, Part::Text(text)) => json!({ "type": "text", "text": text }),
            (_, Part::Picture(is_inline)) => {
                json!({ "type": "image_url", "image_url": { "url": address(*is_inline) } })
            }
            (_, Part::File) => json!({ "type": "file", "file": { "file_id": "file-1" } }),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None })
    }

    /// What the provider may do, by its documentation.
    fn allowance(&self) -> Allowance {
        let ModelLimits { name, max_output, window } = self.model;
        let window = window.unwrap_or(UNLIMITED);
        let reads_media = matches!(self.path, CHAT | RESPONSES | MESSAGES);
        let tool_uses = match (self.path, self.tool) {
            (_, None) => 0,
            (RESPONSES | MESSAGES, Some(Some(uses))) => uses,
            _ => UNLIMITED,
        };
        let runs = tool_uses + 1;
        // A text has at most as many tokens as bytes; templates add some to each part, and a text of their own.
        let part = |part: &Part| match part {
            Part::Text(text) => text.len() as u64 + 4,
            Part::Picture(_) if reads_media => picture_tokens(name),
            Part::File if reads_media => UNLIMITED,
            Part::Picture(_) | Part::File => 0,
        };
        let prompt = self.parts.iter().map(part).sum::<u64>() + 804;
        let prompts = if self.path == COMPLETIONS { (self.texts().count() as u64).max(1) } else { 1 };
        let is_one_prompt = prompts == 1 && self.path != EMBEDDINGS;
        let prompt = if is_one_prompt { prompt.min(window) } else { prompt };
        let tokens_in = if runs > 1 { window.saturating_mul(runs) } else { prompt };

        let number = |value: &Value| value.as_u64().filter(|number| *number > 0).unwrap_or(UNLIMITED);
        let answers = self.answers.as_ref().filter(|answers| !answers.is_null()).map_or(1, number);
        let limits = || self.limits.iter().filter(|(_, value)| !value.is_null());
        let known = endpoint(self.path).output_limits;
        // A provider may follow any of several limits, and ignore those that make no sense.
        let limit = match limits().any(|(name, _)| known.contains(name)) {
            true => limits().map(|(_, value)| number(value)).max().unwrap_or(UNLIMITED),
            false => UNLIMITED,
        };
        let by_model = max_output.unwrap_or(UNLIMITED);
        let all = limit.min(by_model).min(window).saturating_mul(answers).saturating_mul(prompts);
        // The gateway has checked that all answers together are within the model's limit.
        let all = if known.is_empty() { all } else { all.min(by_model) };
        let tokens_out = if self.path == EMBEDDINGS { 0 } else { all.saturating_mul(runs) };
        Allowance {
            tokens_in: tokens_in.min(UNLIMITED),
            tokens_out: tokens_out.min(UNLIMITED),
            tool_uses,
            images: answers,
            media_ms: self.seconds * 1_000,
            tier: match self.tier {
                Some("default") => Some(Tier::Standard),
                Some("flex") => Some(Tier::Flex),
                Some("priority") => Some(Tier::Priority),
                _ => None,
            },
        }
    }
}

fn requests() -> impl Strategy<Value = MadeUpRequest> {
    let path = vec![CHAT, RESPONSES, MESSAGES, CHAT, RESPONSES, MESSAGES, COMPLETIONS, EMBEDDINGS, IMAGES, VIDEOS];
    let part = prop_oneof![
        4 => ".{0,60}".prop_map(Part::Text),
        1 => "[\\u{0}-\\u{1f}\"\\\\]{0,20}".prop_map(Part::Text),
        1 => any::<bool>().prop_map(Part::Picture),
        1 => Just(Part::File),
    ];
    let name = prop::sample::select(vec!["gpt-4o", "vendor/gpt-4o-mini", "claude-opus-5", "gpt-6"]);
    let model = (name, prop::option::of(1_u64..10_000), prop::option::of(1_u64..300_000))
        .prop_map(|(name, max_output, window)| ModelLimits { name, max_output, window });
    let odd = || prop::sample::select(vec![json!(null), json!(0), json!(-1), json!(1.5), json!("7"), json!(u64::MAX)]);
    let number = prop_oneof![6 => (1_u64..5_000).prop_map(Value::from), 1 => odd()];
    let limit = prop::sample::select(vec!["max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict"]);
    let limits = prop::collection::btree_map(limit, number, 0..3);
    let answers = prop_oneof![6 => (1_u64..9).prop_map(Value::from), 1 => odd()];
    let tool = prop::option::weighted(0.2, prop::option::of(0_u64..9));
    let tier = prop::option::of(prop::sample::select(vec!["default", "flex", "auto", "priority", "of_tomorrow"]));
    let parts = prop::collection::vec(part, 0..5);
    let all = (prop::sample::select(path), model, parts, limits, prop::option::of(answers), tool, tier, 1_u64..20);
    all.prop_map(|(path, model, parts, limits, answers, tool, tier, seconds)| {
        let limits = limits.into_iter().collect();
        MadeUpRequest { path, model, parts, limits, answers, tool, tier, seconds }
    })
}

fn prices() -> impl Strategy<Value = Price> {
    let part = || prop::option::of((0_i64..100_000_000_000).prop_map(Money::from_nanos));
    let factor = || prop::option::of((0_i64..3_000).prop_map(|factor| Factor::from_thousandths(factor).unwrap()));
    let input = (part(), part(), part(), part(), part());
    let output = (part(), part(), part());
    let counted = (part(), part(), part(), part(), part());
    (input, output, counted, factor(), factor(), factor()).prop_map(
        |(input, output, counted, batch, flex, priority)| Price {
            input_per_million: input.0,
            cached_input_per_million: input.1,
            cache_write_input_per_million: input.2,
            cache_write_1h_input_per_million: input.3,
            audio_input_per_million: input.4,
            output_per_million: output.0,
            audio_output_per_million: output.1,
            reasoning_output_per_million: output.2,
            per_call: counted.0,
            per_image: counted.1,
            per_minute: counted.2,
            per_search: counted.3,
            per_tool_call: counted.4,
            batch_factor: batch,
            flex_factor: flex,
            priority_factor: priority,
            ..Price::default()
        },
    )
}

/// Parts of what is allowed, in thousandths; often all of it.
fn shares() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(prop_oneof![2 => Just(1_000), 1 => 0_u64..=1_000], 12)
}

/// The bounds of a request that the gateway forwards; `None` if it rejects it.
fn bounds_of(request: &MadeUpRequest, body: &RequestBody) -> Option<UsageBounds> {
    let endpoint = endpoint(request.path);
    if let Some(max) = request.model.max_output {
        body.check_output_limit(u32::try_from(max).unwrap(), endpoint, "m").ok()?;
    }
    Some(of_json(endpoint, &request.model, body, 0))
}

fn most_of(bounds: &UsageBounds, price: &Price) -> Option<Money> {
    match bounds.worst_case(Some(price)) {
        WorstCase::Bounded(most) => Some(most),
        WorstCase::Unbounded(_) => None,
    }
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

proptest! {
    #[test]
    fn no_call_costs_more_than_its_worst_case(
        request in requests(),
        price in prices(),
        shares in shares(),
        dialect in 0_u64..4,
    ) {
        let bounds = bounds_of(&request, &read(&request.json()));
        let Some(bounds) = bounds else { return Ok(()) };
        let Some(most) = most_of(&bounds, &price) else { return Ok(()) };
        let used = usage_of(&request.allowance(), &shares);
        let report = report_of(request.path, used, dialect);
        let Some(charged) = charged(endpoint(request.path), used, &report) else { return Ok(()) };
        let cost = price.cost_of(charged).known.unwrap_or_default();
        prop_assert!(cost <= most, "{cost} > {most}: {charged:?} of {bounds:?}, reported as {report}");
    }

    #[test]
    fn no_estimate_costs_more_than_the_worst_case(
        request in requests(),
        price in prices(),
        answer in "(.{0,40}|[a-z ]{0,400})",
        has_input: bool,
    ) {
        let is_estimated =
            matches!(endpoint(request.path).metered_unit, MeteredUnit::Tokens | MeteredUnit::TokensIn);
        let body = read(&request.json());
        let Some(bounds) = bounds_of(&request, &body).filter(|_| is_estimated) else { return Ok(()) };
        let Some(most) = most_of(&bounds, &price) else { return Ok(()) };
        let written = json!({ "choices": [{ "message": { "content": answer } }] }).to_string();
        let tokens_in = i64::try_from(request.allowance().tokens_in).unwrap();
        let used = RUNTIME.block_on(async {
            let mut output = OutputCounter::default();
            output.take(written.as_bytes()).await;
            match has_input {
                true => Some(complete(Quantities { tokens_in, ..Quantities::default() }, output, &bounds).await),
                false => estimate(Prompt::from_json(body.bytes()), output, &bounds).await,
            }
        });
        let cost = price.cost_of(used.unwrap()).known.unwrap_or_default();
        prop_assert!(cost <= most, "{cost} > {most}: {used:?} of {bounds:?}");
    }
}

#[test]
fn many_made_up_calls_are_bounded() {
    let mut runner = TestRunner::deterministic();
    let (mut forwarded, mut bounded) = (0, 0);
    for _ in 0..1_000 {
        let request = requests().new_tree(&mut runner).unwrap().current();
        let price = prices().new_tree(&mut runner).unwrap().current();
        let Some(bounds) = bounds_of(&request, &read(&request.json())) else { continue };
        forwarded += 1;
        bounded += i32::from(most_of(&bounds, &price).is_some());
    }
    assert!(forwarded > 600 && bounded * 3 > forwarded, "{bounded} of {forwarded}");
}
