//! Other users of the machine can't read the data folder.

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
    // A folder of an earlier version.
    fs::set_permissions(root.path().join("new"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(run("new", "migrate").0);
    assert_eq!(mode("new"), 0o700);
    // A folder with foreign files.
    fs::write(root.path().join("new/notes.txt"), "").unwrap();
    fs::set_permissions(root.path().join("new"), fs::Permissions::from_mode(0o755)).unwrap();
    let (succeeded, output) = run("new", "doctor");
    assert!(!succeeded && output.contains("chmod 0700"), "{output}");
    assert_eq!(mode("new"), 0o755);
}
