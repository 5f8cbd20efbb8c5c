//! The environment as a layer: `RESCIND_HTTP__LISTEN` is `http.listen`.
//!
//! Rule: a variable that begins with `RESCIND_` and means nothing is an error, because a misspelt variable
//! that is ignored is found only when it hurts. Its value is never shown: it could be a misspelt secret.

use super::layer::{Layer, nearest};
use super::problem::{Place, Problems};
use super::schema::Catalogue;
use super::value::{self, Given};

const PREFIX: &str = "RESCIND_";

/// Names that other parts of the program or its tests use; no keys, no errors.
fn is_reserved(name: &str) -> bool {
    let others =
        ["RESCIND_CONFIG", "RESCIND_STAFF_TOKEN", "RESCIND_STAFF_TOKEN_FILE", "RESCIND_UPDATE_SNAPSHOTS"];
    others.contains(&name) || name.starts_with("RESCIND_TEST_")
}

/// Reads the variables that begin with `RESCIND_`.
///
/// `key_variable` is the variable that the file names in `keys.env`; it may begin with the prefix too.
pub(super) fn read(
    variables: impl Iterator<Item = (String, String)>,
    key_variable: Option<&str>,
    catalogue: &Catalogue,
    problems: &mut Problems,
) -> Layer {
    let mut ours: Vec<(String, String)> =
        variables.filter(|(name, _)| name.starts_with(PREFIX) && !is_reserved(name)).collect();
    ours.sort();
    // The environment itself may name the variable with the key, and that beats the file.
    let named_here =
        ours.iter().find(|(name, _)| name == "RESCIND_KEYS__ENV").map(|(_, value)| value.clone());
    let key_variable = named_here.as_deref().or(key_variable);

    let mut layer = Layer::new();
    for (name, text) in ours {
        if Some(name.as_str()) == key_variable {
            continue;
        }
        let place = Place::Variable(name.clone());
        let Some(key) = catalogue.iter().find(|key| key.variable() == name) else {
            problems.add_general(&place, "a variable that means nothing", suggestion(&name, catalogue));
            continue;
        };
        match value::from_text(key, &text, &place) {
            Ok(value) => {
                layer.insert(key.path.clone(), Given { value, place });
            }
            Err(misfit) => problems.add(&misfit.place, &key.path, misfit.found, misfit.expected),
        }
    }
    layer
}

fn suggestion(name: &str, catalogue: &Catalogue) -> String {
    let variables: Vec<String> = catalogue.iter().map(super::schema::Key::variable).collect();
    let names: Vec<&str> = variables.iter().map(String::as_str).collect();
    // Forgetting to double the underscore between section and key is the usual mistake.
    let single = |name: &str| name.replace("__", "_");
    let meant =
        names.iter().copied().find(|known| single(known) == single(name)).or_else(|| nearest(name, &names));
    match meant {
        Some(meant) => format!("a variable that exists; {meant} perhaps"),
        None => "RESCIND_ with section and key, two underscores between them, such as RESCIND_HTTP__LISTEN"
            .to_owned(),
    }
}
