//! Nobody else on the machine looks into the data folder.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

#[test]
fn the_data_folder_is_nobody_elses() {
    let root = tempfile::tempdir().unwrap();
    let run = |folder: &str, command: &str| {
        let output = Command::new("sh")
            .args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_tollhouse"), command])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TOLLHOUSE_DATA", root.path().join(folder))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mode = |path: &str| fs::metadata(root.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert!(run("new", "migrate").0);
    assert_eq!((mode("new"), mode("new/tollhouse.db")), (0o700, 0o600));
    // One of an earlier version.
    fs::set_permissions(root.path().join("new"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(run("new", "migrate").0);
    assert_eq!(mode("new"), 0o700);
    // One that holds what isn't ours.
    fs::write(root.path().join("new/notes.txt"), "").unwrap();
    fs::set_permissions(root.path().join("new"), fs::Permissions::from_mode(0o755)).unwrap();
    let (well, told) = run("new", "doctor");
    assert!(!well && told.contains("chmod 0700"), "{told}");
    assert_eq!(mode("new"), 0o755);
}
