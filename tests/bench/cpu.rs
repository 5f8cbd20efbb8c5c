//! What processes cost, as the kernel counts it. CPU time is the steadiest figure of a benchmark on a machine that does
//! other things too.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// The kernel counts in hundredths of a second on every Linux that Rescind runs on (USER_HZ).
const TICKS_A_SECOND: f64 = 100.0;

/// A process and everything it has started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tree(u32);

/// One process, from /proc/PID/stat.
struct Process {
    parent: u32,
    /// Its own time, and that of children that have ended and were waited for.
    ticks: u64,
}

fn process(pid: u32) -> Option<Process> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name stands in brackets and may hold anything
    let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_whitespace().collect();
    let number = |i: usize| fields.get(i)?.parse::<u64>().ok();
    let parent = u32::try_from(number(1)?).ok()?;
    Some(Process { parent, ticks: number(11)? + number(12)? + number(13)? + number(14)? })
}

fn processes() -> HashMap<u32, Process> {
    let entries = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| Some((pid, process(pid)?))).collect()
}

fn descends(all: &HashMap<u32, Process>, mut pid: u32, root: u32) -> bool {
    while pid != root {
        match all.get(&pid) {
            Some(process) if process.parent != 0 => pid = process.parent,
            _ => return false,
        }
    }
    true
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_A_SECOND
}

/// A line of /proc/PID/status, in KiB.
fn status(pid: u32, key: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

impl Tree {
    /// The tree of this process.
    pub(crate) const fn of(root: u32) -> Self {
        Self(root)
    }

    /// CPU seconds so far, children that have ended included.
    pub(crate) fn cpu(self) -> f64 {
        self.cpu_in(&processes())
    }

    fn cpu_in(self, all: &HashMap<u32, Process>) -> f64 {
        let members = all.iter().filter(|(pid, _)| descends(all, **pid, self.0));
        seconds(members.map(|(_, process)| process.ticks).sum())
    }

    fn members(self) -> HashSet<u32> {
        let all = processes();
        all.keys().copied().filter(|pid| descends(&all, *pid, self.0)).collect()
    }

    /// The most memory that its processes ever had resident, added up, in KiB.
    pub(crate) fn peak_kib(self) -> u64 {
        self.members().into_iter().map(|pid| status(pid, "VmHWM")).sum()
    }

    /// The most memory that its first process alone ever had resident, in KiB.
    pub(crate) fn own_peak_kib(self) -> u64 {
        status(self.0, "VmHWM")
    }

    /// The memory that its processes have resident now, added up, in KiB.
    pub(crate) fn resident_kib(self) -> u64 {
        self.members().into_iter().map(|pid| status(pid, "VmRSS")).sum()
    }
}

/// CPU seconds so far, by who spent them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) at: Instant,
    pub(crate) own: f64,
    pub(crate) postgres: f64,
    pub(crate) broker: f64,
    pub(crate) sink: f64,
}

impl Reading {
    /// Now. `own` is a tree, or everything that this process has started but the sink.
    pub(crate) fn take(postgres: Tree, broker: Tree, sink: Tree) -> Self {
        let all = processes();
        let me = std::process::id();
        let started = all
            .iter()
            .filter(|(pid, _)| **pid != me && descends(&all, **pid, me) && !descends(&all, **pid, sink.0));
        Self {
            at: Instant::now(),
            own: seconds(started.map(|(_, process)| process.ticks).sum()),
            postgres: postgres.cpu_in(&all),
            broker: broker.cpu_in(&all),
            sink: sink.cpu_in(&all),
        }
    }
}
