//! `rescind staff`: the controller's people, their tokens, and the notices that they have not acknowledged.

use super::failure::Failure;
use super::output::{Form, Page, or_dash};
use super::session::Session;
use crate::egress::Egress;
use crate::outbox::{channels, chat};
use crate::staff_token;
use crate::store::rights;
use rescind_jobs::model::{NoticeState, SubjectId};
use rescind_jobs::policy::Role;
use rescind_jobs::protection::new_id;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Everybody of the policy's staff
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Make a personal token; it is shown once and kept nowhere
    Token {
        /// The person's name in the policy
        name: String,
        /// Valid for so many days
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
    /// The tokens there are, without the tokens themselves
    Tokens {
        #[command(flatten)]
        form: Form,
    },
    /// Revoke a token
    Revoke {
        /// The token's id
        id: Uuid,
    },
    /// Send a test to a channel by which staff are told, once, and tell what came back
    TestChannel {
        /// The channel's name
        name: String,
    },
    /// The notices that staff were given, and who has acknowledged
    Notices {
        /// Only those that were not acknowledged
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        form: Form,
    },
}

#[derive(Serialize)]
struct Person {
    id: String,
    name: String,
    email: String,
    locale: &'static str,
    groups: Vec<String>,
    roles: Vec<&'static str>,
    purposes: Vec<String>,
    notices: rescind_jobs::policy::Pace,
    channel: String,
    also_by_mail: bool,
}

#[derive(Serialize)]
struct Notice {
    id: Uuid,
    staff: String,
    kind: &'static str,
    subject: SubjectId,
    channel: &'static str,
    state: &'static str,
    due_at: Timestamp,
    reminded_at: Option<Timestamp>,
    escalated_at: Option<Timestamp>,
    acknowledged_at: Option<Timestamp>,
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { form } => list(session, form),
        Command::Token { name, days } => {
            let opened = session.open().await?;
            let actor = staff_token::token_maker(&opened, session.staff_token()?.as_deref()).await?;
            let (secret, token) = staff_token::make(&opened, &actor, &name, days).await?;
            session.out.line(format!("token       {secret}"))?;
            session.out.line(format!("id          {}", token.id))?;
            session.out.line(format!("expires at  {}", token.expires_at))?;
            session.out.line("")?;
            session.out.line(format!(
                "It is shown this once. {name} acts under it with RESCIND_STAFF_TOKEN set to it,"
            ))?;
            session.out.line("or RESCIND_STAFF_TOKEN_FILE to a file that holds it.")
        }
        Command::Tokens { form } => {
            let opened = session.open_existing().await?;
            let tokens = crate::store::staff::all(&opened.pool).await?;
            let now = opened.clock.now();
            let head = ["id", "staff", "state", "made at", "expires at", "made by"];
            session.out.list(form, &tokens, &head, "No token was made yet.", |token| {
                let state = match (token.revoked_at, token.is_valid(now)) {
                    (Some(_), _) => "revoked",
                    (None, true) => "valid",
                    (None, false) => "expired",
                };
                vec![
                    token.id.to_string(),
                    token.staff.to_string(),
                    state.to_owned(),
                    token.created_at.to_string(),
                    token.expires_at.to_string(),
                    token.made_by.clone(),
                ]
            })
        }
        Command::Revoke { id } => {
            let opened = session.open_existing().await?;
            let actor = session.actor(&opened, Role::Administer).await?;
            let staff = staff_token::revoke(&opened, &actor, id).await?;
            session.out.line(format!("the token {id} of {staff} is revoked"))
        }
        Command::TestChannel { name } => test_channel(session, &name).await,
        Command::Notices { open, page, form } => {
            let opened = session.open_existing().await?;
            let state = open.then_some(NoticeState::Open);
            let found = rights::notices(&opened.pool, state, page.after, page.limit).await?;
            let notices: Vec<Notice> = found
                .into_iter()
                .map(|(subject, n)| Notice {
                    id: n.id,
                    staff: n.staff.to_string(),
                    kind: n.kind.as_str(),
                    subject,
                    channel: n.channel.as_str(),
                    state: n.state.as_str(),
                    due_at: n.due_at,
                    reminded_at: n.reminded_at,
                    escalated_at: n.escalated_at,
                    acknowledged_at: n.acknowledged_at,
                })
                .collect();
            let head = [
                "id",
                "staff",
                "kind",
                "subject",
                "state",
                "told at",
                "reminded at",
                "escalated at",
                "acknowledged at",
            ];
            session.out.list(form, &notices, &head, "There are no notices.", |n| {
                vec![
                    n.id.to_string(),
                    n.staff.clone(),
                    n.kind.to_owned(),
                    n.subject.to_string(),
                    n.state.to_owned(),
                    n.due_at.to_string(),
                    or_dash(n.reminded_at),
                    or_dash(n.escalated_at),
                    or_dash(n.acknowledged_at),
                ]
            })
        }
    }
}

async fn test_channel(session: &mut Session<'_>, name: &str) -> Result<(), Failure> {
    let config = session.config()?;
    let channels = crate::app::staff_channels(&config)?;
    let Some(channel) = channels.iter().find(|channel| channel.name.as_str() == name) else {
        let known: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        return Err(Failure::wrong(format!("staff_channels.file has no channel {name:?}; it has: {known}")));
    };
    let egress = Egress::new(&config.egress).map_err(|error| Failure::failed(error.to_string()))?;
    let now = session.clock.now();
    let mut rng = session.randomness.generator().map_err(|error| Failure::failed(error.to_string()))?;
    let id = new_id(now, &mut rng);
    match channels::send(&egress, channel, id, now, chat::trial(&channel.kind, id, now)).await {
        Ok(status) if status.is_success() => {
            session.out.line(format!("{name} has taken it ({})", status.as_u16()))
        }
        Ok(status) => Err(Failure::failed(format!("{name} answered {}", status.as_u16()))),
        Err(error) => Err(Failure::failed(format!("{name} did not answer: {error}"))),
    }
}

/// Reads the policy alone: whom it names does not depend on the store.
fn list(session: &mut Session<'_>, form: Form) -> Result<(), Failure> {
    let policy = crate::app::policy(&session.config()?)?.policy;
    let people: Vec<Person> = policy
        .staff
        .values()
        .map(|member| {
            let groups = || member.groups.iter().filter_map(|group| policy.staff_groups.get(group));
            let mut purposes: Vec<String> =
                groups().flat_map(|g| g.purposes.iter().map(ToString::to_string)).collect();
            purposes.sort();
            purposes.dedup();
            Person {
                id: member.id.to_string(),
                name: member.name.clone(),
                email: member.email.clone(),
                locale: member.locale.as_str(),
                groups: member.groups.iter().map(ToString::to_string).collect(),
                roles: member.roles.iter().map(|role| role.as_str()).collect(),
                purposes,
                notices: member.pace,
                channel: member.channel.as_ref().map_or_else(|| "mail".to_owned(), ToString::to_string),
                also_by_mail: member.also_by_mail,
            }
        })
        .collect();
    let head = ["id", "name", "email", "language", "groups", "roles", "purposes"];
    session.out.list(form, &people, &head, "The policy has no staff.", |p| {
        vec![
            p.id.clone(),
            p.name.clone(),
            p.email.clone(),
            p.locale.to_owned(),
            p.groups.join(", "),
            p.roles.join(", "),
            p.purposes.join(", "),
        ]
    })
}
