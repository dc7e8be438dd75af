//! Exported files after calls through the gateway.

mod long_files;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use domain::{
    api_keys::{Level, NewApiKey, Scope},
    exports::columns::FOCUS_COLUMNS,
    money::Money,
    time::Timestamp,
    usage::UsageReport,
};
use http_body_util::BodyExt;
use patience::find;
use serde_json::json;

use crate::{
    postgres::Postgres,
    world::{World, json as body, program},
};

/// Calls the sandbox with the owner's key, and returns the tokens, in and out, that its response reports.
async fn call(world: &World, secret: &str, text: &str) -> (i64, i64) {
    let request = Request::post("/v1/chat/completions")
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            json!({ "model": "sandbox-1", "messages": [{ "role": "user", "content": text }] }).to_string(),
        ))
        .unwrap();
    let response = world.send(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let usage = body(response).await["usage"].clone();
    (usage["prompt_tokens"].as_i64().unwrap(), usage["completion_tokens"].as_i64().unwrap())
}

async fn rows(world: &World, path: &str) -> Vec<csv::StringRecord> {
    let response = world.get(path, Some(&world.owner.token)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    csv::Reader::from_reader(text.as_ref()).into_records().map(Result::unwrap).collect()
}

#[tokio::test]
async fn the_files_hold_what_the_screen_shows_and_the_clients_were_told() {
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    let (mut tokens_in, mut tokens_out) = (0, 0);
    for text in ["one", "two words", "three words here"] {
        let (sent, received) = call(&world, &secret, text).await;
        tokens_in += sent;
        tokens_out += received;
    }
    let question = json!({ "organization": "acme", "query": { "range": "today" } });
    let response = world.post("/api/usage/report", Some(&world.owner.token), &question).await;
    let report: UsageReport = serde_json::from_value(body(response).await).unwrap();
    assert_eq!((report.total.calls, report.total.tokens_in, report.total.tokens_out), (3, tokens_in, tokens_out));
    // One dollar for a million tokens in, two for a million out.
    assert_eq!(report.total.spend, Money::from_nanos(tokens_in * 1_000 + tokens_out * 2_000));

    let usage = rows(&world, "/api/usage/export.csv?organization=acme&range=today&view=day").await;
    let sum = |column: usize| usage.iter().map(|row| row[column].parse::<i64>().unwrap()).sum::<i64>();
    assert_eq!((sum(3), sum(6), sum(8)), (3, tokens_in, tokens_out));
    let spend: Money = usage.iter().map(|row| row[9].parse::<Money>().unwrap()).sum();
    assert_eq!(spend, report.total.spend);

    let calls = rows(&world, "/api/calls/export.csv?organization=acme").await;
    assert_eq!(calls.iter().map(|row| row[12].parse::<i64>().unwrap()).sum::<i64>(), 3);
    let spend: Money = calls.iter().map(|row| row[21].parse::<Money>().unwrap()).sum();
    assert_eq!(spend, report.total.spend);
}

/// The header of a usage file, and its first row.
async fn usage_file(world: &World, query: &str) -> (Vec<String>, Vec<String>) {
    let path = format!("/api/usage/export.csv?organization=acme{query}");
    let response = world.get(&path, Some(&world.owner.token)).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let mut lines = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_ref()).into_records();
    let mut line = || lines.next().unwrap().unwrap().iter().map(str::to_owned).collect();
    (line(), line())
}

#[tokio::test]
async fn a_usage_file_names_days_of_its_zone_and_what_it_is_grouped_by() {
    let world = World::new().await;
    let key = world.key(&world.owner).await;
    call(&world, &key.secret, "one").await;
    // Fourteen hours ahead of UTC.
    let zone = "Pacific/Kiritimati";
    let calls = rows(&world, &format!("/api/calls/export.csv?organization=acme&tz={zone}")).await;
    let started: Timestamp = calls[0][0].parse().unwrap();
    let local = started.plus_minutes(14 * 60).to_chrono();
    assert_eq!((&calls[0][32], &calls[0][33]), (local.format("%Y-%m-%d %H:%M:%S").to_string().as_str(), zone));
    let file = async |query: &str| usage_file(&world, &format!("&tz={zone}{query}")).await;

    let day = local.format("%Y-%m-%d").to_string();
    let (header, row) = file("&range=7d").await;
    assert_eq!(header[..4], ["day", "time_zone", "model", "calls"]);
    assert_eq!(row[..4], [day.as_str(), zone, "sandbox-1", "1"]);
    let (header, row) = file("&range=7d&view=hour&group=key").await;
    assert_eq!(header[..6], ["hour", "time_zone", "utc_offset", "key_name", "key_id", "calls"]);
    assert_eq!(row[0], local.format("%Y-%m-%d %H:00").to_string());
    assert_eq!(row[2..5], ["+14:00", key.api_key.name.as_str(), key.api_key.id.to_string().as_str()]);
    let (header, row) = file("&range=12m&view=month&group=project").await;
    assert_eq!(header[..5], ["month", "time_zone", "project_name", "project_id", "calls"]);
    assert_eq!(row[0], local.format("%Y-%m").to_string());
    assert_eq!(row[2..4], [world.project.name.as_str(), world.project.id.to_string().as_str()]);
    let (header, _) = file("&range=12m").await;
    assert_eq!(header[0], "week");
}

