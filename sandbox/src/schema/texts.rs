//! Texts of a format, a pattern or a length.
//!
//! Sources: the formats of JSON Schema's validation vocabulary (2020-12, section 7.3), and further ones in
//! schemas of zod and pydantic.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use fancy_regex::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};
use serde_json::Value;

use super::{Filler, PATTERN_STEPS, Place, parts::Parts};

/// Longest text that is generated, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Longest pattern that is read, in bytes.
const MAX_PATTERN_LENGTH: usize = 4 * 1024;
/// Largest program of a compiled pattern, in bytes.
const MAX_PROGRAM_BYTES: usize = 512 * 1024;
/// Most backtracking steps of a pattern.
const MAX_BACKTRACKS: usize = 10_000;
/// Most levels of nested groups in a pattern.
const MAX_PATTERN_DEPTH: u32 = 64;
/// Most repetitions beyond the minimum that are tried.
const MAX_EXTRA_REPETITIONS: u32 = 64;
/// Preferred characters where a pattern allows them: one of each kind that passwords must have.
const PREFERRED_CHARACTERS: [char; 7] = ['t', 'T', '1', '!', '@', '-', '_'];
/// Number of ways to choose characters for a pattern with lookaround, which the generator can't follow.
const LOOKAROUND_ATTEMPTS: usize = 1 + PREFERRED_CHARACTERS.len();

/// The constraints on a text except its format.
pub(super) struct Rules {
    min_length: usize,
    max_length: usize,
    patterns: Vec<Pattern>,
}

