//! Mails that differ from person to person in a few values only: rendered once with marks in their place, then filled.
//!
//! Rendering a mail takes forty microseconds, filling a mould three. Rule: a filled mould is byte for byte what rendering
//! gives. Only values that every template involved merely inserts may be marked (`inserted.rs`), each mould is compared
//! with the mail it is first made for, and what does not fit is rendered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use handlebars::html_escape;

use super::RenderError;

/// The first of the marks: characters for private use, which stand for nothing.
const MARKS: u32 = 0xF8D0;
/// How many values a mail may have of its own.
const MOST_VALUES: u32 = 8;
/// How many moulds are kept, each about as large as its mail: a purpose has at most 28 (seven languages, with a name or
/// without, asked or reminded). Beyond it all are made anew, so that what a reload or a new content left behind goes.
const MOST_MOULDS: usize = 256;

/// A text that stands for the `n`-th value of a mail's own.
pub(super) fn mark(n: u32) -> String {
    debug_assert!(n < MOST_VALUES);
    char::from_u32(MARKS + n).map(String::from).unwrap_or_default()
}

fn marked(c: char) -> Option<usize> {
    let n = u32::from(c).checked_sub(MARKS).filter(|n| *n < MOST_VALUES)?;
    usize::try_from(n).ok()
}

/// What the templates made of a mail, before it is tidied.
#[derive(PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// A text with gaps.
struct Gaps {
    /// What stands before each gap, and which value goes there.
    pieces: Vec<(String, usize)>,
    rest: String,
}

impl Gaps {
    fn of(text: &str) -> Self {
        let (mut pieces, mut piece) = (Vec::new(), String::new());
        for c in text.chars() {
            match marked(c) {
                Some(n) => pieces.push((std::mem::take(&mut piece), n)),
                None => piece.push(c),
            }
        }
        Self { pieces, rest: piece }
    }

    fn fill(&self, values: &[impl AsRef<str>]) -> String {
        let value = |n: usize| values.get(n).map_or("", AsRef::as_ref);
        let length: usize = self.pieces.iter().map(|(piece, n)| piece.len() + value(*n).len()).sum();
        let mut text = String::with_capacity(length + self.rest.len());
        for (piece, n) in &self.pieces {
            text.push_str(piece);
            text.push_str(value(*n));
        }
        text.push_str(&self.rest);
        text
    }
}

/// A mail with gaps.
struct Mould {
    subject: Gaps,
    text: Gaps,
    html: Gaps,
}

impl Mould {
    fn of(raw: &Raw) -> Self {
        Self { subject: Gaps::of(&raw.subject), text: Gaps::of(&raw.text), html: Gaps::of(&raw.html) }
    }

    fn fill(&self, values: &[&str]) -> Raw {
        let escaped: Vec<String> = values.iter().map(|value| html_escape(value)).collect();
        Raw {
            subject: self.subject.fill(values),
            text: self.text.fill(values),
            html: self.html.fill(&escaped),
        }
    }
}

/// Which template, which locale, and everything but the values of the mail's own.
type Key = (&'static str, &'static str, String);

/// The moulds made so far. None where what came out of one was not the mail.
#[derive(Default)]
pub(super) struct Moulds {
    /// The templates that only insert the values that may be marked.
    fit: BTreeSet<&'static str>,
    made: RwLock<HashMap<Key, Option<Arc<Mould>>>>,
}

impl Moulds {
    pub(super) fn new(fit: BTreeSet<&'static str>) -> Self {
        Self { fit, made: RwLock::default() }
    }

    /// How many moulds there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        made.values().flatten().count()
    }

    /// Whether mails of this template may be moulded.
    pub(super) fn fits(&self, template: &str) -> bool {
        self.fit.contains(template)
    }

    /// A mail from its mould; none where it has to be rendered. `fixed` is all that is not a value of its own, with the
    /// marks in their place; `render` gives the mail with marks, or the mail itself.
    pub(super) fn fill(
        &self,
        template: &'static str,
        locale: &'static str,
        fixed: String,
        values: &[&str],
        render: impl Fn(bool) -> Result<Raw, RenderError>,
    ) -> Result<Option<Raw>, RenderError> {
        let key = (template, locale, fixed);
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(mould) = made {
            return Ok(mould.map(|mould| mould.fill(values)));
        }
        // a mark that somebody has written would be taken for a gap, and an empty value for one that is not there
        let marks = key.2.chars().filter(|c| marked(*c).is_some()).count();
        let whole = marks == values.iter().filter(|value| !value.is_empty()).count();
        let raw = render(false)?;
        let mould = if whole { Some(Arc::new(Mould::of(&render(true)?))) } else { None };
        let mould = mould.filter(|mould| mould.fill(values) == raw);
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= MOST_MOULDS {
            made.clear();
        }
        made.insert(key, mould);
        Ok(Some(raw))
    }
}
