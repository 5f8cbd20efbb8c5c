//! `rescind events`: what the apps were told, as references.

use super::failure::Failure;
use super::output::{Form, Page, or_dash};
use super::session::Session;
use crate::store::registers;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Events, oldest first; what they tell of a subject is not shown
    List {
        #[command(flatten)]
        page: Page,
        #[command(flatten)]
        form: Form,
    },
}

pub(super) async fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    let Command::List { page, form } = command;
    let opened = session.open_existing().await?;
    let events = registers::event_list(&opened.pool, None, page.after, page.limit).await?;
    let head = ["id", "type", "subject", "number", "at", "state"];
    session.out.list(form, &events, &head, "There are no events.", |event| {
        vec![
            event.id.to_string(),
            event.kind.clone(),
            or_dash(event.subject),
            event.sequence.to_string(),
            event.at.to_string(),
            event.state.as_str().to_owned(),
        ]
    })
}
