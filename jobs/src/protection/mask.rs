//! Masking: what is shown of a value to whoever looks something up without a need to read it (Art. 5(1)(c), 25(2)).
//! Enough to recognise what one already knows, not enough to learn it. The number of dots is fixed, because lengths
//! tell too.

use crate::model::IdentityKind;

const DOT: char = '•';

/// An email address as `a••@e••••••.org`; a local part of one character is not shown at all.
pub fn email(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return text(address) };
    let (name, ending) = match domain.rsplit_once('.') {
        Some((name, ending)) => (name, format!(".{ending}")),
        None => (domain, String::new()),
    };
    format!("{}@{}{ending}", first(local, 2), first(name, 6))
}

/// A phone number as `+49••••••67`: the beginning tells the country, the end helps to recognise it.
pub fn phone(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    if characters.len() < 8 {
        return dots(6);
    }
    let beginning: String = characters[..3].iter().collect();
    let end: String = characters[characters.len() - 2..].iter().collect();
    format!("{beginning}{}{end}", dots(6))
}

/// Anything else as its first character and dots; of less than four characters nothing is shown.
pub fn text(value: &str) -> String {
    if value.chars().count() < 4 { dots(4) } else { first(value, 4) }
}

/// An identity by its kind.
pub fn identity(kind: &IdentityKind, value: &str) -> String {
    match kind {
        IdentityKind::Email => email(value),
        IdentityKind::Phone => phone(value),
        IdentityKind::External(_) => text(value),
    }
}

fn first(value: &str, hidden: usize) -> String {
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        // a control character would be written to a terminal
        (Some(first), Some(_)) if !first.is_control() => format!("{first}{}", dots(hidden)),
        _ => dots(hidden + 1),
    }
}

fn dots(count: usize) -> String {
    std::iter::repeat_n(DOT, count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_first_letters_and_ending() {
        assert_eq!(email("ana@example.org"), "a••@e••••••.org");
        assert_eq!(email("anastasia.maria@example.org"), "a••@e••••••.org", "lengths are not told");
        assert_eq!(email("a@x.org"), "•••@•••••••.org", "one character is all there is");
        assert_eq!(email("ana@mail.example.co.uk"), "a••@m••••••.uk");
        assert_eq!(email("ana@localhost"), "a••@l••••••");
        assert_eq!(email("jürgen@müller.example"), "j••@m••••••.example");
    }

    #[test]
    fn what_is_no_address_is_masked_all_the_same() {
        assert_eq!(email("ana"), "••••");
        assert_eq!(email(""), "••••");
        assert_eq!(email("@"), "•••@•••••••");
        assert_eq!(email("\u{1b}[2J@x.org"), "•••@•••••••.org");
    }

    #[test]
    fn numbers_and_texts_keep_little() {
        assert_eq!(phone("+49301234567"), "+49••••••67");
        assert_eq!(phone("+491"), "••••••");
        assert_eq!(text("4711"), "4••••");
        assert_eq!(text("Ana Lindqvist"), "A••••");
        assert_eq!(text("Ana"), "••••");
        assert_eq!(text(""), "••••");
        assert_eq!(text("日本語名"), "日••••");
    }

    #[test]
    fn identities_by_kind() {
        assert_eq!(identity(&IdentityKind::Phone, "+49301234567"), "+49••••••67");
        let shop = IdentityKind::from_text("id:shop").unwrap();
        assert_eq!(identity(&shop, "C-4711"), "C••••");
    }
}
