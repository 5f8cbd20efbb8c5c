//! What Rescind knows of a data subject.

mod consent;
mod identity;
mod order;
mod request;
mod subject;

pub use consent::{Answer, Consent, ConsentRecord, ConsentState, Evidence, Expression};
pub use identity::{Identity, IdentityKind, IdentityProblem, IdentityValue};
pub use order::{Statement, StatementKind};
pub use request::{ConsentRequest, RequestState};
pub use subject::{Link, LinkedKind, Subject, SubjectId, SubjectKeys, SubjectKind, SubjectState};
