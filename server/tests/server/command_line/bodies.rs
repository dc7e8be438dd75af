//! `tollhouse org bodies`.

use serde_json::json;

use super::Shell;

#[test]
fn bodies_are_stored_as_the_command_line_says() {
    let shell = Shell::new();
    shell.json(&["org", "create", "--name", "Acme"], "");
    let bodies = |more: &[&str]| shell.json(&[&["org", "bodies", "--org", "acme"], more].concat(), "");
    assert_eq!(bodies(&[]), json!({ "days": null, "decided": false, "limit": 262_144, "redact": [] }));
    assert_eq!(bodies(&["--limit", "65536"])["decided"], false, "nothing but --days decides");
    let changed = bodies(&["--days", "7", "--redact", "content", "metadata.customer"]);
    let redact = ["content", "metadata.customer"];
    assert_eq!(changed, json!({ "days": 7, "decided": true, "limit": 65_536, "redact": redact }));
    assert_eq!(bodies(&["--limit", "2048"])["days"], 7);
    assert_eq!(
        bodies(&["--days", "off", "--redact"]),
        json!({ "days": null, "decided": true, "limit": 2048, "redact": [] })
    );
    for (wrong, status, message) in [("91", 1, "days: Choose 1 to 90 days."), ("never", 2, "1 to 90 days, or off")] {
        let refusal = shell.refusal(&["org", "bodies", "--org", "acme", "--days", wrong], "", status);
        assert!(refusal.contains(message), "{refusal}");
    }
}

#[test]
fn bodies_are_deleted_only_of_calls_that_were_named() {
    let shell = Shell::new();
    shell.json(&["org", "create", "--name", "Acme"], "");
    let delete = ["org", "delete-bodies", "--org", "acme"];
    let refusal = shell.refusal(&delete, "", 2);
    assert!(refusal.contains("--all"), "{refusal}");
    for named in
        [&["--all"][..], &["--project", "default", "--from", "2026-11-01T00:00:00Z"], &["--tag", "customer:acme"]]
    {
        assert_eq!(shell.json(&[&delete[..], named].concat(), ""), json!({ "calls": 0 }), "{named:?}");
    }
    let refusal = shell.refusal(&[&delete[..], &["--tag", "acme"]].concat(), "", 2);
    assert!(refusal.contains("customer:acme"), "{refusal}");
}
