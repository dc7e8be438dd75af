use leptos::prelude::*;

use crate::{
    addresses::Query,
    state::{use_address, use_go},
};

/// The column by which rows are sorted.
#[derive(Clone, Copy)]
pub struct Sort {
    /// The column's header, and whether the order is descending.
    current: Memo<Option<(String, bool)>>,
    /// Sorts by a column; the flag is whether its largest values come first, as for numbers.
    choose: Callback<(&'static str, bool)>,
}

impl Sort {
    /// Creates a sort that the page holds, where the server sorts.
    pub fn new(current: Memo<Option<(String, bool)>>, choose: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self { current, choose: Callback::new(move |(header, _)| choose(header)) }
    }

    /// Creates a sort that the address holds: `sort=Name`, or `sort=-Name` for descending. Choosing a column
    /// again reverses the order, and a third time removes it.
    pub fn in_address() -> Self {
        let query = use_address(Query::parse);
        let go = use_go();
        let read = move || {
            query.with(|query| {
                let text = query.text("sort")?;
                Some(text.strip_prefix('-').map_or((text.to_owned(), false), |name| (name.to_owned(), true)))
            })
        };
        let choose = move |(header, largest_first): (&'static str, bool)| {
            let next = match untrack(read).filter(|(name, _)| name == header) {
                None => Some(largest_first),
                Some((_, descending)) if descending == largest_first => Some(!largest_first),
                Some(_) => None,
            };
            let value = next.map(|descending| if descending { format!("-{header}") } else { header.to_owned() });
            let path = window().location().pathname().unwrap_or_default();
            go.replace(query.get_untracked().with("sort", value).append_to(&path));
        };
        Self { current: Memo::new(move |_| read()), choose: Callback::new(choose) }
    }

    pub(super) fn current(&self) -> Option<(String, bool)> {
        self.current.get()
    }

    pub(super) fn direction(&self, header: &str) -> Option<&'static str> {
        let (_, descending) = self.current().filter(|(name, _)| name == header)?;
        Some(if descending { "descending" } else { "ascending" })
    }

    pub(super) fn toggle(&self, header: &'static str, largest_first: bool) {
        self.choose.run((header, largest_first));
    }
}
