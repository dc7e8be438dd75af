//! `tollhouse org calls`.

use serde_json::json;

use super::Shell;

#[test]
fn calls_are_kept_for_as_long_as_typed() {
    let shell = Shell::new();
    shell.json(&["org", "create", "--name", "Acme"], "");
    let calls = |more: &[&str]| shell.json(&[&["org", "calls", "--org", "acme"], more].concat(), "");
    let unchosen = calls(&[]);
    assert!(unchosen["days"].is_null() && unchosen["default_from"].is_string(), "{unchosen}");
    assert_eq!(calls(&["--days", "90"]), json!({ "days": 90 }));
    assert_eq!(calls(&[]), json!({ "days": 90 }));
    for (wrong, status, message) in
        [("34", 1, "days: Choose 35 to 3650 days."), ("never", 2, "35 to 3650 days, or forever")]
    {
        let refusal = shell.refusal(&["org", "calls", "--org", "acme", "--days", wrong], "", status);
        assert!(refusal.contains(message), "{refusal}");
    }
    assert_eq!(calls(&["--days", "forever"]), json!({ "days": null }));
    assert_eq!(calls(&[]), json!({ "days": null }));
    shell.json(&["org", "bodies", "--org", "acme", "--days", "90"], "");
    let refusal = shell.refusal(&["org", "calls", "--org", "acme", "--days", "60"], "", 1);
    assert!(refusal.contains("bodies are stored for 90 days"), "{refusal}");
    calls(&["--days", "90"]);
    shell.json(&["org", "bodies", "--org", "acme", "--days", "30"], "");
    calls(&["--days", "60"]);
    let refusal = shell.refusal(&["org", "bodies", "--org", "acme", "--days", "61"], "", 1);
    assert!(refusal.contains("Calls are kept for 60 days"), "{refusal}");
}
