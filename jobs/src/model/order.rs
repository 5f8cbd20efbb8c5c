//! Which of two acts counts. What happened is ordered by the time of the act, not by arrival: messages come late,
//! twice and out of order, and a consent must never be revived by a message that is merely slower than the withdrawal.

use crate::time::{Span, Timestamp};

/// What somebody did about a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum StatementKind {
    /// Gave it.
    Grant,
    /// Answered no.
    Refusal,
    /// Took it back (Art. 7(3)).
    Withdrawal,
}

impl StatementKind {
    /// As stored.
    pub const fn from_i16(value: i16) -> Option<Self> {
        match value {
            0 => Some(Self::Grant),
            1 => Some(Self::Refusal),
            2 => Some(Self::Withdrawal),
            _ => None,
        }
    }
}

/// An act, when it was done, and which source told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What was done.
    pub kind: StatementKind,
    /// When it was done.
    pub at: Timestamp,
    /// The authenticated source of the message.
    pub source: String,
}

/// Clocks of different senders may differ by this much; within it the withdrawal counts.
const CLOCK_DIFFERENCE: Span = Span::minutes(2);

impl Statement {
    /// Whether this act, now told of, takes the place of `earlier_told`.
    ///
    /// The later act counts. In a tie, or within two minutes between different sources, the one that ends the
    /// processing counts. The same act told again changes nothing.
    pub fn supersedes(&self, earlier_told: &Self) -> bool {
        let ends = |kind| kind != StatementKind::Grant;
        if ends(self.kind) == ends(earlier_told.kind) {
            return self.at > earlier_told.at;
        }
        let tolerance = if self.source == earlier_told.source { Span::ZERO } else { CLOCK_DIFFERENCE };
        if ends(self.kind) {
            self.at.plus(tolerance) >= earlier_told.at
        } else {
            self.at > earlier_told.at.plus(tolerance)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(kind: StatementKind, seconds: i64, source: &str) -> Statement {
        Statement { kind, at: Timestamp::from_micros(seconds * 1_000_000).unwrap(), source: source.into() }
    }

    #[test]
    fn the_later_act_counts_and_ties_go_to_the_withdrawal() {
        use StatementKind::{Grant, Withdrawal};
        let withdrawn = act(Withdrawal, 1000, "shop");
        assert!(act(Grant, 1001, "shop").supersedes(&withdrawn));
        assert!(!act(Grant, 1000, "shop").supersedes(&withdrawn));
        assert!(!act(Grant, 1120, "crm").supersedes(&withdrawn), "two minutes between sources");
        assert!(act(Grant, 1121, "crm").supersedes(&withdrawn));
        let granted = act(Grant, 1000, "shop");
        assert!(act(Withdrawal, 1000, "shop").supersedes(&granted));
        assert!(!act(Withdrawal, 999, "shop").supersedes(&granted));
        assert!(act(Withdrawal, 880, "crm").supersedes(&granted));
        assert!(!act(Withdrawal, 879, "crm").supersedes(&granted));
        assert!(!act(Withdrawal, 1000, "shop").supersedes(&withdrawn), "told again");
    }

    #[test]
    fn the_outcome_does_not_depend_on_the_order_of_arrival() {
        let kinds = [StatementKind::Grant, StatementKind::Refusal, StatementKind::Withdrawal];
        let mut acts = Vec::new();
        for kind in kinds {
            for at in [0, 60, 120, 121, 240] {
                for source in ["shop", "crm"] {
                    acts.push(act(kind, at, source));
                }
            }
        }
        for a in &acts {
            for b in &acts {
                let ends = |x: &Statement| x.kind != StatementKind::Grant;
                if ends(a) == ends(b) {
                    continue;
                }
                // a told first, then b; and the other way round
                let one = if b.supersedes(a) { b } else { a };
                let other = if a.supersedes(b) { a } else { b };
                assert_eq!(ends(one), ends(other), "{a:?} {b:?}");
            }
        }
    }
}
