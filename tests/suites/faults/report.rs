//! What came out, in figures: a line a case.

use std::ops::AddAssign;

/// What one or several kills came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// Messages that were taken.
    pub(super) messages: usize,
    /// How often the program was killed.
    pub(super) kills: usize,
    /// Messages whose decision, mail or event is not there.
    pub(super) lost: usize,
    /// Messages whose decision counts more than once.
    pub(super) decided_twice: usize,
    /// Mails that came more than once.
    pub(super) mailed_twice: usize,
    /// Mails of which nobody knows whether they left.
    pub(super) uncertain: usize,
    /// Events that came more than once, under the same id: allowed, their readers drop them.
    pub(super) told_again: usize,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.kills += other.kills;
        self.lost += other.lost;
        self.decided_twice += other.decided_twice;
        self.mailed_twice += other.mailed_twice;
        self.uncertain += other.uncertain;
        self.told_again += other.told_again;
    }
}

/// Writes a line: where, and what came of it.
pub(super) fn line(way: &str, place: &str, figures: Figures) {
    let Figures { messages, kills, lost, decided_twice, mailed_twice, uncertain, told_again } = figures;
    let line = format!(
        "{way}\t{place}\t{kills}\t{messages}\t{lost}\t{decided_twice}\t{mailed_twice}\t{uncertain}\t{told_again}"
    );
    rescind_tests::fault::report(&line);
}
