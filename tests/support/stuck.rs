//! A test that has failed and does not end is ended by the runner after minutes, and nobody knows what it hung on. So it
//! tells, a while after it has failed, what each of its threads is doing. Panics of other threads than the test's own may
//! be what it tests.

use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::Once;
use std::thread;
use std::time::Duration;

/// How long what a failed test leaves behind takes to end at most.
const ENDED: Duration = Duration::from_secs(30);

static WATCHED: Once = Once::new();

/// Tells of every thread of this process, should it still be there a while after a panic.
pub fn tell_when_stuck() {
    WATCHED.call_once(|| {
        let (before, test, told) = (std::panic::take_hook(), thread::current().id(), Once::new());
        std::panic::set_hook(Box::new(move |panic| {
            before(panic);
            if thread::current().id() == test {
                told.call_once(|| {
                    // where no thread can be had, nothing is told
                    let _ = thread::Builder::new().spawn(tell);
                });
            }
        }));
    });
}

fn tell() {
    thread::sleep(ENDED);
    // past the capture of the test's own output; whether anybody reads it does not matter
    let _ = std::io::stderr().write_all(threads().as_bytes());
    let _ = std::io::stderr().write_all(&stacks());
}

/// Where each thread stands, if there is a debugger on this machine, and it may look.
fn stacks() -> Vec<u8> {
    let process = std::process::id().to_string();
    let asked =
        Command::new("gdb").args(["-p", &process, "-batch", "-ex", "thread apply all backtrace 24"]).output();
    asked.map(|told| told.stdout).unwrap_or_default()
}

/// Each thread: its name, whether it runs or waits, what it waits for in the kernel, and what it has used, in ticks.
fn threads() -> String {
    let mut told = String::from("still here after a panic; the threads (name, state, waits in, ticks):\n");
    for thread in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |file| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        let (stat, waits) = (read("stat"), read("wchan"));
        let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
        let Some((name, rest)) = name else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |n: usize| fields.get(n).copied().unwrap_or("?");
        told.push_str(&format!("  {name} {} {} {}+{}\n", field(0), waits.trim(), field(11), field(12)));
    }
    told
}
