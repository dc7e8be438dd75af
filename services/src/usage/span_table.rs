//! Times of calls as a table that a statement joins with, so that calls are looked up by their ids, which are ordered by time.

use domain::{ids::CallId, time::Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::sources::CallSpan;
use crate::database::Bound;

/// The table `p` of some spans.
pub(super) struct SpanTable {
    /// The table as a part of `FROM`. A row's place is the index of its span.
    pub(super) table: String,
    /// The expression over `p` for the first id that a call of the span may have.
    pub(super) from: String,
    /// The expression over `p` for the first id after the span.
    pub(super) to: String,
    /// The first id of all spans, and the first after them; `None` without any.
    pub(super) ends: [Option<Uuid>; 2],
}

impl SpanTable {
    /// The table of these spans, as a parameter of a statement.
    pub(super) fn new(spans: &[CallSpan], bound: &mut Bound) -> Self {
        let id = |moment: Timestamp| CallId::lower_bound(moment).uuid();
        let rows: Vec<_> = spans.iter().map(|span| json!([id(span.from).simple(), id(span.to).simple()])).collect();
        let ends = [spans.iter().map(|span| id(span.from)).min(), spans.iter().map(|span| id(span.to)).max()];
        let table = bound.rows(json!(rows).to_string(), "p");
        let [from, to] = [0, 1].map(|part| bound.id(&format!("p.value ->> {part}")));
        Self { table, from, to, ends }
    }
}
