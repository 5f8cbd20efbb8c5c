//! `rescind consents`: the register of consents, and what proves each. Personal values are masked; of the evidence
//! only its presence is told.

mod customers;
mod export;
mod import;
mod shown;
mod update;

use super::failure::Failure;
use super::history;
use super::output::{Form, or_dash};
use super::reference::{Masked, Reference, resolve, unknown};
use super::session::Session;
use crate::app::Opened;
use crate::store::registers::{self, ConsentFilter, RecordLine};
use rescind_jobs::code::PurposeId;
use rescind_jobs::model::{ConsentState, SubjectId};
use serde::Serialize;
use serde_json::{Value, json};
use shown::{Shown, ShownRecord, wording};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Consents, by subject and purpose
    List {
        /// Only to this purpose
        #[arg(long, value_parser = purpose)]
        purpose: Option<PurposeId>,
        /// Only in this state: requested, granted, refused, withdrawn, expired
        #[arg(long, value_parser = state)]
        state: Option<ConsentState>,
        /// Only of this subject: an id, email:…, phone:… or ids:APP:…
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<Reference>,
        /// Go on after this consent, the last one of the page before: SUBJECT/PURPOSE
        #[arg(long, value_name = "SUBJECT/PURPOSE", value_parser = after)]
        after: Option<(Uuid, String)>,
        /// Show at most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        #[command(flatten)]
        form: Form,
    },
    /// Record the consents of a list that were given elsewhere
    Import(import::Arguments),
    /// Customers by soft opt-in, who have consented to nothing: the sale, and whether they have objected
    Customers(customers::Arguments),
    /// Write the register of consents as CSV or JSON
    Export(export::Arguments),
    /// Correct many consents in one action; counts first
    Update(update::Arguments),
    /// One consent record, or the consents of one subject, with their history
    Show {
        /// A record's id, or a subject: an id, email:…, phone:… or ids:APP:…
        id: Reference,
        #[command(flatten)]
        form: Form,
    },
}

fn purpose(text: &str) -> Result<PurposeId, String> {
    PurposeId::new(text).ok_or_else(|| format!("expected {}", rescind_jobs::code::RULE))
}

fn state(text: &str) -> Result<ConsentState, String> {
    let names: Vec<&str> = ConsentState::ALL.iter().map(|s| s.as_str()).collect();
    ConsentState::ALL
        .into_iter()
        .find(|s| s.as_str() == text)
        .ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

fn after(text: &str) -> Result<(Uuid, String), String> {
    let (subject, purpose) = text.split_once('/').ok_or("expected SUBJECT/PURPOSE")?;
    Ok((Uuid::parse_str(subject).map_err(|_| "expected the subject's id before the /")?, purpose.to_owned()))
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Import(arguments) => import::run(session, arguments).await,
        Command::Customers(arguments) => customers::run(session, arguments).await,
        Command::Export(arguments) => export::run(session, arguments).await,
        Command::Update(arguments) => update::run(session, arguments).await,
        Command::List { purpose, state, subject, after, limit, form } => {
            let opened = session.open_existing().await?;
            let subjects = match subject {
                Some(reference) => Some(resolve(&opened, &reference).await?),
                None => None,
            };
            let shown = list(&opened, ConsentFilter { subjects, purpose, state, after, limit }).await?;
            table(session, form, &shown)
        }
        Command::Show { id, form } => {
            let opened = session.open_existing().await?;
            if let Reference::Id(record) = id
                && let Some(record) = registers::record(&opened.pool, record).await?
            {
                return show_record(session, &opened, record, form).await;
            }
            let mut found = Vec::new();
            for subject in resolve(&opened, &id).await? {
                found.push(OfSubject::read(&opened, subject).await?);
            }
            if form.json {
                return session.out.json(&found);
            }
            found.iter().try_for_each(|found| found.print(session, form))
        }
    }
}

/// A page of consents, with masked addresses.
async fn list(opened: &Opened, filter: ConsentFilter) -> Result<Vec<Shown>, Failure> {
    let lines = registers::consents(&opened.pool, filter).await?;
    let emails = emails(opened, lines.iter().map(|line| line.subject.0).collect()).await?;
    Ok(lines
        .into_iter()
        .map(|line| {
            let email = emails.get(&line.subject).cloned();
            Shown::of(line, email)
        })
        .collect())
}