#[tokio::test]
async fn a_byte_order_mark_stands_before_a_file_by_choice() {
    let world = World::new().await;
    for path in ["/api/usage/export.csv", "/api/usage/focus.csv", "/api/calls/export.csv", "/api/api_keys/export.csv"] {
        let file = async |more: &str| {
            let path = format!("{path}?organization=acme{more}");
            let response = world.get(&path, Some(&world.owner.token)).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap()
        };
        let plain = file("").await;
        assert!(plain.is_ascii(), "{path}");
        assert_eq!(file("&bom=true").await, [&b"\xef\xbb\xbf"[..], &plain].concat(), "{path}");
        assert_eq!(file("&bom=false").await, plain, "{path}");
    }
}

#[tokio::test]
async fn json_lines_hold_the_calls_of_the_csv_with_null_for_what_isnt_known() {
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    for text in ["one", "two words"] {
        call(&world, &secret, text).await;
    }
    let calls = rows(&world, "/api/calls/export.csv?organization=acme").await;
    let response = world.get("/api/calls/export.jsonl?organization=acme", Some(&world.owner.token)).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/x-ndjson; charset=utf-8");
    assert!(response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().ends_with(".jsonl\""));
    let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let lines: Vec<serde_json::Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), calls.len());
    for (line, row) in lines.iter().zip(&calls) {
        assert_eq!((line["request_id"].as_str(), line["started_at"].as_str()), (Some(&row[1]), Some(&row[0])));
        assert_eq!(
            (line["tokens_in"].to_string(), line["tokens_out"].to_string()),
            (row[14].to_owned(), row[17].to_owned())
        );
        assert_eq!((line["cost_usd"].as_str(), &line["error_code"]), (Some(&row[21]), &serde_json::Value::Null));
        assert_eq!(line["status"], 200);
    }
    // A program may also ask by the header.
    let request = Request::get("/api/calls/export.csv?organization=acme")
        .header(header::HOST, "127.0.0.1:3000")
        .header("sec-fetch-site", "same-origin")
        .header(header::COOKIE, format!("tollhouse={}", world.owner.token))
        .header(header::ACCEPT, "application/x-ndjson")
        .body(Body::empty())
        .unwrap();
    let response = world.send(request).await;
    assert_eq!(axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap(), text);
}

#[tokio::test]
async fn a_file_has_the_chosen_columns_in_their_order() {
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    call(&world, &secret, "one").await;
    let path = "/api/calls/export.csv?organization=acme&columns=model,tokens_in,request_id";
    let response = world.get(path, Some(&world.owner.token)).await;
    let text = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let mut lines = std::str::from_utf8(&text).unwrap().lines();
    assert_eq!(lines.next(), Some("model,tokens_in,request_id"));
    assert!(lines.next().unwrap().starts_with("sandbox-1,") && lines.next().is_none());
}

