//! `rescind subjects`: what is known of a data subject, masked; in the open for a reason only.

use super::failure::Failure;
use super::history;
use super::output::{Form, or_dash};
use super::reference::{Masked, Reference, resolve, unknown};
use super::session::Session;
use crate::app::Opened;
use crate::personal_link::{self, Wish};
use crate::reveal::{self, Wanted};
use crate::store::pages::{self, AcceptanceLine};
use crate::store::registers;
use rescind_jobs::model::{LinkedKind, RequestState, Subject, SubjectId};
use rescind_jobs::policy::Role;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// The address of a subject's own page: show it, replace it by another one, or take it away
    Link {
        /// An id, email:…, phone:… or ids:APP:…
        subject: Reference,
        /// Another address takes its place; the one before opens nothing any more
        #[arg(long, conflicts_with = "revoke")]
        reissue: bool,
        /// The address opens nothing any more, until another one is issued
        #[arg(long)]
        revoke: bool,
    },
    /// What is known of a subject, personal values masked
    Show {
        /// An id, email:…, phone:… or ids:APP:…
        subject: Reference,
        #[command(flatten)]
        form: Form,
    },
    /// Values of a subject in the open, for a reason; the trail tells who saw what
    Reveal {
        /// An id, email:…, phone:… or ids:APP:…
        subject: Reference,
        /// What: email, phone, ids, addresses, contacts, or fields of the policy
        #[arg(long = "field", value_name = "FIELD", required = true, value_delimiter = ',')]
        fields: Vec<String>,
        /// Why; kept in the trail, readable only as long as the subject's evidence is
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        form: Form,
    },
    /// Everything the trail tells of a subject, and why values were revealed
    Trail {
        /// An id, email:…, phone:… or ids:APP:…
        subject: Reference,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Serialize)]
struct Shown {
    id: SubjectId,
    state: &'static str,
    kind: &'static str,
    locale: Option<&'static str>,
    /// Known only through requests that nobody confirmed.
    provisional: bool,
    created_at: Timestamp,
    identities: Vec<ShownIdentity>,
    fields: BTreeMap<String, String>,
    links: Vec<ShownLink>,
    consents: Vec<ShownConsent>,
    accepted_terms: Vec<ShownTerms>,
    open_requests: Vec<ShownRequest>,
    restrictions: BTreeMap<&'static str, Timestamp>,
    objections: BTreeMap<String, &'static str>,
    /// Where data came from, and where the notice of it stands.
    data_sources: BTreeMap<String, ShownOrigin>,
    /// When the sale was that soft opt-in rests on, by purpose.
    sales: BTreeMap<String, Timestamp>,
    caretaker: Option<String>,
    mails: BTreeMap<&'static str, i64>,
}

