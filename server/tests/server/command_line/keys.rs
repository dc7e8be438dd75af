//! `tollhouse key`.

use domain::api_keys::Secret;
use serde_json::{Value, json};

use super::Shell;

#[test]
fn a_key_is_made_shown_once_and_revoked() {
    let shell = Shell::with_organization();
    let project = &shell.json(&["project", "create", "--org", "acme-ltd", "--name", "Web"], "")["slug"];
    assert_eq!(project, "web");
    let key = shell.json(
        &[
            "key",
            "create",
            "--org",
            "acme-ltd",
            "--project",
            "web",
            "--name",
            "k",
            "--level",
            "standard",
            "--model",
            "sandbox-1",
            "--expires-in-days",
            "30",
        ],
        "",
    );
    let secret = Secret::parse(key["secret"].as_str().unwrap()).unwrap();
    assert!(key["prefix"].as_str().unwrap().ends_with(secret.last_four()));
    let database = std::fs::read(shell.folder().join("tollhouse.db")).unwrap();
    let body = &secret.reveal().as_bytes()[9..];
    assert!(!database.windows(body.len()).any(|window| window == body), "the database holds a secret");
    shell.json(&["key", "revoke", key["id"].as_str().unwrap()], "");
    shell.json(&["key", "revoke", key["id"].as_str().unwrap()], "");
    let audit = shell.json(&["audit", "verify"], "");
    assert!(audit["entries"].as_u64().unwrap() >= 4);
    assert!(audit["installation"].as_u64().unwrap() >= 1);
    assert_eq!((&audit["organizations"], &audit["first_break"]), (&Value::from(1), &Value::Null));
}

#[test]
fn an_admin_key_needs_no_project() {
    let shell = Shell::with_organization();
    let key = shell.json(&["key", "create", "--org", "acme-ltd", "--name", "k", "--level", "admin"], "");
    assert!(key["secret"].as_str().unwrap().starts_with("toll_admin_"));
}

/// Creates a key with these arguments, and returns it with its id.
fn key(shell: &Shell, arguments: &[&str]) -> (Value, String) {
    let created = shell.json(&[&["key", "create", "--org", "acme-ltd", "--name", "k"], arguments].concat(), "");
    let id = created["id"].as_str().unwrap().to_owned();
    (created, id)
}

#[test]
fn a_key_is_narrowed_listed_and_changed() {
    let shell = Shell::with_organization();
    shell.json(&["project", "create", "--org", "acme-ltd", "--name", "Web"], "");
    let narrow = [
        "--scope",
        "chat",
        "--scope",
        "models",
        "--allow-ip",
        "10.1.2.3/8",
        "--rotate-every-days",
        "30",
        "--metadata-only",
    ];
    let level = ["--level", "standard", "--project", "default"];
    let (created, id) = key(&shell, &[&narrow[..], &level].concat());
    assert_eq!(created["scopes"], json!(["chat", "models"]));
    assert_eq!((&created["ip_allowlist"], &created["rotate_every_days"]), (&json!(["10.0.0.0/8"]), &json!(30)));
    let edits = [
        "--name",
        "app",
        "--all-scopes",
        "--model",
        "sandbox-1",
        "--project",
        "web",
        "--rotate-every-days",
        "0",
        "--metadata-only",
        "false",
    ];
    let edited = shell.json(&[&["key", "edit", &id], &edits[..]].concat(), "");
    assert_eq!(
        (&edited["name"], &edited["scopes"], &edited["models"]),
        (&json!("app"), &json!([]), &json!(["sandbox-1"]))
    );
    assert_eq!((&edited["ip_allowlist"], &edited["rotate_every_days"]), (&created["ip_allowlist"], &Value::Null));
    assert_eq!((&created["metadata_only"], &edited["metadata_only"]), (&json!(true), &json!(false)));
    assert_ne!(edited["project_id"], created["project_id"]);
    let listed = shell.json(&["key", "list", "--org", "acme-ltd"], "");
    assert_eq!(listed, json!([edited]));
    assert!(!listed.to_string().contains(created["secret"].as_str().unwrap()));
    let text_output = shell.run(&["key", "list", "--org", "acme-ltd"], "");
    assert!(String::from_utf8_lossy(&text_output.stdout).contains("active  standard  Web  app"), "{text_output:?}");
}

