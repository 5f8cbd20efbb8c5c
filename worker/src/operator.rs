//! What an operator may do with what is parked or stuck. Each is one transaction with its entry in the trail, so that
//! nothing is shown, dropped or sent again without a trace.

use crate::app::Opened;
use crate::clock::NoRandomness;
use crate::store::queue::{self, Origin};
use crate::store::registers::{self, Requeued};
use crate::store::tables::JobRow;
use crate::store::{StoreError, Ts, Tx, audit, inbox, keys, parked};
use rand::rngs::StdRng;
use rescind_jobs::audit::{Act, Actor, AuditEvent, Cause};
use rescind_jobs::effects::Lane;
use rescind_jobs::model::SubjectId;
use rescind_jobs::protection::{Sealed, new_id};
use rescind_jobs::time::Timestamp;
use uuid::Uuid;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is nothing under this id.
    #[error("there is none with the id {0}")]
    Unknown(Uuid),
    /// It stands where this is not possible.
    #[error("{id} is {state}; {possible} can be queued again")]
    NotPossible {
        /// Which.
        id: Uuid,
        /// Where it stands.
        state: &'static str,
        /// Where it would have to stand.
        possible: &'static str,
    },
    /// The key of its day is gone.
    #[error("{0} can no longer be read: the key of its day has been destroyed")]
    Unreadable(Uuid),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

type Result<T> = std::result::Result<T, OperatorError>;

/// An operator at an open store.
pub struct Operator<'a> {
    opened: &'a Opened,
    actor: Actor,
}

impl<'a> Operator<'a> {
    /// `actor` is whom the trail names.
    pub fn new(opened: &'a Opened, actor: Actor) -> Self {
        Self { opened, actor }
    }

    async fn record(
        &self,
        tx: &mut Tx,
        act: &Act,
        subject: Option<SubjectId>,
        rng: &mut StdRng,
    ) -> Result<()> {
        let policy = self.opened.policy.hash_hex();
        let source = self.actor.to_string();
        let cause = Cause { source: &source, message: "", policy: &policy };
        // no decision about the subject, so no number among them
        let event = AuditEvent::new(act, subject, (0, 0), self.opened.clock.now(), cause, rng);
        Ok(audit::add(tx, &[event]).await?)
    }

    /// Opens a parked message's body, and enters that in the trail.
    ///
    /// # Errors
    /// When there is none, or its key is gone.
    pub async fn reveal(&self, id: Uuid) -> Result<Vec<u8>> {
        let mut rng = self.opened.randomness.generator()?;
        let found = parked::body(&self.opened.pool, id).await?;
        let (body, day) = found.ok_or(OperatorError::Unknown(id))?;
        let mut tx = self.opened.pool.begin().await?;
        let body = self.open(&mut tx, id, body, day).await?;
        self.record(&mut tx, &Act::ParkedRevealed { parked: id, actor: self.actor.clone() }, None, &mut rng)
            .await?;
        tx.commit().await?;
        Ok(body)
    }

    async fn open(&self, tx: &mut Tx, id: Uuid, body: Vec<u8>, day: i32) -> Result<Vec<u8>> {
        let key = keys::known_day_key(tx, &self.opened.vault, day).await?;
        let key = key.ok_or(OperatorError::Unreadable(id))?;
        Ok(key.open(keys::body_place(day), &Sealed(body)).map_err(StoreError::from)?)
    }

    /// Puts a parked message back into the queue under its own id, with the rights its sender had; returns the row of
    /// the job table.
    ///
    /// # Errors
    /// When there is none, or its key is gone.
    pub async fn retry(&self, id: Uuid) -> Result<Uuid> {
        let mut rng = self.opened.randomness.generator()?;
        let now = self.opened.clock.now();
        let mut tx = self.opened.pool.begin().await?;
        let taken = parked::take(&mut tx, id).await?.ok_or(OperatorError::Unknown(id))?;
        let subject = taken.subject.map(SubjectId);
        let row = self.row_of(&mut tx, id, taken, now, &mut rng).await?;
        let job = row.id;
        queue::add(&mut tx, &[row]).await?;
        self.record(
            &mut tx,
            &Act::ParkedRetried { parked: id, actor: self.actor.clone() },
            subject,
            &mut rng,
        )
        .await?;
        tx.commit().await?;
        Ok(job)
    }

    async fn row_of(
        &self,
        tx: &mut Tx,
        id: Uuid,
        taken: parked::Taken,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<JobRow> {
        let unreadable = StoreError::Unreadable { table: "parked", column: "origin" };
        let origin = Origin::from_i16(taken.origin).ok_or(unreadable)?;
        let mut row = JobRow {
            id: new_id(now, rng),
            subject_id: taken.subject,
            source: taken.source,
            origin: origin as i16,
            kind: None,
            body: taken.body,
            day: Some(taken.day),
            due_at: Ts(now),
            lane: Lane::Request as i16,
            attempt: 0,
            schedule: None,
            created_at: Ts(now),
            correlation: None,
            traceparent: None,
        };
        if origin != Origin::FollowUp {
            // refused messages have left the inbox already; one whose id was used for another body has not
            inbox::forget(tx, &[(row.source.clone(), taken.message_id)]).await?;
            return Ok(row);
        }
        let body = self.open(tx, id, row.body.clone(), taken.day).await?;
        if rescind_jobs::envelope::Envelope::parse(&body).is_ok() {
            // Rescind's own, but a whole message: a schedule sent it
            row.origin = Origin::Schedule as i16;
        } else {
            // it stays sealed, because some carry on what a message told
            row.id = Uuid::parse_str(&taken.message_id).unwrap_or(row.id);
            row.kind = taken.kind;
        }
        Ok(row)
    }

    /// Drops a parked message for good.
    ///
    /// # Errors
    /// When there is none.
    pub async fn drop_parked(&self, id: Uuid) -> Result<()> {
        let mut rng = self.opened.randomness.generator()?;
        let mut tx = self.opened.pool.begin().await?;
        let taken = parked::take(&mut tx, id).await?.ok_or(OperatorError::Unknown(id))?;
        let act = Act::ParkedDropped { parked: id, actor: self.actor.clone() };
        self.record(&mut tx, &act, taken.subject.map(SubjectId), &mut rng).await?;
        Ok(tx.commit().await?)
    }

    /// Queues a mail or event again; returns which of them it was.
    ///
    /// # Errors
    /// When there is none, or it stands where that is not possible.
    pub async fn requeue(&self, id: Uuid) -> Result<&'static str> {
        let mut rng = self.opened.randomness.generator()?;
        let now = self.opened.clock.now();
        let mut tx = self.opened.pool.begin().await?;
        let (act, what, subject) = match registers::requeue_mail(&mut tx, id, now).await? {
            Requeued::Done(subject) => {
                (Act::MailRetried { mail: id, actor: self.actor.clone() }, "mail", subject)
            }
            Requeued::NotPossible(state) => {
                let possible = "only mails that failed, are uncertain, or wait";
                return Err(OperatorError::NotPossible { id, state, possible });
            }
            Requeued::Unknown => match registers::requeue_event(&mut tx, id, now).await? {
                Requeued::Done(subject) => {
                    (Act::EventRetried { event: id, actor: self.actor.clone() }, "event", subject)
                }
                Requeued::NotPossible(state) => {
                    let possible = "only events that were kept, or wait";
                    return Err(OperatorError::NotPossible { id, state, possible });
                }
                Requeued::Unknown => return Err(OperatorError::Unknown(id)),
            },
        };
        self.record(&mut tx, &act, subject, &mut rng).await?;
        tx.commit().await?;
        Ok(what)
    }
}
