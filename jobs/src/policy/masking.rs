//! How much of a value staff see where they only look something up (Art. 5(1)(c), 25(2)): by the class of its field.

use super::{DataKind, Field};
use crate::code::FieldId;
use crate::policy::Policy;
use crate::protection::mask::Mask;

/// How values of a class are handled.
// the stricter, the greater
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// Staff see it as it is.
    Open,
    /// Staff see enough to recognise it, and all of it for a reason.
    Masked,
    /// Staff see only that it is there; to see it for a reason takes the role `manage` too.
    Restricted,
}

/// What is laid down about showing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masking {
    /// Fields that neither identify nor are sensitive.
    pub ordinary: Handling,
    /// Fields that identify, and identities, addresses and contacts.
    pub identifying: Handling,
    /// Sensitive fields, and those of specially protected data.
    pub sensitive: Handling,
    /// How much is seen of what is masked.
    pub mask: Mask,
}

impl Default for Masking {
    fn default() -> Self {
        Self {
            ordinary: Handling::Masked,
            identifying: Handling::Masked,
            sensitive: Handling::Restricted,
            mask: Mask::default(),
        }
    }
}

impl Masking {
    /// How values of a field are handled.
    pub fn of(&self, field: &Field) -> Handling {
        if field.class.sensitive || field.data != DataKind::Ordinary {
            self.sensitive
        } else if field.class.identifying {
            self.identifying
        } else {
            self.ordinary
        }
    }

    /// The strictest of them.
    fn strictest(&self) -> Handling {
        [self.ordinary, self.identifying, self.sensitive].into_iter().max().unwrap_or(Handling::Restricted)
    }

    /// How much is seen of a value that is not shown as it is.
    pub const fn mask(&self, handling: Handling) -> Mask {
        match handling {
            Handling::Open | Handling::Masked => self.mask,
            Handling::Restricted => Mask::NOTHING,
        }
    }

    /// What is shown of a value that is handled like this.
    pub fn shown(&self, handling: Handling, value: String, masked: impl Fn(Mask, &str) -> String) -> String {
        match handling {
            Handling::Open => value,
            Handling::Masked | Handling::Restricted => masked(self.mask(handling), &value),
        }
    }
}

impl Policy {
    /// How values of a field are handled; one that the policy no longer knows could be anything.
    pub fn handling(&self, field: &FieldId) -> Handling {
        self.fields.get(field).map_or(self.masking.strictest(), |field| self.masking.of(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_policy_no_longer_knows_could_be_anything() {
        let masking = Masking { identifying: Handling::Open, ..Masking::default() };
        assert_eq!(masking.strictest(), Handling::Restricted);
        let open = Handling::Open;
        let all = Masking { ordinary: open, identifying: open, sensitive: open, ..masking };
        assert_eq!(all.strictest(), open);
        assert_eq!(Masking { ordinary: Handling::Masked, ..all }.strictest(), Handling::Masked);
    }
}
