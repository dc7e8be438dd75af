//! Compares forms as they are sent with the parsers of Python and JavaScript: they find
//! one model, and it is ours.

use std::time::Duration;

use http_body_util::BodyExt;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use tokio::time::Instant;

use super::*;
use crate::{
    gateway::body::{
        names::fold_case,
        peers::{Peer, cases},
    },
    gateway::budget::{BudgetHolder, ByteBudget},
    gateway::payload::Disk,
};

fn forms() -> impl Strategy<Value = (String, String)> {
    let names = [
        "model",
        "Model",
        "model ",
        "model[]",
        "x",
        "prompt",
        "mod\\el",
        "mod%65l",
        "x\"; name=\"model",
        "x; name=model",
        "\u{e9}",
        "image[]",
        "",
        "x\r\nContent-Disposition: form-data; name=\"model",
        "x\n\n--XX",
        "x;",
        "x=y",
        "x'y",
    ];
    let parameters = [
        "",
        "",
        "",
        "; filename=\"a.png\"",
        "; filename=model",
        "; name=\"model\"",
        "; name*=utf-8''model",
        "; filename*=utf-8''a%22b",
        "; filename=\"a\\\"; name=\\\"model\"",
        ";",
        "; x=y",
        " ; NAME=model",
    ];
    let heads = [
        "",
        "",
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: text/plain; charset=utf-16\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Disposition: form-data; name=\"model\"\r\n",
        "X: y\r\n",
        "Content-Length: 1\r\n",
    ];
    let values = [
        "talk-x",
        "up",
        "a",
        "",
        "a\r\nb",
        "\n--XX\nContent-Disposition: form-data; name=\"model\"\n\nother\n--XX--\n",
        "--XX",
        "\r\n--XXmore",
        "\r--XX\rContent-Disposition: form-data; name=\"model\"\r\rother",
        "dGFsay15",
        "=6Dodel",
        "\u{feff}x",
    ];
    let part = (
        prop::sample::select(names.to_vec()),
        prop::bool::weighted(0.8),
        prop::sample::select(parameters.to_vec()),
        prop::sample::select(heads.to_vec()),
        prop::sample::select(values.to_vec()),
    )
        .prop_map(|(name, quoted, parameter, head, value)| {
            let name = if quoted { format!("\"{name}\"") } else { name.to_owned() };
            format!("--XX\r\n{head}Content-Disposition: form-data; name={name}{parameter}\r\n\r\n{value}\r\n")
        });
    let plain = "--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ntalk-x\r\n".to_owned();
    let kinds = [
        "multipart/form-data; boundary=XX",
        "multipart/form-data; boundary=XX",
        "multipart/form-data; boundary=\"XX\"",
        "multipart/form-data; boundary=XX; boundary=YY",
        "multipart/form-data; boundary=XX; charset=utf-8",
        "Multipart/Form-Data;boundary=XX",
    ];
    let ends = ["--XX--\r\n", "--XX--\r\n", "--XX--", "--XX--\r\nmore", "--XX\r\n"];
    let parts =
        (prop::collection::vec(part, 0..4), prop::bool::weighted(0.8), 0_usize..4, prop::sample::select(ends.to_vec()));
    (parts, prop::sample::select(kinds.to_vec())).prop_map(move |((mut parts, has_model, at, end), kind)| {
        if has_model {
            parts.insert(at.min(parts.len()), plain.clone());
        }
        (kind.to_owned(), parts.concat() + end)
    })
}

#[tokio::test]
#[ignore = "wants python3 and node; scripts/fuzz runs it"]
async fn nothing_goes_out_in_which_python_or_javascript_find_another_model() {
    let cases = cases();
    let mut peers = Peer::all();
    let mut runner = TestRunner::default();
    let strategy = forms();
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path(), ByteBudget::new(1 << 20, 1 << 20));
    let quota = disk.quota(BudgetHolder::unknown());
    let mut passed = 0;
    for _ in 0..cases {
        let (kind, body) = strategy.new_tree(&mut runner).unwrap().current();
        let limits = CollectLimits {
            bytes: 1 << 20,
            idle: Duration::from_secs(60),
            deadline: Instant::now() + Duration::from_secs(60),
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_str(&kind).unwrap());
        let Ok(form) = SpooledForm::read(&headers, Body::from(body.clone()), &quota, limits).await else { continue };
        if form.model().is_none() {
            continue;
        }
        passed += 1;
        let sent = form.payload("up").send().collect().await.unwrap().to_bytes();
        for peer in &mut peers {
            let name = peer.name;
            let fields = peer
                .parse_form(form.content_type.to_str().unwrap(), &sent)
                .unwrap_or_else(|| panic!("{name} can't read {body:?}"));
            let base = |name: &str| fold_case(name).split(['[', '.']).next().unwrap_or_default().trim().to_owned();
            let models: Vec<_> =
                fields.iter().filter(|(name, _)| base(name) == MODEL).map(|(_, value)| value.as_str()).collect();
            assert_eq!(models, ["up"], "{name}: {body:?}");
        }
    }
    assert!(passed * 20 > cases, "only {passed} of {cases} made-up forms were read at all");
}
