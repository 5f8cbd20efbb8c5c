//! `rescind consents customers`: whom soft opt-in holds for (ePrivacy Directive 13(2)), and who has objected. They have
//! consented to nothing, so they stand in no list of consents.

use crate::cli::failure::Failure;
use crate::cli::output::{Form, or_dash};
use crate::cli::reference::{Reference, resolve};
use crate::cli::session::Session;
use crate::store::registers;
use rescind_jobs::code::PurposeId;
use rescind_jobs::model::SubjectId;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Only for this purpose
    #[arg(long, value_parser = super::purpose)]
    purpose: Option<PurposeId>,
    /// Only this subject: an id, email:…, phone:… or ids:APP:…
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<Reference>,
    /// Go on after this one, the last one of the page before: SUBJECT/PURPOSE
    #[arg(long, value_name = "SUBJECT/PURPOSE", value_parser = super::after)]
    after: Option<(Uuid, String)>,
    /// Show at most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    limit: i64,
    #[command(flatten)]
    form: Form,
}

#[derive(Serialize)]
struct Shown {
    subject: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    purpose: String,
    sold_at: Timestamp,
    /// Which contact details were obtained in a sale.
    contacts: Vec<&'static str>,
    source: String,
    told_by: String,
    recorded_at: Timestamp,
    /// The form in which the customer could object is kept.
    evidence: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    objected_at: Option<Timestamp>,
}

pub(super) async fn run(session: &mut Session<'_>, arguments: Arguments) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let Arguments { purpose, subject, after, limit, form } = arguments;
    let subjects = match &subject {
        Some(reference) => Some(resolve(&opened, reference).await?),
        None => None,
    };
    let lines =
        registers::customers(&opened.pool, subjects.as_deref(), purpose.as_ref(), after, limit).await?;
    let emails = super::emails(&opened, lines.iter().map(|line| line.subject.0).collect()).await?;
    let obtained = |email, phone| {
        let contacts = [("email", email), ("phone", phone)].into_iter();
        contacts.filter(|(_, there)| *there).map(|(name, _)| name).collect()
    };
    let shown: Vec<Shown> = lines
        .into_iter()
        .map(|line| Shown {
            email: emails.get(&line.subject).cloned(),
            contacts: obtained(line.email, line.phone),
            subject: line.subject,
            purpose: line.purpose,
            sold_at: line.sold_at,
            source: line.source,
            told_by: line.told_by,
            recorded_at: line.recorded_at,
            evidence: line.has_evidence,
            objected_at: line.objected_at,
        })
        .collect();
    let head = ["subject", "email", "purpose", "sold at", "contacts", "source", "objected at"];
    session.out.list(form, &shown, &head, "There are no such customers.", |customer| {
        vec![
            customer.subject.to_string(),
            or_dash(customer.email.as_ref()),
            customer.purpose.clone(),
            customer.sold_at.to_string(),
            customer.contacts.join(", "),
            customer.source.clone(),
            or_dash(customer.objected_at),
        ]
    })
}
