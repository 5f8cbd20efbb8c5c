//! `rescind consents`: the register of consents, and what proves each. Personal values are masked; of the evidence
//! only its presence is told.

use super::failure::Failure;
use super::history;
use super::output::{Form, or_dash};
use super::reference::{Masked, Reference, resolve, unknown};
use super::session::Session;
use crate::app::Opened;
use crate::store::registers::{self, ConsentFilter, ConsentLine, RecordLine};
use rescind_jobs::code::PurposeId;
use rescind_jobs::model::{ConsentState, SubjectId};
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
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

/// A consent as it is shown.
#[derive(Serialize)]
pub(super) struct Shown {
    subject: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    purpose: String,
    state: &'static str,
    opt_in: &'static str,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Uuid>,
}

impl Shown {
    fn of(line: ConsentLine, email: Option<String>) -> Self {
        let (content, version) = line.content.unzip();
        Self {
            subject: line.subject,
            email,
            purpose: line.purpose,
            state: line.state.as_str(),
            opt_in: line.opt_in.as_str(),
            since: line.since,
            expires_at: line.expires_at,
            withdrawn_at: line.withdrawn_at,
            content,
            version,
            locale: line.locale,
            source: line.source,
            record: line.record,
        }
    }

    fn wording(&self) -> String {
        wording(self.content.as_deref(), self.version, self.locale.as_deref())
    }
}

/// Content, version and language in one cell.
fn wording(content: Option<&str>, version: Option<i32>, locale: Option<&str>) -> String {
    match (content, version) {
        (Some(content), Some(version)) => format!("{content} {version} {}", locale.unwrap_or("-")),
        _ => "-".to_owned(),
    }
}

/// A record as it is shown.
#[derive(Serialize)]
struct ShownRecord {
    id: Uuid,
    subject: SubjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    purpose: String,
    expression: &'static str,
    opt_in: &'static str,
    category: Option<String>,
    content: Option<String>,
    version: Option<i32>,
    locale: Option<String>,
    source: String,
    reason: Option<String>,
    regulation: Option<String>,
    linked: bool,
    expressed_at: Timestamp,
    recorded_at: Timestamp,
    told_by: String,
    evidence: &'static str,
    network_evidence: &'static str,
    network_evidence_until: Option<Timestamp>,
    policy: String,
}

const fn presence(there: bool) -> &'static str {
    if there { "present" } else { "absent" }
}

impl ShownRecord {
    fn of(line: RecordLine, email: Option<String>) -> Self {
        let (content, version) = line.content.unzip();
        Self {
            id: line.id,
            subject: line.subject,
            email,
            purpose: line.purpose,
            expression: line.expression.as_str(),
            opt_in: line.opt_in.as_str(),
            category: line.category,
            content,
            version,
            locale: line.locale,
            source: line.source,
            reason: line.reason,
            regulation: line.regulation,
            linked: line.linked,
            expressed_at: line.expressed_at,
            recorded_at: line.recorded_at,
            told_by: line.told_by,
            evidence: presence(line.has_evidence),
            network_evidence: presence(line.has_network_evidence),
            network_evidence_until: line.network_evidence_until,
            policy: data_encoding::HEXLOWER.encode(&line.policy),
        }
    }

    fn facts(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("record", Some(self.id.to_string())),
            ("subject", Some(self.subject.to_string())),
            ("email", self.email.clone()),
            ("purpose", Some(self.purpose.clone())),
            ("expressed", Some(format!("{} at {}", self.expression, self.expressed_at))),
            ("recorded", Some(format!("at {}, told by {}", self.recorded_at, self.told_by))),
            ("opt-in", Some(self.opt_in.to_owned())),
            ("category", self.category.clone()),
            ("content", Some(wording(self.content.as_deref(), self.version, self.locale.as_deref()))),
            ("source", Some(self.source.clone())),
            ("reason", self.reason.clone()),
            ("regulation", self.regulation.clone()),
            ("limited to an address or contact", self.linked.then(|| "yes".to_owned())),
            ("evidence", Some(self.evidence.to_owned())),
            ("IP and user agent", Some(self.network_evidence.to_owned())),
            ("  kept until", self.network_evidence_until.map(|t| t.to_string())),
            ("policy", Some(self.policy.clone())),
        ]
    }
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    match command {
        Command::List { purpose, state, subject, after, limit, form } => {
            let subjects = match subject {
                Some(reference) => Some(resolve(&opened, &reference).await?),
                None => None,
            };
            let shown = list(&opened, ConsentFilter { subjects, purpose, state, after, limit }).await?;
            table(session, form, &shown)
        }
        Command::Show { id, form } => {
            if let Reference::Id(record) = id
                && let Some(record) = registers::record(&opened.pool, record).await?
            {
                return show_record(session, &opened, record, form).await;
            }
            for subject in resolve(&opened, &id).await? {
                show_subject(session, &opened, subject, form).await?;
            }
            Ok(())
        }
    }
}

/// A page of consents, with masked addresses.
pub(super) async fn list(opened: &Opened, filter: ConsentFilter) -> Result<Vec<Shown>, Failure> {
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
        return session.out.json(&serde_json::json!({"record": record, "history": history}));
    }
    session.out.facts(&record.facts())?;
    session.out.line("")?;
    history::print(&mut session.out, &history)
}

async fn show_subject(
    session: &mut Session<'_>,
    opened: &Opened,
    subject: SubjectId,
    form: Form,
) -> Result<(), Failure> {
    let found = registers::subjects(&opened.pool, vec![subject.0]).await?;
    let email = Masked::new(opened, found.get(&subject).ok_or_else(unknown)?).email();
    let filter =
        ConsentFilter { subjects: Some(vec![subject]), limit: MOST_RECORDS, ..ConsentFilter::default() };
    let consents = list(opened, filter).await?;
    let records = registers::records(&opened.pool, subject, MOST_RECORDS).await?;
    let records: Vec<_> = records.into_iter().map(|line| ShownRecord::of(line, email.clone())).collect();
    let history = history::of(opened, subject, |event: &Value| {
        event["act"].as_str().is_some_and(|act| {
            act.starts_with("consent") || act.contains("opt_in") || act.starts_with("statement")
        })
    })
    .await?;
    if form.json {
        let value = serde_json::json!({"subject": subject, "consents": consents, "records": records, "history": history});
        return session.out.json(&value);
    }
    table(session, form, &consents)?;
    session.out.line("")?;
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|r| {
            vec![
                r.id.to_string(),
                r.purpose.clone(),
                r.expression.to_owned(),
                r.expressed_at.to_string(),
                wording(r.content.as_deref(), r.version, r.locale.as_deref()),
                r.source.clone(),
                r.evidence.to_owned(),
                r.network_evidence.to_owned(),
            ]
        })
        .collect();
    let head = ["record", "purpose", "expressed", "at", "content", "source", "evidence", "IP and user agent"];
    session.out.table(&head, &rows, "There are no records.")?;
    session.out.line("")?;
    history::print(&mut session.out, &history)
}
