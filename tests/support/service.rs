//! A PostgreSQL or RabbitMQ of one test's own, for those that stop, crash and restart what others share.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What can be started; the name is that of the script in `scripts/services`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Starts within two seconds.
    Postgres,
    /// Starts within about ten seconds.
    RabbitMq,
}

/// A private server on loopback. Its data stay in its folder while it is down; on drop it is stopped.
#[derive(Debug)]
pub struct Service {
    kind: Kind,
    folder: PathBuf,
    url: String,
}

impl Service {
    /// Starts one that keeps everything in `folder`, which is made if it is not there and has to lie where
    /// other users may enter (PostgreSQL does not run as root). Blocks until it answers.
    ///
    /// # Panics
    /// If it does not start; the message holds the end of its log.
    pub fn start(kind: Kind, folder: impl Into<PathBuf>) -> Self {
        let mut service = Self { kind, folder: folder.into(), url: String::new() };
        service.start_again();
        service
    }

    /// Where it answers; the same after every start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Shuts it down in order, and waits.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn stop(&self) {
        self.run("stop", None).expect("the service stops");
    }

    /// Ends it as a crash would.
    ///
    /// # Panics
    /// If it does not end.
    pub fn crash(&self) {
        self.run("stop", Some("hard")).expect("the service ends");
    }

    /// Starts it once more, with the data and the URL it had. Nothing happens if it runs.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        self.url = self.run("start", None).expect("the service starts").trim().to_owned();
    }

    /// Runs a command of the broker's own command line (`rabbitmqctl`), and returns what it prints.
    ///
    /// # Panics
    /// If it fails.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services/rabbitmq");
        let output = Command::new(script).arg("ctl").arg(&self.folder).args(arguments).output();
        let output = output.expect("the script is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn run(&self, command: &str, how: Option<&str>) -> Result<String, String> {
        let name = match self.kind {
            Kind::Postgres => "postgres",
            Kind::RabbitMq => "rabbitmq",
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services").join(name);
        let output = Command::new(&script)
            .arg(command)
            .arg(&self.folder)
            .args(how)
            .output()
            .map_err(|error| format!("{}: {error}", script.display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A test that is failing already says more than a server that does not stop.
        let _ = self.run("stop", None);
    }
}
