use leptos::prelude::*;

use crate::{
    addresses::Query,
    state::{Go, use_address, use_go},
};

/// By which column rows are sorted, as the address says: `sort=Name`, or `sort=-Name` for descending.
#[derive(Clone, Copy)]
pub struct Sort {
    query: Memo<Query>,
    go: Go,
}

impl Sort {
    pub fn in_address() -> Self {
        Self { query: use_address(Query::parse), go: use_go() }
    }

    /// The column's header, and whether the largest comes first.
    pub(super) fn current(&self) -> Option<(String, bool)> {
        self.query.with(|query| {
            let text = query.text("sort")?;
            Some(text.strip_prefix('-').map_or((text.to_owned(), false), |name| (name.to_owned(), true)))
        })
    }

    pub(super) fn direction(&self, header: &str) -> Option<&'static str> {
        let (_, descending) = self.current().filter(|(name, _)| name == header)?;
        Some(if descending { "descending" } else { "ascending" })
    }

    /// Sorts by a column, then the other way round, then not at all. Numbers begin with the largest.
    pub(super) fn by(&self, header: &str, largest_first: bool) {
        let next = match self.current().filter(|(name, _)| name == header) {
            None => Some(largest_first),
            Some((_, descending)) if descending == largest_first => Some(!largest_first),
            Some(_) => None,
        };
        let value = next.map(|descending| if descending { format!("-{header}") } else { header.to_owned() });
        let path = window().location().pathname().unwrap_or_default();
        self.go.replace(self.query.get_untracked().with("sort", value).on(&path));
    }
}
