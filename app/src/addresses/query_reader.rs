use std::str::FromStr;

use super::query::{Query, is_time_zone};

/// Reads the values of an address's query, and records the names of those that can't be used: empty ones, any that can't be
/// parsed, and repeated ones where there may be only one.
pub(super) struct QueryReader {
    query: Query,
    invalid: Vec<&'static str>,
}

impl QueryReader {
    /// A reader of a query string, with or without its question mark.
    pub(super) fn new(search: &str) -> Self {
        Self { query: Query::parse(search), invalid: Vec::new() }
    }

    /// Returns the names of values in `search` that `read` can't use.
    pub(super) fn check<A>(search: &str, read: impl FnOnce(&mut Self) -> A) -> Vec<&'static str> {
        let mut reader = Self::new(search);
        read(&mut reader);
        reader.invalid
    }

    /// The value of `name` as a `T`; `None` without a valid one.
    pub(super) fn get<T: FromStr>(&mut self, name: &'static str) -> Option<T> {
        let value = self.only_value(name)?;
        let parsed = value.parse().ok();
        self.record(name, parsed)
    }

    /// The value of `name`, at most `max_length` bytes.
    pub(super) fn text(&mut self, name: &'static str, max_length: usize) -> Option<String> {
        let value = self.only_value(name)?;
        let fits = !value.is_empty() && value.len() <= max_length;
        self.record(name, fits.then_some(value))
    }

    /// All values of `name` as `T`s, each once; none if one of them isn't valid, or if they are more than `max_count`.
    pub(super) fn all<T: FromStr + PartialEq>(&mut self, name: &'static str, max_count: usize) -> Vec<T> {
        let parsed: Option<Vec<T>> = self.query.values(name).map(|value| value.parse().ok()).collect();
        self.distinct(name, parsed, max_count)
    }

    /// All values of `name`, each once and at most `max_length` bytes; none if one of them is empty or longer, or if they are
    /// more than `max_count`.
    pub(super) fn texts(&mut self, name: &'static str, max_length: usize, max_count: usize) -> Vec<String> {
        let fits = |value: &str| (!value.is_empty() && value.len() <= max_length).then(|| value.to_owned());
        let texts: Option<Vec<String>> = self.query.values(name).map(fits).collect();
        self.distinct(name, texts, max_count)
    }

    /// Whether all values that were read so far can be used.
    pub(super) fn is_valid(&self) -> bool {
        self.invalid.is_empty()
    }

    fn distinct<T: PartialEq>(&mut self, name: &'static str, values: Option<Vec<T>>, max_count: usize) -> Vec<T> {
        let mut distinct = Vec::new();
        for value in self.record(name, values).unwrap_or_default() {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        if distinct.len() > max_count {
            self.reject(name);
            distinct.clear();
        }
        distinct
    }

    /// The value of `name`, at most `max_length` bytes; empty without one.
    pub(super) fn optional_text(&mut self, name: &'static str, max_length: usize) -> String {
        match self.only_value(name) {
            Some(value) if value.len() <= max_length => value,
            Some(_) => {
                self.reject(name);
                String::new()
            }
            None => String::new(),
        }
    }

    /// The value of `name`, if it has the form of an IANA time zone; the server checks that the zone exists.
    pub(super) fn time_zone(&mut self, name: &'static str) -> Option<String> {
        let value = self.only_value(name)?;
        self.record(name, Some(value).filter(|zone| is_time_zone(zone)))
    }

    /// Whether `name` is there with this value, the only one that it may have.
    pub(super) fn flag(&mut self, name: &'static str, expected: &str) -> bool {
        let value = self.only_value(name);
        value.is_some_and(|value| self.record(name, (value == expected).then_some(())).is_some())
    }

    /// Records that the value of `name` can't be used together with others.
    pub(super) fn reject(&mut self, name: &'static str) {
        if !self.invalid.contains(&name) {
            self.invalid.push(name);
        }
    }

    /// The value of `name`, unless there are several.
    fn only_value(&mut self, name: &'static str) -> Option<String> {
        let (value, is_repeated) = {
            let mut values = self.query.values(name);
            (values.next()?.to_owned(), values.next().is_some())
        };
        self.record(name, (!is_repeated).then_some(value))
    }

    fn record<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.reject(name);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalid(search: &str) -> Vec<&'static str> {
        QueryReader::check(search, |query| {
            query.get::<u32>("page");
            query.text("model", 5);
            query.time_zone("tz");
            query.flag("new", "key");
        })
    }

    #[test]
    fn valid_and_missing_values_are_no_errors() {
        for search in ["", "?page=1&model=gpt&tz=Asia/Kathmandu&new=key", "other=&other=", "pages=x"] {
            assert_eq!(invalid(search), Vec::<&str>::new(), "{search}");
        }
    }

    #[test]
    fn repeated_values_are_all_valid_or_none_is_used() {
        let read = |search: &str| {
            let mut reader = QueryReader::new(search);
            let (numbers, names) = (reader.all::<u32>("page", 2), reader.texts("model", 5, 2));
            (numbers, names, reader.invalid)
        };
        assert_eq!(read(""), (vec![], vec![], vec![]));
        let names = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(read("page=1&model=a&page=2&model=b&page=1"), (vec![1, 2], names, vec![]));
        assert_eq!(read("page=1&page=x&model=a&model="), (vec![], vec![], vec!["page", "model"]));
        assert_eq!(read("page=1&page=2&page=3&model=longer"), (vec![], vec![], vec!["page", "model"]));
    }

    #[test]
    fn each_value_that_cannot_be_used_is_named_once() {
        assert_eq!(invalid("page=-1&model=longer&tz=<b>&new=no"), ["page", "model", "tz", "new"]);
        assert_eq!(invalid("page=&model=&tz=&new="), ["page", "model", "tz", "new"]);
        assert_eq!(invalid("page=1&page=1&tz=UTC&tz="), ["page", "tz"]);
    }
}
