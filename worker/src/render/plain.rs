//! Plain text: what a subject and the text part of a mail look like before they leave.
//!
//! Rule: no control character gets out, so no parameter can add a header or a line to a subject; addresses are never
//! broken, so every link can be clicked.

/// The width that plain text is wrapped to, in characters (RFC 5322 recommends at most 78).
const WIDTH: usize = 72;

/// Without control characters other than line feed and tab, and without those that turn the reading direction and so
/// make a text look like another one.
pub(super) fn clean(text: &str) -> String {
    if is_clean(text.as_bytes()) {
        return text.to_owned();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|&c| c == '\n' || c == '\t' || !(c.is_control() || turns_direction(c))).collect()
}

/// Whether nothing in `text` could have to go: a look at each byte instead of each character, for what is nearly always
/// so. Lead bytes of two-byte controls (U+0080 to U+009F) and of the marks of direction ask for the closer look.
fn is_clean(text: &[u8]) -> bool {
    let dubious = |at: usize| match text[at] {
        b'\n' | b'\t' => false,
        0..0x20 | 0x7f => true,
        0xc2 => text.get(at + 1).is_none_or(|next| *next < 0xa0),
        0xe2 => matches!(text.get(at + 1..at + 3), Some([0x80, 0xaa..=0xae] | [0x81, 0xa6..=0xa9]) | None),
        _ => false,
    };
    !(0..text.len()).any(dubious)
}

/// One line, as a mail's subject has to be: every run of white space becomes one space.
pub(super) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text part of a mail: wrapped, without trailing spaces, with never more than two empty lines together, ending
/// with one line feed.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len() + text.len() / 16);
    let mut empty = 2; // nothing empty at the top
    for line in clean(text).lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 2 {
            wrap(line, &mut tidied);
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied.push('\n');
    tidied
}

/// Appends one line in as many lines as it needs, each with the indentation of the first.
fn wrap(line: &str, out: &mut String) {
    let indent = &line[..line.len() - line.trim_start_matches(' ').len()];
    out.push_str(indent);
    let mut column = indent.len();
    for (position, word) in line[indent.len()..].split(' ').enumerate() {
        let length = word.chars().count();
        if position > 0 && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(indent);
            column = indent.len();
        } else if position > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

/// Characters that override or isolate the direction of what follows (Unicode Bidi_Control without the marks).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(
            one_line("Please\r\nBcc: eve@example.org\u{0}\u{85}  now\u{202E}\n"),
            "Please Bcc: eve@example.org now"
        );
    }

    #[test]
    fn the_quick_look_misses_nothing() {
        for c in (0..0x3000).filter_map(char::from_u32) {
            let stays = c == '\n' || c == '\t' || !(c.is_control() || turns_direction(c));
            let text = format!("a{c}b{c}");
            assert!(stays || !is_clean(text.as_bytes()), "U+{:04X}", u32::from(c));
            let expected = if stays { text.clone() } else { "ab".to_owned() };
            assert_eq!(clean(&text).replace('\n', ""), expected.replace('\n', ""), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn long_lines_are_wrapped_and_keep_their_indent() {
        let text = tidy(&format!("    {}", "word ".repeat(30)));
        assert!(text.lines().all(|line| line.starts_with("    word") && line.chars().count() <= WIDTH));
        assert_eq!(text.split_whitespace().count(), 30);
    }

    #[test]
    fn an_address_is_never_broken() {
        let address = format!("https://rescind.example/c/{}", "a".repeat(120));
        assert!(tidy(&format!("Open {address} please")).lines().any(|line| line == address));
    }

    #[test]
    fn empty_lines_are_limited() {
        assert_eq!(tidy("\n\n\na \n\n\n\n\nb\n\n"), "a\n\n\nb\n");
    }
}
