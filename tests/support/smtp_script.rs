//! An SMTP server that misbehaves as told.
//!
//! Each connection follows its script: acts that replace the ordinary reply to a command, each used once, in
//! order. What the script does not name is answered as a friendly server would.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What the server does instead of its ordinary reply.
#[derive(Debug, Clone)]
pub enum Act {
    /// These lines (CRLF is added at the end), whatever they are. For `.` the mail counts as taken if they begin
    /// with `2`.
    Reply(&'static str),
    /// The same, after a while.
    Late(Duration, &'static str),
    /// Ends the connection without a word.
    Close,
    /// The lines, then ends the connection.
    ReplyAndClose(&'static str),
    /// Says nothing more, but reads on until the client is gone.
    Hang,
    /// Neither says nor reads anything more, and keeps the connection open.
    Deaf,
    /// The ordinary reply.
    Ordinary,
    /// The ordinary reply and, in the same write, these lines.
    OrdinaryAnd(&'static str),
    /// The ordinary reply and, after a while, these lines that nobody asked for.
    OrdinaryThenLate(Duration, &'static str),
}

/// What one connection does. Commands are named by their verb; `GREETING` is the first line of the server, `.`
/// the end of a mail, `BODY` the moment after the 354.
#[derive(Debug, Clone, Default)]
pub struct Script {
    acts: VecDeque<(&'static str, Act)>,
    extensions: Vec<&'static str>,
}

impl Script {
    /// A friendly server with no extensions.
    pub fn friendly() -> Self {
        Self::default()
    }

    /// At the next `verb` that no earlier act is waiting for, `act`.
    pub fn on(mut self, verb: &'static str, act: Act) -> Self {
        self.acts.push_back((verb, act));
        self
    }

    /// Offers an extension in the reply to EHLO.
    pub fn offer(mut self, extension: &'static str) -> Self {
        self.extensions.push(extension);
        self
    }

    fn next(&mut self, verb: &str) -> Act {
        let place = self.acts.iter().position(|(name, _)| *name == verb);
        place.and_then(|place| self.acts.remove(place)).map_or(Act::Ordinary, |(_, act)| act)
    }
}

/// A mail that the server has taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The whole MAIL command.
    pub mail: String,
    /// The whole RCPT command.
    pub rcpt: String,
    /// What came between DATA and the end, as sent.
    pub body: String,
    /// Which connection it came over, from 0.
    pub connection: usize,
}

#[derive(Debug, Default)]
struct Notes {
    connections: usize,
    commands: Vec<(usize, String)>,
    offered: Vec<Taken>,
    taken: Vec<Taken>,
}

/// The running server; stops on drop.
#[derive(Debug)]
pub struct SmtpScript {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    notes: Arc<Mutex<Notes>>,
    task: JoinHandle<()>,
}

impl SmtpScript {
    /// Starts it. The first connection follows the first script and so on; the last one serves all the rest.
    pub async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let notes = Arc::new(Mutex::new(Notes::default()));
        let shared = Arc::clone(&notes);
        let task = tokio::spawn(async move {
            let mut running = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut notes = lock(&shared);
                    notes.connections += 1;
                    notes.connections - 1
                };
                let script = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
                running.spawn(serve(stream, script, number, Arc::clone(&shared)));
            }
        });
        Self { port, notes, task }
    }

    /// How many connections were opened so far.
    pub fn connections(&self) -> usize {
        lock(&self.notes).connections
    }

    /// The commands of connection `number`, in order.
    pub fn commands(&self, number: usize) -> Vec<String> {
        let notes = lock(&self.notes);
        notes.commands.iter().filter(|(of, _)| *of == number).map(|(_, command)| command.clone()).collect()
    }

    /// Every mail that came whole, in order, whether it was taken or not.
    pub fn offered(&self) -> Vec<Taken> {
        lock(&self.notes).offered.clone()
    }

    /// The mails that were taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.notes).taken.clone()
    }
}

impl Drop for SmtpScript {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().expect("no task of the server panics")
}

/// The connection is over.
struct Over;

async fn serve(stream: TcpStream, script: Script, number: usize, notes: Arc<Mutex<Notes>>) {
    let (mail, rcpt) = (String::new(), String::new());
    let mut connection = Connection { stream: BufReader::new(stream), script, number, notes, mail, rcpt };
    // The client may leave whenever it likes.
    let Err(Over) = connection.run().await;
}

struct Connection {
    stream: BufReader<TcpStream>,
    script: Script,
    number: usize,
    notes: Arc<Mutex<Notes>>,
    mail: String,
    rcpt: String,
}

impl Connection {
    async fn run(&mut self) -> Result<std::convert::Infallible, Over> {
        self.act("GREETING", "220 script ESMTP").await?;
        loop {
            let line = self.line().await?;
            lock(&self.notes).commands.push((self.number, line.clone()));
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let mut lines = vec!["script".to_owned()];
                    lines.extend(self.script.extensions.iter().map(|name| (*name).to_owned()));
                    let last = lines.len() - 1;
                    let mark = |place| if place == last { ' ' } else { '-' };
                    let lines: Vec<_> =
                        lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", mark(at))).collect();
                    self.act("EHLO", &lines.join("\r\n")).await?;
                }
                "MAIL" => {
                    self.mail = line;
                    self.act("MAIL", "250 2.1.0 ok").await?;
                }
                "RCPT" => {
                    self.rcpt = line;
                    self.act("RCPT", "250 2.1.5 ok").await?;
                }
                "DATA" => {
                    if self.act("DATA", "354 go ahead").await?.starts_with('3') {
                        self.body().await?;
                    }
                }
                "QUIT" => {
                    self.act("QUIT", "221 bye").await?;
                    return Err(Over);
                }
                "AUTH" => {
                    self.act("AUTH", "235 2.7.0 ok").await?;
                }
                "STARTTLS" => {
                    self.act("STARTTLS", "220 go ahead").await?;
                }
                "RSET" => {
                    self.act("RSET", "250 ok").await?;
                }
                _ => {
                    self.act(&verb, "250 ok").await?;
                }
            }
        }
    }

    async fn body(&mut self) -> Result<(), Over> {
        if matches!(self.script.acts.front(), Some(("BODY", _))) {
            self.act("BODY", "").await?;
        }
        let mut body = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            body.push_str(&line);
            body.push_str("\r\n");
        }
        let taken = Taken { mail: self.mail.clone(), rcpt: self.rcpt.clone(), body, connection: self.number };
        // Noted before the reply, or the test could look before it is there.
        {
            let mut notes = lock(&self.notes);
            notes.offered.push(taken.clone());
            notes.taken.push(taken);
        }
        if !self.act(".", "250 2.0.0 taken").await?.starts_with('2') {
            let mut notes = lock(&self.notes);
            let number = self.number;
            if let Some(place) = notes.taken.iter().rposition(|taken| taken.connection == number) {
                notes.taken.remove(place);
            }
        }
        Ok(())
    }

    /// Does what the script says at `verb`; gives the lines that were said.
    async fn act(&mut self, verb: &str, ordinary: &str) -> Result<String, Over> {
        let act = self.script.next(verb);
        match act {
            Act::Ordinary => self.say(ordinary).await,
            Act::Reply(lines) => self.say(lines).await,
            Act::Late(wait, lines) => {
                tokio::time::sleep(wait).await;
                self.say(lines).await
            }
            Act::Close => Err(Over),
            Act::ReplyAndClose(lines) => {
                self.say(lines).await?;
                // Lets the lines arrive: closing with unread input would reset the connection.
                let _ = self.stream.get_mut().shutdown().await;
                Err(Over)
            }
            Act::Hang => {
                let mut sink = [0; 1024];
                while matches!(self.stream.read(&mut sink).await, Ok(count) if count > 0) {}
                Err(Over)
            }
            Act::Deaf => std::future::pending().await,
            Act::OrdinaryAnd(lines) => self.say(&format!("{ordinary}\r\n{lines}")).await,
            Act::OrdinaryThenLate(wait, lines) => {
                let said = self.say(ordinary).await?;
                tokio::time::sleep(wait).await;
                self.say(lines).await?;
                Ok(said)
            }
        }
    }

    async fn say(&mut self, lines: &str) -> Result<String, Over> {
        let written = self.stream.get_mut().write_all(format!("{lines}\r\n").as_bytes()).await;
        written.map(|()| lines.to_owned()).map_err(|_| Over)
    }

    async fn line(&mut self) -> Result<String, Over> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line).await {
            Ok(count) if count > 0 => {}
            _ => return Err(Over),
        }
        let line = String::from_utf8_lossy(&line);
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}