#[derive(Serialize)]
struct ShownIdentity {
    kind: String,
    value: String,
    primary: bool,
    active: bool,
    undeliverable_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct ShownLink {
    kind: &'static str,
    value: String,
    active: bool,
}

#[derive(Serialize)]
struct ShownConsent {
    purpose: String,
    state: &'static str,
    opt_in: &'static str,
    since: Timestamp,
    expires_at: Option<Timestamp>,
    record: Option<Uuid>,
}

#[derive(Serialize)]
struct ShownTerms {
    content: String,
    version: i32,
    locale: String,
    accepted_at: Timestamp,
    source: String,
    told_by: String,
    recorded_at: Timestamp,
    record: Uuid,
}

#[derive(Serialize)]
struct ShownOrigin {
    notice: &'static str,
    since: Timestamp,
    told_by: String,
}

#[derive(Serialize)]
struct ShownRequest {
    id: Uuid,
    purpose: String,
    content: String,
    version: u32,
    requested_at: Timestamp,
    expires_at: Timestamp,
    mails: i16,
}

impl Shown {
    fn of(
        opened: &Opened,
        subject: &Subject,
        terms: Vec<AcceptanceLine>,
        mails: BTreeMap<&'static str, i64>,
    ) -> Self {
        let masked = Masked::new(opened, subject);
        Self {
            id: subject.id,
            state: subject.state.as_str(),
            kind: subject.kind.as_str(),
            locale: subject.locale.map(|l| l.as_str()),
            provisional: subject.provisional,
            created_at: subject.created_at,
            identities: subject
                .identities
                .iter()
                .map(|i| ShownIdentity {
                    kind: i.kind.to_text(),
                    value: masked.identity(i),
                    primary: i.primary,
                    active: i.active,
                    undeliverable_at: i.undeliverable_at,
                })
                .collect(),
            fields: subject
                .fields
                .iter()
                .map(|(field, sealed)| (field.to_string(), masked.field(field, sealed)))
                .collect(),
            links: subject
                .links
                .iter()
                .map(|link| ShownLink {
                    kind: match link.kind {
                        LinkedKind::Address => "address",
                        LinkedKind::Contact => "contact",
                    },
                    value: masked.link(&link.sealed),
                    active: link.active,
                })
                .collect(),
            consents: subject
                .consents
                .iter()
                .map(|(purpose, consent)| ShownConsent {
                    purpose: purpose.to_string(),
                    state: consent.state.as_str(),
                    opt_in: consent.opt_in.as_str(),
                    since: consent.since,
                    expires_at: consent.expires_at,
                    record: consent.record,
                })
                .collect(),
            accepted_terms: terms
                .into_iter()
                .map(|terms| {
                    let (content, version, locale) = terms.content;
                    let AcceptanceLine { id: record, source, told_by, accepted_at, recorded_at, .. } = terms;
                    ShownTerms { content, version, locale, accepted_at, source, told_by, recorded_at, record }
                })
                .collect(),
            open_requests: subject
                .requests
                .iter()
                .filter(|request| request.state == RequestState::Open)
                .map(|request| ShownRequest {
                    id: request.id,
                    purpose: request.purpose.to_string(),
                    content: request.content.to_string(),
                    version: request.version,
                    requested_at: request.requested_at,
                    expires_at: request.expires_at,
                    mails: request.mails,
                })
                .collect(),
            restrictions: subject
                .restrictions
                .iter()
                .filter(|(_, restriction)| restriction.is_in_force())
                .map(|(ground, restriction)| (ground.as_str(), restriction.since))
                .collect(),
            objections: subject
                .objections
                .iter()
                .map(|(purpose, objection)| (purpose.to_string(), objection.state.as_str()))
                .collect(),
            data_sources: subject
                .origins
                .iter()
                .map(|(source, origin)| {
                    let told_by = origin.told_by.clone();
                    let shown = ShownOrigin { notice: origin.state.as_str(), since: origin.since, told_by };
                    (source.to_string(), shown)
                })
                .collect(),
            sales: subject
                .soft_opt_ins
                .iter()
                .map(|(purpose, known)| (purpose.to_string(), known.sold_at))
                .collect(),
            caretaker: subject.caretaker.as_ref().map(ToString::to_string),
            mails,
        }
    }
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show { subject, form } => show(session, &subject, form).await,
        Command::Link { subject, reissue, revoke } => link(session, &subject, reissue, revoke).await,
        Command::Reveal { subject, fields, reason, form } => {
            reveal(session, &subject, &fields, &reason, form).await
        }
        Command::Trail { subject, form } => trail(session, &subject, form).await,
    }
}

/// The entry in the trail is committed before a value is written.
async fn reveal(
    session: &mut Session<'_>,
    reference: &Reference,
    fields: &[String],
    reason: &str,
    form: Form,
) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let wanted = Wanted::read(&opened.policy, fields)?;
    let actor = session.actor(&opened, Role::View).await?;
    if wanted.is_restricted(&opened.policy) {
        session.actor(&opened, Role::Manage).await?;
    }
    let reason = reveal::reason(reason)?;
    let mut all = Vec::new();
    for id in resolve(&opened, reference).await? {
        all.extend(reveal::subject(&opened, &actor, id, &wanted, reason).await?.ok_or_else(unknown)?);
    }
    let head = ["subject", "field", "value"];
    session.out.list(form, &all, &head, "Nothing of that is known.", |value| {
        vec![value.subject.to_string(), value.field.clone(), value.value.clone()]
    })
}

async fn trail(session: &mut Session<'_>, reference: &Reference, form: Form) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    session.actor(&opened, Role::View).await?;
    let mut all = Vec::new();
    for id in resolve(&opened, reference).await? {
        let subject = registers::subject(&opened.pool, id).await?.ok_or_else(unknown)?;
        let mut events = history::of(&opened, id, |_| true).await?;
        events.iter_mut().for_each(|event| reveal::open_reason(&opened, &subject, event));
        all.extend(events);
    }
    if form.json {
        return session.out.json(&all);
    }
    history::print(&mut session.out, &all)
}

async fn show(session: &mut Session<'_>, subject: &Reference, form: Form) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let mut shown = Vec::new();
    for id in resolve(&opened, subject).await? {
        let subject = registers::subject(&opened.pool, id).await?.ok_or_else(unknown)?;
        let mails = registers::mail_counts(&opened.pool, id).await?;
        let mails = mails.into_iter().map(|(state, count)| (state.as_str(), count)).collect();
        let terms = pages::acceptances(&opened.pool, id).await?;
        shown.push(Shown::of(&opened, &subject, terms, mails));
    }
    if form.json {
        return session.out.json(&shown);
    }
    for (number, subject) in shown.iter().enumerate() {
        if number > 0 {
            session.out.line("")?;
        }
        print(session, subject)?;
    }
    Ok(())
}

