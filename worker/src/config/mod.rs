//! The configuration: embedded defaults, then a file, then the environment.
//!
//! Why so: the defaults are a documented file (`config/rescind.toml`), so the manual cannot differ from the
//! program. Rule: an unknown key is an error, all errors are reported at once with their places, no error
//! shows a secret, and what comes out are domain types that nothing downstream checks again.
//!
//! The way of a value: `file` declares the keys, `schema` draws names, kinds and ranges from it, `layer`
//! and `environment` read and check each layer by that (`value`), `merge` lays them over each other and
//! fetches secrets from files, `resolve`, `services` and `mail` make the domain types (`types`).

mod cidr;
mod environment;
mod file;
mod layer;
mod mail;
mod merge;
mod problem;
mod public_url;
mod resolve;
mod schema;
mod secret;
mod services;
mod smtp;
#[cfg(test)]
mod tests;
mod types;
mod value;

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

pub use cidr::{IpNetwork, NotANetwork};
pub(crate) use merge::read_secret;
pub use problem::{ConfigError, ConfigErrors, Place};
pub use public_url::PublicUrl;
pub use schema::config_schema;
pub use secret::Secret;
pub use smtp::{Credentials, Smtp, SmtpServer, SmtpTls};
pub use types::{
    Amqp, Config, Database, Egress, Housekeeping, Http, Intake, KeySource, LONGEST_POLL, Log, LogFormat,
    Mail, Ops, Retry, Runner, Shutdown, Store, Telemetry, Transport,
};

use layer::Layer;
use problem::Problems;
use value::{Given, Value};

/// The documented defaults as they are embedded: a file to copy and to change.
pub const DEFAULT_FILE: &str = layer::DEFAULTS;

impl Config {
    /// Reads the configuration: defaults, then the file, then those variables of `environment` that begin
    /// with `RESCIND_`.
    ///
    /// # Errors
    /// Everything that is wrong, each with place, key, what was found and what is expected. Only broken TOML
    /// hides what else is wrong in the same file.
    pub fn load(
        path: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let catalogue = schema::Catalogue::new();
        let mut problems = Problems::default();
        let defaults = layer::defaults(&catalogue);
        let mut layer = defaults.clone();

        if let Some(path) = path
            && let Some(source) = merge::read_document(path, &mut problems)
        {
            let upper = layer::read_file(&source, path, &catalogue, &mut problems);
            merge::lay_over(&mut layer, upper, &catalogue, &mut problems);
        }
        let key_variable = match layer.get("keys.env") {
            Some(Given { value: Value::Text(name), .. }) => Some(name.clone()),
            _ => None,
        };
        let upper = environment::read(environment, key_variable.as_deref(), &catalogue, &mut problems);
        merge::lay_over(&mut layer, upper, &catalogue, &mut problems);
        merge::fetch_secrets(&mut layer, &catalogue, &mut problems);

        let file = match file::File::deserialize(nested(&layer)) {
            Ok(file) => file,
            // Names, kinds and ranges were checked by the schema of this very type, so this is our fault;
            // serde's text is left out, because it may repeat a value.
            Err(_) => {
                problems.add_general(
                    &Place::Defaults,
                    "values that the schema allows and the program does not",
                    "both to agree; please report this as a fault of the program",
                );
                return problems.settle(None);
            }
        };
        let config = resolve::resolve(file, &layer, &defaults, &mut problems);
        problems.settle(config)
    }

    /// The variables of this process, for [`Config::load`]. Unlike `std::env::vars` it bears variables that
    /// are not UTF-8: those of others are skipped, in ours the odd bytes are replaced.
    pub fn environment() -> impl Iterator<Item = (String, String)> {
        std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.to_string_lossy().into_owned()))
        })
    }
}

/// The document that has these keys.
fn nested(layer: &Layer) -> Json {
    let mut root = Map::new();
    for (path, given) in layer {
        let mut section = &mut root;
        let (sections, name) = path.rsplit_once('.').unwrap_or(("", path));
        for part in sections.split('.').filter(|part| !part.is_empty()) {
            let entry = section.entry(part).or_insert_with(|| Json::Object(Map::new()));
            match entry {
                Json::Object(object) => section = object,
                // A key is never a section too; the catalogue has each path once.
                _ => return Json::Null,
            }
        }
        section.insert(name.to_owned(), given.value.to_json());
    }
    Json::Object(root)
}
