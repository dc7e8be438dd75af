//! Memory stays bounded and calls are logged, however badly providers and clients behave.

use axum::{
    body::Body,
    http::{Method, Response, StatusCode},
};
use bytes::Bytes;
use domain::{
    api_keys::Level,
    bodies::BodySettings,
    calls::{CallQuery, CountSource, Outcome},
    organizations::OrganizationSettings,
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use patience::wait_for;
use serde_json::json;
use services::organizations;

use super::{
    stage::{CHAT, Stage, read},
    upstream::Upstream,
};
use crate::{
    process::Process,
    world::{World, command_line, program},
};

const STREAMED: &str = r#"{"model":"gpt-x","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;

fn event(document: &serde_json::Value) -> Bytes {
    format!("data: {document}\n\n").into()
}

fn chunk(number: usize) -> Bytes {
    event(
        &json!({ "id": "c", "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": format!("{number} ") } }] }),
    )
}

/// A provider that streams these pieces.
async fn streaming<S>(pieces: impl Fn() -> S + Send + Sync + 'static) -> Upstream
where
    S: futures::Stream<Item = Bytes> + Send + 'static,
{
    Upstream::new(move |_| {
        let body = Body::from_stream(pieces().map(Ok::<_, std::io::Error>));
        async { Response::builder().header("content-type", "text/event-stream").body(body).unwrap() }
    })
    .await
}

/// The resident memory of a process, in bytes (`proc_pid_statm(5)`).
fn resident(process: &Process) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/statm", process.id())).unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Runs on a separate server, whose memory nothing else uses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_stream_passes_as_it_is_and_is_never_in_memory_as_a_whole() {
    const SOME_TOKENS: usize = 10_000;
    const TOKENS: usize = 100_000;
    let upstream = Upstream::new(|request| {
        let tokens = usize::try_from(request.json()["max_tokens"].as_u64().unwrap()).unwrap();
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 3, "completion_tokens": tokens } });
        let events = (0..tokens).map(chunk).chain([event(&usage), Bytes::from_static(b"data: [DONE]\n\n")]);
        let body = Body::from_stream(stream::iter(events.map(Ok::<_, std::io::Error>)));
        async { Response::builder().header("content-type", "text/event-stream").body(body).unwrap() }
    })
    .await;
    let configuration = format!(
        "[[provider]]\nname = \"upstream\"\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\n\
         [[model]]\nname = \"gpt-x\"\nproviders = [\"upstream\"]\nservice = \"chat\"\n",
        upstream.address
    );
    let world = World::on(None, &configuration).await;
    let actor = command_line(&world.organization);
    // Stored bodies have a memory budget of their own, so they are switched off.
    let settings = organizations::settings(&world.services, &actor).await.unwrap();
    let bodies = BodySettings { days: None, ..settings.bodies };
    organizations::update_settings(&world.services, &actor, OrganizationSettings { bodies, ..settings }).await.unwrap();
    let server = world.serve("warn").await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    // Returns the number of bytes relayed, and the server's peak memory meanwhile.
    let pass = async |tokens: usize| {
        let question = json!({ "model": "gpt-x", "stream": true, "messages": [], "max_tokens": tokens });
        let mut answer = server.send(program(&Method::POST, CHAT, Some(&key), &question)).await;
        let (mut passed, mut peak) = (0, 0);
        while let Some(frame) = answer.frame().await {
            passed += frame.unwrap().into_data().unwrap().len();
            peak = peak.max(resident(&server));
        }
        (passed, peak)
    };
    // Loads what stays in memory, such as the vocabulary for counting tokens.
    let (_, before) = pass(SOME_TOKENS).await;
    let (passed, peak) = pass(TOKENS).await;
    // Usage that the client didn't request is withheld.
    assert_eq!(passed, (0..TOKENS).map(|number| chunk(number).len()).sum::<usize>() + 14);
    let grown = peak.saturating_sub(before);
    assert!(grown < passed / 2, "{grown} bytes more, for a stream of {passed}");
    server.stop().await;
    let calls = services::calls::list(&world.services, &actor, &CallQuery::default()).await.unwrap().calls;
    let told: Vec<_> = calls.iter().map(|call| (call.outcome, call.measured, call.used.tokens_out)).collect();
    let reported = |tokens| (Outcome::Succeeded, CountSource::Reported, i64::try_from(tokens).unwrap());
    assert_eq!(told, [reported(TOKENS), reported(SOME_TOKENS)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_doesnt_read_holds_the_provider_back_and_is_given_up() {
    let told = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&told);
    let upstream = streaming(move || {
        let counted = std::sync::Arc::clone(&counted);
        stream::iter(0..).map(move |_: u64| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Bytes::from(vec![b':'; 64 * 1024])
        })
    })
    .await;
    let stage = Stage::with(&[&upstream], "idle_timeout = \"300ms\"\ntotal_timeout = \"2s\"").await;
    let answer = stage.post_unread(CHAT, STREAMED).await;
    let mut stored = stage.meter.subscribe();
    // The client reads nothing until the gateway gives up.
    wait_for("the client is given up", stored.recv()).await.unwrap();
    let call = stage.call().await;
    assert_eq!((call.outcome, call.streamed), (Outcome::Interrupted, true));
    drop(answer);
}

