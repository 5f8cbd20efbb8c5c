//! The relay that all candidates send to: takes every mail, offers PIPELINING (RFC 2920), and notes when each arrived.
//!
//! A process of its own, so that its cost is told apart. It is asked through a second port: `count`, `times`, `reset`.

use crate::cpu::Tree;
use crate::place::now_micros;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What has arrived since the last reset.
#[derive(Default)]
struct Arrived {
    bytes: u64,
    /// The number of the subject, and the time in microseconds since 1970 at which its mail was accepted.
    times: Vec<(u32, i64)>,
}

type Shared = Rc<RefCell<Arrived>>;

/// The process: prints its two ports, and serves until it is killed or its standard input ends.
pub(crate) fn run() {
    // whoever started it holds the other end
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mails = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let questions = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = |l: &TcpListener| l.local_addr().expect("an address").port();
        println!("PORTS {} {}", port(&mails), port(&questions));
        let arrived = Shared::default();
        loop {
            tokio::select! {
                client = mails.accept() => {
                    let (stream, _) = client.expect("a client");
                    tokio::task::spawn_local(session(stream, Rc::clone(&arrived)));
                }
                client = questions.accept() => {
                    let (stream, _) = client.expect("a client");
                    tokio::task::spawn_local(answer(stream, Rc::clone(&arrived)));
                }
            }
        }
    });
}

/// One connection. Ends with it, whatever the reason: a mail counts only once its final dot has been read.
async fn session(mut stream: TcpStream, arrived: Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let (mut buffer, mut replies) = (Vec::with_capacity(64 * 1024), Vec::new());
    let (mut recipient, mut mail) = (0, None);
    // where in a mail's text the search for its end goes on
    let mut searched = 0;
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let mut used = 0;
        loop {
            let rest = &buffer[used..];
            match mail {
                Some(number) => {
                    let Some(end) = end_of_mail(rest, searched) else {
                        searched = rest.len().saturating_sub(4);
                        break;
                    };
                    let mut arrived = arrived.borrow_mut();
                    arrived.bytes += end as u64;
                    arrived.times.push((number, now_micros()));
                    replies.extend_from_slice(b"250 2.0.0 taken\r\n");
                    (used, mail, searched) = (used + end, None, 0);
                }
                None => {
                    let Some(length) = rest.iter().position(|b| *b == b'\n') else { break };
                    let line = &rest[..length];
                    used += length + 1;
                    match line.get(..4).map(<[u8]>::to_ascii_uppercase).as_deref() {
                        Some(b"EHLO") => replies.extend_from_slice(
                            b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 10485760\r\n250 SMTPUTF8\r\n",
                        ),
                        Some(b"RCPT") => {
                            recipient = number(line);
                            replies.extend_from_slice(b"250 2.1.5 ok\r\n");
                        }
                        Some(b"DATA") => {
                            mail = Some(recipient);
                            replies.extend_from_slice(b"354 go on\r\n");
                        }
                        Some(b"QUIT") => {
                            stream.write_all(b"221 2.0.0 bye\r\n").await?;
                            return Ok(());
                        }
                        _ => replies.extend_from_slice(b"250 2.0.0 ok\r\n"),
                    }
                }
            }
        }
        buffer.drain(..used);
        if !replies.is_empty() {
            stream.write_all(&replies).await?;
            replies.clear();
        }
    }
}

/// Where the mail ends: behind its final dot.
fn end_of_mail(text: &[u8], searched: usize) -> Option<usize> {
    const END: &[u8] = b"\r\n.\r\n";
    // only a dot that begins a line can be the last one, and few do
    let mut from = searched;
    while let Some(at) = text[from..].iter().position(|b| *b == b'.').map(|at| from + at) {
        if at >= 2 && text[at - 2..].starts_with(END) {
            return Some(at + 3);
        }
        from = at + 1;
    }
    None
}

/// The number in `RCPT TO:<subject17@example.org>`.
fn number(line: &[u8]) -> u32 {
    let digits = line.iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
    digits.fold(0u32, |n, b| n.wrapping_mul(10).wrapping_add(u32::from(b - b'0')))
}

async fn answer(stream: TcpStream, arrived: Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reads, mut writes) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(reads).lines();
    while let Some(line) = lines.next_line().await? {
        let text = match line.as_str() {
            "count" => {
                let arrived = arrived.borrow();
                format!("{} {}\n", arrived.times.len(), arrived.bytes)
            }
            "times" => {
                let times = arrived.borrow();
                let lines: String = times.times.iter().map(|(n, at)| format!("{n} {at}\n")).collect();
                lines + "end\n"
            }
            _ => {
                *arrived.borrow_mut() = Arrived::default();
                "done\n".to_owned()
            }
        };
        writes.write_all(text.as_bytes()).await?;
    }
    Ok(())
}

/// A running sink.
pub(crate) struct Sink {
    child: Child,
    /// Where it takes mail, on 127.0.0.1.
    pub(crate) port: u16,
    questions: tokio::io::BufReader<TcpStream>,
}

impl Sink {
    /// Starts one.
    pub(crate) async fn start() -> Self {
        let program = std::env::current_exe().expect("our own path");
        let mut child = Command::new(program)
            .arg("sink")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sink starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("the sink says its ports");
        let ports: Vec<u16> = line.split_whitespace().skip(1).map(|p| p.parse().expect("a port")).collect();
        let questions = TcpStream::connect(("127.0.0.1", ports[1])).await.expect("the sink answers");
        questions.set_nodelay(true).expect("a socket");
        Self { child, port: ports[0], questions: tokio::io::BufReader::new(questions) }
    }

    /// Its process.
    pub(crate) fn tree(&self) -> Tree {
        Tree::of(self.child.id())
    }

    async fn ask(&mut self, question: &str) -> String {
        self.questions.write_all(format!("{question}\n").as_bytes()).await.expect("the sink listens");
        let mut line = String::new();
        self.questions.read_line(&mut line).await.expect("the sink answers");
        line.trim().to_owned()
    }

    /// Forgets what has arrived.
    pub(crate) async fn reset(&mut self) {
        self.ask("reset").await;
    }

    /// How many mails have arrived, and their bytes in all.
    pub(crate) async fn count(&mut self) -> (usize, u64) {
        let line = self.ask("count").await;
        let (count, bytes) = line.split_once(' ').expect("two numbers");
        (count.parse().expect("a number"), bytes.parse().expect("a number"))
    }

    /// Waits until so many mails have arrived.
    pub(crate) async fn wait_for(&mut self, count: usize) {
        while self.count().await.0 < count {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }

    /// When each mail arrived, by the number of its subject.
    pub(crate) async fn times(&mut self) -> Vec<(u32, i64)> {
        let mut times = Vec::new();
        let mut line = self.ask("times").await;
        while line != "end" {
            let (number, at) = line.split_once(' ').expect("two numbers");
            times.push((number.parse().expect("a number"), at.parse().expect("a number")));
            line.clear();
            self.questions.read_line(&mut line).await.expect("the sink answers");
            line.truncate(line.trim_end().len());
        }
        times
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
