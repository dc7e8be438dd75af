//! Tools in a request, by who runs them.

/// Who runs a tool, by its type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ToolKind {
    /// The client, which describes it in the request.
    Client,
    /// The client, while the provider describes it to the model.
    Described,
    /// The provider, during the call.
    Hosted,
    /// The provider, at most as often as the tool's `max_uses` says.
    Limited,
    /// A server elsewhere, which the provider calls.
    Remote,
}

impl ToolKind {
    /// Maps the type of a tool.
    ///
    /// Sources: the tools of [OpenAI](https://platform.openai.com/docs/guides/tools) and
    /// [Anthropic](https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-reference).
    pub(super) fn of(r#type: &str) -> Self {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| r#type.starts_with(prefix));
        match r#type {
            "function" | "custom" => Self::Client,
            "apply_patch" | "computer" | "local_shell" => Self::Described,
            // Later ones also run code, as often as the model wants.
            "web_search_20250305" | "web_fetch_20250910" => Self::Limited,
            _ if begins(&["bash_", "computer_", "memory_", "text_editor_"]) => Self::Described,
            _ if begins(&["mcp"]) => Self::Remote,
            _ => Self::Hosted,
        }
    }
}

/// One tool of a request.
#[derive(Debug, Default)]
pub(super) struct ToolNotes {
    /// Types, usually one.
    pub(super) kinds: Vec<ToolKind>,
    /// Whether it has Anthropic's `input_schema`, which only the client's own tools have; they need no type.
    pub(super) has_input_schema: bool,
    /// Its `max_uses`.
    pub(super) max_uses: Option<u64>,
}

/// All tools of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::gateway) struct ToolSums {
    /// Tools that the provider describes to the model.
    pub(in crate::gateway) described: u64,
    /// Tools that the provider runs.
    pub(in crate::gateway) hosted: u64,
    /// Sum of the uses of hosted tools, as far as they are limited.
    pub(in crate::gateway) max_uses: u64,
    /// Whether the uses of a hosted tool aren't limited.
    pub(in crate::gateway) has_unlimited: bool,
    /// Whether a server elsewhere is called.
    pub(in crate::gateway) has_remote: bool,
}

impl ToolSums {
    pub(super) fn add(&mut self, tool: &ToolNotes) {
        let has = |kind| tool.kinds.contains(&kind);
        if has(ToolKind::Described) {
            self.described += 1;
        }
        self.has_remote |= has(ToolKind::Remote);
        let is_of_client = has(ToolKind::Client) || has(ToolKind::Described) || tool.has_input_schema;
        let is_unlimited = has(ToolKind::Hosted) || has(ToolKind::Remote);
        if is_unlimited || has(ToolKind::Limited) || !is_of_client {
            self.hosted += 1;
            self.max_uses = self.max_uses.saturating_add(tool.max_uses.unwrap_or(0));
            self.has_unlimited |= is_unlimited || tool.max_uses.is_none();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_of_those_who_run_them() {
        for (name, kind) in [
            ("function", ToolKind::Client),
            ("text_editor_20250728", ToolKind::Described),
            ("computer_use_preview", ToolKind::Described),
            ("web_search_20250305", ToolKind::Limited),
            ("web_search_20260209", ToolKind::Hosted),
            ("file_search", ToolKind::Hosted),
            ("of_tomorrow", ToolKind::Hosted),
            ("mcp", ToolKind::Remote),
        ] {
            assert_eq!(ToolKind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn a_tool_of_unknown_form_is_hosted() {
        let mut sums = ToolSums::default();
        sums.add(&ToolNotes { kinds: vec![ToolKind::Client], max_uses: Some(0), ..ToolNotes::default() });
        sums.add(&ToolNotes { has_input_schema: true, ..ToolNotes::default() });
        assert_eq!((sums.hosted, sums.has_unlimited), (0, false));
        sums.add(&ToolNotes {
            kinds: vec![ToolKind::Client, ToolKind::Limited],
            max_uses: Some(3),
            ..ToolNotes::default()
        });
        assert_eq!((sums.hosted, sums.max_uses, sums.has_unlimited), (1, 3, false));
        for unlimited in [
            ToolNotes::default(),
            ToolNotes { kinds: vec![ToolKind::Hosted], max_uses: Some(3), ..ToolNotes::default() },
            ToolNotes { kinds: vec![ToolKind::Limited], ..ToolNotes::default() },
        ] {
            let mut sums = ToolSums::default();
            sums.add(&unlimited);
            assert_eq!((sums.hosted, sums.has_unlimited), (1, true), "{unlimited:?}");
        }
    }
}
