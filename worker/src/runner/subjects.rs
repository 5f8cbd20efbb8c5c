//! The subjects of a batch: looked up, brought in if unknown, locked, and read whole.

use super::batch::Attempt;
use super::prepare::{Item, Target, Task};
use super::resolve::{Resolution, Resolved, Whom, resolve};
use crate::store::tables::IdentityClaim;
use crate::store::{Result, StoreError, Tx, load};
use rescind_jobs::model::{Identity, IdentityValue, Subject, SubjectId};
use rescind_jobs::protection::BlindIndex;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The batch's subjects, locked: as they were loaded, and as they are decided so far.
pub(super) struct Subjects {
    pub(super) resolution: Resolution,
    pub(super) before: Vec<Option<Subject>>,
    pub(super) now: Vec<Subject>,
    pub(super) places: HashMap<Whom, usize>,
    /// Identities claimed in this transaction, sealed if for a subject just heard of.
    pub(super) claimed: HashMap<BlindIndex, Option<Identity>>,
}

impl Subjects {
    pub(super) async fn load(attempt: &mut Attempt<'_>, tx: &mut Tx) -> Result<Self> {
        let items = attempt.items;
        let mut keys: BTreeMap<BlindIndex, &IdentityValue> = BTreeMap::new();
        let mut requests = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match item.task.as_ref().map(|t| &t.target) {
                Ok(Target::Named { keys: named, .. }) if attempt.is_open(i) => {
                    keys.extend(named.iter().map(|(k, v)| (*k, v)));
                }
                Ok(Target::Request(request)) if attempt.is_open(i) => requests.push(*request),
                _ => {}
            }
        }
        let wanted: Vec<BlindIndex> = keys.keys().copied().collect();
        let mut owners = load::owners(tx, &wanted).await?;
        let request_owners = load::request_owners(tx, &requests).await?;
        let mut resolution = resolve(items, |i| attempt.is_open(i), &owners, &request_owners);
        let mut fresh = Vec::new();
        let mut claimed = HashMap::new();
        if !resolution.claims.is_empty() {
            fresh = new_subjects(attempt, &resolution, &keys, &mut claimed)?;
            let rows = claim_rows(&resolution, &fresh, &claimed, &keys);
            let won = load::claim(tx, &rows).await?;
            let lost: Vec<BlindIndex> =
                resolution.claims.keys().filter(|k| !won.contains(*k)).copied().collect();
            if !lost.is_empty() {
                if !single_names(items, &lost) {
                    return Err(StoreError::Again);
                }
                // somebody else brought these subjects in meanwhile; now they are known
                owners.extend(load::owners(tx, &lost).await?);
                if lost.iter().any(|k| !owners.contains_key(k)) {
                    // and gone again: to be claimed anew
                    return Err(StoreError::Again);
                }
                claimed.retain(|k, _| won.contains(k));
                let again = resolve(items, |i| attempt.is_open(i), &owners, &request_owners);
                renumber(&mut resolution, again, &mut fresh);
            }
        }
        attempt.memory.must_split |= resolution.must_split;
        if resolution.must_split {
            return Err(StoreError::Again);
        }
        let mut known: Vec<SubjectId> = resolution
            .by_item
            .iter()
            .filter_map(|r| match r {
                Some(Resolved::One(Whom::Known(id))) => Some(*id),
                _ => None,
            })
            .collect();
        known.sort_unstable();
        known.dedup();
        let since = attempt.now.minus(attempt.policy.limits.request_interval);
        let mut wanted = load::Wanted { requests, ..load::Wanted::default() };
        for (item, resolved) in items.iter().zip(&resolution.by_item) {
            let (Some(Resolved::One(Whom::Known(id))), Ok(task)) = (resolved, &item.task) else { continue };
            wanted.causes.extend(task.job.notices());
            if task.job.rights() {
                wanted.rights.push(id.0);
            }
            if task.job.page() {
                wanted.pages.push(id.0);
            }
        }
        let mut found = load::subjects(tx, &known, since, &wanted).await?;
        for subject in found.values_mut() {
            // what this very batch has claimed is not known of the subject yet; the decision that names it adds it
            subject.identities.retain(|i| !claimed.contains_key(&i.index));
        }
        let mut subjects =
            Self { resolution, before: Vec::new(), now: Vec::new(), places: HashMap::new(), claimed };
        for (n, subject) in fresh.into_iter().enumerate() {
            if let Some(subject) = subject {
                subjects.add(Whom::New(n), None, subject);
            }
        }
        for id in known {
            // a named subject that is gone is looked up again by the check below; a known one is refused
            if let Some(subject) = found.remove(&id) {
                subjects.add(Whom::Known(id), Some(subject.clone()), subject);
            }
        }
        subjects.check(items, &owners)?;
        Ok(subjects)
    }

    fn add(&mut self, whom: Whom, before: Option<Subject>, now: Subject) {
        self.places.insert(whom, self.now.len());
        self.before.push(before);
        self.now.push(now);
    }

    fn working(&self, whom: Whom) -> Option<&Subject> {
        self.places.get(&whom).map(|place| &self.now[*place])
    }

    /// Between look-up and lock a key may have gone to another subject, or its subject away.
    fn check(&self, items: &[Item], owners: &HashMap<BlindIndex, Vec<SubjectId>>) -> Result<()> {
        for (item, resolved) in items.iter().zip(&self.resolution.by_item) {
            let (Some(Resolved::One(whom @ Whom::Known(id))), Ok(task)) = (resolved, &item.task) else {
                continue;
            };
            let Target::Named { keys, .. } = &task.target else { continue };
            for (key, _) in keys.iter().filter(|(k, _)| owners.get(k).is_some_and(|o| o.contains(id))) {
                if self.working(*whom).is_none_or(|s| s.identity(key).is_none()) {
                    return Err(StoreError::Again);
                }
            }
        }
        Ok(())
    }

    /// Whether this message's naming joined identities that were unknown before.
    pub(super) fn links(&self, task: &Task) -> bool {
        match &task.target {
            Target::Named { keys, id } => {
                (keys.len() > 1 || id.is_some()) && keys.iter().any(|(k, _)| self.claimed.contains_key(k))
            }
            _ => false,
        }
    }
}

