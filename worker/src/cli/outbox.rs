//! `rescind outbox`: mails and events on their way out. Never shows an address or a text.

use super::failure::Failure;
use super::output::{Form, Page, or_dash};
use super::session::Session;
use crate::operator::Operator;
use crate::store::outbox::{EventState, MailState};
use crate::store::registers::{self, EventLine, MailLine};
use rescind_jobs::policy::Role;
use serde::Serialize;
use uuid::Uuid;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Mails and events, oldest first; everything that is not done unless a state is named
    List {
        /// Only what stands there: queued, claimed, sending, sent, bounced, failed, uncertain, suppressed, published, kept
        #[arg(long)]
        state: Option<String>,
        /// Only mails, or only events
        #[arg(long)]
        kind: Option<Kind>,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        form: Form,
    },
    /// Send a mail that failed or is uncertain, or an event that was kept, once more; hurries what waits
    Retry {
        /// The mail's or event's id
        id: Uuid,
    },
}

/// What the outbox holds.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// Mails.
    Mail,
    /// Events.
    Event,
}

/// A line of the list.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Mail(MailLine),
    Event(EventLine),
}

impl Line {
    fn id(&self) -> Uuid {
        match self {
            Self::Mail(mail) => mail.id,
            Self::Event(event) => event.id,
        }
    }

    fn cells(&self) -> Vec<String> {
        match self {
            Self::Mail(mail) => vec![
                mail.id.to_string(),
                "mail".to_owned(),
                mail.template.clone(),
                or_dash(mail.subject),
                mail.state.as_str().to_owned(),
                mail.attempt.to_string(),
                mail.due_at.to_string(),
                or_dash(mail.trouble.as_ref()),
            ],
            Self::Event(event) => vec![
                event.id.to_string(),
                "event".to_owned(),
                event.kind.clone(),
                or_dash(event.subject),
                event.state.as_str().to_owned(),
                event.attempt.to_string(),
                event.due_at.to_string(),
                or_dash(event.trouble.as_ref()),
            ],
        }
    }
}

/// The states that a name stands for, of mails and of events.
fn states(name: &str) -> Result<(Option<MailState>, Option<EventState>), Failure> {
    let mail = MailState::ALL.iter().copied().find(|s| s.as_str() == name);
    let event = EventState::ALL.iter().copied().find(|s| s.as_str() == name);
    if mail.is_none() && event.is_none() {
        let mut names: Vec<&str> = MailState::ALL.iter().map(|s| s.as_str()).collect();
        names.extend(
            EventState::ALL.iter().map(|s| s.as_str()).filter(|s| !names.contains(s)).collect::<Vec<_>>(),
        );
        return Err(Failure::wrong(format!("{name:?} is no state; expected one of {}", names.join(", "))));
    }
    Ok((mail, event))
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { state, kind, page, form } => {
            let named = state.as_deref().map(states).transpose()?;
            let opened = session.open_existing().await?;
            let mut lines = Vec::new();
            // without a name those that are not done are read
            let (mail, event) = named.unwrap_or_default();
            if kind != Some(Kind::Event) && (named.is_none() || mail.is_some()) {
                let open = open_states(
                    mail,
                    &[
                        MailState::Queued,
                        MailState::Claimed,
                        MailState::Sending,
                        MailState::Failed,
                        MailState::Uncertain,
                    ],
                );
                for state in open {
                    let found =
                        registers::mail_list(&opened.pool, Some(state), page.after, page.limit).await?;
                    lines.extend(found.into_iter().map(Line::Mail));
                }
            }
            if kind != Some(Kind::Mail) && (named.is_none() || event.is_some()) {
                for state in open_states(event, &[EventState::Queued, EventState::Claimed]) {
                    let found =
                        registers::event_list(&opened.pool, Some(state), page.after, page.limit).await?;
                    lines.extend(found.into_iter().map(Line::Event));
                }
            }
            lines.sort_by_key(Line::id);
            lines.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
            let head = ["id", "kind", "what", "subject", "state", "attempt", "due at", "trouble"];
            session.out.list(form, &lines, &head, "There is nothing in the outbox.", Line::cells)
        }
        Command::Retry { id } => {
            let opened = session.open_existing().await?;
            let actor = session.actor(&opened, Role::Manage).await?;
            let what = Operator::new(&opened, actor).requeue(id).await?;
            session.out.line(format!("{what} {id} is queued again"))
        }
    }
}

/// The named state alone, or those that are not done.
fn open_states<S: Copy>(named: Option<S>, open: &[S]) -> Vec<S> {
    named.map_or_else(|| open.to_vec(), |state| vec![state])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_known_by_name() {
        assert_eq!(states("queued").expect("both"), (Some(MailState::Queued), Some(EventState::Queued)));
        assert_eq!(states("uncertain").expect("mails"), (Some(MailState::Uncertain), None));
        assert_eq!(states("kept").expect("events"), (None, Some(EventState::Kept)));
        let Err(Failure::Wrong(text)) = states("gone") else { panic!("refused") };
        assert!(text.contains("queued, claimed, sending"), "{text}");
    }
}