/// Whoever sees the address can withdraw the subject's consents: looking it up takes a role, changing it another.
async fn link(
    session: &mut Session<'_>,
    subject: &Reference,
    reissue: bool,
    revoke: bool,
) -> Result<(), Failure> {
    let (wish, role) = match (reissue, revoke) {
        (true, _) => (Wish::Reissue, Role::Manage),
        (_, true) => (Wish::Revoke, Role::Manage),
        _ => (Wish::Show, Role::View),
    };
    let opened = session.open_existing().await?;
    let actor = session.actor(&opened, role).await?;
    let subjects = resolve(&opened, subject).await?;
    if subjects.len() > 1 && wish != Wish::Show {
        return Err(Failure::failed("several data subjects answer to that; name one by its id"));
    }
    for id in subjects {
        let address = personal_link::link(&opened, &actor, id, wish).await?;
        session.out.line(address.unwrap_or_else(|| format!("the address of {id} is revoked")))?;
    }
    Ok(())
}

fn print(session: &mut Session<'_>, subject: &Shown) -> Result<(), Failure> {
    let out = &mut session.out;
    let mails: Vec<String> = subject.mails.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let restrictions: Vec<String> =
        subject.restrictions.iter().map(|(ground, since)| format!("{ground} since {since}")).collect();
    let objections: Vec<String> =
        subject.objections.iter().map(|(purpose, state)| format!("{purpose} ({state})")).collect();
    let sources: Vec<String> = subject
        .data_sources
        .iter()
        .map(|(source, origin)| format!("{source} (notice {} since {})", origin.notice, origin.since))
        .collect();
    let sales: Vec<String> =
        subject.sales.iter().map(|(purpose, sold_at)| format!("{purpose} ({sold_at})")).collect();
    out.facts(&[
        ("subject", Some(subject.id.to_string())),
        ("state", Some(subject.state.to_owned())),
        ("kind", Some(subject.kind.to_owned())),
        ("language", subject.locale.map(str::to_owned)),
        ("first heard of", Some(subject.created_at.to_string())),
        ("restricted", Some(restrictions.join(", ")).filter(|text| !text.is_empty())),
        ("objections", Some(objections.join(", ")).filter(|text| !text.is_empty())),
        ("data came from", Some(sources.join(", ")).filter(|text| !text.is_empty())),
        ("customer for", Some(sales.join(", ")).filter(|text| !text.is_empty())),
        ("caretaker", subject.caretaker.clone()),
        ("only asked so far", subject.provisional.then(|| "yes".to_owned())),
        ("mails", Some(if mails.is_empty() { "none".to_owned() } else { mails.join(", ") })),
    ])?;
    out.line("")?;
    let mut rows = Vec::new();
    for identity in &subject.identities {
        let mut remarks = Vec::new();
        if identity.primary {
            remarks.push("primary");
        }
        if !identity.active {
            remarks.push("not in use");
        }
        if identity.undeliverable_at.is_some() {
            remarks.push("undeliverable");
        }
        rows.push(vec![identity.kind.clone(), identity.value.clone(), remarks.join(", ")]);
    }
    for (field, value) in &subject.fields {
        rows.push(vec![field.clone(), value.clone(), "field".to_owned()]);
    }
    for link in &subject.links {
        let remark = if link.active { "" } else { "not in use" };
        rows.push(vec![link.kind.to_owned(), link.value.clone(), remark.to_owned()]);
    }
    out.table(&["known", "value", ""], &rows, "Nothing else is known.")?;
    out.line("")?;
    let rows: Vec<Vec<String>> = subject
        .consents
        .iter()
        .map(|c| {
            let cells = [c.purpose.as_str(), c.state, c.opt_in].map(str::to_owned);
            cells.into_iter().chain([c.since.to_string(), or_dash(c.expires_at), or_dash(c.record)]).collect()
        })
        .collect();
    out.table(
        &["purpose", "state", "opt-in", "since", "expires at", "record"],
        &rows,
        "There are no consents.",
    )?;
    if !subject.accepted_terms.is_empty() {
        out.line("")?;
        let rows: Vec<Vec<String>> = subject
            .accepted_terms
            .iter()
            .map(|t| {
                let version = format!("{} {}", t.version, t.locale);
                vec![
                    t.content.clone(),
                    version,
                    t.accepted_at.to_string(),
                    t.source.clone(),
                    t.told_by.clone(),
                ]
            })
            .collect();
        out.table(&["accepted terms", "version", "accepted at", "source", "told by"], &rows, "")?;
    }
    if subject.open_requests.is_empty() {
        return Ok(());
    }
    out.line("")?;
    let rows: Vec<Vec<String>> = subject
        .open_requests
        .iter()
        .map(|r| {
            vec![
                r.id.to_string(),
                r.purpose.clone(),
                format!("{} {}", r.content, r.version),
                r.requested_at.to_string(),
                r.expires_at.to_string(),
                r.mails.to_string(),
            ]
        })
        .collect();
    out.table(&["open request", "purpose", "content", "requested at", "expires at", "mails"], &rows, "")
}
