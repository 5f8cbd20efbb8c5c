//! Who stands behind an act of staff.

use crate::code::StaffId;
use serde::Serialize;

/// A person at the controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever works at the command line of a machine without staff tokens.
    LocalOperator,
    /// A member of staff, known by a personal token.
    Staff(StaffId),
}

impl std::fmt::Display for Actor {
    /// As the trail names the source of an act.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::LocalOperator => f.write_str("local operator"),
            Self::Staff(id) => write!(f, "staff/{id}"),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
