//! From which age on a person consents alone (Art. 8).

use crate::code::FieldId;

/// What is laid down about children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Children {
    /// Below this age a guardian consents: 13 to 16, as the member state has it (Art. 8(1)).
    pub age_of_consent: u32,
    /// The field with the date of birth; none: only what apps say of a subject tells.
    pub birthday: Option<FieldId>,
}

impl Default for Children {
    fn default() -> Self {
        Self { age_of_consent: 16, birthday: None }
    }
}
