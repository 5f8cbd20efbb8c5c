//! What is broken on purpose, and where: the process ends at the n-th pass of a point, or the store fails at it.

use rescind_worker::fault::{self, Point};
use rescind_worker::store::StoreError;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

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
