//! `rescind schema`: JSON Schemas for editors, for the applications that send messages, and for those that read
//! events.

use super::failure::Failure;
use super::session::Session;
use crate::schemas::{self, SchemaFile};
use serde_json::{Map, Value};
use std::fs;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// messages, events, config, policy, asyncapi, all, or one type such as consent.request.v1
    #[arg(default_value = "all", value_name = "WHAT")]
    what: String,
    /// Write a file each into this folder instead of printing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn schema(session: &mut Session<'_>, arguments: &Arguments) -> Result<(), Failure> {
    let mut files = schemas::all();
    let what = arguments.what.as_str();
    if what != "all" {
        files.retain(|file| file.group == what || file.name == what);
    }
    if files.is_empty() {
        let types: Vec<&str> = schemas::all().iter().map(|file| file.name).collect();
        return Err(Failure::wrong(format!(
            "{what:?} has no schema; expected messages, events, config, policy, asyncapi, all, or one of {}",
            types.join(", ")
        )));
    }
    if let Some(folder) = &arguments.out {
        for file in &files {
            let path = folder.join(file.path());
            let unwritable = |error| Failure::failed(format!("{}: {error}", path.display()));
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(unwritable)?;
            }
            fs::write(&path, file.text()).map_err(unwritable)?;
            session.out.line(path.display().to_string())?;
        }
        return Ok(());
    }
    match files.as_slice() {
        [one] => session.out.text(&one.text()),
        many => session.out.json(&grouped(many)),
    }
}

/// Several schemas in one document: by name; if of several groups, by group and name.
fn grouped(files: &[SchemaFile]) -> Value {
    let one_group = files.iter().all(|file| file.group == files[0].group);
    let mut root = Map::new();
    for file in files {
        if one_group || file.group == file.name {
            root.insert(file.name.to_owned(), file.schema.clone());
        } else if let Some(group) =
            root.entry(file.group).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        {
            group.insert(file.name.to_owned(), file.schema.clone());
        }
    }
    Value::Object(root)
}
