//! `tollhouse org calls`.

use serde_json::json;

use super::Shell;

#[test]
fn calls_are_kept_for_as_long_as_typed() {
    let shell = Shell::new();
    shell.json(&["org", "create", "--name", "Acme"], "");
    let calls = |more: &[&str]| shell.json(&[&["org", "calls", "--org", "acme"], more].concat(), "");
    assert_eq!(calls(&[]), json!({ "days": null }));
    assert_eq!(calls(&["--days", "90"]), json!({ "days": 90 }));
    assert_eq!(calls(&[]), json!({ "days": 90 }));
    for (wrong, status, message) in
        [("34", 1, "days: Choose 35 to 3650 days."), ("never", 2, "35 to 3650 days, or forever")]
    {
        let refusal = shell.refusal(&["org", "calls", "--org", "acme", "--days", wrong], "", status);
        assert!(refusal.contains(message), "{refusal}");
    }
    assert_eq!(calls(&["--days", "forever"]), json!({ "days": null }));
}
