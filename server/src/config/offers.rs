//! Turns the written form of providers and models into their configuration.

use std::sync::Arc;

use domain::money::{Money, Price};

use super::{
    ModelConfig, ModelProvider, ProviderConfig, ProviderKind, ProviderTimeouts, SecretText,
    errors::{ConfigError, ConfigLocation},
    file::{ModelTable, ProviderEntry, ProviderTable},
    secret::secret,
    urls::http_url,
};
use crate::header_policy::HeaderDirection;

/// Maximum length of a model's or provider's name, in bytes.
const MAX_NAME_LENGTH: usize = 100;
/// Maximum weight of a provider.
const MAX_WEIGHT: u32 = 1000;
/// Maximum price of anything: a million dollars. More is a slip of the decimal point.
const MAX_PRICE: Money = Money::from_nanos(1_000_000 * 1_000_000_000);

pub(super) fn provider(
    location: &ConfigLocation<'_>,
    table: ProviderTable,
    default_timeouts: ProviderTimeouts,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<ProviderConfig, ConfigError> {
    let key = |key: &str| format!("provider {:?}: {key}", table.name);
    name(&table.name).map_err(|advice| location.value(key("name"), advice))?;
    let kind = match table.kind.as_str() {
        "sandbox" => {
            if table.base_url.is_some() || table.api_key_env.is_some() || table.api_key_file.is_some() {
                let advice = "a sandbox calls no upstream; remove base_url, api_key_env and api_key_file.";
                return Err(location.value(key("kind"), advice));
            }
            ProviderKind::Sandbox
        }
        "openai" => {
            let base_url = base_url(location, &table, "https://api.openai.com/v1")?;
            ProviderKind::OpenAi { base_url, api_key: api_key(location, &table, env)? }
        }
        "anthropic" => {
            let base_url = base_url(location, &table, "https://api.anthropic.com/v1")?;
            ProviderKind::Anthropic { base_url, api_key: api_key(location, &table, env)? }
        }
        other => {
            let advice = format!("unknown kind {other:?}; use \"openai\", \"anthropic\" or \"sandbox\".");
            return Err(location.value(key("kind"), advice));
        }
    };
    let timeouts = ProviderTimeouts {
        connect: table.connect_timeout.map_or(default_timeouts.connect, |time| time.0),
        first_byte: table.first_byte_timeout.map_or(default_timeouts.first_byte, |time| time.0),
        idle: table.idle_timeout.map_or(default_timeouts.idle, |time| time.0),
    };
    let request_headers = headers(HeaderDirection::Request, &table.request_headers);
    let request_headers = request_headers.map_err(|advice| location.value(key("request_headers"), advice))?;
    let answer_headers = headers(HeaderDirection::Answer, &table.answer_headers);
    let answer_headers = answer_headers.map_err(|advice| location.value(key("answer_headers"), advice))?;
    Ok(ProviderConfig {
        name: Arc::from(table.name),
        kind,
        timeouts,
        request_headers,
        answer_headers,
        stream_options: table.stream_options,
    })
}

/// Reads names of headers that may pass in addition to the default ones, and returns them in lower case.
fn headers(direction: HeaderDirection, names: &[String]) -> Result<Vec<String>, String> {
    let headers = names.iter().map(|name| {
        let lower_case = name.to_ascii_lowercase();
        if direction.can_be_added(&lower_case) {
            return Ok(lower_case);
        }
        Err(format!("{name:?} can't be added: it isn't a header name, or one that is never forwarded; remove it."))
    });
    headers.collect()
}

fn base_url(location: &ConfigLocation<'_>, table: &ProviderTable, example: &str) -> Result<String, ConfigError> {
    table.base_url.as_deref().and_then(http_url).ok_or_else(|| {
        let advice = format!("set the base URL of its API, such as {example:?}.");
        location.value(format!("provider {:?}: base_url", table.name), advice)
    })
}

/// Reads the API key for a provider.
fn api_key(
    location: &ConfigLocation<'_>,
    table: &ProviderTable,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<SecretText>, ConfigError> {
    let setting = format!("provider {:?}: api_key", table.name);
    secret(location, &setting, table.api_key_env.as_deref(), table.api_key_file.as_deref(), env)
}

pub(super) fn model(
    location: &ConfigLocation<'_>,
    table: ModelTable,
    providers: &[ProviderConfig],
) -> Result<ModelConfig, ConfigError> {
    let key = |key: &str| format!("model {:?}: {key}", table.name);
    name(&table.name).map_err(|advice| location.value(key("name"), advice))?;
    let upstream_name = table.upstream_name.unwrap_or_else(|| table.name.clone());
    if upstream_name.is_empty() || upstream_name.chars().any(char::is_control) {
        return Err(location.value(key("upstream_name"), "set the provider's name for the model."));
    }
    if table.providers.is_empty() {
        return Err(location.value(key("providers"), "list at least one provider."));
    }
    let mut model_providers: Vec<ModelProvider> = Vec::with_capacity(table.providers.len());
    for entry in &table.providers {
        let (provider_name, weight) = match entry {
            ProviderEntry::Name(name) => (name, None),
            ProviderEntry::Weighted(entry) => (&entry.name, Some(entry.weight)),
        };
        let provider = providers.iter().find(|provider| *provider.name == **provider_name).ok_or_else(|| {
            let configured: Vec<_> = providers.iter().map(|provider| provider.name.to_string()).collect();
            let configured = if configured.is_empty() { "none".to_owned() } else { configured.join(", ") };
            location.value(
                key("providers"),
                format!("unknown provider {provider_name:?}; configured providers: {configured}."),
            )
        })?;
        if model_providers.iter().any(|other| other.name == provider.name) {
            return Err(location.value(key("providers"), format!("{provider_name:?} is listed twice; list it once.")));
        }
        if weight.is_some_and(|weight| !(1..=MAX_WEIGHT).contains(&weight)) {
            return Err(
                location.value(key("providers"), format!("{provider_name:?}: set a weight of 1 to {MAX_WEIGHT}."))
            );
        }
        model_providers.push(ModelProvider { name: Arc::clone(&provider.name), weight });
    }
    if table.max_output_tokens == Some(0) {
        return Err(location.value(key("max_output_tokens"), "set at least 1, or remove it."));
    }
    if table.context_window == Some(0) {
        return Err(location.value(key("context_window"), "set at least 1, or remove it."));
    }
    if let Some(wrong) = table.default_for.iter().find(|of| of.service() != table.service) {
        let advice = format!("a model for {} can't be the default for {}; remove it.", table.service, wrong.name());
        return Err(location.value(key("default_for"), advice));
    }
    if let Some(wrong) = table.price.and_then(invalid_price) {
        return Err(
            location.value(key(&format!("price.{wrong}")), "set an amount from \"0\" to \"1000000\" US dollars.")
        );
    }
    Ok(ModelConfig {
        name: Arc::from(table.name),
        providers: model_providers,
        upstream_name,
        service: table.service,
        context_window: table.context_window,
        max_output_tokens: table.max_output_tokens,
        default_for: table.default_for,
        price: table.price,
    })
}

/// The name of the first part of a price that is negative or absurdly high.
fn invalid_price(price: Price) -> Option<&'static str> {
    [
        ("input_per_million", price.input_per_million),
        ("cached_input_per_million", price.cached_input_per_million),
        ("cache_write_input_per_million", price.cache_write_input_per_million),
        ("cache_write_1h_input_per_million", price.cache_write_1h_input_per_million),
        ("audio_input_per_million", price.audio_input_per_million),
        ("output_per_million", price.output_per_million),
        ("audio_output_per_million", price.audio_output_per_million),
        ("reasoning_output_per_million", price.reasoning_output_per_million),
        ("per_million_characters", price.per_million_characters),
        ("per_call", price.per_call),
        ("per_image", price.per_image),
        ("per_minute", price.per_minute),
        ("per_gb_month", price.per_gb_month),
        ("per_search", price.per_search),
        ("per_tool_call", price.per_tool_call),
    ]
    .into_iter()
    .find(|(_, amount)| amount.is_some_and(|amount| !(Money::ZERO..=MAX_PRICE).contains(&amount)))
    .map(|(key, _)| key)
}

fn name(text: &str) -> Result<(), String> {
    let usable = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
    if text.is_empty() || text.len() > MAX_NAME_LENGTH || !usable {
        return Err(format!(
            "use 1 to {MAX_NAME_LENGTH} visible ASCII characters without spaces, quotes and backslashes."
        ));
    }
    Ok(())
}