#[test]
fn a_key_is_rotated_once_for_each_request() {
    let shell = Shell::with_organization();
    let (created, id) = key(&shell, &["--level", "admin"]);
    let rotate = ["key", "rotate", &id, "--grace", "24h", "--request", "deploy-1"];
    let rotated = shell.json(&rotate, "");
    let secret = Secret::parse(rotated["secret"].as_str().unwrap()).unwrap();
    assert_ne!(rotated["secret"], created["secret"]);
    assert_eq!((rotated["status"].as_str(), rotated["id"].as_str()), (Some("rotating"), Some(id.as_str())));
    let again = shell.json(&rotate, "");
    assert_eq!((&again["secret"], &again["old_secret_ends_at"]), (&Value::Null, &rotated["old_secret_ends_at"]));
    let refused = shell.refusal(&["key", "rotate", &id, "--grace", "0"], "", 1);
    assert!(refused.contains("rotating until"), "{refused}");
    let longer = shell.json(&["key", "grace", &id, "--grace", "7d"], "");
    assert!(longer["old_secret_ends_at"].as_str() > rotated["old_secret_ends_at"].as_str());
    let ended = shell.json(&["key", "end-rotation", &id], "");
    assert_eq!((ended["status"].as_str(), &ended["old_secret_ends_at"]), (Some("active"), &Value::Null));
    assert!(ended["prefix"].as_str().unwrap().ends_with(secret.last_four()));
    shell.refusal(&["key", "end-rotation", &id], "", 1);
    let text_output = shell.run(&["key", "rotate", &id, "--grace", "0"], "");
    let text = String::from_utf8_lossy(&text_output.stdout).into_owned();
    assert!(text.lines().any(|line| Secret::parse(line).is_ok()) && text.contains("no longer works"), "{text}");
}

#[test]
fn keys_of_one_organization_are_revoked_together() {
    let shell = Shell::with_organization();
    shell.json(&["org", "create", "--name", "Other"], "");
    let (first, second) = (key(&shell, &["--level", "admin"]).1, key(&shell, &["--level", "admin"]).1);
    let other = shell.json(&["key", "create", "--org", "other", "--name", "k", "--level", "admin"], "");
    let refused = shell.refusal(&["key", "revoke", &first, other["id"].as_str().unwrap()], "", 1);
    assert!(refused.contains("several organizations"), "{refused}");
    let statuses = || {
        let listed = shell.json(&["key", "list", "--org", "acme-ltd"], "");
        listed.as_array().unwrap().iter().map(|key| key["status"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(statuses(), ["active", "active"]);
    shell.json(&["key", "revoke", &first, &second], "");
    assert_eq!(statuses(), ["revoked", "revoked"]);
    shell.refusal(&["key", "rotate", &first, "--grace", "0"], "", 1);
}

#[test]
fn leaked_keys_are_reported_by_standard_input() {
    let shell = Shell::with_organization();
    let ((created, id), (other, ended)) = (key(&shell, &["--level", "admin"]), key(&shell, &["--level", "admin"]));
    shell.json(&["key", "revoke", &ended], "");
    let secrets = [&created, &other].map(|key| key["secret"].as_str().unwrap());
    let input = format!("{}\n\nnonsense\r\n  {}  ", secrets[0], secrets[1]);
    let output = shell.run(&["key", "report-leak", "--place", "https://git.example/1f0c", "--json"], &input);
    assert!(output.status.success());
    let verdicts: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!([
        { "result": "disabled", "id": id },
        { "result": "unknown", "id": null },
        { "result": "ended_before", "id": ended },
    ]);
    assert_eq!(verdicts, expected);
    let again = shell.run(&["key", "report-leak"], &input);
    let text_output = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(
        text_output.contains("was already inactive") && secrets.iter().all(|secret| !text_output.contains(secret)),
        "{text_output}"
    );
    shell.refusal(&["key", "report-leak"], " \n", 1);
    // A secret as an argument only gets an error with the right way.
    let refused = shell.refusal(&["key", "report-leak", secrets[0]], "", 2);
    assert!(refused.contains("standard input") && !refused.contains(secrets[0]), "{refused}");
}

#[test]
fn limits_of_keys_projects_and_organizations_are_set_and_shown() {
    let shell = Shell::with_organization();
    let limits = |calls: Value, tokens: Value| json!({ "calls_per_minute": calls, "tokens_per_minute": tokens });
    let create = ["key", "create", "--org", "acme-ltd", "--project", "default", "--name", "k", "--level", "standard"];
    let created = shell.json(&[&create[..], &["--calls-per-minute", "60"]].concat(), "");
    assert_eq!(created["rate_limits"], limits(json!(60), Value::Null));
    let edit = |more: &[&str]| shell.json(&[&["key", "edit", created["id"].as_str().unwrap()], more].concat(), "");
    assert_eq!(edit(&["--tokens-per-minute", "1000"])["rate_limits"], limits(json!(60), json!(1_000)));
    assert_eq!(edit(&["--calls-per-minute", "0"])["rate_limits"], limits(Value::Null, json!(1_000)));
    assert_eq!(edit(&["--name", "other"])["rate_limits"], limits(Value::Null, json!(1_000)));
    let organization = ["org", "limits", "acme-ltd"];
    let project = ["project", "limits", "--org", "acme-ltd", "--project", "default"];
    for target in [&organization[..], &project] {
        assert_eq!(shell.json(target, ""), limits(Value::Null, Value::Null));
        let set = shell.json(&[target, &["--calls-per-minute", "600"]].concat(), "");
        assert_eq!(set, limits(json!(600), Value::Null));
        assert_eq!(shell.json(target, ""), set);
    }
}
