//! A PostgreSQL server for one test, which can be stopped and started again.

use std::{
    fs::{OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::process::random_port;

/// The way a PostgreSQL server is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// As an operator does: it aborts open transactions and cleans up.
    Fast,
    /// As in a crash: the next start recovers from its log.
    Immediate,
}

pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        let programs = std::env::var_os("TEST_POSTGRES_PROGRAMS")
            .expect("TEST_POSTGRES_PROGRAMS names no folder: run `scripts/with-postgres cargo test`");
        let mut cluster = Self { folder: tempfile::tempdir().unwrap(), programs: programs.into(), port: 0 };
        if Self::is_root() {
            assert!(Command::new("chown").arg("postgres").arg(cluster.folder.path()).status().unwrap().success());
        }
        let options = ["--username=tollhouse", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        assert!(cluster.run("initdb", &options), "initdb failed");
        let has_started = (0..8).any(|_| {
            cluster.port = random_port();
            cluster.try_to_start()
        });
        assert!(has_started, "{}", cluster.log());
        cluster
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://tollhouse@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn start(&self) {
        assert!(self.try_to_start(), "{}", self.log());
    }

    pub(crate) fn stop(&self, mode: Stop) {
        let mode = match mode {
            Stop::Fast => "--mode=fast",
            Stop::Immediate => "--mode=immediate",
        };
        assert!(self.run("pg_ctl", &["stop", "--wait", "--silent", mode]), "{}", self.log());
    }

    /// Restarts the server with this certificate and its key (PEM), so that it offers TLS.
    pub(crate) fn offer_tls(&self, certificate: &str, key: &str) {
        self.stop(Stop::Fast);
        let data = self.folder.path().join("data");
        // Where PostgreSQL looks for them.
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = data.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            if Self::is_root() {
                assert!(Command::new("chown").arg("postgres").arg(file).status().unwrap().success());
            }
        }
        let mut configuration = OpenOptions::new().append(true).open(data.join("postgresql.conf")).unwrap();
        writeln!(configuration, "ssl = on").unwrap();
        self.start();
    }

    fn try_to_start(&self) -> bool {
        // Committed data must survive the server's end, though not the machine's.
        let options = format!(
            "-h 127.0.0.1 -p {} -k {} -c fsync=off -c max_connections=100 -c shared_buffers=32MB",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("server.log");
        let (log, options) = (format!("--log={}", log.display()), format!("--options={options}"));
        self.run("pg_ctl", &["start", "--wait", "--timeout=60", "--silent", &log, &options])
    }

    fn run(&self, program: &str, options: &[&str]) -> bool {
        let program = self.programs.join(program);
        let mut command = if Self::is_root() {
            // PostgreSQL's programs refuse to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let data = format!("--pgdata={}", self.folder.path().join("data").display());
        // The server inherits these streams: with pipes, waiting for their end would wait for the server's.
        let command = command.args(options).arg(data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.current_dir(Path::new("/")).status().unwrap().success()
    }

    fn is_root() -> bool {
        std::fs::metadata("/proc/self").unwrap().uid() == 0
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // This fails if it has ended already.
        self.run("pg_ctl", &["stop", "--wait", "--silent", "--mode=immediate"]);
    }
}
