//! What came of an outage, in figures: a line a case, on standard output and in the file that `scripts/outages` names.

use std::io::Write as _;

/// Names the file that lines are added to.
const VARIABLE: &str = "RESCIND_TEST_OUTAGES_REPORT";

/// What messages, confirmed by the broker or answered with success, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Messages that were taken.
    pub messages: usize,
    /// Messages whose decision, mail or event is not there.
    pub lost: usize,
    /// Messages whose decision counts more than once.
    pub decided_twice: usize,
    /// Mails that came more than once.
    pub mailed_twice: usize,
    /// Mails of which nobody knows whether they left.
    pub uncertain: usize,
}

/// Whether everything is to be run, for as long as it takes: `scripts/outages`.
pub fn is_whole() -> bool {
    std::env::var("RESCIND_TEST_OUTAGES").is_ok_and(|value| value == "all")
}

/// Writes a line: what was broken, and what came of it.
pub fn outage(what: &str, figures: Figures) {
    let Figures { messages, lost, decided_twice, mailed_twice, uncertain } = figures;
    note(&format!("{what}\t{messages}\t{lost}\t{decided_twice}\t{mailed_twice}\t{uncertain}"));
}

/// Writes a line for people.
// a report is for reading
#[allow(clippy::print_stdout)]
pub fn note(line: &str) {
    println!("{line}");
    if let Some(path) = std::env::var_os(VARIABLE) {
        let file = std::fs::File::options().create(true).append(true).open(path);
        // one write, so that tests beside each other do not mix their lines
        file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).expect("the report");
    }
}
