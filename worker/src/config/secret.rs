//! A value nobody may see by accident.
//!
//! Rule: no `Display`, no `Serialize`, a `Debug` that shows nothing, memory wiped on drop. Reading it takes
//! a call that is easy to find.

use std::fmt;

use zeroize::Zeroizing;

/// A password, or an address that may hold one.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text; the text is wiped when the last copy of the secret goes.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the driver that needs it; never for a log or an error.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.expose(), "hunter2");
    }
}
