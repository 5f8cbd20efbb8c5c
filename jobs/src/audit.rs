//! The trail: what was done, for whom the law asks (Art. 5(2)). A closed list of acts made of names and numbers, so
//! that no free text, and with it no personal data, can get in; each event carries its Merkle leaf from the start. The
//! one thing that people write themselves, why they were shown values, is sealed or checked.

mod actor;
mod event;
mod why;

pub use actor::Actor;
pub use event::{AuditEvent, Cause, leaf};
pub use why::Why;

use crate::code::{ContentId, DataSourceId, EntryCode, FieldId, PurposeId, StaffId, TopicId};
use crate::gate::GateReason;
use crate::mail::Decided;
use crate::model::{Ground, NoticeKind, SourceNoticeState};
use crate::policy::OptIn;
use crate::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// An act, as the trail tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// A subject was first heard of.
    SubjectCreated,
    /// An identity was added to the subject.
    IdentityAdded {
        /// `email`, `phone`, `id:shop`.
        kind: String,
    },
    /// The primary email address was replaced.
    PrimaryEmailChanged,
    /// The opt-in was reset because the primary address changed (B13).
    OptInReset {
        /// For which purpose.
        purpose: PurposeId,
    },
    /// Values of fields were stored.
    FieldsChanged {
        /// Which.
        fields: Vec<FieldId>,
    },
    /// Addresses or contacts were stored or changed.
    LinksChanged {
        /// How many.
        count: usize,
    },
    /// Mail to an address of the subject fails for good.
    AddressUndeliverable,
    /// Consent was asked for.
    ConsentRequested {
        /// For which purpose.
        purpose: PurposeId,
        /// Under which content.
        content: ContentId,
        /// In which version.
        version: u32,
        /// Which request.
        request: Uuid,
    },
    /// A request for consent changed nothing, or ordered no mail.
    ConsentRequestSkipped {
        /// For which purpose.
        purpose: PurposeId,
        /// Why.
        why: Why,
    },
    /// A mailing of an app was ordered.
    MailingOrdered {
        /// Under which purpose.
        purpose: PurposeId,
        /// The mail.
        mail: Uuid,
    },
    /// A mailing of an app was not sent.
    MailingNotSent {
        /// Under which purpose.
        purpose: PurposeId,
        /// What the gate said; none: there is no address that mail could go to.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<GateReason>,
    },
    /// A reminder was ordered.
    ConsentReminded {
        /// Which request.
        request: Uuid,
    },
    /// A request ended without an answer.
    ConsentRequestExpired {
        /// For which purpose.
        purpose: PurposeId,
        /// Which request.
        request: Uuid,
    },
    /// A request was voided by a withdrawal.
    ConsentRequestVoided {
        /// Which request.
        request: Uuid,
    },
    /// Consent was given.
    ConsentGranted {
        /// For which purpose.
        purpose: PurposeId,
        /// Under which content.
        content: ContentId,
        /// In which version.
        version: u32,
        /// How it counts as opt-in.
        opt_in: OptIn,
        /// The record.
        record: Uuid,
    },
    /// Consent was refused.
    ConsentRefused {
        /// For which purpose.
        purpose: PurposeId,
        /// The record.
        record: Uuid,
    },
    /// Consent was withdrawn.
    ConsentWithdrawn {
        /// For which purpose.
        purpose: PurposeId,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<EntryCode>,
        /// The record.
        record: Uuid,
    },
    /// A consent was corrected: another record says what it rests on.
    ConsentCorrected {
        /// To which purpose it was recorded.
        purpose: PurposeId,
        /// To which it was meant.
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<PurposeId>,
        /// The record that it rested on.
        corrects: Uuid,
        /// The record that it rests on now.
        record: Uuid,
    },
    /// The period of a consent is over.
    ConsentExpired {
        /// For which purpose.
        purpose: PurposeId,
    },
    /// What was told of a consent had no effect on its state.
    StatementWithoutEffect {
        /// About which purpose.
        purpose: PurposeId,
        /// Why.
        why: Why,
        /// The record, where one was made nevertheless.
        #[serde(skip_serializing_if = "Option::is_none")]
        record: Option<Uuid>,
    },
    /// Values that rested on a purpose that has ended were erased (Art. 17(1)(b)).
    FieldsErased {
        /// Which fields.
        fields: Vec<FieldId>,
        /// The purposes that they rested on.
        purposes: Vec<PurposeId>,
    },
    /// A member of staff was made, or is no longer, the subject's caretaker.
    CaretakerChanged {
        /// Who it is now.
        #[serde(skip_serializing_if = "Option::is_none")]
        caretaker: Option<StaffId>,
    },
    /// A member of staff is told something.
    StaffNotified {
        /// The notice.
        notice: Uuid,
        /// Who is told.
        staff: StaffId,
        /// What it is about.
        kind: NoticeKind,
    },
    /// A member of staff who has not acknowledged is reminded.
    StaffReminded {
        /// The notice.
        notice: Uuid,
        /// Who is reminded.
        staff: StaffId,
    },
    /// Others are told that a member of staff has not acknowledged.
    NoticeEscalated {
        /// The notice.
        notice: Uuid,
        /// Who has not acknowledged.
        staff: StaffId,
    },
    /// A member of staff acknowledged a notice.
    NoticeAcknowledged {
        /// The notice.
        notice: Uuid,
        /// Who did.
        staff: StaffId,
    },
    /// Processing was restricted (Art. 18).
    SubjectRestricted {
        /// Why.
        ground: Ground,
    },
    /// The subject is being told that a restriction ends.
    RestrictionEnding {
        /// Which.
        ground: Ground,
        /// The mail; none: it was told in another way.
        #[serde(skip_serializing_if = "Option::is_none")]
        mail: Option<Uuid>,
    },
    /// The subject could not be told that a restriction ends, so it goes on.
    RestrictionKept {
        /// Which.
        ground: Ground,
    },
    /// A restriction ended.
    RestrictionLifted {
        /// Which.
        ground: Ground,
    },
    /// The subject objected (Art. 21).
    ObjectionRaised {
        /// To which purpose.
        purpose: PurposeId,
        /// Whether it holds at once, as against direct marketing it always does.
        absolute: bool,
    },
    /// An objection was decided.
    ObjectionDecided {
        /// To which purpose.
        purpose: PurposeId,
        /// How.
        decided: Decided,
    },
    /// The notice to the subject about a source of its data (Art. 14) was ordered, has left, or is not sent.
    SourceNotice {
        /// The source.
        data_source: DataSourceId,
        /// What it came to.
        state: SourceNoticeState,
        /// The mail.
        #[serde(skip_serializing_if = "Option::is_none")]
        mail: Option<Uuid>,
    },
    /// A personal token was made for a member of staff.
    StaffTokenMade {
        /// The token.
        token: Uuid,
        /// For whom.
        staff: StaffId,
        /// By whom.
        actor: Actor,
    },
    /// A personal token was revoked.
    StaffTokenRevoked {
        /// The token.
        token: Uuid,
        /// Whose it was.
        staff: StaffId,
        /// By whom.
        actor: Actor,
    },
    /// The address of a subject's own page was shown to somebody.
    PageLinkShown {
        /// To whom.
        actor: Actor,
    },
    /// A subject's own page was given another address; the one before opens nothing.
    PageLinkReissued {
        /// By whom.
        actor: Actor,
    },
    /// The address of a subject's own page was taken away.
    PageLinkRevoked {
        /// By whom.
        actor: Actor,
    },
    /// A code for the subject's own page was ordered to be mailed.
    PageCodeSent,
    /// A wrong code was entered on the subject's own page.
    PageCodeWrong,
    /// The code was entered on the subject's own page.
    PageUnlocked,
    /// The subject gave a new email address on its own page; it was ordered to be asked there.
    AddressGiven,
    /// Terms were accepted.
    TermsAccepted {
        /// Which.
        content: ContentId,
        /// In which version.
        version: u32,
        /// The record.
        record: Uuid,
    },
    /// A sale was recorded that soft opt-in rests on (ePrivacy Directive 13(2)).
    SoftOptInRecorded {
        /// For which purpose.
        purpose: PurposeId,
        /// When the sale was.
        sold_at: Timestamp,
    },
    /// A subscription topic was chosen or left.
    TopicChanged {
        /// Within which purpose.
        purpose: PurposeId,
        /// Which topic.
        topic: TopicId,
        /// Chosen, or left.
        subscribed: bool,
    },
    /// A subject that was only asked, and never answered, was erased.
    ProvisionalSubjectErased {
        /// The sweep that did it.
        sweep: Uuid,
    },
    /// A message about many subjects became a job for each of them.
    Expanded {
        /// Which type of job.
        job: String,
    },
    /// The import of a list of consents began.
    ImportBegun {
        /// The SHA-256 of the file.
        file: String,
        /// By whom.
        actor: Actor,
    },
    /// The import of a list of consents ended.
    ImportEnded {
        /// The SHA-256 of the file.
        file: String,
        /// Lines that were recorded.
        recorded: u64,
        /// Lines that had been recorded before.
        known: u64,
        /// Lines against which the subject's own word stands.
        left_alone: u64,
        /// Lines that were wrong.
        wrong: u64,
        /// By whom.
        actor: Actor,
    },
    /// The register of consents was taken out.
    RegisterExported {
        /// Which register: `consents`.
        register: &'static str,
        /// Of one purpose only.
        #[serde(skip_serializing_if = "Option::is_none")]
        purpose: Option<PurposeId>,
        /// In one state only.
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<&'static str>,
        /// Whether contact data were shown in the open.
        revealed: bool,
        /// Why they were; a text that was found to hold no address and no number.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// By whom.
        actor: Actor,
    },
    /// Values of a subject were shown to somebody in the open.
    SubjectRevealed {
        /// Which: `email`, `phone`, `ids`, `addresses`, or fields.
        fields: Vec<String>,
        /// Why: sealed under the subject's evidence key, because it is a text.
        reason: String,
        /// To whom.
        actor: Actor,
    },
    /// A sweep was ordered.
    SweepOrdered {
        /// Which.
        sweep: &'static str,
    },
    /// The body of a parked message was shown to somebody.
    ParkedRevealed {
        /// Which.
        parked: Uuid,
        /// To whom.
        actor: Actor,
    },
    /// A parked message was dropped.
    ParkedDropped {
        /// Which.
        parked: Uuid,
        /// By whom.
        actor: Actor,
    },
    /// A parked message was put back into the queue.
    ParkedRetried {
        /// Which.
        parked: Uuid,
        /// By whom.
        actor: Actor,
    },
    /// A mail that had failed, or may not have left, was queued again.
    MailRetried {
        /// Which.
        mail: Uuid,
        /// By whom.
        actor: Actor,
    },
    /// The key-encryption key was replaced: everything is wrapped by another one.
    KeyReplaced {
        /// The name of the new one.
        key: String,
        /// By whom.
        actor: Actor,
    },
    /// An event that waited or was kept was queued again.
    EventRetried {
        /// Which.
        event: Uuid,
        /// By whom.
        actor: Actor,
    },
}
