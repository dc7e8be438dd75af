//! Texts of a format, a pattern or a length.
//!
//! Sources: the formats of JSON Schema's validation vocabulary (2020-12, section 7.3), and those that the schemas of zod
//! and pydantic name besides.

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

use super::{Filler, PATTERN_STEPS, Parts, Place};

/// Longest text that is made, in bytes.
const LONGEST: usize = 64 * 1024;
/// Longest pattern that is read, in bytes.
const LONGEST_PATTERN: usize = 4 * 1024;
/// Most that a pattern's program takes, in bytes.
const LARGEST_PROGRAM: usize = 512 * 1024;
/// How often a pattern may step back while it is tried.
const STEPS_BACK: usize = 10_000;
/// How deep a pattern's parts may lie in each other.
const DEEPEST_PATTERN: u32 = 64;
/// How many more repetitions than needed are tried.
const MORE: u32 = 64;
/// What a pattern's characters are taken from, where it lets them: one of each kind that passwords must have.
const LIKED: [char; 7] = ['t', 'T', '1', '!', '@', '-', '_'];
/// How many ways to choose among these are tried, where what a pattern looks around for isn't known.
const TURNS: usize = 1 + LIKED.len();

/// What a text is held against, but for its format.
pub(super) struct Rules {
    least: usize,
    most: usize,
    patterns: Vec<Pattern>,
}

impl<'s> Filler<'s> {
    pub(super) fn text(&self, parts: &Parts<'s>, place: &Place<'s>) -> Option<String> {
        let rules = self.rules(parts)?;
        let said = |keyword: &str| parts.find(keyword).and_then(Value::as_str).unwrap_or_default();
        if said("contentMediaType") == "application/json" {
            let schemas: Vec<&Value> = parts.all("contentSchema").collect();
            let text = self.fill(&schemas, place.within(place.nth))?.to_string();
            self.spend(text.len() / 16)?;
            return Some(text).filter(|text| self.keeps(&rules, text));
        }
        let (format, encoding) = (said("format"), said("contentEncoding"));
        // One that was there before is better than what a pattern makes, which is rarely of the format.
        let of_format = |nth| [of_format(format, nth), of_format(format, 0), of_format(encoding, nth)].concat();
        self.text_by(&rules, of_format, place.nth)
    }

    /// A text of a pattern alone.
    pub(super) fn text_of_pattern(&self, pattern: &str, nth: usize) -> Option<String> {
        self.spend(PATTERN_STEPS)?;
        let rules = Rules { least: 0, most: usize::MAX, patterns: vec![Pattern::read(pattern)] };
        self.text_by(&rules, |_| Vec::new(), nth)
    }

    pub(super) fn rules(&self, parts: &Parts<'_>) -> Option<Rules> {
        let patterns: Vec<&str> = parts.all("pattern").filter_map(Value::as_str).collect();
        self.spend(patterns.len() * PATTERN_STEPS)?;
        let patterns = patterns.into_iter().map(Pattern::read).collect();
        Some(Rules { least: parts.most("minLength"), most: parts.least("maxLength"), patterns })
    }

    /// Whether a text is as long as it must be, and of the patterns. One that can't be read says nothing.
    pub(super) fn keeps(&self, rules: &Rules, text: &str) -> bool {
        (rules.least..=rules.most).contains(&text.chars().count())
            && rules.patterns.iter().all(|pattern| self.spend(text.len()).is_some() && pattern.holds(text))
    }

    /// A text that keeps the rules: first `of_format` is tried, then what the patterns are made of.
    fn text_by(&self, rules: &Rules, of_format: impl Fn(usize) -> Vec<String>, nth: usize) -> Option<String> {
        if rules.least > rules.most || rules.least > LONGEST {
            return None;
        }
        let tried = |nth: usize| {
            let of_format = of_format(nth);
            // Where there is a format, any text would hardly be of it.
            let any = of_format.is_empty().then(|| sized(nth, rules.least, rules.most));
            let by_pattern = rules.patterns.iter().flat_map(|pattern| pattern.examples(rules.least, nth));
            let all = of_format.into_iter().chain(by_pattern).chain(any);
            all.map_while(|text| self.spend(1 + text.len() / 16).map(|()| text)).find(|text| self.keeps(rules, text))
        };
        // That it should differ from others may be why it doesn't fit.
        tried(nth).or_else(|| (nth > 0).then(|| tried(0)).flatten())
    }
}

/// The text where all texts fit.
pub(super) fn plain(nth: usize) -> String {
    match nth {
        0 => "toll".to_owned(),
        nth => format!("toll {}", nth + 1),
    }
}