#[tokio::test]
async fn a_stream_that_never_ends_is_ended() {
    let upstream = streaming(|| stream::iter([chunk(1)]).chain(stream::pending())).await;
    let stage = Stage::with(&[&upstream], "idle_timeout = \"200ms\"").await;
    let mut answer = stage.post_unread(CHAT, STREAMED).await;
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), chunk(1));
    assert!(answer.frame().await.unwrap().is_err(), "it breaks off, so that nobody takes it for whole");
    let call = stage.call().await;
    assert_eq!((call.outcome, call.error_code.as_str()), (Outcome::Interrupted, "upstream_timeout"));
    assert_eq!(call.measured, CountSource::Estimated);
}

#[tokio::test]
async fn half_a_stream_breaks_off_and_is_estimated() {
    let (upstream, pieces) = Upstream::streaming().await;
    let stage = Stage::new(&upstream).await;
    let mut answer = stage.post_unread(CHAT, STREAMED).await;
    pieces.send(Ok(chunk(1))).await.unwrap();
    assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), chunk(1));
    pieces.send(Err(std::io::Error::other("gone"))).await.unwrap();
    assert!(answer.into_body().collect().await.is_err());
    let call = stage.call().await;
    assert_eq!((call.outcome, call.measured), (Outcome::Interrupted, CountSource::Estimated));
    assert!(call.used.tokens_out > 0);
}

#[tokio::test]
async fn an_answer_that_tells_nothing_passes_and_is_no_reason_to_fail() {
    for wrong in ["{}", "[]", "{\"choices\":\"none\"}", "{\"usage\":\"many\"}", "{\"usage\":{\"prompt_tokens\":-5}}"] {
        let stage = Stage::new(&Upstream::answering(200, &[("content-type", "application/json")], wrong).await).await;
        let answer = stage.post(CHAT, r#"{"model":"gpt-x","messages":[]}"#).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, wrong));
        let call = stage.call().await;
        assert_eq!(call.outcome, Outcome::Succeeded);
        assert_ne!(call.measured, CountSource::Reported, "{wrong:?}");
    }
    for wrong in
        ["data: {\n\ndata: [DONE]\n\n", "data\n\n: x\n\ndata: [DONE]\n\n", "\r\r\n\ndata: 7\n\ndata: [DONE]\n\n"]
    {
        let stage = Stage::new(&Upstream::answering(200, &[("content-type", "text/event-stream")], wrong).await).await;
        let answer = read(stage.post_unread(CHAT, STREAMED).await).await;
        assert_eq!(answer.text(), wrong);
        assert_eq!(stage.call().await.outcome, Outcome::Succeeded);
    }
}