impl<'s> Filler<'s> {
    pub(super) fn text(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<String> {
        let rules = self.rules(parts)?;
        let keyword = |name: &str| parts.find(name).and_then(Value::as_str).unwrap_or_default();
        if keyword("contentMediaType") == "application/json" {
            let schemas: Vec<&Value> = parts.all("contentSchema").collect();
            let text = self.fill(&schemas, place.child(place.nth))?.to_string();
            self.spend(text.len() / 16)?;
            return Some(text).filter(|text| self.is_valid_text(&rules, text));
        }
        let (format, encoding) = (keyword("format"), keyword("contentEncoding"));
        // A repeated text of the format is better than one of a pattern, which rarely has the format.
        let of_format = |nth| [of_format(format, nth), of_format(format, 0), of_format(encoding, nth)].concat();
        self.text_by(&rules, of_format, place.nth)
    }

    /// Generates a text of a pattern without other constraints.
    pub(super) fn text_of_pattern(&self, pattern: &str, nth: usize) -> Option<String> {
        self.spend(PATTERN_STEPS)?;
        let rules = Rules { min_length: 0, max_length: usize::MAX, patterns: vec![Pattern::read(pattern)] };
        self.text_by(&rules, |_| Vec::new(), nth)
    }

    /// Reads the constraints on a text.
    pub(super) fn rules(&self, parts: &Parts<'_>) -> Option<Rules> {
        let patterns: Vec<&str> = parts.all("pattern").filter_map(Value::as_str).collect();
        self.spend(patterns.len() * PATTERN_STEPS)?;
        let patterns = patterns.into_iter().map(Pattern::read).collect();
        Some(Rules { min_length: parts.lower_bound("minLength"), max_length: parts.upper_bound("maxLength"), patterns })
    }

    /// Whether a text has a valid length and matches the patterns. Unreadable patterns match everything.
    pub(super) fn is_valid_text(&self, rules: &Rules, text: &str) -> bool {
        (rules.min_length..=rules.max_length).contains(&text.chars().count())
            && rules.patterns.iter().all(|pattern| self.spend(text.len()).is_some() && pattern.is_match(text))
    }

    /// Returns a text that satisfies the rules: tries `of_format` first, then texts of the patterns.
    fn text_by(&self, rules: &Rules, of_format: impl Fn(usize) -> Vec<String>, nth: usize) -> Option<String> {
        if rules.min_length > rules.max_length || rules.min_length > MAX_TEXT_BYTES {
            return None;
        }
        let find_text = |nth: usize| {
            let of_format = of_format(nth);
            // If there is a format, other texts would hardly have it.
            let any = of_format.is_empty().then(|| sized(nth, rules.min_length, rules.max_length));
            let by_pattern = rules.patterns.iter().flat_map(|pattern| pattern.examples(rules.min_length, nth));
            let all = of_format.into_iter().chain(by_pattern).chain(any);
            all.map_while(|text| self.spend(1 + text.len() / 16).map(|()| text))
                .find(|text| self.is_valid_text(rules, text))
        };
        // A text that differs from the others may not fit.
        find_text(nth).or_else(|| (nth > 0).then(|| find_text(0)).flatten())
    }
}

/// Returns the text without constraints.
pub(super) fn plain(nth: usize) -> String {
    match nth {
        0 => "toll".to_owned(),
        nth => format!("toll {}", nth + 1),
    }
}

/// Returns the text without constraints, extended or cut to a valid length. If there is little space, its
/// number comes first, so that it differs from others. No blanks are added, since some clients remove them.
fn sized(nth: usize, min_length: usize, max_length: usize) -> String {
    let plain = plain(nth);
    let text = if nth > 0 && plain.len() > max_length { format!("{}toll", nth + 1) } else { plain };
    let length = text.len().max(min_length).min(max_length);
    text.chars().chain("toll".chars().cycle()).take(length).collect()
}

/// Examples of a format that restricts texts: a common one, and perhaps a short one.
fn of_format(name: &str, nth: usize) -> Vec<String> {
    let n = if nth == 0 { String::new() } else { (nth + 1).to_string() };
    let text = format!("toll{n}");
    let day = format!("2026-{:02}-{:02}", 1 + nth / 28 % 12, 1 + nth % 28);
    let clock = format!("00:{:02}:{:02}Z", nth / 60 % 60, nth % 60);
    let (ipv4, ipv6) = (format!("192.0.2.{}", 1 + nth % 254), format!("2001:db8::{:x}", 1 + nth % 0xffff));
    match name {
        "date-time" => vec![format!("{day}T{clock}")],
        "date" => vec![day],
        "time" => vec![clock],
        "duration" => vec![format!("P{}D", nth + 1)],
        "email" | "idn-email" => vec![format!("{text}@example.com"), format!("t{n}@t.co")],
        "hostname" | "idn-hostname" => vec![format!("{text}.example"), format!("t{n}.co")],
        "ipv4" | "ipvanyaddress" => vec![ipv4],
        "ipv6" => vec![ipv6],
        "cidrv4" | "ipv4network" | "ipvanynetwork" => vec![format!("{ipv4}/32")],
        "cidrv6" | "ipv6network" => vec![format!("{ipv6}/128")],
        "uri" | "url" | "iri" | "uri-reference" | "iri-reference" => {
            vec![format!("https://toll.example/{n}"), format!("https://t.co/{n}")]
        }
        "uri-template" => vec![format!("https://toll.example/{n}{{id}}")],
        "json-pointer" => vec![format!("/{text}")],
        "relative-json-pointer" => vec![nth.to_string()],
        "regex" => vec![text],
        "json-string" => vec![format!("\"{text}\"")],
        "byte" | "base64" => vec![STANDARD.encode(text)],
        "base64url" => vec![URL_SAFE_NO_PAD.encode(text)],
        // The header is {"alg":"HS256"}, the rest is empty.
        "jwt" => vec![format!("eyJhbGciOiJIUzI1NiJ9.e30.{}", URL_SAFE_NO_PAD.encode(text))],
        "uuid" | "guid" | "uuid1" | "uuid3" | "uuid4" | "uuid5" | "uuid6" | "uuid7" | "uuid8" => {
            // RFC 9562: the version is the first digit of the third group.
            let version = name.strip_prefix("uuid").filter(|version| !version.is_empty()).unwrap_or("4");
            vec![format!("00000000-0000-{version}000-8000-{nth:012x}")]
        }
        _ => Vec::new(),
    }
}

/// A regular expression of ECMA-262, as far as it is supported.
pub(super) struct Pattern {
    /// The compiled expression, which decides whether a text matches.
    regex: Option<Regex>,
    /// The structure of matching texts, without lookaround.
    structure: Option<Hir>,
    /// Number of ways to choose characters that are tried.
    attempts: usize,
}

impl Pattern {
    pub(super) fn read(pattern: &str) -> Self {
        if pattern.len() > MAX_PATTERN_LENGTH {
            return Self { regex: None, structure: None, attempts: 0 };
        }
        let regex =
            RegexBuilder::new(pattern).backtrack_limit(MAX_BACKTRACKS).delegate_size_limit(MAX_PROGRAM_BYTES).build();
        let parse = |pattern: &str| ParserBuilder::new().nest_limit(MAX_PATTERN_DEPTH).build().parse(pattern).ok();
        let structure = parse(pattern);
        let attempts = if structure.is_some() { 1 } else { LOOKAROUND_ATTEMPTS };
        Self { regex: regex.ok(), structure: structure.or_else(|| parse(&without_lookaround(pattern))), attempts }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(text).unwrap_or(false))
    }

