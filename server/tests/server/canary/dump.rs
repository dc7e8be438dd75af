use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// All rows of all tables as text.
pub(crate) async fn dump(database: &DatabaseConnection) -> Vec<(String, String)> {
    let backend = database.get_database_backend();
    let rows = async |sql: String| {
        let rows = database.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect::<Vec<_>>()
    };
    let tables = match backend {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        _ => "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
    };
    let mut dumped = Vec::new();
    for table in rows(tables.to_owned()).await {
        let select = if backend == DbBackend::Sqlite {
            let columns = rows(format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            format!("SELECT {} FROM \"{table}\"", quoted.join(" || ' ' || "))
        } else {
            format!("SELECT t::text FROM \"{table}\" t")
        };
        dumped.push((table, rows(select).await.join("\n")));
    }
    dumped
}
