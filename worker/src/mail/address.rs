//! One address as it may stand in an SMTP command or a header field.
//!
//! Addresses come from outside. Rule: what leaves this module holds no character that could end a command or a
//! field, and its domain is ASCII (RFC 5890), so that only the local part may ask for SMTPUTF8 (RFC 6531).

use thiserror::Error;

/// RFC 5321, 4.5.3.1.1: octets of a local part.
const LOCAL_LIMIT: usize = 64;
/// RFC 5321, 4.5.3.1.2: octets of a domain.
const DOMAIN_LIMIT: usize = 255;

/// The address cannot be put on the wire. Says why, never which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressProblem {
    /// There is no `@`, or nothing before or after it.
    #[error("the address has no local part or no domain")]
    Incomplete,
    /// The local part is longer than 64 octets or the domain longer than 255.
    #[error("the address is too long")]
    TooLong,
    /// The local part holds a character that no mailbox name may hold.
    #[error("the local part of the address is malformed")]
    Local,
    /// The domain is not a host name (after IDNA) nor an address literal.
    #[error("the domain of the address is malformed")]
    Domain,
}

/// An address fit for `MAIL`, `RCPT` and header fields.
#[derive(Clone, PartialEq, Eq)]
pub struct WireAddress {
    text: String,
    local_len: usize,
}

impl WireAddress {
    /// Checks `address` and turns its domain into ASCII.
    pub fn parse(address: &str) -> Result<Self, AddressProblem> {
        let (local, domain) = address.rsplit_once('@').ok_or(AddressProblem::Incomplete)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressProblem::Incomplete);
        }
        if local.len() > LOCAL_LIMIT {
            return Err(AddressProblem::TooLong);
        }
        if !(is_dot_string(local) || is_quoted_string(local)) {
            return Err(AddressProblem::Local);
        }
        let domain = ascii_domain(domain)?;
        if domain.len() > DOMAIN_LIMIT {
            return Err(AddressProblem::TooLong);
        }
        Ok(Self { text: format!("{local}@{domain}"), local_len: local.len() })
    }

    /// The whole address, the domain in ASCII.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.local_len]
    }

    /// The part after the `@`, in ASCII.
    pub fn domain(&self) -> &str {
        &self.text[self.local_len + 1..]
    }

    /// Whether the server must offer SMTPUTF8 for it.
    pub fn needs_utf8(&self) -> bool {
        !self.text.is_ascii()
    }
}

impl std::fmt::Debug for WireAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WireAddress(…)")
    }
}

/// RFC 5321 `Dot-string`, and RFC 6531's letters beyond ASCII. Lenient about where dots stand: some providers
/// have mailboxes with two in a row.
fn is_dot_string(local: &str) -> bool {
    local.chars().all(|c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        c if c.is_ascii() => ".!#$%&'*+-/=?^_`{|}~".contains(c),
        c => !c.is_control() && !c.is_whitespace(),
    })
}

/// RFC 5321 `Quoted-string`, without escapes and angle brackets.
fn is_quoted_string(local: &str) -> bool {
    local.len() > 2
        && local.starts_with('"')
        && local.ends_with('"')
        && local[1..local.len() - 1]
            .chars()
            .all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '<' | '>'))
}

fn ascii_domain(domain: &str) -> Result<String, AddressProblem> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let plain = !literal.is_empty()
            && literal.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-'));
        return if plain { Ok(domain.to_owned()) } else { Err(AddressProblem::Domain) };
    }
    let ascii = if domain.is_ascii() {
        domain.to_owned()
    } else {
        match url::Host::parse(domain) {
            Ok(url::Host::Domain(ascii)) => ascii,
            _ => return Err(AddressProblem::Domain),
        }
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    if ascii.split('.').all(label) { Ok(ascii) } else { Err(AddressProblem::Domain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_and_international_addresses_pass() {
        for (given, wire) in [
            ("ana@example.org", "ana@example.org"),
            ("ana+token.x_1@mail.example.org", "ana+token.x_1@mail.example.org"),
            ("ana@bücher.example", "ana@xn--bcher-kva.example"),
            ("анна@пример.бг", "анна@xn--e1afmkfd.xn--90ae"),
            ("\"ana b\"@example.org", "\"ana b\"@example.org"),
            ("ana@[192.0.2.1]", "ana@[192.0.2.1]"),
        ] {
            let address = WireAddress::parse(given).expect(given);
            assert_eq!(address.as_str(), wire);
        }
        assert!(WireAddress::parse("анна@example.org").expect("valid").needs_utf8());
        assert!(!WireAddress::parse("ana@bücher.example").expect("valid").needs_utf8());
    }

    #[test]
    fn nothing_that_could_end_a_command_passes() {
        for bad in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "ana@example.org\r\nRCPT TO:<eve@example.org>",
            "ana\r\n@example.org",
            "ana b@example.org",
            "ana>@example.org",
            "\"ana\"b\"@example.org",
            "ana@exa mple.org",
            "ana@example..org",
            "ana@example.org>",
            "ana@ex%41mple.org",
            "ana\u{2028}@example.org",
            "ana\0@example.org",
        ] {
            assert!(WireAddress::parse(bad).is_err(), "{bad:?} passed");
        }
        assert_eq!(
            WireAddress::parse(&format!("{}@example.org", "a".repeat(65))),
            Err(AddressProblem::TooLong)
        );
    }

    #[test]
    fn debug_hides_the_address() {
        let address = WireAddress::parse("ana@example.org").expect("valid");
        assert!(!format!("{address:?}").contains("ana"));
    }
}
