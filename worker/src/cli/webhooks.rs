//! `rescind webhooks`: who gets events at which endpoint, and how that goes. Never shows an address or a secret.

use super::failure::Failure;
use super::output::{Form, or_dash};
use super::session::Session;
use crate::app;
use crate::egress::Egress;
use crate::outbox::webhooks::call;
use crate::store::webhooks as store;
use crate::webhook_file::Endpoint;
use rescind_jobs::decision::INTERNAL_SOURCE;
use rescind_jobs::policy::Role;
use rescind_jobs::protection::new_id;
use rescind_jobs::time::Timestamp;
use serde::Serialize;
use serde_json::json;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Every endpoint, how it does, and how much waits for it
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Let an endpoint get events again that was paused or gone, and those that it has refused too often
    Resume {
        /// Which
        name: String,
    },
    /// Drop an endpoint that the file no longer names, and what still waits for it
    Forget {
        /// Which
        name: String,
    },
    /// Send a signed event of the type webhook.test.v1, once, and tell what came back
    Test {
        /// Which
        name: String,
    },
}

/// A line of the list.
#[derive(Serialize)]
struct Line {
    name: String,
    /// `active`, `paused`, `gone`; `unused` where the file does not name it any more.
    state: &'static str,
    waiting: i64,
    /// What it has refused too often.
    left_out: i64,
    since: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    next_at: Option<Timestamp>,
    trouble: Option<String>,
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::List { form } => list(session, form).await,
        Command::Resume { name } => {
            let opened = session.open_existing().await?;
            session.actor(&opened, Role::Manage).await?;
            let endpoint = endpoint(app::endpoints(&opened.config)?, &name)?;
            match store::resume(&opened.pool, &endpoint.name, opened.clock.now()).await? {
                None => Err(Failure::failed(format!("no worker has run with the endpoint {name:?} yet"))),
                Some(0) => session.out.line(format!("{name} gets events again")),
                Some(again) => session
                    .out
                    .line(format!("{name} gets events again, and {again} that were left out once more")),
            }
        }
        Command::Forget { name } => {
            let opened = session.open_existing().await?;
            session.actor(&opened, Role::Manage).await?;
            if app::endpoints(&opened.config)?.iter().any(|endpoint| endpoint.name == name) {
                return Err(Failure::wrong(format!(
                    "webhooks.file names {name:?}, so events go on being kept for it; take it out of the file of every \
                     worker and restart them first"
                )));
            }
            match store::forget(&opened.pool, &name).await? {
                Some(dropped) => session
                    .out
                    .line(format!("{name} is forgotten; {dropped} events that waited for it are dropped")),
                None => Err(Failure::failed(format!("there is no endpoint {name:?}; rescind webhooks list"))),
            }
        }
        Command::Test { name } => test(session, &name).await,
    }
}

async fn list(session: &mut Session<'_>, form: Form) -> Result<(), Failure> {
    let opened = session.open_existing().await?;
    let endpoints = app::endpoints(&opened.config)?;
    let lines: Vec<Line> = store::list(&opened.pool)
        .await?
        .into_iter()
        .map(|listed| Line {
            state: match endpoints.iter().any(|e| e.name == listed.name) {
                true => listed.standing.state.as_str(),
                false => "unused",
            },
            name: listed.name,
            waiting: listed.waiting,
            left_out: listed.left_out,
            since: listed.since,
            failing_since: listed.standing.failing_since,
            next_at: listed.standing.next_at,
            trouble: listed.standing.trouble,
        })
        .collect();
    let head = ["name", "state", "waiting", "left out", "since", "failing since", "next attempt", "trouble"];
    session.out.list(form, &lines, &head, "There are no endpoints of webhooks.", |line| {
        vec![
            line.name.clone(),
            line.state.to_owned(),
            line.waiting.to_string(),
            line.left_out.to_string(),
            or_dash(line.since),
            or_dash(line.failing_since),
            or_dash(line.next_at),
            or_dash(line.trouble.as_ref()),
        ]
    })
}

async fn test(session: &mut Session<'_>, name: &str) -> Result<(), Failure> {
    let config = session.config()?;
    let endpoint = endpoint(app::endpoints(&config)?, name)?;
    let egress = Egress::new(&config.egress).map_err(|error| Failure::failed(error.to_string()))?;
    let now = session.clock.now();
    let mut rng = session.randomness.generator().map_err(|error| Failure::failed(error.to_string()))?;
    let id = new_id(now, &mut rng).to_string();
    let event = json!({"specversion": "1.0", "id": id, "source": INTERNAL_SOURCE, "type": "webhook.test.v1",
                       "time": now, "datacontenttype": "application/json", "data": {}});
    let sent = call(&egress, &endpoint.url, &endpoint.key(), &id, now, event.to_string().into_bytes()).await;
    match sent {
        Ok(status) if status.is_success() => {
            session.out.line(format!("{name} has taken it ({})", status.as_u16()))
        }
        Ok(status) => Err(Failure::failed(format!("{name} answered {}", status.as_u16()))),
        Err(error) => Err(Failure::failed(format!("{name} did not answer: {error}"))),
    }
}

fn endpoint(endpoints: Vec<Endpoint>, name: &str) -> Result<Endpoint, Failure> {
    let known: Vec<String> = endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
    endpoints.into_iter().find(|endpoint| endpoint.name == name).ok_or_else(|| {
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        Failure::wrong(format!("webhooks.file has no endpoint {name:?}; it has: {known}"))
    })
}
