//! Masking: what is shown of a value to whoever looks something up without a need to read it (Art. 5(1)(c), 25(2)).
//! Enough to recognise what one already knows, not enough to learn it. The number of dots is fixed, because lengths
//! tell too.

use crate::model::IdentityKind;

const DOT: char = '•';

/// How much of a value is seen: so many characters at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask(usize);

impl Default for Mask {
    /// One character.
    fn default() -> Self {
        Self(1)
    }
}

impl Mask {
    /// Nothing but that there is a value.
    pub const NOTHING: Self = Self(0);
    /// No mask shows more characters.
    pub const MOST: usize = 4;

    /// A mask that shows so many characters, [`Self::MOST`] at the most.
    pub const fn showing(characters: usize) -> Self {
        Self(if characters < Self::MOST { characters } else { Self::MOST })
    }

    /// An email address as `a••@e••••••.org`; a local part of one character is not shown at all.
    pub fn email(self, address: &str) -> String {
        let Some((local, domain)) = address.rsplit_once('@') else { return self.text(address) };
        let (name, ending) = match domain.rsplit_once('.') {
            Some((name, ending)) => (name, format!(".{ending}")),
            None => (domain, String::new()),
        };
        if self.0 == 0 {
            return format!("{}@{}", dots(3), dots(7));
        }
        format!("{}@{}{ending}", self.first(local, 2), self.first(name, 6))
    }

    /// A phone number as `+49••••••67`: the beginning tells the country, the end helps to recognise it.
    pub fn phone(self, number: &str) -> String {
        let characters: Vec<char> = number.chars().collect();
        let shown = self.0 + 1;
        if self.0 == 0 || characters.len() < 3 + shown + 3 {
            return dots(6);
        }
        let beginning: String = characters[..3].iter().collect();
        let end: String = characters[characters.len() - shown..].iter().collect();
        format!("{beginning}{}{end}", dots(6))
    }

    /// Anything else as its beginning and dots; of a short value nothing is shown.
    pub fn text(self, value: &str) -> String {
        if self.0 == 0 || value.chars().count() < 4 * self.0 { dots(4) } else { self.first(value, 4) }
    }

    /// An identity by its kind.
    pub fn identity(self, kind: &IdentityKind, value: &str) -> String {
        match kind {
            IdentityKind::Email => self.email(value),
            IdentityKind::Phone => self.phone(value),
            IdentityKind::External(_) => self.text(value),
        }
    }

    /// The beginning, if there is more than it.
    fn first(self, value: &str, hidden: usize) -> String {
        let beginning: String = value.chars().take(self.0).collect();
        // a control character would be written to a terminal
        if self.0 == 0 || value.chars().count() <= self.0 || beginning.chars().any(char::is_control) {
            return dots(hidden + 1);
        }
        format!("{beginning}{}", dots(hidden))
    }
}

fn dots(count: usize) -> String {
    std::iter::repeat_n(DOT, count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(address: &str) -> String {
        Mask::default().email(address)
    }

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
        let mask = Mask::default();
        assert_eq!(mask.phone("+49301234567"), "+49••••••67");
        assert_eq!(mask.phone("+491"), "••••••");
        assert_eq!(mask.text("4711"), "4••••");
        assert_eq!(mask.text("Ana Lindqvist"), "A••••");
        assert_eq!(mask.text("Ana"), "••••");
        assert_eq!(mask.text(""), "••••");
        assert_eq!(mask.text("日本語名"), "日••••");
    }

    #[test]
    fn identities_by_kind() {
        let mask = Mask::default();
        assert_eq!(mask.identity(&IdentityKind::Phone, "+49301234567"), "+49••••••67");
        let shop = IdentityKind::from_text("id:shop").unwrap();
        assert_eq!(mask.identity(&shop, "C-4711"), "C••••");
    }

    #[test]
    fn as_much_is_seen_as_is_laid_down() {
        let (nothing, more) = (Mask::NOTHING, Mask::showing(3));
        assert_eq!(nothing.email("ana@example.org"), "•••@•••••••");
        assert_eq!((nothing.phone("+49301234567"), nothing.text("Ana Lindqvist")), (dots(6), dots(4)));
        assert_eq!(more.email("anastasia@example.org"), "ana••@exa••••••.org");
        assert_eq!(more.email("ana@example.org"), "•••@exa••••••.org", "it would be all of it");
        assert_eq!(more.phone("+49301234567"), "+49••••••4567");
        assert_eq!((more.text("Ana Lindqvist"), more.text("Lindqvist")), ("Ana••••".to_owned(), dots(4)));
        assert_eq!(Mask::showing(99), Mask::showing(Mask::MOST));
    }
}
