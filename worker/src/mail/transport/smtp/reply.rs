//! Server replies (RFC 5321, 4.2) read line by line, with the enhanced status code (RFC 2034) beside the code.

use crate::mail::transport::ReplyCode;

/// RFC 5321 asks for 512 octets; real servers say more.
pub(super) const LONGEST_LINE: usize = 4 * 1024;
const MOST_LINES: usize = 128;

/// What came is not a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAReply;

/// A whole reply. Its text never leaves this folder: servers repeat addresses in it.
pub(super) struct Reply {
    pub(super) code: ReplyCode,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// The first digit.
    pub(super) fn class(&self) -> u16 {
        self.code.basic / 100
    }
}

/// Collects the lines of one reply.
#[derive(Default)]
pub(super) struct ReplyReader {
    basic: Option<u16>,
    lines: Vec<String>,
}

impl ReplyReader {
    /// Takes the next line, without its end; gives the reply when that was the last one.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, NotAReply> {
        let (code, rest) = line.split_at_checked(3).ok_or(NotAReply)?;
        let digits = matches!(code, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']);
        if !digits || self.lines.len() == MOST_LINES {
            return Err(NotAReply);
        }
        let basic = code.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        if *self.basic.get_or_insert(basic) != basic {
            return Err(NotAReply);
        }
        let (last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Err(NotAReply),
        };
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        if !last {
            return Ok(None);
        }
        let lines = std::mem::take(&mut self.lines);
        let enhanced = lines.iter().find_map(|line| enhanced(basic, line));
        Ok(Some(Reply { code: ReplyCode { basic, enhanced }, lines }))
    }
}

/// `class.subject.detail` at the start of a line; one whose class is not that of the reply is no code.
fn enhanced(basic: u16, line: &str) -> Option<(u8, u16, u16)> {
    let word = line.split([' ', '\t']).next()?;
    let mut parts = word.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |part: &str| {
        let fits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<u16>().ok()).flatten()
    };
    if parts.next().is_some() || class.len() != 1 || !matches!(basic / 100, 2 | 4 | 5) {
        return None;
    }
    let class = number(class).filter(|class| *class == basic / 100)?;
    Some((u8::try_from(class).ok()?, number(subject)?, number(detail)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Option<Reply>, NotAReply> {
        let mut reader = ReplyReader::default();
        let mut last = Ok(None);
        for line in lines {
            last = reader.line(line.as_bytes());
        }
        last
    }

    fn code(lines: &[&str]) -> ReplyCode {
        read(lines).ok().flatten().expect("a reply").code
    }

    #[test]
    fn codes_and_enhanced_codes() {
        type Row<'a> = (&'a [&'a str], u16, Option<(u8, u16, u16)>);
        let table: [Row<'_>; 14] = [
            (&["250 2.1.0 ok"], 250, Some((2, 1, 0))),
            (&["250 ok"], 250, None),
            (&["250"], 250, None),
            (&["250 "], 250, None),
            (&["550 5.1.1 <a@b>: unknown"], 550, Some((5, 1, 1))),
            (&["550 5.7.606"], 550, Some((5, 7, 606))),
            (&["550-5.7.25 one", "550 5.7.25 two"], 550, Some((5, 7, 25))),
            (&["550-sorry", "550 5.1.1 unknown"], 550, Some((5, 1, 1))),
            (&["550 4.1.1 the classes disagree"], 550, None),
            (&["550 5.1 short"], 550, None),
            (&["550 5.1.1.1 long"], 550, None),
            (&["550 5.1234.1 long"], 550, None),
            (&["550 5.1.x"], 550, None),
            (&["354 3.0.0 go"], 354, None),
        ];
        for (lines, basic, enhanced) in table {
            assert_eq!(code(lines), ReplyCode { basic, enhanced }, "{lines:?}");
        }
    }

    #[test]
    fn what_is_not_a_reply() {
        let table: [&[&str]; 9] = [
            &[""],
            &["25"],
            &["abc hello"],
            &["150 x"],
            &["650 x"],
            &["250_x"],
            &["2500"],
            &["٢50 x"],
            &["250-a", "251 b"],
        ];
        for lines in table {
            assert!(read(lines).is_err(), "{lines:?}");
        }
        assert!(matches!(read(&["250-a", "250-b"]), Ok(None)));
        assert!(read(&["250-a"; MOST_LINES + 1]).is_err(), "endless");
    }
}
