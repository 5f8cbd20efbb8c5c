//! The text of a mail as it travels: lines ended by CRLF, and ASCII alone (RFC 2045, 6).
//!
//! Written out here because most of a mail's bytes pass through it and the library takes them one by one, in three
//! rounds: what needs no escape is copied in runs.

use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;

/// Most characters in a line, without its end (RFC 2045, 6.7).
const WIDTH: usize = 76;

/// `text` in the encoding that suits it: as it is where its lines are short and ASCII, quoted-printable where most of it
/// is ASCII, base64 elsewhere.
pub(super) fn body(text: &str) -> Body {
    let escapes = text.bytes().filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~')).count();
    if escapes == 0 && lines(text).all(|line| line.len() <= WIDTH) {
        return Body::dangerous_pre_encoded(seven_bit(text), ContentTransferEncoding::SevenBit);
    }
    if escapes > text.len() / 3 {
        let encoded = Body::new_with_encoding(seven_bit(text), ContentTransferEncoding::Base64);
        // it refuses bytes for seven-bit encodings alone
        return encoded.unwrap_or_else(Body::new);
    }
    Body::dangerous_pre_encoded(quoted_printable(text), ContentTransferEncoding::QuotedPrintable)
}

/// The lines of a text. A lone CR would be the end of a line to some and not to others, so it is one.
fn lines(text: &str) -> impl Iterator<Item = &[u8]> {
    let text = text.as_bytes();
    let mut rest = (!text.is_empty()).then_some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let after = &text[end + 1..];
        rest = Some(if text[end] == b'\r' { after.strip_prefix(b"\n").unwrap_or(after) } else { after });
        Some(&text[..end])
    })
}

/// Puts CRLF between lines, and nothing after the last, which is empty where the text ends with a line's end.
fn joined(text: &str, room: usize, mut write: impl FnMut(&[u8], &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(room);
    for (number, line) in lines(text).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        write(line, &mut out);
    }
    out
}

fn seven_bit(text: &str) -> Vec<u8> {
    joined(text, text.len() + text.len() / 32, |line, out| out.extend_from_slice(line))
}

fn quoted_printable(text: &str) -> Vec<u8> {
    joined(text, text.len() + text.len() / 4, |line, out| {
        let mut column = 0;
        let mut rest = line;
        while let Some((byte, after)) = rest.split_first() {
            // white space at the end of a line could get lost on the way
            let blank = matches!(byte, b' ' | b'\t') && !after.is_empty();
            if blank || is_plain(*byte) {
                let most = (WIDTH - 1 - column).max(1);
                let run =
                    rest.iter().take(most).take_while(|byte| is_plain(**byte) || **byte == b' ').count();
                // a tab, or blanks that might end the line, go one by one
                let run = if run > 0 && rest[run - 1] == b' ' { run - 1 } else { run }.max(1);
                column = fit(column, run, out);
                out.extend_from_slice(&rest[..run]);
                column += run;
                rest = &rest[run..];
            } else {
                column = fit(column, 3, out);
                out.extend([b'=', hex(byte >> 4), hex(byte & 15)]);
                column += 3;
                rest = after;
            }
        }
    })
}

/// Breaks the line softly where `more` characters would not fit into it; returns the column they begin at.
fn fit(column: usize, more: usize, out: &mut Vec<u8>) -> usize {
    if column + more < WIDTH {
        return column;
    }
    out.extend_from_slice(b"=\r\n");
    0
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'!'..=b'<' | b'>'..=b'~')
}

const fn hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'A' + digit - 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> (String, ContentTransferEncoding) {
        let body = body(text);
        let encoding = body.encoding();
        (String::from_utf8(body.into_vec()).expect("ASCII"), encoding)
    }

    /// Decodes by the letter of RFC 2045.
    fn decoded(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            (out, rest) = match (byte, after) {
                (b'=', [b'\r', b'\n', after @ ..]) => (out, after),
                (b'=', [high, low, after @ ..]) => {
                    let digits = [*high, *low];
                    let digits = std::str::from_utf8(&digits).expect("digits");
                    out.push(u8::from_str_radix(digits, 16).expect("digits"));
                    (out, after)
                }
                _ => {
                    out.push(*byte);
                    (out, after)
                }
            };
        }
        out
    }

    #[test]
    fn short_lines_of_ascii_stay_as_they_are() {
        let expected = ("a = b\r\n\r\n.\r\n".to_owned(), ContentTransferEncoding::SevenBit);
        assert_eq!(encoded("a = b\n\r\n.\r"), expected);
        assert_eq!(encoded("").0, "");
    }

    #[test]
    fn quoted_printable_keeps_every_byte_and_no_line_is_too_long() {
        let long = "x".repeat(200);
        let ends = format!("{} \nends in a blank \n{}\t\nand a tab\t", "w ".repeat(60), "ü".repeat(30));
        for length in 70..82 {
            for tail in ["ü", " ", "\t", "= ", "", " ü "] {
                let text =
                    format!("{}{tail}\n{long}\nGrüße = {ends}{}", "y".repeat(length), "z ".repeat(200));
                let (encoded, encoding) = encoded(&text);
                assert_eq!(encoding, ContentTransferEncoding::QuotedPrintable);
                for line in encoded.split("\r\n") {
                    assert!(line.len() <= WIDTH, "{line}");
                    assert!(!line.ends_with([' ', '\t']), "{line:?}");
                    assert!(line.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')), "{line:?}");
                }
                assert_eq!(decoded(&encoded), text.replace('\n', "\r\n").into_bytes(), "{length} {tail:?}");
            }
        }
    }

    #[test]
    fn what_is_hardly_ascii_travels_in_base64() {
        let (encoded, encoding) = encoded("Здравствуйте\n");
        assert_eq!(encoding, ContentTransferEncoding::Base64);
        let bytes = data_encoding::BASE64.decode(encoded.trim_end().as_bytes()).expect("base64");
        assert_eq!(bytes, "Здравствуйте\r\n".as_bytes());
    }
}