/// Makes the subjects just heard of, and seals the identities claimed for them.
fn new_subjects(
    attempt: &mut Attempt<'_>,
    resolution: &Resolution,
    keys: &BTreeMap<BlindIndex, &IdentityValue>,
    claimed: &mut HashMap<BlindIndex, Option<Identity>>,
) -> Result<Vec<Option<Subject>>> {
    let vault = attempt.engine.vault();
    let mut fresh: Vec<Subject> = Vec::with_capacity(resolution.new);
    for _ in 0..resolution.new {
        fresh.push(Subject::new(attempt.now, vault, &mut attempt.rng));
    }
    let mut holders = fresh.clone();
    for (key, whom) in &resolution.claims {
        let identity = match (whom, keys.get(key)) {
            (Whom::New(n), Some(value)) => {
                holders[*n].add_identity(value, vault, &mut attempt.rng)?;
                holders[*n].identity(key).cloned()
            }
            _ => None,
        };
        claimed.insert(*key, identity);
    }
    Ok(fresh.into_iter().map(Some).collect())
}

/// The rows by which the identities are claimed, sorted. For a subject that is not locked yet the value follows when
/// the subject is saved.
fn claim_rows(
    resolution: &Resolution,
    fresh: &[Option<Subject>],
    claimed: &HashMap<BlindIndex, Option<Identity>>,
    keys: &BTreeMap<BlindIndex, &IdentityValue>,
) -> Vec<IdentityClaim> {
    let mut rows = Vec::with_capacity(resolution.claims.len());
    for (key, whom) in &resolution.claims {
        let subject_id = match whom {
            Whom::Known(id) => id.0,
            Whom::New(n) => match fresh.get(*n) {
                Some(Some(subject)) => subject.id.0,
                _ => continue,
            },
        };
        let identity = claimed.get(key).and_then(Option::as_ref);
        rows.push(IdentityClaim {
            bidx: key.0.to_vec(),
            ordinal: 0,
            subject_id,
            kind: keys.get(key).map(|value| value.kind().to_text()).unwrap_or_default(),
            sealed: identity.map(|i| i.sealed.0.clone()).unwrap_or_default(),
            is_primary: identity.map_or(0, |i| i16::from(i.primary)),
            active: 1,
        });
    }
    rows
}

/// Whether each of these identities is the only one its messages name: then who owns it is all there is to know.
fn single_names(items: &[Item], lost: &[BlindIndex]) -> bool {
    let lost: HashSet<_> = lost.iter().collect();
    items.iter().filter_map(|i| i.task.as_ref().ok()).all(|task| match &task.target {
        Target::Named { keys, id } => {
            (keys.len() == 1 && id.is_none()) || !keys.iter().any(|(k, _)| lost.contains(k))
        }
        _ => true,
    })
}

/// After a second look-up fewer subjects are new: keeps each new subject under the claims it already holds.
fn renumber(first: &mut Resolution, again: Resolution, fresh: &mut Vec<Option<Subject>>) {
    let mut moved: Vec<Option<Subject>> = (0..again.new).map(|_| None).collect();
    for (key, whom) in &again.claims {
        if let (Whom::New(to), Some(Whom::New(from))) = (whom, first.claims.get(key))
            && moved[*to].is_none()
        {
            moved[*to] = fresh[*from].take();
        }
    }
    *fresh = moved;
    *first = again;
}
