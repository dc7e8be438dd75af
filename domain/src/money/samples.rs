//! Made-up prices and quantities for property tests.

use proptest::prelude::*;

use super::{Factor, Money, Price, Quantities, Tier};

/// Generates prices with any of their parts.
pub(super) fn prices() -> impl Strategy<Value = Price> {
    let part = || prop::option::of((0_i64..100_000_000_000).prop_map(Money::from_nanos));
    let factor = || prop::option::of((0_i64..=1_000_000).prop_map(|factor| Factor::from_thousandths(factor).unwrap()));
    let input = (part(), part(), part(), part(), part());
    let output = (part(), part(), part());
    let counted = (part(), part(), part(), part(), part(), part(), part());
    let factors = (factor(), factor(), factor());
    (input, output, counted, factors).prop_map(|(input, output, counted, factors)| Price {
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
        per_gb_month: counted.3,
        per_search: counted.4,
        per_tool_call: counted.5,
        per_million_characters: counted.6,
        batch_factor: factors.0,
        flex_factor: factors.1,
        priority_factor: factors.2,
    })
}

/// Generates quantities, parts of which may contradict each other.
pub(super) fn quantities() -> impl Strategy<Value = Quantities> {
    let tier = prop::sample::select(vec![Tier::Standard, Tier::Batch, Tier::Flex, Tier::Priority, Tier::Other]);
    (prop::collection::vec(0_i64..1_000_000, 14), tier).prop_map(|(counts, tier)| Quantities {
        tokens_in: counts[0],
        cached_tokens_in: counts[1],
        cache_write_tokens_in: counts[2],
        cache_write_1h_tokens_in: counts[3],
        audio_tokens_in: counts[4],
        tokens_out: counts[5],
        audio_tokens_out: counts[6],
        reasoning_tokens_out: counts[7],
        images: counts[8],
        media_ms: counts[9],
        byte_hours: counts[10] * 1_000_000,
        searches: counts[11],
        tool_calls: counts[12],
        characters: counts[13],
        tier,
    })
}
