//! Compares the strict reader with the parsers of Python and JavaScript, which providers use: no body passes
//! that they read differently. `scripts/fuzz` runs these tests with many cases.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::*;

/// A parser in another process.
pub(in crate::gateway) struct Peer {
    pub(in crate::gateway) name: &'static str,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Debug, Deserialize)]
struct ParsedJson {
    texts: BTreeSet<String>,
    top: BTreeMap<String, Value>,
}

impl Peer {
    fn start(name: &'static str, program: &str, script: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/lib/peers").join(script);
        let mut child = Command::new(program)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (requests, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { name, child, requests, answers }
    }

    pub(in crate::gateway) fn all() -> [Self; 2] {
        let program = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        [
            Self::start("Python", &program("FUZZ_PYTHON", "python3"), "peer.py"),
            Self::start("JavaScript", &program("FUZZ_NODE", "node"), "peer.mjs"),
        ]
    }

    /// Sends a request to the peer; `None` if it can't parse the input.
    fn send<T: DeserializeOwned>(&mut self, request: &str) -> Option<T> {
        writeln!(self.requests, "{request}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(!answer.is_empty(), "{} has ended", self.name);
        if answer == "-\n" { None } else { Some(serde_json::from_str(&answer).unwrap()) }
    }

    fn parse_json(&mut self, body: &[u8]) -> Option<ParsedJson> {
        self.send(&format!("json {}", hex(body)))
    }

    /// Parses a form, and returns the names and values of the fields that aren't files.
    pub(in crate::gateway) fn parse_form(&mut self, kind: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
        #[derive(Deserialize)]
        struct Form {
            fields: Vec<(String, String)>,
        }
        let form: Option<Form> = self.send(&format!("form {} {}", hex(kind.as_bytes()), hex(body)));
        form.map(|form| form.fields)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Number of generated cases.
pub(in crate::gateway) fn cases() -> usize {
    env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Generates bodies that are nearly JSON: documents with changes where parsers are known to differ.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let known = ["model", "stream", "max_tokens", "n", "store", "Model", "mod\\u0065l", "\\u017ftream"];
    let others = ["file_id", "user", "input", "x\\u0079", "conversation"];
    let keys = prop_oneof![
        1 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        3 => prop::sample::select(others.to_vec()).prop_map(str::to_owned),
        6 => "[a-z]{0,3}",
    ];
    let numbers = "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let texts = [
        r#""\ud83c\udf19""#,
        r#""\u0066ile-1""#,
        r#""file-1\u0000x""#,
        "\"\u{7f}\"",
        "\"\u{2028}\"",
        "\"\u{feff}file-1\"",
        "\"file-1\"",
        "\" resp_1 \"",
        "\"https://a.example/file-1\"",
        "\"file%2D1,file-2\"",
    ];
    let oddities = [
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        "1.",
        ".5",
        "0x10",
        "1_000",
        "'a'",
        "undefined",
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\x41""#,
        r#""\v""#,
        "\"a\tb\"",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "1 /* */",
        "// x\n1",
        "\u{a0}1",
        "\u{feff}1",
        "tru",
        "nulll",
    ];
    let leaf = prop_oneof![
        4 => prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        4 => numbers,
        4 => prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        4 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap_or_default()),
        1 => prop::sample::select(oddities.to_vec()).prop_map(str::to_owned),
        1 => (1_usize..200).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
        1 => (1_usize..500).prop_map(|digits| "9".repeat(digits)),
    ];
    let value = leaf.prop_recursive(3, 12, 4, {
        let keys = keys.clone();
        move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(","))),
                prop::collection::vec((keys.clone(), inner), 0..4).prop_map(object),
            ]
        }
    });
    let model = prop_oneof![18 => Just(Some(r#""m""#.to_owned())), 1 => Just(None), 1 => value.clone().prop_map(Some)];
    let text = (prop::collection::vec((keys, value), 0..5), model, 0_usize..6).prop_map(|(mut fields, model, at)| {
        if let Some(model) = model {
            fields.insert(at.min(fields.len()), ("model".to_owned(), model));
        }
        object(fields)
    });
    let spaces = prop_oneof![
        8 => prop::sample::select(vec!["", " ", "\n\t\r"]),
        1 => prop::sample::select(vec!["\u{feff}", "\u{a0}", "\0", "\u{c}", "{}"]),
    ];
    let changed = prop_oneof![
        8 => Just(Vec::new()),
        1 => prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
    ];
    (text, spaces.clone(), spaces, changed, 0_u8..40).prop_map(|(text, before, after, changed, encoding)| {
        let text = format!("{before}{text}{after}");
        let mut bytes: Vec<u8> = match encoding {
            0 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            1 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            2 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
            _ => text.into_bytes(),
        };
        for (index, byte) in changed {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

fn object(fields: Vec<(String, String)>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// Finds the candidates for ids in a text.
fn ids(text: &str) -> HashSet<String> {
    let mut mentions = Mentions::default();
    mentions.add_text(text);
    mentions.into_texts()
}

#[test]
#[ignore = "wants python3 and node; scripts/fuzz runs it"]
fn nothing_passes_that_python_or_javascript_read_differently() {
    let cases = cases();
    let mut peers = Peer::all();
    let mut runner = TestRunner::default();
    let strategy = bodies();
    let mut passed = 0;
    for _ in 0..cases {
        let body = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(read) = RequestBody::read(Bytes::from(body.clone()), None) else { continue };
        passed += 1;
        let shown = String::from_utf8_lossy(&body).into_owned();
        let sent = read.spliced(r#""up""#, false, None);
        for peer in &mut peers {
            let name = peer.name;
            for (bytes, model) in [(&body[..], read.model.as_str()), (&sent[..], "up")] {
                let parsed = peer.parse_json(bytes).unwrap_or_else(|| panic!("{name} can't read {shown}"));
                assert_eq!(parsed.top.get("model"), Some(&Value::from(model)), "{name}: {shown}");
                let flag = |name: &str| parsed.top.get(name).and_then(Value::as_bool);
                assert_eq!(flag("stream").unwrap_or(false), read.stream, "{name}: {shown}");
                assert_eq!(flag("store"), read.store, "{name}: {shown}");
                let looked_up = read.mentions.texts();
                // Of a repeated key both values are looked up, whichever of them counts.
                for text in parsed.texts.iter().filter(|text| **text != model) {
                    let missing: Vec<_> = ids(text).into_iter().filter(|id| !looked_up.contains(id)).collect();
                    assert!(missing.is_empty(), "{name} reads {missing:?} in {shown}");
                }
            }
        }
    }
    assert!(passed * 20 > cases, "only {passed} of {cases} made-up bodies were read at all");
}
