//! The mail as it stands between DATA and its reply (RFC 5321, 4.5.2).

/// `mail` with every line ended by CRLF, dots at the start of lines doubled, and the end of the mail after it.
///
/// A lone CR or LF becomes CRLF. Left alone, it would be the end of a line to some servers, and a text could end
/// the mail early and begin another (smuggling).
pub(super) fn encode(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 32 + 8);
    let mut rest = mail;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, tail) = rest.split_at(end);
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = match tail {
            [b'\r', b'\n', tail @ ..] | [b'\r' | b'\n', tail @ ..] => tail,
            _ => &[],
        };
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_mail_stands_only_at_its_end() {
        let table: [(&[u8], &[u8]); 10] = [
            (b"", b".\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b".\r\n.a\r\n..\r\n", b"..\r\n..a\r\n...\r\n.\r\n"),
            (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
            (b"a\n.\r\nMAIL FROM:<x>", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
            (b"a\r\r\n.b", b"a\r\n\r\n..b\r\n.\r\n"),
        ];
        for (mail, expected) in table {
            assert_eq!(encode(mail), expected, "{mail:?}");
        }
    }
}
