//! The program itself, as a process that a test may kill.

use crate::fault::{Death, VARIABLE};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Where the program was built; `scripts/test` builds it before the suites.
pub fn path() -> PathBuf {
    built("rescind", "cargo build -p rescind-worker --bin rescind")
}

/// Where the program was built that dies where a test wants it to; cargo builds it with the suites.
pub fn faulty() -> PathBuf {
    built("rescind-faulty", "cargo build -p rescind-tests --bin rescind-faulty")
}

fn built(name: &str, how: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("the test's own path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let program = folder.join(name);
    assert!(program.exists(), "{} is missing: {how}", program.display());
    program
}

/// A running `rescind run`.
pub struct Program {
    child: Child,
    /// Where it answers HTTP.
    pub http: String,
    /// Where it answers operators.
    pub ops: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it with these settings, and waits until its listeners are bound.
    pub fn start(settings: &[(&str, String)]) -> Self {
        Self::launch(Command::new(path()), settings)
            .unwrap_or_else(|(ended, log)| panic!("the program ended: {ended}\n{log}"))
    }

    /// Starts it so that a file which may not grow (`prlimit --fsize`) shows as an error of the disk and not as a signal.
    pub fn start_on_limited_files(settings: &[(&str, String)]) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(path());
        Self::launch(command, settings)
            .unwrap_or_else(|(ended, log)| panic!("the program ended: {ended}\n{log}"))
    }

    /// Starts the one that will die there.
    ///
    /// # Errors
    /// How it ended, if it did before its listeners were bound.
    pub fn start_to_die(settings: &[(&str, String)], death: Death) -> Result<Self, ExitStatus> {
        let mut command = Command::new(faulty());
        let settings = settings.iter().cloned().chain([(VARIABLE, death.to_string())]).collect::<Vec<_>>();
        command.current_dir(std::env::temp_dir());
        Self::launch(command, &settings).map_err(|(ended, _)| ended)
    }

    /// The error is how it ended before its listeners were bound, and its log.
    fn launch(mut command: Command, settings: &[(&str, String)]) -> Result<Self, (ExitStatus, String)> {
        command.arg("run").env_clear().envs(std::env::var_os("PATH").map(|p| ("PATH", p)));
        command.envs(settings.iter().map(|(k, v)| (*k, v.as_str())));
        command
            .env("RESCIND_LOG__FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let stderr = child.stderr.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().expect("no panic while held").push(line);
            }
        });
        let mut program = Self { child, http: String::new(), ops: String::new(), log };
        let started = Instant::now();
        loop {
            let ready = program.log().iter().find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                Some((line["http"].as_str()?.to_owned(), line["ops"].as_str()?.to_owned()))
            });
            if let Some((http, ops)) = ready {
                (program.http, program.ops) = (http, ops);
                return Ok(program);
            }
            if let Some(ended) = program.child.try_wait().expect("its state") {
                return Err((ended, program.log().join("\n")));
            }
            assert!(started.elapsed() < Duration::from_secs(60), "not ready:\n{}", program.log().join("\n"));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Memory that it holds, in KiB (VmRSS).
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
    }

    /// Its log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().expect("no panic while held").clone()
    }

    /// Kills it, as the system would: SIGKILL, no chance to clean up.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Asks it to read policy and templates anew (SIGHUP).
    pub fn reload(&self) {
        let status =
            Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// Asks it to stop (SIGTERM), and returns its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        self.ask_to_stop();
        self.child.wait().expect("it ends").code()
    }

    /// Asks it to stop (SIGTERM), and does not wait for it.
    pub fn ask_to_stop(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(status.success());
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("its state")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // a test that failed leaves nothing running
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings for a worker on a folder and a database, with free ports.
pub fn settings(folder: &Path, store: &str) -> Vec<(&'static str, String)> {
    vec![
        ("RESCIND_DATA_DIR", folder.display().to_string()),
        ("RESCIND_STORE__URL", store.to_owned()),
        ("RESCIND_HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("RESCIND_OPS__LISTEN", "127.0.0.1:0".to_owned()),
        ("RESCIND_RUNNER__POLL_INTERVAL_MILLISECONDS", "20".to_owned()),
    ]
}
