//! The check of one statement.
//!
//! A database that is distributed by organization, such as Citus, executes two kinds of statements over several
//! distributed tables:
//!
//! - those of one organization, which name it for each table (`t.organization_id = $1`), in each subquery again: all
//!   rows are on one machine, and the statement goes there as it is;
//! - those over all organizations whose tables are joined by it (`t.organization_id = u.organization_id`), subqueries
//!   with the tables around them: each machine executes them on its own rows.
//!
//! A table that is bound to a value can't be joined with one that is only compared with a table around it. Statements
//! that change rows have to name their organization.

mod scope;
mod visit;

use std::{collections::HashMap, ops::ControlFlow};

use sqlparser::{
    ast::{
        BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, Query, TableFactor, TableWithJoins, Visit,
        visit_expressions, visit_relations,
    },
    dialect::PostgreSqlDialect,
    parser::Parser,
};

use self::scope::{Output, Scope, Side, Source, last_name};
use super::{
    Tables,
    equalities::{Equalities, Node},
};

/// The column that tables are distributed by.
const ORGANIZATION: &str = "organization_id";

/// Checks whether a distributed database could execute this statement.
///
/// # Errors
/// The reason why not.
pub(crate) fn check(sql: &str, tables: &Tables) -> Result<(), String> {
    // A lock that the parser doesn't know, and that makes no difference here.
    let sql = sql.replace("FOR NO KEY UPDATE", "FOR UPDATE");
    let parsed =
        Parser::parse_sql(&PostgreSqlDialect {}, &sql).map_err(|error| format!("can't be parsed ({error})"))?;
    parsed.iter().try_for_each(|statement| {
        let mut checker = Checker::new(tables);
        // It never breaks.
        let _ = statement.visit(&mut checker);
        checker.verdict()
    })
}

/// A distributed table in a statement.
struct Reference {
    table: String,
    organization: Node,
}

struct Checker<'a> {
    tables: &'a Tables,
    /// Equalities within one level of the statement, also with values.
    own: Equalities,
    /// Equalities of columns, also with those of levels around.
    joined: Equalities,
    /// All values together: a statement is executed for one organization.
    value: Node,
    /// Expressions over rows that come with the statement.
    rows: Vec<Node>,
    references: Vec<Reference>,
    /// The tables whose rows are updated or deleted.
    changed: Vec<Reference>,
    is_recursive: bool,
    /// The level that is visited, after those around it.
    scopes: Vec<Scope>,
    scope_count: usize,
    /// What to do with the organizations that subqueries select, by the subquery's address.
    outputs: HashMap<usize, Output>,
    /// Expressions other than organizations of distributed tables, by level and text.
    expressions: HashMap<(usize, String), Node>,
}

impl<'a> Checker<'a> {
    fn new(tables: &'a Tables) -> Self {
        let (mut own, mut joined) = (Equalities::default(), Equalities::default());
        let value = own.add();
        joined.add();
        Self {
            tables,
            own,
            joined,
            value,
            rows: Vec::new(),
            references: Vec::new(),
            changed: Vec::new(),
            is_recursive: false,
            scopes: Vec::new(),
            scope_count: 0,
            outputs: HashMap::new(),
            expressions: HashMap::new(),
        }
    }

    fn verdict(&self) -> Result<(), String> {
        let is_bound = |reference: &&Reference| self.own.are_equal(reference.organization, self.value);
        let is_of_row =
            |reference: &&Reference| self.rows.iter().any(|row| self.own.are_equal(*row, reference.organization));
        if let Some(changed) = self.changed.iter().find(|changed| !is_bound(changed) && !is_of_row(changed)) {
            return Err(format!("changes {} of all organizations at once", changed.table));
        }
        let unbound: Vec<&Reference> = self.references.iter().filter(|reference| !is_bound(reference)).collect();
        let (Some(first), [_, _, ..]) = (unbound.first(), &*self.references) else { return Ok(()) };
        let is_joined = |other: &Reference| self.joined.are_equal(first.organization, other.organization);
        if !self.is_recursive && self.references.iter().all(is_joined) {
            return Ok(());
        }
        let names: Vec<&str> = unbound.iter().map(|reference| &*reference.table).collect();
        Err(format!("joins {} without the organization", names.join(", ")))
    }

    fn add_node(&mut self) -> Node {
        self.joined.add();
        self.own.add()
    }

    fn push_scope(&mut self, output: Option<Output>) {
        self.scope_count += 1;
        self.scopes.push(Scope::new(self.scope_count, output));
    }

    /// Fills the current scope with tables and the conditions between them.
    fn fill_scope(&mut self, tables: &[&TableWithJoins], condition: Option<&Expr>) {
        for table in tables {
            self.add_sources(table);
        }
        for join in tables.iter().flat_map(|table| &table.joins) {
            if let Some(condition) = condition_of(join) {
                self.add_conditions(condition);
            }
        }
        if let Some(condition) = condition {
            self.add_conditions(condition);
        }
    }

    fn add_sources(&mut self, table: &TableWithJoins) {
        self.add_source(&table.relation);
        for join in &table.joins {
            self.add_source(&join.relation);
        }
    }

