//! Every job: one file each.

mod answer_consent;
mod ask_again;
mod asking;
mod change_purpose;
mod expire_consent;
mod expire_request;
mod mark_undeliverable;
pub(crate) mod naming;
mod proof;
mod record_consent;
mod remind_consent;
mod request_consent;
mod run_sweep;
mod stating;
mod upsert_subject;
mod withdraw_consent;

pub use answer_consent::AnswerConsent;
pub use ask_again::AskAgain;
pub use change_purpose::ChangePurpose;
pub use expire_consent::ExpireConsent;
pub use expire_request::ExpireRequest;
pub use mark_undeliverable::MarkUndeliverable;
pub use record_consent::{RecordConsent, RecordedConsent};
pub use remind_consent::RemindConsent;
pub use request_consent::RequestConsent;
pub use run_sweep::{RunSweep, Sweep};
pub use upsert_subject::{LinkGiven, UpsertSubject};
pub use withdraw_consent::{Purposes, WithdrawConsent};
