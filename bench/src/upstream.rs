//! A provider that answers every chat completion alike: `bench-upstream ADDRESS:PORT [MILLISECONDS]`.
//!
//! Like a model, it waits the given milliseconds before each answer, and a quarter of them before each
//! further token of a stream.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt,
};
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

/// An answer with 190 tokens in, 60 of them cached, and 48 out.
const ANSWER: &str = r#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,"message":{"role":"assistant","content":"A toll house stands where a road begins to cost something: whoever passes pays for the way, and the keeper writes it down.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":190,"completion_tokens":48,"total_tokens":238,"prompt_tokens_details":{"cached_tokens":60,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_bench"}"#;

/// Number of tokens in a stream, each an event of its own.
const TOKENS: usize = 200;
const TOKEN: &str = "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" toll\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
const END: &str = "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench\",\"choices\":[],\"usage\":{\"prompt_tokens\":190,\"completion_tokens\":200,\"total_tokens\":390}}\n\ndata: [DONE]\n\n";

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: bench-upstream ADDRESS:PORT [MILLISECONDS]");
    let address: SocketAddr = arguments.next().and_then(|text| text.parse().ok()).ok_or_else(usage)?;
    let delay: u64 = arguments.next().map_or(Ok(0), |text| text.parse().map_err(|_| usage()))?;

    let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(Duration::from_millis(delay));
    // Otherwise a token waits up to 40 ms for the client's system to acknowledge the previous one.
    let listener = TcpListener::bind(address).await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, router).await
}

async fn answer(State(delay): State<Duration>, request: Bytes) -> Response {
    pause(delay).await;
    if !contains(&request, br#""stream":true"#) {
        return ([(CONTENT_TYPE, "application/json")], ANSWER).into_response();
    }
    let events = stream::iter(0..=TOKENS).then(move |number| async move {
        if number > 0 {
            pause(delay / 4).await;
        }
        Ok::<_, io::Error>(if number < TOKENS { TOKEN } else { END })
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
