//! Which subject each message of a batch concerns, in the order of the messages: a message may name a subject that an
//! earlier one of the same batch has just brought in.

use super::prepare::{Item, Target};
use rescind_jobs::model::{IdentityValue, SubjectId};
use rescind_jobs::protection::BlindIndex;
use rescind_jobs::refusal::{Refusal, RefusalCode};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// A subject of the batch: in the store, or the n-th just heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Whom {
    Known(SubjectId),
    New(usize),
}

/// What became of one message's naming.
pub(super) enum Resolved {
    /// It concerns this subject.
    One(Whom),
    /// It concerns each of these, one job each.
    Each(Vec<SubjectId>),
    /// It concerns nobody, or many.
    None,
    /// It cannot be told whom it concerns.
    Refused(Refusal),
}

/// The batch's subjects before anything was locked.
#[derive(Default)]
pub(super) struct Resolution {
    /// By message; none for messages that are not decided.
    pub by_item: Vec<Option<Resolved>>,
    /// Identities to be claimed, and for whom.
    pub claims: BTreeMap<BlindIndex, Whom>,
    /// How many subjects were just heard of.
    pub new: usize,
    /// Two subjects just heard of turned out to be named together; only separate batches can tell them apart.
    pub must_split: bool,
}

/// Resolves the messages for which `open` says so.
pub(super) fn resolve(
    items: &[Item],
    open: impl Fn(usize) -> bool,
    owners: &HashMap<BlindIndex, Vec<SubjectId>>,
    requests: &HashMap<Uuid, SubjectId>,
) -> Resolution {
    let mut out = Resolution::default();
    let mut known: HashMap<BlindIndex, BTreeSet<Whom>> =
        owners.iter().map(|(k, s)| (*k, s.iter().map(|s| Whom::Known(*s)).collect())).collect();
    for (i, item) in items.iter().enumerate() {
        let task = item.task.as_ref().ok().filter(|_| open(i));
        let resolved = task.map(|task| match &task.target {
            Target::Nobody | Target::Many | Target::Asked { .. } => Resolved::None,
            Target::Known(id) => Resolved::One(Whom::Known(*id)),
            Target::Request(request) => requests.get(request).map_or_else(
                || {
                    Resolved::Refused(Refusal::new(
                        RefusalCode::LinkInvalid,
                        "This request can no longer be answered.",
                    ))
                },
                |id| Resolved::One(Whom::Known(*id)),
            ),
            Target::Named { keys, id } => {
                named(keys, *id, task.job.creates(), task.job.every_match(), &mut known, &mut out)
            }
        });
        out.by_item.push(resolved);
    }
    out
}

fn named(
    keys: &[(BlindIndex, IdentityValue)],
    id: Option<SubjectId>,
    creates: bool,
    every_match: bool,
    known: &mut HashMap<BlindIndex, BTreeSet<Whom>>,
    out: &mut Resolution,
) -> Resolved {
    let mut matches: Vec<BTreeSet<Whom>> = keys.iter().filter_map(|(k, _)| known.get(k)).cloned().collect();
    matches.extend(id.map(|id| BTreeSet::from([Whom::Known(id)])));
    // an address that several subjects share is told apart by what else is named
    let common = matches.iter().skip(1).fold(matches.first().cloned().unwrap_or_default(), |a, b| &a & b);
    let candidates: BTreeSet<Whom> =
        if common.is_empty() { matches.into_iter().flatten().collect() } else { common };
    let mut candidates = candidates.into_iter();
    let whom = match (candidates.next(), candidates.next()) {
        (None, _) if creates => {
            let whom = Whom::New(out.new);
            out.new += 1;
            whom
        }
        (None, _) => {
            return Resolved::Refused(Refusal::field(
                RefusalCode::UnknownSubject,
                "data.subject",
                "is not known; make it known with subject.upsert.v1",
            ));
        }
        (Some(one), None) => one,
        (Some(first), Some(second)) => return several(first, second, candidates, every_match, out),
    };
    for (key, _) in keys {
        if !known.contains_key(key) {
            known.insert(*key, BTreeSet::from([whom]));
            out.claims.insert(*key, whom);
        }
    }
    Resolved::One(whom)
}

fn several(
    first: Whom,
    second: Whom,
    rest: impl Iterator<Item = Whom>,
    every_match: bool,
    out: &mut Resolution,
) -> Resolved {
    let all: Vec<Whom> = [first, second].into_iter().chain(rest).collect();
    let known: Vec<SubjectId> = all
        .iter()
        .filter_map(|w| match w {
            Whom::Known(id) => Some(*id),
            Whom::New(_) => None,
        })
        .collect();
    if known.len() < all.len() {
        out.must_split = true;
    }
    if every_match {
        return Resolved::Each(known);
    }
    Resolved::Refused(Refusal::field(
        RefusalCode::ConflictingIdentities,
        "data.subject",
        "names identities of more than one data subject; staff must decide whether they are one person",
    ))
}
