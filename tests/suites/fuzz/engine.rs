//! Runs a target: corpus, seeds, then mutations of what led somewhere.

use super::mutate::Mutator;
use crate::layout::root;
use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A target.
pub(super) struct Target<'a> {
    /// Its name, and that of its folder in the corpus.
    pub(super) name: &'static str,
    /// Good inputs.
    pub(super) seeds: Vec<Vec<u8>>,
    /// Words of the form.
    pub(super) words: &'a [&'a str],
    /// Whether inputs are JSON, and mutated as such too.
    pub(super) json: bool,
    /// Inputs in a run of the suites.
    pub(super) inputs: u64,
}

/// The largest input, in bytes; what lies beyond meets limits of size, which have tests of their own.
const LARGEST: usize = 100_000;
/// Inputs that are kept to be mutated, and how large they are at most: large ones come of small ones by one mutation.
const KEPT: usize = 2000;
const LARGEST_KEPT: usize = 4096;
/// What a run of the suites takes at most, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(8);
/// What the process may grow by.
const GROWTH: u64 = 192 << 20;

/// What an input came to, to tell it from other outcomes.
pub(super) fn outcome(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a whole number"))
}

fn folder(name: &str) -> PathBuf {
    root().join("tests/corpus").join(name)
}

/// Memory of this process that is in use, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// What a run came to is for whoever looks at its output.
#[expect(clippy::print_stderr, reason = "a test's output")]
fn tell(text: std::fmt::Arguments<'_>) {
    eprintln!("{text}");
}

/// Tries inputs until the run is over.
///
/// # Panics
/// At the first input that breaks the property; the input is in the corpus then.
pub(super) fn run(target: Target<'_>, check: &mut dyn FnMut(&[u8]) -> u64) {
    let limit = number("RESCIND_FUZZ_SECONDS").map(Duration::from_secs);
    let seed = number("RESCIND_FUZZ_SEED").unwrap_or(1);
    let mut mutator = Mutator::new(seed, target.words, target.json);
    let mut tried = |input: &[u8]| match catch_unwind(AssertUnwindSafe(|| check(input))) {
        Ok(outcome) => outcome,
        Err(panic) => {
            let file = folder(target.name).join(format!("{:016x}", outcome(&input)));
            std::fs::create_dir_all(folder(target.name)).expect("a folder for the corpus");
            std::fs::write(&file, input).expect("the corpus can be written");
            tell(format_args!("{}: broken by {}", target.name, file.display()));
            resume_unwind(panic)
        }
    };
    for entry in std::fs::read_dir(folder(target.name)).into_iter().flatten() {
        tried(&std::fs::read(entry.expect("an entry").path()).expect("an input"));
    }
    let (mut seen, mut pool) = (HashSet::new(), target.seeds);
    for seed in &pool {
        seen.insert(tried(seed));
    }
    let (before, begun, mut count) = (resident(), Instant::now(), 0_u64);
    let mut slowest = (Duration::ZERO, 0);
    let most = limit.map_or(target.inputs, |_| u64::MAX);
    while count < most && begun.elapsed() < limit.unwrap_or(PATIENCE) {
        let input = mutator.mutate(&pool, LARGEST);
        count += 1;
        let started = Instant::now();
        let fresh = seen.insert(tried(&input));
        slowest = slowest.max((started.elapsed(), input.len()));
        if fresh && pool.len() < KEPT && input.len() <= LARGEST_KEPT {
            pool.push(input);
        }
    }
    let grown = resident().saturating_sub(before);
    tell(format_args!(
        "{}: {count} inputs from seed {seed} in {:.1} s, {} outcomes, {} MiB grown, the slowest {} ms for {} bytes",
        target.name,
        begun.elapsed().as_secs_f32(),
        seen.len(),
        grown >> 20,
        slowest.0.as_millis(),
        slowest.1
    ));
    assert!(grown < GROWTH, "memory has grown by {} MiB", grown >> 20);
}
