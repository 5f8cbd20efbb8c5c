//! `rescind parked`: messages that could not be processed. What they hold is shown only when asked for by name, and
//! the trail tells of it.

use super::failure::Failure;
use super::output::{Form, Page, or_dash};
use super::session::Session;
use crate::operator::{Operator, OperatorError};
use crate::store::parked::{self, Parked};
use rescind_jobs::audit::Actor;
use rescind_jobs::policy::Role;
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Parked messages with their reasons, oldest first
    List {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        form: Form,
    },
    /// One parked message
    Show {
        /// Its id
        id: Uuid,
        /// Show the message itself, with the personal data in it; this is entered in the trail
        #[arg(long)]
        reveal_body: bool,
        #[command(flatten)]
        form: Form,
    },
    /// Put messages back into the queue, under their own ids and with their senders' rights
    Retry {
        /// Which
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<Uuid>,
        /// All that are parked now
        #[arg(long)]
        all: bool,
    },
    /// Drop a message for good
    Drop {
        /// Which
        id: Uuid,
    },
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let operator = match &command {
        Command::Show { reveal_body: true, .. } => operator(session, &opened, Role::View).await?,
        Command::Retry { .. } | Command::Drop { .. } => operator(session, &opened, Role::Manage).await?,
        // looks only, and is not asked who does
        Command::List { .. } | Command::Show { .. } => Operator::new(&opened, Actor::LocalOperator),
    };
    match command {
        Command::List { page, form } => {
            let found = parked::list(&opened.pool, page.after, page.limit).await?;
            let head = ["id", "parked at", "source", "type", "code", "reason"];
            session.out.list(form, &found, &head, "Nothing is parked.", |parked| {
                vec![
                    parked.id.to_string(),
                    parked.parked_at.to_string(),
                    parked.source.clone(),
                    or_dash(parked.kind.as_ref()),
                    parked.code.clone(),
                    parked.detail.clone(),
                ]
            })
        }
        Command::Show { id, reveal_body, form } => {
            let found = parked::one(&opened.pool, id).await?.ok_or(OperatorError::Unknown(id))?;
            // entered in the trail before a byte of it is written
            let body = if reveal_body { Some(operator.reveal(id).await?) } else { None };
            show(session, &found, body, form)
        }
        Command::Retry { id: Some(id), .. } => {
            operator.retry(id).await?;
            session.out.line(format!("{id} is queued again"))
        }
        Command::Retry { id: None, .. } => {
            let count = retry_all(&opened, &operator).await?;
            session.out.line(format!("{count} queued again"))
        }
        Command::Drop { id } => {
            operator.drop_parked(id).await?;
            session.out.line(format!("{id} is dropped"))
        }
    }
}

async fn operator<'o>(
    session: &Session<'_>,
    opened: &'o crate::app::Opened,
    role: Role,
) -> Result<Operator<'o>, Failure> {
    Ok(Operator::new(opened, session.actor(opened, role).await?))
}

/// Each in a transaction of its own. A message that is parked again meanwhile has a later id, and is not met twice.
async fn retry_all(opened: &crate::app::Opened, operator: &Operator<'_>) -> Result<usize, Failure> {
    const PAGE: i64 = 200;
    let started = opened.clock.now();
    let (mut after, mut count) = (None, 0);
    loop {
        let page = parked::list(&opened.pool, after, PAGE).await?;
        for parked in page.iter().filter(|parked| parked.parked_at <= started) {
            match operator.retry(parked.id).await {
                Ok(_) => count += 1,
                // somebody else was faster
                Err(OperatorError::Unknown(_)) => {}
                Err(error) => {
                    return Err(Failure::failed(format!(
                        "{count} queued again, then {}: {error}",
                        parked.id
                    )));
                }
            }
        }
        match page.last() {
            Some(last) if last.parked_at <= started => after = Some(last.id),
            _ => return Ok(count),
        }
    }
}

fn show(
    session: &mut Session<'_>,
    parked: &Parked,
    body: Option<Vec<u8>>,
    form: Form,
) -> Result<(), Failure> {
    let body = body.map(|body| readable(&body));
    if form.json {
        let mut value = serde_json::to_value(parked).unwrap_or_default();
        if let (Value::Object(map), Some(body)) = (&mut value, body) {
            map.insert("body".to_owned(), body);
        }
        return session.out.json(&value);
    }
    session.out.facts(&[
        ("id", Some(parked.id.to_string())),
        ("parked at", Some(parked.parked_at.to_string())),
        ("source", Some(parked.source.clone())),
        ("message id", Some(parked.message_id.clone()).filter(|id| !id.is_empty())),
        ("type", parked.kind.clone()),
        ("code", Some(parked.code.clone())),
        ("reason", Some(parked.detail.clone())),
    ])?;
    for field in &parked.fields {
        session.out.line(format!("  {}: {}", field.field, field.problem))?;
    }
    match body {
        None => session.out.line("\nThe message itself is shown by --reveal-body; the trail tells of that."),
        Some(Value::String(text)) => {
            session.out.line("")?;
            session.out.text(&text)
        }
        Some(body) => {
            session.out.line("")?;
            session.out.text(&format!("{body:#}"))
        }
    }
}

/// The message as JSON, or as text where it is none.
fn readable(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| json!(String::from_utf8_lossy(body)))
}
