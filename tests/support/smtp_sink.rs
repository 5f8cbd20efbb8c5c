//! A real SMTP server (aiosmtpd) that keeps what it is sent; see `smtp_sink.py` for the faults it can be asked for.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::certificate::Certificate;
use crate::temp_folder::TempFolder;

const START_LIMIT: Duration = Duration::from_secs(60);
const WAIT_LIMIT: Duration = Duration::from_secs(60);
/// The system's own first: that is where the Debian package goes.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];
/// What the script exits with when its library is missing.
const LIBRARY_MISSING: i32 = 3;

/// How the sink encrypts.
#[derive(Debug, Clone, Default)]
pub enum SinkTls {
    /// It does not.
    #[default]
    None,
    /// It offers STARTTLS and takes no mail without.
    StartTls(Certificate),
    /// From the first byte.
    Implicit(Certificate),
}

/// What kind of server the sink is. The default: no TLS, no AUTH, SMTPUTF8.
#[derive(Debug, Clone, Default)]
pub struct SinkOptions {
    /// How it encrypts.
    pub tls: SinkTls,
    /// `user:password`, demanded before any mail.
    pub auth: Option<&'static str>,
    /// Offers only this mechanism, `PLAIN` or `LOGIN`.
    pub auth_mechanism: Option<&'static str>,
    /// Does not offer SMTPUTF8.
    pub no_utf8: bool,
    /// A fixed port, to come back under after a stop; 0 takes a free one.
    pub port: u16,
}

/// A mail in the sink, taken apart.
#[derive(Debug, Clone)]
pub struct SinkMail {
    /// Envelope sender.
    pub mail_from: String,
    /// Envelope recipient.
    pub rcpt_to: String,
    /// Whether it came encrypted.
    pub tls: bool,
    /// Who was logged in, or nothing.
    pub login: String,
    /// Without brackets.
    pub message_id: String,
    /// Decoded.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// All header fields, undecoded.
    pub headers: Vec<(String, String)>,
    /// As it came, after the sink's own header fields.
    pub raw: Vec<u8>,
}

impl SinkMail {
    /// The first header field called `name`, undecoded, trimmed.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(is, _)| is.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }
}

/// The running sink. Its process and its mails go on drop.
#[derive(Debug)]
pub struct SmtpSink {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Where it keeps the mails.
    pub maildir: PathBuf,
    _folder: TempFolder,
    child: Child,
}

impl SmtpSink {
    /// Starts one and waits until it listens.
    ///
    /// # Panics
    /// If it does not start; says what to install if that is the reason.
    pub async fn start(options: SinkOptions) -> Self {
        let folder = TempFolder::new("sink");
        let maildir = folder.path().join("maildir");
        for python in PYTHONS {
            if let Some((child, port)) = launch(python, &maildir, &options).await {
                return Self { port, maildir, _folder: folder, child };
            }
        }
        panic!("the SMTP sink needs aiosmtpd (Debian: apt-get install python3-aiosmtpd)");
    }

    /// Stops taking mail at once; what it has stays readable.
    pub async fn stop(&mut self) {
        self.child.kill().await.expect("the sink can be stopped");
    }

    /// The mails so far, in the order of their arrival.
    pub fn mails(&self) -> Vec<SinkMail> {
        let folder = self.maildir.join("new");
        let files = std::fs::read_dir(&folder).expect("the sink's Maildir is there");
        let mut paths: Vec<PathBuf> = files.map(|file| file.expect("it can be listed").path()).collect();
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    }

    /// Waits until there are `count` mails and gives them.
    ///
    /// # Panics
    /// If there are fewer after 20 seconds, or more.
    pub async fn wait_for(&self, count: usize) -> Vec<SinkMail> {
        let end = Instant::now() + WAIT_LIMIT;
        loop {
            let files =
                std::fs::read_dir(self.maildir.join("new")).expect("the sink's Maildir is there").count();
            if files >= count {
                assert_eq!(files, count, "the sink has more mails than expected");
                return self.mails();
            }
            assert!(Instant::now() < end, "the sink has {files} mails, {count} were expected");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// `None` if this python is not there or lacks the library.
async fn launch(python: &str, maildir: &Path, options: &SinkOptions) -> Option<(Child, u16)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/smtp_sink.py");
    let mut command = Command::new(python);
    command.arg(script).arg("--maildir").arg(maildir).args(["--port", &options.port.to_string()]);
    match &options.tls {
        SinkTls::None => {}
        SinkTls::StartTls(files) => {
            command.arg("--starttls").arg(&files.certificate).arg(&files.key);
        }
        SinkTls::Implicit(files) => {
            command.arg("--tls").arg(&files.certificate).arg(&files.key);
        }
    }
    if let Some(auth) = options.auth {
        command.args(["--auth", auth]);
    }
    if let Some(mechanism) = options.auth_mechanism {
        command.args(["--auth-mechanism", mechanism]);
    }
    if options.no_utf8 {
        command.arg("--no-utf8");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().ok()?;
    let output = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(output).lines();
    let first = timeout(START_LIMIT, lines.next_line()).await.expect("the SMTP sink starts in time");
    let Some(first) = first.expect("the SMTP sink can be read") else {
        let status = child.wait().await.expect("the SMTP sink has ended");
        assert_eq!(status.code(), Some(LIBRARY_MISSING), "the SMTP sink did not start: {status}");
        return None;
    };
    let port =
        first.strip_prefix("PORT ").and_then(|port| port.parse().ok()).expect("the SMTP sink says its port");
    Some((child, port))
}

fn read(path: &Path) -> SinkMail {
    let raw = std::fs::read(path).expect("a mail of the sink can be read");
    let mail = MessageParser::default().parse(&raw).expect("a mail of the sink can be parsed");
    let headers: Vec<(String, String)> = mail
        .headers_raw()
        .map(|(name, value)| (name.to_owned(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    let first = |name: &str| {
        let mut named = headers.iter().filter(|(is, _)| is.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.clone()).unwrap_or_default()
    };
    SinkMail {
        mail_from: first("Return-Path").trim_matches(['<', '>']).to_owned(),
        rcpt_to: first("Delivered-To"),
        tls: first("X-Sink-Tls") == "yes",
        login: first("X-Sink-Login"),
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        text: mail.body_text(0).unwrap_or_default().into_owned(),
        html: mail.body_html(0).unwrap_or_default().into_owned(),
        headers: headers.clone(),
        raw: raw.clone(),
    }
}
