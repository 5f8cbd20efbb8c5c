//! File names made of Message-IDs, so that sending twice writes the same file twice.

use sha2::{Digest, Sha256};

const LONGEST: usize = 150;

/// A file name without extension: the Message-ID without its brackets where that is a harmless name, else its
/// hash. Two Message-IDs never share one.
pub(super) fn file_stem(message_id: &str) -> String {
    let inner = message_id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    match inner {
        Some(inner) if inner.contains('@') && is_stem(inner) => inner.to_owned(),
        _ => data_encoding::HEXLOWER.encode(&Sha256::digest(message_id)),
    }
}

/// Whether `name` can be a stem: no separator, no colon (Maildir), nothing hidden, no way up.
pub(super) fn is_stem(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && !name.starts_with(['.', '-'])
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_distinct() {
        assert_eq!(file_stem("<a1@example.org>"), "a1@example.org");
        let odd = ["<../../x@y>", "<.a@b>", "a1@example.org", "<a:b@c>", "", "<a/b@c>", "<a\0@b>", "<ab>"];
        let mut stems: Vec<String> = odd.iter().map(|id| file_stem(id)).collect();
        assert!(stems.iter().all(|stem| stem.len() == 64 && is_stem(stem)));
        stems.sort();
        stems.dedup();
        assert_eq!(stems.len(), odd.len());
        assert_eq!(file_stem(&format!("<{}@b>", "a".repeat(500))).len(), 64);
    }

    #[test]
    fn no_stem_leads_out_of_the_folder() {
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a b", "a\0", "ä", "-rf"] {
            assert!(!is_stem(bad), "{bad:?}");
        }
    }
}
