//! Reads licence expressions (SPDX: names, `WITH`, `AND`, `OR`, parentheses; and the older `MIT/Apache-2.0`).

/// Whether somebody bound to `allowed` may use what is licensed so. What cannot be read is not allowed.
pub(crate) fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut tokens = Tokens { words: spaced.split_whitespace().collect(), next: 0 };
    let verdict = tokens.any_of(allowed);
    verdict == Some(true) && tokens.peek().is_none()
}

/// A reader that goes from left to right; `None` is an expression that makes no sense.
struct Tokens<'a> {
    words: Vec<&'a str>,
    next: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.next += 1;
        Some(word)
    }

    fn accept(&mut self, word: &str) -> bool {
        let is_next = self.peek() == Some(word);
        self.next += usize::from(is_next);
        is_next
    }

    /// Alternatives. All of them are read, also after one that is allowed.
    fn any_of(&mut self, allowed: &[&str]) -> Option<bool> {
        let mut verdict = self.all_of(allowed)?;
        while self.accept("OR") {
            verdict |= self.all_of(allowed)?;
        }
        Some(verdict)
    }

    fn all_of(&mut self, allowed: &[&str]) -> Option<bool> {
        let mut verdict = self.one(allowed)?;
        while self.accept("AND") {
            verdict &= self.one(allowed)?;
        }
        Some(verdict)
    }

    fn one(&mut self, allowed: &[&str]) -> Option<bool> {
        let word = self.take()?;
        if word == "(" {
            let verdict = self.any_of(allowed)?;
            return self.accept(")").then_some(verdict);
        }
        if matches!(word, ")" | "AND" | "OR" | "WITH") {
            return None;
        }
        if self.accept("WITH") {
            let licence = format!("{word} WITH {}", self.take()?);
            return Some(allowed.contains(&licence.as_str()));
        }
        Some(allowed.contains(&word))
    }
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"];
    for good in [
        "MIT",
        "MIT OR GPL-2.0-only",
        "GPL-2.0-only OR MIT",
        "MIT/Apache-2.0",
        "MIT / Apache-2.0",
        "(MIT OR GPL-2.0-only) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception",
        "GPL-2.0-only OR MIT AND Unicode-3.0",
    ] {
        assert!(satisfied(good, &allowed), "{good}");
    }
    for bad in [
        "",
        "GPL-2.0-only",
        "MIT AND GPL-2.0-only",
        "MIT OR Apache-2.0 AND",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "MIT WITH LLVM-exception",
        "OR MIT",
        "(GPL-2.0-only OR MIT) AND GPL-2.0-only",
    ] {
        assert!(!satisfied(bad, &allowed), "{bad}");
    }
}
