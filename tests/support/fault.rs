//! What is broken on purpose, and where: the process ends at the n-th pass of a point, or the store fails at its n-th
//! call.

use rescind_worker::fault::{self, Point};
use rescind_worker::store::StoreError;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// The variable that tells a [`crate::program::Program`] where to die: `POINT:N`, the N-th pass (from 1) of a point,
/// or of any point where POINT is `any`. Not one of Rescind's own variables, which would be refused.
pub const VARIABLE: &str = "DIE_AT";

/// Where the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// The point; none for any.
    pub point: Option<Point>,
    /// The number of the pass, from 1.
    pub pass: usize,
}

impl Death {
    /// At the n-th pass of this point.
    pub const fn at(point: Point, pass: usize) -> Self {
        Self { point: Some(point), pass }
    }

    /// At the n-th pass of any point.
    pub const fn anywhere(pass: usize) -> Self {
        Self { point: None, pass }
    }

    fn read(text: &str) -> Self {
        let (point, pass) = text.split_once(':').expect("POINT:N");
        let pass = pass.parse().expect("a number");
        match point {
            "any" => Self::anywhere(pass),
            name => Self::at(Point::named(name).unwrap_or_else(|| panic!("no point is called {name}")), pass),
        }
    }
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.point.map_or("any", Point::name), self.pass)
    }
}

static DEATH: OnceLock<Death> = OnceLock::new();
static PASSED: AtomicUsize = AtomicUsize::new(0);

/// Lets this process die where [`VARIABLE`] says; without it nothing changes.
///
/// # Panics
/// If it cannot be understood.
pub fn arm() {
    let Some(text) = std::env::var_os(VARIABLE) else { return };
    let death = Death::read(text.to_str().expect("text"));
    assert!(DEATH.set(death).is_ok() && fault::install(die), "armed twice");
}

fn die(point: Point) -> Option<StoreError> {
    let death = DEATH.get()?;
    if death.point.is_none_or(|at| at == point) && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == death.pass {
        // nothing is flushed, closed or told to anybody
        std::process::abort();
    }
    None
}

/// Whether a fault suite runs as a whole, or the short selection.
pub fn is_whole() -> bool {
    std::env::var("RESCIND_TEST_FAULTS").is_ok_and(|value| value == "all")
}

/// Adds a line to the report: on standard output, and in the file that `scripts/faults` names.
///
/// # Panics
/// If the file cannot be written.
// a report is for reading
#[allow(clippy::print_stdout)]
pub fn report(line: &str) {
    println!("{line}");
    if let Some(path) = std::env::var_os("RESCIND_TEST_FAULTS_REPORT") {
        let file = std::fs::File::options().create(true).append(true).open(path);
        // one write, so that tests beside each other do not mix their lines
        file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).expect("the report");
    }
}

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection breaks.
    Unavailable,
    /// Another transaction was faster: a serialization failure, or a deadlock.
    Again,
    /// It refuses a value.
    Data,
}

impl Failure {
    /// What can go wrong at a call of the store.
    pub const fn at(call: Point) -> &'static [Self] {
        match call {
            Point::StoreStatement => &[Self::Unavailable, Self::Again, Self::Data],
            Point::StoreCommit => &[Self::Unavailable, Self::Again],
            // a connection that cannot be had; a commit whose answer is lost
            Point::StoreBegin | Point::StoreCommitted => &[Self::Unavailable],
            _ => &[],
        }
    }

    fn error(self) -> StoreError {
        match self {
            Self::Unavailable => StoreError::Unavailable("broken on purpose".to_owned()),
            Self::Again => StoreError::Again,
            Self::Data => StoreError::Data("broken on purpose".to_owned()),
        }
    }
}

/// The calls of the store that a task makes, and at which of them the store fails.
struct Calls {
    fails: Option<(usize, Failure)>,
    made: Mutex<Vec<Point>>,
}

tokio::task_local! {
    static CALLS: Arc<Calls>;
}

/// Runs `work`, and has the store fail at the call of that number (from 0), if any. Other tasks are not disturbed.
/// Returns which calls were made.
pub async fn failing<T>(fails: Option<(usize, Failure)>, work: impl Future<Output = T>) -> (T, Vec<Point>) {
    // the second time it is there already
    fault::install(fail);
    let calls = Arc::new(Calls { fails, made: Mutex::default() });
    let done = CALLS.scope(Arc::clone(&calls), work).await;
    let made = std::mem::take(&mut *calls.made.lock().expect("whole"));
    (done, made)
}

fn fail(point: Point) -> Option<StoreError> {
    if Failure::at(point).is_empty() {
        return None;
    }
    CALLS
        .try_with(|calls| {
            let mut made = calls.made.lock().expect("whole");
            made.push(point);
            calls.fails.filter(|(number, _)| made.len() == number + 1).map(|(_, failure)| failure.error())
        })
        .ok()
        .flatten()
}
