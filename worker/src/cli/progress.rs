//! How far long work is, on standard error where that is a terminal: one line that is written over.

use std::io::Write;
use std::time::{Duration, Instant};

/// Between two times the line is written.
const EVERY: Duration = Duration::from_millis(200);
/// Cells of the bar.
const CELLS: u64 = 24;

/// A bar, or nothing where nobody would see it.
pub(super) struct Progress<'a> {
    sink: Option<&'a mut (dyn Write + Send)>,
    /// How much there is to do; none: nobody knows.
    total: Option<u64>,
    began: Instant,
    shown: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(sink: Option<&'a mut (dyn Write + Send)>, total: Option<u64>) -> Self {
        Self { sink, total, began: Instant::now(), shown: None }
    }

    /// So much is done, and so many lines.
    pub(super) fn at(&mut self, done: u64, lines: u64) {
        if self.shown.is_some_and(|at| at.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let (total, seconds) = (self.total, self.began.elapsed().as_secs_f64());
        if let Some(sink) = &mut self.sink {
            // there is nothing to be done about a terminal that is gone
            let _ = write!(sink, "\r{}\x1b[K", text(done, lines, total, seconds));
            let _ = sink.flush();
        }
    }

    /// Takes the line away.
    pub(super) fn end(self) {
        if let (Some(sink), Some(_)) = (self.sink, self.shown) {
            let _ = write!(sink, "\r\x1b[K");
            let _ = sink.flush();
        }
    }
}

fn text(done: u64, lines: u64, total: Option<u64>, seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = if seconds > 0.0 { lines as f64 / seconds } else { 0.0 };
    let rate = format!("{lines} lines, {rate:.0} a second");
    let Some(total) = total.filter(|total| *total > 0) else { return rate };
    let done = done.min(total);
    let cells = usize::try_from(done.saturating_mul(CELLS) / total).unwrap_or(0);
    let percent = done.saturating_mul(100) / total;
    let bar = format!("{:<width$}", "#".repeat(cells), width = CELLS as usize);
    format!("[{bar}] {percent:>3} %  {rate}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_how_far_and_how_fast() {
        assert_eq!(text(50, 100, Some(200), 2.0), "[######                  ]  25 %  100 lines, 50 a second");
        assert_eq!(text(300, 9, Some(200), 0.0), "[########################] 100 %  9 lines, 0 a second");
        assert_eq!(text(0, 7, None, 7.0), "7 lines, 1 a second");
    }

    #[test]
    fn where_nobody_sees_it_nothing_is_written() {
        let mut sink = Vec::new();
        let mut progress = Progress::new(Some(&mut sink), Some(2));
        progress.at(1, 1);
        progress.at(2, 2);
        progress.end();
        let text = String::from_utf8(sink).expect("text");
        assert!(text.starts_with("\r[############") && text.ends_with("\r\u{1b}[K"), "{text:?}");
        let mut silent = Progress::new(None, Some(2));
        silent.at(1, 1);
        silent.end();
    }
}
