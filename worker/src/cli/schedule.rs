//! `rescind schedule`: what happens by the clock.

use super::failure::Failure;
use super::output::{Form, or_dash};
use super::session::Session;
use crate::app;
use crate::schedule as schedules;
use crate::store::schedules as store;
use rescind_jobs::policy::{Policy, ScheduleRule};
use rescind_jobs::time::Timestamp;
use serde::Serialize;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Every schedule, with its last and next due time
    List {
        #[command(flatten)]
        form: Form,
    },
    /// The next due times, worked out from the policy alone
    Next {
        /// Of this schedule only
        name: Option<String>,
        /// So many of each
        #[arg(short = 'n', value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
        #[command(flatten)]
        form: Form,
    },
    /// Run a schedule now, besides its due times
    Run {
        /// Which
        name: String,
    },
    /// Make no more runs until it is resumed
    Pause {
        /// Which
        name: String,
    },
    /// Go on; due times that passed meanwhile are left out
    Resume {
        /// Which
        name: String,
    },
}

/// A due time to come.
#[derive(Serialize)]
struct Due<'a> {
    schedule: &'a str,
    due_at: Timestamp,
    /// What clocks in the schedule's zone show then.
    local: String,
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    match command {
        Command::Next { name, count, form } => next(session, name.as_deref(), count.into(), form),
        Command::List { form } => list(session, form).await,
        Command::Run { name } => {
            let opened = session.open().await?;
            let rule = rule(&opened.policy, &name)?;
            let now = opened.clock.now();
            schedules::run_now(&opened.pool, &opened.vault, rule, now, &opened.randomness).await?;
            session.out.line(format!("{name} is queued"))
        }
        Command::Pause { name } => {
            let opened = session.open().await?;
            let changed =
                store::pause(&opened.pool, &rule(&opened.policy, &name)?.id, opened.clock.now()).await?;
            session.out.line(format!("{name} {}", if changed { "is paused" } else { "was paused already" }))
        }
        Command::Resume { name } => {
            let opened = session.open().await?;
            let changed =
                store::resume(&opened.pool, &rule(&opened.policy, &name)?.id, opened.clock.now()).await?;
            session.out.line(format!("{name} {}", if changed { "goes on" } else { "was not paused" }))
        }
    }
}

fn rule<'p>(policy: &'p Policy, name: &str) -> Result<&'p ScheduleRule, Failure> {
    policy.schedules.get(name).ok_or_else(|| {
        let known: Vec<&str> = policy.schedules.keys().map(|id| id.as_str()).collect();
        let known =
            if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        Failure::wrong(format!("the policy has no schedule {name:?}; {known}"))
    })
}

fn next(session: &mut Session<'_>, name: Option<&str>, count: usize, form: Form) -> Result<(), Failure> {
    let policy = app::policy(&session.config()?)?.policy;
    let rules: Vec<&ScheduleRule> = match name {
        Some(name) => vec![rule(&policy, name)?],
        None => policy.schedules.values().collect(),
    };
    let mut found = Vec::new();
    for rule in rules {
        let mut at = session.clock.now();
        for _ in 0..count {
            let Some(due) = rule.schedule.next_after(at) else { break };
            found.push(Due { schedule: rule.id.as_str(), due_at: due, local: local(rule, due) });
            at = due;
        }
    }
    let head = ["schedule", "due at", "local time"];
    session.out.list(form, &found, &head, "There are no due times to come.", |due| {
        vec![due.schedule.to_owned(), due.due_at.to_string(), due.local.clone()]
    })
}

/// What clocks in the schedule's zone show.
fn local(rule: &ScheduleRule, due: Timestamp) -> String {
    let zone = rule.schedule.time_zone();
    // the name came out of a zone that was parsed
    let zone_of = zone.parse::<chrono_tz::Tz>().unwrap_or(chrono_tz::UTC);
    format!("{} {zone}", due.to_chrono().with_timezone(&zone_of).format("%a %Y-%m-%d %H:%M"))
}

async fn list(session: &mut Session<'_>, form: Form) -> Result<(), Failure> {
    let opened = session.open().await?;
    let listed = schedules::list(&opened.pool, &opened.policy, opened.clock.now()).await?;
    let head = ["name", "expression", "zone", "sends", "state", "last due", "next due", "waiting"];
    session.out.list(form, &listed, &head, "The policy has no schedules.", |one| {
        vec![
            one.name.clone(),
            one.cron.clone(),
            one.time_zone.clone(),
            one.kind.clone(),
            if one.paused { "paused" } else { "active" }.to_owned(),
            or_dash(one.last_due_at),
            or_dash(one.next_due_at),
            one.waiting.to_string(),
        ]
    })
}
