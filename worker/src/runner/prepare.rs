//! From a message as it came to a job that may be decided: decoded, its sender checked, its data read. All of it
//! before any lock is taken.

use super::message::{Answering, Incoming, OnRefusal, Sender};
use crate::store::inbox::Key;
use crate::store::queue::{Claimed, Origin};
use crate::telemetry::Open;
use rescind_jobs::code::PurposeId;
use rescind_jobs::decision::{CLOCK_TOLERANCE, INTERNAL_SOURCE, MessageContext};
use rescind_jobs::effects::{Lane, Trace};
use rescind_jobs::envelope::Envelope;
use rescind_jobs::envelope::head::{self, Head};
use rescind_jobs::job::{AnyJob, Concerns};
use rescind_jobs::model::{IdentityValue, SubjectId};
use rescind_jobs::policy::Policy;
use rescind_jobs::protection::{BlindIndex, Vault};
use rescind_jobs::refusal::{Refusal, RefusalCode};
use rescind_jobs::registry;
use rescind_jobs::time::{Span, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// A message of a batch.
pub(super) struct Item {
    /// The body as it came, for parking.
    pub body: Vec<u8>,
    /// Keyed checksum of the body.
    pub mac: [u8; 32],
    /// Who sends it.
    pub sender: Sender,
    /// What to do with a refusal.
    pub on_refusal: OnRefusal,
    /// The row of the job table it came from.
    pub row: Option<Uuid>,
    /// Its key in the inbox; none for Rescind's own.
    pub key: Option<Key>,
    /// Its id, if it could be read.
    pub id: String,
    /// The source as the sender wrote it, if it could be read.
    pub source: String,
    /// Its type, if it could be read.
    pub kind: Option<String>,
    /// Where a refusal is answered to.
    pub reply_to: Option<String>,
    /// Whether somebody waits for it.
    pub lane: Lane,
    /// What goes with everything that follows.
    pub trace: Trace,
    /// What is told of it, where anything is.
    pub span: Option<Open>,
    /// What is to be decided, or why not.
    pub task: Result<Task, Refusal>,
}

impl Item {
    /// What follows from it belongs to this span.
    pub(super) fn follows_in(&mut self, span: Open) {
        let traceparent = Some(span.traceparent());
        if let Ok(task) = &mut self.task {
            task.message.trace.traceparent.clone_from(&traceparent);
        }
        self.trace.traceparent = traceparent;
        self.span = Some(span);
    }
}

/// What is to be decided.
pub(super) struct Task {
    pub job: Box<dyn AnyJob>,
    pub kind: &'static str,
    pub data: Value,
    pub message: MessageContext,
    pub target: Target,
}

/// Whom it concerns, as far as the message tells.
pub(super) enum Target {
    /// These identities, and perhaps an id.
    Named { keys: Vec<(BlindIndex, IdentityValue)>, id: Option<SubjectId> },
    /// A subject by its id.
    Known(SubjectId),
    /// A subject that is asked about and stays as it is.
    Asked { indexes: Vec<BlindIndex>, id: Option<SubjectId>, purpose: PurposeId },
    /// The subject of a request for consent.
    Request(Uuid),
    /// Nobody in particular.
    Nobody,
    /// Many; or a page of many.
    Many,
}

/// What preparing needs to know.
pub(super) struct Preparation<'a> {
    pub policy: &'a Policy,
    pub vault: &'a Vault,
    pub now: Timestamp,
    /// Whether somebody waits for what is prepared.
    pub lane: Lane,
    /// For how long ids are kept.
    pub inbox: Span,
    /// The largest body.
    pub body_limit: usize,
}

#[derive(Deserialize)]
struct FollowUpBody {
    time: Timestamp,
    data: Value,
}