    /// Generates texts of the pattern, increasingly longer ones if they have a minimum length.
    fn examples(&self, min_length: usize, nth: usize) -> impl Iterator<Item = String> {
        let max_extra = if min_length == 0 { 3 } else { MAX_EXTRA_REPETITIONS };
        let ways = (0..self.attempts).flat_map(move |attempt| (0..=max_extra).map(move |extra| (attempt, extra)));
        ways.filter_map(move |(attempt, extra_repetitions)| {
            let mut writer = Writer { attempt, extra_repetitions, nth, text: String::new() };
            writer.write(self.structure.as_ref()?);
            Some(writer.text)
        })
    }
}

/// Removes lookaround from a pattern: `(?=…)`, `(?!…)`, `(?<=…)` and `(?<!…)`.
fn without_lookaround(pattern: &str) -> String {
    let mut result = String::new();
    let mut rest = pattern;
    while let Some(at) = ["(?=", "(?!", "(?<=", "(?<!"].iter().filter_map(|prefix| rest.find(prefix)).min() {
        let (before, group) = rest.split_at(at);
        result.push_str(before);
        rest = &group[group_length(group)..];
    }
    result + rest
}

/// Returns the length of the group at the start of a text, in bytes.
fn group_length(text: &str) -> usize {
    let (mut depth, mut escaped, mut in_class) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'(' if !in_class => depth += 1,
            b')' if !in_class => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// Writes the shortest text of a pattern, with extra repetitions where they are allowed.
struct Writer {
    extra_repetitions: u32,
    /// The attempt: from the second on, neighboring characters differ, and so do those of other attempts.
    attempt: usize,
    /// The remaining number that distinguishes this text from others, as with the digits of a number.
    nth: usize,
    text: String,
}

impl Writer {
    fn write(&mut self, pattern: &Hir) {
        // A text of this size is rejected by the caller.
        if self.text.len() > MAX_TEXT_BYTES {
            return;
        }
        match pattern.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => {
                let character = self.character(class);
                self.text.extend(character);
            }
            HirKind::Repetition(repetition) => {
                let times =
                    repetition.min.saturating_add(self.extra_repetitions).min(repetition.max.unwrap_or(u32::MAX));
                for _ in 0..times {
                    let before = self.text.len();
                    self.write(&repetition.sub);
                    // Further repetitions of nothing are pointless.
                    if self.text.len() == before {
                        break;
                    }
                }
            }
            HirKind::Capture(capture) => self.write(&capture.sub),
            HirKind::Concat(all) => all.iter().for_each(|one| self.write(one)),
            HirKind::Alternation(all) => {
                let picked = self.pick(all.len());
                self.write(&all[picked]);
            }
        }
    }

    fn character(&mut self, class: &Class) -> Option<char> {
        let class = match class {
            Class::Unicode(class) => class,
            Class::Bytes(class) => return class.ranges().first().map(|range| range.start().into()),
        };
        let ranges = class.ranges();
        // Ranges are sorted, so only a few of a large class are compared.
        let is_in_class =
            |c: &char| ranges.iter().take_while(|range| range.start() <= *c).any(|range| *c <= range.end());
        let from = if self.attempt == 0 { 0 } else { self.attempt + self.text.len() };
        let preferred = || {
            (0..PREFERRED_CHARACTERS.len())
                .map(move |offset| PREFERRED_CHARACTERS[(from + offset) % PREFERRED_CHARACTERS.len()])
        };
        let candidates = || preferred().chain('!'..='~').filter(is_in_class);
        let picked = if self.nth == 0 { 0 } else { self.pick(candidates().count()) };
        candidates().nth(picked).or_else(|| ranges.first().map(|range| range.start()))
    }

    /// Picks one of `count` alternatives.
    fn pick(&mut self, count: usize) -> usize {
        let picked = self.nth.checked_rem(count).unwrap_or(0);
        self.nth = self.nth.checked_div(count).unwrap_or(self.nth);
        picked
    }
}
