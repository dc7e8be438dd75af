//! Columns of the log.

use crate::choices;

choices! {
    /// A column of the log besides the time, which each row has.
    LogColumn, "column" {
        Key = "key", "Key";
        Project = "project", "Project";
        Model = "model", "Model";
        Service = "service", "Service";
        Endpoint = "endpoint", "Endpoint";
        Provider = "provider", "Provider";
        Status = "status", "Status";
        /// Code of the error sent to the client.
        Error = "error", "Error";
        InputTokens = "input-tokens", "Input tokens";
        CachedTokens = "cached-tokens", "Cached input tokens";
        OutputTokens = "output-tokens", "Output tokens";
        Cost = "cost", "Cost";
        Latency = "latency", "Latency";
        /// Time to the first byte.
        FirstToken = "first-token", "Time to first token";
        /// Tags that the client gave the call.
        Tags = "tags", "Tags";
        Id = "id", "Call ID";
    }
}

impl LogColumn {
    /// The columns that are shown unless the member chooses others.
    pub const DEFAULT: [Self; 8] = [
        Self::Key,
        Self::Model,
        Self::Endpoint,
        Self::Status,
        Self::InputTokens,
        Self::OutputTokens,
        Self::Cost,
        Self::Latency,
    ];

    /// The chosen columns in their order of definition, each once.
    pub fn sorted(chosen: &[Self]) -> Vec<Self> {
        Self::ALL.into_iter().filter(|column| chosen.contains(column)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_columns_are_in_their_order_each_once() {
        let chosen = [LogColumn::Cost, LogColumn::Key, LogColumn::Cost];
        assert_eq!(LogColumn::sorted(&chosen), [LogColumn::Key, LogColumn::Cost]);
        assert_eq!(LogColumn::sorted(&LogColumn::DEFAULT), LogColumn::DEFAULT);
        assert_eq!(LogColumn::sorted(&[]), []);
    }
}
