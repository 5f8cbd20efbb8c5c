//! What Rescind knows of a data subject.

mod acceptance;
mod consent;
mod identity;
mod notice;
mod order;
mod origin;
mod page;
mod request;
mod restriction;
mod soft_opt_in;
mod subject;
mod topic;

pub use acceptance::Acceptance;
pub use consent::{Answer, Consent, ConsentRecord, ConsentState, Evidence, Expression};
pub use identity::{Identity, IdentityKind, IdentityProblem, IdentityValue};
pub use notice::{NoticeDetail, NoticeKind, NoticeState, Recipient, StaffNotice};
pub use order::{Statement, StatementKind};
pub use origin::{DataOrigin, SourceNoticeState};
pub use page::{NewAddress, PageCode, PersonalPage};
pub use request::{ConsentRequest, RequestState};
pub use restriction::{Ground, Objection, ObjectionState, Restriction, RestrictionState};
pub use soft_opt_in::{Sale, SoftOptIn};
pub use subject::{Link, LinkedKind, Subject, SubjectId, SubjectKeys, SubjectKind, SubjectState};
pub use topic::TopicChoice;
