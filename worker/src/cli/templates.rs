//! `rescind templates`: which there are, and what they look like with invented data.

use super::failure::Failure;
use super::output::Form;
use super::session::Session;
use crate::app;
use crate::render::{FALLBACK, LOCALES, Rendered, TemplateKind, known};
use std::fs;
use std::path::PathBuf;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Every template, and which of your files go into it
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Render a template with invented data
    Render {
        /// The template's name
        name: String,
        /// The language
        #[arg(long, value_name = "TAG", default_value = FALLBACK)]
        locale: String,
        /// Write a file for each part of each sample into this folder instead of printing
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: Command) -> Result<(), Failure> {
    let renderer = app::renderer(&session.config()?)?;
    match command {
        Command::List { form } => {
            let head = ["name", "kind", "files of your own"];
            session.out.list(form, &renderer.list(), &head, "There are no templates.", |template| {
                let kind = match template.kind {
                    TemplateKind::Mail => "mail",
                    TemplateKind::Page => "page",
                };
                let own = if template.overridden.is_empty() {
                    "-".to_owned()
                } else {
                    template.overridden.join(", ")
                };
                vec![template.name.to_owned(), kind.to_owned(), own]
            })
        }
        Command::Render { name, locale, out } => {
            let Some(locale) = known(&locale) else {
                return Err(Failure::wrong(format!(
                    "there are no texts in {locale:?}; expected one of {}",
                    LOCALES.join(", ")
                )));
            };
            let samples = renderer.render_sample(&name, locale)?;
            let parts =
                samples.into_iter().enumerate().flat_map(|(n, sample)| parts(&name, locale, n, sample));
            match out {
                Some(folder) => write(session, &folder, parts),
                None => {
                    for (file, text) in parts {
                        session.out.line(format!("── {file}"))?;
                        session.out.text(&text)?;
                    }
                    Ok(())
                }
            }
        }
    }
}

/// The parts of a sample, each with the name of its file; the fullest sample has no number.
fn parts(name: &str, locale: &str, number: usize, sample: Rendered) -> Vec<(String, String)> {
    let variant = if number == 0 { String::new() } else { format!("-{}", number + 1) };
    let file = |ending: &str| format!("{name}{variant}.{locale}.{ending}");
    match sample {
        Rendered::Mail(mail) => {
            vec![(file("subject"), mail.subject + "\n"), (file("txt"), mail.text), (file("html"), mail.html)]
        }
        Rendered::Page(page) => vec![(file("html"), page)],
    }
}

fn write(
    session: &mut Session<'_>,
    folder: &std::path::Path,
    parts: impl Iterator<Item = (String, String)>,
) -> Result<(), Failure> {
    let unwritable = |error| Failure::failed(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(unwritable)?;
    for (file, text) in parts {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        session.out.line(path.display().to_string())?;
    }
    Ok(())
}
