//! Reading the policy from TOML files. Pure: texts and documents are handed in, the worker does the I/O.
//!
//! Rule: everything wrong is reported at once and at its place (file, line, column, key). A file is first parsed into
//! a tree that knows where everything stands; each entry (`[purposes.newsletter]` …) is read from it on its own, so
//! that one bad entry does not hide the others; what spans entries is checked last. Only a file that is not TOML at
//! all stops everything else, because what follows a syntax error would be guesswork.

mod channel;
mod check;
mod children;
mod compatibility;
mod content;
mod controller;
mod data_source;
mod dictionary;
mod document;
mod field;
mod form;
mod hash;
mod layout;
mod limits;
mod masking;
mod moment;
mod near;
mod notice;
mod place;
mod problem;
mod purpose;
mod read;
mod reader;
mod schedule;
mod schema;
mod soft_opt_in;
mod source;
mod staff;
#[cfg(test)]
mod tests;
mod texts;
mod tree;

pub use problem::{PolicyErrors, Problem};
pub use schema::policy_schema;

use super::{Feature, Policy};
use crate::locale::Locale;
use reader::Reader;
use std::collections::BTreeSet;
use tree::Tree;

/// One file of the policy.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Its name within the policy's folder, as shown in errors.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// A policy that holds, and what is odd about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// What is allowed but probably not meant; for the operator to read.
    pub warnings: Vec<Problem>,
}

/// Reads the policy from all its `files`, which together act as one.
///
/// `documents` gives the bytes of a document by its path relative to the policy's folder, or says why not;
/// `known_types` are the message types that may be sent.
///
/// # Errors
/// Every problem there is, in the order of the files.
pub fn load(
    files: &[PolicyFile],
    documents: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    known_types: &[&str],
) -> Result<Loaded, PolicyErrors> {
    let (trees, broken): (Vec<_>, Vec<_>) = files.iter().map(Tree::parse).unzip();
    let broken: Vec<Problem> = broken.into_iter().flatten().collect();
    if !broken.is_empty() {
        return Err(PolicyErrors::new(broken));
    }
    let mut reader = Reader::new(trees, documents, known_types);
    layout::lay_out(&mut reader);
    let policy = assemble(&mut reader, files);
    let (mut problems, warnings) = reader.into_problems();
    match policy {
        Some(policy) if problems.is_empty() => Ok(Loaded { policy, warnings }),
        _ => {
            if problems.is_empty() {
                // an entry was left out without a word; never take such a policy for a good one
                problems.push(Problem::nowhere("the policy", "a policy that can be read"));
            }
            Err(PolicyErrors::new(problems))
        }
    }
}

/// Reads section by section; what others refer to comes first. None if something required is missing.
fn assemble(reader: &mut Reader<'_>, files: &[PolicyFile]) -> Option<Policy> {
    reader.locale = reader.only::<Locale>("default_locale").map(|(_, l)| l).unwrap_or_default();
    let features = reader.only::<Vec<Feature>>("features").map(|(_, f)| f).unwrap_or_default();
    let features: BTreeSet<Feature> = features.into_iter().collect();
    let controller = controller::controller(reader);
    let mail_identities = controller::mail_identities(reader);
    let dictionaries = dictionary::dictionaries(reader);
    let channels = channel::channels(reader);
    let topics = channel::topics(reader);
    let purposes = purpose::purposes(reader, &dictionaries, &channels);
    let recipients = data_source::recipients(reader, &purposes);
    let data_sources = data_source::data_sources(reader, &features);
    let contents = content::contents(reader, &purposes, &dictionaries);
    purpose::warn_of_purposes_without_content(reader, &purposes, &contents);
    let forms = form::forms(reader, &contents);
    let fields = field::fields(reader);
    let sources = source::sources(reader);
    let staff_groups = staff::groups(reader);
    let staff = staff::members(reader, &staff_groups);
    let staff_notices = staff::notices(reader, &fields, !staff.is_empty());
    staff::warn_of_nobody(reader, &purposes, &staff, &staff_groups);
    let children = children::children(reader, &fields);
    let masking = masking::masking(reader);
    let privacy_notice = notice::privacy_notice(reader, &purposes);
    let limits = limits::limits(reader);
    let periods = limits::periods(reader, &limits);
    let schedules = schedule::schedules(reader, features.contains(&Feature::Schedules));
    let hash = hash::of(files, reader.documents());
    Some(Policy {
        hash,
        controller: controller?,
        default_locale: reader.locale,
        features,
        purposes,
        recipients,
        data_sources,
        topics,
        channels,
        contents,
        dictionaries,
        forms,
        fields,
        sources,
        staff,
        staff_groups,
        staff_notices,
        children,
        masking,
        privacy_notice,
        mail_identities,
        limits,
        periods,
        schedules,
    })
}
