//! One batch: enter → load → decide → save, in one transaction. An error leaves nothing behind, and the same batch
//! may be run again.

use super::message::{OnRefusal, Outcome};
use super::prepare::{Item, Target, Task};
use super::resolve::Resolved;
use super::subjects::Subjects;
use super::{Engine, behind, each, expansion, parking};
use crate::config::LONGEST_POLL;
use crate::fault::{self, Point};
use crate::live::InForce;
use crate::store::inbox::{self, Key};
use crate::store::save::{self, Change};
use crate::store::tables::{InboxRow, JobRow, ParkedRow};
use crate::store::{Result, StoreError, Ts, Tx, gate, queue, webhooks};
use rand::rngs::StdRng;
use rescind_jobs::audit::{Act, AuditEvent, Cause};
use rescind_jobs::decision::{Surroundings, answer, decide, decide_alone};
use rescind_jobs::effects::{Counter, Effects, Lane};
use rescind_jobs::gate::Known;
use rescind_jobs::model::Identity;
use rescind_jobs::protection::{BlindIndex, new_id};
use rescind_jobs::refusal::{Refusal, RefusalCode};
use rescind_jobs::time::{Span, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// Whoever waits for a job that is due later looks before: the longest poll interval, and what a batch takes.
const SOON: Span = Span::seconds(LONGEST_POLL as i64 / 1000 + 5);

/// What is learnt from one attempt at a batch for the next.
#[derive(Default)]
pub(super) struct Memory {
    /// Messages that were refused, and whose namings must not count for the others.
    pub refused: HashMap<usize, Refusal>,
    /// Counters that were in use when a limit was reached.
    pub counters: Vec<Counter>,
    /// The batch must be split: it brings in two subjects that turn out to be one.
    pub must_split: bool,
}

/// What a committed batch brought about.
#[derive(Default)]
pub(super) struct Ran {
    pub outcomes: Vec<Outcome>,
    /// The lanes of its mails.
    pub mails: BTreeSet<Lane>,
    /// Whether staff are told by another channel than mail.
    pub channels: bool,
    pub events: usize,
    /// The lanes of the messages it wrote to the job table that are due soon.
    pub jobs: BTreeSet<Lane>,
    pub sweeps: usize,
}

/// What a batch is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// It is decided.
    Commit,
    /// It is only told what would be decided.
    Rehearse,
}

