//! `rescind check`: everything that can be wrong before a start, without starting, and without touching the store.

use super::failure::Failure;
use super::session::Session;
use crate::app::{self, StartError};
use crate::config::{Config, Database, KeySource, Transport};
use crate::render::{LOCALES, TemplateKind};
use rescind_jobs::policy::Policy;

pub(super) fn check(session: &mut Session<'_>) -> Result<(), Failure> {
    let config = session.config()?;
    let file =
        session.config_file().map_or_else(|| "(built-in defaults)".to_owned(), |f| f.display().to_string());
    let mut wrong = Vec::new();
    let mut warnings = Vec::new();
    let mut facts = vec![("configuration", Some(file))];
    facts.extend(of_config(&config));
    match app::policy(&config) {
        Ok(loaded) => {
            let path = config.policy.as_ref().map(|path| path.display().to_string());
            facts.push(("policy", Some(path.unwrap_or_else(|| "(built-in example)".to_owned()))));
            facts.extend(of_policy(&loaded.policy));
            warnings.extend(loaded.warnings.iter().map(ToString::to_string));
            if config.is_public() && loaded.policy.sources.is_empty() {
                wrong.push(StartError::PublicWithoutSources.to_string());
            }
        }
        Err(error) => wrong.push(error.to_string()),
    }
    match app::renderer(&config) {
        Ok(renderer) => {
            let list = renderer.list();
            let mails = list.iter().filter(|t| t.kind == TemplateKind::Mail).count();
            let own = list.iter().filter(|t| !t.overridden.is_empty()).count();
            facts.push((
                "templates",
                Some(format!(
                    "{mails} mails, {} pages, {} languages; {own} with files of your own",
                    list.len() - mails,
                    LOCALES.len()
                )),
            ));
        }
        Err(error) => wrong.push(error.to_string()),
    }
    session.out.facts(&facts)?;
    for warning in warnings {
        session.out.line(format!("warning: {warning}"))?;
    }
    if wrong.is_empty() {
        return session.out.line("Nothing is wrong.");
    }
    Err(Failure::wrong(wrong.join("\n\n")))
}

fn of_config(config: &Config) -> Vec<(&'static str, Option<String>)> {
    let store = match &config.store.database {
        Database::Sqlite(path) => format!("SQLite, {}", path.display()),
        // the URL may hold a password
        Database::Postgres(_) => "PostgreSQL".to_owned(),
    };
    let intake = match &config.intake.amqp {
        Some(amqp) => format!("HTTP, command line, RabbitMQ queue {}", amqp.queue),
        None => "HTTP, command line".to_owned(),
    };
    let mail = match &config.mail.transport {
        Transport::Mailbox(path) => format!("development mailbox, {}", path.display()),
        Transport::Maildir(path) => format!("Maildir, {}", path.display()),
        Transport::Smtp(_) => "SMTP".to_owned(),
    };
    let key = match &config.keys {
        KeySource::File(path) => format!("file {}", path.display()),
        KeySource::Env(name) => format!("variable {name}"),
        KeySource::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
    };
    vec![
        ("data folder", Some(config.data_dir.display().to_string())),
        ("store", Some(store)),
        ("key", Some(key)),
        ("intake", Some(intake)),
        ("mail", Some(mail)),
        ("HTTP", Some(format!("{}, links {}", config.http.listen, config.http.public_url))),
        ("operations", Some(config.ops.listen.to_string())),
    ]
}

fn of_policy(policy: &Policy) -> Vec<(&'static str, Option<String>)> {
    let features: Vec<&str> = policy.features.iter().map(|f| f.as_str()).collect();
    let names = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    vec![
        ("  hash", Some(policy.hash_hex())),
        ("  features", Some(names(features))),
        ("  purposes", Some(names(policy.purposes.keys().map(|p| p.as_str()).collect()))),
        ("  contents", Some(names(policy.contents.keys().map(|c| c.as_str()).collect()))),
        ("  sources", Some(names(policy.sources.keys().map(|s| s.as_str()).collect()))),
        ("  schedules", Some(names(policy.schedules.keys().map(|s| s.as_str()).collect()))),
    ]
}
