//! Every job there is, in one list. Adding one is its file, its line here, and a test.

use crate::envelope::{data_problem, path_of};
use crate::job::{AnyJob, Job};
use crate::jobs::MERGED;
use crate::jobs::{
    AcceptTerms, AcknowledgeNotice, AnswerConsent, AskAgain, ChangePurpose, CheckGate, ChooseTopic,
    ConfirmAddress, CorrectSubject, EscalateNotices, ExpireConsent, ExpireRequest, GiveAddress, GiveConsent,
    MailPageCode, MarkUndeliverable, ObjectToUse, RecordConsent, RecordSoftOptIn, RemindConsent, RemindStaff,
    RequestConsent, RestrictSubject, RunSweep, SendMailing, SettleMail, SubmitForm, UnlockPage,
    UnrestrictSubject, UpdateConsent, UpdateConsents, UpsertSubject, WithdrawConsent,
};
use crate::policy::Feature;
use crate::refusal::{Refusal, RefusalCode};
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A type of message.
pub struct Kind {
    /// Its name on the wire and in the store.
    pub name: &'static str,
    /// Only Rescind itself may send it.
    pub internal: bool,
    /// The feature that must be switched on.
    pub feature: Option<Feature>,
    parse: fn(&Value) -> Result<Box<dyn AnyJob>, Refusal>,
    schema: fn() -> Schema,
}

impl Kind {
    const fn of<J: Job>() -> Self {
        Self {
            name: J::KIND,
            internal: J::INTERNAL,
            feature: J::FEATURE,
            parse: parse::<J>,
            schema: || schemars::schema_for!(J),
        }
    }

    /// Reads the data of a message of this type.
    ///
    /// # Errors
    /// Refuses data that do not fit, naming the field.
    pub fn parse(&self, data: &Value) -> Result<Box<dyn AnyJob>, Refusal> {
        (self.parse)(data)
    }

    /// JSON Schema of the data.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }
}

fn parse<J: Job>(data: &Value) -> Result<Box<dyn AnyJob>, Refusal> {
    Ok(Box::new(read::<J>(data)?))
}

/// Reads what a sender wrote.
///
/// # Errors
/// Refuses data that do not fit, naming every wrong field as one of `data`, and repeating nothing that the sender made
/// up.
pub fn read<T: DeserializeOwned + JsonSchema>(data: &Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize::<_, T>(data).map_err(|error| {
        if error.inner().to_string().starts_with(MERGED) {
            let field = path_of(error.path());
            let problem = format!(
                "must name one content: {MERGED}, so that the person can say yes to one and no to another; send one \
                 entry of data.consents for each"
            );
            return Refusal::field(RefusalCode::MergedPurposes, field, problem);
        }
        let first = data_problem(error.path(), error.inner());
        let schema = schemars::schema_for!(T).to_value();
        let fields = crate::schema_check::problems(&schema, data);
        if fields.is_empty() {
            return first;
        }
        let detail =
            fields.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect::<Vec<_>>().join("; ");
        Refusal { code: RefusalCode::InvalidField, detail, fields }
    })
}

/// Every type, public ones first.
pub static KINDS: &[Kind] = &[
    Kind::of::<RequestConsent>(),
    Kind::of::<RecordConsent>(),
    Kind::of::<WithdrawConsent>(),
    Kind::of::<UpdateConsents>(),
    Kind::of::<RecordSoftOptIn>(),
    Kind::of::<AcceptTerms>(),
    Kind::of::<UpsertSubject>(),
    Kind::of::<RestrictSubject>(),
    Kind::of::<UnrestrictSubject>(),
    Kind::of::<ObjectToUse>(),
    Kind::of::<ChangePurpose>(),
    Kind::of::<CheckGate>(),
    Kind::of::<SendMailing>(),
    Kind::of::<RunSweep>(),
    Kind::of::<AnswerConsent>(),
    Kind::of::<RemindConsent>(),
    Kind::of::<ExpireRequest>(),
    Kind::of::<ExpireConsent>(),
    Kind::of::<UpdateConsent>(),
    Kind::of::<AskAgain>(),
    Kind::of::<MarkUndeliverable>(),
    Kind::of::<SettleMail>(),
    Kind::of::<AcknowledgeNotice>(),
    Kind::of::<SubmitForm>(),
    Kind::of::<MailPageCode>(),
    Kind::of::<UnlockPage>(),
    Kind::of::<GiveConsent>(),
    Kind::of::<CorrectSubject>(),
    Kind::of::<ChooseTopic>(),
    Kind::of::<GiveAddress>(),
    Kind::of::<ConfirmAddress>(),
    Kind::of::<RemindStaff>(),
    Kind::of::<EscalateNotices>(),
];

/// The type called `name`.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.name == name)
}

/// The names of all types that apps may send.
pub fn public_names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().filter(|k| !k.internal).map(|k| k.name)
}

/// The refusal of a type that is not known, or may not be sent.
pub fn unknown_type() -> Refusal {
    let known: Vec<_> = public_names().collect();
    Refusal::field(RefusalCode::UnknownType, "type", format!("is not known; one of {}", known.join(", ")))
}
