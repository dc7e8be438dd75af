//! The `tollhouse` command, as typed in a shell.

mod bodies;
mod calls;
mod keys;

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const PASSWORD: &str = "a lantern by the harbor 41";

struct Shell {
    data: TempDir,
}

impl Shell {
    fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> &Path {
        self.data.path()
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tollhouse"))
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("TOLLHOUSE_DATA", self.folder())
            .env("TOLLHOUSE_LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may end before its input is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a command that must succeed, and reads its JSON.
    fn json(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat(), input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command that must fail, and returns its error message.
    fn refusal(&self, arguments: &[&str], input: &str, status: i32) -> String {
        let output = self.run(arguments, input);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {message}");
        assert!(output.stdout.is_empty(), "{arguments:?} prints an error to standard output");
        assert!(!message.trim().is_empty(), "{arguments:?} says nothing");
        assert!(!message.contains("panicked"), "{message}");
        message
    }

    fn with_organization() -> Self {
        let shell = Self::new();
        assert_eq!(shell.json(&["org", "create", "--name", "Acme Ltd"], "")["slug"], "acme-ltd");
        shell
    }
}

#[test]
fn people_are_made_and_get_new_passwords() {
    let shell = Shell::with_organization();
    let create = [
        "user",
        "create",
        "--email",
        "Mira@Example.com",
        "--name",
        "Mira",
        "--org",
        "acme-ltd",
        "--role",
        "owner",
        "--password-stdin",
    ];
    let input = format!("{PASSWORD}\n");
    let created = shell.json(&create, &input);
    assert!(created["id"].as_str().unwrap().starts_with("user_") && created["created"] == true, "{created}");
    let refused = shell.refusal(&create, &input, 1);
    assert!(refused.contains("email: This user is already a member"), "{refused}");
    // Who has an account joins another organization with it.
    shell.json(&["org", "create", "--name", "Other"], "");
    let join = create.map(|argument| if argument == "acme-ltd" { "other" } else { argument });
    assert_eq!(shell.json(&join, &input), json!({ "id": created["id"], "created": false }));
    shell.json(
        &["user", "password", "--email", "mira@example.com", "--password-stdin"],
        "another lantern, 42 steps on\r\n",
    );
    shell.json(&["operator", "grant", "--email", "mira@example.com"], "");
    shell.json(&["project", "create", "--org", "acme-ltd", "--name", "Web"], "");
    shell.json(&["project", "assign", "--org", "acme-ltd", "--project", "web", "--user", "mira@example.com"], "");
}

#[test]
fn the_help_lists_the_commands_in_groups() {
    let output = Shell::new().run(&["--help"], "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("\nOrganizations:\n  org       Manage organizations"), "{text}");
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let shell = Shell::new();
    for wrong in [
        &["nothing"][..],
        &["org", "create"],
        &["key", "create", "--org", "a", "--name", "n", "--level", "root"],
        &["key", "revoke", "acme"],
        &["key", "revoke"],
        &["key", "create", "--org", "a", "--name", "n", "--level", "admin", "--scope", "all"],
        &["key", "create", "--org", "a", "--name", "n", "--level", "admin", "--allow-ip", "10.0.0.300"],
        &["key", "edit", "key_01h2xcejqtf2nbrexx3vqjhp41"],
        &["key", "edit", "key_01h2xcejqtf2nbrexx3vqjhp41", "--all-models", "--model", "gpt-x"],
        &["key", "rotate", "key_01h2xcejqtf2nbrexx3vqjhp41"],
        &["key", "rotate", "key_01h2xcejqtf2nbrexx3vqjhp41", "--grace", "soon"],
        &[
            "user",
            "create",
            "--email",
            "a@b.example",
            "--name",
            "n",
            "--org",
            "o",
            "--role",
            "king",
            "--password-stdin",
        ],
        &["user", "create", "--email", "a@b.example", "--name", "n", "--org", "o", "--role", "owner"],
        &["demo", "--calls", "0"],
        &["demo", "--calls", "many"],
        &["serve", "--addr", "nowhere"],
    ] {
        shell.refusal(wrong, "", 2);
    }
}

#[test]
fn what_cannot_be_done_is_told_with_status_1() {
    let shell = Shell::with_organization();
    let mut messages = Vec::new();
    for wrong in [
        &["org", "create", "--name", " "][..],
        &["org", "create", "--name", "X", "--time-zone", "Mars/Olympus"],
        &["project", "list", "--org", "nobody"],
        &["project", "create", "--org", "acme-ltd", "--name", ""],
        &["project", "create", "--org", "acme-ltd", "--name", "Web", "--cap", "5"],
        &["project", "assign", "--org", "acme-ltd", "--project", "none", "--user", "a@b.example"],
        &["key", "create", "--org", "acme-ltd", "--name", "k", "--level", "standard"],
        &["key", "create", "--org", "acme-ltd", "--name", "k", "--level", "admin", "--model", "gpt-none"],
        &["key", "create", "--org", "acme-ltd", "--name", "k", "--level", "admin", "--expires-in-days", "0"],
        &["key", "create", "--org", "acme-ltd", "--name", &"n".repeat(81), "--level", "admin"],
        &["key", "revoke", "key_01h2xcejqtf2nbrexx3vqjhp41"],
        &["key", "edit", "key_01h2xcejqtf2nbrexx3vqjhp41", "--name", "x"],
        &["key", "rotate", "key_01h2xcejqtf2nbrexx3vqjhp41", "--grace", "1h"],
        &["key", "list", "--org", "nobody"],
        &["user", "password", "--email", "nobody@example.com", "--password-stdin"],
        &["operator", "grant", "--email", "nobody@example.com"],
        &[
            "user",
            "create",
            "--email",
            "nonsense",
            "--name",
            "n",
            "--org",
            "acme-ltd",
            "--role",
            "owner",
            "--password-stdin",
        ],
        &["--config", "none.toml", "migrate"],
    ] {
        messages.push(shell.refusal(wrong, PASSWORD, 1));
    }
    let weak = shell.refusal(
        &[
            "user",
            "create",
            "--email",
            "a@b.example",
            "--name",
            "n",
            "--org",
            "acme-ltd",
            "--role",
            "owner",
            "--password-stdin",
        ],
        "password",
        1,
    );
    assert!(weak.contains("password"), "{weak}");
    assert!(messages.iter().all(|text| !text.contains(PASSWORD)));
}

#[test]
fn a_demo_has_as_many_calls_as_asked_for_and_only_once() {
    let shell = Shell::new();
    let demo = shell.json(&["demo", "--calls", "3000", "--days", "40", "--seed", "7"], "");
    assert_eq!(demo["calls"], 3000);
    assert!(demo["password"].as_str().unwrap().len() >= 12);
    shell.refusal(&["demo", "--calls", "10"], "", 1);
}

#[test]
fn migrations_are_shown_without_being_applied() {
    let shell = Shell::new();
    for _ in 0..2 {
        let status = shell.json(&["migrate", "--status"], "");
        assert!(status["schema"]["version"].is_null(), "{status}");
        let pending = status["schema"]["pending"].as_array().unwrap().len();
        assert!(pending > 30, "{status}");
        assert_eq!(status["background"][0]["state"], "waiting");
    }
    shell.json(&["migrate"], "");
    let status = shell.json(&["migrate", "--status"], "");
    assert_eq!((&status["schema"]["pending"], &status["schema"]["unknown"]), (&json!([]), &json!([])));
    let output = shell.run(&["migrate", "--status"], "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("No pending migrations."), "{text}");
    assert!(text.contains("In the background: fold_key_texts is waiting"), "{text}");
}

#[test]
fn the_doctor_tells_what_is_wrong() {
    let shell = Shell::new();
    let wrong = "[[provider]]\nname = \"up\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";
    std::fs::write(shell.folder().join("tollhouse.toml"), wrong).unwrap();
    let output = shell.run(&["doctor"], "");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("FAIL  upstream up") && text.contains("ok    database"), "{text}");
    assert!(text.contains("sign-up: closed"), "{text}");
    std::fs::write(shell.folder().join("tollhouse.toml"), format!("{wrong}[sign_up]\nopen = true\n")).unwrap();
    let text = String::from_utf8_lossy(&shell.run(&["doctor"], "").stdout).into_owned();
    assert!(text.contains("sign-up is open although a provider is configured"), "{text}");
}

#[test]
fn the_doctor_warns_of_what_works_and_is_most_likely_not_meant() {
    let shell = Shell::new();
    let warned = || {
        let output = shell.run(&["doctor", "--public-url", "https://hub.example"], "");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter(|line| line.starts_with("warn  setup: ")).collect::<Vec<_>>().concat()
    };
    assert!(warned().contains("server.trusted_proxies"));
    std::fs::write(shell.folder().join("tollhouse.toml"), "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n").unwrap();
    assert!(!warned().contains("server.trusted_proxies"));
}