#[tokio::test]
async fn tags_are_json_and_no_formula() {
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    let question = json!({
        "model": "sandbox-1", "messages": [{ "role": "user", "content": "one" }], "metadata": { "customer": "a;=1+1" },
    });
    let response = world.send(program(&Method::POST, "/v1/chat/completions", Some(&secret), &question)).await;
    assert_eq!(response.status(), StatusCode::OK);
    axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    // Where semicolons separate cells, the formula would be one.
    let calls = rows(&world, "/api/calls/export.csv?organization=acme&columns=tags").await;
    assert_eq!(&calls[0][0], r#"{"customer":"a;'=1+1"}"#);
    let usage = rows(&world, "/api/usage/export.csv?organization=acme&range=today&group=tag.customer").await;
    assert!(usage.iter().any(|row| row.iter().any(|cell| cell == "a;'=1+1")), "{usage:?}");
}

#[tokio::test]
async fn cost_by_focus_adds_up_to_the_screen() {
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    for text in ["one", "two words", "three words here"] {
        call(&world, &secret, text).await;
    }
    let question = json!({ "organization": "acme", "query": { "range": "today" } });
    let response = world.post("/api/usage/report", Some(&world.owner.token), &question).await;
    let report: UsageReport = serde_json::from_value(body(response).await).unwrap();
    let charges = rows(&world, "/api/usage/focus.csv?organization=acme&range=today").await;
    let column = |name: &str| FOCUS_COLUMNS.iter().position(|column| *column == name).unwrap();
    for cost in ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"] {
        let sum: Money = charges.iter().map(|row| row[column(cost)].parse::<Money>().unwrap()).sum();
        assert_eq!(sum, report.total.spend, "{cost}");
    }
    let tokens: i64 = charges.iter().map(|row| row[column("PricingQuantity")].parse::<i64>().unwrap()).sum();
    assert_eq!(tokens, report.total.tokens());
    for row in &charges {
        assert_eq!(
            (&row[column("SubAccountId")], &row[column("SkuId")]),
            (world.project.id.to_string().as_str(), "sandbox-1")
        );
        let moment = |name: &str| row[column(name)].parse::<Timestamp>().unwrap();
        assert!(moment("BillingPeriodStart") <= moment("ChargePeriodStart"));
        assert!(moment("ChargePeriodStart") < moment("ChargePeriodEnd"));
        assert!(moment("ChargePeriodEnd") <= moment("BillingPeriodEnd"));
    }
}

#[tokio::test]
async fn a_comparison_adds_columns_and_no_row_is_counted_twice() {
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    call(&world, &secret, "one").await;
    let (plain, _) = usage_file(&world, "&range=7d").await;
    let (header, row) = usage_file(&world, "&range=7d&compare=previous").await;
    assert_eq!(header[..plain.len()], plain);
    let cell = |name: &str| row[header.iter().position(|column| column == name).unwrap()].as_str();
    assert_eq!((cell("calls"), cell("compared_calls"), cell("change_percent")), ("1", "0", "new"));
    assert_eq!(cell("change"), cell("spend_usd"));
}

#[tokio::test]
async fn a_filter_narrows_the_file() {
    let world = World::new().await;
    let (first, second) = (world.key(&world.owner).await, world.key(&world.owner).await);
    call(&world, &first.secret, "one").await;
    call(&world, &second.secret, "two").await;
    let path = format!("/api/calls/export.csv?organization=acme&key={}", first.api_key.id);
    let calls = rows(&world, &path).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0][4], first.api_key.id.to_string());
}

#[tokio::test]
async fn a_filter_that_cannot_be_used_makes_no_file_of_everything() {
    let world = World::new().await;
    for (path, name) in [
        ("/api/usage/export.csv?range=banana", "range"),
        ("/api/calls/export.csv?status=lost", "status"),
        ("/api/calls/export.jsonl?status=lost", "status"),
        ("/api/usage/focus.csv?range=banana", "range"),
        ("/api/calls/export.csv?columns=secret", "columns"),
        ("/api/api_keys/export.csv?project=nope", "project"),
        ("/api/calls/export.csv?key=key_00000000000000000000000007", "key"),
        ("/api/usage/export.csv?tz=Mars/Base", "time_zone"),
    ] {
        let response = world.get(&format!("{path}&organization=acme"), Some(&world.owner.token)).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        let error = body(response).await;
        assert!(error["detail"][name].is_string(), "{path}: {error}");
    }
}