/// The same with as many characters as there must be, and no more than there may be. Where there is little room, the
/// number comes first, which tells it from others. Blanks aren't added, since some clients take them away.
fn sized(nth: usize, least: usize, most: usize) -> String {
    let plain = plain(nth);
    let text = if nth > 0 && plain.len() > most { format!("{}toll", nth + 1) } else { plain };
    let length = text.len().max(least).min(most);
    text.chars().chain("toll".chars().cycle()).take(length).collect()
}

/// Examples of a format, where it has a form of its own: a usual one, and maybe a short one.
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

/// A regular expression of ECMA-262, as far as it can be read.
pub(super) struct Pattern {
    /// What tells whether a text fits.
    judge: Option<Regex>,
    /// What such texts are made of: what stands around is left out.
    made_of: Option<Hir>,
    /// How many ways to choose their characters are tried.
    turns: usize,
}

impl Pattern {
    pub(super) fn read(pattern: &str) -> Self {
        if pattern.len() > LONGEST_PATTERN {
            return Self { judge: None, made_of: None, turns: 0 };
        }
        let judge = RegexBuilder::new(pattern).backtrack_limit(STEPS_BACK).delegate_size_limit(LARGEST_PROGRAM).build();
        let parse = |pattern: &str| ParserBuilder::new().nest_limit(DEEPEST_PATTERN).build().parse(pattern).ok();
        let whole = parse(pattern);
        let turns = if whole.is_some() { 1 } else { TURNS };
        Self { judge: judge.ok(), made_of: whole.or_else(|| parse(&without_lookaround(pattern))), turns }
    }

    pub(super) fn holds(&self, text: &str) -> bool {
        self.judge.as_ref().is_none_or(|judge| judge.is_match(text).unwrap_or(false))
    }

    /// Texts that it was made of, ever longer ones where they must have a length.
    fn examples(&self, least: usize, nth: usize) -> impl Iterator<Item = String> {
        let most_more = if least == 0 { 3 } else { MORE };
        let ways = (0..self.turns).flat_map(move |turn| (0..=most_more).map(move |more| (turn, more)));
        ways.filter_map(move |(turn, more)| {
            let mut writer = Writer { turn, more, nth, text: String::new() };
            writer.write(self.made_of.as_ref()?);
            Some(writer.text)
        })
    }
}

/// `pattern` without what only looks ahead or behind: `(?=…)`, `(?!…)`, `(?<=…)` and `(?<!…)`.
fn without_lookaround(pattern: &str) -> String {
    let mut kept = String::new();
    let mut rest = pattern;
    while let Some(at) = ["(?=", "(?!", "(?<=", "(?<!"].iter().filter_map(|begin| rest.find(begin)).min() {
        let (before, group) = rest.split_at(at);
        kept.push_str(before);
        rest = &group[group_length(group)..];
    }
    kept + rest
}

/// How long the group is that a text begins with, in bytes.
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

/// Writes the shortest text of a pattern, with so many more repetitions where there may be more.
struct Writer {
    more: u32,
    /// From the second on, each character is another than the one before, and not the one of other turns.
    turn: usize,
    /// What is left to tell this text from others by, as the digits of a number are.
    nth: usize,
    text: String,
}

impl Writer {
    fn write(&mut self, pattern: &Hir) {
        // It is given up as a whole when it is tried.
        if self.text.len() > LONGEST {
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
                let times = repetition.min.saturating_add(self.more).min(repetition.max.unwrap_or(u32::MAX));
                for _ in 0..times {
                    let before = self.text.len();
                    self.write(&repetition.sub);
                    // What writes nothing may be repeated as often as one likes.
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
        // They are in order, so that little is looked at of a large class.
        let holds = |c: &char| ranges.iter().take_while(|range| range.start() <= *c).any(|range| *c <= range.end());
        let from = if self.turn == 0 { 0 } else { self.turn + self.text.len() };
        let liked = || (0..LIKED.len()).map(move |place| LIKED[(from + place) % LIKED.len()]);
        let fitting = || liked().chain('!'..='~').filter(holds);
        let picked = if self.nth == 0 { 0 } else { self.pick(fitting().count()) };
        fitting().nth(picked).or_else(|| ranges.first().map(|range| range.start()))
    }

    /// Which one to take of so many.
    fn pick(&mut self, count: usize) -> usize {
        let picked = self.nth.checked_rem(count).unwrap_or(0);
        self.nth = self.nth.checked_div(count).unwrap_or(self.nth);
        picked
    }
}
