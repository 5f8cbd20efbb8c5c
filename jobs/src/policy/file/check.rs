//! Checks of single values. They are stricter than the standards: what an operator publishes should be plain.

use super::place::Place;
use super::reader::{Reader, quoted};

/// Whether `text` is an email address as a company publishes one: plain ASCII, a domain with a dot.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    let local_is_plain = (1..=64).contains(&local.len())
        && local.split('.').all(|part| !part.is_empty() && part.bytes().all(letter));
    local_is_plain && is_domain(domain) && text.len() <= 254
}

/// Whether `text` is a domain name with a dot in it, in ASCII and lower or upper case.
pub(super) fn is_domain(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Whether `text` is a web address.
pub(super) fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| {
        let host = host.rsplit_once(':').map_or(host, |(name, port)| match port.parse::<u16>() {
            Ok(_) => name,
            Err(_) => host,
        });
        is_domain(host) || host == "localhost"
    }) && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A control character; NUL has been told of for every text of the files, see `layout`.
fn invisible(c: char) -> bool {
    c.is_control() && c != '\0'
}

impl Reader<'_> {
    /// An email address, or none with its problem noted.
    pub(super) fn address(&mut self, place: &Place, text: String) -> Option<String> {
        if is_address(&text) {
            return Some(text);
        }
        self.wrong(place, quoted(&text), "an email address such as `privacy@example.org`");
        None
    }

    /// A line of text: not blank, no line feed, nothing invisible; trimmed.
    pub(super) fn line(&mut self, place: &Place, text: &str) -> Option<String> {
        const LONGEST: usize = 200;
        let line = text.trim();
        let length = line.chars().count();
        if line.is_empty() {
            self.wrong(place, "an empty text", "a text");
        } else if line.chars().any(invisible) {
            self.wrong(place, quoted(text), "one line without control characters");
        } else if length > LONGEST {
            self.wrong(place, format!("{length} characters"), format!("at most {LONGEST}"));
        } else {
            return Some(line.to_owned());
        }
        None
    }

    /// A text of one or more lines: not blank, nothing invisible; trimmed, line ends as line feeds.
    pub(super) fn prose(&mut self, place: &Place, text: &str) -> Option<String> {
        const LONGEST: usize = 50_000;
        // a checkout that turned line feeds around must not change a published wording
        let prose = text.trim().replace("\r\n", "\n");
        let length = prose.chars().count();
        if prose.is_empty() {
            self.wrong(place, "an empty text", "a text");
        } else if prose.chars().any(|c| invisible(c) && c != '\n' && c != '\t') {
            self.wrong(place, quoted(text), "a text without control characters");
        } else if length > LONGEST {
            self.wrong(place, format!("{length} characters"), format!("at most {LONGEST}"));
        } else {
            return Some(prose);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for right in ["privacy@example.org", "a+b@mail.example.co.uk", "o'hara@example.org"] {
            assert!(is_address(right), "{right}");
        }
        for wrong in ["", "a", "@example.org", "a@", "a@b", "a b@example.org", "a@-x.org", "a..b@example.org"]
        {
            assert!(!is_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn web_addresses() {
        for right in
            ["https://example.org", "http://localhost:8080/p", "https://www.example.org/privacy?x=1#y"]
        {
            assert!(is_web_address(right), "{right}");
        }
        for wrong in
            ["example.org", "ftp://example.org", "https://", "https://exa mple.org", "javascript:alert(1)"]
        {
            assert!(!is_web_address(wrong), "{wrong}");
        }
    }
}