    fn add_source(&mut self, factor: &TableFactor) {
        let (name, source) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let table = last_name(name);
                (alias.as_ref().map_or(table.clone(), |alias| alias.name.value.clone()), self.source_of_table(&table))
            }
            TableFactor::Derived { subquery, alias: Some(alias), .. } => {
                (alias.name.value.clone(), self.source_of_query(subquery))
            }
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Function { alias: Some(alias), .. }
            | TableFactor::UNNEST { alias: Some(alias), .. } => (alias.name.value.clone(), Source::Rows),
            TableFactor::NestedJoin { table_with_joins, .. } => return self.add_sources(table_with_joins),
            _ => return,
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.sources.push((name, source));
        }
    }

    fn source_of_table(&mut self, table: &str) -> Source {
        if let Some(source) = self.find_named_query(table) {
            return source;
        }
        if !self.tables.distributed.contains(table) {
            return Source::Other;
        }
        let organization = self.add_node();
        self.references.push(Reference { table: table.to_owned(), organization });
        Source::Distributed(organization)
    }

    /// A subquery in place of a table, or one that `WITH` names.
    fn source_of_query(&mut self, query: &Query) -> Source {
        if !self.has_distributed_tables(query) {
            return Source::Rows;
        }
        let organization = self.add_node();
        self.outputs.insert(address(query), Output::Named(organization));
        Source::Distributed(organization)
    }

    fn has_distributed_tables(&self, query: &Query) -> bool {
        let is_distributed = |name: &str| {
            self.tables.distributed.contains(name)
                || matches!(self.find_named_query(name), Some(Source::Distributed(_)))
        };
        let visited = visit_relations(query, |name| match is_distributed(&last_name(name)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        visited.is_break()
    }

    fn find_named_query(&self, name: &str) -> Option<Source> {
        self.scopes.iter().rev().find_map(|scope| Scope::find(&scope.named_queries, name))
    }

    /// Adds the equalities that all rows fulfill.
    fn add_conditions(&mut self, condition: &Expr) {
        match condition {
            Expr::Nested(inner) => self.add_conditions(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.add_conditions(left);
                self.add_conditions(right);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let sides = (self.side(left), self.side(right));
                self.equate(sides);
            }
            _ => {}
        }
    }

    fn equate(&mut self, sides: (Side, Side)) {
        match sides {
            (Side::Value, Side::Value) => {}
            (Side::Column { node, is_own }, Side::Value) | (Side::Value, Side::Column { node, is_own }) => {
                if is_own {
                    self.own.equate(node, self.value);
                }
            }
            (Side::Column { node: a, is_own: a_is_own }, Side::Column { node: b, is_own: b_is_own }) => {
                self.joined.equate(a, b);
                if a_is_own && b_is_own {
                    self.own.equate(a, b);
                }
            }
        }
    }

    fn side(&mut self, expression: &Expr) -> Side {
        match expression {
            Expr::Nested(inner) => self.side(inner),
            Expr::Value(_) => Side::Value,
            Expr::Cast { expr: inner, .. } if matches!(**inner, Expr::Value(_)) => Side::Value,
            Expr::CompoundIdentifier(parts) if matches!(&**parts, [_, column] if column.value == ORGANIZATION) => {
                match self.find_source(&parts[0].value) {
                    Some((Source::Distributed(node), is_own)) => Side::Column { node, is_own },
                    _ => self.side_of_expression(expression),
                }
            }
            Expr::Identifier(column) if column.value == ORGANIZATION => {
                match self.scopes.last().and_then(Scope::only_distributed) {
                    Some(node) => Side::Column { node, is_own: true },
                    None => self.side_of_expression(expression),
                }
            }
            _ => self.side_of_expression(expression),
        }
    }

    fn side_of_expression(&mut self, expression: &Expr) -> Side {
        let scope = self.scopes.last().map_or(0, |scope| scope.number);
        let key = (scope, expression.to_string());
        let known = self.expressions.get(&key).copied();
        let node = known.unwrap_or_else(|| {
            let node = self.add_node();
            if self.is_of_rows(expression) {
                self.rows.push(node);
            }
            self.expressions.insert(key, node);
            node
        });
        Side::Column { node, is_own: true }
    }

    /// Whether an expression names a column of rows that come with the statement.
    fn is_of_rows(&self, expression: &Expr) -> bool {
        let visited = visit_expressions(expression, |part| match part {
            Expr::CompoundIdentifier(parts)
                if matches!(self.find_source(&parts[0].value), Some((Source::Rows, true))) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        visited.is_break()
    }

    /// Finds a table by its name, and whether it is in the current scope.
    fn find_source(&self, name: &str) -> Option<(Source, bool)> {
        let innermost = self.scopes.last().map(|scope| scope.number);
        self.scopes.iter().rev().find_map(|scope| {
            let source = Scope::find(&scope.sources, name)?;
            Some((source, Some(scope.number) == innermost))
        })
    }
}

/// The condition of a join.
fn condition_of(join: &Join) -> Option<&Expr> {
    match &join.join_operator {
        JoinOperator::Join(JoinConstraint::On(condition))
        | JoinOperator::Inner(JoinConstraint::On(condition))
        | JoinOperator::Left(JoinConstraint::On(condition))
        | JoinOperator::LeftOuter(JoinConstraint::On(condition))
        | JoinOperator::Right(JoinConstraint::On(condition))
        | JoinOperator::RightOuter(JoinConstraint::On(condition))
        | JoinOperator::FullOuter(JoinConstraint::On(condition)) => Some(condition),
        _ => None,
    }
}

/// Identifies a part of the parsed statement.
fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}