#[tokio::test]
async fn the_keys_file_holds_the_list_and_no_formula() {
    let world = World::new().await;
    let project = Some(world.project.id);
    let new_key = NewApiKey {
        description: "+1, said \"web\"".to_owned(),
        scopes: vec![Scope::Models, Scope::Chat],
        ip_allowlist: vec!["2001:db8::/32".parse().unwrap(), "127.0.0.1".parse().unwrap()],
        ..NewApiKey::plain("=HYPERLINK(\"x\")", Level::Standard, project)
    };
    let created = services::api_keys::create(&world.services, &world.owner.actor, new_key).await.unwrap();
    call(&world, &created.secret, "one").await;
    let other = world.key(&world.owner).await.api_key;

    let all = rows(&world, "/api/api_keys/export.csv?organization=acme").await;
    assert_eq!(
        all.iter().map(|row| &row[0]).collect::<Vec<_>>(),
        [other.id.to_string(), created.api_key.id.to_string()]
    );
    let found = rows(&world, "/api/api_keys/export.csv?organization=acme&q=hyperlink").await;
    assert_eq!(found, all[1..]);
    let key = &found[0];
    assert_eq!(
        (&key[1], &key[2], &key[3]),
        ("'=HYPERLINK(\"x\")", "'+1, said \"web\"", created.api_key.masked.as_str())
    );
    assert_eq!((&key[4], &key[5], &key[8], &key[10]), ("active", "standard", "chat models", "127.0.0.1 2001:db8::/32"));
    assert_eq!((&key[12], &key[22]), (created.api_key.created_by.unwrap().name.as_str(), "1"));
    assert!(!found.iter().flatten().any(|cell| cell.contains(&created.secret)));
}

#[tokio::test]
async fn a_file_that_cant_be_read_to_its_end_is_broken_off() {
    use sea_orm::ConnectionTrait;
    let world = World::new().await;
    let secret = world.key(&world.owner).await.secret;
    call(&world, &secret, "one").await;
    assert_eq!(rows(&world, "/api/calls/export.csv?organization=acme").await.len(), 1);
    let run = async |sql: &str| {
        let transaction = world.services.database().begin().await.unwrap();
        transaction.execute_unprepared(sql).await.unwrap();
        transaction.commit().await.unwrap();
    };
    // More rows than the pages that are read ahead.
    run("INSERT INTO calls (organization_id, id, series_id, secret_id, started_at, duration_us, streamed, reported, tokens_in, \
         cached_tokens_in, tokens_out, error_code) \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 12000) \
         SELECT organization_id, randomblob(16), series_id, secret_id, started_at, duration_us, streamed, reported, tokens_in, \
         cached_tokens_in, tokens_out, error_code FROM n, calls")
    .await;
    for filter in ["", "&status=succeeded"] {
        let path = format!("/api/calls/export.csv?organization=acme{filter}");
        assert_eq!(rows(&world, &path).await.len(), 12_001);
        let response = world.get(&path, Some(&world.owner.token)).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        assert!(body.frame().await.unwrap().is_ok());
        run("ALTER TABLE key_secrets RENAME TO gone").await;
        let last = loop {
            match body.frame().await {
                Some(Ok(_)) => {}
                last => break last,
            }
        };
        assert!(matches!(last, Some(Err(_))), "it ends like a whole one");
        // A file that can't even begin gets an error.
        let response = world.get(&path, Some(&world.owner.token)).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        run("ALTER TABLE gone RENAME TO key_secrets").await;
    }
}

/// A call during which a server was killed has only its beginning.
async fn a_call_cut_by_a_servers_end_has_neither_status_nor_duration(world: &World) {
    let secret = world.key(&world.owner).await.secret;
    let server = world.serve("warn").await;
    let messages = json!([{ "role": "user", "content": "[sandbox chunk-delay=60s]" }]);
    let question = json!({ "model": "sandbox-1", "stream": true, "messages": messages });
    let mut answer = server.send(program(&Method::POST, "/v1/chat/completions", Some(&secret), &question)).await;
    assert!(answer.body_mut().frame().await.unwrap().is_ok(), "it is under way");
    drop(server);
    // The next server finds the unfinished call.
    let next = world.serve("warn").await;
    let call = find("the call is stored", async || {
        rows(world, "/api/calls/export.csv?organization=acme").await.into_iter().next()
    })
    .await;
    assert_eq!((&call[9], &call[10], &call[11], &call[22]), ("", "interrupted", "server_stopped", ""));
    assert_eq!((&call[13], &call[14], &call[21]), ("unknown", "", ""));
    next.stop().await;
}

#[tokio::test]
async fn a_call_cut_by_a_servers_end_has_no_status_on_sqlite() {
    a_call_cut_by_a_servers_end_has_neither_status_nor_duration(&World::new().await).await;
}

#[tokio::test]
async fn a_call_cut_by_a_servers_end_has_no_status_on_postgres() {
    let database = Postgres::new().await;
    let world = World::on(Some(database.url.clone()), "").await;
    a_call_cut_by_a_servers_end_has_neither_status_nor_duration(&world).await;
    drop(world);
    database.drop().await;
}
