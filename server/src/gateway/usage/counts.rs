//! Counts, as providers report them.

use domain::{
    calls::Measured,
    money::{Quantities, Tier},
};
use services::metering::MOST_TOKENS;

use super::names::{Figure, NAMES, Named, Place};
use crate::gateway::endpoint::{Counts, Dialect};
use crate::gateway::json::raw::Value;

/// Longest that audio can last, in seconds: a year. A report of more is a mistake.
const LONGEST_MEDIA: f64 = 366.0 * 86_400.0;

/// What was reported so far. Of a stream, the last report of each count holds, since some providers count up in every event;
/// but a zero takes nothing back, since others send zeros where they have nothing more to say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::gateway) struct Reports {
    figures: [Option<i64>; Figure::COUNT],
    pub(super) images: Option<i64>,
    pub(super) media_ms: Option<i64>,
    pub(super) tier: Option<Tier>,
    /// Whether the output is all there is of it.
    pub(super) is_final: bool,
    /// Whether counts contradicted each other within one report.
    pub(super) is_doubtful: bool,
}

impl Reports {
    pub(super) fn is_any(&self) -> bool {
        self.media_ms.is_some() || self.figures.iter().any(Option::is_some)
    }

    /// Whether it reports all there is, and not only what is known at the beginning.
    pub(in crate::gateway) const fn is_final(&self) -> bool {
        self.is_final
    }

    pub(super) fn get(&self, figure: Figure) -> Option<i64> {
        self.figures[figure as usize]
    }

    /// Takes in what was reported after it. Pictures add up, since each comes in an event of its own.
    pub(in crate::gateway) fn then(&mut self, later: Self) {
        for (index, count) in later.figures.into_iter().enumerate() {
            let is_output = index == Figure::Output as usize || index == Figure::Completion as usize;
            // What was said of the output at the beginning was said for form's sake.
            let replaces = count != Some(0) || (is_output && !self.is_final);
            if let (Some(count), true) = (count, replaces || self.figures[index].is_none()) {
                self.figures[index] = Some(count);
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

    /// The tokens that the request had, where that was reported, and whatever else is known before the answer's end.
    pub(in crate::gateway) fn begun(&self, dialect: Dialect) -> Option<Quantities> {
        self.resolved(dialect).filter(|resolved| !resolved.is_total_alone).map(|resolved| resolved.used)
    }

    /// All that was used, for a path that counts this way, and how far that can be believed; `None` where the provider
    /// doesn't say, or can't mean it.
    pub(in crate::gateway) fn quantities(&self, dialect: Dialect, counts: Counts) -> Option<(Measured, Quantities)> {
        let tokens = if self.is_final { self.resolved(dialect) } else { None };
        // Where something was written, it isn't nothing because nobody counted it.
        let tokens = tokens.filter(|resolved| resolved.has_output || counts != Counts::Tokens);
        let is_doubtful = tokens.as_ref().is_some_and(|resolved| resolved.is_doubtful);
        let tokens = tokens.map(|resolved| resolved.used);
        let counted = match counts {
            Counts::Images => self.images.map(|images| Quantities { images, ..tokens.unwrap_or_default() }),
            Counts::Media => self.media_ms.map(|media_ms| Quantities { media_ms, ..tokens.unwrap_or_default() }),
            _ => None,
        };
        let measured = if is_doubtful { Measured::Contradictory } else { Measured::Reported };
        counted.or(tokens).map(|used| (measured, used))
    }

    /// Reads an object with counts. One in which a whole is something that no count can be says nothing.
    pub(super) fn read(place: Place, object: Value<'_>) -> Self {
        let mut reports = Self::default();
        match reports.take(place, object) {
            Ok(()) => reports,
            Err(Nonsense) => Self::default(),
        }
    }

    fn take(&mut self, place: Place, object: Value<'_>) -> Result<(), Nonsense> {
        let mut values = [None; NAMES.len()];
        object.members(|name, value| {
            let found = NAMES.iter().position(|(there, known, _)| *there == place && *known == name);
            if let Some(index) = found {
                values[index] = Some(value);
            }
        });
        for ((.., named), value) in NAMES.iter().zip(values) {
            let Some(value) = value else { continue };
            match named {
                Named::Count(figure) => self.count(*figure, value)?,
                Named::Object(place) => self.take(*place, value)?,
                Named::Add(figure) => {
                    let mut more = Self::default();
                    more.count(*figure, value)?;
                    self.add(*figure, more.get(*figure).unwrap_or(0));
                }
                Named::Tier => self.tier = value.text().map(|name| Tier::of(&name)).or(self.tier),
                // No price is known for what is faster.
                Named::Speed if value.text().is_some_and(|speed| speed != "standard") => self.tier = Some(Tier::Other),
                Named::Speed => {}
                Named::Seconds => self.media_ms = self.media_ms.or_else(|| number(value).and_then(millis)),
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, figure: Figure, more: i64) {
        let before = self.get(figure).unwrap_or(0);
        self.figures[figure as usize] = Some(before.saturating_add(more).min(MOST_TOKENS));
    }

    fn count(&mut self, figure: Figure, value: Value<'_>) -> Result<(), Nonsense> {
        let Some(number) = number(value) else { return Ok(()) };
        let is_count = number.fract() == 0.0 && (0.0..=MOST_TOKENS as f64).contains(&number);
        if !is_count {
            let is_whole = matches!(figure, Figure::Prompt | Figure::Input | Figure::Completion | Figure::Output);
            self.is_doubtful = true;
            return if is_whole { Err(Nonsense) } else { Ok(()) };
        }
        #[expect(clippy::cast_possible_truncation, reason = "held within limits above")]
        let count = number as i64;
        match self.figures[figure as usize] {
            None | Some(0) => self.figures[figure as usize] = Some(count),
            Some(before) => self.is_doubtful |= count != before && count != 0,
        }
        Ok(())
    }
}

/// Something that no count can be.
struct Nonsense;

/// A number, also as a text, as some write it.
pub(super) fn number(value: Value<'_>) -> Option<f64> {
    value.number().or_else(|| {
        let text = value.text()?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !text.is_empty();
        text.parse().ok().filter(|_| is_plain)
    })
}

pub(super) fn millis(seconds: f64) -> Option<i64> {
    // In range, so the conversion is exact to the millisecond.
    (0.0..=LONGEST_MEDIA).contains(&seconds).then(|| (seconds * 1000.0).round() as i64)
}
