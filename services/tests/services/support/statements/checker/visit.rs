//! The way through a statement's parts.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Delete, Expr, FromTable, Insert, Query, Select, Statement, TableFactor, TableObject, TableWithJoins, Update,
    UpdateTableFromKind, Visitor,
};

use super::{
    Checker, ORGANIZATION, Reference, address,
    scope::{Output, Selected, Side, last_name},
};

impl Checker<'_> {
    /// Equates the organization that a query selects with the one that its surroundings know.
    fn add_output(&mut self, select: &Select) {
        let Some(scope) = self.scopes.last() else { return };
        let Some((node, selected)) = scope.selected_organization(select) else { return };
        let side = match selected {
            Selected::Expression(expression) => self.side(expression),
            Selected::Node(node) => Side::Column { node, is_own: true },
        };
        self.equate((Side::Column { node, is_own: true }, side));
    }

    fn begin_insert(&mut self, insert: &Insert) {
        let (TableObject::TableName(name), Some(source)) = (&insert.table, &insert.source) else { return };
        let table = last_name(name);
        if self.tables.distributed.contains(&table) && self.has_distributed_tables(source) {
            let organization = self.add_node();
            let position = insert.columns.iter().position(|column| last_name(column) == ORGANIZATION);
            if let Some(position) = position {
                self.outputs.insert(address(source), Output::At(position, organization));
            }
            self.references.push(Reference { table, organization });
        }
    }

    fn begin_change(&mut self, tables: &[&TableWithJoins], condition: Option<&Expr>) {
        let known = self.references.len();
        self.fill_scope(tables, condition);
        // The first table is the one that is changed.
        let Some(TableWithJoins { relation: TableFactor::Table { name, .. }, .. }) = tables.first() else { return };
        if let Some(first) = self.references.get(known).filter(|first| first.table == last_name(name)) {
            self.changed.push(Reference { table: first.table.clone(), organization: first.organization });
        }
    }
}

impl Visitor for Checker<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.push_scope(None);
        match statement {
            Statement::Insert(insert) => self.begin_insert(insert),
            Statement::Update(Update { table, from, selection, .. }) => {
                let from = match from {
                    Some(UpdateTableFromKind::BeforeSet(from) | UpdateTableFromKind::AfterSet(from)) => &**from,
                    None => &[],
                };
                let tables: Vec<&TableWithJoins> = std::iter::once(table).chain(from).collect();
                self.begin_change(&tables, selection.as_ref());
            }
            Statement::Delete(Delete { from, using, selection, .. }) => {
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
                let tables: Vec<&TableWithJoins> = from.iter().chain(using.iter().flatten()).collect();
                self.begin_change(&tables, selection.as_ref());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, _: &Statement) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let output = self.outputs.remove(&address(query));
        self.push_scope(output);
        if let Some(with) = &query.with {
            self.is_recursive |= with.recursive;
            for named in &with.cte_tables {
                let source = self.source_of_query(&named.query);
                if let Some(scope) = self.scopes.last_mut() {
                    scope.named_queries.push((named.alias.name.value.clone(), source));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    /// The first SELECT of a query shares its scope, since ORDER BY, which is visited later, belongs to both. Further
    /// ones, after UNION, have their own.
    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let before = self.scopes.last().filter(|scope| scope.has_select).map(|scope| scope.output);
        if let Some(output) = before {
            self.push_scope(output);
        }
        if let Some(scope) = self.scopes.last_mut() {
            (scope.has_select, scope.is_further_select) = (true, before.is_some());
        }
        let tables: Vec<&TableWithJoins> = select.from.iter().collect();
        self.fill_scope(&tables, select.selection.as_ref());
        self.add_output(select);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.scopes.pop_if(|scope| scope.is_further_select);
        ControlFlow::Continue(())
    }
}
