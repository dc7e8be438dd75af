//! The tables that a level of a statement names.

use sqlparser::ast::{Expr, ObjectName, ObjectNamePart, Select, SelectItem, SelectItemQualifiedWildcardKind};

use super::ORGANIZATION;
use crate::support::statements::equalities::Node;

/// A side of an equality.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    /// A parameter or a constant.
    Value,
    /// An organization, or another expression.
    Column {
        node: Node,
        /// Whether it belongs to the current scope, not to one around it.
        is_own: bool,
    },
}

/// A table, or what takes its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A distributed table, or a subquery over such tables, with its organization.
    Distributed(Node),
    /// Rows that come with the statement.
    Rows,
    /// A table that isn't distributed.
    Other,
}

/// The organization of a query's result, which its surroundings know.
#[derive(Clone, Copy, Debug)]
pub(super) enum Output {
    /// The column of this name.
    Named(Node),
    /// The column at this position.
    At(usize, Node),
}

/// A selected organization.
pub(super) enum Selected<'a> {
    Expression(&'a Expr),
    /// That of a table whose columns are all selected.
    Node(Node),
}

/// The tables that a level of a statement names.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) number: usize,
    pub(super) sources: Vec<(String, Source)>,
    /// Subqueries that `WITH` names.
    pub(super) named_queries: Vec<(String, Source)>,
    pub(super) output: Option<Output>,
    pub(super) has_select: bool,
    /// Whether it belongs to a SELECT after UNION.
    pub(super) is_further_select: bool,
}

impl Scope {
    pub(super) const fn new(number: usize, output: Option<Output>) -> Self {
        Self {
            number,
            sources: Vec::new(),
            named_queries: Vec::new(),
            output,
            has_select: false,
            is_further_select: false,
        }
    }

    pub(super) fn find(sources: &[(String, Source)], name: &str) -> Option<Source> {
        sources.iter().rev().find(|(known, _)| known == name).map(|(_, source)| *source)
    }

    /// The organization of the only distributed table here.
    pub(super) fn only_distributed(&self) -> Option<Node> {
        let mut nodes = self.sources.iter().filter_map(|(_, source)| match source {
            Source::Distributed(node) => Some(*node),
            Source::Rows | Source::Other => None,
        });
        nodes.next().filter(|_| nodes.next().is_none())
    }

    /// The organization that the surroundings know, and the one that is selected for it.
    pub(super) fn selected_organization<'a>(&self, select: &'a Select) -> Option<(Node, Selected<'a>)> {
        match self.output? {
            Output::At(position, node) => match select.projection.get(position)? {
                SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => {
                    Some((node, Selected::Expression(expression)))
                }
                _ => None,
            },
            Output::Named(node) => {
                select.projection.iter().find_map(|item| self.organization_in(item)).map(|selected| (node, selected))
            }
        }
    }

    fn organization_in<'a>(&self, item: &'a SelectItem) -> Option<Selected<'a>> {
        match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value == ORGANIZATION => {
                Some(Selected::Expression(expr))
            }
            SelectItem::UnnamedExpr(expression) => {
                let name = match expression {
                    Expr::Identifier(name) => name,
                    Expr::CompoundIdentifier(parts) => parts.last()?,
                    _ => return None,
                };
                (name.value == ORGANIZATION).then_some(Selected::Expression(expression))
            }
            SelectItem::Wildcard(_) => self.only_distributed().map(Selected::Node),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                match Self::find(&self.sources, &last_name(name)) {
                    Some(Source::Distributed(node)) => Some(Selected::Node(node)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The last part of a name.
pub(super) fn last_name(name: &ObjectName) -> String {
    match name.0.last() {
        Some(ObjectNamePart::Identifier(part)) => part.value.clone(),
        _ => name.to_string(),
    }
}
