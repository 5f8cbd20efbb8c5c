//! A place in the policy: a file and the path of a key in it. It is turned into line and column only when something
//! is wrong there.

use std::fmt;

/// One step down the tree of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a table.
    Key(String),
    /// Into an array.
    Index(usize),
}

/// A path of keys; prints as `contents.newsletter.versions[0].title`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

/// A key in one of the files.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Which of the files.
    pub(super) file: usize,
    /// Which key in it.
    pub(super) path: Path,
}

impl Place {
    /// The whole of a file.
    pub(super) fn root(file: usize) -> Self {
        Self { file, path: Path::default() }
    }

    /// A key below this one.
    pub(super) fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    /// An item of the array here.
    pub(super) fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    /// A whole path below this one.
    pub(super) fn below(&self, path: Path) -> Self {
        let mut place = self.clone();
        place.path.0.extend(path.0);
        place
    }

    fn step(&self, step: Step) -> Self {
        let mut place = self.clone();
        place.path.0.push(step);
        place
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if n > 0 {
                        f.write_str(".")?;
                    }
                    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
                    if !key.is_empty() && key.bytes().all(bare) {
                        f.write_str(key)?;
                    } else {
                        write!(f, "{key:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
