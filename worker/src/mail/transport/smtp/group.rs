//! The mails of one `send` and what became of each, shared by the tasks that work on them.
//!
//! Rule: every mail ends with one outcome, whatever happens to the tasks. One that was being sent when its task
//! died may have left; one that nobody took has not.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::mail::transport::{Delivery, Outgoing, Phase, Trouble, TroubleKind};

#[derive(Clone, Copy)]
enum State {
    Waiting,
    Taken,
    Done(Delivery),
}

struct Inner {
    queue: VecDeque<(usize, Outgoing)>,
    states: Vec<(Uuid, State)>,
    /// Why no connection could be had, for those that nobody takes.
    closed: Option<Delivery>,
}

/// A group on its way.
pub(super) struct Group(Mutex<Inner>);

impl Group {
    pub(super) fn new(mails: Vec<Outgoing>) -> Self {
        let states = mails.iter().map(|mail| (mail.id, State::Waiting)).collect();
        Self(Mutex::new(Inner { queue: mails.into_iter().enumerate().collect(), states, closed: None }))
    }

    /// The next mail, and its place in the group.
    pub(super) fn take(&self) -> Option<(usize, Outgoing)> {
        let mut inner = self.lock();
        let (place, mail) = inner.queue.pop_front()?;
        inner.states[place].1 = State::Taken;
        Some((place, mail))
    }

    /// Notes what became of a mail.
    pub(super) fn settle(&self, place: usize, outcome: Delivery) {
        self.lock().states[place].1 = State::Done(outcome);
    }

    /// Notes why a task could not get a connection. Where that is our fault nobody tries again: knocking with a
    /// wrong password locks accounts.
    pub(super) fn no_connection(&self, why: Delivery) {
        let mut inner = self.lock();
        if matches!(why, Delivery::OurFault(_)) {
            inner.queue.clear();
        }
        if !matches!(inner.closed, Some(Delivery::OurFault(_))) {
            inner.closed = Some(why);
        }
    }

    /// The outcomes, in the order of the group, once all tasks have ended.
    pub(super) fn outcomes(&self) -> Vec<(Uuid, Delivery)> {
        let inner = self.lock();
        let never = Delivery::Deferred(Trouble::new(Phase::Connect, TroubleKind::Connect));
        let outcome = |state: State| match state {
            State::Done(outcome) => outcome,
            State::Taken => Delivery::Uncertain(Phase::End),
            State::Waiting => inner.closed.unwrap_or(never),
        };
        inner.states.iter().map(|(id, state)| (*id, outcome(*state))).collect()
    }

    /// A task that panicked elsewhere leaves the notes as they were: each is one assignment.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(count: u128) -> Group {
        let mail = |n| Outgoing {
            id: Uuid::from_u128(n),
            message_id: String::new(),
            from: String::new(),
            to: String::new(),
            bytes: Vec::new(),
        };
        Group::new((0..count).map(mail).collect())
    }

    #[test]
    fn every_mail_ends_with_one_outcome() {
        let group = group(4);
        let (first, _) = group.take().expect("first");
        group.settle(first, Delivery::Sent);
        group.take().expect("second, whose task dies");
        let refused = Delivery::Deferred(Trouble::new(Phase::Greeting, TroubleKind::Timeout));
        group.no_connection(refused);
        let outcomes: Vec<_> = group.outcomes().into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(outcomes, [Delivery::Sent, Delivery::Uncertain(Phase::End), refused, refused]);
        assert!(group.take().is_some(), "others may go on");
    }

    #[test]
    fn our_own_fault_stops_the_group_and_is_not_forgotten() {
        let group = group(2);
        let fault = Delivery::OurFault(Trouble::new(Phase::Auth, TroubleKind::Unsupported));
        group.no_connection(fault);
        group.no_connection(Delivery::Deferred(Trouble::new(Phase::Connect, TroubleKind::Connect)));
        assert!(group.take().is_none());
        assert!(group.outcomes().iter().all(|(_, outcome)| *outcome == fault));
    }
}
