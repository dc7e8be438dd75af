//! Counts as providers report them.

use domain::{
    calls::CountSource,
    money::{Quantities, Tier},
};
use services::metering::MAX_TOKENS;

use super::names::{CountKind, CountMeaning, CountParent, NAMES};
use crate::{
    gateway::{endpoint::MeteredUnit, json::raw::RawJson},
    v1::dialect::Dialect,
};

/// Longest plausible audio, in seconds: a year. A longer one is a mistake in the report.
const MAX_MEDIA_SECONDS: f64 = 366.0 * 86_400.0;

/// Everything reported so far. In a stream, the last report of each count wins, since some providers
/// count up with every event; but a zero replaces nothing, since others send zeros for counts that
/// they no longer report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::gateway) struct UsageReports {
    counts: [Option<i64>; CountKind::COUNT],
    pub(super) images: Option<i64>,
    pub(super) media_ms: Option<i64>,
    pub(super) tier: Option<Tier>,
    /// Whether the output count is final.
    pub(super) is_final: bool,
    /// Whether counts contradicted each other within one report.
    pub(super) is_doubtful: bool,
}

impl UsageReports {
    pub(super) fn is_any(&self) -> bool {
        self.media_ms.is_some() || self.counts.iter().any(Option::is_some)
    }

    /// Whether the report covers the whole answer, not just its beginning.
    pub(in crate::gateway) const fn is_final(&self) -> bool {
        self.is_final
    }

    pub(super) fn get(&self, kind: CountKind) -> Option<i64> {
        self.counts[kind as usize]
    }

    /// Merges a later report. Images add up, since each comes in an event of its own.
    pub(in crate::gateway) fn merge(&mut self, later: Self) {
        for (index, count) in later.counts.into_iter().enumerate() {
            let is_output = index == CountKind::Output as usize || index == CountKind::Completion as usize;
            // An output count at the beginning of a stream is a placeholder.
            let replaces = count != Some(0) || (is_output && !self.is_final);
            if let (Some(count), true) = (count, replaces || self.counts[index].is_none()) {
                self.counts[index] = Some(count);
            }
        }
        self.images = match (self.images, later.images) {
            (Some(before), Some(more)) => Some(before.saturating_add(more)),
            (before, more) => before.or(more),
        };
        self.media_ms = later.media_ms.or(self.media_ms);
        self.tier = later.tier.or(self.tier);
        self.is_final |= later.is_final;
        self.is_doubtful |= later.is_doubtful;
    }

    /// Returns the usage known before the answer's end: the request's tokens, if they were
    /// reported, and other counts.
    pub(in crate::gateway) fn input_quantities(&self, dialect: Dialect) -> Option<Quantities> {
        self.resolve(dialect).filter(|resolved| !resolved.is_total_alone).map(|resolved| resolved.used)
    }

    /// Returns the whole usage, for an endpoint metered in `unit`, and how far it can be trusted; `None` if
    /// the provider didn't report it, or reported an impossible count.
    pub(in crate::gateway) fn quantities(
        &self,
        dialect: Dialect,
        unit: MeteredUnit,
    ) -> Option<(CountSource, Quantities)> {
        let tokens = if self.is_final { self.resolve(dialect) } else { None };
        // An output without a count isn't an output of zero tokens.
        let tokens = tokens.filter(|resolved| resolved.has_output || unit != MeteredUnit::Tokens);
        let is_doubtful = tokens.as_ref().is_some_and(|resolved| resolved.is_doubtful);
        let tokens = tokens.map(|resolved| resolved.used);
        let counted = match unit {
            MeteredUnit::Images => self.images.map(|images| Quantities { images, ..tokens.unwrap_or_default() }),
            MeteredUnit::Media => self.media_ms.map(|media_ms| Quantities { media_ms, ..tokens.unwrap_or_default() }),
            _ => None,
        };
        let source = if is_doubtful { CountSource::Contradictory } else { CountSource::Reported };
        counted.or(tokens).map(|used| (source, used))
    }

    /// Reads an object with counts. An impossible number of input or output tokens invalidates the report.
    pub(super) fn read(parent: CountParent, object: RawJson<'_>) -> Self {
        let mut reports = Self::default();
        match reports.add_object(parent, object) {
            Ok(()) => reports,
            Err(ImpossibleCount) => Self::default(),
        }
    }

    fn add_object(&mut self, parent: CountParent, object: RawJson<'_>) -> Result<(), ImpossibleCount> {
        let mut values = [None; NAMES.len()];
        object.members(|name, value| {
            let index =
                NAMES.iter().position(|(known_parent, known_name, _)| *known_parent == parent && *known_name == name);
            if let Some(index) = index {
                values[index] = Some(value);
            }
        });
        for ((.., meaning), value) in NAMES.iter().zip(values) {
            let Some(value) = value else { continue };
            match meaning {
                CountMeaning::Count(kind) => self.set_count(*kind, value)?,
                CountMeaning::Object(parent) => self.add_object(*parent, value)?,
                CountMeaning::Add(kind) => {
                    let mut more = Self::default();
                    more.set_count(*kind, value)?;
                    self.add(*kind, more.get(*kind).unwrap_or(0));
                }
                CountMeaning::Tier => self.tier = value.text().map(|name| Tier::of(&name)).or(self.tier),
                // Prices of faster processing aren't known.
                CountMeaning::Speed if value.text().is_some_and(|speed| speed != "standard") => {
                    self.tier = Some(Tier::Other)
                }
                CountMeaning::Speed => {}
                CountMeaning::Seconds => self.media_ms = self.media_ms.or_else(|| number(value).and_then(millis)),
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, kind: CountKind, more: i64) {
        let before = self.get(kind).unwrap_or(0);
        self.counts[kind as usize] = Some(before.saturating_add(more).min(MAX_TOKENS));
    }

    fn set_count(&mut self, kind: CountKind, value: RawJson<'_>) -> Result<(), ImpossibleCount> {
        let Some(number) = number(value) else { return Ok(()) };
        let is_count = number.fract() == 0.0 && (0.0..=MAX_TOKENS as f64).contains(&number);
        if !is_count {
            let is_required =
                matches!(kind, CountKind::Prompt | CountKind::Input | CountKind::Completion | CountKind::Output);
            self.is_doubtful = true;
            return if is_required { Err(ImpossibleCount) } else { Ok(()) };
        }
        #[expect(clippy::cast_possible_truncation, reason = "held within limits above")]
        let count = number as i64;
        match self.counts[kind as usize] {
            None | Some(0) => self.counts[kind as usize] = Some(count),
            Some(before) => self.is_doubtful |= count != before && count != 0,
        }
        Ok(())
    }
}

/// The error for an impossible number of input or output tokens.
struct ImpossibleCount;

/// Reads a number, or a string of one, as some providers send it.
pub(super) fn number(value: RawJson<'_>) -> Option<f64> {
    value.number().or_else(|| {
        let text = value.text()?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !text.is_empty();
        text.parse().ok().filter(|_| is_plain)
    })
}

pub(super) fn millis(seconds: f64) -> Option<i64> {
    // In range, so the conversion is exact to the millisecond.
    (0.0..=MAX_MEDIA_SECONDS).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
}