impl Preparation<'_> {
    /// Prepares what an intake took.
    pub(super) fn incoming(&self, incoming: Incoming) -> Item {
        let Incoming { body, sender, on_refusal, answer, .. } = incoming;
        self.envelope(body, sender, on_refusal, None, answer)
    }

    /// Prepares a row of the job table whose body is open.
    pub(super) fn row(&self, row: Claimed) -> Item {
        let place = Some(row.id);
        let sender = match row.origin {
            Some(Origin::FollowUp) => return self.follow_up(row),
            None => return self.follow_up(Claimed { kind: None, ..row }),
            Some(Origin::Operator) => Sender::Operator,
            Some(Origin::Schedule) => Sender::Internal,
            Some(Origin::RetryAuthenticated) => match rescind_jobs::code::SourceId::new(&row.source) {
                Some(source) => Sender::Authenticated(source),
                None => Sender::Broker,
            },
            Some(Origin::RetryBroker) => Sender::Broker,
            Some(Origin::RetryLocal) => Sender::Local,
        };
        self.envelope(row.body, sender, OnRefusal::Park, place, Answering::default())
    }

    fn follow_up(&self, row: Claimed) -> Item {
        let trace = Trace { correlation: row.correlation.clone(), traceparent: row.traceparent.clone() };
        let task = serde_json::from_slice::<FollowUpBody>(&row.body)
            .map_err(|_| Refusal::new(RefusalCode::InternalError, "The follow-up's body cannot be read."))
            .and_then(|body| {
                let kind = row.kind.as_deref().and_then(registry::kind).ok_or_else(registry::unknown_type)?;
                let message = MessageContext {
                    source: row.source.clone(),
                    id: row.id.to_string(),
                    reply_to: None,
                    message: self.message_mark(&row.source, &row.id.to_string()),
                    time: body.time,
                    lane: self.lane,
                    trace: trace.clone(),
                };
                self.task(kind, body.data, message, row.subject)
            });
        Item {
            // two follow-ups may say the same; each is parked on its own
            mac: self.vault.body_mac(&[row.id.as_bytes(), row.body.as_slice()].concat()),
            body: row.body,
            sender: Sender::Internal,
            on_refusal: OnRefusal::Park,
            row: Some(row.id),
            key: None,
            id: row.id.to_string(),
            source: row.source,
            kind: row.kind,
            reply_to: None,
            lane: self.lane,
            trace,
            span: None,
            task,
        }
    }

    fn envelope(
        &self,
        body: Vec<u8>,
        sender: Sender,
        on_refusal: OnRefusal,
        row: Option<Uuid>,
        answer: Answering,
    ) -> Item {
        let mac = self.vault.body_mac(&body);
        let parsed = if body.len() > self.body_limit {
            Err(Refusal::new(
                RefusalCode::TooLarge,
                format!("The message is larger than {} bytes.", self.body_limit),
            ))
        } else {
            Envelope::parse(&body)
        };
        let mut item = Item {
            body,
            mac,
            sender,
            on_refusal,
            row,
            key: None,
            id: String::new(),
            source: String::new(),
            kind: None,
            reply_to: None,
            lane: self.lane,
            trace: Trace::default(),
            span: None,
            task: Err(Refusal::new(RefusalCode::InternalError, "not prepared")),
        };
        match parsed {
            Ok(envelope) => self.open_envelope(envelope, &mut item),
            Err(refusal) => {
                // whoever asked for an answer learns even of what cannot be read
                let too_large = refusal.code == RefusalCode::TooLarge;
                let told = if too_large { Head::default() } else { Head::read(&item.body) };
                item.id = told.id.unwrap_or_default();
                item.source = told.source.unwrap_or_default();
                item.kind = told.kind;
                item.reply_to = told.replyto.or_else(|| head::usable(answer.reply_to));
                item.trace.correlation = told.correlationid.or_else(|| head::usable(answer.correlation));
                item.task = Err(refusal);
            }
        }
        item
    }

    fn open_envelope(&self, envelope: Envelope, item: &mut Item) {
        item.id.clone_from(&envelope.id);
        item.source.clone_from(&envelope.source);
        item.kind = Some(envelope.kind.clone());
        item.reply_to = envelope.replyto;
        item.trace = Trace { correlation: envelope.correlationid, traceparent: envelope.traceparent };
        let source = match &item.sender {
            Sender::Authenticated(source) => source.to_string(),
            // labels of unnamed senders must not take the ids of named ones
            Sender::Broker => format!("broker/{}", envelope.source),
            Sender::Local | Sender::Operator | Sender::Import | Sender::Internal => envelope.source.clone(),
        };
        item.key = match item.sender {
            Sender::Internal => None,
            _ => Some((source.clone(), envelope.id.clone())),
        };
        let message = MessageContext {
            message: self.message_mark(&source, &envelope.id),
            id: envelope.id,
            reply_to: item.reply_to.clone(),
            source,
            time: envelope.time,
            lane: self.lane,
            trace: item.trace.clone(),
        };
        item.task = self
            .allowed(item, &envelope.source, &envelope.kind, envelope.time)
            .and_then(|kind| self.task(kind, envelope.data, message, None));
    }

    /// Checks that this sender may send this type.
    fn allowed(
        &self,
        item: &Item,
        label: &str,
        kind: &str,
        time: Timestamp,
    ) -> Result<&'static registry::Kind, Refusal> {
        let sender = &item.sender;
        let found = registry::kind(kind).filter(|k| !k.internal || *sender == Sender::Internal);
        let found = found.ok_or_else(registry::unknown_type)?;
        let not_allowed =
            |field: &str, problem: String| Err(Refusal::field(RefusalCode::NotAllowed, field, problem));
        if label == INTERNAL_SOURCE && *sender != Sender::Internal {
            return not_allowed(
                "source",
                format!("must not be \"{INTERNAL_SOURCE}\", which is Rescind itself"),
            );
        }
        match sender {
            Sender::Authenticated(source) => {
                if label != source.as_str() {
                    return not_allowed("source", format!("must be \"{source}\", as the sender is known"));
                }
                if !self.policy.sources.get(source).is_some_and(|s| s.may_send(kind)) {
                    return not_allowed(
                        "type",
                        format!("may not be sent by \"{source}\"; the policy grants types"),
                    );
                }
            }
            Sender::Broker => {
                if !self.policy.sources.get("broker").is_some_and(|s| s.may_send(kind)) {
                    return not_allowed(
                        "type",
                        "may not be sent by the broker's unnamed senders; send as a user that the policy names"
                            .to_owned(),
                    );
                }
            }
            Sender::Local | Sender::Operator | Sender::Import | Sender::Internal => {}
        }
        if time > self.now.plus(CLOCK_TOLERANCE) {
            return Err(Refusal::field(
                RefusalCode::FutureTime,
                "time",
                "lies in the future; send the time at which it happened",
            ));
        }
        // a row of the job table was taken before: neither our own queue nor a staff decision makes it too old
        if item.row.is_none()
            && !matches!(sender, Sender::Internal | Sender::Import)
            && time < self.now.minus(self.inbox)
        {
            return Err(Refusal::field(
                RefusalCode::TooOld,
                "time",
                "is older than ids are kept, so a repeat could not be told; send it with a new id and time",
            ));
        }
        Ok(found)
    }

    fn task(
        &self,
        kind: &'static registry::Kind,
        data: Value,
        message: MessageContext,
        subject: Option<SubjectId>,
    ) -> Result<Task, Refusal> {
        if let Some(feature) = kind.feature.filter(|f| !self.policy.features.contains(f)) {
            return Err(Refusal::new(
                RefusalCode::FeatureDisabled,
                format!("The feature \"{}\" is switched off in the policy.", feature.as_str()),
            ));
        }
        let job = kind.parse(&data)?;
        let target = match job.concerns() {
            Concerns::Named(named) => {
                let keys = named.identities()?.into_iter().map(|i| (self.vault.blind_index(&i), i)).collect();
                Target::Named { keys, id: named.id }
            }
            // follow-ups know their subject by the row they are in
            Concerns::Known(id) => Target::Known(subject.unwrap_or(id)),
            Concerns::Asked { subject, purpose } => {
                let indexes = subject.identities()?.iter().map(|i| self.vault.blind_index(i)).collect();
                Target::Asked { indexes, id: subject.id, purpose: purpose.clone() }
            }
            Concerns::Request(request) => Target::Request(request),
            Concerns::Nobody => Target::Nobody,
            Concerns::Many(_) => Target::Many,
        };
        Ok(Task { kind: kind.name, job, data, message, target })
    }

    /// How the trail names a message: a keyed checksum, because senders could put anything into an id.
    fn message_mark(&self, source: &str, id: &str) -> String {
        let mac = self.vault.counter_key("message", format!("{source}\0{id}").as_bytes());
        data_encoding::HEXLOWER.encode(&mac[..16])
    }
}
