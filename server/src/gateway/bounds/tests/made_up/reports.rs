//! What a provider uses, its report, and what the gateway charges for that.

use domain::money::{Quantities, Tier};
use serde_json::{Value, json};

use super::{super::MESSAGES, Allowance, EMBEDDINGS, IMAGES};
use crate::gateway::{
    endpoint::{Endpoint, MeteredUnit},
    usage::ReportedUsage,
};

/// What a provider uses: a share of each allowance.
pub(super) fn usage_of(allowance: &Allowance, shares: &[u64]) -> Quantities {
    let share = |most: u64, share: u64| i64::try_from(u128::from(most) * u128::from(share) / 1_000).unwrap();
    let of = |whole: i64, part: u64| share(whole.unsigned_abs(), part);
    let tokens_in = share(allowance.tokens_in, shares[0]);
    let cached_tokens_in = of(tokens_in, shares[1] / 2);
    let cache_write_tokens_in = of(tokens_in - cached_tokens_in, shares[2]);
    let tokens_out = share(allowance.tokens_out, shares[3]);
    let audio_tokens_out = of(tokens_out, shares[4] / 2);
    let searches = share(allowance.tool_uses, shares[8]);
    let all_tools = share(allowance.tool_uses, shares[9]);
    let tiers = [Tier::Standard, Tier::Batch, Tier::Flex, Tier::Priority, Tier::Other];
    Quantities {
        tokens_in,
        cached_tokens_in,
        cache_write_tokens_in,
        cache_write_1h_tokens_in: of(cache_write_tokens_in, shares[5]),
        audio_tokens_in: of(tokens_in - cached_tokens_in - cache_write_tokens_in, shares[6]),
        tokens_out,
        audio_tokens_out,
        reasoning_tokens_out: of(tokens_out - audio_tokens_out, shares[7]),
        images: share(allowance.images.min(100), shares[8]),
        media_ms: share(allowance.media_ms, shares[9]),
        searches,
        tool_calls: (all_tools - searches).max(0),
        tier: match allowance.tier {
            Some(only) if shares[10] > 500 => only,
            Some(_) => Tier::Standard,
            None => tiers[usize::try_from(shares[11] % 5).unwrap()],
        },
        ..Quantities::default()
    }
}

/// The report of a provider that used these quantities, in one of several dialects.
pub(super) fn report_of(path: &str, used: Quantities, dialect: u64) -> Value {
    let total = used.tokens_in + used.tokens_out;
    let tools = json!({ "web_search_calls": used.searches, "code_interpreter_calls": used.tool_calls });
    let by_age = json!({
        "ephemeral_1h_input_tokens": used.cache_write_1h_tokens_in,
        "ephemeral_5m_input_tokens": used.cache_write_tokens_in - used.cache_write_1h_tokens_in,
    });
    let input_details = json!({
        "cached_tokens": used.cached_tokens_in,
        "cache_write_tokens": used.cache_write_tokens_in,
        "cache_creation": by_age,
        "audio_tokens": used.audio_tokens_in,
    });
    let output_details =
        json!({ "reasoning_tokens": used.reasoning_tokens_out, "audio_tokens": used.audio_tokens_out });
    let usage = match (path, dialect) {
        // Cached tokens are counted apart.
        (MESSAGES, _) => json!({
            "input_tokens": used.tokens_in - used.cached_tokens_in - used.cache_write_tokens_in,
            "cache_read_input_tokens": used.cached_tokens_in,
            "cache_creation_input_tokens": used.cache_write_tokens_in,
            "cache_creation": by_age,
            "output_tokens": used.tokens_out,
            "server_tool_use": { "web_search_requests": used.searches },
        }),
        (_, 0) => json!({
            "input_tokens": used.tokens_in,
            "input_tokens_details": input_details,
            "output_tokens": used.tokens_out,
            "output_tokens_details": output_details,
            "total_tokens": total,
            "server_side_tool_usage_details": tools,
        }),
        // Reasoning is counted apart, and in the total.
        (_, 1) => json!({
            "prompt_tokens": used.tokens_in,
            "completion_tokens": used.tokens_out - used.reasoning_tokens_out,
            "completion_tokens_details": output_details,
            "total_tokens": total,
            "server_side_tool_usage_details": tools,
        }),
        (_, 2) => json!({
            "prompt_tokens": used.tokens_in,
            "prompt_tokens_details": input_details,
            "completion_tokens": used.tokens_out,
            "completion_tokens_details": output_details,
            "num_search_queries": used.searches,
        }),
        (EMBEDDINGS, _) => json!({ "total_tokens": total }),
        (_, _) => json!({ "prompt_tokens": used.tokens_in, "completion_tokens": used.tokens_out }),
    };
    let tier = match used.tier {
        Tier::Standard => "default",
        Tier::Other => "of_tomorrow",
        tier => tier.name(),
    };
    match path {
        IMAGES => {
            let pictures: Vec<Value> = (0..used.images).map(|_| json!({})).collect();
            json!({ "data": pictures, "usage": usage, "service_tier": tier })
        }
        _ => json!({ "usage": usage, "service_tier": tier }),
    }
}

/// The quantities that the gateway charges for a report.
pub(super) fn charged(endpoint: &Endpoint, used: Quantities, report: &Value) -> Option<Quantities> {
    if endpoint.metered_unit == MeteredUnit::Job {
        return Some(Quantities { media_ms: used.media_ms, ..Quantities::default() });
    }
    let reports = ReportedUsage::read(report.to_string().as_bytes()).reports;
    reports.quantities(endpoint.dialect, endpoint.metered_unit).map(|(_, used)| used)
}
