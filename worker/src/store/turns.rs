//! Whose turn it is to write, where only one can. Those that somebody waits for go first; of those who can wait one goes
//! after so many of the others, so that they move on too.

use rescind_jobs::effects::Lane;
use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many that came first may go before one that can wait.
const MOST: u32 = 8;

/// Gives out turns. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    taken: bool,
    urgent: VecDeque<oneshot::Sender<Turn>>,
    patient: VecDeque<oneshot::Sender<Turn>>,
    /// How many went before those who can wait.
    before: u32,
}

/// A turn; it ends when it is dropped.
#[derive(Debug)]
pub struct Turn(Option<Turns>);

impl Turns {
    /// Waits for a turn.
    pub async fn turn(&self, lane: Lane) -> Turn {
        loop {
            let waiting = {
                let mut queue = self.queue();
                if !queue.taken {
                    queue.taken = true;
                    return Turn(Some(self.clone()));
                }
                let (sender, waiting) = oneshot::channel();
                match lane {
                    Lane::Request => queue.urgent.push_back(sender),
                    Lane::Background => queue.patient.push_back(sender),
                }
                waiting
            };
            // whoever has a turn passes it on; a place in the queue is never lost
            if let Ok(turn) = waiting.await {
                return turn;
            }
        }
    }

    fn pass_on(&self) {
        while let Some(next) = self.next() {
            match next.send(Turn(Some(self.clone()))) {
                Ok(()) => return,
                // it waits no longer; the turn that came back must not pass itself on
                Err(mut turn) => drop(turn.0.take()),
            }
        }
    }

    fn next(&self) -> Option<oneshot::Sender<Turn>> {
        let mut queue = self.queue();
        let urgent = queue.patient.is_empty() || queue.before < MOST;
        if let Some(next) = if urgent { queue.urgent.pop_front() } else { None } {
            queue.before += u32::from(!queue.patient.is_empty());
            return Some(next);
        }
        queue.before = 0;
        let next = queue.patient.pop_front();
        queue.taken = next.is_some();
        next
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // every change is whole before anything could panic
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = mem::take(&mut self.0) {
            turns.pass_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    /// Looks once; so that it stands in the queue.
    fn look<F: Future>(task: Pin<&mut F>) -> Poll<F::Output> {
        task.poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Queues up, each in its lane, while the turn is taken, and tells the order in which they have theirs.
    async fn order(lanes: &[(char, Lane)]) -> String {
        let turns = Turns::default();
        let first = turns.turn(Lane::Background).await;
        let done = Arc::new(Mutex::new(String::new()));
        let mut waiting = Vec::new();
        for (name, lane) in lanes {
            let (turns, done, name, lane) = (turns.clone(), Arc::clone(&done), *name, *lane);
            let mut task = Box::pin(async move {
                let turn = turns.turn(lane).await;
                done.lock().expect("no panic").push(name);
                drop(turn);
            });
            assert!(look(task.as_mut()).is_pending());
            waiting.push(task);
        }
        drop(first);
        futures_util::future::join_all(waiting).await;
        done.lock().expect("no panic").clone()
    }

    #[tokio::test]
    async fn who_is_waited_for_goes_first_whoever_came_first() {
        let (r, b) = (Lane::Request, Lane::Background);
        assert_eq!(order(&[('a', b), ('b', b), ('C', r), ('d', b), ('E', r)]).await, "CEabd");
    }

    #[tokio::test]
    async fn who_can_wait_moves_on_though_others_keep_coming() {
        let lanes: Vec<_> = [('x', Lane::Background), ('y', Lane::Background)]
            .into_iter()
            .chain(('A'..='T').map(|name| (name, Lane::Request)))
            .collect();
        assert_eq!(order(&lanes).await, "ABCDEFGHxIJKLMNOPyQRST");
    }

    #[tokio::test]
    async fn who_has_gone_away_takes_no_turn() {
        let turns = Turns::default();
        let first = turns.turn(Lane::Request).await;
        let mut gone = Box::pin(turns.turn(Lane::Request));
        let mut stays = Box::pin(turns.turn(Lane::Background));
        assert!(look(gone.as_mut()).is_pending() && look(stays.as_mut()).is_pending());
        drop(gone);
        drop(first);
        drop(stays.await);
        drop(turns.turn(Lane::Background).await);
    }
}