/// One attempt at a batch.
pub(super) struct Attempt<'a> {
    pub(super) engine: &'a Engine,
    /// In force when the batch began.
    pub(super) policy: &'a InForce,
    pub(super) items: &'a [Item],
    pub(super) memory: &'a mut Memory,
    pub(super) now: Timestamp,
    pub(super) rng: StdRng,
    outcomes: Vec<Option<Outcome>>,
    effects: Effects,
    /// A repeat within the batch, and the message it repeats.
    repeats: HashMap<usize, usize>,
    /// What this batch has entered in the inbox, and may take out again.
    entered: HashMap<Key, usize>,
    /// Rows written to the job table besides the follow-ups of decisions.
    ordered: usize,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        policy: &'a InForce,
        items: &'a [Item],
        memory: &'a mut Memory,
    ) -> Result<Self> {
        let rng = engine.generator()?;
        let outcomes = items.iter().map(|_| None).collect();
        let now = engine.clock().now();
        Ok(Self {
            engine,
            policy,
            items,
            memory,
            now,
            rng,
            outcomes,
            effects: Effects::default(),
            repeats: HashMap::new(),
            entered: HashMap::new(),
            ordered: 0,
        })
    }

    /// Runs the batch in `tx`, and commits, unless it is a rehearsal.
    pub(super) async fn run(self, mut tx: Tx, run: Run) -> Result<Ran> {
        match self.run_in(&mut tx).await {
            Ok(ran) if run == Run::Rehearse => {
                tx.rollback().await;
                Ok(ran)
            }
            Ok(ran) => {
                fault::at(Point::BeforeCommit);
                tx.commit().await?;
                fault::at(Point::AfterCommit);
                Ok(ran)
            }
            Err(error) => {
                // now, not when the connection is next used: rows that are still locked would be passed over
                tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn run_in(mut self, tx: &mut Tx) -> Result<Ran> {
        for (i, item) in self.items.iter().enumerate() {
            if let Err(refusal) = &item.task {
                self.outcomes[i] = Some(Outcome::Refused(refusal.clone()));
            } else if let Some(refusal) = self.memory.refused.get(&i) {
                self.outcomes[i] = Some(Outcome::Refused(refusal.clone()));
            }
        }
        self.enter(tx).await?;
        let counters = if self.memory.counters.is_empty() {
            HashMap::new()
        } else {
            save::read_counters(tx, &self.memory.counters).await?
        };
        let mut subjects = Subjects::load(&mut self, tx).await?;
        fault::at(Point::AfterLoad);
        self.decide(&mut subjects, &counters, tx).await?;
        self.save(subjects, tx).await?;
        Ok(Ran {
            mails: self.effects.mails.iter().filter(|m| m.channel.is_none()).map(|m| m.lane).collect(),
            channels: self.effects.mails.iter().any(|m| m.channel.is_some()),
            events: self.effects.events.len(),
            jobs: self.jobs_due_soon(),
            sweeps: self.effects.sweeps.len(),
            // every message has its outcome by now
            outcomes: self.outcomes.into_iter().map(|o| o.unwrap_or(Outcome::Duplicate)).collect(),
        })
    }

    /// The lanes in which something is due before their loops would look by themselves.
    fn jobs_due_soon(&self) -> BTreeSet<Lane> {
        if self.ordered > 0 {
            return BTreeSet::from([Lane::Request, Lane::Background]);
        }
        let soon = self.now.plus(SOON);
        self.effects.follow_ups.iter().filter(|f| f.due_at <= soon).map(|f| f.lane).collect()
    }

    /// Enters the messages in the inbox, and tells repeats from news.
    async fn enter(&mut self, tx: &mut Tx) -> Result<()> {
        let keyed = |i: usize, item: &Item, outcomes: &[Option<Outcome>]| -> Option<Key> {
            // what cannot be decided anyway takes no place in the inbox: mended, it may come again under its id
            if outcomes[i].is_some() { None } else { item.key.clone() }
        };
        let rows: Vec<InboxRow> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(i, item)| {
                let (source, id) = keyed(i, item, &self.outcomes)?;
                Some(InboxRow { source, id, body_mac: item.mac.to_vec(), received_at: Ts(self.now) })
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let (mut fresh, known) = inbox::enter(tx, rows).await?;
        for (i, item) in self.items.iter().enumerate() {
            let Some(key) = keyed(i, item, &self.outcomes) else { continue };
            if fresh.remove(&key) {
                self.entered.insert(key, i);
                continue;
            }
            let earlier = self.entered.get(&key).copied();
            let same = match earlier {
                Some(earlier) => self.items[earlier].mac == item.mac,
                None => known.get(&key).is_some_and(|mac| mac[..] == item.mac[..]),
            };
            self.outcomes[i] = Some(if same {
                self.repeats.extend(earlier.map(|earlier| (i, earlier)));
                Outcome::Duplicate
            } else {
                Outcome::Refused(Refusal::field(
                    RefusalCode::IdReused,
                    "id",
                    "was used by this source for another message; give every message an id of its own",
                ))
            });
        }
        Ok(())
    }

    pub(super) fn is_open(&self, i: usize) -> bool {
        self.outcomes[i].is_none()
    }

    async fn decide(
        &mut self,
        subjects: &mut Subjects,
        counters: &HashMap<Counter, u32>,
        tx: &mut Tx,
    ) -> Result<()> {
        let by_item = std::mem::take(&mut subjects.resolution.by_item);
        let mut asked = self.asked(tx).await?;
        for (i, resolved) in by_item.into_iter().enumerate() {
            let (Some(resolved), true) = (resolved, self.is_open(i)) else { continue };
            let Ok(task) = &self.items[i].task else { continue };
            let outcome = match resolved {
                Resolved::Refused(refusal) => Err(refusal),
                Resolved::Each(subjects) => {
                    self.ordered +=
                        each::order(self.engine, tx, task, &subjects, self.now, &mut self.rng).await?;
                    Ok(())
                }
                Resolved::None if matches!(task.target, Target::Many) => self.expand(task, tx).await?,
                Resolved::None => {
                    let around =
                        surroundings(self.engine, self.policy, self.now, counters, &subjects.claimed);
                    let (job, rng, effects) = (&*task.job, &mut self.rng, &mut self.effects);
                    match asked.remove(&i) {
                        Some(known) => answer(job, &known, &task.message, around, rng, effects),
                        None => decide_alone(job, &task.message, around, rng, effects),
                    }
                }
                Resolved::One(whom) => match subjects.places.get(&whom) {
                    Some(place) => {
                        let around =
                            surroundings(self.engine, self.policy, self.now, counters, &subjects.claimed);
                        let subject = &mut subjects.now[*place];
                        decide(&*task.job, &task.message, around, &mut self.rng, subject, &mut self.effects)
                    }
                    None => Err(Refusal::field(
                        RefusalCode::UnknownSubject,
                        "data.subject",
                        "is not known; it may have been erased",
                    )),
                },
            };
            if let Err(refusal) = outcome {
                if subjects.links(task) {
                    // its naming must not join subjects for the others: once more without it
                    self.memory.refused.insert(i, refusal);
                    return Err(StoreError::Again);
                }
                self.outcomes[i] = Some(Outcome::Refused(refusal));
            } else {
                self.outcomes[i] = Some(Outcome::Done);
            }
        }
        Ok(())
    }

    /// What the gate's questions among the messages have to know, by one look-up for all of them. They see what was
    /// committed before; a message of the same batch may be decided in any order with them.
    async fn asked(&self, tx: &mut Tx) -> Result<HashMap<usize, Vec<Known>>> {
        let mut places = Vec::new();
        let mut questions = Vec::new();
        for (i, item) in self.items.iter().enumerate().filter(|(i, _)| self.is_open(*i)) {
            if let Ok(Task { target: Target::Asked { indexes, id, purpose }, .. }) = &item.task {
                places.push(i);
                questions.push(gate::Asked { indexes, id: *id, purpose });
            }
        }
        Ok(places.into_iter().zip(gate::known_in(tx, &questions).await?).collect())
    }

    async fn expand(&mut self, task: &Task, tx: &mut Tx) -> Result<std::result::Result<(), Refusal>> {
        let rescind_jobs::job::Concerns::Many(mut selection) = task.job.concerns() else {
            return Ok(Ok(()));
        };
        if let rescind_jobs::job::Selection::Consents(which) = &mut selection {
            // whoever sent it has not seen what is recorded until its turn comes
            let until = which.recorded_until.unwrap_or(task.message.time);
            which.recorded_until = Some(until.min(self.now));
        }
        let expansion = match task.job.expand(self.policy, self.now) {
            Ok(expansion) => expansion,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (kind, data) = (expansion.kind.to_owned(), expansion.data);
        let page = expansion::Page { selection, kind, data, after: None, purpose: None };
        expansion::order(tx, &page, &task.message, self.now, new_id(self.now, &mut self.rng)).await?;
        self.ordered += 1;
        let cause =
            Cause { source: &task.message.source, message: &task.message.message, policy: &self.policy.hex };
        let act = Act::Expanded { job: expansion.kind.to_owned() };
        let event = AuditEvent::new(&act, None, (0, 0), self.now, cause, &mut self.rng);
        self.effects.audit.push(event);
        Ok(Ok(()))
    }

    async fn save(&mut self, subjects: Subjects, tx: &mut Tx) -> Result<()> {
        for (repeat, earlier) in &self.repeats {
            // a repeat of what was refused in this very batch is refused alike
            if let Some(Outcome::Refused(refusal)) = self.outcomes[*earlier].clone() {
                self.outcomes[*repeat] = Some(Outcome::Refused(refusal));
            }
        }
        let changes: Vec<_> = subjects
            .before
            .iter()
            .zip(&subjects.now)
            .map(|(before, after)| Change { before: before.as_ref(), after })
            .collect();
        save::subjects(tx, &changes, &subjects.claimed).await?;
        let Refused { parked, forgotten, postponed } = self.refusals(tx).await?;
        crate::store::parked::add(tx, &parked).await?;
        inbox::forget(tx, &forgotten).await?;
        let (mut rows, mut later) = (Vec::new(), Vec::new());
        for (item, outcome) in self.items.iter().zip(&self.outcomes) {
            let postponed = *outcome == Some(Outcome::Postponed);
            if postponed { &mut later } else { &mut rows }.extend(item.row);
        }
        if !rows.is_empty() {
            queue::remove(tx, rows).await?;
        }
        if !later.is_empty() {
            queue::postpone(tx, later, self.now.plus(behind::PATIENCE)).await?;
        }
        queue::add(tx, &postponed).await?;
        webhooks::queue(tx, self.engine.endpoints(), &self.effects.events).await?;
        if let Err(error) = save::effects(tx, &self.effects, self.now).await {
            if matches!(error, StoreError::LimitReached) {
                // what an earlier attempt learnt stays known
                self.memory.counters.extend(self.effects.uses.keys().copied());
                self.memory.counters.sort_unstable();
                self.memory.counters.dedup();
            }
            return Err(error);
        }
        Ok(())
    }

    /// What is parked, and what leaves the inbox again: refused messages may be mended and come again.
    async fn refusals(&mut self, tx: &mut Tx) -> Result<Refused> {
        let Refused { mut parked, mut forgotten, mut postponed } = Refused::default();
        let mut behind = None;
        for (i, item) in self.items.iter().enumerate() {
            let Some(Outcome::Refused(refusal)) = &self.outcomes[i] else { continue };
            // an entry of another message under this id stays: that one was decided, and its repeat must be known
            if let Some(key) = item.key.clone().filter(|key| self.entered.get(key) == Some(&i)) {
                forgotten.push(key);
            }
            if behind::is_of_the_policy(refusal.code) {
                let known = match behind {
                    Some(known) => known,
                    None => behind::is(tx, self.policy, self.now).await?,
                };
                behind = Some(known);
                if known {
                    if item.on_refusal == OnRefusal::Park && item.row.is_none() {
                        let row =
                            parking::row(self.engine, tx, item, refusal, self.now, &mut self.rng).await?;
                        postponed.push(parking::later(row, item, self.now.plus(behind::PATIENCE)));
                    }
                    self.outcomes[i] = Some(Outcome::Postponed);
                    continue;
                }
            }
            if item.on_refusal == OnRefusal::Tell {
                continue;
            }
            parked.push(parking::row(self.engine, tx, item, refusal, self.now, &mut self.rng).await?);
            self.effects.events.extend(parking::answer(item, refusal, self.now, &mut self.rng));
        }
        Ok(Refused { parked, forgotten, postponed })
    }
}

/// What becomes of messages that are refused.
#[derive(Default)]
struct Refused {
    parked: Vec<ParkedRow>,
    forgotten: Vec<Key>,
    postponed: Vec<JobRow>,
}

fn surroundings<'s>(
    engine: &'s Engine,
    policy: &'s InForce,
    now: Timestamp,
    counters: &'s HashMap<Counter, u32>,
    claimed: &'s HashMap<BlindIndex, Option<Identity>>,
) -> Surroundings<'s> {
    let vault = engine.vault();
    Surroundings { now, policy, policy_hex: &policy.hex, vault, counters, claimed }
}
