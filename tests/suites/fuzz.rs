//! Hostile inputs, made from good ones: what comes from outside is refused or taken, and never brings a panic, an error
//! of ours, memory without bound, or an answer that repeats what was sent.
//!
//! Each target has seeds (the repository's own examples), a mutator that knows the form, and a property. An input that
//! comes to an outcome not seen before (another refusal, another field) is kept and mutated further, so that the search
//! moves on without instrumentation. Inputs that once broke something lie in `tests/corpus` and are tried first.
//!
//! In the suites each target runs for a fixed number of inputs from a fixed seed; `scripts/fuzz` runs them for longer,
//! each time from another one.

mod engine;
mod envelope;
mod http;
mod messages;
mod mutate;
mod policy;
mod templates;
mod tokens;

use rescind_jobs::registry;
use serde_json::json;

/// Stands in values that must not be repeated. No name of a field looks like it.
const MARKER: &str = "zq@mark.er";

/// The messages of the documentation: one of every type.
fn examples() -> Vec<Vec<u8>> {
    let examples = crate::docs::examples().into_iter();
    let of_a_type = examples.filter(|e| registry::public_names().any(|name| e["type"] == *name));
    let found: Vec<_> = of_a_type
        .enumerate()
        .map(|(n, example)| {
            let (kind, data) = (&example["type"], &example["data"]);
            let message = json!({"specversion": "1.0", "id": format!("m-{n}"), "source": "shop", "type": kind,
                                 "time": "2026-11-22T09:00:00Z", "data": data});
            message.to_string().into_bytes()
        })
        .collect();
    assert!(found.len() > 5, "docs/messages.md has examples");
    found
}

/// Whether a refusal repeats a value.
fn assert_repeats_nothing(refusal: &rescind_jobs::refusal::Refusal) {
    let told = format!("{} {:?}", refusal.detail, refusal.fields);
    assert!(!told.contains("zq@mark"), "the refusal repeats what was sent: {told}");
    assert!(told.len() < 100_000, "the refusal grows with what was sent: {} bytes", told.len());
}

/// What a refusal says, as an outcome.
fn outcome(refusal: &rescind_jobs::refusal::Refusal) -> u64 {
    let fields: Vec<_> = refusal.fields.iter().map(|f| (&f.field, &f.problem)).collect();
    engine::outcome(&(refusal.code.as_str(), fields))
}
