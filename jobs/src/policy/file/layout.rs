//! Which sections there are, and which file has which entry. All files together act as one, so nothing may be said
//! in two of them.

use super::near;
use super::place::{Path, Place, Step};
use super::reader::{Reader, quoted};
use toml::de::DeValue;

/// Sections of which there is one.
pub(super) const SINGLE: [&str; 9] = [
    "children",
    "controller",
    "default_locale",
    "features",
    "limits",
    "masking",
    "periods",
    "privacy_notice",
    "staff_notices",
];

/// Sections that hold entries by name.
pub(super) const NAMED: [&str; 14] = [
    "channels",
    "contents",
    "data_sources",
    "dictionaries",
    "fields",
    "forms",
    "mail_identities",
    "purposes",
    "recipients",
    "schedules",
    "sources",
    "staff",
    "staff_groups",
    "topics",
];

/// Fills the reader's lists of sections and entries, and notes what is unknown, doubled or unstorable.
pub(super) fn lay_out(reader: &mut Reader<'_>) {
    for file in 0..reader.trees.len() {
        let mut no_nul = Vec::new();
        find_nul(reader.trees[file].root.get_ref(), &mut Vec::new(), &mut no_nul);
        for path in no_nul {
            reader.wrong(
                &Place { file, path },
                "a NUL character",
                "text without it: not every database can store one",
            );
        }
        for section in keys(reader, &Place::root(file)) {
            let place = Place::root(file).key(&section);
            if SINGLE.contains(&section.as_str()) {
                let earlier = reader.single.get(&section).cloned();
                if first(reader, earlier, &place) {
                    reader.single.insert(section, place);
                }
            } else if NAMED.contains(&section.as_str()) {
                entries(reader, &section, &place);
            } else {
                let known: Vec<&str> = SINGLE.iter().chain(&NAMED).copied().collect();
                reader.wrong_key(
                    &place,
                    format!("the section {}", quoted(&section)),
                    near::one_of(&section, &known),
                );
            }
        }
    }
}

fn entries(reader: &mut Reader<'_>, section: &str, place: &Place) {
    if let Some(node) = reader.node(place)
        && !node.get_ref().is_table()
    {
        let found = node.get_ref().type_str();
        reader.wrong(place, found, format!("entries such as [{section}.some_name]"));
        return;
    }
    for name in keys(reader, place) {
        let here = place.key(&name);
        let earlier = reader.entries.get(section).and_then(|entries| entries.get(&name)).cloned();
        if first(reader, earlier, &here) {
            reader.entries.entry(section.to_owned()).or_default().insert(name, here);
        }
    }
}

/// Whether nothing came before; notes it otherwise.
fn first(reader: &mut Reader<'_>, earlier: Option<Place>, place: &Place) -> bool {
    match earlier {
        Some(earlier) => {
            let found = format!("it again, after {}", reader.shown(&earlier));
            reader.wrong_key(place, found, "each entry in one file only");
            false
        }
        None => true,
    }
}

/// The keys of the table at `place`.
pub(super) fn keys(reader: &Reader<'_>, place: &Place) -> Vec<String> {
    let table = reader.node(place).and_then(|node| node.get_ref().as_table());
    table.map(|table| table.keys().map(|key| key.get_ref().to_string()).collect()).unwrap_or_default()
}

fn find_nul(value: &DeValue<'_>, path: &mut Vec<Step>, hits: &mut Vec<Path>) {
    match value {
        DeValue::String(text) if text.contains('\0') => hits.push(Path(path.clone())),
        DeValue::Array(array) => {
            for (index, item) in array.iter().enumerate() {
                path.push(Step::Index(index));
                find_nul(item.get_ref(), path, hits);
                path.pop();
            }
        }
        DeValue::Table(table) => {
            for (key, item) in table.iter() {
                path.push(Step::Key(key.get_ref().to_string()));
                if key.get_ref().contains('\0') {
                    hits.push(Path(path.clone()));
                }
                find_nul(item.get_ref(), path, hits);
                path.pop();
            }
        }
        _ => {}
    }
}