async fn emails(opened: &Opened, subjects: Vec<Uuid>) -> Result<BTreeMap<SubjectId, String>, Failure> {
    let subjects = registers::subjects(&opened.pool, subjects).await?;
    Ok(subjects.iter().filter_map(|(id, s)| Some((*id, Masked::new(opened, s).email()?))).collect())
}

fn table(session: &mut Session<'_>, form: Form, shown: &[Shown]) -> Result<(), Failure> {
    let head = ["subject", "email", "purpose", "state", "opt-in", "since", "content", "source", "record"];
    session.out.list(form, shown, &head, "There are no such consents.", |consent| {
        vec![
            consent.subject.to_string(),
            or_dash(consent.email.as_ref()),
            consent.purpose.clone(),
            consent.state.to_owned(),
            consent.opt_in.to_owned(),
            consent.since.to_string(),
            consent.wording(),
            or_dash(consent.source.as_ref()),
            or_dash(consent.record),
        ]
    })
}

/// The most records of one subject that are shown.
const MOST_RECORDS: i64 = 500;

async fn show_record(
    session: &mut Session<'_>,
    opened: &Opened,
    record: RecordLine,
    form: Form,
) -> Result<(), Failure> {
    let (subject, purpose, id) = (record.subject, record.purpose.clone(), record.id.to_string());
    let email = emails(opened, vec![subject.0]).await?.remove(&subject);
    let history = history::of(opened, subject, |event| {
        event["purpose"] == purpose.as_str() || event["record"] == id.as_str()
    })
    .await?;
    let record = ShownRecord::of(record, email);
    if form.json {
        return session.out.json(&json!({"record": record, "history": history}));
    }
    session.out.facts(&record.facts())?;
    session.out.line("")?;
    history::print(&mut session.out, &history)
}

/// Everything about a subject's consents.
#[derive(Serialize)]
struct OfSubject {
    subject: SubjectId,
    consents: Vec<Shown>,
    records: Vec<ShownRecord>,
    history: Vec<Value>,
}

impl OfSubject {
    async fn read(opened: &Opened, subject: SubjectId) -> Result<Self, Failure> {
        let found = registers::subjects(&opened.pool, vec![subject.0]).await?;
        let email = Masked::new(opened, found.get(&subject).ok_or_else(unknown)?).email();
        let filter =
            ConsentFilter { subjects: Some(vec![subject]), limit: MOST_RECORDS, ..ConsentFilter::default() };
        let consents = list(opened, filter).await?;
        let records = registers::records(&opened.pool, subject, MOST_RECORDS).await?;
        let records = records.into_iter().map(|line| ShownRecord::of(line, email.clone())).collect();
        let history = history::of(opened, subject, |event: &Value| {
            let concerns = |act: &str| {
                act.starts_with("consent") || act.starts_with("statement") || act.contains("opt_in")
            };
            event["act"].as_str().is_some_and(concerns)
        })
        .await?;
        Ok(Self { subject, consents, records, history })
    }

    fn print(&self, session: &mut Session<'_>, form: Form) -> Result<(), Failure> {
        table(session, form, &self.consents)?;
        session.out.line("")?;
        let row = |r: &ShownRecord| {
            let wording = wording(r.content.as_deref(), r.version, r.locale.as_deref());
            let (id, at) = (r.id.to_string(), r.expressed_at.to_string());
            let cells =
                [&id, &r.purpose, r.expression, &at, &wording, &r.source, r.evidence, r.network_evidence];
            cells.map(str::to_owned).to_vec()
        };
        let rows: Vec<Vec<String>> = self.records.iter().map(row).collect();
        let head =
            ["record", "purpose", "expressed", "at", "content", "source", "evidence", "IP and user agent"];
        session.out.table(&head, &rows, "There are no records.")?;
        session.out.line("")?;
        history::print(&mut session.out, &self.history)
    }
}
